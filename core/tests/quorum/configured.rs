//! Who votes is what each node is told, and nothing else.

use quidnunc_core::{ConfigError, Provider, QuorumError, QuorumSettingsError};

use super::*;

const fn domain(number: u64) -> Domain {
    Domain::from_number(number)
}

fn by_domains() -> Config {
    let settings = QuorumSettings { provider: Provider::FailureDomains, ..QuorumSettings::native() };
    Config { quorum: Some(settings), ..Config::lan() }
}

#[test]
fn a_configuration_that_cannot_be_changes_nothing() {
    let mut world = in_quorum(3, native(), 1);
    let essence = |world: &World| {
        let node = world.node(0);
        (node.view().standing_report(), node.poll_timeout(), world.log.len())
    };
    let (before, vote) = (essence(&world), voters(&[0, 0, 0]));
    let active = [(domain(0), true), (domain(5), true)];
    let refused = [
        (1, &vote[..], None, QuorumError::Epoch { given: 1, present: 1 }),
        (2, &[vote[0], vote[0]], None, QuorumError::MemberTwice(id_of(0))),
        (2, &vote[1..], None, QuorumError::SelfMissing),
        (2, &[Voter { votes: 2, ..vote[0] }], None, QuorumError::Votes { id: id_of(0), votes: 2, most: 1 }),
        (2, &vote[..], Some(&active[..]), QuorumError::NobodyThere(domain(5))),
    ];
    for (epoch, voters, domains, why) in refused {
        assert_eq!(configure(&mut world, 0, epoch, voters, domains), Err(Rejected::Quorum(why)));
        assert_eq!(essence(&world), before, "{why}");
    }
    let since = world.now;
    world.run(30 * SECOND);
    assert_eq!(told(&world, 0, since), []);
}

#[test]
fn who_has_no_quorum_refuses_and_is_asked_for_nothing() {
    let mut world = World::met(2, Config::lan(), 2);
    assert_eq!(configure(&mut world, 0, 1, &voters(&[0, 0]), None), Err(Rejected::NoQuorum));
    let view = world.node(0).view();
    assert_eq!((view.standing(), view.standing_report(), view.who_goes(id_of(1))), (None, None, None));
}

/// In the original, a node that is told who votes before it starts is in quorum alone.
#[test]
fn defect_4_nobody_is_in_quorum_before_it_is_known_who_votes() {
    let mut world = World::met(3, native(), 3);
    world.run(60 * SECOND);
    assert_eq!(standings(&world), [Standing::NotInQuorum; 3]);
    let report = world.node(0).view().standing_report().expect("it has a quorum");
    assert_eq!((report.why, report.epoch, report.votes.all), (StandingWhy::NobodyVotes, None, 0));
    // And one that is alone with what it was told is one of five.
    let mut alone = World::new(1, native(), Options::plain(1, Instant::from_nanos(0)));
    configure(&mut alone, 0, 1, &voters(&[0; 5]), None).expect("it can be");
    alone.run(60 * SECOND);
    assert_eq!((standing(&alone, 0), votes(&alone, 0)), (Standing::NotInQuorum, (1, 5)));
}

/// In the original, a domain that is dropped from the map becomes inactive without an event, and a quorum stays.
#[test]
fn defect_6_a_domain_that_is_dropped_is_noticed_at_once() {
    let domains = [domain(1), domain(1), domain(2)];
    let mut world = World::met_in(&domains, by_domains(), 4);
    let (voters, both) = (voters(&[1, 1, 2]), [(domain(1), true), (domain(2), true)]);
    for peer in 0..3 {
        configure(&mut world, peer, 1, &voters, Some(&both)).expect("it can be");
    }
    world.run(STABLE + LEASE);
    assert_eq!(standings(&world), [Standing::InQuorum; 3]);
    let since = world.now;
    for peer in 0..3 {
        configure(&mut world, peer, 2, &voters, Some(&both[..1])).expect("it can be");
    }
    let lost = [(Standing::SuspectNotInQuorum, StandingWhy::OwnDomain)];
    assert_eq!((told(&world, 2, since), told(&world, 0, since)), (lost.to_vec(), Vec::new()));
    assert_eq!(world.node(2).view().who_goes(id_of(0)), Some(id_of(2)), "who may not act goes itself");
    assert_eq!(world.node(0).view().who_goes(id_of(2)), Some(id_of(2)));
}

#[test]
fn whoever_says_that_it_stands_elsewhere_cannot_be_named_there() {
    let mut world = World::met_in(&[domain(1), domain(2)], by_domains(), 5);
    let misplaced = QuorumError::Misplaced { id: id_of(1), given: domain(1), said: domain(2) };
    assert_eq!(configure(&mut world, 0, 1, &voters(&[1, 1]), None), Err(Rejected::Quorum(misplaced)));
}

/// Voters that nobody has met take the room of a member; when they go, it is heard of at once.
#[test]
fn whoever_had_no_room_is_told_of_when_there_is_some() {
    let settings = QuorumSettings { members_max: 3, ..QuorumSettings::native() };
    let config = Config { members_max: 3, quorum: Some(settings), ..Config::lan() };
    let mut world = World::new(2, config, Options::plain(7, Instant::from_nanos(0)));
    let strangers: Vec<Voter> = [0, 7, 8].map(|peer| Voter { id: id_of(peer), votes: 1, domain: Domain::NONE }).into();
    configure(&mut world, 0, 1, &strangers, None).expect("it can be");
    world.command(1, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    world.run(2 * SECOND);
    assert_eq!(world.node(0).view().stats().records_refused, 1);
    for peer in 0..2 {
        configure(&mut world, peer, 2, &voters(&[0; 2]), None).expect("it can be");
    }
    world.run(STABLE + LEASE);
    assert_eq!((standings(&world), votes(&world, 0)), (vec![Standing::InQuorum; 2], (2, 2)));
}

/// In the original, maps are shared between threads without a lock: whoever reads them while they change may crash. Here the
/// compiler refuses that: a node is changed by whoever has it alone, and read by any number of others.
#[test]
fn defect_14_no_data_race_is_possible() {
    const fn can_be_shared<T: Send + Sync>(_: &T) {}
    let world = in_quorum(2, native(), 8);
    let node = world.node(0);
    can_be_shared(node);
    let seen = std::thread::scope(|threads| {
        let readers = [0, 1].map(|_| threads.spawn(|| node.view().standing_report()));
        readers.map(|reader| reader.join().expect("it only reads"))
    });
    assert_eq!(seen, [node.view().standing_report(), node.view().standing_report()]);
}

/// Who was told something else is heard itself, and nothing that it has heard.
#[test]
fn configurations_that_differ_show() {
    let mut world = in_quorum(3, native(), 6);
    configure(&mut world, 0, 2, &voters(&[0; 3]), None).expect("it can be");
    let epochs = |world: &World| [0, 1].map(|peer| world.node(peer).view().standing_report().and_then(|it| it.epoch));
    assert_eq!(epochs(&world), [Some(2), Some(1)]);
    let since = world.now;
    world.run(30 * SECOND);
    assert_eq!(told(&world, 0, since), [], "both are heard directly");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let with = |config: Config, settings: QuorumSettings| Config { quorum: Some(settings), ..config }.validate();
    let native = QuorumSettings::native();
    for config in [Config::lan(), Config::local(), Config::heartbeat(), Config::phi_ring(), Config::scuttlebutt_lan()] {
        assert_eq!(with(config, native), Ok(()));
    }
    assert_eq!(Config::quorum_store().validate(), Ok(()));
    let [lease, least] = [LEASE, Duration::from_millis(17_500)];
    assert_eq!(with(Config::wan(), native), Err(ConfigError::Lease { lease, least }));
    let [stable_after, twice] = [2 * LEASE, 2 * LEASE];
    let hasty = QuorumSettings { stable_after, ..native };
    let refused = QuorumSettingsError::StableAfter { stable_after, lease: twice };
    assert_eq!(with(Config::lan(), hasty), Err(ConfigError::Quorum(refused)));
    let few = with(Config::lan(), QuorumSettings { members_max: 1000, ..native });
    assert!(matches!(few, Err(ConfigError::Count { name: "quorum.members_max", least: 65_536, .. })), "{few:?}");
}
