//! Who has gone, and what they said: does it come back, and does it ever fill the memory of those who stay?

use std::time::Duration;

use quidnunc_core::{Command, Config, Event, Health, Instant, Node};

use super::harness::{Options, World, addr_of, id_of};
use super::net::{Net, id, member};

/// Hazard `zombie_staggered`: somebody dies, others join one after the other, before it is forgotten and after. None
/// of them takes it for alive or shows what it said, and in the end nobody has anything of it.
#[test]
fn zombie_staggered() {
    let config = Config { suspicion_max_mult: 1, tombstone_life: Duration::from_secs(60), ..Config::lan() };
    let mut world = World::new(9, config, Options::plain(1, Instant::from_nanos(0)));
    for peer in 1..4 {
        world.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("taken");
    }
    (0..4).for_each(|peer| world.say(peer, b"k", &[7; 100]));
    world.run(Duration::from_secs(10));
    assert!((0..4).all(|of| world.map(of, 3).len() == 1));
    world.kill(3);
    world.run(Duration::from_secs(20));
    assert!((0..3).all(|of| world.belief(of, 3) == Some(Health::Dead)));
    let died = world.now;
    // Those who remember forget after 60 s; the last joiners come when some have, and when all have.
    for peer in 4..9 {
        let seed = addr_of((peer - 4) % 3);
        world.command(peer, Command::Join { seeds: &[seed] }).expect("taken");
        world.run(Duration::from_secs(12));
        assert!(world.map(peer, 0).len() == 1, "{} has joined", peer + 1);
    }
    world.run(Duration::from_secs(60));
    let sum = world.node(0).view().state_fingerprint();
    for of in (0..9).filter(|&of| of != 3) {
        let view = world.node(of).view();
        assert_eq!((view.health(id_of(3)), view.map_version(id_of(3))), (None, None), "{} has forgotten", of + 1);
        assert!(world.map(of, 3).is_empty());
        assert_eq!(view.state_fingerprint(), sum);
        let back = world.events(of).filter(|&(at, _)| at > died).any(|(_, event)| match event {
            Event::Member(change) => change.id == id_of(3) && change.health.is_live(),
            Event::Value(change) => change.owner == id_of(3) && change.value.is_some(),
            Event::Joined { .. }
            | Event::Refuted { .. }
            | Event::Moved { .. }
            | Event::Replicated { .. }
            | Event::NotReplicated { .. }
            | Event::Conflict(_)
            | Event::Leaving(_)
            | Event::Left(_)
            | Event::PartitionHealed(_)
            | Event::StreamOnly { .. }
            | Event::Info(_)
            | Event::GroupConflict(_)
            | Event::User(_)
            | Event::Answer(_)
            | Event::QueryEnded { .. }
            | Event::Link(_)
            | Event::LinksStanding { .. }
            | Event::Standing(_)
            | Event::Lost { .. }
            | Event::Message { .. }
            | Event::Note { .. }
            | Event::Sent { .. }
            | Event::NotSent { .. }
            | Event::Pinged { .. }
            | Event::EventsLost { .. } => false,
        });
        assert!(!back, "{} never took it for alive, nor showed what it had said", of + 1);
    }
}

/// How much a node holds: the length of all that it is, written out.
fn size(node: &Node) -> usize {
    format!("{node:?}").len()
}

/// Two nodes that stay, with a map each.
fn two_who_stay(config: Config) -> Net {
    let mut net = Net::new(config);
    net.nodes = (0..2).map(|number| net.born(number, 1, &[member(0, 1), member(1, 1)])).collect();
    net.say(0, b"stays", b"0");
    net.say(1, b"stays", b"1");
    net.run(Duration::from_secs(1));
    net
}

fn assert_stayed(net: &Net) {
    for (node, owner) in [(0, 1), (1, 0)] {
        let value = net.nodes[node].view().value(id(owner), b"stays").map(|value| value.value.to_vec());
        assert_eq!(value, Some(owner.to_string().into_bytes()), "what lives is kept");
        net.nodes[node].check();
    }
}

/// Hazard `restart_storm_10k`: nodes with maps start again ten thousand times, each time with another map. What the
/// others hold of them is what their last life said.
#[test]
fn restart_storm_10k() {
    const RESTARTS: u64 = 10_000;
    let mut net = two_who_stay(Config { gossip_interval: Duration::from_millis(5), ..Config::lan() });
    let mut sizes = Vec::new();
    for boot in 1..=RESTARTS {
        let number = 2 + u32::try_from(boot % 4).expect("below four");
        let node = net.born(number, boot, &[member(0, 1), member(1, 1)]);
        net.nodes.push(node);
        for key in 0..4_u8 {
            net.say(2, &[&boot.to_le_bytes()[..], &[key]].concat(), &[7; 100]);
        }
        net.run(Duration::from_millis(20));
        net.nodes.pop();
        net.sent.clear();
        if boot % 1000 == 0 {
            sizes.push(net.nodes.iter().map(size).max().expect("two nodes"));
        }
    }
    assert_stayed(&net);
    for node in &net.nodes {
        let view = node.view();
        assert_eq!(view.members().count(), 6, "one entry per identity");
        for number in 2..6 {
            let boots: Vec<u64> = view
                .values(id(number), b"")
                .map(|value| u64::from_le_bytes(value.key[..8].try_into().expect("eight")))
                .collect();
            assert_eq!(boots.len(), 4, "{boots:?}");
            assert!(boots.iter().all(|&boot| boot > RESTARTS - 4), "of its last life: {boots:?}");
        }
    }
    assert!(sizes.iter().all(|&size| size <= sizes[0] + sizes[0] / 2), "nothing grows: {sizes:?}");
}

/// Hazard `removal_memory_overflow`: more members come, say something and go than can be remembered. The latest of
/// them are, the others are forgotten with all that they said, and nothing of those who stay is lost.
#[test]
fn removal_memory_overflow() {
    const REMEMBERED: u32 = 16;
    const COME_AND_GO: u32 = 400;
    let mut net =
        two_who_stay(Config { members_max: REMEMBERED, gossip_interval: Duration::from_millis(5), ..Config::lan() });
    let mut sizes = Vec::new();
    for number in 2..2 + COME_AND_GO {
        let node = net.born(number, 1, &[member(0, 1), member(1, 1)]);
        net.nodes.push(node);
        net.say(2, b"passing", &[&number.to_le_bytes()[..], &[7; 100]].concat());
        net.run(Duration::from_millis(100));
        let known = net.nodes[0].view().value(id(number), b"passing").map(|value| value.value[..4].to_vec());
        assert_eq!(known, Some(number.to_le_bytes().to_vec()), "{number} is heard");
        net.command(2, Command::Leave);
        net.run(Duration::from_millis(100));
        net.nodes.pop();
        net.sent.clear();
        sizes.push(net.nodes.iter().map(size).max().expect("two nodes"));
        assert!(net.nodes.iter().all(|node| node.view().members().count() <= REMEMBERED as usize));
    }
    assert_stayed(&net);
    let [one, other] = [0, 1].map(|place| net.nodes[place].view().state_fingerprint());
    assert_eq!(one, other);
    for node in &net.nodes {
        let gone: Vec<u32> =
            (2..2 + COME_AND_GO).filter(|&number| node.view().map_version(id(number)).is_some()).collect();
        assert_eq!(gone, (COME_AND_GO + 4 - REMEMBERED..2 + COME_AND_GO).collect::<Vec<_>>(), "the latest");
    }
    let full = sizes[usize::try_from(2 * REMEMBERED).expect("small")];
    assert!(sizes.iter().all(|&size| size <= full + full / 2), "nothing grows: {sizes:?}");
}
