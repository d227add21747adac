//! Was a node lost, or its whole domain? Who is asked, when, how often, and what comes of it.

use super::*;

const PROBATION: Duration = secs(60);

fn settings() -> Settings {
    Settings { provider: Provider::FailureDomains, quorum_timeout: secs(30), ..Settings::quorum_store() }
}

/// One of six nodes in zones {0, 1}, {2, 3}, {4, 5}, which all live.
fn six(own: u32) -> Room {
    let mut room = Room::joined(own, settings(), &voters(&[1, 1, 2, 2, 3, 3]), &[(1, true), (2, true), (3, true)]);
    (0..6).filter(|&other| other != own).for_each(|other| room.come(other));
    assert_eq!(room.standing(), Standing::InQuorum);
    room
}

fn losses(room: &Room, of: &[u32]) -> Vec<Option<Loss>> {
    of.iter().map(|&number| room.quorum.loss(id(number))).collect()
}

const DOWN: Option<Loss> = Some(Loss::Down);
const SUSPECT: Option<Loss> = Some(Loss::SuspectDown);

#[test]
fn quorum_fd_one_node_down() {
    let mut room = six(4);
    room.leave(0);
    room.wait(secs(50));
    assert_eq!(losses(&room, &[0, 1]), [DOWN, None]);
    assert_eq!((room.asked.len(), room.lost.len()), (0, 0), "a goodbye leaves no question");
}

#[test]
fn one_crash_is_down_when_a_mate_answers() {
    let mut room = six(4);
    room.die(0);
    assert_eq!(losses(&room, &[0]), [None], "nothing is known yet");
    room.wait(secs(1));
    assert_eq!(room.asked, [id(1)]);
    room.hear(1);
    room.wake();
    assert_eq!((losses(&room, &[0]), &room.lost[..]), ([DOWN].into(), &[(id(0), Loss::Down)][..]));
    room.wait(secs(200));
    assert_eq!((room.asked.len(), room.lost.len()), (1, 1), "nothing is left to do");
}

#[test]
fn quorum_fd_one_failure_domain_down_probation_expires() {
    let mut room = six(4);
    (0..2).for_each(|other| room.die(other));
    room.wait(secs(10));
    assert_eq!(losses(&room, &[0, 1]), [SUSPECT, SUSPECT]);
    assert_eq!(room.standing(), Standing::InQuorum);
    room.wait(PROBATION);
    assert_eq!(losses(&room, &[0, 1]), [DOWN, DOWN]);
    let expected = [(0, Loss::SuspectDown), (1, Loss::SuspectDown), (0, Loss::Down), (1, Loss::Down)]
        .map(|(it, loss)| (id(it), loss));
    assert_eq!(room.lost, expected);
}

#[test]
fn quorum_fd_one_failure_domain_down_and_back_up() {
    let mut room = six(4);
    (0..2).for_each(|other| room.die(other));
    room.wait(secs(10));
    assert_eq!(losses(&room, &[0, 1]), [SUSPECT, SUSPECT]);
    (0..2).for_each(|other| room.come(other));
    assert_eq!(losses(&room, &[0, 1]), [None, None]);
    room.wait(PROBATION * 2);
    assert_eq!(losses(&room, &[0, 1]), [None, None], "the probation has ended with the loss");
    assert_eq!(room.quorum.report().votes.seen, 6);
}

/// Node 4 or 5 after both other zones have crashed.
fn two_zones_down(own: u32) -> Room {
    let mut room = six(own);
    (0..4).for_each(|other| room.die(other));
    room.wait(secs(10));
    room
}

#[test]
fn quorum_fd_two_failure_domains_down_out_of_quorum() {
    let mut room = two_zones_down(4);
    assert_eq!(losses(&room, &[0, 1, 2, 3]), [SUSPECT; 4]);
    assert_eq!(room.standing(), Standing::SuspectNotInQuorum);
    assert_eq!(room.quorum.report().votes, Votes { all: 6, needed: 4, seen: 2 });
    room.wait(PROBATION);
    assert_eq!(losses(&room, &[0, 1, 2, 3]), [SUSPECT; 4], "without a quorum a probation begins again");
    assert_eq!(room.standing(), Standing::NotInQuorum);
}

#[test]
fn quorum_fd_two_failure_domains_down_and_deactivated() {
    for own in [4, 5] {
        let mut room = two_zones_down(own);
        room.wait(PROBATION);
        room.set_domains(&[(1, false), (2, false), (3, true)]).expect("it can be");
        assert_eq!(room.standing(), Standing::InQuorum);
        assert_eq!(room.quorum.report().votes, Votes { all: 2, needed: 2, seen: 2 });
        room.wait(PROBATION);
        assert_eq!(losses(&room, &[0, 1, 2, 3]), [DOWN; 4]);
    }
}

#[test]
fn quorum_fd_two_failure_domains_down_deactivated_and_reactivated() {
    let standings = |map: [bool; 3], rooms: &mut [Room]| {
        let map: Vec<_> = (1..).zip(map).collect();
        let set = |room: &mut Room| {
            room.set_domains(&map).expect("it can be");
            room.standing() == Standing::InQuorum
        };
        rooms.iter_mut().map(set).collect::<Vec<_>>()
    };
    let mut rooms: Vec<Room> = (0..6).map(six).collect();
    assert_eq!(standings([false, false, true], &mut rooms), [false, false, false, false, true, true]);
    assert_eq!(standings([false, true, true], &mut rooms), [false, false, true, true, true, true]);
    assert_eq!(standings([true, true, true], &mut rooms), [true; 6]);
}

#[test]
fn who_stands_in_an_inactive_domain_is_down_unasked() {
    let mut room = six(4);
    room.set_domains(&[(1, false), (2, true), (3, true)]).expect("it can be");
    room.die(0);
    room.wake();
    assert_eq!((losses(&room, &[0]), room.asked.len()), ([DOWN].into(), 0));
    // A domain that becomes inactive while its mates are asked is asked no more.
    room.die(2);
    room.set_domains(&[(1, false), (2, false), (3, true)]).expect("it can be");
    room.wake();
    assert_eq!((losses(&room, &[2]), room.asked.len()), ([DOWN].into(), 0));
}

#[test]
fn who_has_no_mates_is_suspected() {
    let mut room = Room::joined(0, settings(), &voters(&[1, 1, 1, 2]), &[(1, true), (2, true)]);
    (1..4).for_each(|other| room.come(other));
    room.die(3);
    room.wait(secs(1));
    assert_eq!((losses(&room, &[3]), room.asked.len()), ([SUSPECT].into(), 0));
}

#[test]
fn defect_11_a_node_does_not_ask_itself() {
    let mut room = six(1);
    room.die(0);
    room.wait(secs(10));
    assert_eq!((losses(&room, &[0]), room.asked.len()), ([SUSPECT].into(), 0));
}

#[test]
fn the_dead_are_not_asked() {
    let mut room =
        Room::joined(9, settings(), &[voters(&[1; 4]), [voter(9, 1, 2)].into()].concat(), &[(1, true), (2, true)]);
    (0..4).for_each(|other| room.come(other));
    (0..3).for_each(|other| room.die(other));
    room.wait(secs(10));
    assert_eq!(room.asked, [id(3)]);
}

#[test]
fn defect_12_a_probation_ends_when_its_member_is_removed_or_lives() {
    let mut room = six(4);
    (0..2).for_each(|other| room.die(other));
    room.wait(secs(10));
    room.configure(Voters::Changed { set: &[], dropped: &[id(0)] }, None).expect("it can be");
    assert_eq!(losses(&room, &[0, 1]), [None, SUSPECT]);
    room.configure(Voters::Changed { set: &[voter(0, 1, 1)], dropped: &[] }, None).expect("it can be");
    room.come(0);
    room.lost.clear();
    room.wait(PROBATION * 2);
    assert_eq!(room.lost, [(id(1), Loss::Down)]);
    assert_eq!(room.quorum.report().votes.seen, 5);
}

#[test]
fn defect_13_a_recovery_while_mates_are_asked_is_not_overwritten() {
    let mut room = six(4);
    (0..2).for_each(|other| room.die(other));
    room.wait(Duration::from_millis(1));
    room.come(0);
    room.wait(secs(10));
    assert_eq!(losses(&room, &[0, 1]), [None, DOWN], "the one that came back is the answer");
    assert_eq!(room.asked, [], "nobody needs to be asked any more");
    let mut room = six(4);
    room.die(0);
    room.come(0);
    room.wait(PROBATION * 2);
    assert_eq!((room.asked.len(), room.lost.len()), (0, 0));
}

#[test]
fn an_answer_of_before_the_loss_is_none() {
    let mut room = six(4);
    room.wait(secs(10));
    room.die(0);
    room.hear_at(1, room.now);
    room.hear_at(1, room.now.before(secs(1)));
    room.wait(secs(10));
    assert_eq!(losses(&room, &[0]), [SUSPECT], "heard at the very instant of the loss, perhaps just before it");
}

#[test]
fn a_late_sign_of_life_ends_no_probation_but_the_silence() {
    let mut room =
        Room::joined(9, settings(), &[voters(&[1; 6]), [voter(9, 1, 2)].into()].concat(), &[(1, true), (2, true)]);
    (0..6).for_each(|other| room.come(other));
    room.die(0);
    room.wait(secs(5));
    assert_eq!((losses(&room, &[0]), room.asked.len()), ([SUSPECT].into(), 3));
    room.die(1);
    room.wake();
    assert_eq!((losses(&room, &[1]), room.asked.len()), ([SUSPECT].into(), 3), "a silent domain is not asked again");
    // Somebody tells that it heard 2 before the silence.
    room.hear_at(2, at(101));
    room.die(4);
    room.wake();
    assert_eq!((losses(&room, &[4]), room.asked.len()), ([SUSPECT].into(), 3), "it is silent still");
    room.hear(2);
    room.die(3);
    room.wait(secs(5));
    assert_eq!((losses(&room, &[0, 1, 3]), room.asked.len()), ([SUSPECT; 3].into(), 5), "now both that are left are");
}

#[test]
fn a_domain_of_a_thousand_is_asked_no_more_than_one() {
    let mut all: Vec<Voter> = (0..1000).map(|number| voter(number, 1, 1)).collect();
    all.push(voter(1000, 1, 2));
    let mut room = Room::joined(1000, settings(), &all, &[(1, true), (2, true)]);
    room.lives.resize(1001, 1);
    // `check` walks over all, so it is left out here.
    let tell = |room: &mut Room, number: u32, boot, health| {
        let word = word(number, boot, health);
        room.quorum.on_member(&word, room.now, &mut room.rng).expect("there is room");
    };
    (0..1000).for_each(|number| tell(&mut room, number, 2, Health::Alive));
    let mut due = 0;
    for number in 0..1000 {
        tell(&mut room, number, 2, Health::Dead);
        // They die one by one, over fifty seconds.
        room.now = room.now.after(Duration::from_millis(50));
        while room.quorum.next_deadline() <= room.now {
            due += 1;
            match room.quorum.on_deadline(room.now, &mut room.rng) {
                Some(Verdict::Ask(mate)) => room.asked.push(mate),
                Some(Verdict::Lost(id, loss)) => room.lost.push((id, loss)),
                Some(Verdict::Standing(_)) | None => {}
            }
        }
    }
    assert_eq!(room.asked.len(), 3, "the questions about one loss");
    assert_eq!(room.lost.len(), 1000, "each is told once");
    assert!(room.lost.iter().all(|&(_, loss)| loss == Loss::SuspectDown));
    assert!(due < 1010, "{due} calls, one for each thing to do");
    room.quorum.check();
}

#[test]
fn observers_spread_over_mates_and_time() {
    let all = [voters(&[1; 32]), (32..64).map(|number| voter(number, 1, 2)).collect()].concat();
    let (mut first, mut times) = (Vec::new(), Vec::new());
    for own in 32..64 {
        let mut room = Room::joined(own, settings(), &all, &[(1, true), (2, true)]);
        (0..32).for_each(|other| room.come(other));
        room.die(0);
        times.push(room.quorum.next_deadline());
        room.wait(secs(1));
        first.push(room.asked[0]);
    }
    let distinct = |mut ids: Vec<NodeId>| {
        ids.sort_unstable();
        ids.dedup();
        ids.len()
    };
    assert_eq!(distinct(first), 14, "different mates are asked first by 32 observers");
    times.sort_unstable();
    assert!(times[31].since(times[0]) > Duration::from_millis(800), "spread over a second");
}

#[test]
fn without_the_setting_nobody_is_asked() {
    let quiet = Settings { suspect_down: None, ..settings() };
    let mut room = Room::joined(4, quiet, &voters(&[1, 1, 2, 2, 3, 3]), &[(1, true), (2, true), (3, true)]);
    (0..4).for_each(|other| room.come(other));
    room.die(0);
    room.leave(1);
    room.wait(secs(100));
    assert_eq!((losses(&room, &[0, 1]), room.asked.len()), ([None, None].into(), 0));
}

#[test]
fn who_leaves_asks_nobody() {
    let mut room = six(4);
    room.die(0);
    let change = room.quorum.on_leave(room.now);
    room.note(change);
    room.wait(secs(10));
    assert_eq!((room.asked.len(), room.lost.len()), (0, 0));
}
