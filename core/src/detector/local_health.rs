//! How well does this node itself hear?
//!
//! A node that is slow or cut off finds everybody silent. So it counts what speaks against itself, and the worse
//! the count, the longer it waits before it accuses anybody (Lifeguard, section IV-A): with a score of `s` the
//! period and the timeout of its probes are `s + 1` times as long.
//!
//! Beside the score it counts probes in a row that nobody answered: whoever has heard from nobody it asked
//! for a while is more likely to be cut off than to have outlived all of them.

use serde::{Deserialize, Serialize};

/// Probes that fail in a row before a node takes itself to be cut off, and the fewest members that must be
/// suspected then. In the smallest clusters the death of all others is not the rarer case.
const CUT_OFF_PROBES: u8 = 3;
const CUT_OFF_SUSPECTS: usize = 3;

/// What speaks against the node itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LocalHealth {
    score: u8,
    max: u8,
    failed_in_a_row: u8,
}

impl LocalHealth {
    /// A healthy node whose score never exceeds `max`; with 0 the score is always 0.
    pub(crate) const fn new(max: u8) -> Self {
        Self { score: 0, max, failed_in_a_row: 0 }
    }

    /// The target of a probe answered, directly or through a helper.
    pub(crate) const fn on_success(&mut self) {
        self.score = self.score.saturating_sub(1);
        self.failed_in_a_row = 0;
    }

    /// Nobody reached the target of a probe, and so many helpers said nothing at all.
    pub(crate) fn on_failure(&mut self, helpers_silent: u32) {
        self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
        self.worsen(helpers_silent.saturating_add(1));
    }

    /// A contact was not answered before the next one. That is no accusation, so the score stays.
    pub(crate) const fn on_unanswered(&mut self) {
        self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
    }

    /// A contact was answered, or a probe over a stream: this node is not cut off, and nothing else is shown.
    pub(crate) const fn on_heard(&mut self) {
        self.failed_in_a_row = 0;
    }

    /// Others took this node for silent, and it had to contradict.
    pub(crate) fn on_refuted(&mut self) {
        self.worsen(1);
    }

    fn worsen(&mut self, by: u32) {
        let by = u8::try_from(by).unwrap_or(u8::MAX);
        self.score = self.score.saturating_add(by).min(self.max);
    }

    /// 0 for a healthy node, up to the maximum.
    pub(crate) const fn score(self) -> u8 {
        self.score
    }

    /// By how much everything about probes takes longer.
    pub(crate) fn scale(self) -> u32 {
        u32::from(self.score) + 1
    }

    /// Whether so many silent members show that it is this node that is cut off.
    pub(crate) const fn is_cut_off(self, suspects: usize) -> bool {
        self.failed_in_a_row >= CUT_OFF_PROBES && suspects >= CUT_OFF_SUSPECTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_follows_the_events_of_the_paper_and_stays_in_its_bounds() {
        let mut health = LocalHealth::new(8);
        health.on_success();
        assert_eq!((health.score(), health.scale()), (0, 1), "nobody is better than healthy");
        health.on_failure(0);
        assert_eq!(health.score(), 1);
        health.on_failure(3);
        assert_eq!(health.score(), 5, "one more for each helper that said nothing");
        health.on_refuted();
        assert_eq!((health.score(), health.scale()), (6, 7));
        health.on_failure(u32::MAX);
        assert_eq!((health.score(), health.scale()), (8, 9));
        (0..7).for_each(|_| health.on_success());
        assert_eq!(health.score(), 1);
    }

    #[test]
    fn a_maximum_of_zero_is_off() {
        let mut health = LocalHealth::new(0);
        (0..9).for_each(|_| health.on_failure(3));
        health.on_refuted();
        assert_eq!((health.score(), health.scale()), (0, 1));
    }

    #[test]
    fn many_silences_in_a_row_speak_against_the_node_itself() {
        let mut health = LocalHealth::new(8);
        (0..2).for_each(|_| health.on_failure(0));
        assert!(!health.is_cut_off(99), "two are chance");
        health.on_failure(0);
        assert!(health.is_cut_off(3));
        assert!(!health.is_cut_off(2), "both others of three may well be dead");
        health.on_success();
        assert!(!health.is_cut_off(99), "one answer is enough");
        (0..3).for_each(|_| health.on_unanswered());
        assert!(health.is_cut_off(3), "so do contacts without an answer");
        assert_eq!(health.score(), 2, "which accuse nobody");
        health.on_heard();
        assert_eq!((health.is_cut_off(99), health.score()), (false, 2));
    }
}
