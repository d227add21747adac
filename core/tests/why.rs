//! Why is a member suspected or dead? What the view and the events say, between real nodes.

use crate::harness;

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{World, id_of};
use quidnunc_core::{
    Command, Config, Event, Evidence, Health, Instant, MemberChange, NodeId, ProbeView, Reason, Said, Why,
};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

fn met(count: usize, config: Config, seed: u64) -> World {
    let mut world = World::met(count, config, seed);
    world.run(15 * SECOND);
    world
}

fn why(world: &World, of: usize, about: usize) -> Why {
    world.node(of).view().why(id_of(about)).expect("it is known")
}

/// What one peer reported about another since then.
fn changes(world: &World, of: usize, about: usize, since: Duration) -> Vec<MemberChange> {
    let member = |(at, event)| {
        let Event::Member(change) = event else { return None };
        (at >= since && change.id == id_of(about)).then_some(change)
    };
    world.events(of).filter_map(member).collect()
}

/// Runs until somebody finds the last peer silent by its own probe. Returns who, and the event's evidence.
fn first_accusation(world: &mut World) -> (usize, Box<Evidence>) {
    let (last, since) = (world.peers.len() - 1, world.now);
    for _ in 0..20_000 {
        world.run(MILLI);
        for peer in 0..last {
            let changes = changes(world, peer, last, since);
            if let Some(change) = changes.into_iter().find(|change| change.reason == Reason::Silence) {
                return (peer, change.evidence.expect("a suspicion has evidence"));
            }
        }
    }
    panic!("nobody accuses")
}

fn words(probe: &ProbeView) -> Vec<Said> {
    probe.helpers.iter().map(|helper| helper.said).collect()
}

#[test]
fn whoever_accuses_says_which_helpers_it_asked_and_what_they_said() {
    let mut world = met(6, Config::lan(), 1);
    world.kill(5);
    let (accuser, evidence) = first_accusation(&mut world);
    let accused_at = world.instant();
    assert_eq!(evidence.accusers, [id_of(accuser)]);
    assert_eq!(
        (evidence.source, evidence.death_from, &evidence.last_chance, evidence.heard),
        (None, None, &None, None)
    );
    let probe = evidence.probe.clone().expect("its own probe");
    assert_eq!(words(&probe), [Said::NoAnswer; 3]);
    let helpers: BTreeSet<NodeId> = probe.helpers.iter().map(|helper| helper.id).collect();
    assert_eq!(helpers.len(), 3);
    assert!(!helpers.contains(&id_of(accuser)) && !helpers.contains(&id_of(5)));
    assert_eq!((probe.direct_wait, probe.answered), (Config::lan().probe_timeout, false));
    assert!(accused_at.since(probe.until) <= MILLI, "it is judged when it accuses");
    assert_eq!(probe.until.since(probe.sent.expect("it was sent")), Config::lan().period);
    let seen = why(&world, accuser, 5);
    assert_eq!((seen.health, seen.reason, seen.since), (Health::Suspect, Reason::Silence, Some(probe.until)));
    assert_eq!(seen.evidence, Some(*evidence), "the view says what the event said");
}

#[test]
fn helpers_that_hear_nothing_say_nothing() {
    let mut world = met(6, Config::lan(), 1);
    // The prober is cut off: neither its target nor any helper hears it.
    world.peers[5].side = 1;
    let since = world.now;
    world.run(3 * SECOND);
    let changes: Vec<MemberChange> = (0..5).flat_map(|about| changes(&world, 5, about, since)).collect();
    let first = changes.first().expect("it accuses somebody");
    let probe = first.evidence.as_ref().and_then(|evidence| evidence.probe.as_ref()).expect("by its own probe");
    assert_eq!(words(probe), [Said::Nothing; 3]);
}

#[test]
fn whoever_heard_of_it_names_source_and_accusers() {
    let mut world = met(6, Config::lan(), 3);
    let since = world.now;
    world.kill(5);
    let (accuser, _) = first_accusation(&mut world);
    world.run(400 * MILLI);
    for peer in (0..5).filter(|&peer| peer != accuser) {
        let changes = changes(&world, peer, 5, since);
        let [change] = &changes[..] else { panic!("one suspicion at {}: {changes:?}", peer + 1) };
        assert_eq!((change.health, change.reason), (Health::Suspect, Reason::Rumour));
        let evidence = change.evidence.as_ref().expect("a suspicion has evidence");
        assert_eq!(evidence.accusers, [id_of(accuser)]);
        assert_eq!((&evidence.probe, &evidence.last_chance), (&None, &None), "it did not find out by itself");
        let source = evidence.source.expect("somebody told it");
        assert!((0..5).any(|other| other != peer && source == id_of(other)));
        assert_eq!(change.hops > 1, source != id_of(accuser), "the first hop is the accuser's");
    }
    world.run(4 * SECOND);
    let seen = why(&world, accuser, 5).evidence.expect("it is suspected");
    assert!(seen.accusers.len() > 1 && seen.accusers[0] == id_of(accuser), "others accuse as well: {seen:?}");
}

#[test]
fn a_dead_member_was_convicted_by_somebody_for_a_reason() {
    let mut world = met(6, Config::lan(), 1);
    let since = world.now;
    world.kill(5);
    world.run(40 * SECOND);
    let mut verdicts = BTreeSet::new();
    for peer in 0..5 {
        let seen = why(&world, peer, 5);
        let changes = changes(&world, peer, 5, since);
        let [.., dead] = &changes[..] else { panic!("nothing at {}", peer + 1) };
        assert_eq!((dead.health, dead.reason), (Health::Dead, seen.reason));
        let evidence = seen.evidence.expect("it is dead");
        assert_eq!(dead.evidence.as_deref(), Some(&evidence));
        assert_eq!(evidence.accusers.len(), 3, "as many as a suspicion wants, at {}", peer + 1);
        let chance = evidence.last_chance;
        if seen.reason == Reason::Expiry {
            let chance = chance.expect("it was asked once more");
            assert_eq!(evidence.source, None, "its own verdict");
            assert_eq!(words(&chance), [Said::Nothing; 3]);
            assert_eq!((Some(chance.until), chance.answered), (seen.since, false), "then it was over");
            let sent = chance.sent.expect("it was sent");
            assert_eq!(chance.until.since(sent), Config::lan().probe_timeout);
        } else {
            assert_eq!(seen.reason, Reason::Rumour, "nothing else kills");
            let source = evidence.source.expect("somebody's word");
            assert_eq!(evidence.death_from, Some(source));
            assert!((0..5).any(|other| other != peer && source == id_of(other)));
        }
        verdicts.insert(seen.reason);
    }
    assert_eq!(verdicts, [Reason::Rumour, Reason::Expiry].into());
}

/// A member that stands still for a while is accused, and contradicts when it hears of it.
#[test]
fn nothing_is_kept_of_whoever_contradicts() {
    let mut world = met(6, Config::lan(), 1);
    world.peers[5].side = 1;
    let (accuser, _) = first_accusation(&mut world);
    world.peers[5].side = 0;
    world.run(10 * SECOND);
    for peer in 0..5 {
        let seen = why(&world, peer, 5);
        assert_eq!((seen.health, seen.since, seen.evidence), (Health::Alive, None, None), "at {}", peer + 1);
    }
    let alive = changes(&world, accuser, 5, Duration::ZERO).pop().expect("the contradiction");
    assert_eq!((alive.health, alive.evidence), (Health::Alive, None));
}

/// The suspect answers what it is asked, but its contradiction is too late: the answers are there to be seen.
#[test]
fn answers_that_come_too_late_are_seen() {
    let mut world = met(6, Config::lan(), 1);
    // Each way takes longer than the whole probe.
    world.delay = 700 * MILLI;
    let mut late = BTreeSet::new();
    for _ in 0..40 {
        world.run(250 * MILLI);
        for (of, about) in (0..6).flat_map(|of| (0..6).map(move |about| (of, about))) {
            let probe = why(&world, of, about).evidence.and_then(|evidence| evidence.probe);
            late.extend(probe.filter(|probe| probe.answered).map(|_| of));
        }
    }
    assert!(late.len() >= 3, "{late:?}");
}

#[test]
fn whoever_lives_or_went_is_known_from_somebody() {
    let mut world = met(4, Config::lan(), 1);
    let own = why(&world, 2, 2);
    assert_eq!(own, Why { health: Health::Alive, reason: Reason::Own, since: None, evidence: None });
    let reasons: BTreeSet<Reason> = (0..4).map(|about| why(&world, 3, about).reason).collect();
    assert!(reasons.contains(&Reason::Repair), "a welcome names who is there: {reasons:?}");
    world.command(2, Command::Leave).expect("taken");
    world.run(SECOND);
    let left = why(&world, 0, 2);
    assert_eq!((left.health, left.reason), (Health::Left, Reason::Rumour));
    let evidence = left.evidence.expect("it is not alive");
    assert!(evidence.source.is_some() && evidence.accusers.is_empty() && evidence.probe.is_none(), "{evidence:?}");
    world.kill(3);
    world.run(40 * SECOND);
    world.command(0, Command::Remove { id: id_of(3) }).expect("taken");
    let removed = why(&world, 0, 3);
    assert_eq!((removed.health, removed.reason), (Health::Removed, Reason::Command));
    assert_eq!(removed.evidence, Some(Evidence::default()), "the case against the dead is closed");
}

#[test]
fn a_missed_heartbeat_says_when_it_was_heard() {
    let mut world = met(6, Config::heartbeat(), 1);
    world.kill(5);
    let (since, killed): (Duration, Instant) = (world.now, world.instant());
    let silent = (0..600).any(|_| {
        world.run(SECOND / 4);
        world.belief(0, 5) == Some(Health::Dead)
    });
    assert!(silent, "it is missed");
    let seen = why(&world, 0, 5);
    assert_eq!((seen.health, seen.reason), (Health::Dead, Reason::Silence));
    let evidence = seen.evidence.expect("it is dead");
    assert_eq!(evidence.accusers, [id_of(0)]);
    let (heard, given_up) = (evidence.heard.expect("it was heard"), seen.since.expect("it is dead"));
    assert!(given_up > heard && given_up > killed, "{heard}, {given_up}");
    assert!(given_up.since(heard) >= world.node(0).view().failure_time().expect("a rule"));
    let [dead] = &changes(&world, 0, 5, since)[..] else { panic!("one change") };
    assert_eq!(dead.evidence.as_deref(), Some(&evidence));
}
