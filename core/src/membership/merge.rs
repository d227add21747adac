//! Which of two statements about one member wins?
//!
//! Higher boot; within a boot, `Left` and `Removed` are final; then higher counter; then Dead over Suspect over Alive.
//! That is SWIM's precedence (2002, section 4.2) with a boot number in front, so that a restart needs no
//! luck, and with Dead bounded by its counter, so that a live node can contradict it.
//!
//! The law is a total order and merging takes the larger, so it is commutative, associative and
//! idempotent by construction. Two statements that differ in nothing but the address come from an owner
//! that broke its word; the larger address wins, everywhere alike.

use core::net::SocketAddr;

use crate::vocab::{Health, Incarnation};

/// What is said about a member, without who and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) incarnation: Incarnation,
    pub(crate) health: Health,
}

impl Statement {
    /// The statement's place in the order of the law.
    const fn rank(self) -> (u64, bool, u32, Health) {
        let Incarnation { boot, counter } = self.incarnation;
        (boot, self.health.is_final(), counter, self.health)
    }
}

/// Whether what is heard replaces what is known.
pub(crate) fn wins(heard: (Statement, SocketAddr), known: (Statement, SocketAddr)) -> bool {
    (heard.0.rank(), heard.1) > (known.0.rank(), known.1)
}
