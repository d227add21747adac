//! How long does a write take to each observer?
//!
//! An observer of a write runs unpaused from then on until it shows it or a later one of the same key. Of a
//! deletion only whoever shows the key is one: who shows nothing has nothing to lose, and will not be told of what
//! was deleted before it heard of it. What ends by itself before an observer has it was not delivered.

use super::crashes::Tally;
use crate::stats::Samples;

/// What became of one write, or of what else happened to a key and has no observers.
#[derive(Debug, Clone, Copy, Default)]
struct Delivery {
    at: u64,
    /// Observers that do not show it yet.
    waiting: u32,
    /// Time to the latest of those that do.
    last: Option<u64>,
}

/// All writes of one key.
#[derive(Debug)]
pub(super) struct Deliveries {
    writes: Vec<Delivery>,
    /// Per node: the first write that it may still show for the first time.
    due: Vec<u32>,
    /// Writes before this place are of an earlier life of their owner: whoever lacks them may lack them for ever.
    life: usize,
}

/// What an observer is to a write that has just happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It has to show it.
    Observer,
    /// It has not, nor any write before.
    Nobody,
}

impl Deliveries {
    pub(super) fn new(nodes: usize) -> Self {
        Self { writes: Vec::new(), due: vec![0; nodes], life: 0 }
    }

    /// A write happens, of which each node is this.
    pub(super) fn on_write(&mut self, now: u64, role: impl Fn(usize) -> Role) {
        self.writes.push(Delivery { at: now, waiting: 0, last: None });
        for node in 0..self.due.len() {
            match role(node) {
                Role::Observer => self.last_mut().waiting += 1,
                Role::Nobody => self.excuse_at(node, self.writes.len() - 1),
            }
        }
    }

    fn last_mut(&mut self) -> &mut Delivery {
        self.writes.last_mut().expect("a write was just pushed")
    }

    /// Something happens that is no write: nobody has to show it.
    pub(super) fn on_loss(&mut self, now: u64) {
        self.on_write(now, |_| Role::Nobody);
    }

    /// The owner begins a new life.
    pub(super) fn on_new_life(&mut self) {
        (0..self.due.len()).for_each(|node| self.excuse(node));
        self.life = self.writes.len();
    }

    /// A node need not show any write that it has not shown yet.
    pub(super) fn excuse(&mut self, node: usize) {
        self.excuse_at(node, self.writes.len());
    }

    /// The writes before `end` that a node lacks lose it as an observer; those behind never had it.
    fn excuse_at(&mut self, node: usize, end: usize) {
        let due = self.due[node] as usize;
        self.writes[due.min(end)..end].iter_mut().for_each(|write| write.waiting -= 1);
        self.due[node] = self.next();
    }

    fn next(&self) -> u32 {
        u32::try_from(self.writes.len()).expect("a key is written fewer than 2^32 times")
    }

    /// An observer shows a write. Samples are kept of the writes that happened at `from` or later.
    pub(super) fn on_shown(&mut self, node: usize, place: usize, (now, from): (u64, u64), samples: &mut Samples) {
        let due = self.due[node] as usize;
        if place < due {
            return;
        }
        for write in &mut self.writes[due..=place] {
            write.waiting -= 1;
            write.last = Some(now - write.at);
            if write.at >= from {
                samples.record(now - write.at);
            }
        }
        self.due[node] = u32::try_from(place + 1).expect("a place of a write fits");
    }

    /// Adds how many samples never came, and the last sample of each write, of those that happened at `from` or
    /// later. An owner that does not run has nothing to answer for.
    pub(super) fn tally(&self, from: u64, owner_runs: bool, all: &mut Tally, last: &mut Tally) {
        for (place, write) in self.writes.iter().enumerate().filter(|(_, write)| write.at >= from) {
            let missed = if owner_runs && place >= self.life { write.waiting } else { 0 };
            all.missed += u64::from(missed);
            if missed > 0 {
                last.add(None);
            } else if write.last.is_some() {
                last.add(write.last);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tallied(key: &Deliveries, samples: &Samples) -> (Vec<u64>, [u64; 3]) {
        let (mut all, mut last) = (Tally::default(), Tally::default());
        key.tally(0, true, &mut all, &mut last);
        let stats = samples.summary().stats;
        let range = stats.map_or_else(Vec::new, |stats| vec![stats.min, stats.max]);
        (range, [all.missed, last.samples.count(), last.missed])
    }

    #[test]
    fn a_later_write_delivers_those_before_it() {
        let (mut key, mut samples) = (Deliveries::new(3), Samples::default());
        let others = |node: usize| if node == 0 { Role::Nobody } else { Role::Observer };
        key.on_write(10, others);
        key.on_write(20, others);
        key.on_shown(1, 0, (15, 0), &mut samples);
        key.on_shown(1, 1, (25, 0), &mut samples);
        assert_eq!(tallied(&key, &samples), (vec![5, 5], [2, 0, 2]));
        key.on_shown(2, 1, (40, 0), &mut samples);
        key.on_shown(2, 0, (50, 0), &mut samples);
        assert_eq!(tallied(&key, &samples), (vec![5, 30], [0, 2, 0]));
        assert_eq!(samples.count(), 4);
    }

    #[test]
    fn who_is_excused_is_not_missed_and_gives_no_sample() {
        let (mut key, mut samples) = (Deliveries::new(3), Samples::default());
        key.on_write(10, |_| Role::Observer);
        key.on_shown(0, 0, (11, 0), &mut samples);
        key.excuse(1);
        key.on_write(20, |node| if node == 2 { Role::Nobody } else { Role::Observer });
        key.on_shown(2, 1, (29, 0), &mut samples);
        assert_eq!(tallied(&key, &samples), (vec![1, 1], [2, 1, 1]));
        key.on_new_life();
        key.on_loss(30);
        key.on_shown(0, 1, (31, 0), &mut samples);
        assert_eq!(tallied(&key, &samples), (vec![1, 1], [0, 1, 0]));
    }
}
