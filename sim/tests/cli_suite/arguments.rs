//! Is what was asked for understood, and what was mistyped explained?

use expect_test::{Expect, expect};
use quidnunc_sim::cli::SeedRange;
use quidnunc_sim::result::ExitCode;

use crate::stand_in::{file, say};

#[test]
fn a_range_of_seeds_is_half_open() {
    assert_eq!("5..9".parse(), Ok(SeedRange { first: 5, end: 9 }));
    assert_eq!("0..18446744073709551615".parse(), Ok(SeedRange { first: 0, end: u64::MAX }));
}

#[test]
fn a_bad_range_says_what_a_good_one_is() {
    let check = |text: &str, why: Expect| {
        why.assert_eq(&text.parse::<SeedRange>().unwrap_err().to_string());
    };
    check("7", expect!["one seed is --seed 7; a range is A..B, such as 1..101"]);
    check("many", expect!["a range is A..B, such as 1..101"]);
    check("5..=9", expect!["the end is not part of the range: write 5..10"]);
    check("5..5", expect!["it is empty: the end is not part of the range; write 5..6"]);
    check("9..5", expect!["it is empty: the end must be larger than the beginning"]);
    check("9..=5", expect!["it is empty: the end must be larger than the beginning"]);
    check("1..", expect!["`` is not a seed: cannot parse integer from empty string"]);
    check("-1..5", expect!["`-1` is not a seed: invalid digit found in string"]);
}

#[test]
fn wrong_usage_ends_with_64() {
    for args in [
        &[][..],
        &["dance"],
        &["run"],
        &["check"],
        &["verify", "--seed", "1", "a.toml"],
        &["run", "a.toml", "--jobs", "0"],
        &["run", "a.toml", "--seeds", "9..5"],
        &["run", "a.toml", "--seed", "1", "--seeds", "1..5"],
        &["run", "a.toml", "--seed", "1", "--all-seeds"],
        &["bisect", "a.fp"],
    ] {
        let said = say(args);
        assert_eq!((said.code, said.out.as_str()), (ExitCode::Usage, ""), "{args:?}");
        assert!(!said.err.is_empty(), "{args:?}");
    }
}

#[test]
fn help_and_version_are_results() {
    for command in ["", "run", "check", "verify", "bisect", "bench", "network"] {
        let args = [command, "--help"];
        let args = if command.is_empty() { &args[1..] } else { &args[..] };
        let said = say(args);
        assert_eq!((said.code, said.err.as_str()), (ExitCode::Pass, ""), "{args:?}");
        assert!(said.out.contains("Example"), "{args:?}");
    }
    let said = say(&["--version"]);
    assert_eq!(said.code, ExitCode::Pass);
    assert!(said.out.starts_with("quidnunc-sim "), "{}", said.out);
}

#[test]
fn every_unusable_file_is_named() {
    let broken = file("every_unusable_file_is_named", "broken");
    let good = file("every_unusable_file_is_named", "good");
    for command in ["run", "check", "verify"] {
        let said = say(&[command, "no/such.toml", &good, &broken]);
        assert_eq!(said.code, ExitCode::Usage);
        let lines: Vec<&str> = said.err.lines().collect();
        assert!(lines[0].starts_with("error: cannot read no/such.toml: "), "{}", said.err);
        assert!(lines[1].ends_with("broken.toml: no scenario"), "{}", said.err);
        assert_eq!(lines.len(), 2);
    }
}

#[test]
fn check_tells_what_it_understood() {
    let good = file("check_tells_what_it_understood", "good");
    let said = say(&["check", &good]);
    assert_eq!((said.code, said.err.as_str()), (ExitCode::Pass, ""));
    let outline = "good, 100 nodes for 60 s, 1 fault, 1 expectation, 4 seeds from 1\n";
    assert_eq!(said.out, format!("{good}: {outline}"));
}

#[test]
fn two_scenarios_of_one_name_cannot_be_pooled() {
    let good = file("two_scenarios_of_one_name_cannot_be_pooled", "good");
    assert_eq!(say(&["run", &good, &good]).code, ExitCode::Pass);
    let said = say(&["run", &good, &good, "--all-seeds"]);
    assert_eq!(said.code, ExitCode::Usage);
    assert!(said.err.contains("both named `good`"), "{}", said.err);
}

#[test]
fn a_run_of_nothing_does_not_pass() {
    let good = file("a_run_of_nothing", "good");
    let last = u64::MAX.to_string();
    let said = say(&["run", &good, "--seed", &last]);
    assert_eq!((said.code, said.out.as_str()), (ExitCode::Usage, ""));
    assert!(said.err.contains("no seed to run"), "{}", said.err);
}

#[test]
fn a_slip_of_the_keyboard_does_not_run_for_years() {
    let good = file("a_slip_of_the_keyboard", "good");
    let said = say(&["run", &good, "--seeds", "1..99999999999"]);
    assert_eq!(said.code, ExitCode::Usage);
    assert!(said.err.contains("at most 1000000"), "{}", said.err);
}
