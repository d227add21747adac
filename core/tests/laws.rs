//! The laws of the interface, over random courses of a small cluster.
//!
//! L1, L2, the first half of L6 and the nodes' own `check` are asserted by the harness after every input,
//! so they hold in every test here. Each law that says "this changes nothing" runs one course twice, with
//! and without, and compares every packet, every event and what is known at the end.

use crate::harness;

use std::collections::BTreeMap;
use std::time::Duration;

use harness::{Line, Options, Out, Step, World, assert_same, cases, id_of};
use proptest::prelude::*;
use quidnunc_core::{Config, Event, Instant, MemberChange, Purpose, Record, Stats, ValueChange};

const SECOND: u64 = 1_000_000_000;

/// Epochs that nothing may depend on: whole numbers of ten seconds, the slow clock of the cookies.
fn any_epoch() -> impl Strategy<Value = Instant> {
    prop_oneof![Just(0), 1..(1_u64 << 62) / (10 * SECOND)].prop_map(|tens| Instant::from_nanos(tens * 10 * SECOND))
}

fn any_step() -> impl Strategy<Value = Step> {
    let peer = || 0..3_u8;
    prop_oneof![
        8 => (1..3000_u16).prop_map(|millis| Step::Run { millis }),
        2 => (peer(), peer()).prop_map(|(peer, seed)| Step::Join { peer, seed }),
        1 => peer().prop_map(|peer| Step::Leave { peer }),
        1 => (peer(), peer()).prop_map(|(peer, other)| Step::Remove { peer, other }),
        1 => peer().prop_map(|peer| Step::Kill { peer }),
        1 => peer().prop_map(|peer| Step::Restart { peer }),
        1 => (peer(), 1..40_000_u16).prop_map(|(peer, millis)| Step::Freeze { peer, millis }),
        1 => (peer(), 512..1300_u16).prop_map(|(peer, bytes)| Step::Buffer { peer, bytes }),
        1 => (peer(), 1..10_000_u16).prop_map(|(peer, millis)| Step::Backwards { peer, millis }),
        2 => (peer(), 0..32_u8, 0..8_u8).prop_map(|(peer, back, from)| Step::Again { peer, back, from }),
        3 => (peer(), 0..32_u8, any::<u16>(), 1..=255_u8)
            .prop_map(|(peer, back, place, xor)| Step::Mutated { peer, back, place, xor }),
        1 => (peer(), 0..32_u8, any::<u16>()).prop_map(|(peer, back, len)| Step::Cut { peer, back, len }),
        1 => (peer(), 0..32_u8).prop_map(|(peer, back)| Step::Foreign { peer, back }),
        1 => (peer(), prop::collection::vec(any::<u8>(), 0..60)).prop_map(|(peer, bytes)| Step::Noise { peer, bytes }),
        3 => (peer(), 0..4_u8, 0..500_u16, prop::option::of(1..5000_u16))
            .prop_map(|(peer, key, len, millis)| Step::Put { peer, key, len, millis }),
        1 => (peer(), 0..4_u8).prop_map(|(peer, key)| Step::Delete { peer, key }),
        2 => (peer(), 0..4_u8, 0..4_u8, 0..9000_u16)
            .prop_map(|(peer, key, replicas, millis)| Step::PutAndWait { peer, key, replicas, millis }),
    ]
}

/// A course: everybody joins the first, then anything happens.
fn any_course() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any_step(), 1..30).prop_map(|steps| {
        let joins = [1, 2].map(|peer| Step::Join { peer, seed: 0 });
        joins.into_iter().chain(steps).chain([Step::Run { millis: 10_000 }]).collect()
    })
}

fn play(course: &[Step], options: Options) -> World {
    let mut world = World::new(3, Config::lan(), options);
    for step in course {
        world.step(step);
    }
    world
}

/// What everybody knows and waits for. How old a death is depends on when the clock was looked at.
fn known(world: &World) -> String {
    let node = |peer: usize| {
        let members = world.node(peer).view().members().map(|member| Record { age_ms: 0, ..member });
        format!("{:?} {:?}\n", members.collect::<Vec<_>>(), world.node(peer).poll_timeout())
    };
    (0..world.peers.len()).map(node).collect()
}

/// The counters. How often a clock went backwards depends on when it was looked at.
fn counters(world: &World) -> Vec<Stats> {
    let stats = |peer| Stats { clock_backwards: 0, ..*world.node(peer).view().stats() };
    (0..world.peers.len()).map(stats).collect()
}

/// A line without what may depend on the epoch: cookies are made from the absolute time, and they are in
/// packets of joins, repairs and maps, and in every packet with heads. Instants in evidence count from the epoch.
fn without_epoch(line: &Line, epoch: Instant) -> Line {
    let out = match &line.out {
        Out::Packet { to, purpose, bytes }
            if matches!(purpose, Purpose::Join | Purpose::Repair | Purpose::State) || has_heads(bytes) =>
        {
            Out::Packet { to: *to, purpose: *purpose, bytes: vec![0; bytes.len()] }
        }
        out @ (Out::Packet { .. } | Out::Event(_)) => out.clone(),
    };
    Line { out, ..line.clone() }.since(epoch)
}

/// Whether one of a datagram's sections is a list of heads.
fn has_heads(datagram: &[u8]) -> bool {
    let mut rest = &datagram[12..];
    while let [kind, tail @ ..] = rest {
        let digits = tail.iter().take_while(|&&byte| byte & 0x80 != 0).count() + 1;
        let len = tail[..digits].iter().rev().fold(0, |len, &byte| len << 7 | usize::from(byte & 0x7f));
        if *kind == 0x42 {
            return true;
        }
        rest = &tail[digits + len..];
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 4000, ..cases::one_in(4) })]

    #[test]
    fn l3_a_timeout_before_the_deadline_changes_nothing(course in any_course(), seed: u64, epoch in any_epoch()) {
        let options = Options::plain(seed, epoch);
        let (plain, spurious) = (play(&course, options), play(&course, Options { spurious: true, ..options }));
        assert_same("a spurious timeout shows", &plain.log, &spurious.log);
        prop_assert_eq!(known(&plain), known(&spurious));
        prop_assert_eq!(counters(&plain), counters(&spurious));
    }

    #[test]
    fn l4_the_same_inputs_give_the_same_bytes_under_any_hash_seed(
        course in any_course(), seed: u64, hash_seed: u64, epoch in any_epoch()
    ) {
        let options = Options::plain(seed, epoch);
        let (one, other) = (play(&course, options), play(&course, Options { hash_seed, ..options }));
        assert_same("a hash seed shows", &one.log, &other.log);
        prop_assert_eq!(known(&one), known(&other));
        prop_assert_eq!(counters(&one), counters(&other));
    }

    #[test]
    fn l5_a_refused_datagram_is_as_if_it_had_never_come(course in any_course(), seed: u64, epoch in any_epoch()) {
        let options = Options::plain(seed, epoch);
        let (plain, junk) = (play(&course, options), play(&course, Options { junk: true, ..options }));
        assert_same("a refused datagram shows", &plain.log, &junk.log);
        prop_assert_eq!(known(&plain), known(&junk));
    }

    #[test]
    fn l8_however_it_is_drained_nothing_is_lost(course in any_course(), seed: u64, epoch in any_epoch()) {
        let options = Options { spurious: true, ..Options::plain(seed, epoch) };
        let (at_once, one_by_one) = (play(&course, options), play(&course, Options { one_by_one: true, ..options }));
        for peer in 0..3 {
            for events in [true, false] {
                let half = |line: &&Line| line.peer == peer && matches!(line.out, Out::Event(_)) == events;
                let what = format!("peer {} drained one by one, events: {events}", peer + 1);
                assert_same(&what, at_once.log.iter().filter(half), one_by_one.log.iter().filter(half));
            }
        }
        prop_assert_eq!(known(&at_once), known(&one_by_one));
    }

    #[test]
    fn no_epoch_shows(course in any_course(), seed: u64, epoch in any_epoch()) {
        let early = play(&course, Options::plain(seed, Instant::from_nanos(0)));
        let late = play(&course, Options::plain(seed, epoch));
        let [early_log, late_log]: [Vec<_>; 2] = [(&early, Instant::from_nanos(0)), (&late, epoch)]
            .map(|(world, epoch)| world.log.iter().map(|line| without_epoch(line, epoch)).collect());
        assert_same("the epoch shows", &early_log, &late_log);
        prop_assert_eq!(counters(&early), counters(&late));
    }

    #[test]
    fn events_tell_the_whole_story(course in any_course(), seed: u64) {
        let course: Vec<Step> = course.into_iter().filter(|step| !matches!(step, Step::Restart { .. })).collect();
        let world = play(&course, Options::plain(seed, Instant::from_nanos(0)));
        for peer in 0..3 {
            let (mut told, mut values) = (BTreeMap::new(), BTreeMap::new());
            for (_, event) in world.events(peer) {
                prop_assert!(!matches!(event, Event::EventsLost { .. }), "the queue was drained each time");
                if let Event::Value(ValueChange { owner, key, value, .. }) = event {
                    match value {
                        Some(value) => values.insert((owner.to_bytes(), key), value),
                        None => values.remove(&(owner.to_bytes(), key)),
                    };
                } else if let Event::Member(MemberChange { id, addr, incarnation, health, was, .. }) = event {
                    let before = told.insert(id.to_bytes(), (addr, incarnation, health));
                    prop_assert_eq!(before.map(|(_, _, health)| health), was, "what was before is what was told before");
                }
            }
            let others = world.node(peer).view().members().skip(1);
            let known: BTreeMap<_, _> =
                others.map(|member| (member.id.to_bytes(), (member.addr, member.incarnation, member.health))).collect();
            prop_assert_eq!(told, known, "peer {}", peer + 1);
            let held = |owner| world.map(peer, owner).into_iter().map(move |(key, value, _)| (id_of(owner).to_bytes(), key, value));
            let held: BTreeMap<_, _> = (0..3)
                .flat_map(held)
                .map(|(owner, key, value)| ((owner, key.into_boxed_slice()), value.into_boxed_slice()))
                .collect();
            prop_assert_eq!(values, held, "peer {}", peer + 1);
        }
    }

    /// With packets taken out of one node only every so often, all that was wished for is sent in the end.
    #[test]
    fn l8_packets_wait_for_a_slow_socket(seed: u64, waits in prop::collection::vec(1..4_usize, 1..50)) {
        let mut world = World::new(3, Config::lan(), Options::plain(seed, Instant::from_nanos(0)));
        world.meet();
        let node = &mut world.peers[0].node;
        let mut now = node.poll_timeout().expect("a member probes").at;
        let (mut buffer, mut sent) = ([0; 1232], 0);
        for &wait in &waits {
            for _ in 0..wait {
                node.handle(now, quidnunc_core::Input::Timeout).expect("a timeout is never refused");
                node.check();
                now = node.poll_timeout().map_or(now, |wakeup| wakeup.at);
            }
            sent += u64::from(node.poll_transmit(now, &mut buffer).is_some());
        }
        while node.poll_transmit(now, &mut buffer).is_some() {
            sent += 1;
        }
        prop_assert!(sent > 0);
        prop_assert_eq!(node.view().stats().intents_dropped, 0);
        now = now.after(Duration::from_millis(1));
        prop_assert!(node.poll_transmit(now, &mut buffer).is_none());
    }
}
