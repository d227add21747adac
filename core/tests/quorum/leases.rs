//! With a lease: who is not heard does not count, whatever nobody has said of it yet.

use quidnunc_core::{Command, Identity, Input, Node};

use super::*;

#[test]
fn one_grows_to_three_and_is_in_quorum_all_along() {
    let mut world = World::new(3, native(), Options::plain(1, Instant::from_nanos(0)));
    configure(&mut world, 0, 1, &voters(&[0]), None).expect("it can be");
    world.run(STABLE - SECOND / 10);
    assert_eq!(standing(&world, 0), Standing::NotInQuorum, "it may have been in quorum elsewhere a moment ago");
    world.run(SECOND / 10);
    assert_eq!(standing(&world, 0), Standing::InQuorum);
    let since = world.now;
    for newcomer in 1..3 {
        world.command(newcomer, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
        world.run(2 * SECOND);
        let voters = voters(&vec![0; newcomer + 1]);
        for peer in 0..=newcomer {
            configure(&mut world, peer, 1 + newcomer as u64, &voters, None).expect("it can be");
        }
        world.run(STABLE + LEASE);
    }
    assert_eq!(standings(&world), [Standing::InQuorum; 3]);
    // Growing from one to two made a dip in the original, because a member that was just added counted as down.
    assert_eq!(told(&world, 0, since + 3 * SECOND), [], "who is known already is seen at once");
    assert_eq!(world.node(0).view().standing_report().expect("it has a quorum").epoch, Some(3));
}

#[test]
fn a_minority_leaves_within_a_lease_and_the_majority_notices_nothing() {
    let mut world = in_quorum(5, native(), 2);
    let cut = world.now;
    (0..2).for_each(|peer| world.peers[peer].side = 1);
    world.run(LEASE + TRAVEL);
    for peer in 0..2 {
        assert_eq!(told(&world, peer, cut), [(Standing::SuspectNotInQuorum, StandingWhy::TooFew)]);
        assert!(world.belief(peer, 4).is_some_and(quidnunc_core::Health::is_live), "before anybody is convicted");
    }
    world.run(62 * SECOND);
    assert_eq!(standing(&world, 0), Standing::NotInQuorum);
    assert_eq!(told(&world, 1, cut)[1..], [(Standing::NotInQuorum, StandingWhy::TimedOut)]);
    for peer in 2..5 {
        assert_eq!((told(&world, peer, cut), votes(&world, peer)), (Vec::new(), (3, 5)));
    }
    let healed = world.now;
    (0..2).for_each(|peer| world.peers[peer].side = 0);
    world.run(60 * SECOND);
    assert_eq!(standings(&world), [Standing::InQuorum; 5]);
    for peer in 0..2 {
        let changes = changes(&world, peer, healed);
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(changes[0].0 >= healed + STABLE, "enough was seen for long enough");
    }
}

#[test]
fn the_loss_of_the_majority_ends_a_quorum_and_its_return_brings_it_back() {
    let mut world = in_quorum(3, native(), 3);
    let crash = world.now;
    (1..3).for_each(|peer| world.kill(peer));
    world.run(LEASE + TRAVEL);
    assert_eq!(told(&world, 0, crash), [(Standing::SuspectNotInQuorum, StandingWhy::TooFew)]);
    let back = world.now;
    (1..3).for_each(|peer| {
        world.restart(peer);
        world.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    });
    world.run(STABLE + LEASE);
    assert_eq!(told(&world, 0, back), [(Standing::InQuorum, StandingWhy::Enough)]);
    let nobody = world.node(1).view().standing_report().expect("it has a quorum");
    assert_eq!((nobody.to, nobody.why), (Standing::NotInQuorum, StandingWhy::NobodyVotes), "it was not told again");
}

/// Each hears of most others through others only: a node probes one of eleven per second.
#[test]
fn who_is_heard_of_counts_as_long_as_whoever_is_heard() {
    for (seed, loss) in [(4, 0), (5, 10)] {
        let mut world = in_quorum(12, native(), seed);
        world.loss_percent = loss;
        let since = world.now;
        world.run(60 * SECOND);
        let changed: Vec<_> = (0..12).flat_map(|peer| told(&world, peer, since)).collect();
        assert_eq!(changed, [], "with {loss} % loss");
        let all = (0..12).filter(|&peer| votes(&world, peer) == (12, 12)).count();
        assert!(loss > 0 || all == 12, "{all} see all");
    }
}

#[test]
fn a_freeze_voids_what_was_heard() {
    let mut world = in_quorum(3, native(), 6);
    let thaw = world.now + 3 * SECOND;
    world.peers[0].frozen_until = thaw;
    world.run(3 * SECOND);
    assert_eq!(told(&world, 0, thaw), [(Standing::SuspectNotInQuorum, StandingWhy::Froze)]);
    world.run(STABLE - SECOND / 2);
    assert_eq!(standing(&world, 0), Standing::SuspectNotInQuorum, "what lay in its socket is not fresh enough");
    world.run(LEASE);
    assert_eq!(standing(&world, 0), Standing::InQuorum);
    assert!((1..3).all(|peer| told(&world, peer, thaw - 3 * SECOND).is_empty()), "the others are two");
}

#[test]
fn who_leaves_gives_up_its_standing_at_once_and_the_others_its_vote() {
    let mut world = in_quorum(3, native(), 7);
    let goodbye = world.now;
    world.command(0, Command::Leave).expect("it stays");
    assert_eq!(told(&world, 0, goodbye), [(Standing::Down, StandingWhy::Left)]);
    assert!(!world.node(0).view().has_left(), "long before the goodbye is over");
    world.run(2 * SECOND);
    assert_eq!([votes(&world, 1), votes(&world, 2)], [(2, 3); 2], "before its lease ends");
    assert_eq!(configure(&mut world, 0, 2, &voters(&[0; 3]), None), Err(Rejected::HasLeft));
    world.run(60 * SECOND);
    assert_eq!(standings(&world), [Standing::Down, Standing::InQuorum, Standing::InQuorum]);
}

#[test]
fn what_comes_from_elsewhere_shows_nobody_alive() {
    let mut world = in_quorum(2, native(), 8);
    let crash = world.now;
    let old: Vec<Vec<u8>> = world.peers[0].heard.iter().map(|(_, bytes)| bytes.clone()).collect();
    world.kill(1);
    for bytes in old.iter().cycle().take(60) {
        let _ = world.feed(0, Input::Datagram { from: addr_of(7), bytes });
        world.run(SECOND / 10);
    }
    let changes = changes(&world, 0, crash);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(changes[0].0 <= crash + LEASE + TRAVEL, "{changes:?}");
}

/// In the original, a node of another cluster whose identity is that of a member evicts that member's record.
#[test]
fn defect_8_a_node_of_another_cluster_evicts_nobody() {
    let mut world = in_quorum(3, native(), 9);
    let (since, known) = (world.now, world.node(0).view().member(id_of(1)));
    let identity = Identity { id: id_of(1), boot: 5000, addr: addr_of(7), domain: Domain::NONE };
    let config = Config { cluster: 9, ..native() };
    let mut stranger = Node::new(config, identity, 1, world.instant(), None).expect("the config is valid");
    let join = Command::Join { seeds: &[addr_of(0)] };
    stranger.handle(world.instant(), Input::Command(join)).expect("a join is taken");
    let (asks_at, mut buffer) = (stranger.poll_timeout().expect("it asks").at, [0; 1232]);
    stranger.handle(asks_at, Input::Timeout).expect("a timeout is never refused");
    let request = stranger.poll_transmit(asks_at, &mut buffer).expect("it asks");
    let result = world.feed(0, Input::Datagram { from: addr_of(7), bytes: &buffer[..request.len] });
    assert!(matches!(result, Err(Rejected::Datagram(_))), "{result:?}");
    assert_eq!(world.node(0).view().member(id_of(1)), known);
    world.run(30 * SECOND);
    assert_eq!((told(&world, 0, since), votes(&world, 0)), (Vec::new(), (3, 3)));
}

/// Whatever detects failures, a standing rests on what was heard.
#[test]
fn every_detector_brings_evidence() {
    for config in [Config::heartbeat(), Config::phi_ring(), Config::scuttlebutt_lan()] {
        let mut world = in_quorum(3, Config { quorum: Some(QuorumSettings::native()), ..config }, 10);
        let since = world.now;
        world.run(30 * SECOND);
        assert!((0..3).all(|peer| told(&world, peer, since).is_empty()), "all hear all");
        let crash = world.now;
        (1..3).for_each(|peer| world.kill(peer));
        world.run(LEASE + TRAVEL);
        assert_eq!(told(&world, 0, crash), [(Standing::SuspectNotInQuorum, StandingWhy::TooFew)]);
    }
}

#[test]
fn a_voter_that_is_removed_is_seen_no_more_and_votes_still() {
    let mut world = in_quorum(3, native(), 11);
    world.kill(2);
    world.run(60 * SECOND);
    assert_eq!(world.belief(0, 2), Some(quidnunc_core::Health::Dead));
    let since = world.now;
    world.command(0, Command::Remove { id: id_of(2) }).expect("it is dead");
    world.run(2 * SECOND);
    assert_eq!(world.belief(1, 2), Some(quidnunc_core::Health::Removed));
    for peer in 0..2 {
        assert_eq!((told(&world, peer, since), votes(&world, peer)), (Vec::new(), (2, 3)));
    }
}
