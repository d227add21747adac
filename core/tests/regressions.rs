//! Defects that were found and mended, each by its smallest reproduction.

use crate::harness;

use std::time::Duration;

use harness::{Line, Options, Out, World, addr_of, id_of};
use quidnunc_core::{
    Command, Config, ConfigError, DecodeError, Domain, Event, Health, Identity, Input, Instant, MemberChange, Node,
    Purpose, Reason, fit_checksum, probe_decoder,
};

const SECOND: Duration = Duration::from_secs(1);

fn met(count: usize, config: Config, seed: u64) -> World {
    let mut world = World::new(count, config, Options::plain(seed, Instant::from_nanos(0)));
    world.meet();
    world.run(15 * SECOND);
    world
}

/// The Tell to the suspect takes the rumour out of the accuser's backlog.
#[test]
fn a_suspicion_is_told_to_others() {
    let mut world = met(4, Config::lan(), 1);
    world.kill(3);
    world.run(20 * SECOND);
    let (accuser, at) = (0..3)
        .flat_map(|peer| world.events(peer).map(move |(at, event)| (peer, at, event)))
        .filter(|(.., event)| matches!(event, Event::Member(MemberChange { reason: Reason::Silence, .. })))
        .map(|(peer, at, _)| (peer, at))
        .min_by_key(|&(_, at)| at)
        .expect("somebody accuses");
    let told = world.log.iter().filter(|line| line.peer == accuser && line.at >= at && line.at < at + SECOND);
    let told = told.filter(|line| match &line.out {
        Out::Packet { to, purpose: Purpose::Gossip, .. } => *to != addr_of(3),
        Out::Packet { .. } | Out::Event(_) => false,
    });
    assert!(told.count() > 0, "{} accuses at {at:?} and gossips it within a second", accuser + 1);
}

/// With one other member, `live()` is 1 once the own record says Left, and the gossip tick gives up:
/// nobody is told unless a ping comes by, and `Event::Left` never comes.
#[test]
fn one_of_two_can_say_goodbye() {
    let mut world = met(2, Config::lan(), 1);
    world.command(1, Command::Leave).expect("a member may leave");
    world.run(20 * SECOND);
    assert_eq!(world.belief(0, 1), Some(Health::Left), "the other heard it");
    assert!(world.events(1).any(|(_, event)| matches!(event, Event::Left(_))), "the goodbye is over");
}

/// `gossip_latest` begins at zero instead of `now`.
#[test]
fn a_new_node_waits_as_long_in_every_epoch() {
    let wait = |seconds: u64| {
        let start = Instant::from_nanos(seconds * 1_000_000_000);
        let identity = Identity { id: id_of(0), boot: 1, addr: addr_of(0), domain: Domain::NONE };
        let node = Node::new(Config::lan(), identity, 1, start, None).expect("the config is valid");
        node.poll_timeout().map(|wakeup| (wakeup.at.since(start), wakeup.timer))
    };
    assert_eq!(wait(0), wait(10));
}

/// A reply that does not fit is put back for ever; the drain never ends.
#[test]
fn a_small_buffer_ends_a_drain() {
    let mut world = World::new(3, Config::lan(), Options::plain(1, Instant::from_nanos(0)));
    world.command(1, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    world.run(2 * SECOND);
    world.command(2, Command::Join { seeds: &[addr_of(1)] }).expect("a join is taken");
    // Peer 2's digest is under way to peer 1, whose reply will find a buffer without room for a record.
    world.run(Duration::from_millis(25));
    world.peers[1].buffer = 60;
    world.run(SECOND);
}

/// "never" as a duration is accepted and then overflows.
#[test]
fn the_longest_duration_is_refused_or_works() {
    let lan = Config::lan();
    let configs = [
        Config { repair_interval: Duration::MAX, ..lan.clone() },
        Config { join_interval: Duration::MAX, ..lan.clone() },
        Config { gossip_interval: Duration::MAX, ..lan.clone() },
        Config { reconnect_interval: Duration::MAX, ..lan.clone() },
        Config { period: Duration::MAX, ..lan },
    ];
    for config in configs {
        if config.validate().is_err() {
            continue;
        }
        let mut world = World::new(3, config.clone(), Options::plain(1, Instant::from_nanos(0)));
        for peer in 1..3 {
            world.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
        }
        world.run(20 * SECOND);
        world.kill(2);
        world.run(20 * SECOND);
    }
}

/// No other node decodes a record with this address.
#[test]
fn nobody_listens_at_the_broadcast_address() {
    let addr = "255.255.255.255:7946".parse().expect("an address");
    let identity = Identity { id: id_of(0), boot: 1, addr, domain: Domain::NONE };
    let refused = Node::new(Config::lan(), identity, 1, Instant::from_nanos(0), None).err();
    assert_eq!(refused, Some(ConfigError::Address { addr }));
}

/// Only a list with records counts as the first.
#[test]
fn an_empty_list_may_not_stand_twice_either() {
    let mut bytes = b"qn\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x1b".to_vec();
    bytes.extend([0; 16]);
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    fit_checksum(&mut bytes);
    assert_eq!(probe_decoder(&bytes, 0), Ok(()));
    bytes.extend([0x40, 0, 0x40, 0]);
    fit_checksum(&mut bytes);
    assert_eq!(probe_decoder(&bytes, 0), Err(DecodeError::Repeated { kind: 0x40 }));
}

/// Helpers and hearers are drawn with replacement.
#[test]
fn nobody_is_asked_or_told_twice_at_once() {
    let mut world = met(4, Config::lan(), 1);
    world.kill(3);
    world.run(30 * SECOND);
    let mut sent: Vec<_> = world
        .log
        .iter()
        .filter_map(|line| match &line.out {
            // The suspect itself may be told at once and be drawn for the tick of the same instant.
            Out::Packet { to, purpose: purpose @ (Purpose::Relay | Purpose::Gossip), bytes } if *to != addr_of(3) => {
                Some((line.at, line.peer, *to, *purpose, bytes.clone()))
            }
            Out::Packet { .. } | Out::Event(_) => None,
        })
        .collect();
    let all = sent.len();
    sent.sort();
    sent.dedup();
    assert_eq!(all - sent.len(), 0, "of {all} packets so many say the same to the same at the same time");
}

/// The repair timer of a young node outlives the difference.
#[test]
fn equal_rosters_need_no_repair() {
    let mut world = World::new(3, Config::lan(), Options::plain(1, Instant::from_nanos(0)));
    world.meet();
    let equal =
        |world: &World| (1..3).all(|peer| world.node(peer).view().fingerprint() == world.node(0).view().fingerprint());
    while !equal(&world) {
        world.run(Duration::from_millis(10));
    }
    // What is under way may still differ.
    world.run(Duration::from_millis(300));
    let before = (0..3).map(|peer| world.node(peer).view().stats().repairs).sum::<u64>();
    world.run(30 * SECOND);
    let after = (0..3).map(|peer| world.node(peer).view().stats().repairs).sum::<u64>();
    assert_eq!(after, before, "repairs begun although all rosters are equal");
}

/// A packet stops 53 bytes before its end, and what ordinary rumours do not need is not lent.
#[test]
fn nothing_that_fits_is_left_behind() {
    let mut world = World::new(50, Config::lan(), Options::plain(3, Instant::from_nanos(0)));
    for peer in 1..50 {
        world.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    }
    world.run(Duration::from_millis(205));
    let gossip = world.log.iter().filter(|line| line.peer == 0).filter_map(|line| match &line.out {
        Out::Packet { purpose: Purpose::Gossip, bytes, .. } => Some(bytes.len()),
        Out::Packet { .. } | Out::Event(_) => None,
    });
    let least = gossip.min().expect("a gossip tick tells");
    assert!(least + 29 > 1232, "{least} of 1232 bytes, and a record of 29 bytes waits");
}

/// A repair deadline long past looks like a freeze, and node time jumps back.
#[test]
fn whoever_never_stood_still_counts_no_freeze() {
    for seed in 0..10 {
        let mut world = met(5, Config::lan(), seed);
        world.kill(4);
        world.run(30 * SECOND);
        for peer in 0..4 {
            assert_eq!(
                world.node(peer).view().stats().freezes,
                0,
                "seed {seed}, {}, which never stood still",
                peer + 1
            );
        }
    }
}

/// A late timeout that comes before the datagrams in the socket still accuses.
#[test]
fn a_frozen_process_whose_timer_fires_first_accuses_nobody() {
    let mut world = met(2, Config::lan(), 1);
    // A slow but healthy link: answers take 700 ms, longer than the direct timeout, shorter than the period.
    world.delay = Duration::from_millis(350);
    world.run(20 * SECOND);
    assert_eq!(world.node(0).view().stats().suspicions, 0, "an answer in time accuses nobody");
    let mut before = 0;
    let node = &mut world.peers[0].node;
    let mut now = node.poll_timeout().expect("a member probes").at;
    let mut buffer = [0; 1232];
    let mut probed = false;
    for _ in 0..20 {
        let wakeup = node.poll_timeout().expect("a member probes");
        now = wakeup.at.max(now);
        if probed && wakeup.timer == quidnunc_core::Timer::ProbePeriod {
            // The process stood still for half a minute; the answer lies in the socket.
            now = now.after(30 * SECOND);
            before = node.view().stats().suspicions;
        }
        node.handle(now, Input::Timeout).expect("a timeout is never refused");
        while let Some(transmit) = node.poll_transmit(now, &mut buffer) {
            probed |= transmit.purpose == Purpose::Probe;
        }
        if node.view().stats().freezes > 0 {
            break;
        }
    }
    assert_eq!(node.view().stats().freezes, 1);
    assert_eq!(node.view().stats().suspicions, before, "a late tick convicts nobody");
}

/// More than three times the bytes go to a source that has proven nothing.
#[test]
fn nothing_answers_a_stranger_with_more_than_three_times_its_bytes() {
    let mut world = World::new(50, Config::lan(), Options::plain(3, Instant::from_nanos(0)));
    for peer in 1..50 {
        world.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    }
    world.run(Duration::from_millis(100));
    let mut ping = b"qn\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x1b".to_vec();
    ping.extend([7; 16]);
    ping.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    fit_checksum(&mut ping);
    let (victim, now) = ("192.0.2.1:53".parse().expect("an address"), world.instant());
    let node = &mut world.peers[0].node;
    let mut buffer = [0; 1232];
    node.handle(now, Input::Datagram { from: victim, bytes: &ping }).expect("a ping is taken");
    let mut answered = 0;
    while let Some(transmit) = node.poll_transmit(now, &mut buffer) {
        answered += if transmit.to == victim { transmit.len } else { 0 };
    }
    assert!(answered <= 3 * ping.len(), "{answered} bytes answer {}", ping.len());
}

#[test]
fn a_challenge_is_answered_once_and_only_where_the_request_went() {
    let mut world = World::new(2, Config::lan(), Options::plain(1, Instant::from_nanos(0)));
    world.command(1, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    let requests = |world: &World| {
        let to = |line: &Line| match line.out {
            Out::Packet { to, purpose: Purpose::Join, .. } if line.peer == 1 => Some(to),
            Out::Packet { .. } | Out::Event(_) => None,
        };
        world.log.iter().filter_map(to).collect::<Vec<_>>()
    };
    while world.peers[1].heard.is_empty() {
        world.run(SECOND / 1000);
    }
    let challenge = world.peers[1].heard[0].1.clone();
    assert_eq!(requests(&world), [addr_of(0), addr_of(0)], "a request, and the proven one");
    // Whoever replays it, at once or when the node is in, draws nothing to an address of its choice.
    for _ in 0..2 {
        world.feed(1, Input::Datagram { from: addr_of(9), bytes: &challenge }).expect("it is valid");
        world.run(Duration::from_secs(1));
    }
    assert_eq!(world.node(1).view().live(), 2, "it is in");
    assert_eq!(requests(&world), [addr_of(0), addr_of(0)]);
}
