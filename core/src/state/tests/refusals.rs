//! What does a room do with a span that no honest holder sends, or that it has no room for? It says why it refuses,
//! and nothing has changed.

use super::*;

fn told(version: u64) -> Told {
    Told { key: alloc::format!("key/{version}").into_bytes(), version, said: Said::Value(b"value".to_vec(), None) }
}

fn packed(head: (u64, u64, u64), (from, to): (u64, u64), versions: &[u64]) -> Packed {
    let (epoch, watermark, version) = head;
    let head = Head { epoch, watermark, version, sum: 7 };
    Packed { owner: 0, span: Span { head, from, to }, items: versions.iter().map(|&version| told(version)).collect() }
}

/// Node 1 has come to version 10 of epoch 2.
fn nodes() -> Nodes {
    let mut nodes = Nodes::new(2, LIMITS);
    nodes.boots[0] = 2;
    (0..8_u8).for_each(|number| nodes.put(0, &[number], b"value", (number > 5).then_some(secs(60))));
    nodes.delete(0, &[3]);
    nodes.delete(0, &[4]);
    assert!(nodes.exchange(1, 0, 0, EVERYTHING));
    nodes
}

/// Takes a span that changes nothing at all.
fn in_vain(nodes: &mut Nodes, packed: &Packed, why: &str) -> Result<Applied, Refusal> {
    let before = alloc::format!("{:?}", nodes.nodes[1]);
    let applied = nodes.take(1, packed);
    assert_eq!(alloc::format!("{:?}", nodes.nodes[1]), before, "{why}");
    applied
}

#[test]
fn what_no_holder_sends_is_refused() {
    use Refusal::{Epoch, Gap, Malformed, Watermark};
    let mut nodes = nodes();
    let rows = [
        (packed((2, 0, 14), (10, 14), &[12, 11]), Malformed, "out of order"),
        (packed((2, 0, 14), (10, 14), &[11, 12, 12]), Malformed, "one version twice"),
        (packed((2, 0, 14), (10, 14), &[10, 11]), Malformed, "an item at the start, which is not included"),
        (packed((2, 0, 14), (8, 14), &[7, 11]), Malformed, "an item before the start"),
        (packed((2, 0, 14), (10, 12), &[11, 12, 13]), Malformed, "beyond its own end"),
        (packed((2, 0, 14), (10, 15), &[11]), Malformed, "an end beyond the sender's copy"),
        (packed((3, 0, 14), (0, 15), &[1]), Malformed, "the same of a new epoch"),
        (packed((3, 0, 14), (0, 9), &[4, 3]), Malformed, "a new epoch out of order"),
        (packed((2, 12, 14), (0, 9), &[3, 10]), Malformed, "a reset beyond its own end"),
        (packed((2, 0, 14), (11, 14), &[12]), Gap, "a gap"),
        (packed((3, 0, 14), (5, 14), &[6]), Gap, "a new epoch, not from its start"),
        (packed((3, 0, 14), (9, 7), &[]), Gap, "the same, and back to front"),
        (packed((2, 12, 14), (10, 14), &[13]), Watermark, "tombstones are missing from it"),
        (packed((1, 0, 99), (0, 99), &[1, 99]), Epoch, "an earlier map"),
    ];
    for (packed, refusal, why) in rows {
        assert_eq!(in_vain(&mut nodes, &packed, why), Err(refusal), "{why}");
    }
}

/// A value that goes on needs its own beginning, right before it.
#[test]
fn a_value_that_goes_on_from_nothing_is_refused() {
    let grain = u32::try_from(GRAIN_BYTES).expect("short");
    let mut nodes = nodes();
    let said = |key: &[u8], version, said| Told { key: key.to_vec(), version, said };
    let part = |key, version, offset: u32| said(key, version, Said::Part(offset, alloc::vec![1; GRAIN_BYTES]));
    let rest = |key, version, offset: u32| said(key, version, Said::Rest(offset, alloc::vec![2], None));
    let of = |from, items: &[Told]| {
        let to = items.last().expect("some").version;
        let head = Head { epoch: 2, watermark: 0, version: 30, sum: 0 };
        Packed { owner: 0, span: Span { head, from, to }, items: items.to_vec() }
    };
    let in_vain = |nodes: &mut Nodes, items: &[Told], why| {
        let from = nodes.head(1, 0).version;
        assert_eq!(in_vain(nodes, &of(from, items), why), Err(Refusal::Gap), "{why}");
    };
    in_vain(&mut nodes, &[rest(b"long", 11, grain)], "no beginning");
    in_vain(&mut nodes, &[part(b"long", 11, grain)], "no beginning of a middle");
    in_vain(&mut nodes, &[rest(b"long", 11, u32::MAX - grain + 1)], "a value longer than its versions");
    in_vain(&mut nodes, &[part(b"long", 11, 0), told(12), rest(b"long", 13, grain)], "something in between");
    assert_eq!(nodes.take(1, &of(10, &[part(b"long", 11, 0)])), Ok(Applied::Taken));
    in_vain(&mut nodes, &[rest(b"longer", 12, grain)], "the beginning of another key");
    in_vain(&mut nodes, &[rest(b"long", 12, 2 * grain)], "a grain is missing");
    in_vain(&mut nodes, &[rest(b"long", 13, grain)], "the beginning of another version");
    in_vain(&mut nodes, &[rest(b"long", 12, grain), rest(b"long", 13, grain)], "twice the same rest");
    assert_eq!(nodes.take(1, &of(11, &[rest(b"long", 12, grain)])), Ok(Applied::Taken));
    let slot = nodes.slot(1, 0);
    let value = nodes.room(1).get(slot, b"long", nodes.now).expect("whole").bytes().1;
    assert_eq!((value.len(), value[GRAIN_BYTES - 1], value[GRAIN_BYTES]), (GRAIN_BYTES + 1, 1, 2));
}

#[test]
fn back_to_front_is_refused_or_known() {
    let mut nodes = nodes();
    // It starts within what the copy has, so that it ends there as well.
    let known = packed((2, 0, 14), (9, 7), &[]);
    assert_eq!(in_vain(&mut nodes, &known, "from 9 to 7"), Ok(Applied::Known));
    nodes.forget(1, 0);
    let reset = packed((2, 0, 0), (0, 1), &[1]);
    assert_eq!(in_vain(&mut nodes, &reset, "more than the sender has"), Err(Refusal::Malformed));
    assert!(nodes.room(1).owner(nodes.slot(1, 0)).is_none(), "a refusal makes no copy");
}

#[test]
fn what_is_repeated_is_known() {
    let mut nodes = nodes();
    let before = nodes.head(1, 0);
    nodes.put(0, b"new", b"value", Some(secs(5)));
    let next = nodes.pack(0, 0, before, EVERYTHING).expect("the copy is behind");
    assert_eq!(nodes.take(1, &next), Ok(Applied::Taken));
    nodes.wait(secs(1));
    assert_eq!(in_vain(&mut nodes, &next, "again, and late"), Ok(Applied::Known));
    // What overlaps is taken from where it is new: the entry of before keeps its end.
    nodes.put(0, b"newer", b"value", None);
    let overlap = nodes.pack(0, 0, before, EVERYTHING).expect("the copy is behind");
    nodes.wait(secs(3));
    assert_eq!(nodes.take(1, &overlap), Ok(Applied::Taken));
    nodes.wait(secs(1));
    assert_eq!(nodes.room(1).get(nodes.slot(1, 0), b"new", nodes.now), None);
    assert_eq!(nodes.readable(1, 0), nodes.readable(0, 0));
}

#[test]
fn what_is_too_heavy_is_refused() {
    let mut nodes = nodes();
    let held = nodes.room(1).owner(nodes.slot(1, 0)).map_or(0, |copy| copy.latest().weight);
    nodes.put(0, b"large", &[7; 1000], None);
    let next = nodes.pack(0, 0, nodes.head(1, 0), EVERYTHING).expect("the copy is behind");
    // A copy may weigh twice what its owner may write.
    let needed = held + 40 + b"large".len() + 1000;
    nodes.nodes[1].room.limits.map_bytes_max = (needed - 1) / 2;
    assert_eq!(in_vain(&mut nodes, &next, "too heavy"), Err(Refusal::Full));
    let mut anew = next.clone();
    (anew.span.head.epoch, anew.span.from, anew.items) = (3, 0, (1..30).map(told).collect());
    (anew.span.head.version, anew.span.to) = (29, 29);
    assert_eq!(in_vain(&mut nodes, &anew, "a new map that is too heavy"), Err(Refusal::Full));
    nodes.nodes[1].room.limits.map_bytes_max = needed.div_ceil(2);
    assert_eq!(nodes.take(1, &next), Ok(Applied::Taken));
}

#[test]
fn an_owner_writes_no_more_than_it_may() {
    let mut room = State::new(Limits { map_bytes_max: 100, grace: GRACE });
    let mut put = |key: &[u8], value: &[u8]| room.put((1, 1), (key, value), None, Instant::from_nanos(1), |_| {});
    assert_eq!(put(b"k", &[0; 60]), Err(crate::state::OwnError::Full));
    assert_eq!(put(b"k", &[0; 59]), Ok(1));
    assert_eq!(put(b"l", b""), Err(crate::state::OwnError::Full));
    assert_eq!(put(b"k", &[1; 18]), Ok(2), "what is replaced makes room");
    assert_eq!(put(b"l", b""), Ok(3));
    assert_eq!(put(b"l", b""), Ok(3), "a value that is there keeps its version");
    room.check();
}

#[test]
fn a_peer_moves_a_watermark_only_over_what_the_copy_has() {
    let mut nodes = nodes();
    let (slot, before) = (nodes.slot(1, 0), nodes.head(1, 0));
    let room = &mut nodes.nodes[1].room;
    for (epoch, watermark) in [(2, 0), (2, 11), (2, u64::MAX), (1, 9), (3, 9)] {
        assert!(!room.follow_watermark(slot, epoch, watermark), "{epoch} {watermark}");
    }
    assert_eq!(room.head(slot), before);
    assert!(room.follow_watermark(slot, 2, 9));
    assert!(!room.follow_watermark(slot, 2, 9), "once");
    room.check();
    let keys: Vec<u64> = room.after(slot, 0, nodes.now).map(|item| item.version).collect();
    assert_eq!(keys, [1, 2, 3, 6, 7, 8, 10], "the tombstone at 9 is forgotten, the one at 10 is not");
}
