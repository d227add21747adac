//! Who shows what of whose keys? And since when does every running node show what the running owners do?
//!
//! A number per key and node, kept up by what nodes report; what a node reports of its own keys is the truth about
//! them. How many pairs are wrong, and since when each of them is, is kept up with every report, so that the instant
//! of agreement is exact and the oldest lack is at hand: nothing is ever scanned for them but by a node that
//! starts, stops, stands still or goes on, and by a write, which has to reach every node anyway.

use std::collections::BTreeMap;

use super::crashes::Tally;
use super::delivery::{Deliveries, Role};
use super::written::{Shown, Written};
use crate::scenario::Scenario;
use crate::stats::Samples;

/// One key of one owner.
#[derive(Debug)]
struct Key {
    written: Written,
    /// Per node.
    shown: Vec<Shown>,
    deliveries: Deliveries,
}

/// Everybody's copies of everybody's keys.
#[derive(Debug)]
pub(super) struct Copies {
    nodes: usize,
    keys_per_node: usize,
    /// Every key of every owner that was ever written, owner after owner.
    keys: Vec<Option<Box<Key>>>,
    running: Vec<bool>,
    /// Which nodes run and do not stand still.
    observing: Vec<bool>,
    /// When each node started; it lacks nothing for longer than that.
    started: Vec<u64>,
    /// Per instant: how many pairs of one that observes and a key lack what was written then, and nothing earlier; or,
    /// if the node started later, since when it lacks it.
    /// Only keys of running owners count.
    wrong: BTreeMap<u64, u64>,
    agreed_since: Option<u64>,
    first_write: Option<u64>,
    /// The write that is being made: owner, key.
    writing: Option<(u32, u32)>,
    warmup_ns: u64,
    delivery: Samples,
    staleness: Samples,
    refused: usize,
    skipped: usize,
}

/// What one report says: an owner's key, its version, its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Report<'a> {
    pub(super) owner: u32,
    pub(super) key: &'a [u8],
    pub(super) version: u64,
    pub(super) value: Option<&'a [u8]>,
}

impl Copies {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let nodes = scenario.nodes.count as usize;
        let keys_per_node = scenario.writes.iter().map(|write| write.keys as usize).max().unwrap_or(0);
        Self {
            nodes,
            keys_per_node,
            keys: (0..nodes * keys_per_node).map(|_| None).collect(),
            running: vec![false; nodes],
            observing: vec![false; nodes],
            started: vec![0; nodes],
            wrong: BTreeMap::new(),
            agreed_since: None,
            first_write: None,
            writing: None,
            warmup_ns: scenario.run.warmup_ns,
            delivery: Samples::default(),
            staleness: Samples::default(),
            refused: 0,
            skipped: 0,
        }
    }

    /// A node starts with an empty memory.
    pub(super) fn on_start(&mut self, node: u32, now: u64) {
        let node = node as usize;
        for key in self.keys.iter_mut().flatten() {
            key.shown[node] = Shown::Nothing;
            key.deliveries.excuse(node);
        }
        let own = self.keys_of(node);
        for key in self.keys[own].iter_mut().flatten() {
            let before = key.written.len();
            key.written.lose(now);
            key.deliveries.on_new_life();
            if key.written.len() > before {
                key.deliveries.on_loss(now);
            }
        }
        self.started[node] = now;
        self.running[node] = true;
        self.observing[node] = true;
        self.count_rows_of(node, true);
        self.count_column(node, true);
        self.note(now);
    }

    pub(super) fn on_stop(&mut self, node: u32, now: u64) {
        let node = node as usize;
        self.observe_no_more(node);
        self.count_rows_of(node, false);
        self.running[node] = false;
        self.note(now);
    }

    /// A node that stands still shows nothing to anybody; it still has its keys.
    pub(super) fn on_pause(&mut self, node: u32, now: u64) {
        self.observe_no_more(node as usize);
        self.note(now);
    }

    pub(super) fn on_resume(&mut self, node: u32, now: u64) {
        self.observing[node as usize] = true;
        self.count_column(node as usize, true);
        self.note(now);
    }

    fn observe_no_more(&mut self, node: usize) {
        if core::mem::replace(&mut self.observing[node], false) {
            self.count_column(node, false);
            self.keys.iter_mut().flatten().for_each(|key| key.deliveries.excuse(node));
        }
    }

    fn keys_of(&self, owner: usize) -> core::ops::Range<usize> {
        owner * self.keys_per_node..(owner + 1) * self.keys_per_node
    }

    /// Counts what everybody lacks of the keys of an owner in or out.
    fn count_rows_of(&mut self, owner: usize, counted: bool) {
        self.keys_of(owner).for_each(|place| self.count_row(place, counted));
    }

    /// Counts what everybody lacks of a key in or out; nobody lacks what is its own.
    fn count_row(&mut self, place: usize, counted: bool) {
        let Some(key) = &self.keys[place] else { return };
        let owner = place / self.keys_per_node;
        if !self.running[owner] {
            return;
        }
        let others = (0..self.nodes).filter(|&node| self.observing[node] && node != owner);
        let lacks = |node: usize| Some(key.written.lacks_since(key.shown[node])?.max(self.started[node]));
        others.filter_map(lacks).for_each(|since| count(&mut self.wrong, since, counted));
    }

    /// Counts what a node lacks of the keys of everybody else in or out.
    fn count_column(&mut self, node: usize, counted: bool) {
        for (place, key) in self.keys.iter().enumerate() {
            let owner = place / self.keys_per_node;
            if let Some(key) = key
                && owner != node
                && self.running[owner]
                && let Some(since) = key.written.lacks_since(key.shown[node])
            {
                count(&mut self.wrong, since.max(self.started[node]), counted);
            }
        }
    }

    /// A node is about to say what became of a write of its own, which it has taken or refused.
    pub(super) fn on_write(&mut self, (owner, key): (u32, u32), taken: bool, now: u64) {
        if taken {
            self.writing = Some((owner, key));
            self.first_write.get_or_insert(now);
        } else {
            self.refused += 1;
        }
    }

    /// It has said it.
    pub(super) const fn on_written(&mut self) {
        self.writing = None;
    }

    pub(super) const fn on_skipped(&mut self) {
        self.skipped += 1;
    }

    /// A node reports what a key stands for.
    pub(super) fn on_report(&mut self, observer: u32, report: Report<'_>, now: u64) {
        let number = number_of(report.key).filter(|&key| (key as usize) < self.keys_per_node);
        // Other keys are none of the scenario's.
        let Some(number) = number else { return };
        let place = report.owner as usize * self.keys_per_node + number as usize;
        if observer == report.owner {
            self.on_own_report(place, number, report, now);
        } else {
            self.on_copy_report(place, observer as usize, report, now);
        }
        self.note(now);
    }

    fn on_own_report(&mut self, place: usize, number: u32, report: Report<'_>, now: u64) {
        let (owner, nodes) = (report.owner as usize, self.nodes);
        self.count_row(place, false);
        let key = self.keys[place].get_or_insert_with(|| Box::new(Key::new(nodes)));
        if self.writing == Some((report.owner, number)) {
            key.written.write(report.version, report.value, now);
            let (shown, observing, deletes) = (&key.shown, &self.observing, report.value.is_none());
            key.deliveries.on_write(now, |node| {
                let excused = node == owner || !observing[node] || (deletes && !shown[node].is_value());
                if excused { Role::Nobody } else { Role::Observer }
            });
        } else if report.value.is_none() {
            key.written.end();
        }
        key.shown[owner] = key.written.told(report.version, report.value).shown;
        self.count_row(place, true);
    }

    fn on_copy_report(&mut self, place: usize, observer: usize, report: Report<'_>, now: u64) {
        let nodes = self.nodes;
        let key = self.keys[place].get_or_insert_with(|| Box::new(Key::new(nodes)));
        let told = key.written.told(report.version, report.value);
        let before = core::mem::replace(&mut key.shown[observer], told.shown);
        if let Some(up_to) = told.up_to {
            key.deliveries.on_shown(observer, up_to, (now, self.warmup_ns), &mut self.delivery);
        }
        if !told.shown.is_value() && !key.written.has_value() {
            // A deletion that is still under way will not be told of.
            key.deliveries.excuse(observer);
        }
        if self.running[report.owner as usize] && self.observing[observer] {
            for (shown, counted) in [(before, false), (told.shown, true)] {
                if let Some(since) = key.written.lacks_since(shown) {
                    count(&mut self.wrong, since.max(self.started[observer]), counted);
                }
            }
        }
    }

    fn note(&mut self, now: u64) {
        self.agreed_since = if self.wrong.is_empty() { self.agreed_since.or(Some(now)) } else { None };
    }

    /// A second ends.
    pub(super) fn on_window(&mut self, now: u64) {
        if self.first_write.is_some() && now >= self.warmup_ns.saturating_add(1_000_000_000) {
            let oldest = self.wrong.first_key_value().map_or(now, |(&since, _)| since);
            self.staleness.record(now - oldest);
        }
    }

    /// How long it took from `after`, or else from the first write, until everybody agreed for good.
    pub(super) fn agreed(&self, after: Option<u64>) -> Option<u64> {
        let from = after.or(self.first_write);
        // Without a write there is nothing to agree on.
        let first_write = self.first_write;
        first_write.and(self.agreed_since).zip(from).map(|(at, from)| at.saturating_sub(from))
    }

    pub(super) const fn staleness(&self) -> &Samples {
        &self.staleness
    }

    pub(super) const fn refused(&self) -> usize {
        self.refused
    }

    pub(super) const fn skipped(&self) -> usize {
        self.skipped
    }

    /// The samples of all pairs of a write and an observer, and those of the last observer of each write.
    pub(super) fn deliveries(&self) -> (Tally, Tally) {
        let mut all = Tally { samples: self.delivery.clone(), missed: 0 };
        let mut last = Tally::default();
        for (place, key) in self.keys.iter().enumerate() {
            if let Some(key) = key {
                let runs = self.running[place / self.keys_per_node];
                key.deliveries.tally(self.warmup_ns, runs, &mut all, &mut last);
            }
        }
        (all, last)
    }
}

impl Key {
    fn new(nodes: usize) -> Self {
        Self { written: Written::default(), shown: vec![Shown::Nothing; nodes], deliveries: Deliveries::new(nodes) }
    }
}

/// Counts a lack in or out.
fn count(wrong: &mut BTreeMap<u64, u64>, since: u64, counted: bool) {
    let pairs = wrong.entry(since).or_default();
    if counted {
        *pairs += 1;
    } else {
        *pairs -= 1;
        if *pairs == 0 {
            wrong.remove(&since);
        }
    }
}

/// The number of a key of the scenario: `k17` is 17.
fn number_of(key: &[u8]) -> Option<u32> {
    let digits = key.strip_prefix(b"k").filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    core::str::from_utf8(digits).ok()?.parse().ok()
}
