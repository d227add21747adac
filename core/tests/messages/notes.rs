//! What becomes of notes: they come to whom they are for, are bounded, and nobody answers.

use quidnunc_core::{Command, Config, Event, Health, Input, NOTE_BYTES_MAX, NOTES_MAX, NodeId, Purpose, Rejected};

use super::harness::{Line, Out, World, id_of};
use super::{MILLI, SECOND, drained};

fn quiet(count: usize, config: Config) -> World {
    let mut world = World::met(count, config, 1);
    world.run(10 * SECOND);
    world.log.clear();
    world
}

fn note(world: &mut World, from: usize, to: usize, bytes: &[u8]) -> Result<(), Rejected> {
    world.command(from, Command::Note { to: id_of(to), bytes })
}

/// What a peer was told, by whom.
fn told(world: &World, peer: usize) -> Vec<(NodeId, Vec<u8>)> {
    let told = |(_, event)| if let Event::Note { from, bytes } = event { Some((from, bytes.into_vec())) } else { None };
    world.events(peer).filter_map(told).collect()
}

#[test]
fn a_note_comes_to_whom_it_is_for_and_costs_one_packet() {
    let mut world = quiet(3, Config::lan());
    let longest = vec![7; NOTE_BYTES_MAX];
    for (to, bytes) in [(1, &b"by the way"[..]), (2, b""), (1, &longest)] {
        note(&mut world, 0, to, bytes).expect("it is taken");
    }
    world.run(50 * MILLI);
    assert_eq!(told(&world, 1), [(id_of(0), b"by the way".to_vec()), (id_of(0), longest)]);
    assert_eq!(told(&world, 2), [(id_of(0), Vec::new())]);
    let len = |line: &Line| match &line.out {
        Out::Packet { purpose: Purpose::Note, bytes, .. } => Some(bytes.len()),
        Out::Packet { .. } | Out::Event(_) => None,
    };
    let lens: Vec<_> = world.log.iter().filter_map(len).collect();
    assert_eq!((lens.len(), lens[2]), (3, Config::lan().datagram_bytes_max), "the longest one fills its datagram");
    assert!(lens[..2].iter().all(|&len| len < 200), "{lens:?}");
    assert_eq!(told(&world, 0), [], "nobody answers");
}

#[test]
fn what_cannot_be_is_refused_and_leaves_nothing_behind() {
    let mut world = quiet(2, Config { datagram_bytes_max: 512, ..Config::lan() });
    let len = NOTE_BYTES_MAX;
    let Err(Rejected::NoteTooLong { len: found, most }) = note(&mut world, 0, 1, &vec![7; len]) else {
        panic!("it does not go into a datagram")
    };
    assert!(found == len && (400..512).contains(&most), "{most}");
    assert_eq!(note(&mut world, 0, 0, b""), Err(Rejected::ToSelf));
    let id = NodeId::from_u128(99);
    assert_eq!(world.command(0, Command::Note { to: id, bytes: b"" }), Err(Rejected::NoSuchMember { id }));
    let (mut node, now) = (world.node(0).clone(), world.instant());
    let mut send = || node.handle(now, Input::Command(Command::Note { to: id_of(1), bytes: &[7; 400] }));
    for _ in 0..NOTES_MAX {
        assert_eq!(send(), Ok(()));
    }
    assert_eq!(send(), Err(Rejected::TooManyNotes));
    world.peers[0].node = node;
    note(&mut world, 0, 1, b"").expect_err("they wait still");
    world.feed(0, Input::Timeout).expect("never refused");
    world.run(50 * MILLI);
    assert_eq!(told(&world, 1).len(), NOTES_MAX, "those that were taken come");
    assert_eq!(note(&mut world, 0, 1, b""), Ok(()), "and there is room again");
}

#[test]
fn a_note_from_nobody_or_for_somebody_else_is_counted_and_forgotten() {
    let mut world = quiet(3, Config::lan());
    note(&mut world, 0, 1, b"for one").expect("it is taken");
    world.run(50 * MILLI);
    let packet = world.log.iter().find_map(|line| {
        if let Out::Packet { purpose: Purpose::Note, bytes, .. } = &line.out { Some(bytes.clone()) } else { None }
    });
    let (bytes, from) = (packet.expect("it left"), world.peers[0].addr);
    let mut full = world.node(1).clone();
    let now = world.instant();
    world.kill(0);
    world.run(60 * SECOND);
    assert_eq!(world.belief(1, 0), Some(Health::Dead));
    for (peer, why) in [(1, "of the dead"), (2, "for somebody else")] {
        let (mut node, now) = (world.node(peer).clone(), world.instant());
        node.handle(now, Input::Datagram { from, bytes: &bytes }).expect("it is a datagram");
        assert_eq!(node.view().stats().notes_dropped, 1, "{why}");
        assert!(!drained(&mut node).iter().any(|event| matches!(event, Event::Note { .. })), "{why}");
    }
    // Whoever reads nothing is told no more than there is room for, and what is missing is counted.
    for _ in 0..2 * Config::lan().events_max {
        full.handle(now, Input::Datagram { from, bytes: &bytes }).expect("it is a datagram");
    }
    assert!(full.view().stats().notes_dropped >= Config::lan().events_max as u64);
}
