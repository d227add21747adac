//! Does what these files claim hold?

use std::io;

use indicatif::ProgressBar;

use super::args::RunArgs;
use super::batch::{Task, run_all};
use super::fingerprints::Recorder;
use super::recording::Recorded;
use super::source::{Source, read_all};
use super::{RunProblem, SeedRange, Simulator, Streams};
use crate::report::{Again, Repro, headline, many, one, pooled_headline};
use crate::result::{ExitCode, Pooled, RunResult, Verdict, many_to_json, pool};

/// More seeds than this are a slip of the keyboard.
const MOST_RUNS: u64 = 1_000_000;
/// So many failing seeds get the command that runs them again.
const COMMANDS: usize = 5;

/// All runs of one file.
struct Outcome<'a> {
    source: &'a Source,
    seeds: SeedRange,
    runs: Vec<RunResult>,
    /// Only if a range of seeds was asked for: one seed says nothing about all of them.
    pooled: Option<Pooled>,
}

/// `quidnunc-sim run FILE…`
pub(super) fn run(args: &RunArgs, simulator: &dyn Simulator, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
    let Some(sources) = read_all(&args.files, simulator, streams)? else {
        return Ok(ExitCode::Usage);
    };
    let recorder = match Recorder::new(args, &sources, simulator) {
        Ok(recorder) => recorder,
        Err(problem) => return complain(&problem, streams),
    };
    let simulator = recorder.as_ref().map_or(simulator, |recorder| recorder);
    let recorded = match Recorded::new(args, &sources, simulator) {
        Ok(recorded) => recorded,
        Err(problem) => return complain(&problem, streams),
    };
    let simulator = recorded.as_ref().map_or(simulator, |recorded| recorded);
    let outcomes = outcomes(args, &sources, simulator);
    if let Some(recorder) = &recorder {
        recorder.write()?;
    }
    let outcomes = match outcomes {
        Ok(outcomes) => outcomes,
        Err(problem) => return complain(&problem, streams),
    };
    if args.json {
        print_json(&outcomes, streams)?;
    } else {
        print_text(args.quiet, &outcomes, streams)?;
    }
    Ok(outcomes.iter().map(|outcome| outcome.verdict().exit_code()).max().unwrap_or(ExitCode::Pass))
}

/// Says why there is no result.
pub(super) fn complain(problem: &RunProblem, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
    let (text, code) = match problem {
        RunProblem::Scenario(text) => (text, ExitCode::Usage),
        RunProblem::Simulator(text) => (text, ExitCode::SimulatorFault),
    };
    writeln!(streams.err, "{}", text.trim_end())?;
    Ok(code)
}

fn outcomes<'a>(
    args: &RunArgs,
    sources: &'a [Source],
    simulator: &dyn Simulator,
) -> Result<Vec<Outcome<'a>>, RunProblem> {
    let is_range = args.seeds.is_some() || args.all_seeds;
    let plan: Vec<(&Source, SeedRange)> = sources.iter().map(|source| (source, seeds(args, source))).collect();
    check_plan(&plan, is_range)?;
    let tasks: Vec<Task<'_>> =
        plan.iter().flat_map(|&(source, seeds)| (seeds.first..seeds.end).map(move |seed| (source, seed))).collect();
    // Draws to stderr, and only if that is a terminal.
    let bar = if args.quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
    let mut results = run_all(&tasks, simulator, args.jobs, bar)?.into_iter();
    let outcome = |(source, seeds): (&'a Source, SeedRange)| {
        let runs: Vec<_> = (seeds.first..seeds.end).zip(results.by_ref()).map(|(_, run)| run).collect();
        let pooled = is_range.then(|| pool(&source.scenario, &runs));
        Outcome { source, seeds, runs, pooled }
    };
    Ok(plan.into_iter().map(outcome).collect())
}

/// Which seeds of a file are asked for.
fn seeds(args: &RunArgs, source: &Source) -> SeedRange {
    let own = source.scenario.run;
    let some = |first: u64, count: u64| SeedRange { first, end: first.saturating_add(count) };
    match (args.seeds, args.all_seeds) {
        (Some(range), _) => range,
        (None, true) => some(own.seed_base, own.seed_count),
        (None, false) => some(args.seed.unwrap_or(own.seed_base), 1),
    }
}

fn check_plan(plan: &[(&Source, SeedRange)], is_range: bool) -> Result<(), RunProblem> {
    let problem = |text| Err(RunProblem::Scenario(text));
    let runs = plan.iter().map(|(_, seeds)| seeds.end - seeds.first).fold(0, u64::saturating_add);
    if runs > MOST_RUNS {
        return problem(format!("error: {runs} runs at once are too many: at most {MOST_RUNS}"));
    }
    for (index, (source, seeds)) in plan.iter().enumerate() {
        // A run of nothing would pass.
        if seeds.first == seeds.end {
            let (file, first) = (&source.name, seeds.first);
            return problem(format!("error: {file}: there is no seed to run from {first} on"));
        }
        let same = |(other, _): &&(&Source, SeedRange)| other.scenario.name == source.scenario.name;
        if let Some((other, _)) = plan[..index].iter().find(same).filter(|_| is_range) {
            return problem(format!(
                "error: {} and {} are both named `{}`: pooled results need a name each",
                other.name, source.name, source.scenario.name,
            ));
        }
    }
    Ok(())
}

impl Outcome<'_> {
    fn verdict(&self) -> Verdict {
        let runs = self.runs.iter().map(|run| run.verdict);
        runs.chain(self.pooled.as_ref().map(|pooled| pooled.verdict)).max().unwrap_or(Verdict::Pass)
    }

    fn text(&self) -> String {
        let scenario = &self.source.scenario;
        match &self.pooled {
            Some(pooled) => many(scenario, pooled, &self.runs),
            None => self.runs.iter().map(|run| one(scenario, run)).collect(),
        }
    }

    fn headline(&self) -> String {
        match &self.pooled {
            Some(pooled) => pooled_headline(pooled),
            None => self.runs.iter().map(headline).collect(),
        }
    }

    /// The commands that run the failures again.
    fn commands(&self) -> Vec<String> {
        let command = |again| Repro { file: &self.source.name, text: &self.source.text, again }.to_string();
        let failed: Vec<&RunResult> = self.runs.iter().filter(|run| run.verdict != Verdict::Pass).collect();
        if failed.is_empty() && self.verdict() != Verdict::Pass {
            return vec![command(Again::Seeds(self.seeds.first, self.seeds.end))];
        }
        let first = failed.iter().take(COMMANDS);
        first.map(|run| command(Again::Seed(run.seed, run.fingerprint))).collect()
    }
}

fn print_text(quiet: bool, outcomes: &[Outcome<'_>], streams: &mut Streams<'_>) -> io::Result<()> {
    for (index, outcome) in outcomes.iter().enumerate() {
        if quiet {
            writeln!(streams.out, "{}", outcome.headline())?;
        } else {
            write!(streams.out, "{}{}", if index > 0 { "\n" } else { "" }, outcome.text())?;
        }
    }
    let commands: Vec<String> = outcomes.iter().flat_map(Outcome::commands).collect();
    if !commands.is_empty() {
        writeln!(streams.out, "\n{}", commands.join("\n"))?;
    }
    Ok(())
}

fn print_json(outcomes: &[Outcome<'_>], streams: &mut Streams<'_>) -> io::Result<()> {
    let pooled: Vec<&Pooled> = outcomes.iter().filter_map(|outcome| outcome.pooled.as_ref()).collect();
    let runs = outcomes.iter().flat_map(|outcome| &outcome.runs);
    if pooled.is_empty() {
        for run in runs {
            writeln!(streams.out, "{}", run.to_json())?;
        }
    } else {
        writeln!(streams.out, "{}", many_to_json(runs, &pooled))?;
    }
    for command in outcomes.iter().flat_map(Outcome::commands) {
        writeln!(streams.err, "{command}")?;
    }
    Ok(())
}
