//! Would every claim about the quorum fail if it were wrong?
//!
//! Each scenario in `scenarios/quorum` runs with its own seed, and with more of them where a claim is about all. What it looks
//! at is held against all that might be there instead, and what it measures against bounds that must not hold: only what the
//! file says may be so.

use std::fs;
use std::path::PathBuf;

use quidnunc_sim::result::{ExpectResult, RunResult, Verdict, pool};
use quidnunc_sim::scenario::{
    Across, Expect, GoesIs, HealthIs, Is, Look, LossIs, Op, Scenario, StandingIs, Stat, Unit, parse,
};
use quidnunc_sim::world::{RunOptions, run};

/// So many seeds stand for all where a claim is about all of them.
const POOLED: u64 = 40;

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

/// Bounds that must not hold where this one does: for a number its neighbours, for a time, which differs from seed to seed, a
/// third of it or three times as much.
fn other_bounds(expect: &Expect) -> Vec<(Op, u64)> {
    let is_time = expect.stat != Stat::Count && expect.metric.unit() == Unit::Nanoseconds;
    let (below, above) = (expect.bound.checked_sub(1).map(|below| (Op::Max, below)), Some((Op::Min, expect.bound + 1)));
    let others = match expect.op {
        Op::Max if is_time => [Some((Op::Max, expect.bound / 3)), None],
        Op::Min if is_time => [Some((Op::Min, expect.bound * 3)), None],
        Op::Max => [above, None],
        Op::Min => [below, None],
        Op::Equals => [below, above],
    };
    others.into_iter().flatten().collect()
}

/// The same expectation with something else to be seen, or with another bound.
fn mistaken(expect: &Expect) -> Vec<Expect> {
    let id = |number: usize| format!("{}/{number}", expect.id);
    if let Some(look) = &expect.look {
        let with = |(number, is)| Expect { id: id(number), look: Some(Look { is, ..look.clone() }), ..expect.clone() };
        return others(look.is).into_iter().enumerate().map(with).collect();
    }
    let with = |(number, (op, bound))| Expect { id: id(number), op, bound, ..expect.clone() };
    other_bounds(expect).into_iter().enumerate().map(with).collect()
}

/// What becomes of the expectations of a scenario: with its own seed, or over more of them. And what all say together.
fn held(scenario: &Scenario) -> (Vec<ExpectResult>, Verdict) {
    let of_all = scenario.expects.iter().any(|expect| expect.across == Across::Pooled);
    let seeds = if of_all { POOLED } else { 1 };
    let one = |seed| {
        run(scenario, seed, &RunOptions::default()).unwrap_or_else(|problem| panic!("{}: {problem}", scenario.name))
    };
    let runs: Vec<RunResult> = (0..seeds).map(|more| one(scenario.run.seed_base + more)).collect();
    let all = pool(scenario, &runs);
    let of = |(place, expect): (usize, &Expect)| match expect.across {
        Across::Each => runs[0].expectations[place].clone(),
        Across::Pooled => all.expectations[place].clone(),
    };
    (scenario.expects.iter().enumerate().map(of).collect(), all.verdict)
}

#[test]
fn every_claim_fails_when_it_is_wrong() {
    let mut mistakes = 0;
    for mut scenario in scenarios() {
        let name = scenario.name.clone();
        let (right, verdict) = held(&scenario);
        assert_eq!(verdict, Verdict::Pass, "{name}: {right:?}");
        let each_mistaken = |expect: &Expect| {
            let all = mistaken(expect);
            assert!(!all.is_empty(), "{name}: nothing but {} could be so", expect.id);
            all
        };
        scenario.expects = scenario.expects.iter().flat_map(each_mistaken).collect();
        let (wrong, _) = held(&scenario);
        for wrong in &wrong {
            assert_eq!(wrong.ok, Some(false), "{name}: {wrong:?}");
        }
        mistakes += wrong.len();
    }
    assert!(mistakes > 250, "there is something to be mistaken about: {mistakes}");
}
