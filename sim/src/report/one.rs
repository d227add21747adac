//! How does one run read? A headline, the story in numbers, what was expected, what was done to the nodes.

use std::fmt::Write as _;

use super::parts::{Among, expected, measured, not_steady, shout};
use super::quantity::{counted, quantity};
use crate::result::{FaultResult, RunResult};
use crate::scenario::Scenario;

/// One run in one line.
#[must_use]
pub fn headline(run: &RunResult) -> String {
    format!(
        "{}  {}  seed {} · {} · {} simulated · {} · fp {}",
        shout(run.verdict),
        run.scenario,
        run.seed,
        counted(u64::from(run.nodes), "node"),
        quantity(run.sim_ns, "ns"),
        counted(run.events, "event"),
        run.fingerprint_hex(),
    )
}

/// One run in full. Ends with a newline.
#[must_use]
pub fn one(scenario: &Scenario, run: &RunResult) -> String {
    let mut text = headline(run);
    text.push('\n');
    if let Some(panic) = &run.panic {
        let _infallible = writeln!(text, "panic: {panic}");
    }
    if let Some(reason) = not_steady(scenario, run) {
        let _infallible = writeln!(text, "{reason}");
    }
    for part in [
        measured(&run.metrics, &scenario.expects),
        expected(&scenario.expects, &run.expectations, Among::OneSeed),
        faults(&run.faults),
    ] {
        if !part.is_empty() {
            text.push('\n');
            text.push_str(&part);
        }
    }
    text
}

fn faults(faults: &[FaultResult]) -> String {
    if faults.is_empty() {
        return String::new();
    }
    let bits: Vec<String> = faults.iter().map(fault).collect();
    format!("faults: {}\n", bits.join(", "))
}

fn fault(fault: &FaultResult) -> String {
    match fault.bit {
        0 => format!("{} never bit", fault.id),
        1 => format!("{} bit once", fault.id),
        bit => format!("{} bit {}", fault.id, counted(bit, "time")),
    }
}
