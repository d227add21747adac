//! The order visits everybody, the probe accuses only the silent, the suspicion ends once.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::order::Order;
use super::probe::Prober;
use super::suspicion::{Due, Suspicions, suspicion_length};
use super::*;
use crate::config::ProbeOrder;
use crate::vocab::{Instant, Nonce, Rng};

const SECOND: Duration = Duration::from_secs(1);

fn rng() -> Rng {
    Rng::new(1, NodeId::from_u128(1), 1)
}

fn target(slot: Slot) -> Target {
    let addr = SocketAddr::from(([10, 0, 0, 1], 7946));
    Target { slot, id: NodeId::from_u128(slot.0.into()), boot: 1, addr }
}

fn other(slot: Slot) -> bool {
    slot != Slot::SELF
}

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

#[test]
fn a_round_visits_everybody_once() {
    for rows in [2, 3, 5, 8, 64, 65, 1000] {
        let (mut order, mut rng) = (Order::new(ProbeOrder::RoundRobin), rng());
        for _round in 0..3 {
            let mut seen: Vec<u32> =
                (1..rows).filter_map(|_| order.choose(rows, &mut rng, other, target)).map(|t| t.slot.0).collect();
            seen.sort_unstable();
            assert_eq!(seen, (1..rows).collect::<Vec<_>>(), "{rows} rows");
        }
    }
}

#[test]
fn a_newcomer_has_its_random_place_in_the_present_round() {
    // 64 probers are half-way through a round of 100 when a row comes into being. Those whose place for it
    // still lies ahead meet it in this round: about half of them, and nobody later than in the next one.
    let mut rng = rng();
    let mut met_soon = 0;
    for _prober in 0..64 {
        let mut order = Order::new(ProbeOrder::RoundRobin);
        (0..50).for_each(|_| assert!(order.choose(100, &mut rng, other, target).is_some()));
        let found =
            (0..152).position(|_| order.choose(101, &mut rng, other, target).is_some_and(|t| t.slot == Slot(100)));
        met_soon += usize::from(found.expect("within two rounds") < 50);
    }
    assert!((16..=48).contains(&met_soon), "{met_soon} of 64 met the newcomer within this round");
}

#[test]
fn rounds_differ() {
    let (mut order, mut rng) = (Order::new(ProbeOrder::RoundRobin), rng());
    let mut round =
        || (1..100).filter_map(|_| order.choose(100, &mut rng, other, target)).map(|t| t.slot.0).collect::<Vec<_>>();
    assert_ne!(round(), round());
}

#[test]
fn a_changed_row_is_not_probed_from_the_old_plan() {
    let (mut order, mut rng) = (Order::new(ProbeOrder::RoundRobin), rng());
    order.choose(9, &mut rng, other, target);
    for slot in 1..9 {
        order.on_changed(Slot(slot), None);
    }
    assert_eq!(order.choose(9, &mut rng, |_| false, target), None);
}

#[test]
fn nobody_to_probe_is_no_endless_search() {
    let (mut order, mut rng) = (Order::new(ProbeOrder::RoundRobin), rng());
    assert_eq!(order.choose(1, &mut rng, other, target), None);
    assert_eq!(order.choose(1_000_000, &mut rng, |_| false, target), None);
}

#[test]
fn only_a_packed_and_unanswered_probe_accuses() {
    let mut rng = rng();
    let who = target(Slot(3));
    let mut prober = Prober::new(SECOND, SECOND / 2, at(0), &mut rng);
    assert!(prober.next_tick() < at(1000), "the first tick is somewhere in the first period");
    prober.on_tick(at(1000));

    prober.wish(who, &mut rng);
    assert_eq!(prober.on_tick(at(2000)), None, "never packed");

    let nonce = prober.wish(who, &mut rng);
    prober.on_packed(nonce, at(2000));
    assert_eq!(prober.next_deadline(), at(2500));
    assert!(!prober.on_answer(who.id, Nonce([9; 8])), "another nonce");
    assert!(!prober.on_answer(NodeId::from_u128(4), nonce), "another member");
    assert_eq!(prober.on_deadline(), Some((who, nonce)));
    assert!(prober.on_answer(who.id, nonce), "late, through a helper or not");
    assert!(!prober.on_answer(who.id, nonce), "once");
    assert_eq!(prober.on_tick(at(3000)), None);

    let nonce = prober.wish(who, &mut rng);
    prober.on_packed(nonce, at(3000));
    assert_eq!(prober.on_tick(at(4000)), Some(who));
}

#[test]
fn a_suspicion_gives_a_last_chance_and_then_convicts() {
    let mut suspicions = Suspicions::new(SECOND, 0);
    suspicions.open(Slot(1), SECOND * 4, at(0));
    suspicions.open(Slot(2), SECOND * 4, at(500));
    suspicions.open(Slot(1), SECOND * 99, at(700));
    assert_eq!(suspicions.next_deadline(), at(3000));
    assert_eq!(suspicions.on_deadline(at(2999)), None);
    assert_eq!(suspicions.on_deadline(at(3000)), Some(Due::LastChance(Slot(1))));
    suspicions.check();
    suspicions.close(Slot(2));
    assert_eq!(suspicions.on_deadline(at(3999)), None);
    assert_eq!(suspicions.on_deadline(at(4000)), Some(Due::Convict(Slot(1))));
    assert!(suspicions.is_empty());
    suspicions.check();
}

#[test]
fn the_length_follows_the_logarithm_of_the_cluster() {
    let length = |members| suspicion_length(4, members, SECOND).as_millis();
    assert_eq!([1, 10, 100, 1000, 10_000].map(length), [4000, 4000, 8000, 12_000, 16_000]);
    assert_eq!(length(64), 7224);
}
