//! The roster keeps its sums true under any sequence of records, and its memory within bounds.

use alloc::vec::Vec;
use core::net::SocketAddr;

use proptest::prelude::*;

use super::*;
use crate::vocab::{Incarnation, Prefix};

const NOW: Instant = Instant::from_nanos(0);
const LIFE: Duration = Duration::from_secs(60);

pub(super) const fn limits(members_max: u32) -> Limits {
    Limits { members_max, tombstone_life: LIFE, hash_seed: 0 }
}

fn record(id: u128, boot: u64, counter: u32, health: Health, port: u16) -> Record {
    let addr = if id.is_multiple_of(3) {
        SocketAddr::from(([0xfd00, 0, 0, 0, 0, 0, 0, 1], port))
    } else {
        SocketAddr::from(([10, 0, 0, 1], port))
    };
    let incarnation = Incarnation { boot, counter };
    Record { incarnation, health, hops: 1, ..Record::of_new_life(NodeId::from_u128(id), boot, addr) }
}

fn any_record() -> impl Strategy<Value = Record> {
    let healths = [Health::Alive, Health::Suspect, Health::Dead, Health::Left, Health::Removed];
    let health = prop::sample::select(healths.to_vec());
    (1..300_u128, 0..3_u64, 0..4_u32, health, 1..3_u16)
        .prop_map(|(id, boot, counter, health, port)| record(id, boot, counter, health, port))
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_gives_the_same_roster(records in prop::collection::vec(any_record(), 1..400)) {
        let own = record(0, 2, 0, Health::Alive, 1);
        let mut forward = Membership::new(&own, limits(1000), NOW);
        let mut backward = Membership::new(&own, limits(1000), NOW);
        for record in &records {
            forward.apply(record, NOW);
        }
        for record in records.iter().rev().chain(&records) {
            backward.apply(record, NOW);
        }
        forward.check();
        backward.check();
        prop_assert_eq!(forward.members(), backward.members());
        prop_assert_eq!(forward.fingerprint(), backward.fingerprint());
        for record in &records {
            let (a, b) = (forward.find(record.id), backward.find(record.id));
            prop_assert_eq!(a.map(|slot| forward.record(slot)), b.map(|slot| backward.record(slot)));
        }
    }

    #[test]
    fn every_level_of_prefixes_splits_the_same_rows(ids in prop::collection::btree_set(1..u128::MAX, 1..400), level in 0..=16_u8) {
        let mut membership = Membership::new(&record(0, 2, 0, Health::Alive, 1), limits(1000), NOW);
        for &id in &ids {
            membership.apply(&record(id, 1, 0, Health::Alive, 1), NOW);
        }
        let mut rows: Vec<Slot> = (0..1_u32 << level)
            .flat_map(|index| {
                let prefix = Prefix { level, index: u16::try_from(index).expect("16 bits") };
                membership.below(prefix, Below { salt: 7, exact: false }).map(|(slot, _)| slot).collect::<Vec<_>>()
            })
            .collect();
        rows.sort_unstable();
        prop_assert_eq!(rows, membership.slots().collect::<Vec<_>>());
    }

    #[test]
    fn every_level_of_sums_adds_up_to_the_one_above(ids in prop::collection::btree_set(1..u128::MAX, 1..400), bucket in 0..128_u16) {
        let mut membership = Membership::new(&record(0, 2, 0, Health::Alive, 1), limits(1000), NOW);
        for &id in &ids {
            let health = if id.is_multiple_of(5) { Health::Dead } else { Health::Alive };
            membership.apply(&record(id, 1, 0, health, 1), NOW);
        }
        let sum_of = |level, first, count| {
            let mut sums = [0_u64; 128];
            membership.sums(level, first, &mut sums[..count]);
            sums.iter().fold(0_u64, |sum, &part| sum.wrapping_add(part))
        };
        prop_assert_eq!(sum_of(7, 0, 128), membership.fingerprint());
        prop_assert_eq!(sum_of(0, 0, 1), membership.fingerprint());
        prop_assert_eq!(sum_of(3, bucket >> 4, 1), sum_of(7, bucket >> 4 << 4, 16));
        prop_assert_eq!(sum_of(7, bucket, 1), sum_of(10, bucket << 3, 8));
        prop_assert_eq!(sum_of(10, bucket << 3 | 2, 1), sum_of(14, (bucket << 3 | 2) << 4, 16));
    }

    #[test]
    fn whatever_is_forgotten_leaves_no_trace(steps in prop::collection::vec((any_record(), 0..20_u64), 1..400)) {
        let mut membership = Membership::new(&record(0, 2, 0, Health::Alive, 1), limits(200), NOW);
        let mut now = NOW;
        for (record, seconds) in &steps {
            now = now.after(Duration::from_secs(*seconds));
            membership.apply(record, now);
            while let Some((_, last)) = membership.forget_due(now) {
                prop_assert!(!last.health.is_live());
                prop_assert_eq!(membership.find(last.id), None);
            }
            prop_assert!(membership.members() <= 200 && membership.next_deadline() > now);
        }
        membership.check();
    }
}

#[test]
fn memory_is_bounded_under_any_churn() {
    // A hundred members at a time, each gone after a while, none of them ever the same: a hundred thousand lives.
    let mut membership = Membership::new(&record(0, 1, 0, Health::Alive, 1), limits(1000), NOW);
    let mut now = NOW;
    for life in 1..=100_000_u128 {
        now = now.after(Duration::from_millis(100));
        membership.apply(&record(life, 1, 0, Health::Alive, 1), now);
        if life > 100 {
            membership.apply(&record(life - 100, 1, 0, Health::Dead, 1), now);
        }
        while membership.forget_due(now).is_some() {}
    }
    membership.check();
    assert_eq!((membership.live(), membership.members()), (101, 101 + 600), "600 die within the life of a tombstone");
    assert!(membership.rows() <= 101 + 600 + 1, "rows are used again: {}", membership.rows());
}

#[test]
fn a_newcomer_takes_the_place_of_whoever_is_forgotten_next() {
    let mut membership = Membership::new(&record(0, 1, 0, Health::Alive, 1), limits(3), NOW);
    membership.apply(&Record { age_ms: 7, ..record(1, 1, 0, Health::Dead, 1) }, NOW);
    membership.apply(&record(2, 1, 0, Health::Left, 1), NOW);
    let refused = Change::Refused(Refusal::Full);
    assert_eq!(membership.apply(&record(3, 1, 0, Health::Dead, 1), NOW), refused, "not for another tombstone");
    assert_eq!(membership.apply(&record(3, 1, 0, Health::Alive, 1), NOW), Change::New(Slot(1)));
    assert_eq!((membership.find(NodeId::from_u128(1)), membership.members()), (None, 3));
    assert_eq!(membership.apply(&record(4, 1, 0, Health::Alive, 1), NOW), Change::New(Slot(2)));
    assert_eq!(membership.apply(&record(5, 1, 0, Health::Alive, 1), NOW), refused, "all live");
    membership.check();
}

#[test]
fn whoever_has_gone_is_forgotten_at_one_age_wherever_it_was_heard() {
    let mut membership = Membership::new(&record(0, 1, 0, Health::Alive, 1), limits(9), NOW);
    let aged = |id, age_ms| Record { age_ms, ..record(id, 1, 0, Health::Dead, 1) };
    assert_eq!(membership.apply(&aged(1, 59_999), NOW), Change::New(Slot(1)));
    assert_eq!(membership.apply(&aged(2, 60_000), NOW), Change::Refused(Refusal::Age));
    assert_eq!(membership.record_at(Slot(1), NOW).age_ms, 59_999);
    let later = NOW.after(Duration::from_millis(1));
    assert_eq!(membership.forget_due(NOW), None);
    assert_eq!(membership.forget_due(later).map(|(_, last)| last), Some(aged(1, 60_000)));
    assert_eq!(membership.apply(&aged(1, 60_000), later), Change::Refused(Refusal::Age), "and refused at that age");
    membership.apply(&record(1, 1, 0, Health::Alive, 1), later);
    assert_eq!(membership.apply(&aged(1, 60_000), later), Change::Refused(Refusal::Age), "also of a live one");
}

#[test]
fn of_two_ages_the_smaller_one_is_kept() {
    let mut membership = Membership::new(&record(0, 1, 0, Health::Alive, 1), limits(9), NOW);
    let aged = |age_ms| Record { age_ms, ..record(1, 1, 0, Health::Dead, 1) };
    for (heard, kept) in [(5000, 5000), (9000, 5000), (2000, 2000)] {
        membership.apply(&aged(heard), NOW);
        assert_eq!(membership.record_at(Slot(1), NOW).age_ms, kept);
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let mut membership = Membership::new(&record(0, 1000, 0, Health::Alive, 1), limits(2), NOW);
    let far_boot = record(1, 1000 + BOOT_AHEAD_MS_MAX + 1, 0, Health::Alive, 1);
    assert_eq!(membership.apply(&far_boot, NOW), Change::Refused(Refusal::Boot));
    membership.believe_boot(1001, NOW);
    assert_eq!(membership.apply(&far_boot, NOW), Change::New(Slot(1)));
    assert_eq!(membership.apply(&record(2, 1000, 0, Health::Alive, 1), NOW), Change::Refused(Refusal::Full));
    let later = |counter, health| record(1, far_boot.incarnation.boot, counter, health, 1);
    let refused = Change::Refused(Refusal::Counter);
    assert_eq!(membership.apply(&later(COUNTER_AHEAD_MAX + 1, Health::Alive), NOW), refused);
    assert_eq!(membership.apply(&later(COUNTER_AHEAD_MAX / 2 + 1, Health::Suspect), NOW), refused);
    let changed = Change::Changed { slot: Slot(1), was: Health::Alive, at: far_boot.addr };
    assert_eq!(membership.apply(&later(COUNTER_AHEAD_MAX, Health::Alive), NOW), changed);
}

#[test]
fn wall_clocks_go_on_while_a_node_runs() {
    let mut membership = Membership::new(&record(0, 1000, 0, Health::Alive, 1), limits(9), NOW);
    let newcomer = record(1, 1000 + 3 * BOOT_AHEAD_MS_MAX, 0, Health::Alive, 1);
    let two_days = NOW.after(Duration::from_secs(2 * 86_400));
    assert_eq!(membership.apply(&newcomer, NOW), Change::Refused(Refusal::Boot));
    assert_eq!(membership.apply(&newcomer, two_days), Change::New(Slot(1)));
}

#[test]
fn a_domain_belongs_to_an_incarnation_and_its_first_word_counts() {
    let within = |name: &str, record: Record| Record { domain: Domain::from_name(name), ..record };
    let mut membership = Membership::new(&record(0, 1, 0, Health::Alive, 1), limits(2), NOW);
    let mut domain_after = |record: Record| {
        membership.apply(&record, NOW);
        membership.check();
        membership.find(record.id).map(|slot| membership.domain(slot))
    };
    let [a, b, c] = ["a", "b", "c"].map(|name| Some(Domain::from_name(name)));
    assert_eq!(domain_after(within("a", record(1, 1, 0, Health::Alive, 1))), a);
    assert_eq!(domain_after(within("b", record(1, 1, 0, Health::Suspect, 1))), a, "the same incarnation");
    assert_eq!(domain_after(within("b", record(1, 1, 1, Health::Alive, 1))), b, "a higher one");
    assert_eq!(domain_after(record(1, 2, 0, Health::Alive, 1)), Some(Domain::NONE), "a new life without one");
    assert_eq!(domain_after(within("a", record(1, 2, 0, Health::Dead, 1))), Some(Domain::NONE));
    // The newcomer takes the row, in the very incarnation that the one before had.
    assert_eq!(domain_after(within("c", record(2, 2, 0, Health::Alive, 1))), c);
}
