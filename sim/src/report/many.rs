//! How do many seeds of one scenario read? A line for each, and all of them together.

use std::fmt::Write as _;

use super::parts::{Among, Sheet, expected, measured, not_steady, shout, value_and_bound};
use super::quantity::{counted, grouped, quantity};
use crate::result::{ExpectResult, Pooled, RunResult, Verdict};
use crate::scenario::{Across, Metric, Scenario, Stat};

/// With more seeds than this, those that passed are only counted.
const EVERY_SEED: usize = 20;
/// So many seeds get a line at most: nobody reads more failures than this.
const LINES: usize = 20;

/// The numbers that a seed's line shows, if the scenario measures them.
const COLUMNS: [(Metric, Stat, &str); 4] = [
    (Metric::DetectionObserver, Stat::P99, "dead p99"),
    (Metric::Hops, Stat::P99, "hops p99"),
    (Metric::BytesPerNode, Stat::P99, "bytes p99"),
    (Metric::FalsePositive, Stat::Count, "false pos."),
];

/// All runs of one scenario in one line.
#[must_use]
pub fn pooled_headline(pooled: &Pooled) -> String {
    let [passed, seeds] = [pooled.passed, pooled.seeds].map(grouped);
    format!("{}  {}  {passed} of {seeds} seeds passed", shout(pooled.verdict), pooled.scenario)
}

/// All runs of one scenario. Ends with a newline.
#[must_use]
pub fn many(scenario: &Scenario, pooled: &Pooled, runs: &[RunResult]) -> String {
    let mut text = pooled_headline(pooled);
    text.push('\n');
    for part in [
        seeds(scenario, pooled, runs),
        measured(&pooled.metrics, &scenario.expects),
        expected(&scenario.expects, &pooled.expectations, Among::AllSeeds),
    ] {
        if !part.is_empty() {
            text.push('\n');
            text.push_str(&part);
        }
    }
    text
}

fn seeds(scenario: &Scenario, pooled: &Pooled, runs: &[RunResult]) -> String {
    let all = runs.len() <= EVERY_SEED;
    let shown = |run: &&RunResult| all || run.verdict != Verdict::Pass;
    let measured = |metric: Metric| pooled.metrics.contains_key(metric.name());
    let columns: Vec<_> = COLUMNS.iter().filter(|column| measured(column.0)).collect();
    let mut header = vec!["seed".to_owned(), "verdict".to_owned()];
    header.extend(columns.iter().map(|(_, _, label)| (*label).to_owned()));
    header.push("why".to_owned());
    let mut sheet = Sheet::new(2..2 + columns.len(), header);
    for run in runs.iter().filter(shown).take(LINES) {
        let mut row = vec![run.seed.to_string(), run.verdict.name().to_owned()];
        row.extend(columns.iter().map(|column| number(run, column.0, column.1)));
        row.push(why(scenario, run));
        sheet.row(row);
    }
    let mut text = sheet.text();
    let hidden = runs.iter().filter(shown).skip(LINES).count();
    if hidden > 0 {
        let more = counted(hidden as u64, "seed");
        let _infallible = writeln!(text, " and {more} more that did not pass");
    }
    text
}

fn number(run: &RunResult, metric: Metric, stat: Stat) -> String {
    let Some(measured) = run.metrics.get(metric.name()) else {
        return String::new();
    };
    if stat == Stat::Count {
        return grouped(measured.samples.count());
    }
    let value = measured.samples.stat(stat);
    value.map_or_else(String::new, |value| quantity(value, metric.unit().name()))
}

/// What kept a seed from passing, in a few words.
fn why(scenario: &Scenario, run: &RunResult) -> String {
    if let Some(panic) = &run.panic {
        return panic.lines().next().unwrap_or_default().to_owned();
    }
    if run.verdict == Verdict::Pass {
        return String::new();
    }
    let judged = scenario.expects.iter().zip(&run.expectations);
    let not_held = judged
        .filter(|(expect, result)| expect.across == Across::Each && result.ok != Some(true))
        .map(|(_, result)| reason(result));
    let not_bitten = run.faults.iter().filter(|fault| fault.bit == 0);
    let not_bitten = not_bitten.map(|fault| format!("{} never bit", fault.id));
    let reasons: Vec<String> = not_held.chain(not_bitten).chain(not_steady(scenario, run)).collect();
    reasons.join("; ")
}

fn reason(result: &ExpectResult) -> String {
    let [value, bound] = value_and_bound(result);
    match result.ok {
        None => format!("{}: {value}", result.id),
        Some(_) => format!("{}: {value}, not {bound}", result.id),
    }
}
