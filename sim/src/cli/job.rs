//! What does the command line need of a simulator? Two functions, so that tests can stand in for it.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::result::{FaultResult, Measured, Packets, RunResult, Verdict, evaluate};
use crate::scenario::Scenario;
use crate::world::Recording;

/// What the command line needs of a simulator.
pub trait Simulator: Sync {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// What is wrong with it, as it is to be printed.
    fn parse(&self, file_name: &str, text: &str) -> Result<Scenario, String>;

    /// Runs one seed. A panic is the protocol's.
    ///
    /// # Errors
    /// Whose fault it is that there is no result, and what is wrong.
    fn run(&self, job: &Job<'_>) -> Result<RunResult, RunProblem>;
}

/// One run to be made.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The scenario's file as its reader named it, for complaints.
    pub file_name: &'a str,
    /// The file's text, for complaints.
    pub text: &'a str,
    /// What to run.
    pub scenario: &'a Scenario,
    /// With which seed.
    pub seed: u64,
    /// Seeds the hash maps inside the protocol; must not change the result.
    pub map_hash_seed: u64,
    /// To be told the simulated nanoseconds now and then.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// To be told the end of each simulated second, and of the run, with the fingerprint up to then.
    pub fingerprints: Option<&'a (dyn Fn(u64, u64) + Sync)>,
    /// Which node is recorded.
    pub recorded: Option<Recording<'a>>,
}

/// Why there is no result, from the lesser to the worse. The text is printed as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunProblem {
    /// The scenario asks for something that the protocol refuses.
    Scenario(String),
    /// The simulator itself is at fault.
    Simulator(String),
}

impl Job<'_> {
    /// Runs it. A panic is a result like any other, so that it costs no other seed its result.
    pub(super) fn run(&self, simulator: &dyn Simulator) -> Result<RunResult, RunProblem> {
        // Nothing that a panic may have left half done is looked at again: the world is gone with it.
        match catch_unwind(AssertUnwindSafe(|| simulator.run(self))) {
            Ok(result) => result.and_then(conserved),
            Err(panic) => Ok(self.panicked(&*panic)),
        }
    }

    fn panicked(&self, panic: &(dyn Any + Send)) -> RunResult {
        let nothing = Measured::default();
        let faults = &self.scenario.faults;
        RunResult {
            scenario: self.scenario.name.clone(),
            seed: self.seed,
            verdict: Verdict::Panic,
            fingerprint: 0,
            nodes: self.scenario.nodes.count,
            sim_ns: 0,
            events: 0,
            packets: Packets::default(),
            bytes_sent: 0,
            metrics: BTreeMap::new(),
            faults: faults.iter().map(|fault| FaultResult { id: fault.id.clone(), bit: 0 }).collect(),
            expectations: self
                .scenario
                .expects
                .iter()
                .map(|expect| {
                    let mut result = evaluate(expect, &nothing);
                    // Nothing was measured, not even that there is nothing.
                    (result.value, result.ok) = (None, None);
                    result
                })
                .collect(),
            to_pool: Vec::new(),
            stats: BTreeMap::new(),
            steady: None,
            panic: Some(message(panic)),
        }
    }
}

/// A packet that is neither delivered, dropped nor under way makes every number worthless.
fn conserved(run: RunResult) -> Result<RunResult, RunProblem> {
    let (entered, left) = (run.packets.entered(), run.packets.left());
    if entered == left || run.verdict == Verdict::Panic {
        return Ok(run);
    }
    Err(RunProblem::Simulator(format!(
        "error: scenario {} seed {}: {entered} packets sent, duplicated and injected, but {left} delivered, \
         dropped and in flight",
        run.scenario, run.seed,
    )))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a message").to_owned()
}
