//! Where else can a node be reached, and when does it move there?
//!
//! ```text
//! a prober:   no answer at the address of the record ── the member's other addresses are asked too, with the same nonce
//! the owner:  asked elsewhere, and for three periods at its record's address by nobody ── its record tells the other one
//! ```
//!
//! So nobody is declared dead who can be reached anywhere. A node never moves to an address that is not on its own list, and
//! stays while anybody reaches it where it is: then the way from one prober is broken, and not the address.

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::packing::Urgency;
use crate::vocab::{Content, Instant, NodeId, Nonce, Record, Slot};
use crate::wire::{ADDRESSES_BYTES_MAX, ADDRESSES_KEY, ADDRESSES_MAX, Addresses, Datagram, Sender, Writer, can_listen};

use super::intents::Intent;
use super::io::{Event, Rejected};
use super::learn::in_a_life;
use super::{Leaving, Node};

/// An owner moves when nobody has reached it at its record's address for so many probe periods: in steady state about one
/// ping comes per period, and the ping of whoever missed it comes beside that of its helpers.
const SILENT_PERIODS: u32 = 3;

/// What an owner knows of how it is reached.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Elsewhere {
    /// With which address this life began: it stays on the list, wherever the node is now.
    born: SocketAddr,
    /// When it was first asked elsewhere, since somebody last pinged it where its record says.
    since: Instant,
    /// Whether it has had other addresses in this life, so that others may not know from its number where it is.
    may_move: bool,
}

impl Elsewhere {
    pub(super) const fn never(born: SocketAddr) -> Self {
        Self { born, since: Instant::from_nanos(0), may_move: false }
    }
}

impl Node {
    /// The other addresses of a member, as far as they may be asked.
    pub(super) fn others_of(&self, slot: Slot) -> impl Iterator<Item = SocketAddr> + use<'_> {
        let known = self.membership.addr(slot);
        let fits = move |&addr: &SocketAddr| addr != known && addr.is_ipv4() == known.is_ipv4() && self.allows(addr);
        self.listed(slot).iter().filter(fits)
    }

    fn listed(&self, slot: Slot) -> Addresses {
        let item = self.cold.state.get(slot, ADDRESSES_KEY, self.clock.latest());
        let Some(Content::Value { bytes, .. }) = item.map(|item| item.content) else { return Addresses::default() };
        Addresses::decode(bytes)
    }

    /// Whether this is one of this node's own addresses.
    pub(super) fn is_own(&self, addr: SocketAddr) -> bool {
        addr == self.membership.addr(Slot::SELF) || self.others_of(Slot::SELF).any(|other| other == addr)
    }

    /// The application says where else this node can be reached. The list that all are told has every address, that of the
    /// record as well: who hears of the list before the record, or after it, still knows where to ask.
    pub(super) fn set_addresses(&mut self, also: &[SocketAddr], now: Instant) -> Result<(), Rejected> {
        let own = self.membership.addr(Slot::SELF);
        let mut all = Addresses::default();
        all.add(self.cold.elsewhere.born);
        all.add(own);
        let mut count = 0;
        for &addr in also {
            if !can_listen(addr) || addr.is_ipv4() != own.is_ipv4() {
                return Err(Rejected::Address { addr });
            }
            if !self.allows(addr) {
                return Err(Rejected::NotAllowed { addr });
            }
            // As others read it: a scope is known on one machine only.
            let addr = SocketAddr::new(addr.ip(), addr.port());
            if all.iter().all(|known| known != addr) {
                count += 1;
                all.add(addr);
            }
        }
        if count > ADDRESSES_MAX {
            return Err(Rejected::TooManyAddresses { count });
        }
        if all.iter().nth(1).is_none() {
            self.erase(ADDRESSES_KEY, now);
            return Ok(());
        }
        let mut value = [0; ADDRESSES_BYTES_MAX];
        let len = all.encode(&mut value);
        self.write(ADDRESSES_KEY, &value[..len], None, now)?;
        self.note_own_addresses();
        Ok(())
    }

    /// The own map may have a list now.
    pub(super) fn note_own_addresses(&mut self) {
        self.cold.elsewhere.may_move |= !self.listed(Slot::SELF).is_empty();
        self.says_where = self.cold.elsewhere.may_move && self.incarnation.counter > 0;
    }

    /// A member has not answered where its record says: it is asked at its other addresses, too.
    pub(super) fn ask_elsewhere(&mut self, slot: Slot, nonce: Nonce) {
        let mut others = Addresses::default();
        self.others_of(slot).for_each(|addr| {
            others.add(addr);
        });
        for to in others.iter() {
            self.wish(Intent::PingAt { slot, to, nonce });
        }
    }

    /// The number of whoever may have moved does not clear it: in an answer it speaks for itself before it says what its asker has
    /// to hear besides.
    pub(super) fn say_where(&mut self, writer: &mut Writer<'_>, about: Slot, now: Instant) {
        if self.says_where && about != Slot::SELF {
            let written = writer.record(&self.told(Slot::SELF, now).0);
            self.stats.rumours_dropped += u64::from(!written);
        }
    }

    /// Whether the number of a statement does not tell where its owner is: it has other addresses, or just that statement
    /// waits to be believed, since it is of another one.
    pub(super) fn may_have_moved(&self, slot: Slot, sender: &Sender) -> bool {
        !self.listed(slot).is_empty() || self.cold.takeovers.waits(sender.id, sender.incarnation)
    }

    /// Whether a statement is of just that life of a member which is known, and says that it is at another one of its
    /// addresses.
    pub(super) fn has_moved(&self, slot: Slot, record: &Record) -> bool {
        let same_boot = record.incarnation.boot == self.membership.record(slot).incarnation.boot;
        same_boot && self.others_of(slot).any(|addr| addr == record.addr)
    }

    /// Somebody pings this node where its record says, or elsewhere.
    pub(super) fn on_pinged(&mut self, datagram: &Datagram<'_>, now: Instant) {
        match datagram.asked_at.filter(|&addr| addr != self.membership.addr(Slot::SELF)) {
            None => self.pinged = now,
            Some(addr) => self.on_asked_elsewhere(datagram.sender.id, addr, now),
        }
    }

    fn on_asked_elsewhere(&mut self, by: NodeId, addr: SocketAddr, now: Instant) {
        if self.leaving != Leaving::Stays || !self.is_own(addr) || self.membership.find(by).is_none() {
            return;
        }
        let (period, patience) = (self.cold.config.period, self.cold.config.probe_timeout);
        let elsewhere = &mut self.cold.elsewhere;
        if elsewhere.since <= self.pinged {
            elsewhere.since = now;
        }
        // Helpers were asked together with this node: their pings have had time to come.
        if now.since(self.pinged) >= period * SILENT_PERIODS && now.since(elsewhere.since) >= patience {
            self.move_to(addr, now);
        }
    }

    /// Lets the own record tell another address. The one before is on the list, so that this node can move back.
    fn move_to(&mut self, to: SocketAddr, now: Instant) {
        let own = self.membership.record(Slot::SELF);
        let incarnation = in_a_life(own.incarnation.above(own.incarnation));
        self.pinged = now;
        self.say_of_self(&Record { incarnation, addr: to, ..own }, now);
        self.tell(Slot::SELF, Urgency::Urgent, now);
        self.report(Event::Moved { from: own.addr, to, incarnation });
    }

    /// Asserts that whoever has said where it is goes on to.
    pub(super) fn check_addresses(&self) {
        let says_where = self.cold.elsewhere.may_move && self.incarnation.counter > 0;
        assert_eq!(self.says_where, says_where, "who may have moved says where it is");
        assert!(self.listed(Slot::SELF).is_empty() || self.cold.elsewhere.may_move, "a list is noticed");
    }
}
