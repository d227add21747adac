//! Do two worlds agree? What a scenario's expectations measure, for real and simulated with many seeds.
//!
//! A real value agrees when it lies between the smallest and the largest simulated one, with [`SLACK`] on both sides: what a
//! real machine adds that the simulator has not. Verdicts are not compared but demanded: what the file claims holds in both.

use std::fmt;
use std::time::Duration;

use quidnunc::ConfigError;
use quidnunc_sim::result::{ExpectResult, RunResult, Verdict};
use quidnunc_sim::scenario::Scenario;
use quidnunc_sim::stats::{Samples, Summary};
use quidnunc_sim::world::{RunOptions, run};

/// A process has to be started, and then each step waits until the machine gives it a processor: a probe, its time-out, the end of a
/// suspicion and two gossip ticks follow one on the other, and each may come late by as long as a busy machine lets a process
/// wait.
pub const SLACK: Duration = Duration::from_millis(300);

/// What one expectation measured in both worlds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The scenario's name.
    pub scenario: String,
    /// The expectation's id.
    pub expectation: String,
    /// Name of the unit of all values.
    pub unit: &'static str,
    /// The smallest, the median and the largest simulated value.
    pub simulated: Option<(u64, u64, u64)>,
    /// The real value.
    pub real: Option<u64>,
}

impl Row {
    /// Whether the real value lies in the spread of the simulated ones.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let slack = if self.unit == "ns" { u64::try_from(SLACK.as_nanos()).unwrap_or(0) } else { 0 };
        match (self.simulated, self.real) {
            (Some((least, _, most)), Some(real)) => {
                (least.saturating_sub(slack)..=most.saturating_add(slack)).contains(&real)
            }
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

impl fmt::Display for Row {
    /// A row of a table in Markdown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: u64| match self.unit {
            "ns" => format!("{:.2} s", Duration::from_nanos(value).as_secs_f64()),
            _ => value.to_string(),
        };
        let none = || "none".to_owned();
        let [least, median, most] = match self.simulated {
            Some((least, median, most)) => [show(least), show(median), show(most)],
            None => [none(), none(), none()],
        };
        let real = self.real.map_or_else(none, show);
        let agrees = if self.agrees() { "" } else { " **no**" };
        write!(f, "| {} | {} | {least} | {median} | {most} | {real}{agrees} |", self.scenario, self.expectation)
    }
}

/// Runs a scenario with its own seeds in the simulator.
///
/// # Errors
/// [`ConfigError`] when the nodes refuse what `[protocol]` sets.
pub fn simulate(scenario: &Scenario) -> Result<Vec<RunResult>, ConfigError> {
    let first = scenario.run.seed_base;
    (first..first + scenario.run.seed_count).map(|seed| run(scenario, seed, &RunOptions::default())).collect()
}

/// What each expectation measured in both worlds.
#[must_use]
pub fn rows(simulated: &[RunResult], real: &RunResult) -> Vec<Row> {
    let row = |(place, own): (usize, &ExpectResult)| {
        let values = simulated.iter().filter_map(|run| run.expectations.get(place)?.value);
        let Summary { stats, .. } = values.collect::<Samples>().summary();
        let simulated = stats.map(|stats| (stats.min, stats.p50, stats.max));
        let (scenario, expectation) = (real.scenario.clone(), own.id.clone());
        Row { scenario, expectation, unit: own.unit, simulated, real: own.value }
    };
    real.expectations.iter().enumerate().map(row).collect()
}

/// What speaks against the two worlds' agreement; nothing if they agree and what the file claims holds in both.
#[must_use]
pub fn objections(simulated: &[RunResult], real: &RunResult) -> Vec<String> {
    let fails = |run: &RunResult| run.verdict != Verdict::Pass;
    let mut against = Vec::new();
    if let Some(run) = simulated.iter().find(|run| fails(run)) {
        against.push(format!("simulated with seed {} it ends with {:?}: {:?}", run.seed, run.verdict, failed(run)));
    }
    if fails(real) {
        against.push(format!("for real it ends with {:?}: {:?}, {:?}", real.verdict, failed(real), real.faults));
    }
    let apart = rows(simulated, real).into_iter().filter(|row| !row.agrees());
    against.extend(apart.map(|row| format!("the worlds differ: {row}")));
    against
}

fn failed(run: &RunResult) -> Vec<&ExpectResult> {
    run.expectations.iter().filter(|expectation| expectation.ok != Some(true)).collect()
}
