//! What do all seeds of one scenario say together?

use std::collections::BTreeMap;

use super::evaluate::outcome;
use super::{ExpectResult, Measured, RunResult, Verdict, evaluate};
use crate::scenario::{Across, Expect, FaultKind, Metric, Op, Scenario, Scope};

/// All runs of one scenario together.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    /// Name of the scenario.
    pub scenario: String,
    /// The worst verdict of any run and of the expectations over all of them.
    pub verdict: Verdict,
    /// How many runs there are.
    pub seeds: u64,
    /// How many of them passed.
    pub passed: u64,
    /// Every metric's samples, of all runs together.
    pub metrics: BTreeMap<&'static str, Measured>,
    /// Every expectation, in file order: over the pooled samples, or that every seed holds it, in which
    /// case the value is that of the worst seed.
    pub expectations: Vec<ExpectResult>,
}

/// Pools the runs of one scenario.
#[must_use]
pub fn pool(scenario: &Scenario, runs: &[RunResult]) -> Pooled {
    let metrics = merge(runs);
    let nothing = Measured::default();
    let mut verdict = runs
        .iter()
        .map(|run| run.verdict)
        .max()
        .unwrap_or(Verdict::Unknown);
    let mut expectations = Vec::with_capacity(scenario.expects.len());
    for (index, expect) in scenario.expects.iter().enumerate() {
        let result = match expect.across {
            Across::Each => across_each(expect, index, runs),
            Across::Pooled if covers_all_samples(scenario, expect) => evaluate(
                expect,
                metrics.get(expect.metric.name()).unwrap_or(&nothing),
            ),
            Across::Pooled => outcome(expect, None, None),
        };
        if expect.across == Across::Pooled {
            verdict = verdict.max(Verdict::of_one(&result));
        }
        expectations.push(result);
    }
    let passed = runs
        .iter()
        .filter(|run| run.verdict == Verdict::Pass)
        .count();
    Pooled {
        scenario: scenario.name.clone(),
        verdict,
        seeds: runs.len() as u64,
        passed: passed as u64,
        metrics,
        expectations,
    }
}

fn merge(runs: &[RunResult]) -> BTreeMap<&'static str, Measured> {
    let mut metrics: BTreeMap<&'static str, Measured> = BTreeMap::new();
    for (&name, measured) in runs.iter().flat_map(|run| &run.metrics) {
        let pooled = metrics.entry(name).or_default();
        pooled.samples.merge(&measured.samples);
        pooled.counter |= measured.counter;
        if let Some(missed) = measured.missed {
            *pooled.missed.get_or_insert(0) += missed;
        }
    }
    metrics
}

/// Whether an expectation is about every sample of its metric. A run keeps only those, so of samples that
/// a fault, an anchor or a scope selects, nothing can be said over all seeds.
///
/// One crash fault selects every detection if there is no other.
fn covers_all_samples(scenario: &Scenario, expect: &Expect) -> bool {
    let detection = matches!(
        expect.metric,
        Metric::DetectionSuspect
            | Metric::DetectionDead
            | Metric::DetectionObserver
            | Metric::DetectionFull
    );
    let is_crash = |fault: usize| {
        scenario
            .faults
            .get(fault)
            .is_some_and(|fault| matches!(fault.kind, FaultKind::Crash { .. }))
    };
    let only =
        |fault: usize| (0..scenario.faults.len()).all(|other| is_crash(other) == (other == fault));
    let every_fault = expect.fault.is_none_or(|fault| detection && only(fault));
    every_fault && expect.after.is_none() && expect.scope == Scope::All
}

fn across_each(expect: &Expect, index: usize, runs: &[RunResult]) -> ExpectResult {
    let each: Vec<&ExpectResult> = runs
        .iter()
        .filter_map(|run| run.expectations.get(index))
        .collect();
    let values = || each.iter().filter_map(|result| result.value);
    let value = match expect.op {
        Op::Max => values().max(),
        Op::Min => values().min(),
        Op::Equals => values()
            .find(|&value| value != expect.bound)
            .or_else(|| values().next()),
    };
    let ok = if each.iter().any(|result| result.ok == Some(false)) {
        Some(false)
    } else {
        let all = !runs.is_empty()
            && each.len() == runs.len()
            && each.iter().all(|result| result.ok.is_some());
        all.then_some(true)
    };
    outcome(expect, value, ok)
}
