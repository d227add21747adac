//! The transition table of the original and the truth tables of the providers, against their files, which were written
//! before the code.

use alloc::string::String;
use core::fmt::Write as _;

use super::*;
use crate::membership::merge_law::check_table;
use crate::quorum::provider::Count;
use crate::quorum::standing::Seen;

const STANDINGS: [Standing; 4] =
    [Standing::NotInQuorum, Standing::SuspectNotInQuorum, Standing::InQuorum, Standing::Down];
const EVENTS: [Event; 7] = [
    Event::SelfAlive,
    Event::NodeAlive,
    Event::SelfLeave,
    Event::NodeLeave,
    Event::Voters,
    Event::Domains,
    Event::Timeout,
];

#[test]
fn every_event_moves_every_standing_as_in_the_table() {
    let settings = Settings::quorum_store();
    let mut table = String::new();
    for standing in STANDINGS {
        for event in EVENTS {
            // A timeout comes when it is due, all others before that.
            let now = if event == Event::Timeout { at(60) } else { at(59) };
            let becomes = |enough| {
                let mut machine = Machine::at(&settings, standing, at(0));
                let from = machine.step(event, Seen { enough, is_settled: true }, now);
                assert_eq!(from, (machine.standing() != standing).then_some(standing), "a change is told");
                std::format!("{:?}", machine.standing())
            };
            let names = (std::format!("{standing:?}"), std::format!("{event:?}"));
            writeln!(table, "{:18} | {:10} | {:18} | {}", names.0, names.1, becomes(false), becomes(true))
                .expect("a string");
        }
    }
    check_table("quorum-store.txt", include_str!("../../../tests/tables/quorum-store.txt"), &table);
}

#[test]
fn the_native_profile_looks_at_every_event() {
    let settings = Settings { stable_after: Duration::ZERO, ..Settings::native() };
    for event in EVENTS.into_iter().filter(|&event| event != Event::SelfLeave) {
        let becomes = |standing, enough| {
            let mut machine = Machine::at(&settings, standing, at(0));
            machine.step(event, Seen { enough, is_settled: true }, at(1));
            machine.standing()
        };
        assert_eq!(becomes(Standing::InQuorum, false), Standing::SuspectNotInQuorum, "{event:?}");
        assert_eq!(becomes(Standing::NotInQuorum, true), Standing::InQuorum, "{event:?}");
        assert_eq!(becomes(Standing::SuspectNotInQuorum, true), Standing::InQuorum, "{event:?}");
        assert_eq!(becomes(Standing::Down, true), Standing::Down, "{event:?}");
    }
}

#[test]
fn every_provider_judges_as_in_its_truth_table() {
    let mut table = String::new();
    for votes in 0..9 {
        for seen in 0..=votes {
            let count = Count { known: true, own_active: true, votes, seen, domains: votes, held: seen, tie: false };
            let says = |provider: Provider, count: Count| if provider.judge(&count).is_ok() { "yes" } else { "no" };
            let (tie, inactive) = (Count { tie: true, ..count }, Count { own_active: false, tie: true, ..count });
            let three = |provider| (says(provider, count), says(provider, tie), says(provider, inactive));
            let (majority, weighted) = (three(Provider::Majority), three(Provider::Weighted));
            let (zones, domains) = (three(Provider::FailureDomains), three(Provider::MajorityOfDomains));
            let (fixed, none) = (says(Provider::Static(2), tie), says(Provider::None, inactive));
            let [majority, weighted] = [majority, weighted].map(|it| std::format!("{:8} {:3}", it.0, it.1));
            let zones = std::format!("{:15} {:3} {:8}", zones.0, zones.1, zones.2);
            let domains = std::format!("{:7} {:3} {:8}", domains.0, domains.1, domains.2);
            writeln!(table, "{votes:5} {seen:4} | {majority} | {weighted} | {zones} | {domains} | {fixed:9} {none}")
                .expect("a string");
        }
    }
    check_table("quorum-providers.txt", include_str!("../../../tests/tables/quorum-providers.txt"), &table);
}

#[test]
fn what_is_needed_is_more_than_half() {
    let needed = |votes| Provider::Majority.votes(&Count { votes, ..Count::default() }).needed;
    assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 8].map(needed), [1, 1, 2, 2, 3, 3, 4, 4, 5]);
}

#[test]
fn nobody_but_none_is_satisfied_before_it_is_known_who_votes() {
    let unknown = Count { known: false, own_active: true, votes: 0, seen: 9, domains: 0, held: 9, tie: true };
    let providers = [
        Provider::Majority,
        Provider::FailureDomains,
        Provider::Weighted,
        Provider::MajorityOfDomains,
        Provider::Static(1),
    ];
    for provider in providers {
        assert_eq!(provider.judge(&unknown), Err(Lack::Voters), "{provider:?}");
    }
    assert_eq!(Provider::None.judge(&unknown), Ok(()));
}
