//! What is told to one peer, how far has that come, and what has to be said again?
//!
//! Everything that a node knows lies in one log in the order of its arrival. A frame covers a part of the log:
//! the news up to here (told at once), and the announcements up to there (told on the tick). Frames are numbered and
//! acknowledged; what seems lost is told again under its number, as far as it still holds. What an asker does not get it
//! asks for again, so that answers need no numbers.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Head, OriginIx};
use crate::vocab::{Instant, Ring};

/// The most frames that wait for an acknowledgement.
const FLIGHTS_MAX: usize = 32;

/// The most of each kind of small things that wait to be said.
const SMALL_MAX: usize = 1024;

/// The most lives that a greeting names, and that are answered for.
pub(crate) const LIVES_MAX: usize = 1 << 16;

/// A part of the log: after the first, up to and with the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) after: u64,
    pub(crate) to: u64,
}

/// What one frame covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Cover {
    /// News.
    pub(crate) news: Part,
    /// Announcements.
    pub(crate) words: Part,
    /// Whether these are the first words on the link, which name every life.
    pub(crate) greets: bool,
    /// Whether they are the last of those.
    pub(crate) ends_greeting: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Flight {
    number: u32,
    at: Instant,
    cover: Cover,
    again: bool,
    landed: bool,
}

/// Which frames have come, as it is told to their sender: all up to a number, and some of the 32 after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Got {
    pub(crate) upto: u32,
    /// Bit i stands for `upto + 2 + i`, since `upto + 1` has not come.
    pub(crate) beyond: u32,
}

impl Got {
    /// Notes a frame. Returns whether it is new; what lies too far ahead to be noted is not.
    fn note(&mut self, number: u32) -> bool {
        let Some(ahead) = number.checked_sub(self.upto).filter(|&ahead| ahead > 0) else { return false };
        if ahead == 1 {
            self.upto = number;
            // The gap is closed, and with it perhaps what came before its time.
            while self.beyond & 1 != 0 {
                self.beyond >>= 1;
                self.upto = self.upto.saturating_add(1);
            }
            self.beyond >>= 1;
            return true;
        }
        let Some(bit) = 1_u32.checked_shl(ahead - 2) else { return false };
        let is_new = self.beyond & bit == 0;
        self.beyond |= bit;
        is_new
    }

    fn has(self, number: u32) -> bool {
        let ahead = number.saturating_sub(self.upto);
        ahead == 0 || (ahead >= 2 && 1_u32.checked_shl(ahead - 2).is_some_and(|bit| self.beyond & bit != 0))
    }
}

/// A life whose news is asked for, from a stamp on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ask<L> {
    pub(crate) life: L,
    /// The stamp that the asker has.
    pub(crate) have: u64,
}

/// One peer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Feed {
    /// News is told up to here.
    pub(crate) told: u64,
    /// Announced up to here.
    pub(crate) announced: u64,
    /// The first words end here; `None` when they are all said.
    pub(crate) greeting: Option<Part>,
    flights: VecDeque<Flight>,
    next: u32,
    got: Got,
    /// When what came has to be acknowledged at the latest.
    pub(crate) owes_at: Instant,
    pub(crate) prunes: Ring<u64>,
    pub(crate) grafts: Ring<Ask<u64>>,
    /// From which stamp on each life is told that was asked for.
    pub(crate) replies: BTreeMap<OriginIx, u64>,
    /// Whom the peer's greeting named so far; `None` when that was made use of.
    listed: Option<BTreeSet<u64>>,
    greeted_at: Option<u32>,
    /// Whether there is news that it wants.
    pub(crate) has_news: bool,
    /// Whether the tick wants a frame, be it an empty one.
    pub(crate) is_due: bool,
    /// Whether a frame waits to be composed.
    pub(crate) is_wished: bool,
    /// No frame leaves before this.
    pub(crate) not_before: Instant,
    /// How many full frames have followed each other at once.
    pub(crate) burst: u32,
    /// A frame and its acknowledgement take about so long.
    pub(crate) round: Duration,
}

impl Feed {
    /// A link that has just opened: everything that is known, up to the end of the log, is named first.
    pub(crate) fn new(end: u64, round: Duration) -> Self {
        Self {
            told: end,
            announced: end,
            greeting: Some(Part { after: 0, to: end }),
            flights: VecDeque::new(),
            next: 1,
            got: Got::default(),
            owes_at: Instant::NEVER,
            prunes: Ring::new(SMALL_MAX),
            grafts: Ring::new(SMALL_MAX),
            replies: BTreeMap::new(),
            listed: Some(BTreeSet::new()),
            greeted_at: None,
            has_news: false,
            is_due: true,
            is_wished: false,
            not_before: Instant::from_nanos(0),
            burst: 0,
            round,
        }
    }

    /// A frame came. Returns whether what it says is new.
    pub(crate) fn on_frame(&mut self, number: u32, owes_at: Instant) -> bool {
        if number == 0 {
            return true;
        }
        self.owes_at = self.owes_at.min(owes_at);
        self.got.note(number)
    }

    /// What the peer says it has got.
    pub(crate) fn on_got(&mut self, got: Got, now: Instant) {
        for flight in &mut self.flights {
            if !flight.landed && got.has(flight.number) {
                flight.landed = true;
                if !flight.again {
                    self.round = (self.round * 7 + now.since(flight.at)) / 8;
                }
            }
        }
        while self.flights.front().is_some_and(|flight| flight.landed) {
            self.flights.pop_front();
        }
    }

    /// The frame that has been under way for too long, to be told again: its number and what it covers.
    pub(crate) fn lost(&self, now: Instant, patience: Duration) -> Option<(u32, Cover)> {
        let late = |flight: &&Flight| !flight.landed && flight.at.after(patience) <= now;
        self.flights.iter().find(late).map(|flight| (flight.number, flight.cover))
    }

    /// When a frame will have been under way for too long.
    pub(crate) fn lost_at(&self, patience: Duration) -> Instant {
        let waiting = self.flights.iter().filter(|flight| !flight.landed);
        waiting.map(|flight| flight.at.after(patience)).min().unwrap_or(Instant::NEVER)
    }

    /// Whether another frame may be numbered.
    pub(crate) fn has_room(&self) -> bool {
        self.flights.len() < FLIGHTS_MAX
    }

    /// A new frame leaves. Returns its number.
    pub(crate) fn launch(&mut self, cover: Cover, now: Instant) -> u32 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        self.flights.push_back(Flight { number, at: now, cover, again: false, landed: false });
        number
    }

    /// A lost frame leaves again. A round is taken for twice as long from now on, within what is reasonable.
    pub(crate) fn relaunch(&mut self, number: u32, cover: Cover, (least, most): (Duration, Duration), now: Instant) {
        if let Some(flight) = self.flights.iter_mut().find(|flight| flight.number == number) {
            (flight.at, flight.cover, flight.again) = (now, cover, true);
        }
        // It may only have been late.
        self.round = (self.round * 2).max(least).min(most);
    }

    /// What a frame that leaves says of itself: what came is acknowledged with it.
    pub(crate) fn head(&mut self, number: u32, cover: Cover) -> Head {
        self.owes_at = Instant::NEVER;
        let Cover { greets, ends_greeting, .. } = cover;
        Head { number, got: self.got, greets, ends_greeting }
    }

    /// Whether there is something to be said that need not wait.
    pub(crate) fn is_urgent(&self) -> bool {
        let small = self.prunes.len() + self.grafts.len() + self.replies.len() > 0;
        self.is_due || small || (self.greeting.is_some() || self.has_news) && self.has_room()
    }

    /// Notes a life that the peer names in its greeting.
    pub(crate) fn on_listed(&mut self, life: u64) {
        if let Some(listed) = self.listed.as_mut().filter(|listed| listed.len() < LIVES_MAX) {
            listed.insert(life);
        }
    }

    /// A life is forgotten.
    pub(crate) fn forget(&mut self, ix: OriginIx) {
        self.replies.remove(&ix);
    }

    /// The peer's greeting ends with a frame.
    pub(crate) fn on_greeting_end(&mut self, number: u32) {
        self.greeted_at = Some(number);
    }

    /// Whom the peer named in its greeting, once, when all of it has come.
    pub(crate) fn take_greeting(&mut self) -> Option<BTreeSet<u64>> {
        self.greeted_at.filter(|&number| number <= self.got.upto).and_then(|_| self.listed.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_has_come_is_what_was_noted(numbers in prop::collection::vec(1..60_u32, 0..120)) {
            let (mut got, mut model) = (Got::default(), BTreeSet::new());
            for number in numbers {
                // Farther than the window reaches nothing is noted, and so it is sent again.
                let reaches = number <= got.upto + 33;
                prop_assert_eq!(got.note(number), reaches && model.insert(number));
            }
            for number in 1..60 {
                prop_assert_eq!(got.has(number), model.contains(&number), "{}", number);
            }
        }
    }
}
