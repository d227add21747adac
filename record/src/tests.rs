//! Three nodes talk while the first is recorded; then it does it again.

use core::net::SocketAddr;
use core::time::Duration;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use quidnunc_core::{
    Command, Config, Domain, GroupDef, GroupOrder, Identity, InfoSettings, InfoValue, Input, Instant, KeyPattern,
    KeyRule, Node, NodeId, Voter, Voters,
};

use super::replay::Replay;
use super::tape::MAGIC;
use super::*;

/// What a recording has come to, shared with whoever made it.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("nobody panics with it").clone()
    }

    pub(crate) fn recorder(
        &self,
        part_bytes: usize,
        mut takes: impl FnMut(usize) -> Taken + Send + 'static,
    ) -> Recorder {
        let (kept, mut pieces) = (self.clone(), 0);
        Recorder::new(about(), part_bytes, Duration::from_secs(1), move |bytes: Vec<u8>, _| {
            pieces += 1;
            let taken = takes(pieces);
            if taken == Taken::Yes {
                kept.0.lock().expect("nobody panics with it").extend(bytes);
            }
            taken
        })
    }
}

fn about() -> About {
    About { program: "test 1".into(), name: "n1".into() }
}

/// What nobody is to see.
pub(crate) const SECRET: &str = "a value that nobody is to see";
pub(crate) const SECRET_KEY: &[u8] = b"maps/first key";
pub(crate) const SECRET_INFO: &[u8] = b"infos/first key";

fn addr_of(node: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, u8::try_from(node + 1).expect("few")], 7946))
}

fn born(node: usize) -> Recorded {
    let config = Config { infos: Some(InfoSettings::default()), ..Config::lan() };
    let id = NodeId::from_u128(node as u128 + 1);
    let identity = Identity { id, boot: 1, addr: addr_of(node), domain: Domain::NONE };
    Recorded::from(Node::new(config, identity, 7, Instant::from_nanos(0), None).expect("the config is valid"))
}

/// Lets three nodes live for a while, one step every ten milliseconds; the third one stops half-way, and every ninth packet
/// is lost. The first is recorded from its second second on.
fn live(seconds: u64, mut recorder: Option<Recorder>) {
    let (mut nodes, mut lost) = ([0, 1, 2].map(born), 0_u32);
    for tick in 0..seconds * 100 {
        let now = Instant::from_nanos(tick * 10_000_000);
        if tick == 200 {
            recorder.take().into_iter().for_each(|recorder| nodes[0].record(recorder));
        }
        if tick == 100 {
            nodes[1].handle(now, Input::Command(Command::Join { seeds: &[addr_of(0)] })).expect("it may");
            nodes[2].handle(now, Input::Command(Command::Join { seeds: &[addr_of(0)] })).expect("it may");
        }
        if tick % 70 == 69 {
            let value = format!("{SECRET} {tick}").into_bytes();
            nodes[0].handle(now, Input::Command(Command::Put { key: SECRET_KEY, value: &value })).expect("it may");
            let (value, ttl) = (InfoValue::Text(SECRET), Some(Duration::from_secs(3)));
            let info = Command::AddInfo { key: SECRET_INFO, value, ttl };
            nodes[1].handle(now, Input::Command(info)).expect("it may");
        }
        let running = if tick < seconds * 50 { 3 } else { 2 };
        for node in 0..running {
            if nodes[node].poll_timeout().is_some_and(|wakeup| wakeup.at <= now) {
                nodes[node].handle(now, Input::Timeout).expect("time passes");
            }
            let mut buffer = [0; 1232];
            while let Some(transmit) = nodes[node].poll_transmit(now, &mut buffer) {
                lost += 1;
                let to = (0..running).find(|&to| addr_of(to) == transmit.to).filter(|_| !lost.is_multiple_of(9));
                if let Some(to) = to {
                    let input = Input::Datagram { from: addr_of(node), bytes: &buffer[..transmit.len] };
                    nodes[to].handle(now, input).expect("nothing is wrong with it");
                }
            }
            if tick % 5 == 0 {
                nodes[node].retain_events(|event| !matches!(event, quidnunc_core::Event::Info(_)));
            }
            while nodes[node].poll_event().is_some() {}
            nodes[node].turn(now, || 1_700_000_000_000);
        }
    }
}

/// Counts what was reported.
#[derive(Default)]
struct Events(usize);

impl Watch for Events {
    fn on_call(&mut self, _at: Instant, _call: &Call<'_>, given: &Given, _node: &Node) {
        self.0 += usize::from(matches!(given, Given::Event(_)));
    }
}

fn openings<'a>(tape: &'a Tape<'a>) -> impl Iterator<Item = &'a Opening<'a>> {
    tape.pieces.iter().filter_map(|piece| match piece {
        Piece::Opening(opening) => Some(opening),
        Piece::Steps(_) => None,
    })
}

/// Plays everything; returns how many parts there were.
pub(crate) fn parts(tape: &Tape<'_>) -> u64 {
    play(tape, &mut ()).expect("the same again").parts
}

pub(crate) fn recorded(part_bytes: usize, takes: impl FnMut(usize) -> Taken + Send + 'static) -> Vec<u8> {
    let kept = Kept::default();
    live(60, Some(kept.recorder(part_bytes, takes)));
    kept.bytes()
}

#[test]
fn what_was_recorded_in_the_middle_of_a_life_happens_again_to_the_byte() {
    let bytes = recorded(usize::MAX, |_| Taken::Yes);
    let tape = Tape::read(&bytes).expect("it was written just now");
    let opening = tape.opening().expect("it has one");
    assert_eq!((opening.name, opening.program, opening.at), ("n1", "test 1", 2_000_000_000));
    assert_eq!(tape.cut, 0);
    let mut events = Events::default();
    let Played { parts, calls, took } = play(&tape, &mut events).expect("the same again");
    assert_eq!((parts, calls, took.as_secs()), (1, tape.steps(), 57));
    assert!(events.0 > 20 && calls > 5000, "{} events of {calls} calls", events.0);
}

#[test]
fn a_long_recording_has_parts_each_of_which_is_played_by_itself() {
    let bytes = recorded(20_000, |_| Taken::Yes);
    let tape = Tape::read(&bytes).expect("it was written just now");
    // Each goes on from what the one before has come to.
    let all = parts(&tape);
    assert!(all > 5, "{all}");
    let second = bytes.windows(MAGIC.len()).enumerate().filter(|(_, window)| window == MAGIC).nth(1).expect("many").0;
    let rest = Tape::read(&bytes[second..]).expect("a file may begin with any part");
    assert_eq!(parts(&rest), all - 1);
    let follows = |tape: &Tape<'_>| openings(tape).map(|opening| opening.follows).take(2).collect::<Vec<_>>();
    assert_eq!((follows(&tape), follows(&rest)), (vec![false, true], vec![false, true]), "nothing is before the first");
}

#[test]
fn when_there_is_no_room_the_recording_begins_anew() {
    let bytes = recorded(usize::MAX, |piece| if piece % 7 == 6 { Taken::Full } else { Taken::Yes });
    let tape = Tape::read(&bytes).expect("it was written just now");
    let gaps = openings(&tape).filter(|opening| !opening.follows).count();
    assert!(gaps > 3, "{gaps}");
    assert_eq!(parts(&tape), gaps as u64);
    let ended = recorded(usize::MAX, |piece| if piece == 3 { Taken::Closed } else { Taken::Yes });
    assert_eq!(Tape::read(&ended).expect("two pieces").pieces.len(), 2);
}

/// Takes everything, but has no room for a node the second time it is asked, nor the third.
struct Narrow {
    kept: Kept,
    asked: AtomicU64,
}

impl Sink for Narrow {
    fn has_room(&self) -> bool {
        !matches!(self.asked.fetch_add(1, Ordering::Relaxed), 1 | 2)
    }

    fn take(&mut self, bytes: Vec<u8>, _opens: bool) -> Taken {
        self.kept.0.lock().expect("nobody panics with it").extend(bytes);
        Taken::Yes
    }
}

#[test]
fn where_there_is_no_room_for_the_next_part_nothing_claims_to_follow() {
    let kept = Kept::default();
    let sink = Narrow { kept: kept.clone(), asked: AtomicU64::new(0) };
    live(60, Some(Recorder::new(about(), 20_000, Duration::from_secs(1), sink)));
    let bytes = kept.bytes();
    let tape = Tape::read(&bytes).expect("it was written just now");
    assert!(parts(&tape) > 3);
    let follows = openings(&tape).map(|opening| opening.follows).take(4).collect::<Vec<_>>();
    assert_eq!(follows, [false, false, true, true], "the second begins behind the gap");
}

#[test]
fn a_node_that_is_larger_than_a_part_begins_no_more_of_them() {
    for part_bytes in [0, 1, 1000, 2500] {
        let bytes = recorded(part_bytes, |_| Taken::Yes);
        let tape = Tape::read(&bytes).expect("it was written just now");
        let largest = openings(&tape).map(|opening| opening.node.len()).max().expect("one");
        assert!(largest > part_bytes, "{largest}");
        // No part but the last one is shorter than it is to be, nor does any end before something goes out.
        let nodes: usize = openings(&tape).map(|opening| opening.node.len()).sum();
        let (parts, seconds) = (usize::try_from(parts(&tape)).expect("few"), 58);
        assert!((parts - 1) * part_bytes <= bytes.len() - nodes, "{parts} parts of {part_bytes}");
        assert!(parts <= seconds, "{parts} parts of {part_bytes}");
    }
}

#[test]
fn a_packet_that_is_missing_shows() {
    let bytes = recorded(usize::MAX, |_| Taken::Yes);
    let tape = Tape::read(&bytes).expect("it was written just now");
    let mut replay = Replay::new(tape.opening().expect("it has one")).expect("it is one of ours");
    let steps = tape.pieces.iter().filter_map(|piece| match piece {
        Piece::Opening(_) => None,
        Piece::Steps(steps) => Some(*steps),
    });
    let (mut missing, mut differs) = (false, None);
    for step in steps.flatten() {
        if !missing && replay.steps() > 1000 && matches!(step.call, Call::Datagram { .. }) {
            missing = true;
        } else if let Err(error) = replay.step(&step) {
            differs = Some(error);
            break;
        }
    }
    let differs = differs.expect("nobody can answer what did not come");
    assert!(differs.to_string().contains("when it was recorded"), "{differs}");
}

#[test]
fn every_command_comes_back_as_it_was() {
    let (id, ttl) = (NodeId::from_u128(5), Duration::from_millis(7));
    let (key, value, pattern) =
        (b"key".as_slice(), b"value".as_slice(), KeyPattern { rule: KeyRule::Prefix, text: b"p" });
    let (voter, domain) = (Voter { id, domain: Domain::NONE, votes: 2 }, (Domain::from_name("a"), true));
    let question = quidnunc_core::Question { asker: id, token: 3, window: ttl };
    let commands = [
        Command::Join { seeds: &[addr_of(1), addr_of(2)] },
        Command::Put { key, value },
        Command::PutWithTtl { key, value, ttl },
        Command::PutAndWait { key, value, replicas: 3, domains: 2, timeout: ttl },
        Command::Delete { key },
        Command::Watch { prefix: key },
        Command::Unwatch { prefix: key },
        Command::Leave,
        Command::Remove { id },
        Command::Configure { epoch: 1, voters: Voters::Same, domains: Some(&[domain]) },
        Command::Configure { epoch: 2, voters: Voters::All(&[voter]), domains: None },
        Command::Configure { epoch: 3, voters: Voters::Changed { set: &[voter], dropped: &[id] }, domains: None },
        Command::Send { to: id, number: 4, bytes: value },
        Command::Note { to: id, bytes: value },
        Command::Ping { id },
        Command::Addresses { also: &[addr_of(1)] },
        Command::AddInfo { key, value: InfoValue::Float(0.5), ttl: None },
        Command::AddInfo { key, value: InfoValue::Bytes(value), ttl: Some(ttl) },
        Command::DeleteInfo { key },
        Command::RegisterGroup(GroupDef { pattern, limit: 3, order: GroupOrder::Max }),
        Command::WatchInfos { pattern, repeats: true },
        Command::UnwatchInfos { pattern },
        Command::SendEvent { name: key, payload: value, ttl },
        Command::Query { number: 5, name: key, payload: value, window: ttl },
        Command::Answer { question, payload: value },
    ];
    for command in commands {
        let step = Step { after: -1, refused: false, call: Call::input(Input::Command(command)) };
        let bytes = postcard::to_allocvec(&step).expect("it can be written");
        let read: Step<'_> = postcard::from_bytes(&bytes).expect("it can be read");
        assert_eq!(read.call.as_input(), Some(Input::Command(command)));
    }
}

#[test]
fn what_is_cut_counts_as_far_as_it_is_whole() {
    let bytes = recorded(usize::MAX, |_| Taken::Yes);
    let whole = Tape::read(&bytes).expect("it was written just now").pieces.len();
    let last = Tape::read(&bytes[..bytes.len() - 1]).expect("a piece is missing");
    assert_eq!(last.pieces.len(), whole - 1);
    assert!(last.cut > 0);
    assert_eq!(Tape::read(&bytes[..MAGIC.len() + 100]), Err(TapeError::Empty));
    assert_eq!(Tape::read(b"quidnunc"), Err(TapeError::NoRecording));
    let (before, mut flipped) = (bytes.clone(), bytes);
    let place = flipped.len() - 5;
    flipped[place] ^= 1;
    let damaged = Tape::read(&flipped).expect("what is before counts");
    assert_eq!((damaged.pieces.len(), damaged.cut > 0), (whole - 1, true));
    assert_eq!(
        Tape::read(&[flipped.as_slice(), &before].concat()).expect("and what is behind").pieces.len(),
        2 * whole - 1
    );
}

#[test]
fn a_file_that_is_made_up_costs_no_more_than_it_is_long() {
    let (count, bytes) = (1000, recorded(20_000, |_| Taken::Yes));
    // Each is said to reach up to the end, with all that are behind it, and has a sum that is wrong.
    let unit = MAGIC.len() + 8;
    let lens = (1..=count).map(|number| u32::try_from((count - number) * unit + bytes.len()).expect("short"));
    let mut file: Vec<u8> = lens.flat_map(|len| [MAGIC.as_slice(), &len.to_le_bytes(), &[0; 4]].concat()).collect();
    file.extend(&bytes);
    let mut summed = 0;
    let read = Tape::read_counting(&file, &mut summed).expect("what is behind it counts");
    assert_eq!(read.pieces, Tape::read(&bytes).expect("it was written just now").pieces);
    assert!(summed <= 6 * file.len(), "{summed} of {}", file.len());
}

#[test]
fn what_another_build_has_recorded_is_passed_over() {
    let bytes = recorded(usize::MAX, |_| Taken::Yes);
    let tape = Tape::read(&bytes).expect("it was written just now");
    let opening = tape.opening().expect("it has one").clone();
    let other = tape::write_opening(&Opening { layout: opening.layout ^ 1, ..opening });
    let other = [MAGIC.as_slice(), &other].concat();
    assert!(matches!(Tape::read(&other), Err(TapeError::Layout { program }) if program == "test 1"));
    let both = [other.as_slice(), &bytes].concat();
    let read = Tape::read(&both).expect("what is behind it counts");
    assert_eq!((read.pieces.len(), read.cut), (tape.pieces.len(), other.len() - MAGIC.len()));
    assert_eq!(parts(&read), 1);
}

proptest! {
    #[test]
    fn no_bytes_are_too_much_for_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0..3_u8) {
        let mut piece = tape::begin_steps();
        piece[8] = kind;
        piece.extend(&bytes);
        let file = [MAGIC.to_vec(), tape::finish(piece)].concat();
        prop_assert!(Tape::read(&file).is_err(), "a recording begins with a node of this build");
        let _ = thaw(&bytes);
    }
}
