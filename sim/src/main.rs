//! The program `quidnunc-sim`: the command line with the real parser behind it.

use std::process::ExitCode;

use quidnunc_sim::cli::{self, Job, RunProblem, Simulator};
use quidnunc_sim::result::RunResult;
use quidnunc_sim::scenario::{self, Scenario};

/// The real parser and, as soon as there is one, the real world.
struct Real;

impl Simulator for Real {
    fn parse(&self, file_name: &str, text: &str) -> Result<Scenario, String> {
        scenario::parse(file_name, text).map_err(|problem| problem.to_string())
    }

    fn run(&self, job: &Job<'_>) -> Result<RunResult, RunProblem> {
        Err(RunProblem::Simulator(format!(
            "error: {}: this build has no world to run it in",
            job.file_name
        )))
    }
}

fn main() -> ExitCode {
    cli::main(&Real)
}
