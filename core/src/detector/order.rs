//! Whose turn is it to be probed?
//!
//! Round robin walks a keyed permutation of the rows, a new key per round, so that every member is probed
//! once per round in an order that nobody can foresee, and two probes of one member are at most 2n - 1
//! periods apart (SWIM, section 4.3). The permutation is computed, not stored: a Feistel network of four
//! rounds over the smallest power of four that holds the roster, whose images beyond the roster are passed
//! over. So a row that comes into being during a round has its random place in that round, just as SWIM
//! inserts it into its list. Random order draws each target by itself.
//!
//! Several targets are looked up at a time, because at ten thousand members each look-up is a cache miss
//! and eight at once cost little more than one.

use serde::{Deserialize, Serialize};

use super::Target;
use crate::config::ProbeOrder;
use crate::vocab::{Rng, Slot, fold};

const PLANNED_MAX: usize = 8;

/// Rows looked at for one plan; bounds the work when most members are gone.
const TRIES: usize = 32;

/// The order of probes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    kind: ProbeOrder,
    planned: [Option<Target>; PLANNED_MAX],
    next: usize,
    round: Round,
}

/// One round: a permutation of `4^half_bits` numbers, of which those below the number of rows are rows.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Round {
    key: u64,
    half_bits: u32,
    position: u32,
}

impl Order {
    pub(crate) const fn new(kind: ProbeOrder) -> Self {
        let round = Round { key: 0, half_bits: 0, position: 1 };
        Self { kind, planned: [None; PLANNED_MAX], next: PLANNED_MAX, round }
    }

    /// The next target; `None` when a bounded search met nobody to probe. `is_target` says whether a row is
    /// to be probed, `target_of` what it holds.
    pub(crate) fn choose(
        &mut self,
        rows: u32,
        rng: &mut Rng,
        is_target: impl Fn(Slot) -> bool,
        target_of: impl Fn(Slot) -> Target,
    ) -> Option<Target> {
        self.next_planned().or_else(|| {
            self.plan(rows, rng, is_target, target_of);
            self.next_planned()
        })
    }

    fn next_planned(&mut self) -> Option<Target> {
        while let Some(place) = self.planned.get_mut(self.next) {
            self.next += 1;
            if let Some(target) = place.take() {
                return Some(target);
            }
        }
        None
    }

    fn plan(&mut self, rows: u32, rng: &mut Rng, is_target: impl Fn(Slot) -> bool, target_of: impl Fn(Slot) -> Target) {
        self.planned = [None; PLANNED_MAX];
        self.next = 0;
        let wanted = PLANNED_MAX.min(rows as usize);
        let mut found = 0;
        for _ in 0..TRIES / PLANNED_MAX {
            // All are drawn, then all are looked at: the look-ups do not wait for each other.
            let mut slots = [Slot::SELF; PLANNED_MAX];
            for slot in &mut slots[found..wanted] {
                *slot = match self.kind {
                    ProbeOrder::Random => Slot(rng.below(rows)),
                    ProbeOrder::RoundRobin => self.round.next(rows, rng),
                };
            }
            let targets = slots.map(&is_target);
            for (slot, _) in slots.into_iter().zip(targets).filter(|&(_, is_target)| is_target) {
                self.planned[found] = Some(target_of(slot));
                found += 1;
            }
            if found == wanted {
                break;
            }
        }
    }

    /// A row changed: a planned probe of it goes to what it holds now, or to nobody. It keeps its turn.
    pub(crate) fn on_changed(&mut self, slot: Slot, now: Option<Target>) {
        for place in &mut self.planned {
            if place.is_some_and(|target| target.slot == slot) {
                *place = now;
            }
        }
    }
}

impl Round {
    fn next(&mut self, rows: u32, rng: &mut Rng) -> Slot {
        loop {
            let end = 1 << (2 * self.half_bits);
            if self.position >= end || rows > end {
                // The smallest power of four above the roster: at most every fourth image is a row.
                let half_bits = rows.max(2).ilog2() / 2 + 1;
                *self = Self { key: rng.next(), half_bits, position: 0 };
            }
            let image = feistel(self.position, self.half_bits, self.key);
            self.position += 1;
            if image < rows {
                return Slot(image);
            }
        }
    }
}

fn feistel(value: u32, half_bits: u32, key: u64) -> u32 {
    let mask = (1_u32 << half_bits) - 1;
    let (mut left, mut right) = (value >> half_bits, value & mask);
    for round in 0..4 {
        #[expect(clippy::cast_possible_truncation, reason = "masked to half the bits")]
        let mixed = fold(u64::from(right) ^ key, 0x9e37_79b9_7f4a_7c15 ^ (key.rotate_left(17 + round) | 1)) as u32;
        (left, right) = (right, left ^ (mixed & mask));
    }
    left << half_bits | right
}
