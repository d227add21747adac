//! Which rumours are still to be told, and which of them next?
//!
//! One list per number of tellings; the list of the least told is served first (memberlist's order), and a
//! rumour that was told often enough is forgotten. The lists form a ring, so that "everyone knows all of
//! this already" charges one telling to every rumour by turning the ring once.
//!
//! A newer rumour about the same member replaces the older one by its number: the older entry stays where
//! it lies and is dropped when it is met.

use alloc::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::vocab::Slot;

/// The most tellings that a rumour can be given.
pub(crate) const TELLINGS_MAX: usize = 64;

/// So many rumours are looked up together.
const TOGETHER: usize = 8;

/// Something to be told: the member it is about, and the number of the telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rumour {
    pub(crate) slot: Slot,
    pub(crate) telling: u16,
}

/// What became of a rumour that was offered to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It is in the packet.
    Packed,
    /// It is no longer the newest about its member.
    Stale,
    /// The packet has no room for it.
    Full,
}

/// The rumours of one class.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Backlog {
    /// Rumours told `i` times lie in `levels[(first + i) % levels.len()]`.
    levels: VecDeque<VecDeque<Rumour>>,
    len: usize,
    max: usize,
}

impl Backlog {
    /// An empty backlog for at most `max` rumours.
    pub(crate) const fn new(max: usize) -> Self {
        Self { levels: VecDeque::new(), len: 0, max }
    }

    /// Adds a rumour that nobody was told yet. Returns whether another one had to go for it.
    pub(crate) fn push(&mut self, rumour: Rumour) -> bool {
        let lost = self.len >= self.max && self.drop_most_told();
        if self.levels.is_empty() {
            self.levels.push_back(VecDeque::new());
        }
        self.levels[0].push_back(rumour);
        self.len += 1;
        lost
    }

    fn drop_most_told(&mut self) -> bool {
        let dropped = self.levels.iter_mut().rev().find_map(VecDeque::pop_front);
        self.len -= usize::from(dropped.is_some());
        dropped.is_some()
    }

    /// Offers rumours, least told first, until `offer` has no more room, each with what `lookup` makes of it;
    /// several are looked up at a time, because each may be a cache miss. A rumour that was told `limit` times is
    /// forgotten.
    pub(crate) fn offer_all<T>(
        &mut self,
        limit: u32,
        lookup: impl Fn(Rumour) -> T,
        mut offer: impl FnMut(Rumour, T) -> Offer,
    ) {
        let limit = (limit as usize).clamp(1, TELLINGS_MAX);
        let mut arrived = 0;
        for told in 0..limit {
            // What was just moved here was told in this very packet.
            let Some(level) = self.levels.get(told) else { break };
            let mut waiting = level.len() - arrived;
            arrived = 0;
            while waiting > 0 {
                let level = &self.levels[told];
                let several: [Option<(Rumour, T)>; TOGETHER] = core::array::from_fn(|place| {
                    level.get(place).filter(|_| place < waiting).map(|&rumour| (rumour, lookup(rumour)))
                });
                waiting = waiting.saturating_sub(TOGETHER);
                for (rumour, found) in several.into_iter().flatten() {
                    match offer(rumour, found) {
                        Offer::Full => return,
                        Offer::Packed if told + 1 < limit => {
                            if self.levels.len() == told + 1 {
                                self.levels.push_back(VecDeque::new());
                            }
                            self.levels[told + 1].push_back(rumour);
                            arrived += 1;
                        }
                        Offer::Packed | Offer::Stale => self.len -= 1,
                    }
                    self.levels[told].pop_front();
                }
            }
        }
        self.forget_from(limit);
    }

    /// Drops what was told `limit` times or more; happens when the cluster shrank.
    fn forget_from(&mut self, limit: usize) {
        for level in self.levels.iter_mut().skip(limit) {
            self.len -= level.len();
            level.clear();
        }
    }

    /// Charges one telling to every rumour, because a peer showed that it knows them all.
    pub(crate) fn charge_all(&mut self, limit: u32) {
        if self.levels.len() < limit as usize {
            self.levels.push_front(VecDeque::new());
        } else if let Some(mut last) = self.levels.pop_back() {
            self.len -= last.len();
            last.clear();
            self.levels.push_front(last);
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }
}
