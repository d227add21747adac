//! Do real nodes do what simulated ones do, scenario by scenario?
//!
//! Every run has namespaces of its own, so that all of them run at once; one after the other they would take minutes. `REAL=kill`
//! picks those whose names contain that.

#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::thread;
use std::{env, fs};

use quidnunc_real::compare::{objections, rows, simulate};
use quidnunc_real::namespaces::{Family, is_skipped};
use quidnunc_real::run::{Staging, run};
use quidnunc_real::troupe::Playbill;
use quidnunc_sim::scenario::parse;

/// The files in `scenarios/real`; with `true`, whoever comes back in the real run does so under another address.
const RUNS: [(&str, Family, bool); 18] = [
    ("kill", Family::Four, false),
    ("kill", Family::Six, false),
    ("leave", Family::Four, false),
    ("leave", Family::Six, false),
    ("loss", Family::Four, false),
    ("loss", Family::Six, false),
    ("mute", Family::Four, false),
    ("mute", Family::Six, false),
    ("one-way", Family::Four, false),
    ("one-way", Family::Six, false),
    ("partition", Family::Four, false),
    ("partition", Family::Six, false),
    ("restart", Family::Four, false),
    ("restart", Family::Six, false),
    ("restart", Family::Four, true),
    ("restart", Family::Six, true),
    ("streams", Family::Four, false),
    ("streams", Family::Six, false),
];

/// Runs one file in both worlds. Returns the rows of its table and what speaks against it.
fn both_worlds(name: &str, family: Family, moves: bool) -> (String, Vec<String>) {
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/real")).join(format!("{name}.toml"));
    let text = fs::read_to_string(&file).unwrap_or_else(|why| panic!("{name}: {why}"));
    let scenario = parse(name, &text).unwrap_or_else(|why| panic!("{why}"));
    let bill =
        Playbill { program: env!("CARGO_BIN_EXE_quidnunc-real").into(), file, seed: scenario.run.seed_base, seal: None };
    let real = match run(&scenario, bill, &Staging { family, moves }) {
        Ok(outcome) => outcome.result,
        Err(why) => return (String::new(), vec![format!("{name}, {family}: {why}")]),
    };
    let simulated = simulate(&scenario).unwrap_or_else(|why| panic!("{name}: {why}"));
    let table = rows(&simulated, &real).iter().map(|row| format!("{family} {row}\n")).collect();
    let against = objections(&simulated, &real);
    (table, against.into_iter().map(|why| format!("{name}, {family}: {why}")).collect())
}

#[test]
#[expect(clippy::print_stderr, reason = "the table is for readers, and what docs/real-against-simulated.md is made of")]
fn real_nodes_do_what_simulated_ones_do() {
    if is_skipped("real_nodes_do_what_simulated_ones_do") {
        return;
    }
    let picked = env::var("REAL").unwrap_or_default();
    let runs: Vec<_> = RUNS.into_iter().filter(|(name, ..)| name.contains(&picked)).collect();
    assert!(!runs.is_empty(), "no run is called so");
    let outcomes: Vec<(String, Vec<String>)> = thread::scope(|scope| {
        let threads: Vec<_> =
            runs.iter().map(|&(name, family, moves)| scope.spawn(move || both_worlds(name, family, moves))).collect();
        threads.into_iter().map(|run| run.join().unwrap_or_else(|_| (String::new(), vec!["a panic".into()]))).collect()
    });
    outcomes.iter().for_each(|(table, _)| eprint!("{table}"));
    let against: Vec<String> = outcomes.into_iter().flat_map(|(_, against)| against).collect();
    assert!(against.is_empty(), "{}", against.join("\n"));
}
