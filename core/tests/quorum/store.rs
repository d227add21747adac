//! As openstorage `gossip` does it: who is not convicted counts, and a loss is told from that of a whole domain.

use quidnunc_core::{Command, Health, Input, Loss, Provider};

use super::*;

/// Half of what the original takes, as its tests do.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A crash is known everywhere after this: a probe within two rounds, 25 s of suspicion, and rumours.
const KNOWN: Duration = Duration::from_secs(62);
const PROBATION: Duration = Duration::from_secs(60);

fn store(provider: Provider) -> Config {
    let settings = QuorumSettings { provider, quorum_timeout: TIMEOUT, ..QuorumSettings::quorum_store() };
    Config { quorum: Some(settings), ..Config::quorum_store() }
}

fn six(seed: u64) -> World {
    six_by(Provider::FailureDomains, seed)
}

/// Six voters in three active domains, two each.
fn six_by(provider: Provider, seed: u64) -> World {
    let zones = [1, 1, 2, 2, 3, 3];
    let mut world = World::met_in(&zones.map(Domain::from_number), store(provider), seed);
    let active = [1, 2, 3].map(|zone| (Domain::from_number(zone), true));
    for peer in 0..6 {
        configure(&mut world, peer, 1, &voters(&zones), Some(&active)).expect("it can be");
    }
    world.run(SECOND);
    assert_eq!(standings(&world), [Standing::InQuorum; 6], "at once, without a lease");
    world
}

/// What a peer has reported of losses.
fn losses(world: &World, peer: usize) -> Vec<(usize, Loss)> {
    let number = |id| (0..world.peers.len()).find(|&peer| id_of(peer) == id).expect("it is a peer");
    let lost = |event| if let Event::Lost { id, loss } = event { Some((number(id), loss)) } else { None };
    world.events(peer).filter_map(|(_, event)| lost(event)).collect()
}

fn loss(world: &World, of: usize, about: usize) -> Option<Loss> {
    world.node(of).view().loss(id_of(about))
}

#[test]
fn a_loss_is_suspected_for_a_timeout_and_taken_back_at_once() {
    let mut world = World::met(3, store(Provider::Majority), 1);
    configure_all(&mut world);
    world.run(SECOND);
    assert_eq!(standings(&world), [Standing::InQuorum; 3]);
    let since = world.now;
    (1..3).for_each(|peer| world.kill(peer));
    world.run(KNOWN + TIMEOUT);
    let lost = [(Standing::SuspectNotInQuorum, StandingWhy::TooFew), (Standing::NotInQuorum, StandingWhy::TimedOut)];
    assert_eq!((told(&world, 0, since), votes(&world, 0)), (lost.to_vec(), (1, 3)));
    let back = world.now;
    world.restart(1);
    world.command(1, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    world.run(2 * SECOND);
    assert_eq!(told(&world, 0, back), [(Standing::InQuorum, StandingWhy::Enough)]);
}

/// In the original, an alive record that somebody still holds brings a dead member back, and a quorum with it.
#[test]
fn defect_1_a_stale_alive_record_restores_no_quorum() {
    let mut world = World::met(3, store(Provider::Majority), 2);
    configure_all(&mut world);
    world.run(SECOND);
    let old: Vec<_> = world.peers[0].heard.clone();
    (1..3).for_each(|peer| world.kill(peer));
    world.run(KNOWN);
    assert_eq!((world.belief(0, 1), world.belief(0, 2)), (Some(Health::Dead), Some(Health::Dead)));
    let since = world.now;
    assert!(old.len() > 5, "it had heard something");
    for (from, bytes) in &old {
        let _ = world.feed(0, Input::Datagram { from: *from, bytes });
        world.run(SECOND / 10);
    }
    assert_eq!((votes(&world, 0), standing(&world, 0)), ((1, 3), Standing::SuspectNotInQuorum));
    world.run(TIMEOUT);
    assert_eq!(told(&world, 0, since), [(Standing::NotInQuorum, StandingWhy::TimedOut)]);
}

/// In the original, one value of a type that is not registered silently blanks everything that its node sends.
#[test]
fn defect_15_a_bad_value_silences_nobody() {
    let mut world = World::met(3, store(Provider::Majority), 7);
    configure_all(&mut world);
    world.run(SECOND);
    let (since, long) = (world.now, vec![0; world.config.value_bytes_max + 1]);
    let refused = world.command(0, Command::Put { key: b"bad", value: &long });
    assert_eq!(refused, Err(Rejected::Value { len: long.len(), most: world.config.value_bytes_max }));
    world.command(0, Command::Put { key: b"good", value: b"1" }).expect("it can be");
    world.run(10 * SECOND);
    for peer in 0..3 {
        let view = world.node(peer).view();
        let there = [&b"good"[..], b"bad"].map(|key| view.value(id_of(0), key).is_some());
        assert_eq!((there, told(&world, peer, since)), ([true, false], Vec::new()));
    }
}

#[test]
fn a_majority_of_domains_outlives_one_of_three_and_not_two() {
    let mut world = six_by(Provider::MajorityOfDomains, 8);
    let since = world.now;
    world.kill(0);
    world.run(KNOWN);
    assert_eq!(told(&world, 5, since), [], "one of two does not hold its domain; two of three are held");
    world.kill(2);
    world.run(KNOWN);
    let lost = [(Standing::SuspectNotInQuorum, StandingWhy::TooFew)];
    assert_eq!((told(&world, 5, since), votes(&world, 5)), (lost.to_vec(), (1, 3)), "votes are those of domains");
}

#[test]
fn who_dies_alone_is_down_because_its_mate_answers() {
    let mut world = six(3);
    let suspicions = |world: &World| (1..6).map(|peer| world.node(peer).view().stats().suspicions).sum::<u64>();
    world.kill(0);
    world.run(KNOWN);
    for peer in 2..6 {
        assert_eq!((losses(&world, peer), loss(&world, peer, 0)), (vec![(0, Loss::Down)], Some(Loss::Down)));
    }
    assert!((1..6).all(|about| world.belief(2, about) == Some(Health::Alive)), "nobody else is accused");
    assert!(suspicions(&world) <= 5, "each of them may have found the one that died");
    assert_eq!(standings(&world)[1..], [Standing::InQuorum; 5]);
}

#[test]
fn who_dies_with_its_domain_is_suspected_to_be_down_and_is_down_after_its_probation() {
    let mut world = six(4);
    (0..2).for_each(|peer| world.kill(peer));
    world.run(KNOWN);
    for peer in 2..6 {
        assert_eq!([loss(&world, peer, 0), loss(&world, peer, 1)], [Some(Loss::SuspectDown); 2], "at {peer}");
    }
    world.run(PROBATION);
    for peer in 2..6 {
        assert_eq!([loss(&world, peer, 0), loss(&world, peer, 1)], [Some(Loss::Down); 2], "at {peer}");
        let mut told = losses(&world, peer);
        told.sort_by_key(|&(lost, _)| lost);
        let both = |peer| [(peer, Loss::SuspectDown), (peer, Loss::Down)];
        assert_eq!(told, [both(0), both(1)].concat());
    }
    assert_eq!(standings(&world)[2..], [Standing::InQuorum; 4]);
}

#[test]
fn who_is_back_is_lost_no_more() {
    let mut world = six(5);
    (0..2).for_each(|peer| world.kill(peer));
    world.run(KNOWN);
    for peer in 0..2 {
        world.restart(peer);
        world.command(peer, Command::Join { seeds: &[addr_of(3)] }).expect("a join is taken");
    }
    world.run(14 * SECOND);
    for peer in 2..6 {
        assert_eq!((loss(&world, peer, 0), loss(&world, peer, 1)), (None, None));
        assert_eq!(votes(&world, peer), (6, 6));
    }
}

#[test]
fn who_says_goodbye_is_down_unasked() {
    let mut world = six(6);
    world.command(0, Command::Leave).expect("it stays");
    world.run(14 * SECOND);
    world.kill(0);
    world.run(50 * SECOND);
    assert!((1..6).all(|peer| loss(&world, peer, 0) == Some(Loss::Down) && votes(&world, peer) == (5, 6)));
}
