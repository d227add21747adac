//! What takes the place of what, and whether a recording without contents is played.

use std::collections::BTreeSet;

use proptest::prelude::*;
use quidnunc_core::redaction::Lent;
use quidnunc_core::{Instant, Node};

use super::renames::{Renames, Seen};
use super::{redact, world};
use crate::tests::{Kept, SECRET, SECRET_INFO, SECRET_KEY, parts, recorded};
use crate::{Call, Given, Opening, Piece, Taken, Tape, Watch, play};

/// What takes the place of each of these.
fn others<const N: usize>(strings: [&str; N], kept: &[&str], lend: fn(&mut [u8]) -> Lent<'_>) -> [String; N] {
    let mut seen = Seen::default();
    strings.iter().for_each(|string| seen.note(lend(&mut string.as_bytes().to_vec())));
    kept.iter().for_each(|kept| seen.note(Lent::Kept(kept.as_bytes())));
    let mut renames = Renames::new(seen);
    let others = strings.map(|string| {
        let mut bytes = string.as_bytes().to_vec();
        renames.apply(lend(&mut bytes));
        String::from_utf8(bytes).unwrap_or_else(|bytes| bytes.as_bytes().escape_ascii().to_string())
    });
    assert!(!renames.has_missed());
    renames.apply(lend(&mut b"unseen".to_vec()));
    assert!(renames.has_missed());
    others
}

fn key(bytes: &mut [u8]) -> Lent<'_> {
    Lent::Key(bytes)
}

fn text(bytes: &mut [u8]) -> Lent<'_> {
    Lent::Text(bytes)
}

fn value(bytes: &mut [u8]) -> Lent<'_> {
    Lent::Value(bytes)
}

#[test]
fn keys_keep_their_shape_and_order_and_begin_alike_where_they_did() {
    let rows = [("", ""), ("web", "aaa"), ("web/eu-1/x", "aaa/aa-0/a"), ("web/eu-2/y", "aaa/aa-1/a"), ("wolf", "abaa")];
    assert_eq!(others(rows.map(|(before, _)| before), &[], key), rows.map(|(_, after)| after));
    let rows = [("Zo\u{fc}", "Ba\\x80\\x80"), ("B7", "A0"), ("a,b", "a!a"), ("a+", "a ")];
    assert_eq!(others(rows.map(|(before, _)| before), &[], key), rows.map(|(_, after)| after));
    let rows =
        [("evening", "evenaaa"), ("eventful", "eventaaa"), ("event/x", "event/a"), ("eve", "eve"), ("sun", "faa")];
    let kept = ["event/"];
    assert_eq!(others(rows.map(|(before, _)| before), &kept, key), rows.map(|(_, after)| after), "{kept:?} stay");
}

#[test]
fn texts_stay_texts_and_values_are_numbered() {
    let rows = [("\u{fc}ber", "\u{80}aaa"), ("\u{20ac} 5", "\u{800} 0"), ("\u{1f600}", "\u{10000}")];
    assert_eq!(others(rows.map(|(before, _)| before), &[], text), rows.map(|(_, after)| after));
    assert_eq!(others(["", "b", "x", "secret", "public"], &[], value), ["", "a", "b", "aaaaaa", "aaaaab"]);
}

#[test]
fn numbers_keep_their_order_and_their_length_on_the_wire() {
    let ints = [i64::MIN, i64::MIN + 9, -9000, -70, -64, -5, 0, 7, 63, 64, 8191, 8192, i64::MAX - 1, i64::MAX];
    let floats = [-f64::NAN, f64::NEG_INFINITY, -2.5, -0.0, 0.0, 1e-300, f64::INFINITY, f64::NAN];
    let mut seen = Seen::default();
    ints.iter().for_each(|number| seen.note(Lent::Int(&mut { *number })));
    floats.iter().for_each(|number| seen.note(Lent::Float(&mut { *number })));
    let mut renames = Renames::new(seen);
    let other_ints = ints.map(|mut number| {
        renames.apply(Lent::Int(&mut number));
        number
    });
    let other_floats = floats.map(|mut number| {
        renames.apply(Lent::Float(&mut number));
        number
    });
    assert!(other_ints.is_sorted_by(|a, b| a < b), "{other_ints:?}");
    assert_eq!(other_ints[4..10], [-64, -63, 0, 1, 2, 64], "the least of each length");
    for (before, after) in ints.into_iter().zip(other_ints) {
        let len = |number: i64| postcard::to_allocvec(&number).expect("a number").len();
        assert_eq!(len(before), len(after), "{before} and {after}");
    }
    assert_eq!(other_floats, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
}

proptest! {
    #[test]
    fn whatever_keys_there_are_nothing_changes_in_how_they_lie(
        keys in prop::collection::btree_set(prop::collection::vec(any::<u8>(), 0..6), 2..60),
        kept in prop::collection::btree_set(prop::collection::vec(any::<u8>(), 1..3), 0..4),
    ) {
        let mut seen = Seen::default();
        keys.iter().for_each(|key| seen.note(Lent::Key(&mut key.clone())));
        kept.iter().for_each(|key| seen.note(Lent::Kept(key)));
        let mut renames = Renames::new(seen);
        let other = |key: &Vec<u8>, renames: &mut Renames| {
            let mut key = key.clone();
            renames.apply(Lent::Key(&mut key));
            key
        };
        for a in &keys {
            let other_a = other(a, &mut renames);
            prop_assert_eq!(a.len(), other_a.len());
            for b in &keys {
                let other_b = other(b, &mut renames);
                prop_assert_eq!(a.cmp(b), other_a.cmp(&other_b));
                prop_assert_eq!(a.starts_with(b), other_a.starts_with(&other_b));
            }
            for kept in &kept {
                prop_assert_eq!(a.cmp(kept), other_a.cmp(kept));
                prop_assert_eq!(a.starts_with(kept), other_a.starts_with(kept));
                prop_assert_eq!(kept.starts_with(a), kept.starts_with(&other_a));
            }
        }
    }
}

/// Whether bytes are somewhere in others.
fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_recording_without_contents_is_played_in_as_many_parts() {
    let whole = recorded(usize::MAX, |_| Taken::Yes);
    let in_parts = recorded(20_000, |_| Taken::Yes);
    let with_gaps = recorded(20_000, |piece| if piece % 7 == 6 { Taken::Full } else { Taken::Yes });
    for bytes in [whole, in_parts, with_gaps] {
        let tape = Tape::read(&bytes).expect("it was written just now");
        let redacted = redact(&tape).expect("nothing is in the way");
        for secret in [SECRET.as_bytes(), SECRET_KEY, SECRET_INFO, b"first"] {
            assert!(holds(&bytes, secret) && !holds(&redacted, secret), "{}", secret.escape_ascii());
        }
        let other = Tape::read(&redacted).expect("it was written just now");
        assert_eq!(parts(&other), parts(&tape));
        assert_eq!((other.steps(), other.pieces.len()), (tape.steps(), tape.pieces.len()));
        assert!(redact(&other) == Ok(redacted.clone()), "there is nothing left to redact");
    }
}

/// The recording of a node of which everything is wanted that can be.
fn of_everything(node: usize, from: u64, part_bytes: usize) -> Vec<u8> {
    let kept = Kept::default();
    world::live(3000, (node, from), kept.recorder(part_bytes, |_| Taken::Yes));
    kept.bytes()
}

/// What happens in a recording, by kind.
#[derive(Default)]
struct Happens {
    reported: BTreeSet<String>,
    calls: BTreeSet<String>,
    /// Whether messages lay half-way, in either direction, when a part began.
    half_come: usize,
}

impl Watch for Happens {
    fn on_opening(&mut self, _opening: &Opening<'_>, node: &Node) {
        self.half_come += node.clone().beginnings().count();
    }

    fn on_call(&mut self, _at: Instant, call: &Call<'_>, given: &Given, _node: &Node) {
        let kind = |shown: String| shown.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
        match (call, given) {
            (_, Given::Event(event)) => _ = self.reported.insert(kind(format!("{event:?}"))),
            (Call::Command(command), _) => _ = self.calls.insert(kind(format!("{command:?}"))),
            (call, _) => _ = self.calls.insert(kind(format!("{call:?}"))),
        }
    }
}

/// Sums over contents are those of what was there, and every order is that of what is there now.
struct Checks;

impl Watch for Checks {
    fn on_opening(&mut self, _opening: &Opening<'_>, node: &Node) {
        node.check();
    }

    fn on_end(&mut self, node: &Node) {
        node.check();
    }
}

#[test]
fn everything_that_can_be_handed_in_is_redacted_wherever_it_lies() {
    let mut happens = Happens::default();
    for (node, from, part_bytes) in [(0, 0, usize::MAX), (1, 0, 150_000), (2, 700, 150_000), (0, 1111, 150_000)] {
        let bytes = of_everything(node, from, part_bytes);
        let tape = Tape::read(&bytes).expect("it was written just now");
        play(&tape, &mut happens).expect("the same again");
        let redacted = redact(&tape).unwrap_or_else(|error| panic!("node {node} from {from} on: {error}"));
        assert!(holds(&bytes, world::SECRET.as_bytes()) && !holds(&redacted, world::SECRET.as_bytes()));
        let other = Tape::read(&redacted).expect("it was written just now");
        let played = play(&other, &mut Checks).expect("the same again");
        assert_eq!((played.parts, played.calls), (parts(&tape), tape.steps()));
    }
    let reported = ["Value", "Info", "User", "Answer", "Message", "Note", "GroupConflict", "Sent", "Replicated"];
    let calls = ["Put", "PutWithTtl", "PutAndWait", "Delete", "Watch", "Send", "Note", "AddInfo", "DeleteInfo"];
    let more = ["RegisterGroup", "WatchInfos", "SendEvent", "Query", "StreamBytes", "Stream"];
    assert!(reported.iter().all(|kind| happens.reported.contains(*kind)), "{:?}", happens.reported);
    assert!(calls.iter().chain(&more).all(|kind| happens.calls.contains(*kind)), "{:?}", happens.calls);
    assert!(happens.half_come > 2, "{}", happens.half_come);
}

#[test]
fn a_recording_that_is_cut_anywhere_is_redacted() {
    let bytes = of_everything(2, 700, 150_000);
    let tape = Tape::read(&bytes).expect("it was written just now");
    for most in (1..tape.pieces.len()).step_by(tape.pieces.len() / 5) {
        // Also one that begins without what was before.
        let pieces = tape.pieces.iter().skip(most / 2).skip_while(|piece| matches!(piece, Piece::Steps(_)));
        let pieces: Vec<_> = pieces.take(most).cloned().collect();
        let cut = Tape { pieces, cut: 0 };
        let redacted = redact(&cut).unwrap_or_else(|error| panic!("{most} pieces: {error}"));
        assert!(!holds(&redacted, world::SECRET.as_bytes()), "{most} pieces");
        assert_eq!(parts(&Tape::read(&redacted).expect("it was written just now")), parts(&cut));
    }
}
