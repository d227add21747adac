//! Who goes, is gone for everybody: by a goodbye that others confirm, or because somebody removes it.

use crate::harness;

use std::time::Duration;

use harness::{Line, Options, Out, Step, World, addr_of, id_of};
use quidnunc_core::{Command, Config, Domain, Event, Farewell, Health, Instant, MemberChange, Rejected};

const SECOND: Duration = Duration::from_secs(1);

/// What a peer reports of its own goodbye, and when.
fn farewells(world: &World, peer: usize) -> (Vec<Farewell>, Option<(Duration, Farewell)>) {
    let (mut progress, mut end) = (Vec::new(), None);
    for (at, event) in world.events(peer) {
        match event {
            Event::Leaving(farewell) => progress.push(farewell),
            Event::Left(farewell) => assert_eq!(end.replace((at, farewell)), None, "the goodbye ends once"),
            Event::Value(_) | Event::Member(_) | Event::Joined { .. } | Event::Refuted { .. } => {}
            Event::Replicated { .. } | Event::NotReplicated { .. } | Event::Standing(_) | Event::Lost { .. } => {}
            Event::Info(_) | Event::GroupConflict(_) | Event::Link(_) | Event::LinksStanding { .. } => {}
            Event::User(_) | Event::Answer(_) | Event::QueryEnded { .. } => {}
            Event::Moved { .. }
            | Event::Message { .. }
            | Event::Note { .. }
            | Event::Sent { .. }
            | Event::NotSent { .. }
            | Event::Pinged { .. } => {}
            Event::PartitionHealed(_) | Event::StreamOnly { .. } | Event::Conflict(_) | Event::EventsLost { .. } => {}
        }
    }
    (progress, end)
}

/// Lets a peer leave, and ends its process as soon as the goodbye is over.
fn leave(world: &mut World, peer: usize) -> (Duration, Farewell) {
    let begun = world.now;
    world.command(peer, Command::Leave).expect("a member may leave");
    loop {
        if let (_, Some((at, farewell))) = farewells(world, peer) {
            world.kill(peer);
            return (at - begun, farewell);
        }
        assert!(world.now < begun + 6 * SECOND, "a goodbye is over after five seconds");
        world.run(SECOND / 100);
    }
}

/// The changes of one member that a peer reports.
fn changes(world: &World, peer: usize, about: usize) -> Vec<MemberChange> {
    let change = |(_, event)| if let Event::Member(change) = event { Some(change) } else { None };
    world.events(peer).filter_map(change).filter(|change| change.id == id_of(about)).collect()
}

#[test]
fn whoever_says_goodbye_is_never_taken_for_dead() {
    for (loss, seeds) in [(0, 0..6), (20, 0..12)] {
        for seed in seeds {
            let count = match seed % 3 {
                0 => 2,
                1 => 5,
                _ => 12,
            };
            let mut world = World::met(count, Config::lan(), seed);
            world.loss_percent = loss;
            world.run(5 * SECOND);
            let (_, farewell) = leave(&mut world, 1);
            assert!(loss > 0 || farewell.peers == farewell.of, "seed {seed}: {farewell:?}");
            world.run(90 * SECOND);
            for of in (0..count).filter(|&of| of != 1) {
                assert_eq!(world.belief(of, 1), Some(Health::Left), "{loss} % loss, seed {seed}, {}", of + 1);
                let dead = changes(&world, of, 1).iter().any(|change| change.health == Health::Dead);
                assert!(!dead, "{loss} % loss, seed {seed}: {} reported a death", of + 1);
            }
        }
    }
}

#[test]
fn progress_counts_members_and_domains_and_spreads_over_domains_first() {
    let [a, b, c] = ["a", "b", "c"].map(Domain::from_name);
    let mut world = World::met_in(&[a, a, a, b, b, c, Domain::NONE], Config { gossip_fanout: 2, ..Config::lan() }, 1);
    world.run(5 * SECOND);
    let (_, farewell) = leave(&mut world, 0);
    // A rumour is told four times in a cluster of this size: as many confirm it, of four domains.
    assert_eq!(farewell, Farewell { peers: 4, domains: 4, of: 4 });
    let (progress, _) = farewells(&world, 0);
    let expected = [1, 2, 3, 4].map(|peers| Farewell { peers, domains: peers, of: 4 });
    assert_eq!(progress, expected);
}

#[test]
fn whoever_cannot_be_reached_is_not_waited_for_longer_than_the_config_says() {
    for leave_timeout in [2 * SECOND, 5 * SECOND] {
        let mut world = World::met(4, Config { leave_timeout, ..Config::lan() }, 1);
        world.run(5 * SECOND);
        world.peers[3].side = 1;
        let (took, farewell) = leave(&mut world, 0);
        assert_eq!((took, farewell), (leave_timeout, Farewell { peers: 2, domains: 1, of: 3 }));
        world.peers[3].side = 0;
        world.run(30 * SECOND);
        assert!((1..4).all(|of| world.belief(of, 0) == Some(Health::Left)), "the others tell it");
    }
}

/// A ping that has no room for the goodbye would be confirmed all the same.
#[test]
fn only_a_packet_with_the_goodbye_is_confirmed() {
    let mut world = World::met(3, Config::lan(), 1);
    world.run(5 * SECOND);
    world.peers[0].buffer = 70;
    let (took, farewell) = leave(&mut world, 0);
    assert_eq!((took, farewell.peers, farewell.of), (5 * SECOND, 0, 2));
    assert!(world.node(0).view().stats().rumours_dropped > 0, "there was no room");
}

#[test]
fn whoever_is_alone_leaves_at_once() {
    let mut world = World::new(1, Config::lan(), Options::plain(1, Instant::from_nanos(0)));
    world.run(5 * SECOND);
    let (took, farewell) = leave(&mut world, 0);
    assert_eq!(farewell, Farewell::default());
    assert!(took < SECOND, "{took:?}");
}

/// A cluster in which the last peer has crashed, and everybody knows.
fn with_a_dead_one(count: usize, config: Config, seed: u64) -> World {
    let mut world = World::met(count, Config { suspicion_max_mult: 1, ..config }, seed);
    world.kill(count - 1);
    world.run(30 * SECOND);
    assert!((0..count - 1).all(|of| world.belief(of, count - 1) == Some(Health::Dead)));
    world
}

fn packets_to(world: &World, peer: usize, from: Duration) -> usize {
    let is_one = |line: &&Line| line.at >= from && matches!(line.out, Out::Packet { to, .. } if to == addr_of(peer));
    world.log.iter().filter(is_one).count()
}

#[test]
fn a_removed_member_is_gone_for_everybody_and_nobody_looks_for_it() {
    let mut world = with_a_dead_one(5, Config { tombstone_life: 60 * SECOND, ..Config::lan() }, 1);
    world.command(2, Command::Remove { id: id_of(4) }).expect("the dead are removed");
    world.run(2 * SECOND);
    let removed = world.now;
    for of in 0..4 {
        let last = changes(&world, of, 4).pop().expect("a removal is reported");
        assert_eq!((last.health, last.was), (Health::Removed, Some(Health::Dead)), "{}", of + 1);
    }
    assert!(world.node(0).view().member(id_of(4)).is_some_and(|member| member.age_ms < 3000), "its age begins anew");
    world.run(50 * SECOND);
    assert!((0..4).all(|of| world.belief(of, 4) == Some(Health::Removed)));
    world.run(300 * SECOND);
    assert!((0..4).all(|of| world.belief(of, 4).is_none()), "it is forgotten like others");
    assert_eq!(packets_to(&world, 4, removed), 0, "and is in nobody's book");
}

#[test]
fn only_the_dead_are_removed() {
    let mut world = with_a_dead_one(4, Config::lan(), 1);
    let not_dead = |peer: usize, health| Err(Rejected::NotDead { id: id_of(peer), health });
    let remove = |world: &mut World, peer: usize| world.command(0, Command::Remove { id: id_of(peer) });
    assert_eq!(remove(&mut world, 1), not_dead(1, Some(Health::Alive)));
    assert_eq!(remove(&mut world, 0), not_dead(0, Some(Health::Alive)), "nor does anybody remove itself");
    assert_eq!(remove(&mut world, 7), not_dead(7, None));
    world.command(2, Command::Leave).expect("a member may leave");
    world.run(SECOND);
    let from = world.log.len();
    assert_eq!((remove(&mut world, 2), remove(&mut world, 3), remove(&mut world, 3)), (Ok(()), Ok(()), Ok(())));
    let reported = world.log[from..].iter().filter(|line| matches!(line.out, Out::Event(_))).count();
    assert_eq!((reported, world.belief(0, 2)), (1, Some(Health::Left)), "whoever left has left, and once is enough");
    world.kill(1);
    world.run(3 * SECOND);
    assert_eq!(remove(&mut world, 1), not_dead(1, world.belief(0, 1)));
    world.command(0, Command::Leave).expect("a member may leave");
    assert_eq!(remove(&mut world, 1), Err(Rejected::HasLeft));
}

/// For a detector of heartbeats the dead are those that are silent here, though nobody else says so.
#[test]
fn whoever_is_silent_is_not_waited_for_and_can_be_removed() {
    let mut world = World::met(5, Config::heartbeat(), 1);
    world.run(30 * SECOND);
    (3..5).for_each(|peer| world.kill(peer));
    world.run(35 * SECOND);
    let view = world.node(0).view();
    assert_eq!(
        (view.live(), view.health(id_of(3)), view.health(id_of(4))),
        (3, Some(Health::Dead), Some(Health::Dead))
    );
    world.command(0, Command::Remove { id: id_of(4) }).expect("the dead are removed");
    world.run(2 * SECOND);
    for of in 0..3 {
        let last = changes(&world, of, 4).pop().expect("a removal is reported");
        assert_eq!((last.health, last.was), (Health::Removed, Some(Health::Dead)), "{}", of + 1);
    }
    let (took, farewell) = leave(&mut world, 0);
    assert_eq!(farewell, Farewell { peers: 2, domains: 1, of: 2 });
    assert!(took < 2 * SECOND, "{took:?}");
}

/// With rumours and by repair alone: whoever missed death and removal hears of it, and makes nobody doubt.
#[test]
fn a_repair_does_not_undo_a_removal() {
    for retransmit_mult in [0, 4] {
        let config = Config { suspicion_max_mult: 1, retransmit_mult, ..Config::lan() };
        let mut world = World::met(3, config, 1);
        world.run(5 * SECOND);
        // It stands still and hears nothing, while the other two lose each other.
        world.peers[1].side = 1;
        world.step(&Step::Freeze { peer: 1, millis: 40_000 });
        world.kill(2);
        world.run(30 * SECOND);
        assert_eq!((world.belief(0, 2), world.belief(1, 2)), (Some(Health::Dead), Some(Health::Alive)));
        world.command(0, Command::Remove { id: id_of(2) }).expect("the dead are removed");
        let from = world.log.len();
        world.run(9 * SECOND);
        world.peers[1].side = 0;
        world.run(61 * SECOND);
        assert_eq!(world.belief(0, 1), Some(Health::Alive));
        assert_eq!([0, 1].map(|of| world.belief(of, 2)), [Some(Health::Removed); 2], "rumours {retransmit_mult}");
        let back = |line: &Line| matches!(line.out, Out::Event(Event::Member(ref change)) if change.id == id_of(2) && change.health == Health::Alive);
        assert!(!world.log[from..].iter().any(back), "nobody takes it for alive again");
    }
}

/// With rumours and by repair alone: somebody removed a member that was only cut off.
#[test]
fn a_removed_member_that_is_alive_comes_back_in_a_new_life() {
    for (retransmit_mult, seed) in [(0, 1), (0, 2), (4, 1), (4, 2), (4, 3)] {
        let config = Config { suspicion_max_mult: 1, retransmit_mult, ..Config::lan() };
        let mut world = World::met(6, config, seed);
        world.peers.iter_mut().step_by(2).for_each(|peer| peer.side = 1);
        world.run(60 * SECOND);
        assert_eq!((world.belief(0, 1), world.belief(3, 1)), (Some(Health::Dead), Some(Health::Alive)));
        world.command(0, Command::Remove { id: id_of(1) }).expect("the dead are removed");
        let removed = world.now;
        world.run(5 * SECOND);
        world.peers.iter_mut().for_each(|peer| peer.side = 0);
        world.run(180 * SECOND);
        let boot = world.node(1).view().incarnation().boot;
        assert_eq!(boot, 1001, "seed {seed}: a new life");
        let told = |(_, event)| matches!(event, Event::Refuted { incarnation, .. } if incarnation.boot == boot);
        assert!(world.events(1).any(told), "the driver hears of it");
        for of in 0..6 {
            assert_eq!(world.belief(of, 1), Some(Health::Alive), "seed {seed}, {}", of + 1);
            assert_eq!(world.node(of).view().fingerprint(), world.node(0).view().fingerprint());
        }
        let old_life = |(at, event)| {
            let Event::Member(MemberChange { id, incarnation, health, .. }) = event else { return false };
            at >= removed && id == id_of(1) && incarnation.boot == 1000 && health.is_live()
        };
        assert!(!world.events(0).any(old_life), "the removed life does not come back where it was removed");
    }
}
