//! Who else says that it is this node, and who says that it is somebody who lives elsewhere?
//!
//! ```text
//! anybody hears a new life of a live member at another address, from its owner:  it waits; the old address is pinged
//!    silence        -> the new life is believed and told on
//!    the old life   -> the owner of the new one is told of it
//! an owner hears of a life of its own at another address:  that address is asked
//!    silence        -> it was an earlier life of its own: the boot is raised above it
//!    asks    -> answer -> verdict:  both report a conflict, and one of them stops
//! ```

use core::net::SocketAddr;
use core::time::Duration;

use crate::membership::cookie::Use;
use crate::membership::joining::Joining;
use crate::membership::rival::{Due as RivalDue, Precedence};
use crate::membership::takeovers::Due;
use crate::vocab::{Health, Instant, NodeId, Nonce, Record, Slot};
use crate::wire::{Body, Claim, Datagram, Sender, Step};

use super::intents::Intent;
use super::io::{Conflict, Event, Reason, Rejected, Timer};
use super::noting::notes;
use super::timers::Deadlines;
use super::{Leaving, Node};

/// Room for one record and no more: an address that only a record named is sent less than three times its datagram.
const TOLD_BYTES_MAX: u32 = 140;

impl Node {
    /// Lets the word of an owner wait that says that it has moved while it seems to live where it was. Returns
    /// whether it waits.
    pub(super) fn is_takeover(&mut self, record: &Record, reason: Reason, now: Instant) -> bool {
        let by_owner = record.hops == 1 && record.health == Health::Alive && reason != Reason::Contact;
        if !by_owner || self.leaving != Leaving::Stays {
            return false;
        }
        let Some(slot) = self.membership.find(record.id) else { return false };
        let known = self.membership.record(slot);
        let boots = (record.incarnation.boot, known.incarnation.boot);
        let moved = known.health.is_live() && known.addr != record.addr && boots.0 >= boots.1;
        // Who says only that it is at another of its own addresses takes nobody's place.
        if !moved || self.has_moved(slot, record) || !self.membership.is_plausible(boots.0, self.clock.outside(now)) {
            return false;
        }
        let nonce = self.nonce();
        match self.cold.takeovers.hold(record, nonce, now) {
            // A boot that was used twice: its owner must take another one, whoever it is.
            Some(true) if boots.0 == boots.1 => self.tell_owner(record.addr, slot),
            Some(_) => {}
            None => self.stats.records_refused += 1,
        }
        self.schedule_identity();
        true
    }

    fn tell_owner(&mut self, to: SocketAddr, slot: Slot) {
        if self.tells_left > 0 && to != self.membership.addr(Slot::SELF) {
            self.tells_left -= 1;
            self.wish(Intent::Tell { to, about: slot, bytes_max: TOLD_BYTES_MAX });
        }
    }

    /// The old address of somebody who says that it has moved answers. Returns whether it was asked.
    pub(super) fn take_takeover_answer(&mut self, sender: &Sender, nonce: Nonce, now: Instant) -> bool {
        let Some(record) = self.cold.takeovers.on_answer(sender.id, nonce) else { return false };
        self.schedule_identity();
        let known = self.membership.find(sender.id).map(|slot| (slot, self.membership.record(slot)));
        match known {
            // The new life answers there as well.
            Some((_, known)) if sender.incarnation.boot > known.incarnation.boot => {
                self.learn(&record, Reason::Contact, now);
            }
            Some((slot, known)) => {
                self.stats.takeovers_refused += 1;
                // Whose boot is the same was told when it came.
                if record.incarnation.boot != known.incarnation.boot {
                    self.tell_owner(record.addr, slot);
                }
            }
            None => {}
        }
        true
    }

    /// Whether a sender is another life of a member than the one that is believed, elsewhere: of maps it is not heard.
    pub(super) fn is_of_rival(&self, sender: &Sender, from: SocketAddr) -> bool {
        self.membership.find(sender.id).is_some_and(|slot| {
            let known = self.membership.record(slot);
            known.health.is_live() && known.incarnation.boot != sender.incarnation.boot && known.addr != from
        })
    }

    /// A datagram carries this node's own identity.
    pub(super) fn on_own_identity(
        &mut self,
        datagram: &Datagram<'_>,
        from: SocketAddr,
        now: Instant,
    ) -> Result<(), Rejected> {
        if self.leaving != Leaving::Stays || from == self.membership.addr(Slot::SELF) {
            return Err(Rejected::FromSelf);
        }
        self.on_own_request(datagram, now);
        let is_join = matches!(datagram.body, Body::Join { .. });
        if let Body::Claim(claim) = datagram.body
            && claim.instance != self.cold.rival.instance()
        {
            self.on_claim(&claim, from, now)?;
        } else if is_join {
            // It took this node for a seed, and may be this node itself by another of its addresses.
            self.cold.rival.on_stranger(from, now);
        } else {
            return Err(Rejected::FromSelf);
        }
        self.stats.datagrams_received += 1;
        self.schedule_identity();
        Ok(())
    }

    fn on_claim(&mut self, claim: &Claim, from: SocketAddr, now: Instant) -> Result<(), Rejected> {
        let accepts = |echo| self.cold.cookies.accepts(Use::Claim, echo, from, now);
        match claim.step {
            Step::Ask { cookie } => {
                let step = Step::Answer { echo: cookie, cookie: self.cold.cookies.bake(Use::Claim, from, now) };
                self.wish_claim(from, step);
                self.cold.rival.on_asked(self.pause(), now);
            }
            Step::Answer { echo, cookie } if accepts(echo) => {
                let own = self.precedence();
                let heard = self.cold.rival.take_answer(from).ok_or(Rejected::Cookie)?;
                let theirs: Precedence = (claim.doubted, claim.born, claim.instance);
                let (stops, by_birth) = (own > theirs, own.0 == theirs.0);
                self.wish_claim(from, Step::Verdict { echo: cookie, you_stop: !stops, by_birth });
                self.conflict((claim, from), (stops, by_birth), now);
                // The boot that others hold to is the other's, which stops.
                if let Some(heard) = heard.filter(|_| !stops) {
                    self.contradict(&heard, now);
                }
            }
            Step::Verdict { echo, you_stop, by_birth } if accepts(echo) => {
                self.conflict((claim, from), (you_stop, by_birth), now);
            }
            Step::Answer { .. } | Step::Verdict { .. } => return Err(Rejected::Cookie),
        }
        Ok(())
    }

    fn precedence(&self) -> Precedence {
        self.cold.rival.precedence(self.membership.live() > 1)
    }

    fn wish_claim(&mut self, to: SocketAddr, step: Step) {
        let (doubted, born, instance) = self.precedence();
        self.wish(Intent::Claim { to, claim: Claim { born, instance, doubted, step } });
    }

    fn conflict(&mut self, (claim, addr): (&Claim, SocketAddr), (stops, by_birth): (bool, bool), now: Instant) {
        if self.cold.rival.is_news(claim.instance) {
            self.report(Event::Conflict(Conflict { addr, born: claim.born, stops, by_birth }));
        }
        if stops {
            self.stop(now);
        }
    }

    /// Says nothing any more, but for the verdict that waits, and waits for nothing.
    fn stop(&mut self, now: Instant) {
        self.leaving = Leaving::Stopped;
        self.give_up_standing(now);
        self.stop_links(now);
        self.prober.stop();
        self.cold.joining = Joining::idle();
        self.deadlines = Deadlines::new();
        self.intents.keep_claims();
        (self.replies_waiting, self.exchanges_waiting) = (0, 0);
        self.end_waits();
        self.end_mail();
        self.end_pings();
        self.cold.notes = notes();
        self.end_streams();
    }

    /// Others hold to a life of this identity at another address: that address is asked before anything is said.
    /// Returns whether this is such a life.
    pub(super) fn asks_first(&mut self, heard: &Record, own: &Record, now: Instant) -> bool {
        let elsewhere = heard.health.is_live() && self.is_of_elsewhere(heard, own);
        if elsewhere && self.membership.is_plausible(heard.incarnation.boot, self.clock.outside(now)) {
            self.cold.rival.on_doubt(heard, heard.incarnation.boot < own.incarnation.boot, now);
            self.schedule_identity();
        }
        elsewhere
    }

    /// Whether a statement about this node is of a life at another address. What names one of its own other addresses in
    /// its present life is what it has said itself before it moved.
    pub(super) fn is_of_elsewhere(&self, heard: &Record, own: &Record) -> bool {
        heard.addr != own.addr && !self.has_moved(Slot::SELF, heard)
    }

    pub(super) fn on_identity_due(&mut self, now: Instant) {
        let pause = self.pause();
        while let Some(due) = self.cold.takeovers.take_due(pause, now) {
            match due {
                Due::Ask(id, nonce) => self.ping_member(id, nonce),
                Due::Believe(record) => {
                    self.learn(&record, Reason::Contact, now);
                }
            }
        }
        match self.cold.rival.take_due(pause, now) {
            Some(RivalDue::Ask(addr)) => {
                let cookie = self.cold.cookies.bake(Use::Claim, addr, now);
                self.wish_claim(addr, Step::Ask { cookie });
            }
            Some(RivalDue::Silent(Some(heard))) => {
                self.contradict(&heard, now);
            }
            Some(RivalDue::Silent(None)) | None => {}
        }
        self.schedule_identity();
    }

    pub(super) fn ping_member(&mut self, id: NodeId, nonce: Nonce) {
        if let Some(slot) = self.membership.find(id) {
            self.wish(Intent::Ping { slot, nonce });
        }
    }

    /// Between two questions to one address.
    fn pause(&self) -> Duration {
        self.cold.config.probe_timeout / 2
    }

    fn schedule_identity(&mut self) {
        if self.leaving != Leaving::Stopped {
            let next = self.cold.takeovers.next_deadline().min(self.cold.rival.next_deadline());
            self.deadlines.set(Timer::Identity, next);
        }
    }
}
