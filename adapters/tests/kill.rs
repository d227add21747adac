//! What is left of a node's state when its process is killed at any instant?
//!
//! The test starts itself as a child that saves one state after the other and acknowledges each on its standard output.
//! The parent reads some lines, kills it with SIGKILL while it goes on, and looks at what it left. `KILL_SEED` and
//! `KILLS` try others and more:
//!
//! ```text
//! KILL_SEED=7 KILLS=5000 cargo test -p quidnunc --test kill -- --nocapture
//! ```

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

use std::hint::black_box;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs, process};

use quidnunc::{Durable, Kept, KeptMap, KeptValue, MapVersion, NodeId, State};
use quidnunc_core::stable_hash;

/// How often the process is killed.
const KILLS: u64 = 240;

/// Kills after this many lines at most.
const LINES_MAX: u64 = 6;

/// A kill waits for this many steps of a loop at most, of about a nanosecond each: as long as a few saves take.
const SPINS_MAX: u64 = 1 << 23;

/// A child finds here which file it writes.
const CHILD: &str = "QUIDNUNC_KILL_CHILD";

/// So many keys are written in turn, so that each save changes one and keeps the others.
const VALUES: u64 = 32;

/// After so many writes there is another key in the ring, which holds the newest few.
const WRITES_PER_SECRET: u64 = 5;
const SECRETS_MAX: u64 = 8;

fn id() -> NodeId {
    NodeId::from_name("mayfly")
}

fn bytes_of(write: u64, len: u64) -> Box<[u8]> {
    (0..len).flat_map(|place| stable_hash(write, &place.to_le_bytes()).to_le_bytes()).collect()
}

/// What is kept after so many writes, all of it.
fn state_after(writes: u64) -> Kept {
    let oldest = writes.saturating_sub(VALUES - 1).max(1);
    let value = |write: u64| KeptValue {
        key: (write % VALUES).to_le_bytes().into(),
        value: bytes_of(write, write * 37 % 200),
        version: write,
        left: None,
    };
    let version = MapVersion { epoch: 1, version: writes, watermark: writes / 2 };
    let newest = writes / WRITES_PER_SECRET;
    let secrets = (newest.saturating_sub(SECRETS_MAX) + 1..=newest).rev();
    let port = u16::try_from(writes % 60_000).unwrap();
    let mut kept = Kept::default();
    kept.peers = (1..=7).map(|host| SocketAddr::from(([10, 0, 0, host], port))).collect();
    kept.keys = secrets.map(|secret| bytes_of(!secret, 4).as_ref().into()).collect();
    kept.removed_keys =
        (1..=newest.saturating_sub(SECRETS_MAX)).map(|secret| secret.to_be_bytes()[4..].try_into().unwrap()).collect();
    kept.seal_mode = Some(u8::try_from(newest % 3).unwrap());
    kept.map = Some(KeptMap { version, values: (oldest..=writes).map(value).collect() });
    kept
}

fn save(durable: &mut Durable, boot: u64, kept: &Kept) {
    let values = kept.values();
    let keys: Vec<&[u8]> = kept.keys.iter().map(|key| key.bytes()).collect();
    let map = kept.snapshot(&values).map;
    durable
        .save(&State {
            boot,
            peers: &kept.peers,
            keys: &keys,
            removed_keys: &kept.removed_keys,
            seal_mode: kept.seal_mode,
            map,
        })
        .unwrap();
}

/// How many writes a file holds. It must hold all that belongs to them, and nothing else.
#[track_caller]
fn writes_in(kept: &Kept) -> u64 {
    assert_eq!(kept.trouble, None, "no kill damages a file");
    let writes = kept.map.as_ref().map_or(0, |map| map.version.version);
    let mut expected = if writes == 0 { Kept::default() } else { state_after(writes) };
    expected.boot = kept.boot;
    assert!(*kept == expected, "what is kept is not what there was after {writes} writes: {kept:?}");
    writes
}

/// One line in one piece, past the test's own output.
fn say(what: &str, number: u64) {
    let mut out = io::stdout().lock();
    out.write_all(format!("{what} {number}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Writes until it is killed, or until nobody listens.
fn live(path: &Path) {
    let (mut durable, kept) = Durable::open(path, id()).unwrap();
    let mut writes = writes_in(&kept);
    say("found", writes);
    let boot = durable.begin_life().unwrap();
    say("boot", boot);
    loop {
        writes += 1;
        save(&mut durable, boot, &state_after(writes));
        say("ack", writes);
    }
}

/// What all children together have promised, and what else was seen of them.
#[derive(Debug, Default)]
struct Promised {
    writes: u64,
    boot: u64,
    kills: u64,
    before_first_life: u64,
    while_writing: u64,
}

impl Promised {
    /// Notes a line of a child. What it claims to have found must be what was promised before.
    fn hear(&mut self, line: &str) {
        let Some((what, number)) = line.split_once(' ') else { return };
        let Ok(number) = number.trim_end().parse::<u64>() else { return };
        match what {
            "found" => self.check_writes(number),
            "boot" => {
                assert!(number > self.boot, "life {number} after life {}", self.boot);
                self.boot = number;
            }
            "ack" => {
                assert_eq!(number, self.writes + 1);
                self.writes = number;
            }
            _ => {}
        }
    }

    /// A write may have come on the disk just before it was acknowledged. It counts from now on.
    fn check_writes(&mut self, found: u64) {
        let possible = self.writes..=self.writes + 1;
        assert!(possible.contains(&found), "{found} writes are there, {} were acknowledged", self.writes);
        self.writes = found;
    }

    /// Looks at the file itself.
    fn check(&mut self, path: &Path) {
        let (_, kept) = Durable::open(path, id()).unwrap();
        self.check_writes(writes_in(&kept));
        assert!(kept.boot.unwrap_or(0) >= self.boot, "{:?} is there, {} was used", kept.boot, self.boot);
    }
}

/// Lets a child live for a while, kills it, and hears all that it said.
fn kill_one(path: &Path, (lines, spins): (u64, u64), promised: &mut Promised) {
    // The name is that of the test below.
    let mut child: Child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "no_kill_takes_back_what_was_acknowledged", "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let (mut heard, boot_before) = (0, promised.boot);
    let mut line = String::new();
    while heard < lines {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "the child ended by itself: {:?}", child.wait());
        promised.hear(&line);
        heard += u64::from(line.starts_with("boot") || line.starts_with("ack"));
    }
    for spin in 0..spins {
        black_box(spin);
    }
    child.kill().unwrap();
    let status = child.wait().unwrap();
    #[cfg(unix)]
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "the child ended by itself");
    assert!(!status.success());

    // What it said before it died counts, too; a line that is cut off does not.
    loop {
        line.clear();
        if out.read_line(&mut line).unwrap() == 0 {
            break;
        }
        if line.ends_with('\n') {
            promised.hear(&line);
        }
    }
    promised.kills += 1;
    promised.before_first_life += u64::from(promised.boot == boot_before);
    let temp = PathBuf::from(format!("{}.tmp", path.display()));
    promised.while_writing += u64::from(temp.exists());
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap())
}

#[test]
#[expect(clippy::print_stderr, reason = "how the kills were spread is for a reader, and no promise")]
fn no_kill_takes_back_what_was_acknowledged() {
    if let Some(path) = env::var_os(CHILD) {
        return live(Path::new(&path));
    }
    let (seed, kills) = (setting("KILL_SEED", 1), setting("KILLS", KILLS));
    eprintln!("KILL_SEED={seed} KILLS={kills}");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kill-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("state");
    let mut promised = Promised::default();
    for round in 0..kills {
        let draw = |purpose: u64, most: u64| {
            stable_hash(seed, &[round.to_le_bytes(), purpose.to_le_bytes()].concat()) % (most + 1)
        };
        // Every other kill comes right behind a line, where the next save begins.
        let spins = draw(1, 1) * draw(2, SPINS_MAX);
        kill_one(&path, (draw(3, LINES_MAX), spins), &mut promised);
        // Every other file is left to the next child as it is, with what lies beside it.
        if round % 2 == 0 {
            promised.check(&path);
        }
    }
    promised.check(&path);
    eprintln!("{promised:?}");
    assert!(promised.writes > 0, "no child came to save anything");
    fs::remove_dir_all(&folder).unwrap();
}
