//! Lifeguard between real nodes: who says what is wrong, when, and who convicts.

use crate::harness;

use std::time::Duration;

use harness::{Options, Out, World, addr_of, id_of};
use quidnunc_core::{Config, Event, Health, Instant, MemberChange, Purpose, Reason};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

fn met(count: usize, config: Config, seed: u64) -> World {
    let mut world = World::new(count, config, Options::plain(seed, Instant::from_nanos(0)));
    world.meet();
    world.run(15 * SECOND);
    world
}

/// Runs until somebody finds a member silent by its own probe. Returns who.
fn first_accuser(world: &mut World, about: usize) -> usize {
    let begin = world.log.len();
    for _ in 0..20_000 {
        world.run(MILLI);
        let silent = world.log[begin..].iter().find(|line| {
            matches!(&line.out, Out::Event(Event::Member(MemberChange { id, reason: Reason::Silence, .. }))
                if *id == id_of(about))
        });
        if let Some(line) = silent {
            return line.peer;
        }
    }
    panic!("nobody accused {}", about + 1)
}

/// A helper says at 80 % of the prober's remaining time that it has no answer: at the defaults that is in time, and
/// the first probe of a member that is really dead costs one point of health and no more.
#[test]
fn the_first_probe_of_a_dead_member_costs_one_point() {
    for (config, seed) in [(Config::lan(), 1), (Config::lan(), 2), (Config::wan(), 3), (Config::local(), 4)] {
        let mut world = met(6, config, seed);
        world.kill(5);
        let accuser = first_accuser(&mut world, 5);
        let view = world.node(accuser).view();
        assert_eq!((view.local_health(), view.stats().nacks_missed), (1, 0), "seed {seed}");
    }
}

/// A helper that waits for its own whole timeout, as memberlist's do, comes too late at its defaults. Here that is a
/// network whose ways take longer than what 80 % leave.
#[test]
fn nacks_that_come_too_late_cost_one_point_each() {
    let mut world = met(6, Config::lan(), 1);
    // From the request (500 ms after the ping) 400 ms pass until the nack, and two ways: more than 100 ms.
    world.delay = 60 * MILLI;
    world.kill(5);
    let accuser = first_accuser(&mut world, 5);
    let view = world.node(accuser).view();
    assert_eq!((view.local_health(), view.stats().nacks_missed), (4, 3), "one for the probe, one for each helper");
}

/// Every member accuses by itself, everybody hears who does, and the suspicion ends as early as it can.
#[test]
fn accusers_are_told_and_shorten_every_suspicion() {
    let mut world = met(6, Config::lan(), 3);
    world.kill(5);
    let accuser = first_accuser(&mut world, 5);
    world.run(400 * MILLI);
    for peer in 0..5 {
        let suspicion = world.node(peer).view().suspicion(id_of(5)).expect("it was told");
        assert_eq!(suspicion.first_accuser, Some(id_of(accuser)), "at {}", peer + 1);
    }
    let alone = world.node(accuser).view().suspicion(id_of(5)).expect("it accuses").ends;
    // At most 2n - 1 periods until everybody has probed it, each maybe twice as long.
    let confirmed = (0..22).any(|_| {
        world.run(SECOND / 2);
        let seen = |peer| world.node(peer).view().suspicion(id_of(5));
        (0..5).all(|peer| seen(peer).is_none_or(|suspicion| suspicion.accusers == 3 && suspicion.ends < alone))
    });
    assert!(confirmed, "two more accuse");
    world.run(8 * SECOND);
    for peer in 0..5 {
        assert_eq!(world.belief(peer, 5), Some(Health::Dead), "at {}", peer + 1);
        assert_eq!(world.node(peer).view().suspicion(id_of(5)), None, "the case is closed at {}", peer + 1);
    }
}

/// A member that nobody hears, though it lives, is told in every ping what is said of it, by the prober and by
/// helpers alike.
#[test]
fn whoever_pings_a_suspect_tells_it_first() {
    let mut world = met(6, Config::lan(), 1);
    world.kill(5);
    first_accuser(&mut world, 5);
    world.run(100 * MILLI);
    let begin = world.log.len();
    world.run(3 * SECOND);
    let pings: Vec<usize> = world.log[begin..]
        .iter()
        .filter_map(|line| match &line.out {
            Out::Packet { to, purpose: Purpose::Probe, bytes } if *to == addr_of(5) => Some(bytes.len()),
            Out::Packet { .. } | Out::Event(_) => None,
        })
        .collect();
    let bare = world.log[..begin]
        .iter()
        .filter_map(|line| match &line.out {
            Out::Packet { purpose: Purpose::Probe, bytes, .. } => Some(bytes.len()),
            Out::Packet { .. } | Out::Event(_) => None,
        })
        .min()
        .expect("somebody probes");
    assert!(pings.len() >= 6, "{} pings, direct ones and favours", pings.len());
    // A list of one record about an IPv4 member: 4 bytes of head and at least 30.
    assert!(pings.iter().all(|&bytes| bytes >= bare + 34), "{pings:?} against {bare} without any record");
}

/// One of six that hears from nobody convicts nobody, however long that lasts, and does no harm when it is back.
#[test]
fn whoever_is_cut_off_convicts_nobody() {
    let mut world = met(6, Config::lan(), 1);
    world.peers[5].side = 1;
    world.run(120 * SECOND);
    for peer in 0..5 {
        assert_eq!(world.belief(5, peer), Some(Health::Suspect), "of {}", peer + 1);
        assert_eq!(world.belief(peer, 5), Some(Health::Dead), "by {}", peer + 1);
    }
    let stats = *world.node(5).view().stats();
    assert!(stats.convictions == 0 && stats.convictions_put_off > 0, "{stats:?}");
    world.peers[5].side = 0;
    let back = world.now;
    world.run(60 * SECOND);
    for peer in 0..6 {
        assert!((0..6).all(|other| world.belief(peer, other) == Some(Health::Alive)), "at {}", peer + 1);
        let died = world
            .events(peer)
            .filter(|(at, _)| *at > back)
            .any(|(_, event)| matches!(event, Event::Member(MemberChange { health: Health::Dead, .. })));
        assert!(!died, "{} reports a death", peer + 1);
    }
}

/// A node probes once per period, so that it accuses at most one member per period, whoever is silent.
#[test]
fn nobody_accuses_more_than_one_member_per_period() {
    let mut world = met(8, Config { local_health_max: 0, ..Config::lan() }, 1);
    world.peers[7].side = 1;
    let before = world.node(7).view().stats().suspicions;
    world.run(4 * SECOND);
    let accused = world.node(7).view().stats().suspicions - before;
    assert!((2..=4).contains(&accused), "{accused} accused in four periods");
}

/// The death of a member that nobody suspected is hearsay: whoever hears it leaves time to contradict.
#[test]
fn a_death_that_comes_from_afar_leaves_time_to_contradict() {
    let mut world = met(6, Config::lan(), 1);
    // The side of two convicts the four others and comes back before anybody there has heard of it.
    for peer in [4, 5] {
        world.peers[peer].side = 1;
    }
    let convicted = (0..600).any(|_| {
        world.run(SECOND / 4);
        [0, 1, 2, 3].iter().any(|&other| world.belief(4, other) == Some(Health::Dead))
    });
    assert!(convicted, "two confirm each other");
    for peer in [4, 5] {
        world.peers[peer].side = 0;
    }
    world.run(60 * SECOND);
    for peer in 0..4 {
        let killed = world.events(peer).any(|(_, event)| {
            matches!(event, Event::Member(MemberChange { id, health: Health::Dead, .. })
                if (0..4).any(|own| id == id_of(own)))
        });
        assert!(!killed, "{} never believed that one of its own side was dead", peer + 1);
    }
}

/// A last question that the driver had no room for is put again: nobody stays suspected for ever.
#[test]
fn a_last_question_that_is_dropped_is_put_again() {
    let mut world = met(2, Config::lan(), 1);
    world.kill(1);
    first_accuser(&mut world, 1);
    let ends = world.node(0).view().suspicion(id_of(1)).expect("it is suspected").ends;
    let left = ends.since(world.instant());
    world.run(left - 600 * MILLI);
    world.peers[0].buffer = 8;
    world.run(300 * MILLI);
    assert!(world.node(0).view().stats().intents_dropped > 0, "the question is lost");
    world.peers[0].buffer = world.config.datagram_bytes_max;
    world.run(3 * SECOND);
    assert_eq!(world.node(0).view().health(id_of(1)), Some(Health::Dead));
}
