//! How do letters of the application go to another one, and what becomes of them?
//!
//! ```text
//! sender  -> letter, over a stream to the member's address:  the next one that waits for it
//! member  -> ack, over the same stream:                      taken, or taken before
//! ```
//!
//! One letter is under way to each member at a time; its stream lasts until nothing waits any more. Whatever ends it before
//! ends all that wait for it: the receiver has the letters up to some place, and perhaps one more. A letter of an earlier
//! stream that comes late finds a later one there and is refused, so that no two streams can mix up the order.

use crate::vocab::{Health, Instant, NodeId, Nonce, Record, Slot};
use crate::wire::{Letter, Sender};

use super::io::{Event, LetterRefused, LetterRejected, NotSent, Rejected, StreamId};
use super::mail::Turn;
use super::streams::Says;
use super::{Leaving, Node};

impl Node {
    /// Takes a letter of the application.
    pub(super) fn send(&mut self, to: NodeId, number: u64, bytes: &[u8], now: Instant) -> Result<(), Rejected> {
        let limits = self.cold.streams.limits().ok_or(LetterRejected::NoStreams)?;
        let (len, most) = (bytes.len(), limits.letter_bytes_max());
        if len > most {
            return Err(LetterRejected::TooLong { len, most }.into());
        }
        let slot = self.other_member(to)?;
        let boot = self.life_at(slot).map_err(|health| Rejected::NotLive { id: to, health })?;
        self.cold.mail.judge((to, slot), number, len, self.cold.events.letters_ended())?;
        let nonce = self.nonce();
        self.cold.mail.push((slot, boot), (number, nonce), now.after(limits.idle), bytes);
        self.schedule_streams();
        Ok(())
    }

    /// The row of somebody whom the application names.
    pub(super) fn other_member(&self, id: NodeId) -> Result<Slot, Rejected> {
        match self.membership.find(id) {
            Some(Slot::SELF) => Err(Rejected::ToSelf),
            Some(slot) => Ok(slot),
            None => Err(Rejected::NoSuchMember { id }),
        }
    }

    /// Gives streams to those for whom letters wait, as far as there are any: half of them stay free for pings.
    pub(super) fn open_for_mail(&mut self) {
        let most = self.cold.streams.limits().map_or(0, |limits| (limits.most as usize).div_ceil(2));
        while self.cold.mail.streams() < most
            && let Some(slot) = self.cold.mail.first_idle()
            && let Some((first, _)) = self.cold.mail.first(slot)
        {
            let (says, until) = (Says::Letter { to: slot, nonce: first.nonce }, first.until);
            let Some(id) = self.cold.streams.wish(self.membership.addr(slot), says, until) else { break };
            self.cold.mail.assign(slot, id);
            self.stats.streams_opened += 1;
        }
    }

    /// The letter that is next on a stream, as it is written.
    pub(super) fn letter_to(&self, slot: Slot) -> Option<Letter<'_>> {
        let (first, boot) = self.cold.mail.first(slot)?;
        let to = self.membership.record(slot).id;
        Some(Letter { nonce: first.nonce, serial: first.serial, to, boot, bytes: &first.bytes })
    }

    /// The first letter to a member is confirmed on its stream: the next one goes, or the stream ends.
    pub(super) fn confirm_letter(&mut self, id: StreamId, to: Slot) {
        let Some((number, next)) = self.cold.mail.confirm(to) else { return };
        self.report(Event::Sent { number });
        match next {
            Some((nonce, until)) => {
                self.cold.streams.change_open(id, |stream| stream.go_on(Says::Letter { to, nonce }, until));
            }
            None => self.cold.streams.end(id),
        }
    }

    /// Somebody has a letter for this node's application. Returns the nonce that its ack repeats; an error, and nothing has
    /// changed, when it is not taken.
    pub(super) fn take_letter(
        &mut self,
        id: StreamId,
        sender: &Sender,
        letter: &Letter<'_>,
    ) -> Result<Nonce, LetterRefused> {
        if self.leaving != Leaving::Stays {
            return Err(LetterRefused::Leaving);
        }
        if (letter.to, letter.boot) != (self.id, self.incarnation.boot) {
            return Err(LetterRefused::NotMine);
        }
        let slot = self.membership.find(sender.id).filter(|&slot| self.life_at(slot) == Ok(sender.incarnation.boot));
        let life = (slot.ok_or(LetterRefused::Stranger)?, sender.incarnation.boot);
        let turn = self.cold.inbox.judge(life, letter.serial)?;
        if self.cold.streams.open(id).is_none_or(|stream| stream.says.is_some()) {
            return Err(LetterRefused::OutOfTurn);
        }
        if turn == Turn::New {
            if !self.cold.events.has_room(letter.bytes.len()) {
                return Err(LetterRefused::NoRoom);
            }
            self.cold.inbox.take(life, letter.serial);
            self.report(Event::Message { from: sender.id, bytes: letter.bytes.into() });
        }
        Ok(letter.nonce)
    }

    /// Which life of a member lives here, or what is believed of it.
    pub(super) fn life_at(&self, slot: Slot) -> Result<u64, Health> {
        let Record { health, incarnation, .. } = self.view().row(slot);
        if health.is_live() { Ok(incarnation.boot) } else { Err(health) }
    }

    /// What is believed of a member has changed: letters are for those who live, and for one life.
    pub(super) fn follow_mail(&mut self, slot: Slot) {
        if self.cold.mail.is_empty() {
            return;
        }
        let Some((_, boot)) = self.cold.mail.first(slot) else { return };
        match self.life_at(slot) {
            Ok(life) if life == boot => return,
            Ok(_) => self.end_letters(slot, NotSent::NewLife),
            Err(_) => self.end_letters(slot, NotSent::Gone),
        }
        self.schedule_streams();
    }

    /// A stream is over, or is to be.
    pub(super) fn lose_stream(&mut self, id: StreamId, why: NotSent) {
        if let Some(slot) = self.cold.mail.member_on(id) {
            self.end_letters(slot, why);
        }
    }

    /// All that waits for a member is not sent. Whoever calls it schedules streams afterwards: others may have one now.
    fn end_letters(&mut self, slot: Slot, why: NotSent) {
        let (stream, numbers) = self.cold.mail.end(slot);
        if let Some(id) = stream {
            self.cold.streams.end(id);
        }
        numbers.for_each(|number| self.report(Event::NotSent { number, why }));
    }

    pub(super) fn expire_mail(&mut self, now: Instant) {
        while let Some(slot) = self.cold.mail.overdue(now) {
            self.end_letters(slot, NotSent::TimeOver);
        }
    }

    /// Whoever leaves sends nothing any more.
    pub(super) fn end_mail(&mut self) {
        while let Some(slot) = self.cold.mail.anybody() {
            self.end_letters(slot, NotSent::Left);
        }
        self.schedule_streams();
    }

    /// Asserts that letters wait for the living, on streams that are there, and that nobody's is forgotten.
    pub(super) fn check_mail(&self) {
        for (slot, boot, stream) in self.cold.mail.check() {
            assert_eq!(self.life_at(slot), Ok(boot), "letters wait for whoever lives");
            assert!(stream.is_none_or(|id| self.cold.streams.goes_on(id)), "no letter waits on a stream that is over");
        }
        let known = self.membership.slots().filter(|&slot| self.cold.inbox.knows(slot)).count();
        assert_eq!(known, self.cold.inbox.len(), "whoever is forgotten is so here, too");
    }
}
