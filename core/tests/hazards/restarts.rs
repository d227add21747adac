//! A node comes back under its old identity: does what it says now win, whatever its clock says?

use std::time::Duration;

use quidnunc_core::{Command, Config, Domain, Event, Health, Identity, Input, Node, ValueChange};

use super::harness::{World, addr_of, id_of};

/// What the fourth peer said in its first life, and then in its second, which begins with this boot.
fn comes_back(boot: u64) -> World {
    let mut world = World::met(4, Config::lan(), boot);
    for (key, value) in [(&b"role"[..], &b"old"[..]), (b"old only", b"old"), (b"same", b"old")] {
        world.say(3, key, value);
    }
    // More changes than the second life makes: its versions are all below.
    (0..20_u8).for_each(|number| world.say(3, b"counter", &[number]));
    world.run(Duration::from_secs(3));
    assert!((0..4).all(|of| world.map(of, 3).len() == 4), "everybody knows the first life");
    world.kill(3);
    world.run(Duration::from_secs(1));
    let identity = Identity { id: id_of(3), boot, addr: addr_of(3), domain: Domain::NONE };
    let mut node = Node::new(world.config.clone(), identity, 77, world.instant(), None).expect("valid");
    node.handle(world.instant(), Input::Command(Command::Watch { prefix: b"" })).expect("one prefix");
    (world.peers[3].node, world.peers[3].runs) = (node, true);
    world.say(3, b"role", b"new");
    world.say(3, b"same", b"new");
    world.command(3, Command::Join { seeds: &[addr_of(0)] }).expect("taken");
    world
}

/// Everybody shows the second life, and nothing that was of the first one was shown after something of the second.
fn assert_new_life(world: &World, above: u64) {
    let said = world.map(3, 3);
    let keys: Vec<(&[u8], &[u8])> = said.iter().map(|(key, value, _)| (&key[..], &value[..])).collect();
    assert_eq!(keys, [(&b"role"[..], &b"new"[..]), (b"same", b"new")]);
    for of in 0..4 {
        let view = world.node(of).view();
        assert_eq!(world.map(of, 3), said, "what {} holds", of + 1);
        assert_eq!(view.state_fingerprint(), world.node(3).view().state_fingerprint());
        let lives: Vec<_> = view.members().filter(|member| member.id == id_of(3)).collect();
        assert_eq!((lives.len(), lives[0].health), (1, Health::Alive), "one entry, and it lives");
        assert!(lives[0].incarnation.boot > above, "{:?}", lives[0].incarnation);
        assert_eq!(view.live(), 4);
    }
    for of in 0..3 {
        let mut is_new = false;
        for (_, event) in world.events(of) {
            let Event::Value(ValueChange { owner, value: Some(value), .. }) = event else { continue };
            if owner == id_of(3) {
                assert!(!is_new || *value == b"new"[..], "{} saw {value:?} again", of + 1);
                is_new |= *value == b"new"[..];
            }
        }
        assert!(is_new, "{} was told", of + 1);
    }
}

/// Hazard `restart_same_id`: the clock has gone on.
#[test]
fn restart_same_id() {
    let mut world = comes_back(5000);
    world.run(Duration::from_secs(30));
    assert_new_life(&world, 4999);
}

/// The same with a clock that has gone back: the node hears of its first life, and raises its boot above it.
#[test]
fn restart_same_id_with_a_clock_gone_back() {
    for boot in [999, 1, 1000] {
        let mut world = comes_back(boot);
        world.run(Duration::from_secs(60));
        assert_new_life(&world, if boot == 1000 { 999 } else { 1000 });
    }
}
