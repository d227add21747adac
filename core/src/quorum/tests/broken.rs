//! Where the condition of safety is broken on purpose, and what happens then. This is why standing is advice, and why who
//! must exclude others needs a fencing token.

use super::*;

const STABLE: Duration = Settings::native().stable_after;

/// A node of voters in these domains, which hears these for a long time.
fn after_hearing(settings: Settings, own: u32, domains: &[u64], map: &[(u64, bool)], heard: &[u32]) -> Room {
    let mut room = Room::joined(own, settings, &voters(domains), map);
    heard.iter().for_each(|&other| room.come(other));
    room.wait_hearing(STABLE * 3, heard);
    room
}

#[test]
fn differing_maps_let_both_sides_act() {
    let settings = Settings { provider: Provider::FailureDomains, ..Settings::native() };
    let zones = [1, 1, 2, 2];
    let here = after_hearing(settings, 0, &zones, &[(1, true), (2, false)], &[1]);
    let there = after_hearing(settings, 2, &zones, &[(1, false), (2, true)], &[3]);
    assert_eq!((here.standing(), there.standing()), (Standing::InQuorum, Standing::InQuorum));
    // Nothing but the maps tells: the administrator has given two configurations one number.
    assert_eq!(here.quorum.report().epoch, there.quorum.report().epoch);
    let same = after_hearing(settings, 0, &zones, &[(1, true), (2, true)], &[1]);
    assert_eq!(same.standing(), Standing::NotInQuorum);
}

#[test]
fn a_later_map_on_one_side_lets_both_sides_act() {
    let settings = Settings { provider: Provider::FailureDomains, ..Settings::native() };
    let zones = [1, 1, 2, 2, 2];
    let there = after_hearing(settings, 2, &zones, &[(1, true), (2, true)], &[3, 4]);
    let mut here = after_hearing(settings, 0, &zones, &[(1, true), (2, true)], &[1]);
    assert_eq!((here.standing(), there.standing()), (Standing::NotInQuorum, Standing::InQuorum));
    here.set_domains(&[(1, true), (2, false)]).expect("it can be");
    here.wait_hearing(STABLE, &[1]);
    assert_eq!(here.standing(), Standing::InQuorum);
    assert!(here.quorum.report().epoch > there.quorum.report().epoch, "the epochs tell");
}

#[test]
fn a_bridge_lets_both_sides_act() {
    let majority = |own, heard: &[u32]| after_hearing(Settings::native(), own, &[1; 5], &[], heard).standing();
    // 0 and 1 do not hear 3 and 4; node 2 hears everybody.
    assert_eq!(majority(0, &[1, 2]), Standing::InQuorum);
    assert_eq!(majority(4, &[2, 3]), Standing::InQuorum);
    assert_eq!(majority(2, &[0, 1, 3, 4]), Standing::InQuorum);
    // Once it is cut off itself, nobody has a majority but who has one.
    assert_eq!(majority(0, &[1]), Standing::NotInQuorum);
    assert_eq!(majority(4, &[3]), Standing::NotInQuorum);
}

#[test]
fn none_lets_everybody_act() {
    let settings = Settings { provider: Provider::None, ..Settings::native() };
    for own in 0..3 {
        assert_eq!(after_hearing(settings, own, &[1; 3], &[], &[]).standing(), Standing::InQuorum);
    }
    let mut alone = Room::new(0, Settings { provider: Provider::None, ..Settings::quorum_store() });
    assert_eq!(alone.standing(), Standing::NotInQuorum);
    let change = alone.quorum.on_self_alive(alone.now);
    alone.note(change);
    assert_eq!(alone.standing(), Standing::InQuorum, "without any configuration");
}

#[test]
fn a_small_static_number_lets_both_sides_act() {
    let standing = |needed, own, heard: &[u32]| {
        let settings = Settings { provider: Provider::Static(needed), ..Settings::native() };
        after_hearing(settings, own, &[1; 5], &[], heard).standing()
    };
    assert_eq!(standing(2, 0, &[1]), Standing::InQuorum);
    assert_eq!(standing(2, 2, &[3]), Standing::InQuorum);
    assert_eq!(standing(3, 0, &[1]), Standing::NotInQuorum);
    assert_eq!(standing(3, 2, &[3, 4]), Standing::InQuorum);
}

#[test]
fn without_a_lease_both_sides_act_until_somebody_is_convicted() {
    let mut rooms = [0, 3].map(|own| {
        let mut room = Room::joined(own, Settings::quorum_store(), &voters(&[1; 5]), &[]);
        (0..5).filter(|&other| other != own).for_each(|other| room.come(other));
        room
    });
    // The cut is here. Nobody says anything for a minute.
    rooms.iter_mut().for_each(|room| room.wait(secs(60)));
    assert!(rooms.iter().all(|room| room.standing() == Standing::InQuorum));
    (0..3).for_each(|other| rooms[1].die(other));
    assert_eq!(rooms[1].standing(), Standing::SuspectNotInQuorum);
}
