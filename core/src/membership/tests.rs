//! The roster keeps its sums true under any sequence of records.

use alloc::vec::Vec;
use core::net::SocketAddr;

use proptest::prelude::*;

use super::*;
use crate::vocab::Incarnation;

const NOW: Instant = Instant::from_nanos(0);

fn record(id: u128, boot: u64, counter: u32, health: Health, port: u16) -> Record {
    let addr = if id.is_multiple_of(3) {
        SocketAddr::from(([0xfd00, 0, 0, 0, 0, 0, 0, 1], port))
    } else {
        SocketAddr::from(([10, 0, 0, 1], port))
    };
    Record { id: NodeId::from_u128(id), incarnation: Incarnation { boot, counter }, health, hops: 1, addr }
}

fn any_record() -> impl Strategy<Value = Record> {
    let health = prop_oneof![Just(Health::Alive), Just(Health::Suspect), Just(Health::Dead), Just(Health::Left)];
    (1..300_u128, 0..3_u64, 0..4_u32, health, 1..3_u16)
        .prop_map(|(id, boot, counter, health, port)| record(id, boot, counter, health, port))
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_gives_the_same_roster(records in prop::collection::vec(any_record(), 1..400)) {
        let own = record(0, 2, 0, Health::Alive, 1);
        let mut forward = Membership::new(&own, 1000, NOW);
        let mut backward = Membership::new(&own, 1000, NOW);
        for record in &records {
            forward.apply(record, NOW);
        }
        for record in records.iter().rev().chain(&records) {
            backward.apply(record, NOW);
        }
        forward.check();
        backward.check();
        prop_assert_eq!(forward.len(), backward.len());
        prop_assert_eq!(forward.fingerprint(), backward.fingerprint());
        for record in &records {
            let (a, b) = (forward.find(record.id), backward.find(record.id));
            prop_assert_eq!(a.map(|slot| forward.record(slot)), b.map(|slot| backward.record(slot)));
        }
    }

    #[test]
    fn every_level_of_prefixes_splits_the_same_rows(ids in prop::collection::btree_set(1..u128::MAX, 1..400), level in 0..=16_u8) {
        let mut membership = Membership::new(&record(0, 2, 0, Health::Alive, 1), 1000, NOW);
        for &id in &ids {
            membership.apply(&record(id, 1, 0, Health::Alive, 1), NOW);
        }
        let mut rows: Vec<Slot> = (0..1_u32 << level)
            .flat_map(|index| membership.below(Prefix { level, index: u16::try_from(index).expect("16 bits") }, 7).map(|(slot, _)| slot).collect::<Vec<_>>())
            .collect();
        rows.sort_unstable();
        prop_assert_eq!(rows, membership.slots().collect::<Vec<_>>());
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let mut membership = Membership::new(&record(0, 1000, 0, Health::Alive, 1), 2, NOW);
    let far_boot = record(1, 1000 + BOOT_AHEAD_MS_MAX + 1, 0, Health::Alive, 1);
    assert_eq!(membership.apply(&far_boot, NOW), Change::Refused(Refusal::Boot));
    membership.believe_boot(1001, NOW);
    assert_eq!(
        membership.apply(&record(1, 1000, COUNTER_AHEAD_MAX + 1, Health::Alive, 1), NOW),
        Change::Refused(Refusal::Counter)
    );
    assert_eq!(membership.apply(&far_boot, NOW), Change::New(Slot(1)));
    assert_eq!(membership.apply(&record(2, 1000, 0, Health::Alive, 1), NOW), Change::Refused(Refusal::Full));
}

#[test]
fn wall_clocks_go_on_while_a_node_runs() {
    let mut membership = Membership::new(&record(0, 1000, 0, Health::Alive, 1), 9, NOW);
    let newcomer = record(1, 1000 + 3 * BOOT_AHEAD_MS_MAX, 0, Health::Alive, 1);
    let two_days = NOW.after(core::time::Duration::from_secs(2 * 86_400));
    assert_eq!(membership.apply(&newcomer, NOW), Change::Refused(Refusal::Boot));
    assert_eq!(membership.apply(&newcomer, two_days), Change::New(Slot(1)));
}
