//! Does what an agent records happen again, to the byte?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use common::Folder;
use quidnunc::record::{Tape, play};
use rustix::process::Signal;

/// Plays a recording; returns how many calls it has.
fn replay(path: &Path) -> u64 {
    let bytes = fs::read(path).unwrap();
    let tape = Tape::read(&bytes).unwrap();
    play(&tape, &mut ()).unwrap_or_else(|error| panic!("{}: {error}", path.display())).calls
}

#[test]
fn what_an_agent_records_happens_again_and_so_does_what_was_asked_for_later() {
    let folder = Folder::new("record");
    let keys = folder.file("keys", &folder.run(&["keys", "gen"]).out);
    let (whole, later) = (folder.0.join("whole.record"), folder.0.join("later.record"));
    let n1 = folder.agent("n1", &["--key-file", &keys]);
    let n3 = folder.agent("n3", &["--key-file", &keys, "--seed", &n1.addr()]);
    let mut n2 = folder.agent("n2", &["--key-file", &keys, "--record", whole.to_str().unwrap(), "--seed", &n1.addr()]);
    n2.until_alive(3);
    assert_eq!(n2.ask(&["kv", "set", "colour", "green"]).code, 0);
    let mut recording = folder.program();
    recording.args(["--socket", n2.socket().to_str().unwrap(), "record", "--out", later.to_str().unwrap()]);
    let mut recording = recording.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Nobody answers for whoever stands still: there is something to be told of.
    n3.signal(Signal::STOP);
    n2.until(&["members", "--status", "dead"], |answer| answer["members"][0]["name"] == "n3");
    n1.until(&["kv", "ls"], |answer| answer["entries"].to_string().contains("colour"));
    n3.signal(Signal::CONT);
    n2.until_alive(3);
    let new_key = folder.run(&["keys", "gen"]).out;
    assert_eq!(n1.ask(&["keys", "rotate", &folder.file("new-keys", &new_key)]).code, 0);
    assert_eq!(n2.ask(&["leave"]).code, 0);
    assert_eq!(n2.wait(), Some(0));
    assert!(recording.wait().unwrap().success());
    assert!(replay(&whole) > replay(&later), "one began in the middle of the other");
    // No key of the seal, but keys and values are in it.
    let bytes = fs::read(&whole).unwrap();
    let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(has(b"colour") && has(b"green"));
    for key in [fs::read_to_string(&keys).unwrap(), new_key] {
        let (text, key) = (key.trim(), hex::decode(key.trim()).unwrap());
        assert!(!has(text.as_bytes()) && !has(&key), "a key is recorded");
    }
}

#[test]
fn a_recording_does_not_take_the_place_of_something_else() {
    let folder = Folder::new("record-file");
    let n1 = folder.agent("n1", &[]);
    let there = folder.file("there", "mine");
    let said = n1.ask(&["record", "--out", &there, "--for", "1ms"]);
    assert_eq!((said.code, said.err.contains("--force replaces it")), (2, true), "{said:?}");
    assert_eq!(fs::read_to_string(&there).unwrap(), "mine");
    let said = folder.run(&["agent", "--name", "n2", "--bind", "127.0.0.1:0", "--record", "/nowhere/n2.record"]);
    assert_eq!((said.code, said.err.contains("cannot record to /nowhere/n2.record")), (2, true), "{said:?}");
}

#[test]
fn a_recording_goes_into_a_file_and_nowhere_else() {
    let folder = Folder::new("record-pipe");
    // Whoever opens one of its ends waits for somebody at the other.
    let pipe = folder.0.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let pipe = pipe.to_str().unwrap();
    let said = folder.run(&["agent", "--name", "n1", "--bind", "127.0.0.1:0", "--record", pipe]);
    assert_eq!((said.code, said.err.contains("is something else than a recording")), (2, true), "{said:?}");
}

#[test]
fn keys_and_values_are_kept_out_where_that_is_wanted() {
    let folder = Folder::new("record-redacted");
    let n1 = folder.agent("n1", &[]);
    let mut n2 = folder.agent("n2", &["--seed", &n1.addr()]);
    n2.until_alive(2);
    assert_eq!(n1.ask(&["kv", "set", "colour", "turquoise"]).code, 0);
    n2.until(&["kv", "ls"], |answer| answer["entries"].to_string().contains("colour"));
    let redacted = folder.0.join("n2.redacted");
    let mut recording = folder.program();
    let out = ["record", "--redact", "--out", redacted.to_str().unwrap()];
    recording.args(["--socket", n2.socket().to_str().unwrap()]).args(out);
    let mut recording = recording.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(recording.stderr.take().unwrap()).lines();
    assert!(said.next().unwrap().unwrap().starts_with("recording to "));
    assert!(!redacted.exists(), "nothing is written before all of it is");
    assert_eq!(n1.ask(&["kv", "set", "flavour", "aubergine"]).code, 0);
    n2.until(&["kv", "ls"], |answer| answer["entries"].to_string().contains("flavour"));
    assert_eq!(n2.ask(&["leave"]).code, 0);
    assert_eq!(n2.wait(), Some(0));
    assert!(recording.wait().unwrap().success());
    assert!(replay(&redacted) > 10);
    let bytes = fs::read(&redacted).unwrap();
    let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(has(b"sys/namen1"), "who is there stays");
    assert!([&b"colour"[..], b"turquoise", b"flavour", b"aubergine"].iter().all(|text| !has(text)));
}

#[test]
fn where_the_disk_is_full_nothing_is_lost_and_nothing_is_left() {
    let folder = Folder::new("record-full");
    let n1 = folder.agent("n1", &[]);
    let (there, new) = (folder.file("there", "mine"), folder.0.join("new"));
    // No file gets longer than one block, which no recording has room in.
    let limits = ["sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"];
    for out in [&["--out", &there, "--force"][..], &["--out", new.to_str().unwrap()]] {
        let mut recording = folder.program_after(&limits);
        recording.args(["--socket", n1.socket().to_str().unwrap(), "record", "--redact", "--for", "1ms"]);
        let said = recording.args(out).output().unwrap();
        let err = String::from_utf8(said.stderr).unwrap();
        assert_eq!((said.status.code(), err.contains("cannot write the results")), (Some(1), true), "{err}");
    }
    assert_eq!(fs::read_to_string(&there).unwrap(), "mine");
    assert!(!new.exists());
}
