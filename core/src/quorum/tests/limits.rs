//! Configurations that cannot be get a typed error, and nothing changes.

use super::*;

/// Node 0 of four voters in two domains, in quorum, with one voter that is lost.
fn room(provider: Provider) -> Room {
    let settings = Settings { provider, members_max: 8, ..Settings::quorum_store() };
    let mut room = Room::joined(0, settings, &voters(&[1, 1, 2, 2]), &[(1, true), (2, true)]);
    room.come(1);
    room.tell(&Word { domain: zone(2), ..word(2, 1, Health::Alive) });
    room.tell(&Word { domain: zone(2), ..word(3, 1, Health::Alive) });
    room.die(1);
    room
}

/// What becomes of a proposal that is refused.
#[track_caller]
fn refused(room: &mut Room, proposal: &Proposal<'_>) -> QuorumError {
    let before = std::format!("{:?}", room.quorum);
    let error = room.quorum.configure(proposal, room.now).expect_err("it cannot be");
    assert_eq!(std::format!("{:?}", room.quorum), before, "nothing has changed");
    error
}

fn all(voters: &[Voter]) -> Proposal<'_> {
    Proposal { epoch: 9, voters: Voters::All(voters), domains: None }
}

fn changed<'a>(set: &'a [Voter], dropped: &'a [NodeId]) -> Proposal<'a> {
    Proposal { epoch: 9, voters: Voters::Changed { set, dropped }, domains: None }
}

fn map(domains: &[(Domain, bool)]) -> Proposal<'_> {
    Proposal { epoch: 9, voters: Voters::Same, domains: Some(domains) }
}

#[test]
fn an_epoch_rises() {
    let mut room = room(Provider::Majority);
    for given in [0, 1, 2] {
        let proposal = Proposal { epoch: given, voters: Voters::Same, domains: None };
        assert_eq!(refused(&mut room, &proposal), QuorumError::Epoch { given, present: 2 });
    }
    let proposal = Proposal { epoch: u64::MAX, voters: Voters::Same, domains: None };
    assert_eq!(room.quorum.configure(&proposal, room.now), Ok(None));
    assert_eq!(room.quorum.report().epoch, Some(u64::MAX));
}

#[test]
fn nobody_is_named_twice() {
    let mut room = room(Provider::Majority);
    let twice = [voter(0, 1, 1), voter(1, 1, 1), voter(1, 1, 1)];
    assert_eq!(refused(&mut room, &all(&twice)), QuorumError::MemberTwice(id(1)));
    assert_eq!(refused(&mut room, &changed(&twice[1..2], &[id(1)])), QuorumError::MemberTwice(id(1)));
    assert_eq!(refused(&mut room, &changed(&[], &[id(1), id(1)])), QuorumError::MemberTwice(id(1)));
    assert_eq!(refused(&mut room, &changed(&[], &[id(7)])), QuorumError::Unknown(id(7)));
    let domains = [(zone(1), true), (zone(2), true), (zone(1), false)];
    assert_eq!(refused(&mut room, &map(&domains)), QuorumError::DomainTwice(zone(1)));
}

#[test]
fn votes_are_as_many_as_the_provider_counts() {
    for (provider, most) in [
        (Provider::Majority, 1),
        (Provider::FailureDomains, 1),
        (Provider::Static(1), 1),
        (Provider::MajorityOfDomains, 1),
        (Provider::Weighted, VOTES_MAX),
    ] {
        let mut room = room(provider);
        for votes in [most + 1, u32::MAX] {
            let heavy = [voter(0, 1, 1), voter(1, votes, 1), voter(2, 1, 2)];
            assert_eq!(refused(&mut room, &all(&heavy)), QuorumError::Votes { id: id(1), votes, most });
        }
        let heavy = [voter(0, 1, 1), voter(1, most, 1), voter(2, 1, 2)];
        room.set_voters(&heavy).expect("as many as can be");
        assert_eq!(room.quorum.report().domains[0].votes, u64::from(most) + 1);
    }
}

#[test]
fn a_map_that_contradicts_the_roster_is_refused() {
    let mut room = room(Provider::FailureDomains);
    let moved = [voter(0, 1, 1), voter(2, 1, 1), voter(3, 1, 2)];
    let error = QuorumError::Misplaced { id: id(2), given: zone(1), said: zone(2) };
    assert_eq!(refused(&mut room, &all(&moved)), error);
    // Who is dead says nothing any more, and who never said where it stands contradicts nothing.
    room.die(2);
    room.set_voters(&moved).expect("it can be");
    let mut own = Quorum::new(id(0), zone(5), Settings::native()).expect("the settings work");
    let wrong = Proposal { epoch: 1, voters: Voters::All(&[voter(0, 1, 1)]), domains: None };
    let error = QuorumError::Misplaced { id: id(0), given: zone(1), said: zone(5) };
    assert_eq!(own.configure(&wrong, at(1)), Err(error), "the node knows its own domain");
}

#[test]
fn an_active_domain_in_which_nobody_stands_is_refused() {
    let mut room = room(Provider::FailureDomains);
    let misspelt = [(zone(1), true), (zone(3), true)];
    assert_eq!(refused(&mut room, &map(&misspelt)), QuorumError::NobodyThere(zone(3)));
    let shrunk = [voter(0, 1, 1), voter(1, 1, 1)];
    assert_eq!(refused(&mut room, &all(&shrunk)), QuorumError::NobodyThere(zone(2)), "the map before names it");
    let both = Proposal { domains: Some(&[(zone(1), true), (zone(2), false)]), ..all(&shrunk) };
    assert!(room.quorum.configure(&both, room.now).is_ok(), "both at once can be, and inactive may be whatever is");
    // Before anybody votes nobody can tell.
    let mut young = Quorum::new(id(0), Domain::NONE, Settings::native()).expect("the settings work");
    assert_eq!(young.configure(&map(&misspelt), at(1)), Ok(None));
    let first = Proposal { epoch: 10, ..all(&shrunk) };
    assert_eq!(young.configure(&first, at(1)), Err(QuorumError::NobodyThere(zone(3))));
}

#[test]
fn domains_are_bounded() {
    let count = u64::try_from(DOMAINS_MAX).expect("few") + 1;
    let domains: Vec<_> = (1..=count).map(|number| (zone(number), false)).collect();
    let mut room = Room::new(0, Settings::native());
    assert_eq!(refused(&mut room, &map(&domains)), QuorumError::Domains { count: DOMAINS_MAX + 1 });
    let scattered: Vec<_> = (0..).zip(1..=count).map(|(number, domain)| voter(number, 1, domain)).collect();
    assert_eq!(refused(&mut room, &all(&scattered)), QuorumError::Domains { count: DOMAINS_MAX + 1 });
    room.set_voters(&scattered[1..]).expect_err("the node itself is not named");
    room.set_voters(&scattered[..DOMAINS_MAX]).expect("as many as can be");
    assert_eq!(room.quorum.report().domains.len(), DOMAINS_MAX);
}

#[test]
fn members_are_bounded() {
    let mut room = room(Provider::Majority);
    let nine = voters(&[1, 1, 2, 2, 2, 2, 2, 2, 2]);
    assert_eq!(refused(&mut room, &all(&nine)), QuorumError::Members { count: 9, most: 8 });
    room.set_voters(&nine[..8]).expect("as many as can be");
    let before = std::format!("{:?}", room.quorum);
    let newcomer = room.quorum.on_member(&word(9, 1, Health::Alive), room.now, &mut room.rng);
    assert_eq!(newcomer, Err(QuorumError::Members { count: 9, most: 8 }));
    assert_eq!(room.quorum.on_member(&word(9, 1, Health::Dead), room.now, &mut room.rng), Ok(None), "nothing to keep");
    assert_eq!(std::format!("{:?}", room.quorum), before, "nothing has changed");
    // Who has gone and is forgotten makes room.
    room.set_voters(&nine[..4]).expect("it can be");
    room.come(9);
    assert_eq!(room.quorum.on_forgotten(id(9), room.now), None);
    room.set_voters(&nine[..8]).expect("it can be");
}

#[test]
fn voters_of_whom_nothing_is_known_give_their_places_to_others() {
    let mut room = room(Provider::Majority);
    let [some, others]: [Vec<Voter>; 2] = [10, 20].map(|first| {
        let unknown = (first..first + 4).map(|number| voter(number, 1, 2));
        voters(&[1, 1, 2, 2]).into_iter().chain(unknown).collect()
    });
    room.set_voters(&some).expect("as many as can be");
    room.set_voters(&others).expect("as many again, in their places");
    // Whoever is a member keeps its row without a seat.
    let unknown: Vec<_> = others[4..].iter().chain(&voters(&[1])).copied().chain([voter(30, 1, 2)]).collect();
    assert_eq!(refused(&mut room, &all(&unknown)), QuorumError::Members { count: 9, most: 8 });
}

#[test]
fn all_errors_can_be_read() {
    let error = QuorumError::Misplaced { id: id(2), given: zone(1), said: zone(2) };
    let expected = "member 00000000000000000000000000000002 stands in domain 0000000000000002, not in 0000000000000001";
    assert_eq!(std::format!("{error}"), expected);
    assert_eq!(std::format!("{}", QuorumError::Epoch { given: 1, present: 2 }), "epoch 1 is not above 2");
}
