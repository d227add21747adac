//! Does a run that asks for a steady start say nothing when its faults begin before everybody agrees?

use quidnunc_sim::report::{many, one};
use quidnunc_sim::result::{RunResult, Verdict, pool};
use quidnunc_sim::scenario::{Scenario, parse};
use quidnunc_sim::world::{RunOptions, run};

/// A crash that bites and is to be found out within a minute.
const CRASH: &str = "[[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:3\"\n";
/// A partition that bites.
const SPLIT: &str = "[[fault]]\nid = \"split\"\nkind = \"partition\"\nshape = \"halves\"\nfor = \"1s\"\n";

/// Runs 30 nodes that start within 1.5 s, with this in `[run]` and this below.
fn play(keys: &str, rest: &str) -> (Scenario, RunResult) {
    let text = format!(
        "format = 1\nname = \"start\"\nabout = \"t\"\n\n[run]\nduration = \"40s\"\n{keys}\n\n\
         [nodes]\ncount = 30\njoin = {{ stagger = \"50ms\" }}\n\n{rest}"
    );
    let scenario = parse("start.toml", &text).unwrap_or_else(|mistake| panic!("{mistake}"));
    let result = run(&scenario, 1, &RunOptions::default()).unwrap();
    (scenario, result)
}

/// The run's word on its start, its verdict, and the lines of its report that are about the start.
fn word(keys: &str, rest: &str) -> (Option<bool>, Verdict, Vec<String>) {
    let (scenario, result) = play(keys, rest);
    let in_json = result.to_json().get("steady").map(|steady| steady.as_bool().unwrap());
    assert_eq!(in_json, result.steady);
    let report = one(&scenario, &result);
    let lines = report.lines().filter(|line| line.contains("steady")).map(str::to_owned).collect();
    (result.steady, result.verdict, lines)
}

#[test]
fn a_fault_that_begins_before_everybody_agrees() {
    let (steady, verdict, lines) = word("steady = true", &format!("{CRASH}at = \"1s\"\n"));
    assert_eq!((steady, verdict, verdict.exit_code().number()), (Some(false), Verdict::Unknown, 2));
    assert_eq!(lines, ["not steady when stop began at 1 s"]);
}

#[test]
fn a_fault_that_begins_when_everybody_agrees() {
    let words = word("steady = true", &format!("{CRASH}at = \"10s\"\n"));
    assert_eq!(words, (Some(true), Verdict::Pass, Vec::new()));
}

#[test]
fn who_does_not_ask_is_not_told() {
    for keys in ["", "steady = false"] {
        let words = word(keys, &format!("{CRASH}at = \"1s\"\n"));
        assert_eq!(words, (None, Verdict::Pass, Vec::new()));
    }
}

#[test]
fn the_first_fault_is_the_earliest_not_the_topmost() {
    let rest = format!("{CRASH}at = \"30s\"\n{SPLIT}at = \"1s\"\n");
    let (steady, _, lines) = word("steady = true", &rest);
    assert_eq!(steady, Some(false));
    assert_eq!(lines, ["not steady when split began at 1 s"]);
}

#[test]
fn of_two_faults_at_once_neither_has_begun_yet() {
    let rest = format!("{SPLIT}at = \"10s\"\n{CRASH}at = \"10s\"\n");
    assert_eq!(word("steady = true", &rest).0, Some(true));
}

#[test]
fn without_a_fault_the_end_of_the_warm_up_counts() {
    let damage = "[net]\ncorrupt = { random = \"1%\" }\n";
    for rest in ["", damage] {
        let (steady, verdict, lines) = word("steady = true\nwarmup = \"1s\"", rest);
        assert_eq!((steady, verdict), (Some(false), Verdict::Unknown));
        assert_eq!(lines, ["not steady at the end of the warm-up at 1 s"]);
        assert_eq!(word("steady = true\nwarmup = \"10s\"", rest).0, Some(true));
    }
}

#[test]
fn something_worse_is_said_all_the_same() {
    let late = "[[expect]]\nmetric = \"detection.full\"\nmax = \"1s\"\n";
    let (_, verdict, lines) = word("steady = true", &format!("{CRASH}at = \"1s\"\n{late}"));
    assert_eq!((verdict, lines.len()), (Verdict::Fail, 1));
}

#[test]
fn of_many_seeds_those_that_were_not_steady_are_named() {
    let (scenario, result) = play("steady = true", &format!("{CRASH}at = \"1s\"\n"));
    let runs = [result];
    let pooled = pool(&scenario, &runs);
    assert_eq!(pooled.verdict, Verdict::Unknown);
    let text = many(&scenario, &pooled, &runs);
    assert!(text.contains("   not steady when stop began at 1 s\n"), "{text}");
}
