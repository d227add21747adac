//! Who believes what of whom? And since when does every running node know just the running nodes?
//!
//! Two bits per pair. The number of pairs that are wrong is kept up with every event, so that the instant of
//! agreement is exact and nothing is ever scanned for it.

use std::collections::{BTreeMap, BTreeSet};

use quidnunc_core::{Health, NodeId};

/// What an observer holds of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belief {
    Unknown,
    Alive,
    Suspect,
    /// Dead or left.
    Gone,
}

impl Belief {
    const fn is_live(self) -> bool {
        matches!(self, Self::Alive | Self::Suspect)
    }
}

/// The beliefs of all about all.
#[derive(Debug)]
pub(super) struct Beliefs {
    nodes: u32,
    /// 32 pairs per word, row after row of observers.
    pairs: Vec<u64>,
    words_per_row: usize,
    running: Vec<bool>,
    paused: Vec<bool>,
    running_count: u32,
    /// Per observer: about how many subjects it is wrong.
    wrong_of: Vec<u32>,
    /// Over all observers that run and are not paused.
    wrong: u64,
    agreed_since: Option<u64>,
    /// Since when a pair's suspicion is open.
    suspects: BTreeMap<(u32, u32), u64>,
    /// Who holds somebody live that no node ever was.
    strangers: BTreeSet<(u32, NodeId)>,
}

impl Beliefs {
    pub(super) fn new(nodes: u32) -> Self {
        let count = nodes as usize;
        let words_per_row = count.div_ceil(32);
        Self {
            nodes,
            pairs: vec![0; count * words_per_row],
            words_per_row,
            running: vec![false; count],
            paused: vec![false; count],
            running_count: 0,
            wrong_of: vec![0; count],
            wrong: 0,
            agreed_since: None,
            suspects: BTreeMap::new(),
            strangers: BTreeSet::new(),
        }
    }

    pub(super) fn get(&self, observer: u32, subject: u32) -> Belief {
        let word = self.pairs[observer as usize * self.words_per_row + subject as usize / 32];
        match (word >> (subject % 32 * 2)) & 3 {
            0 => Belief::Unknown,
            1 => Belief::Alive,
            2 => Belief::Suspect,
            _ => Belief::Gone,
        }
    }

    fn set(&mut self, observer: u32, subject: u32, belief: Belief) {
        let word = &mut self.pairs[observer as usize * self.words_per_row + subject as usize / 32];
        let shift = subject % 32 * 2;
        *word = *word & !(3 << shift) | (belief as u64) << shift;
    }

    pub(super) fn is_running(&self, node: u32) -> bool {
        self.running[node as usize]
    }

    /// Whether a node runs and is not paused.
    pub(super) fn observes(&self, node: u32) -> bool {
        self.running[node as usize] && !self.paused[node as usize]
    }

    pub(super) const fn nodes(&self) -> u32 {
        self.nodes
    }

    /// A node starts with an empty memory; everybody who does not know it is wrong from now on.
    pub(super) fn on_start(&mut self, node: u32, now: u64) {
        let row = node as usize * self.words_per_row;
        self.pairs[row..row + self.words_per_row].fill(0);
        self.suspects = core::mem::take(&mut self.suspects).into_iter().filter(|&((o, _), _)| o != node).collect();
        self.strangers.retain(|&(observer, _)| observer != node);
        self.running[node as usize] = true;
        self.set(node, node, Belief::Alive);
        self.turn(node, true, now);
        self.wrong_of[node as usize] = self.running_count;
        self.wrong += u64::from(self.running_count);
        self.running_count += 1;
        self.note(now);
    }

    /// A node starts and is shown everybody who takes part.
    pub(super) fn on_start_knowing_all(&mut self, node: u32, now: u64) {
        self.on_start(node, now);
        for subject in (0..self.nodes).filter(|&subject| subject != node) {
            self.on_change(node, subject, Health::Alive, now);
        }
    }

    pub(super) fn on_stop(&mut self, node: u32, now: u64) {
        if self.observes(node) {
            self.wrong -= u64::from(self.wrong_of[node as usize]);
        }
        self.running[node as usize] = false;
        self.paused[node as usize] = false;
        self.running_count -= 1;
        self.turn(node, false, now);
    }

    /// A node that stands still cannot learn: its row does not count until it goes on. It runs all the same.
    pub(super) fn on_pause(&mut self, node: u32, now: u64) {
        self.wrong -= u64::from(self.wrong_of[node as usize]);
        self.paused[node as usize] = true;
        self.note(now);
    }

    pub(super) fn on_resume(&mut self, node: u32, now: u64) {
        self.paused[node as usize] = false;
        self.wrong += u64::from(self.wrong_of[node as usize]);
        self.note(now);
    }

    /// The truth about a subject changes: whoever was right about it is wrong now, and the other way round.
    fn turn(&mut self, subject: u32, runs: bool, now: u64) {
        for observer in 0..self.nodes {
            if observer == subject || !self.running[observer as usize] {
                continue;
            }
            let wrong = &mut self.wrong_of[observer as usize];
            let word = self.pairs[observer as usize * self.words_per_row + subject as usize / 32];
            let live = matches!((word >> (subject % 32 * 2)) & 3, 1 | 2);
            *wrong = if live == runs { *wrong - 1 } else { *wrong + 1 };
            if !self.paused[observer as usize] {
                self.wrong = if live == runs { self.wrong - 1 } else { self.wrong + 1 };
            }
        }
        self.note(now);
    }

    pub(super) fn on_change(&mut self, observer: u32, subject: u32, health: Health, now: u64) {
        let belief = match health {
            Health::Alive => Belief::Alive,
            Health::Suspect => Belief::Suspect,
            Health::Dead | Health::Left => Belief::Gone,
        };
        if belief == Belief::Suspect {
            self.suspects.entry((observer, subject)).or_insert(now);
        } else {
            self.suspects.remove(&(observer, subject));
        }
        let before = self.get(observer, subject);
        self.set(observer, subject, belief);
        if before.is_live() != belief.is_live() {
            self.count(observer, belief.is_live() == self.running[subject as usize], now);
        }
    }

    /// An observer says something of somebody that no node ever was; to hold it live is to be wrong.
    pub(super) fn on_stranger(&mut self, observer: u32, id: NodeId, health: Health, now: u64) {
        let key = (observer, id);
        let changed = if health.is_live() { self.strangers.insert(key) } else { self.strangers.remove(&key) };
        if changed {
            self.count(observer, !health.is_live(), now);
        }
    }

    /// An observer, which is not paused, is right now about one more subject, or about one less.
    fn count(&mut self, observer: u32, right: bool, now: u64) {
        let wrong = &mut self.wrong_of[observer as usize];
        *wrong = if right { *wrong - 1 } else { *wrong + 1 };
        self.wrong = if right { self.wrong - 1 } else { self.wrong + 1 };
        self.note(now);
    }

    fn note(&mut self, now: u64) {
        self.agreed_since = if self.wrong == 0 { self.agreed_since.or(Some(now)) } else { None };
    }

    /// Since when an observer has suspected a subject without a break.
    pub(super) fn suspect_since(&self, observer: u32, subject: u32) -> Option<u64> {
        self.suspects.get(&(observer, subject)).copied()
    }

    /// Since when every running, unpaused node's live set is the set of running nodes.
    pub(super) const fn agreed_since(&self) -> Option<u64> {
        self.agreed_since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_is_the_last_instant_at_which_the_last_pair_became_right() {
        let mut beliefs = Beliefs::new(40);
        beliefs.on_start(0, 0);
        assert_eq!(beliefs.agreed_since(), Some(0));
        beliefs.on_start(39, 5);
        assert_eq!(beliefs.agreed_since(), None);
        beliefs.on_change(0, 39, Health::Alive, 6);
        beliefs.on_change(39, 0, Health::Alive, 7);
        assert_eq!(beliefs.agreed_since(), Some(7));
        beliefs.on_change(0, 39, Health::Suspect, 8);
        assert_eq!((beliefs.agreed_since(), beliefs.suspect_since(0, 39)), (Some(7), Some(8)));
        beliefs.on_stop(39, 9);
        assert_eq!(beliefs.agreed_since(), None);
        beliefs.on_change(0, 39, Health::Dead, 10);
        assert_eq!((beliefs.agreed_since(), beliefs.suspect_since(0, 39)), (Some(10), None));
        beliefs.on_start(39, 11);
        beliefs.on_change(39, 0, Health::Alive, 12);
        assert_eq!(beliefs.agreed_since(), None, "node 0 believes that it is dead");
        beliefs.on_change(0, 39, Health::Alive, 13);
        assert_eq!(beliefs.agreed_since(), Some(13));
    }

    #[test]
    fn whoever_holds_somebody_that_never_was_is_wrong() {
        let [ghost, spook] = [1, 2].map(NodeId::from_u128);
        let mut beliefs = Beliefs::new(2);
        (0..2).for_each(|node| beliefs.on_start(node, 0));
        beliefs.on_change(0, 1, Health::Alive, 1);
        beliefs.on_change(1, 0, Health::Alive, 2);
        beliefs.on_stranger(0, ghost, Health::Dead, 3);
        assert_eq!(beliefs.agreed_since(), Some(2), "nobody lives who does not");
        beliefs.on_stranger(0, ghost, Health::Alive, 4);
        beliefs.on_stranger(0, ghost, Health::Suspect, 5);
        beliefs.on_stranger(0, spook, Health::Alive, 6);
        beliefs.on_stranger(0, ghost, Health::Left, 7);
        assert_eq!(beliefs.agreed_since(), None);
        beliefs.on_stranger(0, spook, Health::Dead, 8);
        assert_eq!(beliefs.agreed_since(), Some(8));
        beliefs.on_stranger(1, ghost, Health::Alive, 9);
        beliefs.on_stop(1, 10);
        beliefs.on_change(0, 1, Health::Dead, 11);
        beliefs.on_start(1, 12);
        beliefs.on_change(0, 1, Health::Alive, 13);
        beliefs.on_change(1, 0, Health::Alive, 14);
        assert_eq!(beliefs.agreed_since(), Some(14), "a new life has forgotten the ghost of the last one");
    }

    #[test]
    fn the_row_of_a_paused_node_does_not_count_and_is_kept_up() {
        let mut beliefs = Beliefs::new(3);
        (0..3).for_each(|node| beliefs.on_start(node, 0));
        for (observer, subject) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)] {
            beliefs.on_change(observer, subject, Health::Alive, 1);
        }
        beliefs.on_pause(2, 2);
        assert_eq!((beliefs.agreed_since(), beliefs.observes(2), beliefs.is_running(2)), (Some(1), false, true));
        beliefs.on_change(0, 2, Health::Dead, 3);
        assert_eq!(beliefs.agreed_since(), None, "the paused node runs");
        beliefs.on_change(0, 2, Health::Alive, 4);
        beliefs.on_stop(1, 5);
        beliefs.on_change(0, 1, Health::Dead, 6);
        assert_eq!(beliefs.agreed_since(), Some(6), "what the paused node has not heard does not count");
        beliefs.on_resume(2, 7);
        assert_eq!(beliefs.agreed_since(), None);
        beliefs.on_change(2, 1, Health::Dead, 8);
        assert_eq!(beliefs.agreed_since(), Some(8));
        beliefs.on_pause(2, 9);
        beliefs.on_stop(2, 10);
        beliefs.on_change(0, 2, Health::Dead, 11);
        assert_eq!(beliefs.agreed_since(), Some(11));
    }
}
