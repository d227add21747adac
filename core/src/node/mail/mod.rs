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

use crate::vocab::{Instant, NodeId, Nonce, Slot};

use super::io::{
    LETTERS_BYTES_MAX, LETTERS_MAX, LETTERS_TO_ONE_BYTES_MAX, LETTERS_TO_ONE_MAX, LetterRefused, LetterRejected,
    StreamId,
};

/// A letter that waits.
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
struct Channel {
    boot: u64,
    stream: Option<StreamId>,
    /// At least one.
    letters: VecDeque<Waiting>,
    bytes: usize,
}

/// All letters of a node that wait.
#[derive(Debug, Clone, Default)]
pub(super) struct Mail {
    channels: BTreeMap<Slot, Channel>,
    streams: BTreeMap<StreamId, Slot>,
    /// Who has no stream, by how many letters were given before the first one that waits for it.
    idle: BTreeSet<(u64, Slot)>,
    /// When the time of the first letter to each is over.
    deadlines: BTreeSet<(Instant, Slot)>,
    numbers: BTreeSet<u64>,
    bytes: usize,
    given: u64,
}

impl Mail {
    pub(super) fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    /// Whether there is room for a letter, while so many others that do not wait here count as waiting.
    pub(super) fn judge(
        &self,
        to: (NodeId, Slot),
        number: u64,
        len: usize,
        others: usize,
    ) -> Result<(), LetterRejected> {
        if self.numbers.contains(&number) {
            return Err(LetterRejected::Number { number });
        }
        if self.numbers.len().saturating_add(others) >= LETTERS_MAX
            || self.bytes.saturating_add(len) > LETTERS_BYTES_MAX
        {
            return Err(LetterRejected::TooMany);
        }
        let to_one = self.channels.get(&to.1).map_or((0, 0), |channel| (channel.letters.len(), channel.bytes));
        if to_one.0 >= LETTERS_TO_ONE_MAX || to_one.1.saturating_add(len) > LETTERS_TO_ONE_BYTES_MAX {
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
        let serial = self.given;
        self.numbers.insert(number);
        self.bytes += bytes.len();
        let channel = self.channels.entry(slot).or_insert_with(|| {
            self.idle.insert((serial, slot));
            self.deadlines.insert((until, slot));
            Channel { boot, stream: None, letters: VecDeque::new(), bytes: 0 }
        });
        channel.bytes += bytes.len();
        channel.letters.push_back(Waiting { number, nonce, until, bytes: bytes.into(), serial });
    }

    /// The first letter to a member, and the life that it is for.
    pub(super) fn first(&self, slot: Slot) -> Option<(&Waiting, u64)> {
        let channel = self.channels.get(&slot)?;
        Some((channel.letters.front()?, channel.boot))
    }

    /// For which life of a member letters wait.
    pub(super) fn boot(&self, slot: Slot) -> Option<u64> {
        self.channels.get(&slot).map(|channel| channel.boot)
    }

    /// How many streams letters have.
    pub(super) fn streams(&self) -> usize {
        self.streams.len()
    }

    /// Whose letters have waited longest for a stream.
    pub(super) fn first_idle(&self) -> Option<Slot> {
        self.idle.first().map(|&(_, slot)| slot)
    }

    /// Gives a member that has none a stream.
    pub(super) fn assign(&mut self, slot: Slot, stream: StreamId) {
        let Some(channel) = self.channels.get_mut(&slot) else { return };
        if let (None, Some(first)) = (channel.stream, channel.letters.front()) {
            self.idle.remove(&(first.serial, slot));
            self.streams.insert(stream, slot);
            channel.stream = Some(stream);
        }
    }

    /// To whom a stream leads.
    pub(super) fn member_on(&self, stream: StreamId) -> Option<Slot> {
        self.streams.get(&stream).copied()
    }

    /// The first letter on a stream is confirmed. Returns its number, and the nonce and the end of the next one; without a
    /// next one the stream is needed no more.
    pub(super) fn confirm(&mut self, stream: StreamId) -> Option<(u64, Option<(Nonce, Instant)>)> {
        let slot = self.member_on(stream)?;
        let channel = self.channels.get_mut(&slot)?;
        let first = channel.letters.pop_front()?;
        channel.bytes -= first.bytes.len();
        self.bytes -= first.bytes.len();
        self.numbers.remove(&first.number);
        self.deadlines.remove(&(first.until, slot));
        let next = channel.letters.front().map(|next| (next.nonce, next.until));
        if let Some((_, until)) = next {
            self.deadlines.insert((until, slot));
        } else {
            self.channels.remove(&slot);
            self.streams.remove(&stream);
        }
        Some((first.number, next))
    }

    /// Takes out all letters to a member. Returns their numbers, in order, and the stream that they had.
    pub(super) fn end(&mut self, slot: Slot) -> (Option<StreamId>, impl Iterator<Item = u64> + use<>) {
        let channel = self.channels.remove(&slot);
        let (stream, letters) = channel.map_or((None, VecDeque::new()), |channel| (channel.stream, channel.letters));
        if let Some(first) = letters.front() {
            self.deadlines.remove(&(first.until, slot));
            self.idle.remove(&(first.serial, slot));
        }
        if let Some(stream) = stream {
            self.streams.remove(&stream);
        }
        for letter in &letters {
            self.numbers.remove(&letter.number);
            self.bytes -= letter.bytes.len();
        }
        (stream, letters.into_iter().map(|letter| letter.number))
    }

    /// Somebody for whom letters wait.
    pub(super) fn anybody(&self) -> Option<Slot> {
        self.channels.keys().next().copied()
    }

    /// Somebody of whose letters the first one's time is over.
    pub(super) fn overdue(&self, now: Instant) -> Option<Slot> {
        self.deadlines.first().filter(|&&(until, _)| until <= now).map(|&(_, slot)| slot)
    }

    /// When the time of the next letter is over.
    pub(super) fn next_deadline(&self) -> Instant {
        self.deadlines.first().map_or(Instant::NEVER, |&(until, _)| until)
    }

    /// Asserts that the bounds hold and that the tables say the same. Returns those for whom letters wait, with the lives
    /// that those are for and their streams.
    pub(super) fn check(&self) -> impl Iterator<Item = (Slot, u64, Option<StreamId>)> + '_ {
        let (mut count, mut bytes) = (0, 0);
        for (&slot, channel) in &self.channels {
            let first = channel.letters.front().expect("whoever has no letters has no channel");
            assert!(channel.letters.len() <= LETTERS_TO_ONE_MAX && channel.bytes <= LETTERS_TO_ONE_BYTES_MAX);
            assert_eq!(
                channel.bytes,
                channel.letters.iter().map(|letter| letter.bytes.len()).sum(),
                "bytes are counted"
            );
            assert!(self.deadlines.contains(&(first.until, slot)), "every letter has an end");
            assert!(channel.letters.iter().all(|letter| first.until <= letter.until), "the first one's comes first");
            assert_eq!(channel.stream.is_none(), self.idle.contains(&(first.serial, slot)), "who has no stream waits");
            let leads_there = channel.stream.is_none_or(|stream| self.streams.get(&stream) == Some(&slot));
            assert!(leads_there, "a stream leads to whom it was given");
            (count, bytes) = (count + channel.letters.len(), bytes + channel.bytes);
        }
        assert_eq!((count, bytes), (self.numbers.len(), self.bytes), "letters and their bytes are counted");
        assert!(count <= LETTERS_MAX && bytes <= LETTERS_BYTES_MAX, "{count} letters, {bytes} bytes");
        assert_eq!(self.deadlines.len(), self.channels.len(), "no end is of no letter");
        assert_eq!(self.idle.len() + self.streams.len(), self.channels.len(), "no stream is of no letter");
        self.channels.iter().map(|(&slot, channel)| (slot, channel.boot, channel.stream))
    }
}

/// Whether a letter that comes is the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    New,
    /// The latest one has come again.
    Again,
}

/// How far the letters of each member have come.
#[derive(Debug, Clone, Default)]
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
