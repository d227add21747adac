//! What does one application say to another when it does not matter whether it arrives?
//!
//! A note goes out in one datagram, as it comes; it may be lost, come twice, or after a later one. Nobody answers, and nothing
//! is reported where it was sent.

use alloc::boxed::Box;

use crate::vocab::{Instant, NodeId, Ring, Slot};
use crate::wire::{Body, NOTE_ROOM_BYTES, Note, Sender, Writer};

use super::intents::Intent;
use super::io::{Event, NOTE_BYTES_MAX, NOTES_MAX, Rejected};
use super::{Leaving, Node};

/// The notes that have not left, in the order of their intents.
pub(super) type Notes = Ring<(NodeId, Box<[u8]>)>;

/// A queue for as many as may wait.
pub(super) const fn notes() -> Notes {
    Ring::new(NOTES_MAX)
}

impl Node {
    /// Takes a note of the application.
    pub(super) fn note(&mut self, to: NodeId, bytes: &[u8]) -> Result<(), Rejected> {
        let most = self.note_bytes_max();
        if bytes.len() > most {
            return Err(Rejected::NoteTooLong { len: bytes.len(), most });
        }
        let slot = self.other_member(to)?;
        self.life_at(slot).map_err(|health| Rejected::NotLive { id: to, health })?;
        if self.cold.notes.len() == NOTES_MAX || !self.wish(Intent::Note) {
            return Err(Rejected::TooManyNotes);
        }
        // There is room: it was asked for.
        let _ = self.cold.notes.push_back((to, bytes.into()));
        Ok(())
    }

    /// The most bytes of a note that goes into one datagram.
    fn note_bytes_max(&self) -> usize {
        NOTE_BYTES_MAX.min((self.budget as usize).saturating_sub(NOTE_ROOM_BYTES))
    }

    /// Writes the first note that waits, and news where there is room. Whoever is no member any more hears nothing. The longest notes
    /// go in datagrams of the full length, so that whoever sends one learns whether those arrive.
    pub(super) fn pack_note(&mut self, writer: &mut Writer<'_>, now: Instant) -> Option<Slot> {
        let (to, bytes) = self.cold.notes.pop_front()?;
        let slot = self.membership.find(to)?;
        if !writer.body(&Body::Note(Note { to, bytes: &bytes })) {
            self.stats.intents_dropped += 1;
            return None;
        }
        self.fill_news(writer, (self.membership.addr(slot), None), now);
        if bytes.len() == self.note_bytes_max() {
            writer.pad();
        }
        Some(slot)
    }

    /// Its packet does not even begin to fit.
    pub(super) fn drop_note(&mut self) {
        self.cold.notes.pop_front();
    }

    /// Asserts that every note has its intent.
    pub(super) fn check_notes(&self) {
        assert_eq!(self.cold.notes.len(), self.intents.notes(), "every note is to leave, and nothing else is one");
    }

    /// Takes a note for the application here, from a member that lives.
    pub(super) fn take_note(&mut self, sender: &Sender, note: &Note<'_>) {
        let lives = |slot: &Slot| self.life_at(*slot) == Ok(sender.incarnation.boot);
        let is_known = self.membership.find(sender.id).filter(lives).is_some_and(|slot| slot != Slot::SELF);
        let is_mine = note.to == self.id && self.leaving == Leaving::Stays;
        if !is_known || !is_mine || !self.cold.events.has_room(note.bytes.len()) {
            self.stats.notes_dropped += 1;
            return;
        }
        self.report(Event::Note { from: sender.id, bytes: note.bytes.into() });
    }
}
