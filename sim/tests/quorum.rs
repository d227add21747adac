//! Would every claim about the quorum fail if it were wrong?
//!
//! Each scenario in `scenarios/quorum` runs once with its own seed, and what it looks at is held against all that might be
//! there instead: only what the file says may hold.

use std::fs;
use std::path::PathBuf;

use quidnunc_sim::result::Verdict;
use quidnunc_sim::scenario::{
    Across, Expect, GoesIs, HealthIs, Is, Look, LossIs, Metric, Op, Scenario, StandingIs, parse,
};
use quidnunc_sim::world::{RunOptions, run};

fn scenarios() -> Vec<Scenario> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/quorum"));
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("there is a folder").map(|file| file.expect("it can be listed").path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).expect("it is text");
        parse(&file.display().to_string(), &text).unwrap_or_else(|mistake| panic!("{mistake}"))
    };
    files.into_iter().map(read).collect()
}

/// Everything else that might be seen.
fn others(is: Is) -> Vec<Is> {
    let all: Vec<Is> = match is {
        Is::Standing(_) => {
            use StandingIs::{Down, InQuorum, NotInQuorum, SuspectNotInQuorum};
            [NotInQuorum, SuspectNotInQuorum, InQuorum, Down].map(Is::Standing).into()
        }
        Is::Loss(_) => [LossIs::None, LossIs::Down, LossIs::SuspectDown].map(Is::Loss).into(),
        Is::Goes(_) => [GoesIs::Itself, GoesIs::TheOther].map(Is::Goes).into(),
        Is::Health(_) => {
            use HealthIs::{Alive, Dead, Left, Removed, Suspect, Unknown};
            [Alive, Suspect, Dead, Left, Removed, Unknown].map(Is::Health).into()
        }
    };
    all.into_iter().filter(|other| *other != is).collect()
}

/// The same expectations with something else to be seen, or with a bound that is just too strict.
fn mistaken(expect: &Expect) -> Vec<Expect> {
    let id = |number: usize| format!("{}/{number}", expect.id);
    if let Some(look) = &expect.look {
        let with = |(number, is)| Expect { id: id(number), look: Some(Look { is, ..look.clone() }), ..expect.clone() };
        return others(look.is).into_iter().enumerate().map(with).collect();
    }
    let turned = match (expect.metric, expect.op) {
        // What is found on purpose must not pass for nothing, and nothing must not pass for something.
        (Metric::QuorumBothSides, Op::Equals | Op::Min) => (Op::Max, 0),
        (Metric::QuorumBothSides | Metric::QuorumRefused, Op::Max) => (Op::Min, 1),
        (Metric::QuorumChanges, Op::Max) => (Op::Min, expect.bound + 1),
        _ => return Vec::new(),
    };
    vec![Expect { id: id(0), op: turned.0, bound: turned.1, ..expect.clone() }]
}

#[test]
fn every_claim_fails_when_it_is_wrong() {
    let mut mistakes = 0;
    for mut scenario in scenarios() {
        let name = scenario.name.clone();
        scenario.expects.retain(|expect| expect.across == Across::Each);
        let seed = scenario.run.seed_base;
        let result = run(&scenario, seed, &RunOptions::default()).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(result.verdict, Verdict::Pass, "{name}: {:?}", result.expectations);
        scenario.expects = scenario.expects.iter().flat_map(mistaken).collect();
        let result = run(&scenario, seed, &RunOptions::default()).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert!(!result.expectations.is_empty(), "{name} looks at something");
        for wrong in &result.expectations {
            assert_eq!(wrong.ok, Some(false), "{name}: {wrong:?}");
        }
        mistakes += result.expectations.len();
    }
    assert!(mistakes > 200, "there is something to be mistaken about: {mistakes}");
}
