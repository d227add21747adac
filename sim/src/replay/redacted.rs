//! Does a recording without contents say the same of everything but those?
//!
//! Every room has something to redact, so these scenarios have all that the simulator knows of: maps whose values are cut into
//! pieces, deletions, infos, streams, loss, whoever returns.

use std::collections::BTreeSet;

use quidnunc_core::{Command, InfoValue, Instant, KeyPattern, Node};
use quidnunc_record::{Call, Given, Tape, Watch, is_recording, play, redact};

use super::explain;
use super::tests::recording;
use crate::scenario::{Scenario, parse};

/// One of the repository's scenarios.
fn scenario(file: &str) -> Scenario {
    let text = std::fs::read_to_string(format!("{}/../scenarios/{file}", env!("CARGO_MANIFEST_DIR"))).expect(file);
    parse(file, &text).unwrap_or_else(|mistake| panic!("{mistake}"))
}

/// What was handed in, and what everything came to but for that.
#[derive(Default)]
struct Seen {
    contents: BTreeSet<Vec<u8>>,
    /// When was called what, and how long was the answer?
    moves: Vec<(Instant, u32)>,
    events: usize,
}

impl Watch for Seen {
    fn on_call(&mut self, at: Instant, call: &Call<'_>, given: &Given, _node: &Node) {
        self.events += usize::from(matches!(given, Given::Event(_)));
        if let Call::Transmit(_, answer) | Call::Stream(_, _, answer) = *call {
            self.moves.push((at, answer.len));
        }
        if let Call::Command(Command::Put { key, value } | Command::AddInfo { key, value: InfoValue::Bytes(value), .. }) =
            *call
            && !key.starts_with(b"sys/")
        {
            self.contents.extend([key, value].map(<[u8]>::to_vec));
        }
    }

    fn on_end(&mut self, node: &Node) {
        let view = node.view();
        for member in view.members() {
            let values = view.values(member.id, b"").filter(|value| !value.key.starts_with(b"sys/"));
            self.contents.extend(values.flat_map(|value| [value.key.to_vec(), value.value.to_vec()]));
        }
        let own = |key: &[u8]| key.starts_with(b"node-") || key == b"sentinel";
        for info in view.infos(KeyPattern::prefix(b"")).filter(|info| !own(info.key)) {
            self.contents.insert(info.key.to_vec());
            if let InfoValue::Bytes(value) = info.value {
                self.contents.insert(value.to_vec());
            }
        }
    }
}

fn seen(bytes: &[u8]) -> (Seen, Tape<'_>) {
    let (tape, mut seen) = (Tape::read(bytes).expect("it was written just now"), Seen::default());
    let played = play(&tape, &mut seen);
    assert!(played.is_ok(), "{played:?}");
    (seen, tape)
}

/// Redacts a recording, and plays that. Returns how many contents were looked for in vain.
fn check(bytes: &[u8], about: &str) -> usize {
    let (before, tape) = seen(bytes);
    let redacted = redact(&tape).unwrap_or_else(|error| panic!("{about}: {error}"));
    let (after, other) = seen(&redacted);
    assert!(before.moves == after.moves, "{about}: other packets");
    assert_eq!((before.events, tape.steps()), (after.events, other.steps()), "{about}");
    let said = |tape: &Tape<'_>| {
        let lines = explain(tape, "node:1").expect("it was a member").lines;
        lines.into_iter().map(|line| (line.at, line.text)).collect::<Vec<_>>()
    };
    assert_eq!(said(&tape), said(&other), "{about}");
    let secrets: BTreeSet<&[u8]> =
        before.contents.iter().map(Vec::as_slice).filter(|secret| secret.len() >= 6).collect();
    let beginnings: BTreeSet<&[u8]> = secrets.iter().map(|secret| &secret[..6]).collect();
    let found = redacted.windows(6).find(|window| beginnings.contains(window));
    assert_eq!(found, None, "{about}: something was left");
    secrets.len()
}

#[test]
fn nothing_is_left_of_contents_and_nothing_else_has_changed() {
    for (file, node, part_bytes, secrets) in [
        ("state-partition-delete.toml", 3, 100_000, 64),
        ("infos-10.toml", 2, 100_000, 10),
        ("infos-50-loss.toml", 0, 100_000, 3),
        ("quorum/store-up-and-down.toml", 1, 15_000, 3),
    ] {
        let bytes = recording(&scenario(file), node, part_bytes);
        let found = check(&bytes, file);
        assert!(found >= secrets, "{file}: {found}");
        // A life from its middle on.
        let middle = (1..bytes.len()).find(|&at| is_recording(&bytes[at..])).expect(file);
        check(&bytes[middle..], file);
    }
}

#[test]
fn streams_are_the_same_also_where_nothing_was_handed_in() {
    check(&recording(&scenario("stream-fallback.toml"), 7, 100_000), "streams");
}

#[test]
fn values_that_come_in_pieces_are_redacted_in_pieces() {
    let text = "format = 1\nname = \"t\"\nabout = \"t\"\nrun = { duration = \"40s\" }\nnodes = { count = 4 }\n\
        net = { loss = { random = \"10%\" } }\n\
        [[write]]\nid = \"w\"\nnodes = \"all\"\nat = \"5s\"\nevery = \"3s\"\nkeys = 2\nvalue = \"5000B\"\n\
        [[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:2\"\nat = \"15s\"\nrestart = \"9s\"\n";
    let scenario = parse("t.toml", text).unwrap_or_else(|mistake| panic!("{mistake}"));
    let bytes = recording(&scenario, 1, 100_000);
    assert!(check(&bytes, "pieces") >= 8);
    for cut in (1..6).map(|part| bytes.len() * part / 6) {
        check(&bytes[..cut], "cut");
    }
}
