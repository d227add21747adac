//! The order visits everybody, the probe accuses only the silent, the suspicion ends once.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::length::suspicion_length;
use super::order::Order;
use super::probe::{Prober, Silent};
use super::suspicion::{Due, Length, Suspicions, Witness};
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
    let tick = |prober: &mut Prober, millis| {
        let silent = prober.on_tick();
        prober.begin(at(millis), 1);
        silent
    };
    tick(&mut prober, 1000);

    prober.wish(who, &mut rng);
    assert_eq!(tick(&mut prober, 2000), None, "never packed");

    let nonce = prober.wish(who, &mut rng);
    prober.on_packed(nonce, at(2000));
    assert_eq!(prober.next_deadline(), at(2500));
    assert!(!prober.on_answer(who.id, Nonce([9; 8])), "another nonce");
    assert!(!prober.on_answer(NodeId::from_u128(4), nonce), "another member");
    assert_eq!(prober.on_deadline(), Some((who, nonce)));
    assert!(prober.on_answer(who.id, nonce), "late, through a helper or not");
    assert!(!prober.on_answer(who.id, nonce), "once");
    assert_eq!(tick(&mut prober, 3000), None);

    let nonce = prober.wish(who, &mut rng);
    prober.on_packed(nonce, at(3000));
    let silent = Silent { target: who, nonce, sent: at(3000), wait: SECOND / 2 };
    assert_eq!(tick(&mut prober, 4000), Some(silent));
}

#[test]
fn an_answer_over_a_stream_saves_the_target_and_is_told_from_others() {
    let (mut rng, who) = (rng(), target(Slot(3)));
    let mut prober = Prober::new(SECOND, SECOND / 2, at(0), &mut rng);
    for datagram_too in [false, true] {
        let nonce = prober.wish(who, &mut rng);
        prober.on_packed(nonce, at(2000));
        assert!(!prober.on_stream_answer(who.id, nonce), "no stream was opened yet");
        assert_eq!(prober.on_deadline(), Some((who, nonce)));
        assert!(!prober.on_stream_answer(who.id, Nonce([9; 8])), "another nonce");
        assert!(!prober.on_stream_answer(NodeId::from_u128(4), nonce), "another member");
        assert!(prober.on_stream_answer(who.id, nonce) && !prober.on_stream_answer(who.id, nonce), "once");
        assert_eq!(prober.heard_by_stream(), Some(who.id));
        if datagram_too {
            assert!(prober.on_answer(who.id, nonce), "it is late");
            assert_eq!(prober.heard_by_stream(), None);
        }
        assert_eq!(prober.on_tick(), None, "it is not silent");
        assert_eq!(prober.heard_by_stream(), None);
        prober.begin(at(3000), 1);
    }
}

#[test]
fn a_node_in_bad_health_takes_more_time_for_a_probe() {
    let mut rng = rng();
    let mut prober = Prober::new(SECOND, SECOND / 2, at(0), &mut rng);
    prober.on_tick();
    prober.begin(at(5000), 1);
    assert_eq!(prober.next_tick(), at(6000));
    prober.on_tick();
    prober.begin(at(6000), 3);
    let nonce = prober.wish(target(Slot(3)), &mut rng);
    prober.on_packed(nonce, at(6100));
    assert_eq!((prober.next_deadline(), prober.next_tick()), (at(7600), at(9000)));
    prober.on_tick();
    prober.begin(at(9000), 1);
    assert_eq!(prober.next_tick(), at(10_000), "and is back in its cadence when it is well");
}

const OWN: u64 = 100;

fn hears_well(_suspects: usize) -> bool {
    false
}

/// The last question is wished, and leaves.
fn ask(suspicions: &mut Suspicions, slot: u32, nonce: u32, witness: Witness, millis: u64) {
    let nonce = wish(suspicions, slot, nonce, witness);
    suspicions.on_left(Slot(slot), nonce, at(millis));
}

fn wish(suspicions: &mut Suspicions, slot: u32, nonce: u32, witness: Witness) -> Nonce {
    let nonce = Nonce(u64::from(nonce).to_le_bytes());
    suspicions.on_asked(Slot(slot), nonce, witness);
    nonce
}

#[test]
fn nobody_is_convicted_whom_the_last_question_has_not_left_for() {
    let mut suspicions = Suspicions::new(SECOND / 2, SECOND, 0);
    suspicions.open(Slot(1), Length::fixed(SECOND * 4), Duration::ZERO, at(0));
    assert_eq!(suspicions.on_deadline(at(3500), OWN, hears_well), Some(Due::LastChance(Slot(1))));
    let nonce = wish(&mut suspicions, 1, 1, Witness::Needless);
    for seconds in 4..20 {
        assert_eq!(suspicions.on_deadline(at(1000 * seconds), OWN, hears_well), Some(Due::PutOff(Slot(1))));
    }
    suspicions.on_left(Slot(1), nonce, at(19_700));
    assert_eq!(suspicions.next_deadline(), at(20_200), "it has its time to answer from then on");
    assert_eq!(suspicions.on_deadline(at(20_200), OWN, hears_well), Some(Due::Convict(Slot(1))));
    suspicions.check();
}

#[test]
fn a_question_that_is_lost_before_it_leaves_is_put_again() {
    let mut suspicions = Suspicions::new(SECOND / 2, SECOND, 0);
    suspicions.open(Slot(1), Length::fixed(SECOND * 4), Duration::ZERO, at(0));
    assert_eq!(suspicions.on_deadline(at(3500), OWN, hears_well), Some(Due::LastChance(Slot(1))));
    let nonce = wish(&mut suspicions, 1, 1, Witness::Needless);
    suspicions.on_lost(Slot(1), nonce);
    suspicions.check();
    assert_eq!(suspicions.on_deadline(at(4000), OWN, hears_well), Some(Due::LastChance(Slot(1))));
    ask(&mut suspicions, 1, 2, Witness::Needless, 4000);
    suspicions.on_lost(Slot(1), nonce);
    assert_eq!(suspicions.on_deadline(at(4500), OWN, hears_well), Some(Due::Convict(Slot(1))), "this one has left");
    suspicions.check();
}

#[test]
fn who_accuses_alone_convicts_when_a_helper_has_answered() {
    let mut suspicions = Suspicions::new(SECOND / 2, SECOND, 0);
    for slot in [1, 2] {
        suspicions.open(Slot(slot), Length::fixed(SECOND * 4), Duration::ZERO, at(0));
        assert!(suspicions.confirm(Slot(slot), OWN, at(0)));
        assert_eq!(suspicions.on_deadline(at(3500), OWN, hears_well), Some(Due::LastChance(Slot(slot))));
        ask(&mut suspicions, slot, slot, Witness::Wanted, 3500);
        for helper in [7, 8] {
            let helper = NodeId::from_u128(helper);
            assert!(suspicions.on_helper_asked(Slot(slot), Nonce(u64::from(slot).to_le_bytes()), helper));
        }
    }
    let [first, second] = [1, 2].map(|number: u64| Nonce(number.to_le_bytes()));
    let [helper, other, suspect] = [7, 8, 1].map(NodeId::from_u128);
    assert!(!suspicions.on_witness(first, suspect, at(3600)), "it has the nonce, but was not asked for help");
    assert_eq!(suspicions.clone().on_deadline(at(4000), OWN, hears_well), Some(Due::PutOff(Slot(1))));
    assert!(suspicions.on_witness(first, helper, at(3700)));
    assert!(!suspicions.on_witness(first, helper, at(3700)), "a repeated datagram");
    assert!(suspicions.on_witness(first, other, at(3800)), "the other one was asked as well");
    assert!(!suspicions.on_witness(Nonce([9; 8]), helper, at(3700)), "nobody was asked with this one");
    assert_eq!(suspicions.on_deadline(at(4000), OWN, hears_well), Some(Due::Convict(Slot(1))));
    assert_eq!(suspicions.on_deadline(at(4000), OWN, hears_well), Some(Due::PutOff(Slot(2))));
    assert!(!suspicions.on_helper_asked(Slot(1), first, helper), "it is judged");
    // A late word is one.
    assert!(suspicions.on_witness(second, other, at(4300)));
    assert_eq!(suspicions.on_deadline(at(4300), OWN, hears_well), Some(Due::Convict(Slot(2))));
    suspicions.check();
}

#[test]
fn who_hears_no_helper_asks_again_and_needs_none_when_others_accuse() {
    let mut suspicions = Suspicions::new(SECOND / 2, SECOND, 0);
    suspicions.open(Slot(1), Length::fixed(SECOND * 4), Duration::ZERO, at(0));
    for (round, millis) in [(0, 3500), (1, 5000), (2, 6500)] {
        assert_eq!(suspicions.on_deadline(at(millis), OWN, hears_well), Some(Due::LastChance(Slot(1))));
        ask(&mut suspicions, 1, round, Witness::Wanted, millis);
        let nonce = Nonce(u64::from(round).to_le_bytes());
        assert!(suspicions.on_helper_asked(Slot(1), nonce, NodeId::from_u128(7)));
        if round < 2 {
            assert_eq!(suspicions.on_deadline(at(millis + 500), OWN, hears_well), Some(Due::PutOff(Slot(1))));
        }
    }
    assert!(!suspicions.on_witness(Nonce([0; 8]), NodeId::from_u128(7), at(6600)), "the first question is over");
    let mut streams = suspicions.clone();
    streams.on_heard(at(6500));
    assert_eq!(streams.on_deadline(at(7000), OWN, hears_well), Some(Due::PutOff(Slot(1))), "that was before it left");
    streams.on_heard(at(7600));
    assert_eq!(streams.on_deadline(at(8000), OWN, hears_well), Some(Due::Convict(Slot(1))), "who answers is a witness");
    assert_eq!(suspicions.questioned(Nonce(2_u64.to_le_bytes())), Some(Slot(1)));
    // Another one accuses, as far as a suspicion of one length hears of that.
    suspicions.close(Slot(1));
    assert_eq!(suspicions.questioned(Nonce(2_u64.to_le_bytes())), None);
    suspicions.open(Slot(1), Length::new((4, 6), 100, SECOND), Duration::ZERO, at(7000));
    assert!(suspicions.confirm(Slot(1), OWN, at(7000)));
    assert_eq!(suspicions.on_deadline(at(54_500), OWN, hears_well), Some(Due::LastChance(Slot(1))));
    ask(&mut suspicions, 1, 3, Witness::Wanted, 54_500);
    assert!(suspicions.confirm(Slot(1), 7, at(54_800)));
    assert_eq!(suspicions.on_deadline(at(55_000), OWN, hears_well), Some(Due::Convict(Slot(1))));
    suspicions.check();
}

#[test]
fn a_suspicion_gives_a_last_chance_and_then_convicts() {
    let mut suspicions = Suspicions::new(SECOND, SECOND, 0);
    let due = |suspicions: &mut Suspicions, millis| suspicions.on_deadline(at(millis), OWN, hears_well);
    suspicions.open(Slot(1), Length::fixed(SECOND * 4), Duration::ZERO, at(0));
    suspicions.open(Slot(2), Length::fixed(SECOND * 4), Duration::ZERO, at(500));
    suspicions.open(Slot(1), Length::fixed(SECOND * 99), Duration::ZERO, at(700));
    assert_eq!(suspicions.next_deadline(), at(3000));
    assert_eq!(due(&mut suspicions, 2999), None);
    assert_eq!(due(&mut suspicions, 3000), Some(Due::LastChance(Slot(1))));
    ask(&mut suspicions, 1, 1, Witness::Needless, 3000);
    suspicions.check();
    suspicions.close(Slot(2));
    assert_eq!(due(&mut suspicions, 3999), None);
    assert_eq!(due(&mut suspicions, 4000), Some(Due::Convict(Slot(1))));
    assert!(suspicions.is_empty());
    suspicions.check();
}

#[test]
fn further_accusers_shorten_a_suspicion_each_once() {
    let mut suspicions = Suspicions::new(SECOND / 2, SECOND, 0);
    let length = Length::new((4, 6), 100, SECOND);
    suspicions.open(Slot(1), length, SECOND, at(0));
    let until = |suspicions: &Suspicions| suspicions.get(Slot(1)).expect("it is open").until();
    assert!(suspicions.confirm(Slot(1), 7, at(0)), "the first accuser");
    assert_eq!(until(&suspicions), at(49_000), "48 s, and one because it is hearsay");
    assert!(!suspicions.confirm(Slot(1), 7, at(1000)), "it says so again");
    assert_eq!(until(&suspicions), at(49_000));
    assert!(suspicions.confirm(Slot(1), 8, at(2000)));
    assert_eq!(until(&suspicions), Instant::from_nanos(23_758_909_854));
    assert!(suspicions.confirm(Slot(1), 9, at(3000)));
    assert_eq!(until(&suspicions), at(9000), "as many as are wanted");
    assert!(!suspicions.confirm(Slot(1), 10, at(3000)), "more are not remembered");
    assert_eq!(suspicions.get(Slot(1)).expect("it is open").accusers().as_slice(), [7, 8, 9]);
    assert_eq!(suspicions.next_deadline(), at(8500));
    assert!(!suspicions.confirm(Slot(2), 7, at(3000)), "nobody suspects this one");
}

#[test]
fn a_late_confirmation_leaves_the_last_chance() {
    let mut suspicions = Suspicions::new(SECOND / 2, SECOND, 0);
    suspicions.open(Slot(1), Length::new((4, 6), 10, SECOND), Duration::ZERO, at(0));
    for accuser in [7, 8, 9] {
        assert!(suspicions.confirm(Slot(1), accuser, at(20_000)));
    }
    assert_eq!(suspicions.on_deadline(at(20_000), OWN, hears_well), Some(Due::LastChance(Slot(1))));
    ask(&mut suspicions, 1, 1, Witness::Needless, 20_000);
    assert_eq!(suspicions.next_deadline(), at(20_500));
    assert_eq!(suspicions.on_deadline(at(20_500), OWN, hears_well), Some(Due::Convict(Slot(1))));
}

#[test]
fn whoever_is_cut_off_convicts_nobody_alone() {
    let mut suspicions = Suspicions::new(SECOND / 2, SECOND, 0);
    let cut_off = |suspects| suspects == 2;
    for slot in [1, 2] {
        suspicions.open(Slot(slot), Length::fixed(SECOND * 4), Duration::ZERO, at(0));
        assert!(suspicions.confirm(Slot(slot), OWN, at(0)));
    }
    for slot in [1, 2] {
        assert_eq!(suspicions.on_deadline(at(3500), OWN, cut_off), Some(Due::LastChance(Slot(slot))));
        ask(&mut suspicions, slot, slot, Witness::Needless, 3500);
    }
    for seconds in [4, 5, 6] {
        for slot in [1, 2] {
            let due = suspicions.on_deadline(at(1000 * seconds), OWN, cut_off);
            assert_eq!(due, Some(Due::PutOff(Slot(slot))), "after {seconds} s");
        }
        assert_eq!(suspicions.next_deadline(), at(1000 * seconds + 1000));
    }
    // It hears again: whoever is silent all the same gets another chance.
    for slot in [1, 2] {
        assert_eq!(suspicions.on_deadline(at(7000), OWN, hears_well), Some(Due::LastChance(Slot(slot))));
        ask(&mut suspicions, slot, 10 + slot, Witness::Needless, 7000);
    }
    assert_eq!(suspicions.on_deadline(at(7500), OWN, hears_well), Some(Due::Convict(Slot(1))));
    suspicions.check();
}

#[test]
fn what_others_say_too_is_not_put_off() {
    let mut suspicions = Suspicions::new(SECOND / 2, SECOND, 0);
    suspicions.open(Slot(1), Length::new((3, 6), 100, SECOND), Duration::ZERO, at(0));
    for accuser in [OWN, 7] {
        assert!(suspicions.confirm(Slot(1), accuser, at(0)));
    }
    assert_eq!(suspicions.on_deadline(at(6000), OWN, |_| true), Some(Due::LastChance(Slot(1))));
    ask(&mut suspicions, 1, 1, Witness::Needless, 6000);
    assert_eq!(suspicions.on_deadline(at(6500), OWN, |_| true), Some(Due::Convict(Slot(1))));
}

#[test]
fn the_length_follows_the_logarithm_of_the_cluster() {
    let length = |members| suspicion_length(4, members, SECOND).as_millis();
    assert_eq!([1, 10, 100, 1000, 10_000].map(length), [4000, 4000, 8000, 12_000, 16_000]);
    assert_eq!(length(64), 7224);
}

#[test]
fn the_length_shrinks_with_the_logarithm_of_the_confirmations() {
    let lengths = |mult, members| {
        let length = Length::new((mult, 6), members, SECOND);
        [0, 1, 2, 3, 4, 5].map(|confirmations| length.after(confirmations).as_millis())
    };
    assert_eq!(lengths(4, 100), [48_000, 22_758, 8000, 8000, 8000, 8000]);
    assert_eq!(lengths(6, 100), [72_000, 46_126, 30_997, 20_252, 12_000, 12_000]);
    assert_eq!(lengths(4, 3), [4000; 6], "there cannot be two more accusers");
    assert_eq!(lengths(4, 4)[0], 24_000);
    assert_eq!(lengths(2, 100), [4000; 6], "none is wanted");
    assert_eq!(lengths(1000, 100)[4], 2_000_000, "never more than four are wanted");
}
