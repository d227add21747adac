//! What the native profile adds: fresh evidence, a lease, a wait before the quorum counts, and reasons.

use super::*;

const STABLE: Duration = Settings::native().stable_after;

/// Node 0 of three voters in three domains, in quorum, both others heard just now.
fn in_quorum() -> Room {
    let mut room = Room::joined(0, Settings::native(), &voters(&[1, 2, 3]), &[]);
    (1..3).for_each(|other| room.come(other));
    room.wait_hearing(STABLE, &[1, 2]);
    assert_eq!(room.standing(), Standing::InQuorum);
    room.changes.clear();
    room
}

#[test]
fn a_quorum_is_gained_when_enough_was_heard_for_long_enough() {
    let mut room = Room::joined(0, Settings::native(), &voters(&[1, 2, 3]), &[]);
    room.come(1);
    let gained = room.now.after(STABLE);
    room.wait_hearing(STABLE - secs(1), &[1]);
    assert_eq!(room.standing(), Standing::NotInQuorum);
    assert!(room.quorum.next_deadline() <= gained, "nothing needs to be heard at that moment");
    room.wait(secs(1));
    assert_eq!((room.standing(), room.now), (Standing::InQuorum, gained));
    assert_eq!(room.changes, [(Standing::InQuorum, Why::Enough)]);
}

#[test]
fn a_gap_begins_the_wait_anew() {
    let mut room = Room::joined(0, Settings::native(), &voters(&[1, 2, 3]), &[]);
    room.come(1);
    room.wait(LEASE);
    room.hear(1);
    room.wait_hearing(STABLE - secs(1), &[1]);
    assert_eq!(room.standing(), Standing::NotInQuorum);
    room.wait_hearing(secs(1), &[1]);
    assert_eq!(room.standing(), Standing::InQuorum);
}

#[test]
fn evidence_lapses_with_its_lease_and_not_before() {
    let mut room = in_quorum();
    let lapses = room.now.after(LEASE);
    room.wait(LEASE - Duration::from_nanos(1));
    assert_eq!(room.standing(), Standing::InQuorum);
    room.wait(Duration::from_nanos(1));
    assert_eq!((room.standing(), room.now), (Standing::SuspectNotInQuorum, lapses));
    room.wait(secs(60));
    let expected = [(Standing::SuspectNotInQuorum, Why::TooFew), (Standing::NotInQuorum, Why::TimedOut)];
    assert_eq!(room.changes, expected);
}

#[test]
fn one_that_is_heard_is_enough_of_three() {
    let mut room = in_quorum();
    room.wait_hearing(secs(100), &[2]);
    assert_eq!(room.changes, []);
}

#[test]
fn relayed_evidence_counts_by_its_age() {
    let mut room = in_quorum();
    room.wait(secs(4));
    room.hear_at(1, room.now.before(secs(2)));
    room.wait(secs(2));
    assert_eq!(room.standing(), Standing::InQuorum, "heard four seconds ago, through somebody");
    room.wait(secs(1));
    assert_eq!(room.standing(), Standing::SuspectNotInQuorum);
    room.hear_at(1, room.now.before(LEASE));
    assert_eq!(room.quorum.report().votes.seen, 1, "what is as old as the lease is no evidence");
}

#[test]
fn evidence_from_the_future_is_of_now() {
    let mut room = in_quorum();
    (1..3).for_each(|other| room.hear_at(other, Instant::NEVER));
    room.wait(LEASE);
    assert_eq!(room.standing(), Standing::SuspectNotInQuorum);
}

#[test]
fn who_is_lost_for_a_moment_must_be_heard_for_long_again() {
    let mut room = in_quorum();
    room.wait(LEASE);
    room.hear(1);
    assert_eq!(room.standing(), Standing::SuspectNotInQuorum);
    room.wait_hearing(STABLE, &[1]);
    let expected = [(Standing::SuspectNotInQuorum, Why::TooFew), (Standing::InQuorum, Why::Enough)];
    assert_eq!(room.changes, expected);
}

#[test]
fn a_loss_does_not_become_final_while_enough_is_seen_again() {
    let settings = Settings { quorum_timeout: secs(8), ..Settings::native() };
    let mut room = Room::joined(0, settings, &voters(&[1, 2, 3]), &[]);
    room.come(1);
    room.wait_hearing(STABLE, &[1]);
    room.wait(LEASE);
    room.wait_hearing(STABLE + secs(1), &[1]);
    let standings: Vec<_> = room.changes.iter().map(|change| change.0).collect();
    assert_eq!(standings, [Standing::InQuorum, Standing::SuspectNotInQuorum, Standing::InQuorum]);
    // But if that ends as well, the time is over.
    room.wait(LEASE);
    room.hear(1);
    room.wait(LEASE + secs(4));
    assert_eq!(room.changes.last(), Some(&(Standing::NotInQuorum, Why::TimedOut)));
}

#[test]
fn a_conviction_ends_evidence_at_once() {
    let mut room = in_quorum();
    room.die(1);
    assert_eq!(room.standing(), Standing::InQuorum);
    room.leave(2);
    assert_eq!(room.changes, [(Standing::SuspectNotInQuorum, Why::TooFew)]);
}

#[test]
fn a_suspicion_of_a_member_ends_nothing() {
    let mut room = in_quorum();
    (1..3).for_each(|other| room.tell(&word(other, room.lives[other as usize], Health::Suspect)));
    room.wait_hearing(secs(20), &[1, 2]);
    assert_eq!(room.changes, []);
}

#[test]
fn a_freeze_drops_the_quorum_at_once() {
    let mut room = in_quorum();
    let change = room.quorum.on_freeze(room.now);
    room.note(change);
    assert_eq!(room.changes, [(Standing::SuspectNotInQuorum, Why::Froze)]);
    // What lay in the socket meanwhile is heard at the very instant, and proves nothing.
    (1..3).for_each(|other| room.hear(other));
    assert_eq!(room.quorum.report().votes.seen, 1);
    room.wait_hearing(STABLE + secs(1), &[1, 2]);
    assert_eq!(room.standing(), Standing::InQuorum);
}

#[test]
fn a_late_tick_drops_the_quorum_at_once() {
    let mut room = in_quorum();
    // The tick in which the lease is looked at comes a little more than a quarter of it too late.
    let due = room.quorum.next_deadline();
    room.now = due.after(LEASE / 4);
    (1..3).for_each(|other| room.hear(other));
    room.now = due.after(LEASE / 4 + Duration::from_nanos(1));
    room.wake();
    assert_eq!(room.changes, [(Standing::SuspectNotInQuorum, Why::Froze)]);
}

#[test]
fn who_rests_on_votes_looks_at_the_time_often_and_nobody_else_does() {
    let mut room = in_quorum();
    for _ in 0..100 {
        (1..3).for_each(|other| room.hear(other));
        let due = room.quorum.next_deadline();
        assert!(room.now < due && due <= room.now.after(LEASE / 10), "a standstill of any length is noticed");
        room.now = due;
        room.wake();
    }
    assert_eq!(room.changes, []);
    let alone = Room::joined(0, Settings::native(), &voters(&[1; 3]), &[]);
    assert_eq!(alone.quorum.next_deadline(), Instant::NEVER);
}

#[test]
fn a_tick_that_is_hardly_late_drops_nothing() {
    let mut room = in_quorum();
    room.now = room.quorum.next_deadline().before(Duration::from_nanos(1));
    (1..3).for_each(|other| room.hear(other));
    room.now = room.quorum.next_deadline().after(LEASE / 4);
    room.wake();
    assert_eq!(room.changes, []);
}

#[test]
fn what_was_lost_unnoticed_is_noticed_when_it_is_heard() {
    let mut room = in_quorum();
    // Nobody looked at the deadlines, and what comes now does not close the gap.
    room.now = room.now.after(LEASE);
    room.hear(1);
    assert_eq!(room.standing(), Standing::InQuorum, "two of three are seen still");
    room.hear(2);
    assert_eq!(room.standing(), Standing::InQuorum, "each in its turn");
    let mut pair = Room::joined(0, Settings::native(), &voters(&[1, 2]), &[]);
    pair.come(1);
    pair.wait_hearing(STABLE, &[1]);
    pair.now = pair.now.after(LEASE);
    pair.hear(1);
    assert_eq!(pair.changes.last(), Some(&(Standing::SuspectNotInQuorum, Why::TooFew)));
}

#[test]
fn no_quorum_is_made_of_votes_that_have_lapsed() {
    let mut room = Room::joined(0, Settings::native(), &voters(&[1, 2, 3]), &[]);
    room.come(1);
    room.wait_hearing(secs(6), &[1]);
    // The lease of 1 ends when enough was seen for long enough, and somebody speaks before anybody has looked.
    room.now = room.now.after(LEASE);
    assert_eq!(room.now, at(100).after(STABLE));
    room.tell(&word(2, 2, Health::Alive));
    assert_eq!(room.standing(), Standing::NotInQuorum);
    room.wake();
    assert_eq!(room.changes, []);
}

#[test]
fn two_changes_in_one_call_are_told_as_one() {
    let settings = Settings { quorum_timeout: Duration::ZERO, ..Settings::native() };
    let mut room = Room::joined(0, settings, &voters(&[1, 2]), &[]);
    room.come(1);
    room.wait_hearing(STABLE, &[1]);
    room.changes.clear();
    // The lease of 1 has ended, so the quorum is lost; and with its death that is final at once.
    room.now = room.now.after(LEASE);
    let death = word(1, room.lives[1], Health::Dead);
    let change = room.quorum.on_member(&death, room.now, &mut room.rng).expect("it is known").expect("it is told");
    assert_eq!((change.from, change.to, change.why), (Standing::InQuorum, Standing::NotInQuorum, Why::TimedOut));
}

#[test]
fn enough_that_has_not_been_seen_for_long_enough_is_not_yet_enough() {
    let mut room = Room::joined(0, Settings::native(), &voters(&[1, 2, 3]), &[]);
    room.come(1);
    let report = room.quorum.report();
    assert_eq!((report.to, report.why, report.votes.seen), (Standing::NotInQuorum, Why::NotYet, 2));
    room.wait_hearing(STABLE, &[1]);
    assert_eq!(room.quorum.report().why, Why::Enough);
}

#[test]
fn a_node_that_is_a_majority_by_itself_needs_nobody() {
    let mut room = Room::joined(0, Settings::native(), &voters(&[1]), &[]);
    room.wait(STABLE);
    assert_eq!(room.standing(), Standing::InQuorum);
    let change = room.quorum.on_freeze(room.now);
    room.note(change);
    room.wait(secs(1000));
    assert_eq!(room.changes, [(Standing::InQuorum, Why::Enough)]);
}

#[test]
fn another_life_must_be_heard_itself() {
    let mut room = in_quorum();
    let next = room.lives[1] + 1;
    room.tell(&word(1, next, Health::Alive));
    assert_eq!(room.quorum.report().votes.seen, 2, "what the life before has said does not count for this one");
    room.hear(1);
    assert_eq!(room.quorum.report().votes.seen, 2, "nor what it says still");
    room.lives[1] = next;
    room.hear(1);
    assert_eq!(room.quorum.report().votes.seen, 3);
}

#[test]
fn what_is_told_of_another_life_ends_with_its_own_lease() {
    let mut room = in_quorum();
    let heard = room.now;
    let next = room.lives[1] + 1;
    room.tell(&word(1, next, Health::Alive));
    room.lives[1] = next;
    // Somebody has heard it earlier than the life before was heard here.
    room.hear_at(1, heard.before(secs(4)));
    assert_eq!(room.quorum.report().votes.seen, 3);
    room.wait(secs(1));
    assert_eq!(room.quorum.report().votes.seen, 2, "its lease has ended, not that of the life before");
}

#[test]
fn members_that_come_and_go_leave_no_lapses() {
    let all = voters(&[1; 40]);
    let mut room = Room::joined(0, Settings::native(), &all, &[]);
    (1..30).for_each(|other| room.come(other));
    room.set_voters(&[&all[..1], &all[30..]].concat()).expect("it can be");
    for other in 1..30 {
        let change = room.quorum.on_forgotten(id(other), room.now);
        room.note(change);
    }
    (30..40).for_each(|other| room.come(other));
}

#[test]
fn every_change_says_why() {
    let all = [voter(0, 1, 1), voter(1, 1, 1), voter(2, 1, 2), voter(3, 1, 2), voter(4, 1, 3)];
    let mut room = Room::joined(0, Settings::native(), &all, &[]);
    (1..5).for_each(|other| room.come(other));
    room.wait_hearing(STABLE, &[1, 2, 3, 4]);
    let zone_votes = |domain, votes, seen| DomainVotes { domain: zone(domain), is_active: false, votes, seen };
    let report = room.quorum.report();
    assert_eq!(report.votes, Votes { all: 5, needed: 3, seen: 5 });
    assert_eq!(report.domains, [zone_votes(1, 2, 2), zone_votes(2, 2, 2), zone_votes(3, 1, 1)]);
    assert_eq!(report.margin, Some(Margin { members: 2, domains: 1 }), "can lose two more members, or one more zone");
    assert_eq!((report.epoch, report.why), (Some(2), Why::Enough));
    [2, 3].into_iter().for_each(|other| room.die(other));
    assert_eq!(room.quorum.report().margin, Some(Margin { members: 0, domains: 0 }));
    let incarnation = Incarnation::first(room.lives[4]);
    let gone = Word { incarnation, ..word(4, 1, Health::Dead) };
    let change = room.quorum.on_member(&gone, room.now, &mut room.rng).expect("it is known");
    let expected = Change {
        from: Standing::InQuorum,
        to: Standing::SuspectNotInQuorum,
        why: Why::TooFew,
        votes: Votes { all: 5, needed: 3, seen: 2 },
        domains: [zone_votes(1, 2, 2), zone_votes(2, 2, 0), zone_votes(3, 1, 0)].into(),
        margin: None,
        epoch: Some(2),
    };
    assert_eq!(change, Some(expected));
}

/// What may be lost when all are seen: of these votes in these domains, seen by node 0.
fn margin(provider: Provider, all: &[Voter]) -> (u32, u32) {
    let settings = Settings { provider, ..Settings::quorum_store() };
    let mut zones: Vec<u64> = all.iter().map(|voter| voter.domain.number()).collect();
    zones.dedup();
    let map: Vec<_> = zones.into_iter().map(|zone| (zone, true)).collect();
    let mut room = Room::joined(0, settings, all, &map);
    (1..).zip(&all[1..]).for_each(|(number, _)| room.come(number));
    let margin = room.quorum.report().margin.expect("it is in quorum");
    (margin.members, margin.domains)
}

#[test]
fn the_margin_is_that_of_the_worst_case() {
    let two_each = voters(&[1, 1, 2, 2, 3, 3]);
    assert_eq!(margin(Provider::Majority, &two_each), (2, 1));
    assert_eq!(margin(Provider::FailureDomains, &two_each), (2, 1));
    assert_eq!(margin(Provider::Static(2), &two_each), (4, 2));
    assert_eq!(margin(Provider::None, &two_each), (5, 2));
    // Of each domain two are needed. One lost member loses a domain, and two domains of three are needed; the own
    // domain can go only with its other member.
    assert_eq!(margin(Provider::MajorityOfDomains, &two_each), (1, 1));
    assert_eq!(margin(Provider::MajorityOfDomains, &voters(&[1, 2, 2, 2, 3, 3, 3])), (3, 1));
    // The heavy one alone may go, or the two light ones, but not more.
    let weighted = [voter(0, 2, 1), voter(1, 3, 2), voter(2, 1, 3), voter(3, 1, 3)];
    assert_eq!(margin(Provider::Weighted, &weighted), (1, 1));
    assert_eq!(margin(Provider::Weighted, &[voter(0, 5, 1), voter(1, 2, 2), voter(2, 2, 3)]), (2, 2));
    assert_eq!(margin(Provider::Majority, &voters(&[1])), (0, 0));
}

#[test]
fn the_lowest_identity_breaks_ties() {
    let settings = Settings { breaks_ties: true, ..Settings::quorum_store() };
    let standing = |own, others: &[u32]| {
        let mut room = Room::joined(own, settings, &voters(&[1; 4]), &[]);
        others.iter().for_each(|&other| room.come(other));
        room.standing()
    };
    assert_eq!(standing(0, &[3]), Standing::InQuorum);
    assert_eq!(standing(3, &[0]), Standing::InQuorum);
    assert_eq!(standing(1, &[2]), Standing::NotInQuorum);
    assert_eq!(standing(0, &[]), Standing::NotInQuorum, "a quarter is no half");
}

#[test]
fn the_lowest_domain_breaks_ties_of_domains() {
    let settings = Settings { breaks_ties: true, provider: Provider::MajorityOfDomains, ..Settings::quorum_store() };
    let standing = |own, others: &[u32]| {
        let mut room = Room::joined(own, settings, &voters(&[1, 1, 2, 2]), &[(1, true), (2, true)]);
        others.iter().for_each(|&other| room.come(other));
        room.standing()
    };
    assert_eq!(standing(0, &[1]), Standing::InQuorum);
    assert_eq!(standing(2, &[3]), Standing::NotInQuorum);
    assert_eq!(standing(0, &[2, 3]), Standing::NotInQuorum, "half of a domain does not hold it");
}
