//! Do two worlds agree? What a scenario's expectations measure, for real and simulated with many seeds.
//!
//! A real value agrees when it lies between the smallest and the largest simulated one, with [`SLACK`] on both sides: what a
//! real machine adds that the simulator has not. Real runs together must not [`lean`] to one side of the simulated ones either.
//! Verdicts are not compared but demanded: what the file claims holds in both.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use quidnunc::ConfigError;
use quidnunc_sim::result::{ExpectResult, RunResult, Verdict};
use quidnunc_sim::scenario::Scenario;
use quidnunc_sim::world::{RunOptions, run};

/// A process has to be started, and then each step waits until the machine gives it a processor: a probe, its time-out, the end of
/// a suspicion and two gossip ticks follow one on the other, and each may come a tenth of a second late on a busy machine.
pub const SLACK: Duration = Duration::from_millis(500);

/// With so many seeds a scenario is simulated. A real run is one more draw from the same: each of its values lies beyond the
/// largest of n others once in n + 1 times, without the slack.
pub const SEEDS: u64 = 2000;

/// What one expectation measured in both worlds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The expectation's id.
    pub expectation: String,
    /// Name of the metric.
    pub metric: &'static str,
    /// Name of the unit of all values.
    pub unit: &'static str,
    /// The simulated values, in order; runs without one are left out.
    pub simulated: Vec<u64>,
    /// The value of each real run.
    pub real: Vec<Option<u64>>,
}

impl Row {
    /// Whether the real values lie in the spread of the simulated ones.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let slack = if self.unit == "ns" { u64::try_from(SLACK.as_nanos()).unwrap_or(0) } else { 0 };
        match (self.simulated.first(), self.simulated.last()) {
            (Some(least), Some(most)) => {
                let spread = least.saturating_sub(slack)..=most.saturating_add(slack);
                self.real.iter().all(|real| real.is_some_and(|real| spread.contains(&real)))
            }
            _ => self.real.iter().all(Option::is_none),
        }
    }

    /// How many of a thousand simulated values lie below each real one, half of equal ones counted among them.
    #[must_use]
    pub fn places(&self) -> Vec<u64> {
        let place = |real: u64| {
            let below = self.simulated.partition_point(|&value| value < real);
            let up_to = self.simulated.partition_point(|&value| value <= real);
            (below + up_to) as u64 * 500 / (self.simulated.len() as u64).max(1)
        };
        self.real.iter().flatten().copied().map(place).collect()
    }
}

impl fmt::Display for Row {
    /// The cells of a row in Markdown: what was expected; the least, the median and the most that was simulated; what was real.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: Option<u64>| match (value, self.unit) {
            (None, _) => "none".to_owned(),
            (Some(value), "ns") => format!("{:.2} s", Duration::from_nanos(value).as_secs_f64()),
            (Some(value), _) => value.to_string(),
        };
        let median = self.simulated.get(self.simulated.len().saturating_sub(1) / 2);
        let [least, median, most] =
            [self.simulated.first(), median, self.simulated.last()].map(|value| show(value.copied()));
        let real: Vec<String> = self.real.iter().map(|&value| show(value)).collect();
        let (real, agrees) = (real.join(", "), if self.agrees() { "" } else { " **no**" });
        write!(f, "{} | {least} | {median} | {most} | {real}{agrees}", self.expectation)
    }
}

/// Runs a scenario in the simulator with [`SEEDS`] seeds from its first one on. Of each run only what its expectations say is
/// kept: all of it would not fit.
///
/// # Errors
/// [`ConfigError`] when the nodes refuse what `[protocol]` sets.
pub fn simulate(scenario: &Scenario) -> Result<Vec<RunResult>, ConfigError> {
    let first = scenario.run.seed_base;
    let kept =
        |run: RunResult| RunResult { metrics: BTreeMap::new(), to_pool: Vec::new(), stats: BTreeMap::new(), ..run };
    (first..first + SEEDS).map(|seed| run(scenario, seed, &RunOptions::default()).map(kept)).collect()
}

/// What each expectation of a scenario measured in both worlds.
#[must_use]
pub fn rows(simulated: &[RunResult], real: &[RunResult]) -> Vec<Row> {
    let Some(first) = simulated.first() else { return Vec::new() };
    let values =
        |runs: &[RunResult], place: usize| runs.iter().map(|run| run.expectations[place].value).collect::<Vec<_>>();
    let row = |(place, own): (usize, &ExpectResult)| {
        let mut simulated: Vec<u64> = values(simulated, place).into_iter().flatten().collect();
        simulated.sort_unstable();
        let (expectation, metric, unit) = (own.id.clone(), own.metric, own.unit);
        Row { expectation, metric, unit, simulated, real: values(real, place) }
    };
    first.expectations.iter().enumerate().map(row).collect()
}

/// What speaks against the two worlds' agreement; nothing if they agree and what the file claims holds in both.
#[must_use]
pub fn objections(simulated: &[RunResult], real: &[RunResult]) -> Vec<String> {
    let of = |world: &'static str, runs: &[RunResult]| {
        let failed = runs.iter().filter(|run| run.verdict != Verdict::Pass).take(1);
        let why = failed.map(|run| {
            let broken: Vec<_> = run.expectations.iter().filter(|expectation| expectation.ok != Some(true)).collect();
            format!("{world} with seed {} it ends with {:?}: {broken:?}, {:?}", run.seed, run.verdict, run.faults)
        });
        why.collect::<Vec<_>>()
    };
    let apart = rows(simulated, real).into_iter().filter(|row| !row.agrees());
    let apart = apart.map(|row| format!("the worlds differ: {row}"));
    of("simulated", simulated).into_iter().chain(of("real", real)).chain(apart).collect()
}

/// Whether real runs lean to one side of the simulated ones: `None` if they do not, else what the mean of their places is.
///
/// A place is as likely anywhere between 0 and 1000 if both worlds are alike; the mean of n of them has a standard deviation of
/// 289 / √n and is beyond four of them once in 16 000 times. Every place must be of another run.
#[must_use]
pub fn lean(places: &[u64]) -> Option<String> {
    let count = places.len() as u64;
    let (sum, middle) = (places.iter().sum::<u64>(), count * 500);
    // |sum / n - 500| > 4 * 289 / √n, without a division or a root.
    let off = u128::from(sum.abs_diff(middle));
    let leans = off * off > 16 * 289 * 289 * u128::from(count);
    leans.then(|| format!("of 1000 simulated runs {} are below a real one in the mean: {places:?}", sum / count.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(unit: &'static str, simulated: &[u64], real: &[Option<u64>]) -> Row {
        let (simulated, real) = (simulated.to_vec(), real.to_vec());
        Row { expectation: "x".into(), metric: "m", unit, simulated, real }
    }

    #[test]
    fn real_values_agree_when_they_lie_in_the_spread() {
        const MS: u64 = 1_000_000;
        let times = [1000 * MS, 2000 * MS];
        assert!(row("ns", &times, &[Some(500 * MS), Some(2500 * MS)]).agrees());
        assert!(!row("ns", &times, &[Some(1500 * MS), Some(2501 * MS)]).agrees());
        assert!(!row("ns", &times, &[Some(499 * MS)]).agrees());
        assert!(!row("ns", &times, &[None]).agrees(), "it was not measured");
        assert!(row("count", &[0, 0], &[Some(0)]).agrees());
        assert!(!row("count", &[0, 0], &[Some(1)]).agrees(), "what is counted has no slack");
        assert!(row("ns", &[], &[None, None]).agrees() && !row("ns", &[], &[Some(1)]).agrees());
    }

    #[test]
    fn a_place_is_the_share_of_simulated_values_below() {
        assert_eq!(row("ns", &[1, 2, 3, 4], &[Some(0), Some(2), Some(9), None]).places(), [0, 375, 1000]);
    }

    #[test]
    fn who_is_always_late_leans() {
        assert_eq!(lean(&[]), None);
        assert_eq!(lean(&[100, 900, 400, 700]), None);
        assert_eq!(lean(&[1000; 4]), None, "four of them may be chance");
        assert!(lean(&[1000; 6]).is_some() && lean(&[0; 6]).is_some());
        assert!(lean(&[850; 16]).is_some() && lean(&[750; 16]).is_none());
    }

    #[test]
    fn a_row_says_what_differs() {
        let row = row("ns", &[1_000_000_000, 2_500_000_000, 3_000_000_000], &[Some(9_000_000_000), None]);
        assert_eq!(row.to_string(), "x | 1.00 s | 2.50 s | 3.00 s | 9.00 s, none **no**");
    }
}
