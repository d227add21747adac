//! Do entries with a time to live end everywhere at nearly the same time, and do watchers hear of it?

use super::*;
use crate::vocab::{NodeId, Rng};

/// Told on over five hops, each with a delay that nobody knows, and after having lain at each node for a while. No
/// node may end an entry before the owner, nor later than the delays on the way and the rounding up to whole
/// milliseconds explain.
#[test]
fn ttl_uniform() {
    for seed in 0..300 {
        let mut rng = Rng::new(seed, NodeId::from_u128(1), 0);
        let mut some = |most_ms: u64| rng.nanos_in(1..most_ms * 1_000_000);
        let mut nodes = Nodes::new(6, LIMITS);
        nodes.put(0, b"stays", b"1", None);
        nodes.wait(some(50));
        let until = nodes.now.after(secs(10));
        nodes.put(0, b"ends", b"1", Some(secs(10)));
        let mut late = Duration::ZERO;
        for at in 1..6 {
            nodes.wait(some(900));
            let packed = nodes.pack(at - 1, 0, nodes.head(at, 0), EVERYTHING).expect("it knows nothing yet");
            // A delay below a millisecond hides no rounding down.
            let delay = some(if seed % 2 == 0 { 400 } else { 1 });
            nodes.wait(delay);
            assert_eq!(nodes.take(at, &packed), Ok(Applied::Taken));
            late += delay + ms(1);
            let end = nodes.room(at).next_deadline();
            assert!(end >= until && end <= until.after(late), "seed {seed}, hop {at}: {end} for {until}");
            let slot = nodes.slot(at, 0);
            let (room, before) = (nodes.room(at), Instant::from_nanos(end.as_nanos() - 1));
            assert!(room.get(slot, b"ends", before).is_some() && room.get(slot, b"ends", end).is_none());
            assert_eq!(room.below(slot, b"e", end).count(), 0);
        }
        nodes.wait(until.after(late).since(nodes.now));
        assert!((0..6).all(|at| nodes.readable(at, 0).len() == 1), "seed {seed}");
        assert!((1..6).all(|at| nodes.head(at, 0) == nodes.head(0, 0)), "seed {seed}");
        (0..6).for_each(|at| nodes.check(at, 0));
    }
}

/// What lay in a socket for a while is told late; whoever tells the same in time puts that right.
#[test]
fn the_earliest_telling_of_an_end_counts() {
    let mut nodes = Nodes::new(2, LIMITS);
    nodes.put(0, b"ends", b"1", Some(secs(10)));
    let until = nodes.now.after(secs(10));
    let all = |nodes: &mut Nodes| nodes.pack(0, 0, Head::default(), EVERYTHING).expect("it knows nothing yet");
    let packed = all(&mut nodes);
    nodes.wait(secs(3));
    assert_eq!(nodes.take(1, &packed), Ok(Applied::Taken));
    assert_eq!(nodes.room(1).next_deadline(), until.after(secs(3)));
    let again = all(&mut nodes);
    assert_eq!(nodes.take(1, &again), Ok(Applied::Known));
    assert_eq!(nodes.room(1).next_deadline(), until);
    nodes.check(1, 0);
}

/// [`Nodes::check`] replays what is reported and compares it with what readers see, here after every step.
#[test]
fn watch_equals_state() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed, NodeId::from_u128(2), 0);
        let mut nodes = Nodes::new(3, LIMITS);
        for _ in 0..150 {
            let key = [b'a' + u8::try_from(rng.below(12)).expect("small")];
            match rng.below(8) {
                0 | 1 => nodes.put(0, &key, &key[..rng.below(2) as usize], None),
                2 => nodes.put(0, &key, b"short", Some(ms(1 + u64::from(rng.below(3000))))),
                3 => nodes.delete(0, &key),
                4 => nodes.wait(ms(rng.below(2500).into())),
                5 => _ = nodes.exchange(1, 0, 0, 1 + rng.below(4) as usize),
                6 => _ = nodes.exchange(2, 1, 0, 1 + rng.below(4) as usize),
                _ => _ = (rng.below(20) == 0).then(|| nodes.reopen(0)),
            }
            (0..3).for_each(|at| nodes.check(at, 0));
        }
    }
}

#[test]
fn whoever_writes_again_cancels_the_end() {
    let mut nodes = Nodes::new(2, LIMITS);
    let pass = |nodes: &mut Nodes| assert!(nodes.exchange(1, 0, 0, EVERYTHING));
    nodes.put(0, b"lasting", b"1", Some(secs(1)));
    nodes.put(0, b"longer", b"1", Some(secs(1)));
    nodes.put(0, b"deleted", b"1", Some(secs(1)));
    pass(&mut nodes);
    nodes.put(0, b"lasting", b"1", None);
    nodes.put(0, b"longer", b"1", Some(secs(3)));
    nodes.delete(0, b"deleted");
    pass(&mut nodes);
    nodes.wait(secs(2));
    assert!((0..2).all(|at| nodes.readable(at, 0).into_keys().eq([b"lasting".to_vec(), b"longer".to_vec()])));
    nodes.wait(secs(1));
    assert!((0..2).all(|at| nodes.readable(at, 0).len() == 1));
    // What ended is a tombstone like any other: it becomes old and is forgotten, everywhere.
    nodes.wait(GRACE);
    pass(&mut nodes);
    assert!((0..2).all(|at| nodes.room(at).after(nodes.slot(at, 0), 0, nodes.now).count() == 1));
    assert_eq!(nodes.head(1, 0), nodes.head(0, 0));
}

#[test]
fn an_entry_ends_for_readers_while_a_new_copy_grows() {
    let mut nodes = Nodes::new(2, LIMITS);
    nodes.put(0, b"a", b"1", Some(secs(2)));
    nodes.put(0, b"b", b"1", None);
    nodes.put(0, b"c", b"1", Some(secs(60)));
    assert!(nodes.exchange(1, 0, 0, EVERYTHING));
    nodes.reopen(0);
    assert!(nodes.exchange(1, 0, 0, 1));
    assert_eq!(nodes.readable(1, 0).len(), 3);
    nodes.wait(secs(2));
    assert_eq!(nodes.readable(1, 0).len(), 2, "it has ended in both copies");
    assert!(nodes.exchange(1, 0, 0, EVERYTHING));
    assert_eq!((nodes.readable(1, 0), nodes.head(1, 0)), (nodes.readable(0, 0), nodes.head(0, 0)));
    assert_eq!(nodes.room(1).endings.len(), 1);
}

#[test]
fn what_lives_for_longer_than_can_be_told_ends_everywhere_at_once() {
    let mut nodes = Nodes::new(2, LIMITS);
    nodes.put(0, b"a", b"1", Some(TTL_MAX + secs(86_400)));
    assert!(nodes.exchange(1, 0, 0, EVERYTHING));
    for (time, count) in [(TTL_MAX - ms(1), 1), (ms(1), 0)] {
        nodes.wait(time);
        assert!((0..2).all(|at| nodes.readable(at, 0).len() == count));
    }
}
