//! `replay` and `explain` as commands: what they say, and how they end.

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

use std::fs;
use std::path::PathBuf;

use quidnunc_sim::cli::{self, Job, RunProblem, Simulator, Streams};
use quidnunc_sim::result::RunResult;
use quidnunc_sim::scenario::{self, Scenario};
use quidnunc_sim::world::{self, RunOptions};

struct Real;

impl Simulator for Real {
    fn parse(&self, file_name: &str, text: &str) -> Result<Scenario, String> {
        scenario::parse(file_name, text).map_err(|problem| problem.to_string())
    }

    fn run(&self, job: &Job<'_>) -> Result<RunResult, RunProblem> {
        let options = RunOptions { recorded: job.recorded, ..RunOptions::default() };
        world::run(job.scenario, job.seed, &options).map_err(|problem| RunProblem::Scenario(problem.to_string()))
    }
}

/// A folder of a test's own, with a scenario in which one of five nodes stops and returns.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("replaying-{name}"));
        fs::create_dir_all(&folder).unwrap();
        let scenario = "format = 1\nname = \"t\"\nabout = \"t\"\nrun = { duration = \"60s\", warmup = \"10s\" }\nnodes = { count = 5 }\n\
            [[write]]\nid = \"w\"\nnodes = \"all\"\nat = \"12s\"\nevery = \"9s\"\nvalue = \"40B\"\n\
            [[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:3\"\nat = \"20s\"\nrestart = \"15s\"\n";
        fs::write(folder.join("t.toml"), scenario).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Records a node; returns where.
    fn record(&self, node: u32) -> String {
        let path = self.path(&format!("{node}.record"));
        let (code, _, err) = run(&["run", "--quiet", &self.path("t.toml"), "--record", &format!("{node}={path}")]);
        assert_eq!((code, err.as_str()), (0, ""));
        path
    }
}

/// Runs a command: its exit code, and what it says.
fn run(args: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = ["quidnunc-sim"].iter().chain(args);
    let code = cli::execute(args, &Real, &mut Streams { out: &mut out, err: &mut err });
    (code.number(), String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn a_simulated_node_is_recorded_played_and_explained() {
    let folder = Folder::new("whole");
    let path = folder.record(0);
    let (code, out, _) = run(&["replay", &path]);
    assert_eq!(code, 0);
    assert!(out.starts_with("node 0 of t, recorded by quidnunc-sim 0.1.0 from 1970-01-01 00:00:00.000Z on: "), "{out}");
    assert!(out.ends_with("calls, and every answer is the same\n"), "{out}");
    let (code, out, _) = run(&["explain", &path, "--about", "node:3"]);
    assert_eq!(code, 0);
    let at = |text: &str| out.find(text).unwrap_or_else(|| panic!("{text} in {out}"));
    assert!(at("node:3 is suspect, was alive") < at("node:3 is dead, was suspect"), "{out}");
    assert!(at("node:3 is dead") < at("node:3 is alive, was dead"), "{out}");
    let (code, out, _) = run(&["explain", &path, "--about", "node:3", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["schema"], &told["same"]), (0, &1.into(), &true.into()));
    assert!(told["lines"].as_array().unwrap().iter().any(|line| line["kind"] == "word"));
}

#[test]
fn each_life_of_a_node_is_a_stretch_of_its_own() {
    let folder = Folder::new("lives");
    let (code, out, _) = run(&["explain", &folder.record(3), "--about", "node:0"]);
    assert_eq!(code, 0);
    let begins: Vec<_> = out.lines().filter(|line| line.contains(" is recorded from here on")).collect();
    assert_eq!(begins.len(), 2, "{out}");
    assert!(begins[0].starts_with("1970-01-01 00:00:00") && begins[1].starts_with("1970-01-01 00:00:35"), "{out}");
}

#[test]
fn what_is_wrong_with_a_recording_is_said() {
    let folder = Folder::new("wrong");
    let path = folder.record(0);
    let bytes = fs::read(&path).unwrap();
    let said = |name: &str, bytes: &[u8]| {
        fs::write(folder.path(name), bytes).unwrap();
        run(&["replay", &folder.path(name)])
    };
    let (code, out, _) = said("cut", &bytes[..bytes.len() - 10]);
    assert!(code == 0 && out.contains("bytes are no whole part"), "{code}: {out}");
    let (code, _, err) = said("none", b"name = 'n1'");
    assert!(code == 64 && err.contains("not a recording"), "{code}: {err}");
    let (code, _, err) = said("empty", &bytes[..40]);
    assert!(code == 64 && err.contains("nothing was recorded"), "{code}: {err}");
    let (code, _, err) = run(&["replay", &folder.path("nowhere")]);
    assert!(code == 64 && err.contains("cannot read"), "{code}: {err}");
    let (code, _, err) = run(&["explain", &path, "--about", "nobody"]);
    assert!(code == 1 && err.contains("nobody is called nobody"), "{code}: {err}");
    let (code, _, err) = run(&["run", &folder.path("t.toml"), "--record", "7=x"]);
    assert!(code == 64 && err.contains("there are 5 nodes"), "{code}: {err}");
    let (code, _, err) = run(&["run", &folder.path("t.toml"), "--record", &format!("0={}", folder.path("t.toml"))]);
    assert!(code == 64 && err.contains("something else"), "{code}: {err}");
}

#[test]
fn a_recording_is_redacted_played_and_explained() {
    let folder = Folder::new("redacted");
    let (path, out_path) = (folder.record(0), folder.path("0.redacted"));
    let _ = fs::remove_file(&out_path);
    let (code, out, err) = run(&["redact", &path, "-o", &out_path]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.ends_with("calls that are the same but for keys and values\n"), "{out}");
    let (code, said, _) = run(&["replay", &out_path]);
    assert_eq!((code, said), (0, run(&["replay", &path]).1));
    let explained = |path: &str| run(&["explain", path, "--about", "node:3"]);
    assert_eq!(explained(&path), explained(&out_path));
    let (code, _, err) = run(&["redact", &path, "-o", &out_path]);
    assert!(code == 64 && err.contains("--force replaces it"), "{code}: {err}");
    let (code, out, _) = run(&["redact", &path, "-o", &out_path, "--force", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["schema"], &told["bytes"]), (0, &1.into(), &fs::metadata(&out_path).unwrap().len().into()));
    let (code, _, err) = run(&["redact", &folder.path("t.toml"), "-o", &folder.path("x")]);
    assert!(code == 64 && err.contains("not a recording"), "{code}: {err}");
}

#[cfg(unix)]
#[test]
fn where_the_disk_is_full_nothing_is_lost() {
    let folder = Folder::new("full");
    let (path, there) = (folder.record(0), folder.path("there"));
    fs::write(&there, "mine").unwrap();
    // No file gets longer than one block, which no recording has room in.
    let limits = ["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_quidnunc-sim")];
    let redacting =
        std::process::Command::new("sh").args(limits).args(["redact", &path, "--force", "-o", &there]).output();
    let said = redacting.unwrap();
    let err = String::from_utf8(said.stderr).unwrap();
    assert_eq!((said.status.code(), err.contains("cannot write")), (Some(70), true), "{err}");
    assert_eq!(fs::read_to_string(&there).unwrap(), "mine");
}

#[cfg(unix)]
#[test]
fn a_recording_is_its_owners_and_takes_the_place_of_another_one_only() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = Folder::new("owners");
    let path = folder.record(0);
    let before = fs::read(&path).unwrap();
    let mode = |path: &str| fs::symlink_metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), 0o100_600);
    assert_eq!(fs::read(folder.record(0)).unwrap(), before, "the same run again");
    // What a link leads to stays as it is; an empty file has nothing to lose.
    let (link, empty) = (folder.path("1.record"), folder.path("2.record"));
    let _ = fs::remove_file(&link);
    symlink(&path, &link).unwrap();
    fs::write(&empty, "").unwrap();
    assert_eq!((folder.record(1), folder.record(2)), (link.clone(), empty.clone()));
    assert_eq!((mode(&link), mode(&empty)), (0o100_600, 0o100_600));
    assert_eq!(fs::read(&path).unwrap(), before);
    let (code, _, err) = run(&["run", &folder.path("t.toml"), "--record", "0=/dev/null"]);
    assert!(code == 64 && err.contains("something else than a recording"), "{code}: {err}");
}
