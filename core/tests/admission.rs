//! Who is admitted? Nobody is taken in, heard or spoken to who is not in the networks that a node allows, whoever names them;
//! and nobody finds a way in who finds no room.

use crate::harness;

use std::time::Duration;

use harness::{Options, Out, World, addr_of, id_of};
use quidnunc_core::{
    Command, Config, ConfigError, Event, Health, Identity, Input, Instant, Node, Record, Rejected, Snapshot,
};

const START: Instant = Instant::from_nanos(0);
const SECOND: Duration = Duration::from_secs(1);

/// The first three peers of a world, and nobody else.
const FIRST_THREE: &str = "10.0.0.0/30";

fn only(networks: &str, config: Config) -> Config {
    Config { allowed: networks.parse().expect("a list of networks"), ..config }
}

fn node(peer: usize, config: Config, snapshot: Option<Snapshot<'_>>) -> Result<Node, ConfigError> {
    let identity = Identity { id: id_of(peer), boot: 1000, addr: addr_of(peer), domain: Default::default() };
    Node::new(config, identity, 7, START, snapshot)
}

/// Four peers, of which the first allows the first three, and the others all.
fn narrow_minded(config: Config) -> World {
    let mut world = World::new(4, config.clone(), Options::plain(7, START));
    world.peers[0].node = node(0, only(FIRST_THREE, config), None).expect("its own address is allowed");
    for peer in [0, 2, 3] {
        world.command(peer, Command::Join { seeds: &[addr_of(1)] }).expect("a join is taken");
    }
    world
}

/// How many packets the first peer sent to those from this one on.
fn packets_to(world: &World, first: usize) -> usize {
    let is_to = |out: &Out| matches!(out, Out::Packet { to, .. } if *to >= addr_of(first));
    world.log.iter().filter(|line| line.peer == 0 && is_to(&line.out)).count()
}

#[test]
fn an_own_address_outside_is_a_mistake() {
    let outside = node(3, only(FIRST_THREE, Config::lan()), None);
    assert_eq!(outside.map(drop), Err(ConfigError::NotAllowed { addr: addr_of(3) }));
}

#[test]
fn a_datagram_from_outside_is_refused_and_counted_before_it_is_looked_at() {
    let mut world = World::met(2, only(FIRST_THREE, Config::lan()), 7);
    let (_, bytes) = world.peers[0].heard[0].clone();
    for bytes in [&bytes[..], b"", b"no datagram at all"] {
        let before = *world.node(0).view().stats();
        let refused = world.feed(0, Input::Datagram { from: addr_of(3), bytes });
        assert_eq!(refused, Err(Rejected::NotAllowed { addr: addr_of(3) }));
        let after = *world.node(0).view().stats();
        assert_eq!(after.datagrams_outside, before.datagrams_outside + 1);
        assert_eq!(after.datagrams_rejected, before.datagrams_rejected + 1);
        assert_eq!(after.datagrams_received, before.datagrams_received);
    }
    assert_eq!(packets_to(&world, 3), 0);
}

#[test]
fn a_seed_outside_is_refused_with_all_that_came_with_it() {
    let mut node = node(0, only(FIRST_THREE, Config::infos()), None).expect("its own address is allowed");
    let seeds = [addr_of(1), addr_of(3)];
    let refused = node.handle(START, Input::Command(Command::Join { seeds: &seeds }));
    assert_eq!(refused, Err(Rejected::NotAllowed { addr: addr_of(3) }));
    assert!(!node.view().allows(addr_of(3)) && node.view().allows(addr_of(1)));
    let mut bytes = [0; 1232];
    assert_eq!(node.poll_transmit(START, &mut bytes), None);
}

#[test]
fn of_an_earlier_life_only_those_are_believed_who_are_allowed() {
    let record = |peer| Record::of_new_life(id_of(peer), 1000, addr_of(peer));
    let members = [record(1), record(3)];
    let snapshot = Snapshot { members: &members, map: None };
    let node = node(0, only(FIRST_THREE, Config::lan()), Some(snapshot)).expect("its own address is allowed");
    assert_eq!(node.view().members().map(|member| member.id).collect::<Vec<_>>(), [0, 1].map(id_of));
    assert_eq!(node.view().stats().records_refused, 1);
}

#[test]
fn whoever_is_allowed_nowhere_stays_alone() {
    let mut world = World::new(4, Config::lan(), Options::plain(7, START));
    for peer in 0..3 {
        world.peers[peer].node =
            node(peer, only(FIRST_THREE, Config::lan()), None).expect("its own address is allowed");
    }
    for peer in 1..4 {
        world.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    }
    world.run(60 * SECOND);
    let live: Vec<u32> = world.peers.iter().map(|peer| peer.node.view().live()).collect();
    assert_eq!(live, [3, 3, 3, 1]);
    let sums: Vec<u64> = world.peers[..3].iter().map(|peer| peer.node.view().fingerprint()).collect();
    assert_eq!(sums, [sums[0]; 3]);
    assert!(world.node(0).view().stats().datagrams_outside > 0, "it asked to be let in");
}

#[test]
fn lists_that_differ_divide_nobody_else() {
    let mut world = narrow_minded(Config::lan());
    let minutes = 10;
    for minute in 0..minutes {
        (0..4).for_each(|peer| world.say(peer, b"minute", &[minute]));
        world.run(60 * SECOND);
    }
    assert_eq!(world.belief(0, 3), None, "its list says so");
    assert_eq!(packets_to(&world, 3), 0);
    for (of, about) in [(0, 1), (0, 2), (1, 0), (1, 2), (1, 3), (2, 0), (2, 1), (2, 3), (3, 0), (3, 1), (3, 2)] {
        assert_eq!(world.belief(of, about), Some(Health::Alive), "{of} of {about}");
        let minute: Vec<_> = world.map(of, about).into_iter().map(|(_, value, _)| value).collect();
        assert_eq!(minute, [[minutes - 1]], "{of} of {about}");
    }
    let is_death = |event: &Event| matches!(event, Event::Member(change) if change.health == Health::Dead);
    let deaths = (0..4).flat_map(|peer| world.events(peer)).filter(|(_, event)| is_death(event)).count();
    assert_eq!(deaths, 0, "others answer for whoever does not answer one");

    let stats = world.node(0).view().stats();
    assert!(stats.records_refused > 0 && stats.datagrams_outside > 0, "{stats:?}");
    // Four seconds from one to the next once they have found nothing for a while.
    let most = u64::from(minutes) * 60 / 4 + 30;
    assert!(stats.repairs <= most && stats.state_repairs <= most, "what it lacks costs little: {stats:?}");
}

#[test]
fn nothing_is_sent_to_whoever_is_not_allowed_by_any_profile() {
    for config in [Config::infos(), Config::heartbeat(), Config::scuttlebutt_lan(), Config::phi_ring()] {
        let mut world = narrow_minded(config.clone());
        world.run(120 * SECOND);
        assert_eq!(packets_to(&world, 3), 0, "{config:?}");
        assert_eq!(world.belief(0, 3), None, "{config:?}");
        assert_eq!(world.belief(0, 1), Some(Health::Alive), "{config:?}");
        assert_eq!(world.belief(1, 3), Some(Health::Alive), "{config:?}");
    }
}

/// Whoever comes late is turned away where it asks for a link, and told of others.
#[test]
fn a_link_is_opened_to_nobody_outside_whoever_names_them() {
    let count = 16;
    let mut world = World::new(count, Config::infos(), Options::plain(7, START));
    for peer in 2..count {
        world.command(peer, Command::Join { seeds: &[addr_of(1)] }).expect("a join is taken");
    }
    world.run(30 * SECOND);
    let narrow = node(0, only(FIRST_THREE, Config::infos()), None).expect("its own address is allowed");
    world.peers[0].node = narrow;
    world.command(0, Command::Join { seeds: &[addr_of(1)] }).expect("a join is taken");
    world.run(30 * SECOND);
    let stats = world.node(0).view().stats();
    assert!(stats.links_refused > 0, "it was told of others: {stats:?}");
    assert_eq!(packets_to(&world, 3), 0);
}

#[test]
fn nobody_is_let_in_who_finds_no_room_until_there_is_some() {
    let joined = |world: &World, peer| world.events(peer).any(|(_, event)| matches!(event, Event::Joined { .. }));
    let mut world = World::new(4, Config { members_max: 3, ..Config::lan() }, Options::plain(7, START));
    for peer in 1..4 {
        world.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
        world.run(60 * SECOND);
        let live: Vec<u32> = world.peers[..=peer].iter().map(|peer| peer.node.view().live()).collect();
        assert_eq!(live, [vec![2; 2], vec![3; 3], vec![3, 3, 3, 1]][peer - 1]);
        assert_eq!(joined(&world, peer), peer < 3, "whoever is not known to its host is not let in");
    }
    assert!(world.node(0).view().stats().records_refused > 0);

    world.kill(1);
    world.run(120 * SECOND);
    assert!(joined(&world, 3), "it has gone on asking");
    for peer in [0, 2, 3] {
        let live = world.node(peer).view().live();
        assert_eq!((live, world.belief(peer, 1)), (3, None), "{peer}: the newcomer takes the place of whoever is dead");
    }
}
