//! How long does a member take to answer the application's ping?
//!
//! The ping is an ordinary one with a nonce of its own. Its clock starts when it is packed, and no verdict hangs on it.

use serde::{Deserialize, Serialize};

use crate::vocab::{Agenda, Instant, NodeId, Nonce};

use super::Node;
use super::intents::Intent;
use super::io::{Event, PINGS_MAX, Rejected, Timer};

/// A ping whose answer is awaited.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Asked {
    id: NodeId,
    /// When it left.
    left: Option<Instant>,
}

/// The application's pings that are open.
pub(super) type Pings = Agenda<Asked, Nonce>;

impl Node {
    /// Pings a member for the application. What cannot leave because too much waits is answered by nobody.
    pub(super) fn ping(&mut self, id: NodeId, now: Instant) -> Result<(), Rejected> {
        let slot = self.other_member(id)?;
        if self.cold.pings.len() + self.cold.events.pings_ended() >= PINGS_MAX {
            return Err(Rejected::TooManyPings);
        }
        let nonce = self.nonce();
        self.cold.pings.set(nonce, now.after(self.cold.config.period), Asked { id, left: None });
        self.wish(Intent::Ping { slot, nonce });
        self.schedule_pings();
        Ok(())
    }

    /// A ping of somebody has left.
    pub(super) fn on_ping_left(&mut self, nonce: Nonce, now: Instant) {
        let open = &mut self.cold.pings;
        if open.is_empty() {
            return;
        }
        if let Some(asked) = open.value(nonce) {
            open.set(nonce, now.after(self.cold.config.period), Asked { left: Some(now), ..asked });
            self.schedule_pings();
        }
    }

    /// Somebody answers a ping. Returns whether the application wanted that one.
    pub(super) fn take_ping_answer(&mut self, from: NodeId, nonce: Nonce, now: Instant) -> bool {
        let open = &mut self.cold.pings;
        if open.is_empty() {
            return false;
        }
        let Some(Asked { left: Some(left), .. }) = open.value(nonce).filter(|asked| asked.id == from) else {
            return false;
        };
        open.remove(nonce);
        self.note_datagram_answer(from);
        self.report(Event::Pinged { id: from, rtt: Some(now.since(left)) });
        self.schedule_pings();
        true
    }

    pub(super) fn on_pings_due(&mut self, now: Instant) {
        while let Some((_, Asked { id, .. })) = self.cold.pings.take_due(now) {
            self.report(Event::Pinged { id, rtt: None });
        }
        self.schedule_pings();
    }

    /// Whoever leaves waits no more.
    pub(super) fn end_pings(&mut self) {
        self.on_pings_due(Instant::NEVER);
    }

    fn schedule_pings(&mut self) {
        self.deadlines.set(Timer::Pings, self.cold.pings.next_deadline());
    }

    /// Asserts that there are no more pings than may be, and that each has an end.
    pub(super) fn check_pings(&self) {
        let pings = &self.cold.pings;
        pings.check();
        assert!(pings.len() <= PINGS_MAX, "{} pings are open", pings.len());
        assert_eq!(self.deadlines.get(Timer::Pings), pings.next_deadline(), "every ping has an end");
    }
}
