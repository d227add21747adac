//! Whatever becomes of streams and peers: each letter is answered for once, and comes in order and at most once.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use quidnunc_core::{Command, Config, Event, Input, StreamId, StreamLimits};

use super::harness::{Out, World, addr_of, cases, id_of};
use super::{MILLI, SECOND};

const PEERS: usize = 3;
/// More than a letter may have.
const BYTES: usize = 600;

fn config() -> Config {
    let streams = StreamLimits { most: 3, idle: 2 * SECOND, message_bytes_max: BYTES };
    Config { streams: Some(streams), datagram_bytes_max: 512, ..Config::lan() }
}

/// Something that happens to peers that send letters to each other.
#[derive(Debug, Clone)]
enum Step {
    Send {
        from: usize,
        to: usize,
        len: usize,
    },
    /// Bytes that were written at some time come again, on a stream of their own.
    Again {
        peer: usize,
        which: usize,
    },
    Cut,
    /// Streams cannot be opened by a peer, or can be again.
    Closed {
        peer: usize,
    },
    /// A peer is cut off, or is not any more.
    Side {
        peer: usize,
    },
    Freeze {
        peer: usize,
        millis: u32,
    },
    Restart {
        peer: usize,
    },
    Leave {
        peer: usize,
    },
    Run {
        millis: u32,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    let peer = || 0..PEERS;
    prop_oneof![
        12 => (peer(), peer(), 16..BYTES).prop_map(|(from, to, len)| Step::Send { from, to, len }),
        3 => (peer(), any::<usize>()).prop_map(|(peer, which)| Step::Again { peer, which }),
        2 => Just(Step::Cut),
        1 => peer().prop_map(|peer| Step::Closed { peer }),
        1 => peer().prop_map(|peer| Step::Side { peer }),
        1 => (peer(), 0..4000_u32).prop_map(|(peer, millis)| Step::Freeze { peer, millis }),
        1 => peer().prop_map(|peer| Step::Restart { peer }),
        1 => peer().prop_map(|peer| Step::Leave { peer }),
        6 => (0..80_u32).prop_map(|millis| Step::Run { millis }),
        2 => (0..5000_u32).prop_map(|millis| Step::Run { millis }),
    ]
}

/// A life of a peer.
type Life = (usize, u64);

/// What has been sent, and what has come of it.
#[derive(Debug, Default)]
struct Record {
    lives: [u64; PEERS],
    /// The letters that each life has given, and to whom.
    given: BTreeMap<Life, BTreeMap<u64, usize>>,
    /// How each life's letters have ended: whether well.
    ended: BTreeMap<Life, BTreeMap<u64, bool>>,
    /// What has come, by the lives of sender and receiver.
    came: BTreeMap<(Life, Life), Vec<u64>>,
    number: u64,
    again: u64,
}

impl Record {
    fn life(&self, peer: usize) -> Life {
        (peer, self.lives[peer])
    }

    /// The number of a letter and the life of its sender stand in its first bytes.
    fn letter(&self, from: usize, len: usize) -> Vec<u8> {
        let head = [self.number.to_le_bytes(), self.lives[from].to_le_bytes()].concat();
        [head, vec![7; len - 16]].concat()
    }

    fn send(&mut self, world: &mut World, (from, to): (usize, usize), len: usize) {
        self.number += 1;
        let bytes = self.letter(from, len);
        let command = Command::Send { to: id_of(to), number: self.number, bytes: &bytes };
        if world.command(from, command).is_ok() {
            self.given.entry(self.life(from)).or_default().insert(self.number, to);
        }
    }

    /// Takes what the peers have reported since the last time.
    fn read(&mut self, world: &mut World) {
        for line in std::mem::take(&mut world.log) {
            let life = self.life(line.peer);
            match line.out {
                Out::Event(Event::Sent { number }) => self.end(life, number, true),
                Out::Event(Event::NotSent { number, .. }) => self.end(life, number, false),
                Out::Event(Event::Message { from, bytes }) => {
                    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
                    let sender = (0..PEERS).find(|&peer| id_of(peer) == from).expect("a peer");
                    self.came.entry(((sender, word(8)), life)).or_default().push(word(0));
                }
                Out::Event(_) | Out::Packet { .. } => {}
            }
        }
    }

    fn end(&mut self, life: Life, number: u64, well: bool) {
        let before = self.ended.entry(life).or_default().insert(number, well);
        assert_eq!(before, None, "{life:?} answers for {number} once");
    }

    /// Asserts what holds when all is over.
    fn judge(&self) {
        let none = BTreeMap::new();
        for (life, given) in &self.given {
            let ended = self.ended.get(life).unwrap_or(&none);
            assert!(ended.keys().all(|number| given.contains_key(number)), "{life:?} answers for nothing else");
            if *life == self.life(life.0) {
                assert!(given.keys().all(|number| ended.contains_key(number)), "{life:?} answers for everything");
            }
            for (number, _) in ended.iter().filter(|(_, well)| **well) {
                let is_there = |(&(from, to), came): (&(Life, Life), &Vec<u64>)| {
                    from == *life && to.0 == given[number] && came.contains(number)
                };
                assert!(self.came.iter().any(is_there), "what is confirmed has come: {number} of {life:?}");
            }
        }
        let mut all = BTreeSet::new();
        for (&(from, to), came) in &self.came {
            assert!(came.is_sorted_by(|one, other| one < other), "{from:?} to {to:?}, in order and once: {came:?}");
            for number in came {
                assert_eq!(self.given[&from].get(number), Some(&to.0), "what comes was given, for whom it comes to");
                assert!(all.insert(*number), "no two lives get {number}");
            }
        }
    }
}

/// Bytes that somebody wrote come to a peer again. What it would answer is lost with the stream.
fn again(world: &mut World, peer: usize, which: usize, number: u64) {
    let Some(place) = which.checked_rem(world.wires.written.len()) else { return };
    let bytes = world.wires.written[place].2.clone();
    let (id, now) = (StreamId::Accepted(1_000_000 + number), world.instant());
    let node = &mut world.peers[peer].node;
    if node.handle(now, Input::StreamOpened { id }).is_ok() {
        let _ = node.handle(now, Input::StreamBytes { id, bytes: &bytes });
        let _ = node.handle(now, Input::StreamClosed { id });
    }
    node.check();
}

fn take(world: &mut World, record: &mut Record, step: &Step) {
    match *step {
        Step::Send { from, to, len } => record.send(world, (from, to), len),
        Step::Again { peer, which } => {
            record.again += 1;
            again(world, peer, which, record.again);
        }
        Step::Cut => world.cut_wires(),
        Step::Closed { peer } => {
            if !world.wires.closed.remove(&peer) {
                world.wires.closed.insert(peer);
            }
        }
        Step::Side { peer } => world.peers[peer].side = 1 - world.peers[peer].side,
        Step::Freeze { peer, millis } => world.peers[peer].frozen_until = world.now + millis * MILLI,
        Step::Restart { peer } => {
            record.read(world);
            record.lives[peer] += 1;
            world.restart(peer);
            let seed = addr_of((peer + 1) % PEERS);
            world.command(peer, Command::Join { seeds: &[seed] }).expect("a join is taken");
        }
        Step::Leave { peer } => drop(world.command(peer, Command::Leave)),
        Step::Run { millis } => world.run(millis * MILLI),
    }
    record.read(world);
}

fn run(steps: &[Step], piece: usize, seed: u64) -> Record {
    let mut world = World::met(PEERS, config(), seed);
    world.wires.piece = piece;
    world.log.clear();
    let mut record = Record::default();
    steps.iter().for_each(|step| take(&mut world, &mut record, step));
    world.run(20 * SECOND);
    record.read(&mut world);
    record
}

proptest! {
    #![proptest_config(cases::one_in(1))]

    #[test]
    fn each_letter_is_answered_for_once_and_comes_in_order(
        steps in prop::collection::vec(any_step(), 1..120),
        piece in prop_oneof![Just(1_usize), Just(50), Just(4000)],
        seed in 0..4_u64,
    ) {
        run(&steps, piece, seed).judge();
    }
}

/// The law says something: in this run letters come, are confirmed, and are lost.
#[test]
fn the_law_is_about_letters_that_come_and_letters_that_do_not() {
    let mut steps = Vec::new();
    for round in 0..10 {
        steps.extend((0..8).map(|to| Step::Send { from: 0, to: 1 + to % 2, len: 20 }));
        steps.push(Step::Run { millis: 25 + 10 * round });
        steps.push(Step::Cut);
        steps.push(Step::Run { millis: 100 });
    }
    let record = run(&steps, 4000, 1);
    record.judge();
    let ended = &record.ended[&(0, 0)];
    let (well, badly): (Vec<bool>, Vec<bool>) = ended.values().partition(|well| **well);
    let came: usize = record.came.values().map(Vec::len).sum();
    assert_eq!(ended.len(), 80);
    assert!(well.len() > 10 && badly.len() > 10, "{} came well, {} badly", well.len(), badly.len());
    assert!(came > well.len(), "some came whose confirmation was lost");
}
