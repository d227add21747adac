//! From what was measured to what is reported: metrics, expectations, verdict.

use std::collections::{BTreeMap, BTreeSet};

use quidnunc_core::Stats;

use super::crashes::Tally;
use super::rates::Spent;
use super::{Measure, Mistake};
use crate::result::{FaultResult, Measured, Packets, RunResult, Verdict, evaluate};
use crate::scenario::{Across, Anchor, Edge, Expect, Metric, Scenario, Scope};
use crate::stats::Samples;

/// Which samples of a metric are asked for.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    metric: Metric,
    /// Only those of this fault.
    fault: Option<usize>,
    /// Counted from this instant.
    after: Option<u64>,
    scope: Scope,
    /// Only those of these nodes; of nobody is of all.
    nodes: &'a [u32],
    /// Of how many something was not so that was to be seen.
    unlike: usize,
}

impl<'a> Asked<'a> {
    /// What an expectation is about.
    fn by(expect: &Expect, scenario: &Scenario, nodes: &'a [u32], unlike: usize) -> Self {
        let instant = |Anchor { fault, edge }| match edge {
            Edge::Start => scenario.faults[fault].at_ns,
            Edge::End => scenario.fault_end_ns(fault).unwrap_or(scenario.run.duration_ns),
        };
        let &Expect { metric, fault, scope, .. } = expect;
        Self { metric, fault, after: expect.after.map(instant), scope, nodes, unlike }
    }
}

impl Measure {
    /// Ends the measuring at `now` and says what came out. `nodes` says of which each expectation is. What the
    /// world counts itself is left zero.
    pub(crate) fn finish(
        mut self,
        scenario: &Scenario,
        nodes: &[Vec<u32>],
        (now, faults): (u64, &[FaultResult]),
    ) -> RunResult {
        self.links.finish();
        self.standings.finish(now);
        let of = |(number, expect): (usize, &Expect)| {
            self.select(Asked::by(expect, scenario, &nodes[number], self.looked[number]))
        };
        let measured: Vec<Measured> = scenario.expects.iter().enumerate().map(of).collect();
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
            metrics: Metric::ALL.iter().map(|&metric| (metric.name(), self.whole(scenario, metric))).collect(),
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
    fn whole(&self, scenario: &Scenario, metric: Metric) -> Measured {
        let looks = scenario.expects.iter().zip(&self.looked).filter(|(expect, _)| expect.metric == metric);
        let unlike = looks.map(|(_, unlike)| unlike).sum();
        self.select(Asked { metric, fault: None, after: None, scope: Scope::All, nodes: &[], unlike })
    }

    fn select(&self, Asked { metric, fault, after, scope, nodes, unlike }: Asked<'_>) -> Measured {
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
            Metric::Standing | Metric::Loss | Metric::WhoGoes | Metric::Health => counter(unlike),
            Metric::QuorumChanges => plain(self.standings.changes(nodes)),
            Metric::QuorumLost => missable(self.standings.lost(nodes, after.unwrap_or(0))),
            Metric::QuorumGained => missable(self.standings.gained(nodes, after.unwrap_or(0))),
            Metric::QuorumOverlap => plain(self.standings.overlap.clone()),
            Metric::QuorumBothSides => counter(self.standings.both_sides),
            Metric::QuorumRefused => counter(self.standings.refused),
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
    datagrams_outside,
    datagrams_sent,
    bytes_sent,
    records_refused,
    answers_unexpected,
    intents_dropped,
    notes_dropped,
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
