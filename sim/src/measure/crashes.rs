//! How long did each crash take to be noticed, by whom, and over how many hops did the news travel?
//!
//! A crash's observers are the nodes that held the victim live when it crashed and ran unpaused from then on. Its
//! sample ends when the victim starts again.

use quidnunc_core::{Health, MemberChange};

use super::beliefs::{Belief, Beliefs};
use crate::stats::Samples;

/// No observer, or one that stopped itself.
const NOT_WATCHING: u64 = u64::MAX;
/// An observer that does not know yet.
const WAITING: u64 = u64::MAX - 1;

/// One crash of one life of one node.
#[derive(Debug)]
struct Crash {
    fault: usize,
    boot: u64,
    at: u64,
    /// Per node: when it held the victim dead.
    dead_at: Vec<u64>,
    /// Per node: whether it was told of the crash already.
    told: Vec<bool>,
    first_suspect: Option<u64>,
    hops: Samples,
}

/// All crashes of a run.
#[derive(Debug)]
pub(super) struct Crashes {
    crashes: Vec<Crash>,
    /// Per node that is down: its crash.
    open: Vec<Option<usize>>,
}

/// The metrics that crashes give.
#[derive(Debug, Default)]
pub(super) struct Detection {
    pub(super) suspect: Tally,
    pub(super) dead: Tally,
    pub(super) observer: Tally,
    pub(super) full: Tally,
    pub(super) hops: Samples,
}

/// Samples, and how many never came.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) samples: Samples,
    pub(super) missed: u64,
}

impl Tally {
    pub(super) fn add(&mut self, sample: Option<u64>) {
        match sample {
            Some(value) => self.samples.record(value),
            None => self.missed += 1,
        }
    }
}

impl Crashes {
    pub(super) fn new(nodes: u32) -> Self {
        Self { crashes: Vec::new(), open: vec![None; nodes as usize] }
    }

    pub(super) fn on_crash(&mut self, fault: usize, (victim, boot): (u32, u64), now: u64, beliefs: &Beliefs) {
        // Whoever crashes was no observer of what it had not noticed yet.
        for crash in &mut self.crashes {
            let seen = &mut crash.dead_at[victim as usize];
            if *seen == WAITING {
                *seen = NOT_WATCHING;
            }
        }
        let mut first_suspect = None;
        let dead_at = (0..beliefs.nodes()).map(|observer| match beliefs.get(observer, victim) {
            _ if observer == victim || !beliefs.observes(observer) => NOT_WATCHING,
            Belief::Unknown | Belief::Gone => NOT_WATCHING,
            Belief::Alive => WAITING,
            Belief::Suspect => {
                first_suspect = Some(now);
                WAITING
            }
        });
        let dead_at = dead_at.collect();
        let told = vec![false; self.open.len()];
        self.open[victim as usize] = Some(self.crashes.len());
        self.crashes.push(Crash { fault, boot, at: now, dead_at, told, first_suspect, hops: Samples::default() });
    }

    /// The victim is back: what has not been noticed by now never will be.
    pub(super) fn on_restart(&mut self, node: u32) {
        self.open[node as usize] = None;
    }

    /// Whoever stands still is no observer of what it had not noticed yet.
    pub(super) fn on_pause(&mut self, node: u32) {
        for number in self.open.iter().copied().flatten() {
            let seen = &mut self.crashes[number].dead_at[node as usize];
            if *seen == WAITING {
                *seen = NOT_WATCHING;
            }
        }
    }

    pub(super) fn on_change(&mut self, observer: u32, subject: u32, change: &MemberChange, now: u64) {
        let Some(number) = self.open[subject as usize] else { return };
        let crash = &mut self.crashes[number];
        let bad = matches!(change.health, Health::Suspect | Health::Dead);
        // An observer that never heard of the latest life knows of the crash when it gives up an earlier one.
        if !bad || change.incarnation.boot > crash.boot {
            return;
        }
        let place = observer as usize;
        if !core::mem::replace(&mut crash.told[place], true) && change.hops > 0 {
            crash.hops.record(u64::from(change.hops));
        }
        if crash.dead_at[place] == NOT_WATCHING {
            return;
        }
        crash.first_suspect.get_or_insert(now);
        if change.health == Health::Dead && crash.dead_at[place] == WAITING {
            crash.dead_at[place] = now;
        }
    }

    /// The metrics of all crashes, or of those of one fault.
    pub(super) fn detection(&self, fault: Option<usize>) -> Detection {
        let mut detection = Detection::default();
        for crash in self.crashes.iter().filter(|crash| fault.is_none_or(|fault| crash.fault == fault)) {
            let watching = || crash.dead_at.iter().copied().filter(|&at| at != NOT_WATCHING);
            if watching().next().is_none() {
                continue;
            }
            let known = || watching().filter(|&at| at != WAITING);
            let since = |at: u64| at - crash.at;
            detection.suspect.add(crash.first_suspect.map(since));
            detection.dead.add(known().min().map(since));
            watching().for_each(|at| detection.observer.add((at != WAITING).then(|| since(at))));
            let all = watching().all(|at| at != WAITING);
            detection.full.add(known().max().filter(|_| all).map(since));
            detection.hops.merge(&crash.hops);
        }
        detection
    }
}
