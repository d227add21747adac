//! What do all seeds of one scenario say together?

use std::collections::BTreeMap;

use super::evaluate::outcome;
use super::{ExpectResult, Measured, RunResult, Verdict, evaluate};
use crate::scenario::{Across, Expect, Op, Scenario};

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
    let mut verdict = runs.iter().map(|run| run.verdict).max().unwrap_or(Verdict::Unknown);
    let mut expectations = Vec::with_capacity(scenario.expects.len());
    for (index, expect) in scenario.expects.iter().enumerate() {
        let result = match expect.across {
            Across::Each => across_each(expect, index, runs),
            Across::Pooled => evaluate(expect, &over_all_seeds(index, runs)),
        };
        if expect.across == Across::Pooled {
            verdict = verdict.max(Verdict::of_one(&result));
        }
        expectations.push(result);
    }
    let passed = runs.iter().filter(|run| run.verdict == Verdict::Pass).count();
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
        metrics.entry(name).or_default().add(measured);
    }
    metrics
}

/// The samples of one expectation from every seed together.
fn over_all_seeds(expect: usize, runs: &[RunResult]) -> Measured {
    let mut all = Measured::default();
    for measured in runs.iter().filter_map(|run| run.to_pool.get(expect)) {
        all.add(measured);
    }
    all
}

fn across_each(expect: &Expect, index: usize, runs: &[RunResult]) -> ExpectResult {
    let each: Vec<&ExpectResult> = runs.iter().filter_map(|run| run.expectations.get(index)).collect();
    let values = || each.iter().filter_map(|result| result.value);
    let value = match expect.op {
        Op::Max => values().max(),
        Op::Min => values().min(),
        Op::Equals => values().find(|&value| value != expect.bound).or_else(|| values().next()),
    };
    let ok = if each.iter().any(|result| result.ok == Some(false)) {
        Some(false)
    } else {
        let all = !runs.is_empty() && each.len() == runs.len() && each.iter().all(|result| result.ok.is_some());
        all.then_some(true)
    };
    outcome(expect, value, ok)
}
