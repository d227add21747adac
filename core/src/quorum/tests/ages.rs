//! What nodes tell each other of who was heard: how old it is, and nothing else.

use super::super::ages::UNTOLD;
use super::*;

/// Node 1 hears 0, which hears 2, which hears nobody; 3 looks on.
const VOTERS: [Voter; 4] = [voter(0, 1, 2), voter(1, 1, 1), voter(2, 1, 1), voter(3, 0, 1)];

fn room(own: u32) -> Room {
    let mut room = Room::joined(own, Settings::native(), &VOTERS, &[]);
    (0..4).filter(|&other| other != own).for_each(|other| room.come(other));
    room
}

fn told(room: &Room, from: (Domain, NodeId)) -> Vec<((Domain, NodeId), u8)> {
    room.quorum.ages_from(from, room.now).collect()
}

/// One room tells another everything.
fn tell(teller: &Room, hearer: &mut Room) {
    let told = told(teller, (Domain::NONE, id(0)));
    let (sum, ages) = (teller.quorum.sum().expect("it is configured"), told.iter().map(|&(_, age)| age));
    let (ages, mut changes) = (ages.collect::<Vec<_>>(), Vec::new());
    let ((_, first), now) = (told[0].0, hearer.now);
    hearer.quorum.on_ages((sum, first), &ages, now, |change| changes.push(change));
    changes.into_iter().for_each(|change| hearer.note(Some(change)));
    hearer.quorum.check();
}

/// What one room tells takes so long to the other.
fn pass_on(teller: &Room, hearer: &mut Room, travel: Duration) {
    let told = told(teller, (Domain::NONE, id(0)));
    let ages: Vec<u8> = told.iter().map(|&(_, age)| age).collect();
    hearer.wait(travel);
    let (sum, now) = (teller.quorum.sum().expect("it is configured"), hearer.now);
    hearer.quorum.on_ages((sum, told[0].0.1), &ages, now, |_| {});
}

fn seen(room: &Room) -> u64 {
    room.quorum.report().votes.seen
}

#[test]
fn what_is_told_of_others_ages_on_its_way() {
    let [mut teller, mut hearer] = [0, 1].map(room);
    teller.wait(LEASE - secs(1));
    hearer.wait(LEASE - secs(1));
    teller.hear_at(2, teller.now.before(secs(2)));
    // Rounded up: 204.8 and 102.4 parts of 256.
    let expected = [((zone(1), id(1)), 205), ((zone(1), id(2)), 103), ((zone(2), id(0)), UNTOLD)];
    assert_eq!(told(&teller, (Domain::NONE, id(0))), expected, "nothing of itself, nor of whoever does not vote");
    assert_eq!(told(&teller, (zone(1), id(2))).len(), 2, "from a place on");
    tell(&teller, &mut hearer);
    hearer.hear(0);
    hearer.wait(secs(2));
    assert_eq!(seen(&hearer), 3);
    hearer.wait(secs(1));
    assert_eq!(seen(&hearer), 2, "two seconds had passed before it was told");
    hearer.wait(secs(2));
    assert_eq!(told(&hearer, (zone(1), id(2))), [((zone(1), id(2)), UNTOLD), ((zone(2), id(0)), UNTOLD)]);
}

#[test]
fn what_goes_round_never_gets_younger() {
    let [mut one, mut other] = [0, 1].map(room);
    let mut exchange = |millis| {
        for (room, peer) in [(&mut one, 1), (&mut other, 0)] {
            room.wait(Duration::from_millis(millis));
            room.hear(peer);
        }
        tell(&one, &mut other);
        tell(&other, &mut one);
        (seen(&one), seen(&other))
    };
    for tenths in 1..50 {
        assert_eq!(exchange(100), (3, 3), "2 was heard {tenths} tenths ago");
    }
    assert_eq!(exchange(100), (2, 2), "nobody has heard 2 for a lease");
}

#[test]
fn what_goes_round_does_not_get_younger_by_its_time_on_the_way() {
    let [mut one, mut other] = [0, 1].map(room);
    let travel = LEASE / 40;
    let mut passed = Duration::ZERO;
    // Whatever arrives is told on at once.
    while passed < LEASE {
        pass_on(&one, &mut other, travel);
        one.wait(travel);
        pass_on(&other, &mut one, travel);
        other.wait(travel);
        one.hear(1);
        other.hear(0);
        passed += travel * 2;
    }
    assert_eq!((seen(&one), seen(&other)), (2, 2), "nobody has heard 2 for a lease");
}

#[test]
fn who_was_told_otherwise_is_not_heard() {
    // Both are at the third epoch in the end.
    let seen_through = |configure: fn(&mut Room) -> Result<(), QuorumError>| {
        let [mut teller, mut hearer] = [0, 1].map(room);
        configure(&mut teller).expect("it can be");
        hearer.set_voters(&VOTERS).expect("it can be");
        teller.wait(LEASE);
        hearer.wait(LEASE);
        (1..3).for_each(|other| teller.hear(other));
        tell(&teller, &mut hearer);
        seen(&hearer)
    };
    assert_eq!(seen_through(|room| room.set_voters(&VOTERS)), 2, "the node itself and 2; 0 was not heard itself");
    assert_eq!(seen_through(|room| room.set_voters(&VOTERS[..3])), 1, "another voter");
    assert_eq!(seen_through(|room| room.set_voters(&[VOTERS[0], VOTERS[1], VOTERS[2], voter(3, 1, 1)])), 1, "votes");
    assert_eq!(seen_through(|room| room.set_domains(&[(1, true)])), 1, "domains");
    let later = |room: &mut Room| {
        room.epoch += 1;
        room.set_voters(&VOTERS)
    };
    assert_eq!(seen_through(later), 1, "another epoch");
}

#[test]
fn after_a_freeze_nothing_is_told_for_a_lease() {
    let mut teller = room(0);
    let change = teller.quorum.on_freeze(teller.now);
    teller.note(change);
    let hears = |room: &mut Room, after: Duration| {
        room.wait(after);
        (1..3).for_each(|other| room.hear(other));
        told(room, (Domain::NONE, id(0))).iter().filter(|&&(_, age)| age != UNTOLD).count()
    };
    assert_eq!(hears(&mut teller, Duration::from_millis(1)), 0, "it lay in the socket, perhaps");
    assert_eq!(hears(&mut teller, LEASE - Duration::from_millis(2)), 0);
    assert_eq!(hears(&mut teller, Duration::from_millis(1)), 2);
}

#[test]
fn many_voters_are_told_of_and_any_bytes_do_no_harm() {
    let voters: Vec<Voter> = (0..200).map(|number| voter(number, 1, u64::from(number % 3))).collect();
    let mut rooms = [0, 1].map(|own| {
        let mut room = Room::joined(own, Settings::native(), &voters, &[]);
        room.lives.resize(200, 1);
        (0..200).filter(|&other| other != own).for_each(|other| room.come(other));
        room.wait(LEASE);
        room
    });
    let [teller, hearer] = &mut rooms;
    (1..200).for_each(|other| teller.hear(other));
    tell(teller, hearer);
    assert_eq!(seen(hearer), 199, "all but the teller, which was not heard itself");
    let (sum, now) = (hearer.quorum.sum().expect("it is configured"), hearer.now);
    for (first, ages) in [(id(7), &[0; 500][..]), (id(199), &[0; 64]), (id(0), &[]), (id(1000), &[0; 9])] {
        hearer.quorum.on_ages((sum, first), ages, now, |change| panic!("nothing changes: {change:?}"));
        hearer.quorum.check();
    }
}
