//! Which letters wait for whom, and which have come? Tables only: who is a member, and how a letter is written, is not known
//! here.
//!
//! ```text
//! given ── waits for those before it, and for a stream ── first on its stream ── confirmed
//!   └───────────────────────────┴── ended, with all that wait for the same member ───┘
//! ```
//!
//! Invariant: whatever is put in is taken out once, confirmed or ended. No member has two streams, and whoever has no
//! letters has none.

#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::vocab::{Instant, NodeId, Nonce, Slot};

use super::io::{
    LETTERS_BYTES_MAX, LETTERS_MAX, LETTERS_TO_ONE_BYTES_MAX, LETTERS_TO_ONE_MAX, LetterRefused, LetterRejected,
    StreamId,
};

/// A letter that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// The application's name for it.
    pub(super) number: u64,
    pub(super) nonce: Nonce,
    /// When its time is over; the later a letter was given, the later.
    pub(super) until: Instant,
    pub(super) bytes: Box<[u8]>,
    /// How many were given before it.
    pub(super) serial: u64,
}

/// What waits for one life of a member.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Channel {
    boot: u64,
    stream: Option<StreamId>,
    /// At least one.
    letters: VecDeque<Waiting>,
}

/// All letters of a node that wait: so few that whatever is asked of them is looked up among all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Mail {
    channels: BTreeMap<Slot, Channel>,
    given: u64,
}

impl Mail {
    pub(super) fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    fn letters(&self) -> impl Iterator<Item = &Waiting> {
        self.channels.values().flat_map(|channel| &channel.letters)
    }

    /// What is in the letters.
    pub(super) fn contents(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.channels.values_mut().flat_map(|channel| &mut channel.letters).map(|letter| &mut *letter.bytes)
    }

    /// Whether there is room for a letter, while so many others that do not wait here count as waiting.
    pub(super) fn judge(
        &self,
        to: (NodeId, Slot),
        number: u64,
        len: usize,
        others: usize,
    ) -> Result<(), LetterRejected> {
        if self.letters().any(|letter| letter.number == number) {
            return Err(LetterRejected::Number { number });
        }
        let (count, bytes) = size(self.letters());
        if count.saturating_add(others) >= LETTERS_MAX || bytes.saturating_add(len) > LETTERS_BYTES_MAX {
            return Err(LetterRejected::TooMany);
        }
        let (count, bytes) = self.channels.get(&to.1).map_or((0, 0), |channel| size(channel.letters.iter()));
        if count >= LETTERS_TO_ONE_MAX || bytes.saturating_add(len) > LETTERS_TO_ONE_BYTES_MAX {
            return Err(LetterRejected::TooManyToOne { to: to.0 });
        }
        Ok(())
    }

    /// Puts a letter in for which there is room, behind those to the same life of the same member.
    pub(super) fn push(
        &mut self,
        (slot, boot): (Slot, u64),
        (number, nonce): (u64, Nonce),
        until: Instant,
        bytes: &[u8],
    ) {
        self.given += 1;
        let letter = Waiting { number, nonce, until, bytes: bytes.into(), serial: self.given };
        let new = || Channel { boot, stream: None, letters: VecDeque::new() };
        self.channels.entry(slot).or_insert_with(new).letters.push_back(letter);
    }

    /// The first letter to a member, and the life that it is for.
    pub(super) fn first(&self, slot: Slot) -> Option<(&Waiting, u64)> {
        let channel = self.channels.get(&slot)?;
        Some((channel.letters.front()?, channel.boot))
    }

    /// The first letter to each, with whom it is for and its stream.
    fn firsts(&self) -> impl Iterator<Item = (Slot, Option<StreamId>, &Waiting)> {
        self.channels.iter().filter_map(|(&slot, channel)| Some((slot, channel.stream, channel.letters.front()?)))
    }

    /// How many streams letters have.
    pub(super) fn streams(&self) -> usize {
        self.channels.values().filter(|channel| channel.stream.is_some()).count()
    }

    /// Whose letters have waited longest for a stream.
    pub(super) fn first_idle(&self) -> Option<Slot> {
        let idle = self.firsts().filter(|(_, stream, _)| stream.is_none());
        idle.min_by_key(|(_, _, first)| first.serial).map(|(slot, _, _)| slot)
    }

    /// Gives a member that has none a stream.
    pub(super) fn assign(&mut self, slot: Slot, stream: StreamId) {
        if let Some(channel) = self.channels.get_mut(&slot) {
            channel.stream.get_or_insert(stream);
        }
    }

    /// To whom a stream leads.
    pub(super) fn member_on(&self, stream: StreamId) -> Option<Slot> {
        self.channels.iter().find(|(_, channel)| channel.stream == Some(stream)).map(|(&slot, _)| slot)
    }

    /// The first letter to a member is confirmed. Returns its number, and the nonce and the end of the next one; without a
    /// next one the stream is needed no more.
    pub(super) fn confirm(&mut self, slot: Slot) -> Option<(u64, Option<(Nonce, Instant)>)> {
        let channel = self.channels.get_mut(&slot)?;
        let first = channel.letters.pop_front()?;
        let next = channel.letters.front().map(|next| (next.nonce, next.until));
        if next.is_none() {
            self.channels.remove(&slot);
        }
        Some((first.number, next))
    }

    /// Takes out all letters to a member. Returns their numbers, in order, and the stream that they had.
    pub(super) fn end(&mut self, slot: Slot) -> (Option<StreamId>, impl Iterator<Item = u64> + use<>) {
        let channel = self.channels.remove(&slot);
        let (stream, letters) = channel.map_or((None, VecDeque::new()), |channel| (channel.stream, channel.letters));
        (stream, letters.into_iter().map(|letter| letter.number))
    }

    /// Somebody for whom letters wait.
    pub(super) fn anybody(&self) -> Option<Slot> {
        self.channels.keys().next().copied()
    }

    /// Somebody of whose letters the first one's time is over.
    pub(super) fn overdue(&self, now: Instant) -> Option<Slot> {
        self.next_end().filter(|&(until, _)| until <= now).map(|(_, slot)| slot)
    }

    /// When the time of the next letter is over.
    pub(super) fn next_deadline(&self) -> Instant {
        self.next_end().map_or(Instant::NEVER, |(until, _)| until)
    }

    fn next_end(&self) -> Option<(Instant, Slot)> {
        self.firsts().map(|(slot, _, first)| (first.until, slot)).min()
    }

    /// Asserts that the bounds hold. Returns those for whom letters wait, with the lives that those are for and their
    /// streams.
    pub(super) fn check(&self) -> impl Iterator<Item = (Slot, u64, Option<StreamId>)> + '_ {
        for channel in self.channels.values() {
            let first = channel.letters.front().expect("whoever has no letters has no channel");
            let (count, bytes) = size(channel.letters.iter());
            assert!(count <= LETTERS_TO_ONE_MAX && bytes <= LETTERS_TO_ONE_BYTES_MAX);
            assert!(channel.letters.iter().all(|letter| first.until <= letter.until), "the first one's comes first");
        }
        let (count, bytes) = size(self.letters());
        assert!(count <= LETTERS_MAX && bytes <= LETTERS_BYTES_MAX, "{count} letters, {bytes} bytes");
        let numbers: BTreeSet<u64> = self.letters().map(|letter| letter.number).collect();
        assert_eq!(numbers.len(), count, "no two letters have one number");
        let streams: BTreeSet<StreamId> = self.channels.values().filter_map(|channel| channel.stream).collect();
        assert_eq!(streams.len(), self.streams(), "no two members have one stream");
        self.channels.iter().map(|(&slot, channel)| (slot, channel.boot, channel.stream))
    }
}

/// How many letters, and how many bytes of them.
fn size<'a>(letters: impl Iterator<Item = &'a Waiting>) -> (usize, usize) {
    letters.fold((0, 0), |(count, bytes), letter| (count + 1, bytes + letter.bytes.len()))
}

/// Whether a letter that comes is the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    New,
    /// The latest one has come again.
    Again,
}

/// How far the letters of each member have come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Inbox {
    /// The serial of the latest one, and the life of the member that gave it.
    latest: BTreeMap<Slot, (u64, u64)>,
}

impl Inbox {
    /// Judges a letter of the present life of a member.
    pub(super) fn judge(&self, (slot, boot): (Slot, u64), serial: u64) -> Result<Turn, LetterRefused> {
        match self.latest.get(&slot) {
            Some(&(life, latest)) if life == boot && serial < latest => Err(LetterRefused::OutOfTurn),
            Some(&(life, latest)) if life == boot && serial == latest => Ok(Turn::Again),
            _ => Ok(Turn::New),
        }
    }

    pub(super) fn take(&mut self, (slot, boot): (Slot, u64), serial: u64) {
        self.latest.insert(slot, (boot, serial));
    }

    /// Nobody remembers the member in a row any more.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.latest.remove(&slot);
    }

    /// Whether letters of a member have come.
    pub(super) fn knows(&self, slot: Slot) -> bool {
        self.latest.contains_key(&slot)
    }

    /// Of how many members letters have come.
    pub(super) fn len(&self) -> usize {
        self.latest.len()
    }
}
