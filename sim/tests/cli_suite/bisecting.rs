//! Is the first second in which two runs differ found?

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use quidnunc_sim::scenario;
use quidnunc_sim::world::{RunOptions, Sent, Witness, run_with};
use serde_json::Value;

const SECOND: u64 = 1_000_000_000;
const DELAY: u64 = 50_000_000;

const SCENARIO: &str = "\
format = 1
name = \"bisected\"
about = \"a quiet cluster\"
run = { duration = \"9500ms\" }
nodes = { count = 20 }
net = { delay = { time = \"50ms\", distribution = \"constant\" } }
";

fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bisecting").join(test);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Exit code, results and complaints of the real program.
fn program(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_quidnunc-sim")).args(args).current_dir(folder).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs a scenario and returns the file of fingerprints that it wrote, and how often its faults bit.
fn run(folder: &Path, name: &str, text: &str) -> (String, u64) {
    let [file, out] = ["toml", "fp"].map(|extension| format!("{name}.{extension}"));
    fs::write(folder.join(&file), text).unwrap();
    let (code, json, err) = program(folder, &["run", &file, "--seed", "3", "--fingerprints", &out, "--json"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let json: Value = serde_json::from_str(&json).unwrap();
    let bits = json["faults"].as_array().unwrap().iter().map(|fault| fault["bit"].as_u64().unwrap());
    (fs::read_to_string(folder.join(out)).unwrap(), bits.sum())
}

/// Runs a scenario and returns the file of fingerprints that it wrote.
fn fingerprints(folder: &Path, name: &str, text: &str) -> String {
    run(folder, name, text).0
}

/// Remembers the first packet that is sent just before the end of a window and arrives in the next.
struct Across(u64, Option<Sent>);

impl Witness for Across {
    fn on_sent(&mut self, sent: Sent, _bytes: &[u8]) {
        if self.1.is_none() && sent.at_ns / SECOND >= self.0 && sent.at_ns % SECOND + DELAY > SECOND {
            self.1 = Some(sent);
        }
    }
}

/// The smallest change of behaviour that needs no door in the program: one datagram of one link, at an
/// instant that a first run tells, does not arrive. It is lost by a link fault of one nanosecond that bites
/// once. Draws are keyed, so that the fault moves nothing else, and up to the instant at which the datagram
/// would have arrived the two runs are the same; the sender's fingerprint takes no notice of the loss. The
/// datagram is one that is under way when a window ends: what is found must be the window of its arrival,
/// and not the one before.
#[test]
fn the_window_in_which_one_datagram_is_missing_is_found() {
    let folder = folder("missing");
    let before = fingerprints(&folder, "before", SCENARIO);
    for after_s in [0, 2, 6] {
        let parsed = scenario::parse("before", SCENARIO).unwrap();
        let mut across = Across(after_s, None);
        run_with(&parsed, 3, &RunOptions::default(), &mut across).unwrap();
        let sent = across.1.expect("somebody sends within the last 50 ms of some second");
        let changed = format!(
            "{SCENARIO}[[fault]]\nid = \"bite\"\nkind = \"link\"\nfrom = \"node:{}\"\nto = \"node:{}\"\n\
             loss = {{ random = \"100%\" }}\nat = \"{}ns\"\nfor = \"1ns\"\n",
            sent.from, sent.to, sent.at_ns,
        );
        let (after, bits) = run(&folder, "after", &changed);
        assert_eq!(bits, 1, "one datagram is lost");

        let window = (sent.at_ns + DELAY) / SECOND;
        let equal = usize::try_from(window).unwrap();
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (a, b) = (lines(&before), lines(&after));
        assert_eq!(a[..=equal], b[..=equal], "the head and every window before are the same");
        assert!((equal + 1..a.len()).all(|line| a[line] != b[line]), "from then on no window is the same");

        let (code, out, err) = program(&folder, &["bisect", "before.fp", "after.fp"]);
        assert_eq!((code, err.as_str()), (Some(4), ""));
        let end = (window + 1) * SECOND;
        let end = if end > 9_500_000_000 { "9.50 s".to_owned() } else { format!("{} s", window + 1) };
        let wanted = format!("equal until {window} s, first difference between {window} s and {end}");
        assert_eq!(out.lines().nth(1), Some(wanted.as_str()), "{out}");
        assert_eq!(out.lines().nth(2), Some(format!("  before.fp: {}", a[equal + 1]).as_str()));
        assert_eq!(out.lines().nth(3), Some(format!("  after.fp: {}", b[equal + 1]).as_str()));
    }
}

#[test]
fn the_same_run_has_the_same_windows_and_ends_with_the_fingerprint_of_the_result() {
    let folder = folder("same");
    let one = fingerprints(&folder, "one", SCENARIO);
    assert_eq!(one, fingerprints(&folder, "again", SCENARIO));
    assert_eq!(one, fingerprints(&folder, "again", SCENARIO), "fingerprints may be written over fingerprints");
    assert!(one.starts_with("# quidnunc fingerprints 1 bisected seed 3\n1000000000 "), "{one}");
    assert_eq!(one.lines().count(), 1 + 10);
    let (_, out, _) = program(&folder, &["run", "one.toml", "--seed", "3", "--quiet"]);
    let (end, last) = one.lines().last().unwrap().split_once(' ').unwrap();
    assert_eq!(end, "9500000000");
    assert!(out.ends_with(&format!("fp {last}\n")), "{out}");

    let said = program(&folder, &["bisect", "one.fp", "again.fp"]);
    assert_eq!(said, (Some(0), "SAME  bisected seed 3 · 10 windows\n".to_owned(), String::new()));
}

#[test]
fn a_run_that_ends_earlier_differs_where_it_ends() {
    let folder = folder("shorter");
    fingerprints(&folder, "long", SCENARIO);
    fingerprints(&folder, "short", &SCENARIO.replace("9500ms", "4s"));
    for (a, b) in [("long.fp", "short.fp"), ("short.fp", "long.fp")] {
        let (code, out, _) = program(&folder, &["bisect", a, b]);
        assert_eq!(code, Some(4));
        assert!(out.ends_with("equal until 4 s, where short.fp ends and long.fp does not\n"), "{out}");
    }
}

#[test]
fn what_cannot_be_compared_ends_with_64() {
    let folder = folder("foreign");
    let text = fingerprints(&folder, "good", SCENARIO);
    fs::write(folder.join("other-seed.fp"), text.replace("seed 3", "seed 4")).unwrap();
    fs::write(folder.join("broken.fp"), text.replace("\n3000000000 ", "\n3000000000  ")).unwrap();
    for (b, why) in [
        ("no-such.fp", "error: cannot read no-such.fp: "),
        ("good.toml", "error: good.toml:1: a file of fingerprints begins with "),
        ("broken.fp", "error: broken.fp:4: a line is "),
        ("other-seed.fp", "error: other-seed.fp:1: this is of bisected seed 4, but good.fp is of bisected seed 3"),
    ] {
        let (code, out, err) = program(&folder, &["bisect", "good.fp", b]);
        assert_eq!((code, out.as_str()), (Some(64), ""), "{b}");
        assert!(err.starts_with(why) && err.lines().count() == 1, "{err}");
    }
}

#[test]
fn fingerprints_are_of_one_file_and_one_seed() {
    let folder = folder("usage");
    fs::write(folder.join("a.toml"), SCENARIO).unwrap();
    for args in [
        &["run", "a.toml", "a.toml", "--fingerprints", "out.fp"][..],
        &["run", "a.toml", "--all-seeds", "--fingerprints", "out.fp"],
        &["run", "a.toml", "--seeds", "1..3", "--fingerprints", "out.fp"],
        &["run", "a.toml", "--fingerprints", "no/such/folder/out.fp"],
        &["run", "a.toml", "--fingerprints", "a.toml"],
    ] {
        let (code, out, err) = program(&folder, args);
        assert_eq!((code, out.as_str()), (Some(64), ""), "{args:?}");
        assert!(err.starts_with("error: "), "{err}");
        assert!(!folder.join("out.fp").exists(), "{args:?}");
        assert_eq!(fs::read_to_string(folder.join("a.toml")).unwrap(), SCENARIO, "{args:?}");
    }
}
