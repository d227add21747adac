//! Which tables do the report of one run and the report of many have in common?

use std::collections::BTreeMap;
use std::ops::Range;

use comfy_table::{Cell, CellAlignment, Table};
use quidnunc_terminal::table;

use super::quantity::{grouped, margin, quantity};
use crate::result::{ExpectResult, Measured, RunResult, Verdict};
use crate::scenario::{Across, Expect, Metric, Scenario, Unit};

/// The metrics in the order in which a reader wants them: noticed, told, paid, mistaken.
const STORY: [(Metric, &str); 53] = [
    (Metric::DetectionSuspect, "first suspect"),
    (Metric::DetectionDead, "first dead"),
    (Metric::DetectionObserver, "dead, each observer"),
    (Metric::DetectionFull, "dead, all observers"),
    (Metric::Converged, "all agree since"),
    (Metric::Delivery, "written, each observer"),
    (Metric::DeliveryLast, "written, all observers"),
    (Metric::Staleness, "oldest lack"),
    (Metric::Agreed, "all show the same since"),
    (Metric::InfosConnected, "infos of all known to all"),
    (Metric::InfosDelivery, "infos, each node"),
    (Metric::InfosHops, "  hops to each node"),
    (Metric::InfosHopsLast, "  hops to the last, at rest"),
    (Metric::InfosMaxHops, "  most hops, at rest"),
    (Metric::InfosCopiesPer1000, "  copies of 1000, at rest"),
    (Metric::InfosRefused, "  refused"),
    (Metric::InfosOfTheGone, "  of nodes that are gone"),
    (Metric::LinksAsked, "links asked for, each node"),
    (Metric::LinksRefused, "  refused, each node"),
    (Metric::LinksRefusedPer1000, "  refused, 1000 nodes"),
    (Metric::LinksLastAsked, "  last asked for"),
    (Metric::LinksOutgoing, "most outgoing links"),
    (Metric::LinksIncoming, "most incoming links"),
    (Metric::LinksOverCap, "links beyond the cap"),
    (Metric::LinksParts, "parts after a crash"),
    (Metric::LinksPartsEnd, "parts at the end"),
    (Metric::LinksJoined, "links join all"),
    (Metric::QuorumGained, "quorum gained"),
    (Metric::QuorumLost, "quorum lost"),
    (Metric::QuorumChanges, "changes of standing"),
    (Metric::QuorumOverlap, "two sides in quorum"),
    (Metric::QuorumBothSides, "  too long after the cut"),
    (Metric::QuorumRefused, "configurations refused"),
    (Metric::Standing, "standings not as expected"),
    (Metric::Loss, "losses not as expected"),
    (Metric::WhoGoes, "who goes, not as expected"),
    (Metric::Health, "beliefs not as expected"),
    (Metric::Hops, "hops to each node"),
    (Metric::BytesPerNode, "bytes per node"),
    (Metric::BytesPerNodeRepair, "  for repairs"),
    (Metric::BytesPerNodeJoin, "  for joining"),
    (Metric::BytesPerNodeGossip, "  for gossip"),
    (Metric::BytesPerNodeProbe, "  for probes"),
    (Metric::BytesPerNodeState, "  for maps"),
    (Metric::BytesPerNodeInfo, "  for infos"),
    (Metric::PacketsPerNode, "packets per node"),
    (Metric::FalsePositive, "false positives"),
    (Metric::FalsePositiveNodes, "  distinct nodes"),
    (Metric::FalsePositiveHealthy, "  between healthy nodes"),
    (Metric::Healings, "members back, each node"),
    (Metric::Strangers, "strangers"),
    (Metric::WritesRefused, "writes refused"),
    (Metric::WritesSkipped, "writes skipped"),
];

/// A table of words, left, and numbers, right.
pub(super) struct Sheet {
    table: Table,
    numbers: Range<usize>,
}

impl Sheet {
    /// An empty table; `numbers` are the columns that hold numbers.
    pub(super) fn new<T: Into<String>>(numbers: Range<usize>, header: impl IntoIterator<Item = T>) -> Self {
        let mut sheet = Self { table: table(), numbers };
        let header = sheet.cells(header);
        sheet.table.set_header(header);
        sheet
    }

    pub(super) fn row<T: Into<String>>(&mut self, row: impl IntoIterator<Item = T>) {
        let row = self.cells(row);
        self.table.add_row(row);
    }

    /// The text, or nothing at all without a row. Ends with a newline.
    pub(super) fn text(&self) -> String {
        if self.table.is_empty() { String::new() } else { format!("{}\n", self.table.trim_fmt()) }
    }

    fn cells<T: Into<String>>(&self, texts: impl IntoIterator<Item = T>) -> Vec<Cell> {
        let side = |index| {
            if self.numbers.contains(&index) { CellAlignment::Right } else { CellAlignment::Left }
        };
        let cell = |(index, text): (usize, T)| Cell::new(text.into()).set_alignment(side(index));
        texts.into_iter().enumerate().map(cell).collect()
    }
}

/// `PASS`, `FAIL`, …: the word that a headline begins with.
pub(super) fn shout(verdict: Verdict) -> String {
    verdict.name().to_uppercase()
}

/// That not everybody agreed when it mattered, if so.
pub(super) fn not_steady(scenario: &Scenario, run: &RunResult) -> Option<String> {
    let at = quantity(scenario.steady_at_ns(), Unit::Nanoseconds.name());
    (run.steady == Some(false)).then(|| match scenario.first_fault() {
        Some(fault) => format!("not steady when {} began at {at}", fault.id),
        None => format!("not steady at the end of the warm-up at {at}"),
    })
}

/// What was measured: the metrics that have a place in the story first, the others under their own names.
/// Details are left out unless something is expected of them, or was counted that should not be; so are the metrics
/// of state in a run that wrote nothing.
pub(super) fn measured(metrics: &BTreeMap<&'static str, Measured>, expects: &[Expect]) -> String {
    let shown = |metric: Metric, measured: &Measured| {
        let counted = measured.counter && measured.samples.count() > 0;
        let empty = measured.samples.count() == 0 && measured.missed.unwrap_or(0) == 0;
        let untold = metric.is_detail()
            || ((metric.is_of_state() || metric.is_of_infos() || metric.is_of_quorum() || metric == Metric::Healings)
                && empty);
        !untold || counted || expects.iter().any(|expect| expect.metric == metric)
    };
    let mut sheet = Sheet::new(1..5, ["measured", "samples", "p50", "p99", "max"]);
    for (metric, label) in STORY {
        if let Some(measured) = metrics.get(metric.name()).filter(|measured| shown(metric, measured)) {
            sheet.row(measured_row(label, measured, metric.unit().name()));
        }
    }
    for (name, measured) in metrics {
        if !STORY.iter().any(|(metric, _)| metric.name() == *name) {
            sheet.row(measured_row(name, measured, ""));
        }
    }
    sheet.text()
}

fn measured_row(label: &str, measured: &Measured, unit: &str) -> [String; 5] {
    let summary = measured.summary();
    let count = match measured.missed {
        Some(missed) if missed > 0 => {
            format!("{} + {} missed", grouped(summary.count), grouped(missed))
        }
        _ => grouped(summary.count),
    };
    let stats = summary.stats.filter(|_| !measured.counter);
    let number = |value: Option<u64>| value.map_or_else(String::new, |value| quantity(value, unit));
    [
        label.to_owned(),
        count,
        number(stats.map(|stats| stats.p50)),
        number(stats.map(|stats| stats.p99)),
        number(stats.map(|stats| stats.max)),
    ]
}

/// What was expected and what came of it. `among` says over how many seeds the results are; an
/// expectation over all seeds pooled is not judged on one seed alone.
pub(super) fn expected(expects: &[Expect], results: &[ExpectResult], among: Among) -> String {
    let mut sheet = Sheet::new(2..5, ["", "expected", "value", "bound", "margin"]);
    for (index, result) in results.iter().enumerate() {
        let across = expects.get(index).map_or(Across::Each, |expect| expect.across);
        let (mark, name) = match (among, across) {
            (Among::OneSeed, Across::Pooled) => ("·", format!("{} (judged over all seeds)", result.id)),
            (Among::AllSeeds, Across::Pooled) => (mark(result.ok), format!("{} (pooled)", result.id)),
            (Among::OneSeed | Among::AllSeeds, Across::Each) => (mark(result.ok), result.id.clone()),
        };
        let [value, bound] = value_and_bound(result);
        let margin =
            result.value.filter(|_| !fails_by_missing(result)).and_then(|value| margin(value, result.bound, result.op));
        sheet.row([mark.to_owned(), name, value, bound, margin.unwrap_or_default()]);
    }
    sheet.text()
}

/// Over how many seeds a result is.
#[derive(Clone, Copy)]
pub(super) enum Among {
    OneSeed,
    AllSeeds,
}

/// `8.31 s` and `≤ 8 s`; exact when three digits would not tell them apart.
pub(super) fn value_and_bound(result: &ExpectResult) -> [String; 2] {
    let sign = match result.op {
        "max" => "≤",
        "min" => "≥",
        _ => "=",
    };
    let bound = quantity(result.bound, result.unit);
    let Some(number) = result.value else {
        let value = if result.ok.is_none() { "no sample" } else { "missed" };
        return [value.to_owned(), format!("{sign} {bound}")];
    };
    // Three digits would not show by how little it fails.
    let close = u128::from(number.abs_diff(result.bound)) * 200 < u128::from(result.bound);
    if close && number != result.bound && result.ok == Some(false) && !fails_by_missing(result) {
        let exact = |number| format!("{} {}", grouped(number), result.unit);
        return [exact(number), format!("{sign} {}", exact(result.bound))];
    }
    let value = quantity(number, result.unit);
    let missed = if fails_by_missing(result) { ", some missed" } else { "" };
    [format!("{value}{missed}"), format!("{sign} {bound}")]
}

/// Only a sample that never came makes an expectation fail whose value is within its bound.
fn fails_by_missing(result: &ExpectResult) -> bool {
    let within = result.value.is_some_and(|value| value <= result.bound);
    result.ok == Some(false) && result.op == "max" && within
}

const fn mark(ok: Option<bool>) -> &'static str {
    match ok {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "?",
    }
}
