//! Which counters of one salt have been here?
//!
//! A ring of bits, as in RFC 6479: words are cleared when the highest counter enters them.

const WORDS: u64 = 17;
#[expect(clippy::cast_possible_truncation, reason = "it is a small number")]
const PLACES: usize = WORDS as usize;

/// A counter that is so far behind the highest one is taken for a replay.
const WINDOW: u64 = (WORDS - 1) * 64;

#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// One more than the highest counter that was here.
    next: u64,
    /// A set bit: was here, or may have been.
    seen: [u64; PLACES],
}

impl Window {
    /// All counters below `floor` have been here or are not wanted.
    pub(super) fn above(floor: u64) -> Self {
        let mut window = Self { next: floor, seen: [u64::MAX; PLACES] };
        if let Some(word) = window.word(floor) {
            *word = mask(floor).wrapping_sub(1);
        }
        window
    }

    /// Whether this counter was not here yet, as far as can be said.
    pub(super) fn is_new(&mut self, counter: u64) -> bool {
        if counter >= self.next {
            return true;
        }
        let in_reach = self.next.saturating_sub(counter) <= WINDOW;
        in_reach && self.word(counter).is_some_and(|word| *word & mask(counter) == 0)
    }

    /// Notes a counter. Returns whether it was new.
    pub(super) fn enter(&mut self, counter: u64) -> bool {
        if !self.is_new(counter) {
            return false;
        }
        if counter >= self.next {
            let last = counter / 64;
            // The word of `next` is in use unless `next` is its first counter.
            let first = self.next.div_ceil(64);
            for word in first.max(last.saturating_sub(WORDS - 1))..=last {
                if let Some(word) = self.word(word.saturating_mul(64)) {
                    *word = 0;
                }
            }
            self.next = counter.saturating_add(1);
        }
        if let Some(word) = self.word(counter) {
            *word |= mask(counter);
        }
        true
    }

    fn word(&mut self, counter: u64) -> Option<&mut u64> {
        let place = usize::try_from(counter / 64 % WORDS).ok()?;
        self.seen.get_mut(place)
    }
}

const fn mask(counter: u64) -> u64 {
    1 << (counter % 64)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a test may end with a panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_counter_comes_in_once_and_late_ones_while_they_are_in_reach() {
        let mut window = Window::above(0);
        assert!(window.enter(5) && !window.enter(5));
        assert!(window.enter(0) && window.enter(4) && !window.enter(0));
        assert!(window.enter(5 + WINDOW), "6 is the lowest in reach now");
        assert!(!window.enter(5) && window.enter(6), "what is too far behind may have been here");
        assert!(window.enter(1 << 40) && !window.enter(6) && window.enter((1 << 40) - WINDOW + 1));
        assert!(!window.enter((1 << 40) - WINDOW));
    }

    #[test]
    fn nothing_below_the_floor_comes_in() {
        for floor in [0, 1, 63, 64, 65, 1000, 1088, u64::MAX] {
            let mut window = Window::above(floor);
            assert!((0..floor.min(3000)).all(|counter| !window.enter(counter)));
            assert!(floor.checked_sub(1).is_none_or(|below| !window.enter(below)));
            assert!(window.enter(floor), "{floor}");
            assert!(floor.checked_sub(1).is_none_or(|below| !window.enter(below)));
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_set(floor in 0..2000_u64, steps in prop::collection::vec((0..2500_u64, 0..60_u8), 1..300)) {
            let (mut window, mut seen, mut next) = (Window::above(floor), BTreeSet::new(), floor);
            for (step, kind) in steps {
                let counter = if kind == 0 { next + step } else { next.saturating_sub(step % 1100) + step % 3 };
                let new = counter >= floor && (counter >= next || next - counter <= WINDOW) && !seen.contains(&counter);
                prop_assert_eq!(window.is_new(counter), new);
                prop_assert_eq!(window.enter(counter), new);
                if new {
                    seen.insert(counter);
                    next = next.max(counter + 1);
                }
            }
        }
    }
}
