//! May this node act? What happens to it and to others is told to the quorum, and what that says is reported.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use crate::quorum::{Change, Evidence, Proposal, Quorum, Verdict, Voters, Word};
use crate::vocab::{Domain, Instant, NodeId, Record, Rng, Slot};
use crate::wire::{AGES_HEAD_BYTES, Ages, Body, Datagram, Sender, Writer};

use super::io::{Event, Rejected, Timer};
use super::{Cold, Node};

/// What a packet keeps for ages of voters while other things wait.
const AGES_BYTES: usize = 64;

/// No voter comes before it.
pub(super) const FIRST_VOTER: (Domain, NodeId) = (Domain::NONE, NodeId::from_u128(0));

/// So much that is due is done at a time, and for so long the rest waits then.
const DUE_MAX: usize = 64;
const PAUSE: Duration = Duration::from_millis(1);

impl Node {
    /// Nobody has said yet who votes. Whom a snapshot names is alive until somebody says otherwise, and not heard.
    pub(super) fn start_quorum(&mut self, domain: Domain, now: Instant) {
        let Some(settings) = self.cold.config.quorum else { return };
        // The config was found valid.
        let Ok(quorum) = Quorum::new(self.id, domain, settings) else { return };
        self.cold.quorum = Some(Box::new(quorum));
        let slots: Vec<Slot> = self.membership.slots().collect();
        slots.into_iter().for_each(|slot| self.note_member(slot, now));
        self.note_self_alive(now);
    }

    /// Tells the quorum something, and reports what changes.
    fn with_quorum<C: IntoIterator<Item = Change>>(
        &mut self,
        now: Instant,
        tell: impl FnOnce(&mut Quorum, &mut Rng) -> C,
    ) {
        let Some(quorum) = &mut self.cold.quorum else { return };
        let changes = tell(quorum, &mut self.rng);
        self.schedule_quorum(now, now);
        changes.into_iter().for_each(|change| self.report(Event::Standing(Box::new(change))));
    }

    /// What is due already waits until then.
    fn schedule_quorum(&mut self, now: Instant, then: Instant) {
        let next = self.cold.quorum.as_ref().map_or(Instant::NEVER, |quorum| quorum.next_deadline());
        let next = if next <= now { then } else { next };
        if self.deadlines.get(Timer::Quorum) != next {
            self.deadlines.set(Timer::Quorum, next);
        }
    }

    /// A row says something else than before.
    pub(super) fn note_member(&mut self, slot: Slot, now: Instant) {
        if !self.has_quorum {
            return;
        }
        let Record { id, incarnation, health, domain, .. } = self.membership.record(slot);
        let word = Word { id, incarnation, health, domain };
        let mut has_room = true;
        self.with_quorum(now, |quorum, rng| {
            let noted = quorum.on_member(&word, now, rng);
            has_room = noted.is_ok();
            noted.ok().flatten()
        });
        self.stats.records_refused += u64::from(!has_room);
    }

    /// A datagram shows that its sender lives, if it comes from where the sender is known to be, or answers what it alone
    /// was asked. What else it says of voters is believed then.
    pub(super) fn note_sender(&mut self, datagram: &Datagram<'_>, (from, awaited): (SocketAddr, bool), now: Instant) {
        let Sender { id, incarnation, .. } = datagram.sender;
        let Some(slot) = self.membership.find(id) else { return };
        let answers = awaited && matches!(datagram.body, Body::Ack { .. });
        let known = self.membership.record(slot);
        let in_this_life = known.health.is_live() && known.incarnation.boot == incarnation.boot;
        if !in_this_life || !answers && known.addr != from {
            return;
        }
        self.note_heard(id, incarnation.boot, now);
        if let Some(Ages { sum, first, ages }) = datagram.ages {
            self.with_quorum(now, |quorum, _| {
                let mut changes = Vec::new();
                quorum.on_ages((sum, first), ages, now, |change| changes.push(change));
                changes
            });
        }
    }

    /// How many bytes of a packet are kept for ages.
    pub(super) fn room_for_ages(&self) -> usize {
        let tells = self.cold.quorum.as_ref().is_some_and(|quorum| quorum.sum().is_some());
        if tells { AGES_BYTES } else { 0 }
    }

    /// Tells how old is what was heard of voters, in turn, as far as there is room. What waits besides has its own.
    pub(super) fn fill_ages(&mut self, writer: &mut Writer<'_>, now: Instant) {
        let room = writer.free().saturating_sub(self.room_for_heads(writer.free()));
        let Cold { quorum: Some(quorum), voters_told, .. } = &mut *self.cold else { return };
        let Some(sum) = quorum.sum() else { return };
        let mut ages = quorum.ages_from(*voters_told, now).peekable();
        if let Some(&((_, first), _)) = ages.peek() {
            writer.open_ages(sum, first);
        }
        let most = room.saturating_sub(AGES_HEAD_BYTES);
        let next = ages.zip(0..).find(|&((_, age), count)| count >= most || !writer.age(age));
        *voters_told = next.map_or(FIRST_VOTER, |((voter, _), _)| voter);
    }

    /// A member was heard in this life.
    pub(super) fn note_heard(&mut self, id: NodeId, boot: u64, now: Instant) {
        self.with_quorum(now, |quorum, _| quorum.on_heard(Evidence { id, boot, at: now }, now));
    }

    /// Nobody remembers a member any more.
    pub(super) fn note_unknown(&mut self, id: NodeId, now: Instant) {
        self.with_quorum(now, |quorum, _| quorum.on_forgotten(id, now));
    }

    /// This node is in the cluster.
    pub(super) fn note_self_alive(&mut self, now: Instant) {
        self.with_quorum(now, |quorum, _| quorum.on_self_alive(now));
    }

    /// This node takes no further part: whatever it may still say, it may not act.
    pub(super) fn give_up_standing(&mut self, now: Instant) {
        self.with_quorum(now, |quorum, _| quorum.on_leave(now));
    }

    /// The process stood still: who knows when what it reads now was sent?
    pub(super) fn void_evidence(&mut self, now: Instant) {
        self.with_quorum(now, |quorum, _| quorum.on_freeze(now));
    }

    /// The application says who votes. Of a member that had no room before, the quorum hears now.
    pub(super) fn configure(&mut self, proposal: &Proposal<'_>, now: Instant) -> Result<(), Rejected> {
        let quorum = self.cold.quorum.as_mut().ok_or(Rejected::NoQuorum)?;
        let change = quorum.configure(proposal, now)?;
        self.with_quorum(now, |_, _| change);
        let (Voters::All(named) | Voters::Changed { set: named, .. }) = proposal.voters else { return Ok(()) };
        for voter in named {
            if let Some(slot) = self.membership.find(voter.id) {
                self.note_member(slot, now);
            }
        }
        Ok(())
    }

    /// An input counts. What is due of the quorum is done with it: what this node may do is right after every input.
    pub(super) fn mark_input(&mut self, now: Instant) {
        self.clock.mark(now);
        if self.deadlines.get(Timer::Quorum) <= now {
            self.on_quorum_due(now);
        }
    }

    /// Does what is due, one thing after the other. Who is to be asked is asked as anybody is: its answer shows that it
    /// lives, and its silence accuses nobody.
    pub(super) fn on_quorum_due(&mut self, now: Instant) {
        for _ in 0..DUE_MAX {
            let Some(quorum) = self.cold.quorum.as_mut().filter(|quorum| quorum.next_deadline() <= now) else { break };
            match quorum.on_deadline(now, &mut self.rng) {
                Some(Verdict::Standing(change)) => self.report(Event::Standing(Box::new(change))),
                Some(Verdict::Lost(id, loss)) => self.report(Event::Lost { id, loss }),
                Some(Verdict::Ask(id)) => {
                    let nonce = self.nonce();
                    self.ping_member(id, nonce);
                }
                None => {}
            }
        }
        self.schedule_quorum(now, now.after(PAUSE));
    }

    /// Asserts what always holds of the quorum.
    pub(super) fn check_standing(&self) {
        assert_eq!(self.has_quorum, self.cold.quorum.is_some(), "the flag says whether there is one");
        if let Some(quorum) = &self.cold.quorum {
            quorum.check();
        }
    }
}
