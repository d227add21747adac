//! Do real nodes do what simulated ones do, scenario by scenario?
//!
//! Every run has namespaces of its own, so that all of them run at once; one after the other they would take minutes. `REAL=kill`
//! picks those whose labels contain that. The table goes to standard error:
//!
//! ```text
//! cargo test -p quidnunc-real --test scenarios -- --nocapture
//! ```

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;
use std::{env, fs};

use quidnunc_real::compare::{lean, objections, rows, simulate};
use quidnunc_real::namespaces::{Family, has_netem, is_skipped};
use quidnunc_real::run::{Staging, run};
use quidnunc_real::troupe::Playbill;
use quidnunc_sim::result::RunResult;
use quidnunc_sim::scenario::{Scenario, parse};

/// One file of `scenarios/real`, and how it is run for real: with so many seeds, each with both families.
struct Plan {
    name: &'static str,
    seeds: u64,
    /// Whoever comes back does so under another address.
    moves: bool,
    /// The kernel's network emulator is asked for a second opinion, where there is one.
    netem: bool,
}

const fn plan(name: &'static str, seeds: u64) -> Plan {
    Plan { name, seeds, moves: false, netem: false }
}

/// What is about a time to detection is run several times, so that a lean shows.
static PLANS: [Plan; 10] = [
    plan("kill", 4),
    Plan { netem: true, ..plan("kill", 2) },
    plan("leave", 1),
    plan("loss", 2),
    plan("mute", 1),
    plan("one-way", 1),
    plan("partition", 1),
    plan("restart", 1),
    Plan { moves: true, ..plan("restart", 1) },
    plan("streams", 1),
];

/// What came of one plan.
struct Outcome {
    table: String,
    against: Vec<String>,
    /// Where times to detection lie among the simulated ones, one per run.
    places: Vec<u64>,
}

/// A plan with its scenario.
struct Staged {
    plan: &'static Plan,
    label: String,
    file: PathBuf,
    scenario: Scenario,
}

fn stage(plan: &'static Plan) -> Staged {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/real");
    let file = folder.join(format!("{}.toml", plan.name));
    let text = fs::read_to_string(&file).unwrap_or_else(|why| panic!("{}: {why}", plan.name));
    let scenario = parse(plan.name, &text).unwrap_or_else(|why| panic!("{why}"));
    let how = if plan.moves {
        ", elsewhere"
    } else if plan.netem {
        ", by netem"
    } else {
        ""
    };
    let label = format!("{}{how}", plan.name);
    Staged { plan, label, file, scenario }
}

/// Lays both worlds side by side.
fn compare(Staged { label, .. }: &Staged, simulated: &[RunResult], real: &[RunResult]) -> Outcome {
    let rows = rows(simulated, real);
    let detection = rows.iter().find(|row| row.metric == "detection.dead");
    Outcome {
        table: rows.iter().map(|row| format!("| {label} | {row} |\n")).collect(),
        against: objections(simulated, real).into_iter().map(|why| format!("{label}: {why}")).collect(),
        places: detection.map(|row| row.places()).unwrap_or_default(),
    }
}

/// As [`compare`]. Where something speaks against the agreement the plan is run once more, and what comes of that counts: what a
/// busy machine does to a run, or chance (about once in a hundred of all runs together), it hardly does twice to the same plan;
/// what is wrong with the node, it does every time.
#[expect(clippy::print_stderr, reason = "nothing is dropped unseen")]
fn judge(staged: &Staged, simulated: &[RunResult], real: &[RunResult]) -> Result<Outcome, String> {
    let first = compare(staged, simulated, real);
    if first.against.is_empty() {
        return Ok(first);
    }
    eprintln!("{} once more, because\n{}\n{}", staged.label, first.against.join("\n"), first.table);
    Ok(compare(staged, simulated, &all_real(staged)?))
}

/// The real runs of a plan, all at once: those of IPv4, then those of IPv6.
fn all_real(Staged { plan, label, file, scenario }: &Staged) -> Result<Vec<RunResult>, String> {
    let one = |family: Family, seed: u64| {
        let (program, file) = (PathBuf::from(env!("CARGO_BIN_EXE_quidnunc-real")), file.clone());
        let staging = Staging { family, moves: plan.moves, netem: plan.netem };
        let outcome = run(scenario, Playbill { program, odd: None, file, seed, seal: None }, &staging);
        outcome.map(|outcome| outcome.result).map_err(|why| format!("{label}, {family}, seed {seed}: {why}"))
    };
    let seeds = || scenario.run.seed_base..scenario.run.seed_base + plan.seeds;
    let all = [Family::Four, Family::Six].into_iter().flat_map(|family| seeds().map(move |seed| (family, seed)));
    each(&all.collect::<Vec<_>>(), |&(family, seed)| one(family, seed)).into_iter().collect()
}

/// Does something with each of these, with all at once.
fn each<T: Sync, U: Send>(all: &[T], job: impl Fn(&T) -> U + Sync) -> Vec<U> {
    thread::scope(|scope| {
        let threads: Vec<_> = all.iter().map(|one| scope.spawn(|| job(one))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

#[test]
#[expect(clippy::print_stderr, reason = "the table is for readers, and what docs/real-against-simulated.md shows")]
fn real_nodes_do_what_simulated_ones_do() {
    if is_skipped("real_nodes_do_what_simulated_ones_do") {
        return;
    }
    let has_netem = has_netem().unwrap_or_else(|why| panic!("{why}"));
    let picked = env::var("REAL").unwrap_or_default();
    let plans = PLANS.iter().filter(|plan| has_netem || !plan.netem);
    let staged: Vec<Staged> = plans.map(stage).filter(|staged| staged.label.contains(&picked)).collect();
    assert!(!staged.is_empty(), "no plan's label contains REAL={picked}");
    // The simulator takes all processors that there are; real nodes have to have run before.
    let real: Vec<Vec<RunResult>> =
        each(&staged, all_real).into_iter().collect::<Result<_, _>>().unwrap_or_else(|why| panic!("{why}"));
    // A file that has two plans is simulated once.
    let files: BTreeMap<&str, &Scenario> = staged.iter().map(|staged| (staged.plan.name, &staged.scenario)).collect();
    let files: Vec<_> = files.into_iter().collect();
    let runs = each(&files, |(name, scenario)| simulate(scenario).unwrap_or_else(|why| panic!("{name}: {why}")));
    let simulated: BTreeMap<&str, Vec<RunResult>> = files.iter().map(|(name, _)| *name).zip(runs).collect();
    let both = staged.iter().zip(&real);
    let judged = both.map(|(staged, real)| judge(staged, &simulated[staged.plan.name], real));
    let outcomes = judged.collect::<Result<Vec<_>, _>>().unwrap_or_else(|why| panic!("{why}"));
    eprintln!("| scenario | expectation | least | median | most | real |\n|---|---|--:|--:|--:|---|");
    outcomes.iter().for_each(|outcome| eprint!("{}", outcome.table));
    let places: Vec<u64> = outcomes.iter().flat_map(|outcome| outcome.places.clone()).collect();
    eprintln!("places of the first deaths among 1000 simulated ones: {places:?}");
    let against: Vec<String> = outcomes.into_iter().flat_map(|outcome| outcome.against).chain(lean(&places)).collect();
    assert!(against.is_empty(), "{}", against.join("\n"));
}
