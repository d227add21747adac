//! What happens to one of the simulated nodes, kept for `replay` and `explain`.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quidnunc_record::{About, Recorder, Taken, create, recorded_len};

use super::args::RunArgs;
use super::source::Source;
use super::{Job, RunProblem, Simulator};
use crate::result::RunResult;
use crate::scenario::Scenario;
use crate::world::Recording;

/// Which node is recorded, and to which file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    node: u32,
    path: PathBuf,
}

impl FromStr for Wanted {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('=').and_then(|(node, path)| Some((node.parse().ok()?, path)));
        let (node, path) = parts
            .filter(|(_, path)| !path.is_empty())
            .ok_or("write a node's number and a file, such as 3=n3.record")?;
        Ok(Self { node, path: path.into() })
    }
}

/// A simulator that records one node of its run.
pub(super) struct Recorded<'a> {
    simulator: &'a dyn Simulator,
    node: u32,
    file: File,
}

impl<'a> Recorded<'a> {
    /// Such a simulator, if one is asked for. The file is made before anything runs.
    pub(super) fn new(
        args: &RunArgs,
        sources: &[Source],
        simulator: &'a dyn Simulator,
    ) -> Result<Option<Self>, RunProblem> {
        let Some(Wanted { node, path }) = &args.record else { return Ok(None) };
        let fail = |why: String| {
            RunProblem::Scenario(format!("error: cannot record node {node} to {}: {why}", path.display()))
        };
        let [source] = sources else {
            return Err(fail(format!("a recording is of one run, but there are {} files", sources.len())));
        };
        let count = source.scenario.nodes.count;
        if *node >= count {
            return Err(fail(format!("there are {count} nodes, the first is 0")));
        }
        // The same command is run again and again, over its own recording; but `--record 3=a.toml` is a slip.
        let file = recorded_len(path).and_then(|_| create(path, true)).map_err(|error| fail(error.to_string()))?;
        Ok(Some(Self { simulator, node: *node, file }))
    }
}

impl Simulator for Recorded<'_> {
    fn parse(&self, file_name: &str, text: &str) -> Result<Scenario, String> {
        self.simulator.parse(file_name, text)
    }

    fn run(&self, job: &Job<'_>) -> Result<RunResult, RunProblem> {
        let unwritten = |error: std::io::Error| RunProblem::Simulator(format!("error: the recording: {error}"));
        let name = format!("node {} of {}", self.node, job.scenario.name);
        // A clone of an open file fails for want of descriptors only; then there is no recording.
        let file = self.file.try_clone().map_err(unwritten)?;
        let failed = Arc::new(AtomicBool::new(false));
        let recorder = || {
            let about =
                About { program: concat!("quidnunc-sim ", env!("CARGO_PKG_VERSION")).into(), name: name.clone() };
            let (mut file, failed) = (file.try_clone(), Arc::clone(&failed));
            Recorder::new(about, usize::MAX, Duration::from_secs(1), move |bytes: Vec<u8>, _| {
                let written = file.as_mut().map(|file| file.write_all(&bytes));
                if matches!(written, Ok(Ok(()))) {
                    return Taken::Yes;
                }
                failed.store(true, Ordering::Relaxed);
                Taken::Closed
            })
        };
        let recorded = Some(Recording { node: self.node, recorder: &recorder });
        let result = self.simulator.run(&Job { recorded, ..*job })?;
        if failed.load(Ordering::Relaxed) {
            let why = "error: the recording cannot be written to its end: is the disk full?";
            return Err(RunProblem::Simulator(why.into()));
        }
        Ok(result)
    }
}
