//! Does a copy that missed too much become whole again, from whom, how fast, and what do readers see meanwhile?

use super::*;

fn key(number: usize) -> Vec<u8> {
    alloc::format!("key/{number:04}").into_bytes()
}

fn nodes_with_keys(count: usize, keys: usize, limits: Limits) -> Nodes {
    let mut nodes = Nodes::new(count, limits);
    (0..keys).for_each(|number| nodes.put(0, &key(number), b"old", None));
    (1..count).for_each(|at| assert!(nodes.exchange(at, 0, 0, EVERYTHING)));
    nodes
}

#[test]
fn gap_reject() {
    let mut nodes = Nodes::new(2, LIMITS);
    (0..6).for_each(|number| nodes.put(0, &key(number), b"1", None));
    let first = nodes.pack(0, 0, Head::default(), 3).expect("the copy has nothing");
    let second = nodes.pack(0, 0, Head { version: 3, epoch: 1, ..Head::default() }, 3).expect("there is more");
    assert_eq!(nodes.take(1, &second), Err(Refusal::Gap));
    assert_eq!(nodes.take(1, &first), Ok(Applied::Taken));
    assert_eq!(nodes.take(1, &second), Ok(Applied::Taken));
    assert_eq!(nodes.take(1, &first), Ok(Applied::Known));
    assert_eq!(nodes.readable(1, 0), nodes.readable(0, 0));
}

#[test]
fn evict_inflight() {
    let mut nodes = nodes_with_keys(2, 3, LIMITS);
    nodes.put(0, b"new", b"1", None);
    let on_its_way = nodes.pack(0, 0, nodes.head(1, 0), EVERYTHING).expect("the copy is behind");
    nodes.forget(1, 0);
    assert_eq!(nodes.take(1, &on_its_way), Err(Refusal::Gap));
    assert!(nodes.room(1).owner(nodes.slot(1, 0)).is_none() && nodes.room(1).fingerprint() == 0, "no part of a map");
    assert!(nodes.exchange(1, 0, 0, EVERYTHING));
    assert_eq!(nodes.readable(1, 0), nodes.readable(0, 0));
}

#[test]
fn offline_past_grace() {
    let mut nodes = nodes_with_keys(3, 5, LIMITS);
    nodes.delete(0, &key(2));
    nodes.wait(ms(1));
    assert!(nodes.exchange(1, 0, 0, EVERYTHING));
    nodes.wait(GRACE);
    assert!(nodes.exchange(1, 0, 0, EVERYTHING), "the watermark has moved");
    assert_eq!(nodes.head(1, 0).watermark, 6);
    // Node 2 was away all along and knows of no deletion: it brings nothing back, and learns.
    assert!(!nodes.exchange(1, 2, 0, EVERYTHING));
    assert!(nodes.exchange(2, 1, 0, EVERYTHING));
    assert!((0..3).all(|at| !nodes.readable(at, 0).contains_key(&key(2))));
    assert!((0..3).all(|at| nodes.head(at, 0) == nodes.head(0, 0)));
}

/// Nodes 1 to 3 hold keys 0 to 4; the owner has deleted key 3 and forgotten that. Node 1 has begun anew and come to
/// version 2.
fn begun_anew() -> Nodes {
    let mut nodes = nodes_with_keys(4, 5, LIMITS);
    nodes.delete(0, &key(3));
    nodes.wait(GRACE);
    nodes.put(0, &key(5), b"1", None);
    assert!(nodes.exchange(1, 0, 0, 2));
    let Head { watermark, version, .. } = nodes.head(1, 0);
    assert_eq!((watermark, version), (6, 2));
    nodes
}

#[test]
fn reset_truncated_stale_third() {
    let mut nodes = begun_anew();
    // Node 2 has key 3 above version 2, and no tombstone of it.
    assert!(!nodes.exchange(1, 2, 0, EVERYTHING));
    let stale = nodes.pack(2, 0, Head { watermark: 0, ..nodes.head(1, 0) }, EVERYTHING).expect("it has more");
    assert_eq!(nodes.take(1, &stale), Err(Refusal::Unfinished));
    // Node 3 is made anew as well, and is further: from it, 1 may take.
    assert!(nodes.exchange(3, 0, 0, 3) && nodes.exchange(1, 3, 0, EVERYTHING));
    assert_eq!(nodes.head(1, 0).version, 3);
    assert!(nodes.exchange(1, 0, 0, EVERYTHING));
    assert_eq!(nodes.head(1, 0), nodes.head(0, 0));
}

#[test]
fn a_third_that_kept_its_tombstones_may_go_on_with_a_reset() {
    let mut nodes = Nodes::new(3, LIMITS);
    (0..5).for_each(|number| nodes.put(0, &key(number), b"1", None));
    assert!(nodes.exchange(1, 0, 0, EVERYTHING));
    nodes.delete(0, &key(3));
    nodes.put(0, &key(4), b"2", None);
    assert!(nodes.exchange(2, 0, 0, EVERYTHING));
    nodes.wait(GRACE);
    assert!(nodes.exchange(1, 0, 0, 2));
    assert_eq!((nodes.head(1, 0).watermark, nodes.head(2, 0).watermark), (6, 0));
    // The tombstone that node 2 tells of lies below the watermark of 1, which forgets it with the same span.
    assert!(nodes.exchange(1, 2, 0, EVERYTHING));
    assert_eq!(nodes.head(1, 0), nodes.head(0, 0));
}

/// Exchanges of 50 items until a copy that missed a watermark is whole. In each the owner deletes a key, and one of
/// ten peers, in turn, hears the owner and is asked. The watermark moves every `moves` exchanges, first after
/// `phase` of them.
fn exchanges_of_a_reset(keys: usize, moves: u64, phase: u64) -> usize {
    let (peers, limits) = (10, Limits { map_bytes_max: 1 << 24, grace: secs(8 * moves) });
    let mut nodes = nodes_with_keys(peers + 2, keys + 10, limits);
    nodes.is_large = true;
    // A deletion becomes old every so often from now on: the grace is eight moves long.
    for number in keys..keys + 10 {
        nodes.delete(0, &key(number));
        nodes.wait(secs(moves));
    }
    nodes.wait(secs(moves - phase));
    (1..=peers).for_each(|at| assert!(nodes.exchange(at, 0, 0, EVERYTHING)));
    let reader = peers + 1;
    assert!(nodes.head(reader, 0).version < nodes.head(1, 0).watermark, "it missed that");
    for exchange in 0..10 * keys {
        let copy = nodes.room(reader).owner(nodes.slot(reader, 0)).expect("it had a copy before");
        if copy.staged.is_none() && copy.shown.watermark > 0 {
            return exchange;
        }
        nodes.delete(0, &key(exchange * 7919 % keys));
        nodes.wait(secs(1));
        let peer = 1 + exchange % peers;
        nodes.exchange(peer, 0, 0, EVERYTHING);
        nodes.exchange(reader, peer, 0, 50);
    }
    panic!("a reset of {keys} keys never ends");
}

/// A reset begins again when the watermark moves under it, so it has to fit between two moves. The ideal is 10, 40
/// and 100 exchanges; where each copy moves a watermark of its own, it never ends.
#[test]
fn reset_livelock() {
    let counts = |keys| [(450, 450), (200, 150), (200, 90)].map(|(m, p)| exchanges_of_a_reset(keys, m, p));
    assert_eq!(counts(500), [11, 11, 11]);
    assert_eq!(counts(2000), [40, 40, 40]);
    assert_eq!(counts(5000), [100, 100, 189]);
}

#[test]
fn reset_invisible() {
    let mut nodes = nodes_with_keys(2, 300, LIMITS);
    (0..300).step_by(3).for_each(|number| nodes.delete(0, &key(number)));
    (1..300).step_by(30).for_each(|number| nodes.put(0, &key(number), b"new", None));
    nodes.put(0, b"added", b"1", None);
    nodes.wait(GRACE);
    let before = nodes.readable(1, 0);
    let (mut changes, mut parts) = (0, 0);
    while let Some(packed) = nodes.pack(0, 0, nodes.head(1, 0), 20) {
        parts += 1;
        assert!(parts <= 11, "201 items come in eleven parts");
        assert_eq!(nodes.readable(1, 0), before, "readers see the old copy to the last");
        let (slot, items) = (nodes.slot(1, 0), packed.items.iter().map(Told::item));
        let mut room = nodes.room(1).clone();
        let taken = room.apply((slot, id_hash(0)), packed.span, items, nodes.now, |_| changes += 1);
        assert_eq!((taken, nodes.take(1, &packed)), (Ok(Applied::Taken), Ok(Applied::Taken)));
    }
    assert_eq!(changes, 100 + 10 + 1, "what differs is reported, and nothing else");
    assert_eq!(nodes.readable(1, 0), nodes.readable(0, 0));
}

#[test]
fn a_new_epoch_with_the_same_content_is_invisible() {
    let mut nodes = nodes_with_keys(2, 100, LIMITS);
    nodes.reopen(0);
    let (before, mut parts) = (nodes.readable(1, 0), 0);
    while let Some(packed) = nodes.pack(0, 0, nodes.head(1, 0), 30) {
        let (slot, items) = (nodes.slot(1, 0), packed.items.iter().map(Told::item));
        let mut room = nodes.room(1).clone();
        room.apply((slot, id_hash(0)), packed.span, items, nodes.now, |change| panic!("nothing changed: {change:?}"))
            .expect("it is offered");
        assert_eq!(nodes.take(1, &packed), Ok(Applied::Taken));
        assert_eq!(nodes.readable(1, 0), before);
        parts += 1;
        assert!(parts <= 4, "a hundred items come in four parts");
    }
    assert_eq!(nodes.head(1, 0), nodes.head(0, 0));
}

#[test]
fn same_version_split() {
    let mut nodes = nodes_with_keys(3, 4, LIMITS);
    // The owner loses its map and does not know it: the same epoch, the same versions, other values.
    nodes.restart(0);
    nodes.boots[0] = 1;
    (0..4).for_each(|number| nodes.put(0, &key(number), b"new", None));
    let (own, others) = (nodes.head(0, 0), nodes.head(1, 0));
    assert_eq!(Head { sum: 0, ..own }, Head { sum: 0, ..others });
    assert_ne!(own.sum, others.sum, "the heads tell it");
    assert_ne!(nodes.room(0).fingerprint(), nodes.room(1).fingerprint(), "the sums tell it");
    assert_eq!(nodes.pack(0, 0, others, EVERYTHING).map(|packed| packed.span), None, "versions do not");
    nodes.reopen(0);
    assert!(nodes.exchange(1, 0, 0, EVERYTHING) && nodes.exchange(2, 1, 0, EVERYTHING));
    assert!((0..3).all(|at| nodes.head(at, 0) == nodes.head(0, 0)));
    assert!((0..3).all(|at| nodes.readable(at, 0)[&key(0)] == b"new"));
}

#[test]
fn epoch_zero_is_an_epoch() {
    let mut nodes = Nodes::new(2, LIMITS);
    nodes.boots[0] = 0;
    nodes.put(0, b"a", b"1", None);
    assert!(nodes.exchange(1, 0, 0, EVERYTHING));
    assert_eq!(nodes.readable(1, 0), nodes.readable(0, 0));
}
