//! Are these files scenarios?

use std::io;

use super::args::CheckArgs;
use super::source::read;
use super::{Simulator, Streams};
use crate::report::{counted, quantity};
use crate::result::ExitCode;
use crate::scenario::Scenario;

/// `quidnunc-sim check FILE…`
pub(super) fn check(args: &CheckArgs, simulator: &dyn Simulator, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
    let mut code = ExitCode::Pass;
    for path in &args.files {
        match read(path, simulator) {
            Ok(source) => writeln!(streams.out, "{}: {}", source.name, outline(&source.scenario))?,
            Err(why) => {
                writeln!(streams.err, "{}", why.trim_end())?;
                code = ExitCode::Usage;
            }
        }
    }
    Ok(code)
}

/// Enough of a scenario to see that it was understood.
fn outline(scenario: &Scenario) -> String {
    format!(
        "{}, {} for {}, {}, {}, {} from {}",
        scenario.name,
        counted(u64::from(scenario.nodes.count), "node"),
        quantity(scenario.run.duration_ns, "ns"),
        counted(scenario.faults.len() as u64, "fault"),
        counted(scenario.expects.len() as u64, "expectation"),
        counted(scenario.run.seed_count, "seed"),
        scenario.run.seed_base,
    )
}
