//! Least told first, told often enough, forgotten; and no class starves the other.

use alloc::vec::Vec;
use core::net::SocketAddr;

use super::backlog::{Backlog, Offer};
use super::*;
use crate::vocab::{Accusers, Health, Incarnation, NodeId, Record, Slot};
use crate::wire::{RecordKind, Sender, Writer};

fn rumour(slot: u32) -> Rumour {
    Rumour { slot: Slot(slot), telling: 1 }
}

/// One packet with room for `room` rumours; returns the slots in it.
fn packet(backlog: &mut Backlog, limit: u32, room: usize) -> Vec<u32> {
    let mut packed = Vec::new();
    backlog.offer_all(
        limit,
        |rumour| rumour.slot.0,
        |_, slot| {
            if packed.len() == room {
                return Offer::Full;
            }
            packed.push(slot);
            Offer::Packed
        },
    );
    packed
}

#[test]
fn least_told_first_and_each_as_often_as_the_limit_says() {
    let mut backlog = Backlog::new(9);
    (1..=3).for_each(|slot| assert!(!backlog.push(rumour(slot))));
    assert_eq!(packet(&mut backlog, 2, 2), [1, 2]);
    backlog.push(rumour(4));
    assert_eq!(packet(&mut backlog, 2, 3), [3, 4, 1]);
    assert_eq!(packet(&mut backlog, 2, 9), [2, 3, 4]);
    assert!(backlog.is_empty());
    assert_eq!(packet(&mut backlog, 2, 9), []);
}

#[test]
fn one_packet_tells_a_rumour_once() {
    let mut backlog = Backlog::new(9);
    backlog.push(rumour(1));
    assert_eq!(packet(&mut backlog, 5, 9), [1]);
}

#[test]
fn the_most_told_gives_way_when_there_is_no_room() {
    let mut backlog = Backlog::new(2);
    backlog.push(rumour(1));
    packet(&mut backlog, 9, 1);
    backlog.push(rumour(2));
    assert!(backlog.push(rumour(3)));
    assert_eq!(packet(&mut backlog, 9, 9), [2, 3]);
}

#[test]
fn charging_all_counts_as_one_telling_of_each() {
    let mut backlog = Backlog::new(9);
    backlog.push(rumour(1));
    packet(&mut backlog, 3, 1);
    backlog.push(rumour(2));
    backlog.charge_all(3);
    assert_eq!(packet(&mut backlog, 3, 9), [2, 1]);
    assert_eq!(packet(&mut backlog, 3, 9), [2]);
    backlog.push(rumour(3));
    (0..3).for_each(|_| backlog.charge_all(3));
    assert!(backlog.is_empty());
}

#[test]
fn a_flood_of_one_class_leaves_the_other_its_share() {
    let mut gossip = Gossip::new(1000);
    for slot in 0..100 {
        gossip.push(rumour(slot), Urgency::Urgent);
        gossip.push(rumour(1000 + slot), Urgency::Ordinary);
    }
    let id = NodeId::from_u128(1);
    let sender = Sender { id, incarnation: Incarnation::first(1), fingerprint: 0, state: 0 };
    let mut buffer = [0; 1232];
    let mut writer = Writer::begin(&mut buffer, 0, &sender).expect("frame and sender fit");
    writer.open_records(RecordKind::Rumours);
    let addr = SocketAddr::from(([10, 0, 0, 1], 1));
    let told = core::cell::RefCell::new([0_u32; 2]);
    let records = gossip.fill(&mut writer, (4, 0), None, |rumour| {
        told.borrow_mut()[usize::from(rumour.slot.0 >= 1000)] += 1;
        Some((Record::of_new_life(id, 1, addr), Accusers::default()))
    });
    let [urgent, ordinary] = told.into_inner();
    assert!(records > 30, "{records} records");
    assert!(ordinary >= records / 5, "{ordinary} of {records} are ordinary");
    assert!(urgent >= records / 2, "{urgent} of {records} are urgent");
}

#[test]
fn what_the_packet_says_already_is_told_and_not_forgotten() {
    let mut gossip = Gossip::new(10);
    gossip.push(rumour(7), Urgency::Urgent);
    let id = NodeId::from_u128(1);
    let sender = Sender { id, incarnation: Incarnation::first(1), fingerprint: 0, state: 0 };
    let mut buffer = [0; 1232];
    let mut writer = Writer::begin(&mut buffer, 0, &sender).expect("frame and sender fit");
    writer.open_records(RecordKind::Rumours);
    let addr = SocketAddr::from(([10, 0, 0, 1], 1));
    let record = Record { health: Health::Suspect, ..Record::of_new_life(id, 1, addr) };
    assert_eq!(gossip.fill(&mut writer, (3, 0), Some(Slot(7)), |_| Some((record, Accusers::default()))), 0);
    assert_eq!(gossip.fill(&mut writer, (3, 0), None, |_| Some((record, Accusers::default()))), 1);
    assert_eq!(gossip.fill(&mut writer, (3, 0), None, |_| Some((record, Accusers::default()))), 1);
    assert!(gossip.is_empty(), "three tellings");
}
