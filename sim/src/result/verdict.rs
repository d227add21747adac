//! What does a verdict mean outside: its name, its exit code, and which of several wins?

use super::{ExpectResult, FaultResult, Verdict};
use crate::scenario::{Across, Expect, Metric, Op};

impl Verdict {
    /// Its name in results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Unsettled => "unsettled",
            Self::Fail => "fail",
            Self::Panic => "panic",
        }
    }

    /// The exit code that says the same.
    #[must_use]
    pub const fn exit_code(self) -> ExitCode {
        match self {
            Self::Pass => ExitCode::Pass,
            Self::Unknown => ExitCode::Unknown,
            Self::Unsettled => ExitCode::Unsettled,
            Self::Fail => ExitCode::Failed,
            Self::Panic => ExitCode::Panicked,
        }
    }

    /// What one run's faults and expectations say together; `Panic` is for the caller to add with `max`,
    /// because no expectation tells of it.
    ///
    /// An expectation over all seeds pooled does not count: one seed can neither prove nor refute it.
    #[must_use]
    pub fn of(expects: &[Expect], results: &[ExpectResult], faults: &[FaultResult]) -> Self {
        let bitten = faults.iter().map(|fault| if fault.bit == 0 { Self::Unknown } else { Self::Pass });
        let held = expects
            .iter()
            .zip(results)
            .filter(|(expect, _)| expect.across == Across::Each)
            .map(|(_, result)| Self::of_one(result));
        bitten.chain(held).max().unwrap_or(Self::Pass)
    }

    /// What it says that everybody agreed when the first fault began, or did not; `None` if it does not matter.
    #[must_use]
    pub const fn of_start(steady: Option<bool>) -> Self {
        match steady {
            None | Some(true) => Self::Pass,
            Some(false) => Self::Unknown,
        }
    }

    /// What one expectation says by itself. Convergence that came late or never is not a wrong value but a
    /// run that did not settle in time.
    #[must_use]
    pub fn of_one(result: &ExpectResult) -> Self {
        let settles = Metric::ALL.iter().any(|metric| metric.settles() && metric.name() == result.metric);
        let settling = settles && result.op != Op::Min.name();
        match result.ok {
            Some(true) => Self::Pass,
            Some(false) if settling => Self::Unsettled,
            Some(false) => Self::Fail,
            None if settling => Self::Unsettled,
            None => Self::Unknown,
        }
    }
}

/// How the command ends, from the least to the most important: of several, the `max` is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitCode {
    /// Everything holds.
    Pass,
    /// A fault never bit, or there was no sample, or the start was not steady.
    Unknown,
    /// The budget was spent before the end.
    BudgetSpent,
    /// Worse than the baseline.
    Regression,
    /// Not settled in time.
    Unsettled,
    /// An expectation failed.
    Failed,
    /// The protocol panicked.
    Panicked,
    /// The same seed gave two results.
    NotDeterministic,
    /// Wrong usage, or a mistake in a scenario file.
    Usage,
    /// The simulator itself is at fault.
    SimulatorFault,
}

impl ExitCode {
    /// The number that the shell sees.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Failed => 1,
            Self::Unknown => 2,
            Self::Unsettled => 3,
            Self::NotDeterministic => 4,
            Self::Panicked => 5,
            Self::Regression => 6,
            Self::BudgetSpent => 7,
            Self::Usage => 64,
            Self::SimulatorFault => 70,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERDICTS: [Verdict; 5] = [Verdict::Pass, Verdict::Unknown, Verdict::Unsettled, Verdict::Fail, Verdict::Panic];

    const CODES: [ExitCode; 10] = [
        ExitCode::Pass,
        ExitCode::Failed,
        ExitCode::Unknown,
        ExitCode::Unsettled,
        ExitCode::NotDeterministic,
        ExitCode::Panicked,
        ExitCode::Regression,
        ExitCode::BudgetSpent,
        ExitCode::Usage,
        ExitCode::SimulatorFault,
    ];

    /// The contract's line, word for word.
    const PRECEDENCE: &str = "70 > 64 > 4 > 5 > 1 > 3 > 6 > 7 > 2 > 0";

    #[test]
    fn of_any_two_exit_codes_the_contract_decides() {
        let order: Vec<String> = PRECEDENCE.split(" > ").map(str::to_owned).collect();
        let place = |code: ExitCode| {
            let number = code.number().to_string();
            order.iter().position(|known| *known == number).expect("the line names every code")
        };
        assert_eq!(order.len(), CODES.len());
        for a in CODES {
            for b in CODES {
                let winner = if place(a) <= place(b) { a } else { b };
                assert_eq!(a.max(b), winner, "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn the_worst_verdict_has_the_worst_exit_code() {
        for a in VERDICTS {
            for b in VERDICTS {
                assert_eq!(a.max(b).exit_code(), a.exit_code().max(b.exit_code()), "{a:?} and {b:?}");
            }
        }
    }
}
