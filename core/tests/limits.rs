//! The laws of the interface that set a limit: a packet's bytes (L6), what lateness may do (L9), how long
//! a death may stay unseen (L10), how long a flood may hold a timer back (L11).

use crate::harness;

use std::time::Duration;

use harness::{Chance, Line, Options, Out, World, addr_of, assert_same, cases, id_of};
use proptest::prelude::*;
use quidnunc_core::{Command, Config, Event, Health, Input, Instant, Node, Purpose, Reason, Stats};

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

const FRAME_BYTES: usize = 12;

/// No record is longer than this, its length byte included.
const RECORD_BYTES_MAX: usize = 66;

fn any_epoch() -> impl Strategy<Value = Instant> {
    prop_oneof![Just(0), 1..1_u64 << 62].prop_map(Instant::from_nanos)
}

/// A cluster that has come to rest.
fn settled(count: usize, seed: u64, epoch: Instant) -> World {
    let mut world = World::new(count, Config::lan(), Options::plain(seed, epoch));
    world.meet();
    world.run(10 * SECOND);
    world
}

/// What comes out of a node after one input, as lines.
fn outputs(node: &mut Node, now: Instant) -> Vec<Line> {
    let (mut lines, mut bytes) = (Vec::new(), [0; 1232]);
    let line = |out| Line { at: Duration::ZERO, peer: 0, out };
    while let Some(event) = node.poll_event() {
        lines.push(line(Out::Event(event)));
    }
    while let Some(transmit) = node.poll_transmit(now, &mut bytes) {
        let bytes = bytes[..transmit.len].to_vec();
        lines.push(line(Out::Packet { to: transmit.to, purpose: transmit.purpose, bytes }));
    }
    node.check();
    lines
}

/// The lengths of the records that a datagram carries, in order.
fn record_lengths(datagram: &[u8]) -> Vec<usize> {
    let (mut rest, mut lengths) = (&datagram[FRAME_BYTES..], Vec::new());
    while let [kind, head @ ..] = rest {
        let size = head.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
        let len = head[..size].iter().rev().fold(0, |len, byte| len << 7 | usize::from(byte & 0x7f));
        let mut content = &head[size..size + len];
        while let ([length, tail @ ..], 0x40 | 0x41) = (content, kind) {
            lengths.push(usize::from(*length) + 1);
            content = &tail[usize::from(*length)..];
        }
        rest = &head[size + len..];
    }
    lengths
}

/// Whether a peer ever accused another because of its own silence.
fn accused_by_silence(world: &World, peer: usize) -> bool {
    world.events(peer).any(|(_, event)| matches!(event, Event::Member(change) if change.reason == Reason::Silence))
}

proptest! {
    #![proptest_config(cases::one_in(4))]

    #[test]
    fn l6_a_packet_is_full_or_carries_every_rumour(seed: u64, count in 20..60_usize, budget in 512..1400_usize) {
        let config = Config { datagram_bytes_max: budget, ..Config::lan() };
        let mut world = World::new(count, config, Options::plain(seed, Instant::from_nanos(0)));
        for peer in 1..count {
            world.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
        }
        // At its first tick the seed knows everybody, and has told hardly anybody.
        world.run(205 * MILLI);
        let gossip: Vec<&[u8]> = packets(&world, 0, Purpose::Gossip).collect();
        prop_assert!(!gossip.is_empty(), "a gossip tick tells");
        for bytes in gossip {
            let records = record_lengths(bytes).len();
            let full = bytes.len() + RECORD_BYTES_MAX > budget;
            prop_assert!(full || records == count, "{} of {budget} bytes, {records} of {count} rumours", bytes.len());
        }
    }

    #[test]
    fn l9_a_very_late_timeout_does_nothing_but_move_every_deadline(seed: u64, late in 501..3_600_000_u32, epoch in any_epoch()) {
        let world = settled(3, seed, epoch);
        let (mut punctual, mut tardy) = (world.node(0).clone(), world.node(0).clone());
        let mut at = punctual.poll_timeout().expect("a member probes").at;
        let woken = at.after(MILLI * late);
        tardy.handle(woken, Input::Timeout).expect("a timeout is never refused");
        prop_assert!(outputs(&mut tardy, woken).is_empty(), "whatever is due may be answered in the socket");
        let lag = tardy.poll_timeout().expect("a member probes").at.since(at);
        prop_assert!(lag > MILLI * late && lag <= MILLI * late + Config::lan().period);
        for _ in 0..20 {
            for (node, now) in [(&mut punctual, at), (&mut tardy, at.after(lag))] {
                node.handle(now, Input::Timeout).expect("a timeout is never refused");
            }
            let one = outputs(&mut punctual, at);
            let late = outputs(&mut tardy, at.after(lag));
            let other: Vec<_> = late.into_iter().map(|line| line.since(Instant::from_nanos(0).after(lag))).collect();
            assert_same("lateness shows", &one, &other);
            let next = punctual.poll_timeout().expect("a member probes").at;
            prop_assert_eq!(tardy.poll_timeout().map(|wakeup| wakeup.at), Some(next.after(lag)));
            at = next;
        }
        let stats = Stats { freezes: 1, ..*punctual.view().stats() };
        prop_assert_eq!(&stats, tardy.view().stats());
    }

    #[test]
    fn l9_a_slightly_late_timeout_counts_once(seed: u64, late in 0..=500_u32, epoch in any_epoch()) {
        let mut node = settled(3, seed, epoch).node(0).clone();
        for _ in 0..20 {
            let now = node.poll_timeout().expect("a member probes").at.after(MILLI * late);
            node.handle(now, Input::Timeout).expect("a timeout is never refused");
            let mut twice = node.clone();
            twice.handle(now, Input::Timeout).expect("a timeout is never refused");
            assert_same("the second timeout shows", &outputs(&mut node, now), &outputs(&mut twice, now));
            prop_assert!(node.poll_timeout().is_some_and(|wakeup| wakeup.at > now));
            prop_assert_eq!(node.view().stats().freezes, 0);
        }
    }

    #[test]
    fn l9_time_never_runs_backwards(seed: u64, backs in prop::collection::vec(1..u64::MAX / 2, 1..20)) {
        let mut world = settled(3, seed, Instant::from_nanos(1 << 62));
        let latest = world.instant();
        for (count, &back) in (1..).zip(&backs) {
            let earlier = Instant::from_nanos(latest.as_nanos().saturating_sub(back));
            let (from, bytes) = world.peers[0].heard[usize::try_from(back % 8).expect("below eight")].clone();
            let mut clamped = world.node(0).clone();
            let node = &mut world.peers[0].node;
            let input = Input::Datagram { from, bytes: &bytes };
            prop_assert_eq!(node.handle(earlier, input), clamped.handle(latest, input));
            prop_assert_eq!(node.view().stats().clock_backwards, count);
            assert_same("an older time shows", &outputs(node, earlier), &outputs(&mut clamped, latest));
            prop_assert_eq!(node.poll_timeout(), clamped.poll_timeout());
            // The backwards poll was counted too, if anything waited; start the next round from equal counters.
            world.peers[0].node = clamped;
            world.peers[0].node.handle(earlier, Input::Timeout).expect("a timeout is never refused");
            let stats = world.node(0).view().stats().clock_backwards;
            prop_assert_eq!(stats, count);
        }
    }

    #[test]
    fn l9_a_frozen_process_accuses_nobody(
        seed: u64, start in 0..2000_u32, gap in 500..60_000_u32, epoch in any_epoch()
    ) {
        let mut world = settled(3, seed, epoch);
        world.run(MILLI * start);
        world.peers[0].frozen_until = world.now + MILLI * gap;
        world.run(MILLI * gap + 60 * SECOND);
        prop_assert!(!accused_by_silence(&world, 0));
        for (of, about) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)] {
            prop_assert_eq!(world.belief(of, about), Some(Health::Alive), "{} of {}", of + 1, about + 1);
        }
    }

    #[test]
    fn l10_a_death_is_seen_in_time(seed: u64, count in 2..8_usize, start in 0..5000_u32, epoch in any_epoch()) {
        let mut world = settled(count, seed, epoch);
        world.run(MILLI * start);
        let victim = count - 1;
        world.kill(victim);
        let killed = world.now;
        let Config { period, suspicion_mult, .. } = world.config;
        let rounds = period * u32::try_from(2 * count - 1).expect("a small world");
        // One period for the probe itself, one for the rumour of the death.
        let bound = rounds + period + period * suspicion_mult + period;
        world.run(bound);
        for peer in 0..victim {
            prop_assert_eq!(world.belief(peer, victim), Some(Health::Dead), "{} after {:?}", peer + 1, bound);
            let dead = world.events(peer).any(|(at, event)| {
                at > killed && matches!(event, Event::Member(change) if change.id == id_of(victim) && change.health == Health::Dead)
            });
            prop_assert!(dead, "{} reports it", peer + 1);
        }
    }

    #[test]
    fn l11_no_flood_holds_a_timer_back(seed: u64, flood: u64, epoch in any_epoch()) {
        let mut world = settled(3, seed, epoch);
        let mut chance = Chance::new(flood);
        for _ in 0..20 {
            let due = world.timer_at(0).expect("a member probes");
            world.run(due.saturating_sub(world.now).saturating_sub(Duration::from_nanos(1)));
            let now = world.node(0).poll_timeout().expect("a member probes").at;
            let heard = world.peers[0].heard.clone();
            let node = &mut world.peers[0].node;
            let mut ran = false;
            for _ in 0..64 {
                let (from, mut bytes) = heard[chance.below(heard.len())].clone();
                if chance.below(2) == 0 {
                    bytes.truncate(chance.below(bytes.len()));
                }
                let _ = node.handle(now, Input::Datagram { from, bytes: &bytes });
                ran |= node.poll_timeout().is_some_and(|wakeup| wakeup.at > now);
            }
            prop_assert!(ran, "64 datagrams, and the timer of {:?} has not run", now);
            outputs(node, now);
        }
    }
}

fn packets(world: &World, of: usize, wanted: Purpose) -> impl Iterator<Item = &[u8]> {
    world.log.iter().filter(move |line| line.peer == of).filter_map(move |line| match &line.out {
        Out::Packet { purpose, bytes, .. } if *purpose == wanted => Some(&bytes[..]),
        Out::Packet { .. } | Out::Event(_) => None,
    })
}
