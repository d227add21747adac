//! Is what no scenario can bring about measured all the same?

use quidnunc_core::{Domain, Health, Incarnation, MemberChange, NodeId, Reason};

use super::Measure;
use crate::result::{RunResult, Verdict};
use crate::scenario::parse;

const CLAIMS: &str = "[[expect]]\nmetric = \"strangers\"\nmax = 0\n[[expect]]\nmetric = \"converged\"\nmax = \"1s\"\n";

/// Two nodes that know each other from the start, and of which the first hears this of somebody that never was.
fn hears(health: &[Health]) -> RunResult {
    let text = format!(
        "format = 1\nname = \"t\"\nabout = \"t\"\nrun = {{ duration = \"9s\" }}\n\
         nodes = {{ count = 2, start = \"converged\" }}\n{CLAIMS}"
    );
    let scenario = parse("test.toml", &text).unwrap_or_else(|mistake| panic!("{mistake}"));
    let mut measure = Measure::new(&scenario, &[false; 2], None);
    (0..2).for_each(|node| measure.on_start((node, 1), true, 0));
    for (now, &health) in (5..).zip(health) {
        let change = MemberChange {
            id: NodeId::from_u128(7),
            addr: "10.0.0.1:7946".parse().expect("an address"),
            moved_from: None,
            domain: Domain::NONE,
            incarnation: Incarnation::first(1),
            health,
            was: None,
            reason: Reason::Rumour,
            hops: 1,
            evidence: None,
        };
        measure.on_stranger(0, &change, now);
    }
    measure.finish(&scenario, &[const { Vec::new() }; 2], (9, &[]))
}

#[test]
fn a_member_that_never_was_is_counted_and_keeps_everybody_from_agreeing() {
    let run = hears(&[Health::Alive]);
    assert_eq!(run.metrics["strangers"].samples.count(), 1);
    assert_eq!(run.expectations.iter().map(|held| held.ok).collect::<Vec<_>>(), [Some(false), None]);
    assert_eq!(run.verdict, Verdict::Fail);
}

#[test]
fn one_that_is_given_up_again_was_there_all_the_same() {
    let run = hears(&[Health::Alive, Health::Dead]);
    assert_eq!(run.metrics["strangers"].samples.count(), 2);
    assert_eq!(run.expectations.iter().map(|held| held.ok).collect::<Vec<_>>(), [Some(false), Some(true)]);
}

#[test]
fn without_any_every_claim_holds() {
    assert_eq!(hears(&[]).verdict, Verdict::Pass);
}
