//! The merge law against its table, and its algebra.

use alloc::string::String;
use core::fmt::Write as _;
use core::net::SocketAddr;

const NOW: crate::vocab::Instant = crate::vocab::Instant::from_nanos(0);

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::merge::{Statement, wins};
use super::tests::limits;
use super::{Change, Membership};
use crate::vocab::{Health, Incarnation, NodeId, Record};

const HEALTHS: [Health; 5] = [Health::Alive, Health::Suspect, Health::Dead, Health::Left, Health::Removed];
const INCARNATIONS: [(u64, u32); 9] = [(6, 4), (6, 5), (6, 6), (7, 4), (7, 5), (7, 6), (8, 4), (8, 5), (8, 6)];

fn record(id: u128, (boot, counter): (u64, u32), health: Health, port: u16) -> Record {
    let addr = SocketAddr::from(([10, 0, 0, 1], port));
    let incarnation = Incarnation { boot, counter };
    Record { incarnation, health, hops: 1, ..Record::of_new_life(NodeId::from_u128(id), boot, addr) }
}

/// What a roster that knows one thing does with another.
fn verdict(known: &Record, heard: &Record) -> &'static str {
    let mut membership = Membership::new(&record(0, (7, 0), Health::Alive, 1), limits(9), NOW);
    membership.apply(known, NOW);
    let change = membership.apply(heard, NOW);
    membership.check();
    let now = membership.find(known.id).map(|slot| membership.record(slot));
    match change {
        Change::Changed { .. } if now == Some(*heard) => "heard",
        Change::Old if known == heard => "same",
        Change::Old if now == Some(*known) => "known",
        Change::New(_) | Change::Changed { .. } | Change::Old | Change::Refused(_) => "WRONG",
    }
}

/// Compares a computed table with its file below `----`; `UPDATE=1` rewrites the file.
pub(crate) fn check_table(file: &str, expected: &str, computed: &str) {
    let (head, table) = expected.split_once("----\n").expect("a table begins below its head");
    if std::env::var_os("UPDATE").is_some() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables").join(file);
        std::fs::write(path, std::format!("{head}----\n{computed}")).expect("the table can be written");
        return;
    }
    for (number, (expected, computed)) in (head.lines().count() + 2..).zip(table.lines().zip(computed.lines())) {
        assert_eq!(computed, expected, "{file}, line {number}; UPDATE=1 rewrites it");
    }
    assert_eq!(computed.lines().count(), table.lines().count(), "{file} has another length; UPDATE=1 rewrites it");
}

#[test]
fn every_pair_of_statements_is_in_the_table() {
    let mut table = String::new();
    for known in HEALTHS {
        for incarnation in INCARNATIONS {
            let known = record(1, (7, 5), known, 1);
            write!(table, "{} {:<7} |", known.incarnation, std::format!("{:?}", known.health)).expect("a string");
            write!(table, " {}", Incarnation { boot: incarnation.0, counter: incarnation.1 }).expect("a string");
            for health in HEALTHS {
                write!(table, " {:<7}", verdict(&known, &record(1, incarnation, health, 1))).expect("a string");
            }
            table.truncate(table.trim_end().len());
            table.push('\n');
        }
    }
    check_table("merge.txt", include_str!("../../tests/tables/merge.txt"), &table);
}

#[test]
fn an_owner_that_broke_its_word_is_believed_alike_everywhere() {
    let at = |port| record(1, (7, 5), Health::Alive, port);
    assert_eq!(verdict(&at(1), &at(2)), "heard");
    assert_eq!(verdict(&at(2), &at(1)), "known");
}

type Claim = (Statement, SocketAddr);

fn any_claim() -> impl Strategy<Value = Claim> {
    (0..3_u64, 0..3_u32, 0..5_usize, 1..3_u16).prop_map(|(boot, counter, health, port)| {
        let statement = Statement { incarnation: Incarnation { boot, counter }, health: HEALTHS[health] };
        (statement, SocketAddr::from(([10, 0, 0, 1], port)))
    })
}

fn merge(known: Claim, heard: Claim) -> Claim {
    if wins(heard, known) { heard } else { known }
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(1), cases: 2000, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn merging_is_commutative_associative_and_idempotent(a in any_claim(), b in any_claim(), c in any_claim()) {
        prop_assert_eq!(merge(a, b), merge(b, a));
        prop_assert_eq!(merge(merge(a, b), c), merge(a, merge(b, c)));
        prop_assert_eq!(merge(a, a), a);
        prop_assert!(!wins(a, a));
        prop_assert!(a == b || wins(a, b) != wins(b, a), "of two different claims exactly one wins");
    }

    #[test]
    fn merging_never_goes_back(a in any_claim(), b in any_claim(), c in any_claim()) {
        prop_assert!(!wins(a, merge(a, b)) && !wins(b, merge(a, b)));
        if wins(b, a) {
            prop_assert!(!wins(merge(a, c), merge(b, c)), "what wins still wins when both hear a third");
        }
        prop_assert!(merge(a, b).0.incarnation.boot >= a.0.incarnation.boot);
        if b.0.incarnation.boot == a.0.incarnation.boot && a.0.health.is_final() {
            prop_assert!(merge(a, b).0.health.is_final());
        } else if a.0.health == Health::Dead && merge(a, b).0.health.is_live() {
            prop_assert!(b.0.incarnation > a.0.incarnation, "only a higher incarnation revives");
        }
    }
}
