//! What tests of the real program share: agents of their own, in a folder of their own.

#![allow(dead_code, reason = "every test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

pub(crate) mod net;
pub(crate) mod programs;
pub(crate) mod shapes;
pub(crate) mod web;

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Lines};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A net for a test that hangs; far beyond what it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A folder that goes with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("quidnunc-agent-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A file that nobody else reads.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The program, which finds the sockets of this folder and nothing of its caller's.
    pub(crate) fn program(&self) -> Command {
        self.program_after(&[])
    }

    /// The same after other words, with which it is run by another program.
    pub(crate) fn program_after(&self, before: &[&str]) -> Command {
        let words = [before, &[env!("CARGO_BIN_EXE_quidnunc")]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        let own = |name: &String| name.starts_with("QUIDNUNC_") || name == "NOTIFY_SOCKET";
        for (name, _) in std::env::vars().filter(|(name, _)| own(name)) {
            command.env_remove(name);
        }
        command.env("XDG_RUNTIME_DIR", &self.0).env("NO_COLOR", "1").current_dir(&self.0).stdin(Stdio::null());
        command
    }

    /// What the program says to this.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        let output = self.program().args(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// An agent on loopback, at a port that was free.
    pub(crate) fn agent(&self, name: &str, args: &[&str]) -> Agent<'_> {
        let started = self.try_agent(name, args);
        started.unwrap_or_else(|said| panic!("{name} did not start: {said:?}"))
    }

    /// The same, or what was said instead.
    pub(crate) fn try_agent(&self, name: &str, args: &[&str]) -> Result<Agent<'_>, Said> {
        let profile: &[&str] = if args.contains(&"--profile") { &[] } else { &["--profile", "local"] };
        self.start(self.program(), name, &[&["--bind", "127.0.0.1:0"], args, profile].concat())
    }

    /// An agent of a program, or what was said instead.
    pub(crate) fn start(&self, mut command: Command, name: &str, args: &[&str]) -> Result<Agent<'_>, Said> {
        command.args(["agent", "--json", "--name", name]).args(args);
        let log = self.0.join(format!("{name}.log"));
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(banner) = lines.next() else {
            let code = child.wait().unwrap().code().unwrap_or(-1);
            return Err(Said { code, out: String::new(), err: std::fs::read_to_string(log).unwrap() });
        };
        let ready = serde_json::from_str::<Value>(&banner.unwrap()).unwrap()["ready"].clone();
        Ok(Agent { folder: self, name: name.into(), child, _lines: lines, ready, log })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How a command ended, and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The error of which `--json` tells.
    #[track_caller]
    pub(crate) fn fault(&self) -> String {
        let fault: Value = serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error} in {self:?}"));
        fault["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// A running agent; killed when it is dropped.
pub(crate) struct Agent<'f> {
    folder: &'f Folder,
    pub(crate) name: String,
    pub(crate) child: Child,
    _lines: Lines<BufReader<ChildStdout>>,
    pub(crate) ready: Value,
    log: PathBuf,
}

impl Agent<'_> {
    /// Where the others reach it.
    pub(crate) fn addr(&self) -> String {
        self.ready["addr"].as_str().unwrap().to_owned()
    }

    pub(crate) fn id(&self) -> String {
        self.ready["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn socket(&self) -> &Path {
        Path::new(self.ready["socket"].as_str().unwrap())
    }

    /// What it answers to a command.
    pub(crate) fn ask(&self, args: &[&str]) -> Said {
        self.folder.run(&[&["--socket", &self.name], args].concat())
    }

    /// The same, as JSON.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        self.ask(&[&["--json"], args].concat()).json()
    }

    /// A command that goes on, line by line.
    pub(crate) fn watch(&self, args: &[&str]) -> Watch {
        let mut command = self.folder.program();
        let mut child =
            command.args(["--json", "--socket", &self.name]).args(args).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Watch { child, lines }
    }

    /// Asks again until it is so.
    #[track_caller]
    pub(crate) fn until(&self, args: &[&str], mut is_so: impl FnMut(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.json(args);
            if is_so(&answer) {
                return answer;
            }
            assert!(
                Instant::now() < deadline,
                "waited in vain for {args:?} of {}: {answer}\n{}",
                self.name,
                self.log()
            );
        }
    }

    /// Asks again until a command ends so.
    #[track_caller]
    pub(crate) fn until_code(&self, args: &[&str], code: i32) -> Said {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = self.ask(args);
            if said.code == code {
                return said;
            }
            assert!(Instant::now() < deadline, "waited in vain for {code} of {args:?}: {said:?}");
        }
    }

    /// Until it holds so many for alive, itself included.
    #[track_caller]
    pub(crate) fn until_alive(&self, count: usize) -> Value {
        self.until(&["members", "--status", "alive"], |answer| {
            let members = answer["members"].as_array().unwrap();
            members.len() == count && members.iter().all(|member| member["name"].is_string())
        })
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// How it ends.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Until it has logged this.
    #[track_caller]
    pub(crate) fn until_logged(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log().contains(text) {
            assert!(Instant::now() < deadline, "waited in vain for `{text}`: {}", self.log());
            std::thread::yield_now();
        }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Agent<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lines of a command that goes on; killed when it is dropped.
pub(crate) struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    /// The next line that says just this.
    #[track_caller]
    pub(crate) fn until(&mut self, mut is_it: impl FnMut(&Value) -> bool) -> Value {
        for line in self.lines.by_ref() {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if is_it(&line) {
                return line;
            }
        }
        panic!("it ended before it had said so");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
