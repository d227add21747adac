//! Who believes what of whom? And since when does every running node know just the running nodes?
//!
//! Two bits per pair, and per subject how many observers hold it live. The number of pairs that are wrong is kept
//! up with every event, so that the instant of agreement is exact and nothing is ever scanned for it; and a
//! subject that starts or stops is one step, however many observers are wrong about it then.

use std::collections::BTreeSet;

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
    /// What the lowest two bits say.
    const fn of(bits: u64) -> Self {
        match bits & 3 {
            0 => Self::Unknown,
            1 => Self::Alive,
            2 => Self::Suspect,
            _ => Self::Gone,
        }
    }

    const fn is_live(self) -> bool {
        matches!(self, Self::Alive | Self::Suspect)
    }
}

/// The lower bit of each of the 32 pairs in a word.
const LOW_BITS: u64 = u64::MAX / 3;

/// The beliefs of all about all.
#[derive(Debug)]
pub(super) struct Beliefs {
    nodes: u32,
    /// 32 pairs per word, row after row of observers.
    pairs: Vec<u64>,
    words_per_row: usize,
    running: Vec<bool>,
    paused: Vec<bool>,
    /// How many nodes run and are not paused: only they observe.
    observing: u32,
    /// Per subject: how many of those hold it live. Whoever observes holds itself live.
    live_with: Vec<u32>,
    /// Pairs of one that observes and a subject that it is wrong about.
    wrong: u64,
    agreed_since: Option<u64>,
    suspicions: Vec<Suspicions>,
    /// Who holds somebody live that no node ever was.
    strangers: BTreeSet<(u32, NodeId)>,
}

/// The suspicions of one subject.
#[derive(Debug, Default)]
struct Suspicions {
    open: u32,
    /// Per observer that suspects it: since when. Other places mean nothing; empty while nobody does.
    since: Vec<u64>,
}

impl Suspicions {
    fn open(&mut self, observer: u32, nodes: u32, now: u64) {
        self.since.resize(nodes as usize, 0);
        self.since[observer as usize] = now;
        self.open += 1;
    }

    fn close(&mut self) {
        self.open -= 1;
        if self.open == 0 {
            self.since = Vec::new();
        }
    }
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
            observing: 0,
            live_with: vec![0; count],
            wrong: 0,
            agreed_since: None,
            suspicions: (0..count).map(|_| Suspicions::default()).collect(),
            strangers: BTreeSet::new(),
        }
    }

    pub(super) fn get(&self, observer: u32, subject: u32) -> Belief {
        let word = self.pairs[observer as usize * self.words_per_row + subject as usize / 32];
        Belief::of(word >> (subject % 32 * 2))
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
        self.start_with(node, Belief::Unknown, now);
    }

    /// A node starts and is shown everybody who takes part.
    pub(super) fn on_start_knowing_all(&mut self, node: u32, now: u64) {
        self.start_with(node, Belief::Alive, now);
    }

    fn start_with(&mut self, node: u32, belief: Belief, now: u64) {
        let row = node as usize * self.words_per_row;
        let words = &mut self.pairs[row..row + self.words_per_row];
        for (word, suspicions) in words.iter_mut().zip(self.suspicions.chunks_mut(32)) {
            let mut suspects = *word >> 1 & !*word & LOW_BITS;
            while suspects != 0 {
                suspicions[suspects.trailing_zeros() as usize / 2].close();
                suspects &= suspects - 1;
            }
            *word = LOW_BITS * belief as u64;
        }
        self.set(node, node, Belief::Alive);
        self.strangers.retain(|&(observer, _)| observer != node);
        self.wrong -= self.wrong_about(node);
        self.running[node as usize] = true;
        self.observe(node);
        self.wrong += self.wrong_about(node);
        self.note(now);
    }

    pub(super) fn on_stop(&mut self, node: u32, now: u64) {
        self.wrong -= self.wrong_about(node);
        if self.observes(node) {
            self.observe_no_more(node);
        }
        self.running[node as usize] = false;
        self.paused[node as usize] = false;
        self.wrong += self.wrong_about(node);
        self.note(now);
    }

    /// A node that stands still cannot learn: its row does not count until it goes on. It runs all the same.
    pub(super) fn on_pause(&mut self, node: u32, now: u64) {
        self.observe_no_more(node);
        self.paused[node as usize] = true;
        self.note(now);
    }

    pub(super) fn on_resume(&mut self, node: u32, now: u64) {
        self.paused[node as usize] = false;
        self.observe(node);
        self.note(now);
    }

    /// How many of those that observe are wrong about a subject.
    fn wrong_about(&self, subject: u32) -> u64 {
        let live_with = self.live_with[subject as usize];
        u64::from(if self.is_running(subject) { self.observing - live_with } else { live_with })
    }

    /// The row of a node begins to count.
    fn observe(&mut self, node: u32) {
        self.observing += 1;
        self.wrong += self.count_row(node, |live_with| live_with + 1) + self.strangers_of(node);
    }

    /// The row of a node counts no more.
    fn observe_no_more(&mut self, node: u32) {
        self.observing -= 1;
        self.wrong -= self.count_row(node, |live_with| live_with - 1) + self.strangers_of(node);
    }

    /// How many that no node ever was a node holds live.
    fn strangers_of(&self, node: u32) -> u64 {
        let (first, last) = (NodeId::from_u128(0), NodeId::from_u128(u128::MAX));
        self.strangers.range((node, first)..=(node, last)).count() as u64
    }

    /// Counts a node in or out where it holds a subject live. Returns about how many it is wrong.
    fn count_row(&mut self, node: u32, counted: impl Fn(u32) -> u32) -> u64 {
        let row = node as usize * self.words_per_row;
        let words = &self.pairs[row..row + self.words_per_row];
        let subjects = self.live_with.chunks_mut(32).zip(self.running.chunks(32));
        let mut wrong = 0;
        for (&word, (live_with, running)) in words.iter().zip(subjects) {
            for (place, (live_with, &runs)) in live_with.iter_mut().zip(running).enumerate() {
                let live = Belief::of(word >> (place * 2)).is_live();
                if live {
                    *live_with = counted(*live_with);
                }
                wrong += u64::from(live != runs);
            }
        }
        wrong
    }

    pub(super) fn on_change(&mut self, observer: u32, subject: u32, health: Health, now: u64) {
        let belief = match health {
            Health::Alive => Belief::Alive,
            Health::Suspect => Belief::Suspect,
            Health::Dead | Health::Left | Health::Removed => Belief::Gone,
        };
        let before = self.get(observer, subject);
        self.set(observer, subject, belief);
        let suspicions = &mut self.suspicions[subject as usize];
        match (before == Belief::Suspect, belief == Belief::Suspect) {
            (false, true) => suspicions.open(observer, self.nodes, now),
            (true, false) => suspicions.close(),
            (false, false) | (true, true) => {}
        }
        if before.is_live() != belief.is_live() && self.observes(observer) {
            let live_with = &mut self.live_with[subject as usize];
            *live_with = if belief.is_live() { *live_with + 1 } else { *live_with - 1 };
            let right = belief.is_live() == self.running[subject as usize];
            self.wrong = if right { self.wrong - 1 } else { self.wrong + 1 };
            self.note(now);
        }
    }

    /// An observer says something of somebody that no node ever was; to hold it live is to be wrong.
    pub(super) fn on_stranger(&mut self, observer: u32, id: NodeId, health: Health, now: u64) {
        let key = (observer, id);
        let changed = if health.is_live() { self.strangers.insert(key) } else { self.strangers.remove(&key) };
        if changed && self.observes(observer) {
            self.wrong = if health.is_live() { self.wrong + 1 } else { self.wrong - 1 };
            self.note(now);
        }
    }

    fn note(&mut self, now: u64) {
        self.agreed_since = if self.wrong == 0 { self.agreed_since.or(Some(now)) } else { None };
    }

    /// Since when an observer has suspected a subject without a break.
    pub(super) fn suspect_since(&self, observer: u32, subject: u32) -> Option<u64> {
        let suspects = self.get(observer, subject) == Belief::Suspect;
        suspects.then(|| self.suspicions[subject as usize].since[observer as usize])
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
