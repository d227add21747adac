//! One probe at a time: wished for, sent, passed on to helpers, answered or not.
//!
//! ```text
//! tick ── wish ── packed ── deadline ── (helpers asked) ── tick: answered? else silent
//!                    └────────── ack at any time ────────────┘
//! ```
//!
//! A probe's clock starts when its packet is packed, not when it was wished for: a clogged socket of our
//! own must not accuse anybody. A probe that was never packed says nothing about its target.

use core::time::Duration;

use super::Target;
use crate::vocab::{Instant, NodeId, Nonce, Rng};

/// The prober's clock and its current probe.
#[derive(Debug, Clone)]
pub(crate) struct Prober {
    period: Duration,
    timeout: Duration,
    tick: Instant,
    deadline: Instant,
    phase: Phase,
    target: Option<Target>,
    nonce: Nonce,
}

/// How far the current probe has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nobody is being probed, or the answer is there.
    Done,
    /// Wished for, not packed yet.
    Wished,
    /// Sent; the answer may still come by itself.
    Direct,
    /// The helpers were asked too.
    Indirect,
}

impl Prober {
    /// The first tick comes at a random point of the first period, so that nodes that start together do
    /// not probe together.
    pub(crate) fn new(period: Duration, timeout: Duration, now: Instant, rng: &mut Rng) -> Self {
        let nanos = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
        let tick = now.after(Duration::from_nanos(rng.nanos_in(0..nanos)));
        Self { period, timeout, tick, deadline: Instant::NEVER, phase: Phase::Done, target: None, nonce: Nonce([0; 8]) }
    }

    /// The period is over. Returns the target that stayed silent throughout, if there is one.
    pub(crate) fn on_tick(&mut self, now: Instant) -> Option<Target> {
        let silent = match self.phase {
            Phase::Direct | Phase::Indirect => self.target,
            Phase::Done | Phase::Wished => None,
        };
        (self.phase, self.target, self.deadline) = (Phase::Done, None, Instant::NEVER);
        // The cadence is kept, so that lateness does not add up; it starts anew after a whole lost period.
        let next = self.tick.after(self.period);
        self.tick = if next > now { next } else { now.after(self.period) };
        silent
    }

    /// Begins the probe of a target and returns its nonce.
    pub(crate) fn wish(&mut self, target: Target, rng: &mut Rng) -> Nonce {
        (self.phase, self.target) = (Phase::Wished, Some(target));
        self.nonce = Nonce(rng.next().to_le_bytes());
        self.nonce
    }

    /// The probe with this nonce was packed; from now on its target has time to answer.
    pub(crate) fn on_packed(&mut self, nonce: Nonce, now: Instant) {
        if self.phase == Phase::Wished && self.nonce == nonce {
            self.phase = Phase::Direct;
            self.deadline = now.after(self.timeout);
        }
    }

    /// The direct answer is overdue. Returns whom the helpers shall ask, with the nonce of the probe.
    pub(crate) fn on_deadline(&mut self) -> Option<(Target, Nonce)> {
        self.deadline = Instant::NEVER;
        if self.phase != Phase::Direct {
            return None;
        }
        self.phase = Phase::Indirect;
        self.target.map(|target| (target, self.nonce))
    }

    /// An answer came, from the target itself or through a helper. Returns whether it was awaited.
    pub(crate) fn on_answer(&mut self, about: NodeId, nonce: Nonce) -> bool {
        let awaited = matches!(self.phase, Phase::Direct | Phase::Indirect)
            && self.nonce == nonce
            && self.target.is_some_and(|target| target.id == about);
        if awaited {
            (self.phase, self.deadline) = (Phase::Done, Instant::NEVER);
        }
        awaited
    }

    /// Probes no more.
    pub(crate) const fn stop(&mut self) {
        (self.phase, self.tick, self.deadline) = (Phase::Done, Instant::NEVER, Instant::NEVER);
    }

    /// When the period ends.
    pub(crate) const fn next_tick(&self) -> Instant {
        self.tick
    }

    /// When the direct answer is overdue.
    pub(crate) const fn next_deadline(&self) -> Instant {
        self.deadline
    }
}
