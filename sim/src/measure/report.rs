//! From what was measured to what is reported: metrics, expectations, verdict.

use std::collections::{BTreeMap, BTreeSet};

use quidnunc_core::Stats;

use super::crashes::Tally;
use super::rates::Spent;
use super::{Measure, Mistake};
use crate::result::{FaultResult, Measured, Packets, RunResult, Verdict, evaluate};
use crate::scenario::{Across, Anchor, Edge, Expect, Metric, Scenario, Scope};
use crate::stats::Samples;

impl Measure {
    /// Ends the measuring at `now` and says what came out. What the world counts itself is left zero.
    pub(crate) fn finish(mut self, scenario: &Scenario, now: u64, faults: &[FaultResult]) -> RunResult {
        self.links.finish();
        self.standings.finish(now);
        let all = scenario.expects.iter().enumerate();
        let measured: Vec<Measured> = all.map(|(number, expect)| self.of(scenario, number, expect)).collect();
        let held: Vec<_> = scenario.expects.iter().zip(&measured).map(|(expect, m)| evaluate(expect, m)).collect();
        let pooled = scenario.expects.iter().map(|expect| expect.across == Across::Pooled);
        RunResult {
            scenario: scenario.name.clone(),
            seed: 0,
            verdict: Verdict::of(&scenario.expects, &held, faults).max(Verdict::of_start(self.steady)),
            fingerprint: 0,
            nodes: scenario.nodes.count,
            sim_ns: now,
            events: 0,
            packets: Packets::default(),
            bytes_sent: 0,
            metrics: Metric::ALL.iter().map(|&metric| (metric.name(), self.metric(scenario, metric))).collect(),
            faults: faults.to_vec(),
            expectations: held,
            to_pool: measured
                .into_iter()
                .zip(pooled)
                .map(|(m, keep)| if keep { m } else { Measured::default() })
                .collect(),
            stats: named(&self.stats),
            steady: self.steady,
            panic: None,
        }
    }

    /// A metric over the whole run.
    fn metric(&self, scenario: &Scenario, metric: Metric) -> Measured {
        if metric.is_looked_at() {
            let of_it = scenario.expects.iter().zip(&self.looked).filter(|(expect, _)| expect.metric == metric);
            return counter(of_it.map(|(_, wrong)| wrong).sum());
        }
        self.select(metric, None, None, Scope::All)
    }

    /// The samples that one expectation is about.
    fn of(&self, scenario: &Scenario, number: usize, expect: &Expect) -> Measured {
        let after = expect.after.map(|Anchor { fault, edge }| match edge {
            Edge::Start => scenario.faults[fault].at_ns,
            Edge::End => scenario.fault_end_ns(fault).unwrap_or(scenario.run.duration_ns),
        });
        if expect.metric.is_looked_at() {
            return counter(self.looked[number]);
        }
        if expect.metric.is_of_quorum() {
            return self.quorum(expect.metric, &self.named[number], after);
        }
        self.select(expect.metric, expect.fault, after, expect.scope)
    }

    /// What is measured of the standings of these nodes; of nobody is of all.
    fn quorum(&self, metric: Metric, of: &[u32], after: Option<u64>) -> Measured {
        let (standings, after) = (&self.standings, after.unwrap_or(0));
        if metric == Metric::QuorumChanges {
            plain(standings.changes(of))
        } else if metric == Metric::QuorumLost {
            missable(standings.lost(of, after))
        } else if metric == Metric::QuorumGained {
            missable(standings.gained(of, after))
        } else if metric == Metric::QuorumOverlap {
            plain(standings.overlap.clone())
        } else if metric == Metric::QuorumBothSides {
            counter(standings.both_sides)
        } else {
            counter(standings.refused)
        }
    }

    fn select(&self, metric: Metric, fault: Option<usize>, after: Option<u64>, scope: Scope) -> Measured {
        if metric.is_of_infos() && !self.links.exist {
            return Measured { counter: metric.is_counter(), ..Measured::default() };
        }
        let mistakes = || self.mistakes.iter().filter(|mistake| mistake.is_in(scope));
        match metric {
            Metric::DetectionSuspect => missable(self.crashes.detection(fault).suspect),
            Metric::DetectionDead => missable(self.crashes.detection(fault).dead),
            Metric::DetectionObserver => missable(self.crashes.detection(fault).observer),
            Metric::DetectionFull => missable(self.crashes.detection(fault).full),
            Metric::FalsePositive => counter(mistakes().count()),
            Metric::FalsePositiveNodes => {
                counter(mistakes().map(|&Mistake { subject, boot, .. }| (subject, boot)).collect::<BTreeSet<_>>().len())
            }
            Metric::FalsePositiveHealthy => counter(mistakes().filter(|mistake| mistake.healthy).count()),
            Metric::Strangers => counter(self.strangers),
            Metric::Flaps => plain(self.history.flaps()),
            Metric::Healings => plain(self.healings.clone()),
            Metric::Converged => {
                let after = after.unwrap_or(0);
                plain(self.beliefs.agreed_since().map(|at| at.saturating_sub(after)).into_iter().collect())
            }
            Metric::Delivery => missable(self.copies.deliveries().0),
            Metric::DeliveryLast => missable(self.copies.deliveries().1),
            Metric::Staleness => plain(self.copies.staleness().clone()),
            Metric::Agreed => plain(self.copies.agreed(after).into_iter().collect()),
            Metric::WritesRefused => counter(self.copies.refused()),
            Metric::WritesSkipped => counter(self.copies.skipped()),
            Metric::Standing | Metric::Loss | Metric::WhoGoes | Metric::Health => counter(0),
            Metric::QuorumChanges
            | Metric::QuorumLost
            | Metric::QuorumGained
            | Metric::QuorumOverlap
            | Metric::QuorumBothSides
            | Metric::QuorumRefused => self.quorum(metric, &[], after),
            Metric::Hops if fault.is_some() => plain(self.crashes.detection(fault).hops),
            Metric::Hops => plain(self.hops.clone()),
            Metric::HopsLast => plain(self.history.last_hops()),
            Metric::BytesPerNode => plain(self.rates.bytes.clone()),
            Metric::BytesPerNodeRepair => plain(self.rates.bytes_on(Spent::Repair).clone()),
            Metric::BytesPerNodeJoin => plain(self.rates.bytes_on(Spent::Join).clone()),
            Metric::BytesPerNodeGossip => plain(self.rates.bytes_on(Spent::Gossip).clone()),
            Metric::BytesPerNodeProbe => plain(self.rates.bytes_on(Spent::Probe).clone()),
            Metric::BytesPerNodeState => plain(self.rates.bytes_on(Spent::State).clone()),
            Metric::BytesPerNodeInfo => plain(self.rates.bytes_on(Spent::Info).clone()),
            Metric::LinksAsked => plain(self.links.asked.clone()),
            Metric::LinksRefused => plain(self.links.refused.clone()),
            Metric::LinksRefusedPer1000 => plain(self.links.refused_per_1000().into_iter().collect()),
            Metric::LinksLastAsked => plain(self.links.last_asked(after).into_iter().collect()),
            Metric::LinksOutgoing => plain(self.links.most_outgoing()),
            Metric::LinksIncoming => plain(self.links.most_incoming()),
            Metric::LinksOverCap => counter(self.links.over_cap),
            Metric::LinksParts => plain(self.links.parts.clone()),
            Metric::LinksPartsEnd => plain(self.links.parts_end.into_iter().collect()),
            Metric::LinksJoined => plain(self.links.joined(after).into_iter().collect()),
            Metric::InfosConnected => plain(self.infos.connected(after).into_iter().collect()),
            Metric::InfosDelivery => plain(self.infos.delivery.clone()),
            Metric::InfosHops => plain(self.infos.hops.clone()),
            Metric::InfosHopsLast => plain(self.infos.hops_last.clone()),
            Metric::InfosMaxHops => plain(self.infos.max_hops.clone()),
            Metric::InfosCopiesPer1000 => plain(self.infos.copies.clone()),
            Metric::InfosOfTheGone => counter(self.infos.of_the_gone),
            Metric::InfosRefused => counter(self.infos.refused),
            Metric::PacketsPerNode => plain(self.rates.packets.clone()),
        }
    }
}

const fn plain(samples: Samples) -> Measured {
    Measured { samples, counter: false, missed: None }
}

fn missable(tally: Tally) -> Measured {
    Measured { samples: tally.samples, counter: false, missed: Some(tally.missed) }
}

fn counter(count: usize) -> Measured {
    Measured { samples: core::iter::repeat_n(0, count).collect(), counter: true, missed: None }
}

macro_rules! counters {
    ($($name:ident),+ $(,)?) => {
        /// Adds one node's counters to the sum.
        pub(super) const fn add(sum: &mut Stats, node: &Stats) {
            $(sum.$name += node.$name;)+
        }

        /// The counters by name.
        fn named(stats: &Stats) -> BTreeMap<&'static str, u64> {
            // Exhaustive, so that a new counter cannot be forgotten here.
            let Stats { $($name),+ } = *stats;
            [$((stringify!($name), $name)),+].into()
        }
    };
}

counters!(
    datagrams_received,
    datagrams_rejected,
    datagrams_foreign,
    datagrams_sent,
    bytes_sent,
    records_refused,
    answers_unexpected,
    intents_dropped,
    rumours_dropped,
    clock_backwards,
    freezes,
    suspicions,
    convictions,
    convictions_put_off,
    links_asked,
    links_refused,
    links_unanswered,
    links_swapped,
    links_evicted,
    links_dropped,
    infos_received,
    infos_news,
    infos_refused,
    nacks_missed,
    refutations,
    repairs,
    repaired,
    forgotten,
    state_repairs,
    changes_taken,
    changes_refused,
    takeovers_refused,
    streams_opened,
    streams_refused,
    streams_expired,
    stream_bytes_sent,
    answers_by_stream,
);
