//! Who is watched under any churn, and what becomes of answers and silences.

use core::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::config::Config;
use crate::vocab::{NodeId, Rng};

const OWN: u64 = 1 << 63;
const LIFE: Incarnation = Incarnation::first(1);

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn contacts(successors: u32) -> Contacts {
    let Detector::Ring { accrual, interval, .. } = Config::phi_ring().detector else { panic!("it is a ring") };
    let detector = Detector::Ring { accrual, successors, interval };
    Contacts::new(&detector, (millis(500), 9), OWN, at(0)).expect("a ring is watched")
}

fn rng() -> Rng {
    Rng::new(1, NodeId::from_u128(1), 1)
}

/// The member in a row: its hash is that of the row, so that it lies anywhere in the ring.
fn member(slot: u32, incarnation: Incarnation) -> Member {
    let id_hash = crate::vocab::stable_hash(7, &slot.to_le_bytes());
    Member { slot: Slot(slot), id_hash, incarnation }
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// One member that is watched and contacted each second; its answers came so much later. Returns when the last one did.
fn watching_one(answers: u32, after: Duration) -> (Contacts, Instant) {
    let (mut contacts, mut rng) = (contacts(10), rng());
    contacts.follow(member(1, LIFE), at(0), &mut rng);
    let mut last = at(0);
    for _ in 0..answers {
        let now = contacts.next_contact();
        assert_eq!((contacts.take_due(now), contacts.take_due(now)), (Some(Slot(1)), None), "once per interval");
        let (nonce, _) = contacts.on_packed(Slot(1), now).expect("it is due");
        last = now.after(after);
        assert!(contacts.on_answer((Slot(1), 1), nonce, last));
        assert!(!contacts.on_answer((Slot(1), 1), nonce, last), "an echo is no answer");
    }
    (contacts, last)
}

/// How long a silence of the member is at which phi is 8.
fn silence(contacts: &Contacts) -> Duration {
    let history = contacts.history(Slot(1)).expect("it is watched");
    contacts.accrual().timeout(history.window(), 8.0).expect("phi gets there")
}

/// Contacts without answers until the next verdict; the last question leaves at once. Returns when that comes.
fn silent_until(contacts: &mut Contacts, scale: u32) -> (Instant, Verdict) {
    loop {
        let (contact, look) = (contacts.next_contact(), contacts.next_deadline());
        if contact <= look {
            let slot = contacts.take_due(contact).expect("it is due");
            contacts.on_packed(slot, contact).expect("the gap is an interval");
        } else if let Some(verdict) = contacts.on_deadline(look, scale) {
            if let Verdict::Ask(slot, nonce) = verdict {
                contacts.on_question(slot, nonce, true, look);
            }
            return (look, verdict);
        }
    }
}

proptest! {
    /// The watched are always the first of all that live behind this node, whoever comes and goes; and they have the
    /// life that was told last.
    #[test]
    fn the_watched_are_the_next_ones(
        successors in 1..12_u32,
        steps in prop::collection::vec((0..5_u8, 1..40_u32), 1..200),
    ) {
        let (mut contacts, mut rng, mut now) = (contacts(successors), rng(), 0);
        let mut living = alloc::collections::BTreeMap::new();
        for (kind, slot) in steps {
            now += 100;
            if kind < 2 {
                let lookup: Vec<_> = living.iter().map(|(&slot, &life)| (slot, life)).collect();
                let life_of = |slot: Slot| lookup.iter().find(|(known, _)| *known == slot.0).expect("it lives").1;
                contacts.drop((member(slot, LIFE).id_hash, Slot(slot)), life_of, at(now), &mut rng);
                living.remove(&slot);
            } else {
                let life = living.entry(slot).or_insert(LIFE);
                match kind {
                    2 => {}
                    3 => life.counter += 1,
                    _ => *life = Incarnation::first(life.boot + 1),
                }
                contacts.follow(member(slot, *life), at(now), &mut rng);
            }
            let members: Vec<_> = living.iter().map(|(&slot, &life)| member(slot, life)).collect();
            contacts.check(members.iter().copied());
            let mut nearest = members;
            nearest.sort_by_key(|member| member.id_hash.wrapping_sub(OWN));
            for (place, member) in nearest.iter().enumerate() {
                let is_watched = contacts.history(member.slot).is_some();
                prop_assert_eq!(is_watched, place < successors as usize, "{} of {}", place, nearest.len());
            }
        }
    }

    /// Whatever the answers' delays are, the question comes at the instant at which the detector of the history says
    /// so, and the accusation as long after it as an answer may take.
    #[test]
    fn a_silence_is_found_at_the_instant_that_phi_gives(delays in prop::collection::vec(1..900_u64, 1..40)) {
        let (mut contacts, mut rng) = (contacts(10), rng());
        contacts.follow(member(1, LIFE), at(0), &mut rng);
        for delay in delays {
            let now = contacts.next_contact();
            contacts.take_due(now).expect("it is due");
            let (nonce, _) = contacts.on_packed(Slot(1), now).expect("it is watched");
            prop_assert!(contacts.on_answer((Slot(1), 1), nonce, now.after(millis(delay))));
        }
        let history = contacts.history(Slot(1)).expect("it is watched").clone();
        let due = contacts.accrual().deadline(&history, 8.0).expect("it comes");
        let (asked, verdict) = silent_until(&mut contacts, 1);
        prop_assert_eq!(asked, due);
        let Verdict::Ask(slot, nonce) = verdict else { panic!("first it is asked") };
        prop_assert_eq!(silent_until(&mut contacts, 1), (asked.after(millis(500)), Verdict::Silent(slot, nonce, asked)));
    }
}

#[test]
fn whoever_never_answered_is_accused_by_the_first_estimate() {
    let (mut contacts, _) = watching_one(0, millis(0));
    let first = contacts.history(Slot(1)).expect("it is watched").window();
    assert_eq!((first.len(), first.mean()), (2, 1e6));
    let (asked, verdict) = silent_until(&mut contacts, 1);
    assert!(matches!(verdict, Verdict::Ask(Slot(1), _)));
    assert_eq!(
        asked.as_nanos() / 1_000_000,
        3306,
        "an interval, the pause, and 5.23 deviations of a quarter of a second"
    );
}

#[test]
fn the_first_answer_is_no_sample_and_each_other_is_one() {
    for (answers, samples) in [(1, 2), (2, 3), (20, 21), (90, 64)] {
        let (contacts, _) = watching_one(answers, millis(30));
        assert_eq!(contacts.history(Slot(1)).expect("it is watched").window().len(), samples);
    }
}

#[test]
fn regular_answers_make_a_short_silence_suspicious() {
    let (mut contacts, last) = watching_one(80, millis(30));
    let (asked, _) = silent_until(&mut contacts, 1);
    assert_eq!(asked, last.after(silence(&contacts)));
    assert_eq!(silence(&contacts).as_millis(), 2522, "an interval, the pause, and 5.23 times the least deviation");
}

#[test]
fn bad_health_makes_a_silence_longer() {
    let (mut contacts, last) = watching_one(80, millis(30));
    let (asked, verdict) = silent_until(&mut contacts, 3);
    let Verdict::Ask(slot, nonce) = verdict else { panic!("first it is asked") };
    assert_eq!(asked, last.after(silence(&contacts) * 3));
    assert_eq!(silent_until(&mut contacts, 3), (asked.after(millis(1500)), Verdict::Silent(slot, nonce, asked)));
}

#[test]
fn a_health_that_gets_better_counts_within_an_interval() {
    let (mut contacts, last) = watching_one(80, millis(30));
    for _ in 0..2 {
        let now = contacts.next_contact();
        contacts.take_due(now).and_then(|slot| contacts.on_packed(slot, now)).expect("it is due");
    }
    let first_look = last.after(silence(&contacts));
    while contacts.next_deadline() <= first_look {
        assert_eq!(contacts.on_deadline(contacts.next_deadline(), 9), None);
    }
    let second_look = contacts.next_deadline();
    assert_eq!(second_look, first_look.after(millis(1000)));
    assert!(matches!(contacts.on_deadline(second_look, 1), Some(Verdict::Ask(..))));
}

#[test]
fn nobody_is_accused_whom_the_last_question_has_not_left_for() {
    let (mut contacts, _) = watching_one(80, millis(30));
    let (asked, nonce) = loop {
        let (contact, look) = (contacts.next_contact(), contacts.next_deadline());
        if contact <= look {
            contacts.take_due(contact).expect("it is due");
            contacts.on_packed(Slot(1), contact).expect("the gap is an interval");
        } else if let Some(Verdict::Ask(_, nonce)) = contacts.on_deadline(look, 1) {
            break (look, nonce);
        }
    };
    for seconds in 1..20 {
        assert_eq!(contacts.on_deadline(asked.after(millis(1000 * seconds)), 1), None);
    }
    let left = asked.after(millis(19_500));
    contacts.on_question(Slot(1), nonce, true, left);
    contacts.on_question(Slot(1), nonce, false, left);
    let due = left.after(millis(500));
    assert_eq!(
        (contacts.next_deadline(), contacts.on_deadline(due, 1)),
        (due, Some(Verdict::Silent(Slot(1), nonce, left)))
    );

    let (asked, verdict) = silent_until(&mut contacts, 1);
    let Verdict::Ask(_, nonce) = verdict else { panic!("it is asked again") };
    assert!(asked > due);
    // One that is lost accuses nobody either.
    let (mut contacts, _) = watching_one(80, millis(30));
    contacts.on_question(Slot(1), nonce, false, asked);
    assert!(matches!(silent_until(&mut contacts, 1).1, Verdict::Ask(..)));
}

#[test]
fn whoever_was_not_asked_is_not_accused() {
    let (mut contacts, _) = watching_one(5, millis(30));
    for _ in 0..50 {
        let now = contacts.next_deadline();
        assert_eq!(contacts.on_deadline(now, 1), None, "no contact was ever packed");
    }
    let (_, verdict) = silent_until(&mut contacts, 1);
    assert!(matches!(verdict, Verdict::Ask(..)));
}

#[test]
fn a_helper_with_an_answer_is_a_sign_of_life_and_no_sample() {
    let (mut contacts, _) = watching_one(80, millis(30));
    let (asked, verdict) = silent_until(&mut contacts, 1);
    let Verdict::Ask(slot, nonce) = verdict else { panic!("first it is asked") };
    let (history, told) = (contacts.history(slot).expect("it is watched").clone(), asked.after(millis(100)));
    assert!(!contacts.on_word(slot, Nonce([0; 8]), told), "nobody asked with this nonce");
    assert!(contacts.on_word(slot, nonce, told));
    assert!(!contacts.on_word(slot, nonce, told), "once");
    let heard = contacts.history(slot).expect("it is watched");
    assert_eq!((heard.window(), heard.last_heard()), (history.window(), history.last_heard()));
    let (again, verdict) = silent_until(&mut contacts, 1);
    assert_eq!(again, told.after(silence(&contacts)));
    assert!(matches!(verdict, Verdict::Ask(..)), "it is not accused, but asked anew");
}

#[test]
fn a_contradiction_is_a_sign_of_life_and_a_new_life_begins_anew() {
    let (mut contacts, _) = watching_one(80, millis(30));
    let mut rng = rng();
    silent_until(&mut contacts, 1);
    let (accused, verdict) = silent_until(&mut contacts, 1);
    assert!(matches!(verdict, Verdict::Silent(Slot(1), ..)));
    let (raised, told) = (Incarnation { counter: LIFE.counter + 1, ..LIFE }, accused.after(millis(400)));
    contacts.follow(member(1, raised), told, &mut rng);
    let (again, _) = silent_until(&mut contacts, 1);
    assert_eq!(again, told.after(silence(&contacts)));
    contacts.follow(member(1, Incarnation::first(2)), again, &mut rng);
    assert_eq!(contacts.history(Slot(1)).expect("it is watched").window().len(), 2, "what is known is of another life");
}

#[test]
fn answers_count_late_and_in_order_and_of_one_life_only() {
    let (mut contacts, mut rng) = (contacts(10), rng());
    contacts.follow(member(1, LIFE), at(0), &mut rng);
    let mut nonces = Vec::new();
    for second in 1..=4 {
        let (nonce, missed) = contacts.on_packed(Slot(1), at(second * 1000)).expect("the gap is an interval");
        assert_eq!(missed, second > 1);
        nonces.push(nonce);
    }
    assert_eq!(contacts.on_packed(Slot(1), at(4400)), None, "what had to wait is sent once");
    assert_eq!(contacts.on_packed(Slot(2), at(9000)), None, "nobody is watched there");
    assert!(!contacts.on_answer((Slot(1), 2), nonces[1], at(4500)), "another life");
    assert!(!contacts.on_answer((Slot(2), 1), nonces[1], at(4500)), "another member");
    assert!(contacts.on_answer((Slot(1), 1), nonces[1], at(4500)), "two seconds late");
    assert!(!contacts.on_answer((Slot(1), 1), nonces[0], at(4500)), "overtaken");
    assert!(contacts.on_answer((Slot(1), 1), nonces[3], at(5000)));
    assert_eq!(contacts.history(Slot(1)).expect("it is watched").last_heard(), Some(at(5000)));
}

/// Ten contacts per second, and answers that come after as long as a node in bad health waits for one.
#[test]
fn answers_count_as_late_as_they_are_waited_for() {
    let Detector::Ring { accrual, .. } = Config::phi_ring().detector else { panic!("it is a ring") };
    let detector = Detector::Ring { accrual, successors: 1, interval: millis(100) };
    let mut contacts = Contacts::new(&detector, (millis(500), 9), OWN, at(0)).expect("a ring is watched");
    contacts.follow(member(1, LIFE), at(0), &mut rng());
    let nonces = (0..80).map(|tenth| contacts.on_packed(Slot(1), at(tenth * 100)).expect("it is watched").0);
    let nonces: Vec<_> = nonces.collect();
    assert!(contacts.on_answer((Slot(1), 1), nonces[35], at(8000)), "4.5 seconds late");
}

#[test]
fn a_round_is_an_interval_and_says_whether_anybody_answered() {
    let (mut contacts, _) = watching_one(1, millis(30));
    assert_eq!(contacts.take_round(at(999)), None);
    assert_eq!(contacts.take_round(at(1100)), Some(true));
    assert_eq!(contacts.take_round(at(2099)), None);
    assert_eq!(contacts.take_round(at(2100)), Some(false));
    assert!(Contacts::new(&Detector::Swim, (millis(500), 9), OWN, at(0)).is_none());
}

/// While none of the watched answers, the next ones in the ring are asked, once per interval each, round and round; whoever
/// answers is asked again, three times in vain at most.
#[test]
fn who_hears_none_of_the_watched_looks_beyond() {
    let (mut contacts, mut rng) = (contacts(2), rng());
    (1..=5).for_each(|slot| contacts.follow(member(slot, LIFE), at(0), &mut rng));
    let mut order: Vec<_> = (1..=5).collect();
    order.sort_by_key(|&slot| member(slot, LIFE).id_hash.wrapping_sub(OWN));
    assert_eq!(contacts.look_beyond(at(1500), &mut rng), None, "an answer may still come");
    let mut ask = |contacts: &mut Contacts, millis| contacts.look_beyond(at(millis), &mut rng).expect("it is time");
    let asked: Vec<_> = (2..6).map(|second| ask(&mut contacts, second * 1000)).collect();
    let rows: Vec<_> = asked.iter().map(|(slot, _)| slot.0).collect();
    assert_eq!(rows, [order[2], order[3], order[4], order[2]]);
    let (slot, nonce) = asked[3];
    assert!(!contacts.on_answer((slot, 1), asked[0].1, at(5050)), "that was asked long ago");
    assert!(!contacts.on_answer((Slot(order[3]), 1), nonce, at(5050)), "somebody else was asked");
    assert!(!contacts.is_heard(at(5100)) && contacts.on_answer((slot, 1), nonce, at(5100)));
    assert!(!contacts.on_answer((slot, 1), nonce, at(5100)), "once");
    assert_eq!((contacts.is_heard(at(6600)), contacts.witness(at(6600))), (true, Some(slot)));
    assert_eq!((contacts.is_heard(at(6601)), contacts.witness(at(6601))), (false, None));
    let rows: Vec<_> = (7..11).map(|second| ask(&mut contacts, second * 1000).0.0).collect();
    assert_eq!(rows, [order[2], order[2], order[2], order[3]]);
    let (nonce, missed) = contacts.on_packed(Slot(order[0]), at(11_000)).expect("it is watched");
    assert!(!missed && contacts.on_answer((Slot(order[0]), 1), nonce, at(11_010)));
    assert_eq!(contacts.look_beyond(at(12_000), &mut Rng::new(1, NodeId::from_u128(1), 1)), None, "it is heard");
}

/// A datagram may still come when an answer over a stream is there, and then nothing is said.
#[test]
fn an_answer_over_a_stream_is_a_sign_of_life_and_is_told_when_it_stays_the_only_one() {
    for by_datagram in [false, true] {
        let (mut contacts, _) = watching_one(80, millis(30));
        let (asked, verdict) = silent_until(&mut contacts, 1);
        let Verdict::Ask(slot, nonce) = verdict else { panic!("first it is asked") };
        assert_eq!(contacts.patience(slot, nonce), Some(millis(500)));
        let heard = asked.after(millis(200));
        assert!(!contacts.on_stream_answer(slot, Nonce([0; 8]), heard), "nobody asked with this nonce");
        assert!(contacts.on_stream_answer(slot, nonce, heard) && !contacts.on_stream_answer(slot, nonce, heard));
        assert!(contacts.is_heard(heard) && contacts.witness(heard).is_none());
        if by_datagram {
            assert!(contacts.on_answer((slot, 1), nonce, asked.after(millis(400))));
            assert_eq!(contacts.on_deadline(asked.after(millis(500)), 1), None);
        } else {
            let due = asked.after(millis(500));
            assert_eq!(
                (contacts.next_deadline(), contacts.on_deadline(due, 1)),
                (due, Some(Verdict::StreamOnly(slot)))
            );
            assert_eq!(contacts.next_deadline(), heard.after(silence(&contacts)), "its silence begins anew");
        }
    }
}

#[test]
fn who_watches_nobody_still_has_rounds() {
    let mut contacts = contacts(10);
    assert_eq!((contacts.next_contact(), contacts.take_round(at(1000))), (at(1000), Some(false)));
    assert_eq!((contacts.next_contact(), contacts.take_due(at(1000))), (at(2000), None));
}
