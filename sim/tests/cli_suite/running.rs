//! Does `run` end as it must, whatever happens in it?

use quidnunc_sim::result::ExitCode;
use serde_json::Value;

use crate::stand_in::{file, say};

#[test]
fn one_seed_is_the_files_first_or_the_one_asked_for() {
    let good = file("one_seed", "good");
    let seed = |args: &[&str]| {
        let json: Value = serde_json::from_str(&say(args).out).unwrap();
        json["seed"].clone()
    };
    assert_eq!(seed(&["run", &good, "--json"]), 1);
    assert_eq!(seed(&["run", &good, "--json", "--seed", "77"]), 77);
}

#[test]
fn the_results_do_not_depend_on_the_threads() {
    let good = file("threads", "fails");
    let out = |jobs| say(&["run", &good, "--seeds", "0..40", "--json", "--jobs", jobs]).out;
    let one = out("1");
    assert_eq!(one, out("4"));
    let json: Value = serde_json::from_str(&one).unwrap();
    let seeds: Vec<u64> = json["runs"].as_array().unwrap().iter().map(|run| run["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds, (0..40).collect::<Vec<_>>());
}

#[test]
fn all_seeds_are_the_files_own() {
    let good = file("all_seeds", "good");
    let said = say(&["run", &good, "--all-seeds", "--quiet"]);
    assert_eq!((said.code, said.out.as_str()), (ExitCode::Pass, "PASS  good  4 of 4 seeds passed\n"));
}

#[test]
fn a_failure_ends_with_the_command_that_runs_it_again() {
    let fails = file("a_failure", "fails");
    let said = say(&["run", &fails, "--seed", "3"]);
    assert_eq!(said.code, ExitCode::Failed);
    let last = said.out.lines().last().unwrap();
    assert!(last.starts_with(&format!("quidnunc-sim run {fails} --seed 3   # commit ")), "{last}");
    assert!(last.contains(" scenario sha256:"), "{last}");
    assert!(last.ends_with(" fp 53de64a7c0ffee03"), "{last}");
    assert_eq!(say(&["run", &fails, "--seed", "4"]).code, ExitCode::Pass);
}

#[test]
fn json_stays_alone_on_stdout() {
    let fails = file("json_alone", "fails");
    let said = say(&["run", &fails, &fails, "--seed", "3", "--json"]);
    assert_eq!(said.code, ExitCode::Failed);
    assert_eq!(said.out.lines().count(), 2);
    assert!(said.out.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert!(said.err.starts_with("quidnunc-sim run "), "{}", said.err);
}

#[test]
fn a_panic_costs_no_other_seed_its_result() {
    let panics = file("a_panic", "panics");
    let said = say(&["run", &panics, "--seeds", "1..6", "--json"]);
    assert_eq!(said.code, ExitCode::Panicked);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    let verdicts: Vec<&str> =
        json["runs"].as_array().unwrap().iter().map(|run| run["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["pass", "pass", "panic", "pass", "pass"]);
    assert_eq!(json["runs"][2]["panic"], "seed 3 went wrong");
    assert_eq!(json["runs"][2]["expectations"][0]["ok"], Value::Null);
    assert_eq!(json["pooled"]["panics"]["verdict"], "panic");
    assert_eq!(json["pooled"]["panics"]["passed"], 4);
}

#[test]
fn of_several_files_the_worst_ending_counts() {
    let [good, fails, panics] = ["good", "fails", "panics"].map(|name| file("several", name));
    assert_eq!(say(&["run", &good, &fails, "--seed", "3", "--quiet"]).code, ExitCode::Failed);
    assert_eq!(say(&["run", &panics, &good, &fails, "--seed", "3", "--quiet"]).code, ExitCode::Panicked);
}

#[test]
fn a_simulator_at_fault_ends_with_70() {
    let leaks = file("leaks", "leaks");
    let said = say(&["run", &leaks]);
    assert_eq!((said.code, said.out.as_str()), (ExitCode::SimulatorFault, ""));
    assert!(said.err.contains("1006 packets sent, duplicated and injected, but 1005"), "{}", said.err);
}

#[test]
fn a_scenario_that_the_protocol_refuses_ends_with_64() {
    let refused = file("refused", "refused");
    let said = say(&["run", &refused]);
    assert_eq!(said.code, ExitCode::Usage);
    assert!(said.err.ends_with("refused.toml: refused\n"), "{}", said.err);
}

#[test]
fn what_fails_only_over_all_seeds_is_run_again_with_all_of_them() {
    let together = file("together", "together");
    let said = say(&["run", &together, "--seeds", "5..8"]);
    assert_eq!(said.code, ExitCode::Failed);
    assert!(said.out.starts_with("FAIL  together  3 of 3 seeds passed\n"), "{}", said.out);
    let last = said.out.lines().last().unwrap();
    assert!(last.starts_with(&format!("quidnunc-sim run {together} --seeds 5..8   # ")), "{last}");
    assert_eq!(say(&["run", &together]).code, ExitCode::Pass);
}

#[test]
fn a_hundred_failures_are_not_a_hundred_commands() {
    let fails = file("a_hundred_failures", "fails");
    let said = say(&["run", &fails, "--seeds", "0..300", "--quiet"]);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[..2], ["FAIL  fails  200 of 300 seeds passed", ""]);
    assert_eq!(lines.len(), 2 + 5);
}
