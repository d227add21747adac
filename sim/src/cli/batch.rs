//! How are many seeds run at once, so that nobody can tell from the results?

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::source::Source;
use super::{RunProblem, Simulator};
use crate::result::RunResult;

/// One run to be made: which file, which seed.
pub(super) type Task<'a> = (&'a Source, u64);

/// Makes all runs, several at once, and returns their results in the order of the tasks.
pub(super) fn run_all(
    tasks: &[Task<'_>],
    simulator: &dyn Simulator,
    jobs: Option<NonZeroUsize>,
    bar: ProgressBar,
) -> Result<Vec<RunResult>, RunProblem> {
    let progress = Progress::new(bar, tasks);
    let run = |&(source, seed): &Task<'_>| {
        progress.follow(source.scenario.run.duration_ns, |told| source.job(seed, told).run(simulator))
    };
    let results: Vec<_> = threads(jobs)?.install(|| tasks.par_iter().map(run).collect());
    progress.bar.finish_and_clear();
    // Only when all are there is it known which problem is the worst, whoever ran into it first.
    match results.iter().filter_map(|result| result.as_ref().err()).max() {
        Some(problem) => Err(problem.clone()),
        None => results.into_iter().collect(),
    }
}

/// So many threads; `None` is one per processor.
pub(super) fn threads(jobs: Option<NonZeroUsize>) -> Result<ThreadPool, RunProblem> {
    let pool = ThreadPoolBuilder::new().num_threads(jobs.map_or(0, NonZeroUsize::get)).build();
    pool.map_err(|error| RunProblem::Simulator(format!("error: cannot start threads: {error}")))
}

/// A bar over the simulated time of all runs.
struct Progress {
    bar: ProgressBar,
    runs: usize,
    done: AtomicU64,
}

impl Progress {
    fn new(bar: ProgressBar, tasks: &[Task<'_>]) -> Self {
        let total = tasks.iter().map(|(source, _)| source.scenario.run.duration_ns);
        bar.set_length(total.fold(0, u64::saturating_add));
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {percent:>3} %  {msg}  {eta} left") {
            bar.set_style(style);
        }
        let progress = Self { bar, runs: tasks.len(), done: AtomicU64::new(0) };
        progress.count(0);
        progress
    }

    /// Makes one run and moves the bar with its simulated time, and to its end when it ends early.
    fn follow<T>(&self, duration_ns: u64, run: impl FnOnce(&(dyn Fn(u64) + Sync)) -> T) -> T {
        let reached = AtomicU64::new(0);
        let told = |sim_ns: u64| {
            let sim_ns = sim_ns.min(duration_ns);
            let before = reached.fetch_max(sim_ns, Ordering::Relaxed);
            self.bar.inc(sim_ns.saturating_sub(before));
        };
        let result = run(&told);
        told(duration_ns);
        self.count(1);
        result
    }

    fn count(&self, more: u64) {
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        self.bar.set_message(format!("{done} of {} runs", self.runs));
    }
}
