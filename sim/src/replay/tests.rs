//! What is told of a crash is what happened, and at the instants at which it did.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use expect_test::expect;
use quidnunc_record::{About, Recorder, Taken, Tape, is_recording, play};

use super::{Kind, explain};
use crate::scenario::{Scenario, parse};
use crate::world::{Recording, RunOptions, run};

/// The recording of a node, in parts of so many bytes.
pub(super) fn recording(scenario: &Scenario, node: u32, part_bytes: usize) -> Vec<u8> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let recorder = || {
        let (kept, about) = (Arc::clone(&kept), About { program: "test 1".into(), name: format!("n{node}") });
        Recorder::new(about, part_bytes, Duration::from_secs(1), move |bytes: Vec<u8>, _| {
            kept.lock().expect("nobody panics with it").extend(bytes);
            Taken::Yes
        })
    };
    let recorded = Some(Recording { node, recorder: &recorder });
    run(scenario, 1, &RunOptions { recorded, ..RunOptions::default() }).expect("the scenario is valid");
    Arc::into_inner(kept).expect("the run is over").into_inner().expect("nobody panics with it")
}

/// The recording of node 0 of ten, of which node 7 crashes after 20 s.
fn crash(part_bytes: usize) -> Vec<u8> {
    let scenario = "format = 1\nname = \"t\"\nabout = \"t\"\nrun = { duration = \"50s\", warmup = \"10s\" }\nnodes = { count = 10 }\n\
        [[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:7\"\nat = \"20s\"\n";
    let scenario = parse("t.toml", scenario).unwrap_or_else(|mistake| panic!("{mistake}"));
    recording(&scenario, 0, part_bytes)
}

#[test]
fn a_crash_is_told_with_probe_helpers_and_words() {
    let bytes = crash(usize::MAX);
    let tape = Tape::read(&bytes).expect("it was written just now");
    let played = play(&tape, &mut ()).expect("the same again");
    assert!(played.calls > 500 && played.parts == 1, "{played:?}");
    let explained = explain(&tape, "node:7").expect("it was a member");
    assert_eq!(explained.played, Ok(played));
    let lines = explained
        .lines
        .iter()
        .map(|line| format!("{:.3} {} {}\n", line.at.as_nanos() as f64 / 1e9, line.kind.name(), line.text));
    expect![[r#"
        0.000 recording n0 is recorded from here on
        0.110 belief node:7 is alive: a rumour says so
        20.836 probe a ping leaves
        21.336 probe no answer within 500ms: asked for help: 10.0.0.3:7946, 10.0.0.5:7946, 10.0.0.10:7946
        21.644 word 10.0.0.10:7946 accuses it by its own probes, in a packet from 10.0.0.2:7946
        21.644 belief node:7 is suspect, was alive: a rumour says so; 10.0.0.2:7946 told it
        21.836 probe the time for an answer to a ping is over
        21.836 helper 10.0.0.3:7946 had no answer either by then
        21.836 helper 10.0.0.5:7946 had no answer either by then
        21.836 helper 10.0.0.10:7946 had no answer either by then
        21.836 word this node accuses it by its own probes
        22.785 word 10.0.0.9:7946 accuses it by its own probes, in a packet from 10.0.0.9:7946
        25.623 word 10.0.0.10:7946 says that it is dead, in a packet from 10.0.0.10:7946
        25.623 belief node:7 is dead, was suspect: a rumour says so; 10.0.0.10:7946 told it
    "#]]
    .assert_eq(&lines.collect::<String>());
}

#[test]
fn a_later_part_by_itself_is_told_from_its_beginning_on() {
    let bytes = crash(20_000);
    let second = (1..bytes.len()).find(|&at| is_recording(&bytes[at..])).expect("several parts");
    let tape = Tape::read(&bytes[second..]).expect("a file may begin with any part");
    let lines = explain(&tape, "node:7").expect("it was a member").lines;
    assert_eq!((lines[0].kind, lines[0].stretch), (Kind::Recording, 1), "{}", lines[0].text);
}

#[test]
fn whoever_is_nobody_is_told_who_there_is() {
    let bytes = crash(usize::MAX);
    let tape = Tape::read(&bytes).expect("it was written just now");
    let unknown = explain(&tape, "n77").expect_err("there is none");
    assert_eq!(unknown.members.len(), 10);
    assert!(unknown.to_string().starts_with("nobody is called n77 in this recording; there are "), "{unknown}");
}
