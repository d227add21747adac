//! What came out: one run as plain data, what it says, and its JSON.

mod evaluate;
mod json;
mod pool;
mod verdict;

use std::collections::BTreeMap;

use crate::stats::{Samples, Summary};

pub use evaluate::evaluate;
pub use json::many_to_json;
pub use pool::{Pooled, pool};
pub use verdict::ExitCode;

/// One run of one scenario with one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct RunResult {
    /// Name of the scenario.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// What the run says about the claim.
    pub verdict: Verdict,
    /// Order-sensitive hash of everything that every node received and sent.
    pub fingerprint: u64,
    /// How many nodes took part.
    pub nodes: u32,
    /// Instant of the last event, in nanoseconds from the start.
    pub sim_ns: u64,
    /// How many events the engine handled.
    pub events: u64,
    /// What became of the packets.
    pub packets: Packets,
    /// UDP payload handed to the network, in bytes.
    pub bytes_sent: u64,
    /// Every metric's samples, by its name in the contract.
    pub metrics: BTreeMap<&'static str, Measured>,
    /// Every fault, in file order, and how often it changed anything.
    pub faults: Vec<FaultResult>,
    /// Every expectation, in file order.
    pub expectations: Vec<ExpectResult>,
    /// Per expectation the samples that it is about, for those over all seeds; the others have none here.
    pub to_pool: Vec<Measured>,
    /// Counters of the protocol summed over all nodes, by name.
    pub stats: BTreeMap<&'static str, u64>,
    /// Whether everybody agreed when the first fault began. `None` if the scenario does not ask, or if the run
    /// panicked.
    pub steady: Option<bool>,
    /// Why a node panicked, if one did.
    pub panic: Option<String>,
}

/// What a run says about the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every expectation holds.
    Pass,
    /// It says nothing: a fault never bit, an expectation has no sample, or the start was not steady.
    Unknown,
    /// Something that had to settle did not in time.
    Unsettled,
    /// An expectation does not hold.
    Fail,
    /// The protocol panicked.
    Panic,
}

/// What became of the packets: sent + duplicated + injected = delivered + dropped + in flight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Packets {
    /// Handed to the network by nodes.
    pub sent: u64,
    /// Added by the network.
    pub duplicated: u64,
    /// Added by faults; `None` if the scenario has none that adds any.
    pub injected: Option<u64>,
    /// Handed to a running node.
    pub delivered: u64,
    /// Lost, cut, or addressed to a node that does not run.
    pub dropped: u64,
    /// Still under way at the end.
    pub in_flight: u64,
}

impl Packets {
    /// All that ever were under way.
    #[must_use]
    pub fn entered(&self) -> u128 {
        [self.sent, self.duplicated, self.injected.unwrap_or(0)].into_iter().map(u128::from).sum()
    }

    /// All that are accounted for.
    #[must_use]
    pub fn left(&self) -> u128 {
        [self.delivered, self.dropped, self.in_flight].into_iter().map(u128::from).sum()
    }
}

/// One metric of one run: its samples, and what could not be sampled.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// The samples. A pure counter has its events as samples of value 0 and shows only `count`.
    pub samples: Samples,
    /// Whether only the number of samples means anything.
    pub counter: bool,
    /// Samples that never came (a crash that nobody noticed), for metrics that can miss.
    pub missed: Option<u64>,
}

/// One fault and how often it changed anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultResult {
    /// Its id in the file.
    pub id: String,
    /// Packets changed or nodes stopped.
    pub bit: u64,
}

/// One expectation and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectResult {
    /// Its id in the file.
    pub id: String,
    /// Name of the metric.
    pub metric: &'static str,
    /// Name of the statistic.
    pub stat: &'static str,
    /// `max`, `min` or `equals`.
    pub op: &'static str,
    /// The bound.
    pub bound: u64,
    /// Name of the unit of bound and value.
    pub unit: &'static str,
    /// The number that was held against the bound; `None` without a sample.
    pub value: Option<u64>,
    /// Whether it holds; `None` without a sample.
    pub ok: Option<bool>,
}

impl Measured {
    /// Adds the samples of another run.
    fn add(&mut self, other: &Self) {
        self.samples.merge(&other.samples);
        self.counter |= other.counter;
        if let Some(missed) = other.missed {
            *self.missed.get_or_insert(0) += missed;
        }
    }

    /// The statistics of the samples.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.samples.summary()
    }
}
