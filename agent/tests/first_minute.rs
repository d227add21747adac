//! Does the walk through README's section "Run a cluster" work when it is pasted line by line?
//!
//! Every block of `sh` goes to a shell, a line at a time, and what it says is compared with the block of `text` behind it, in which `…` is
//! anything. A command that asks is asked again until it says so: whoever pastes is slower than the agents, and this test is not.

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use common::programs::Port;
use common::{Folder, PATIENCE};

/// The blocks of the section, each with its language.
fn blocks() -> Vec<(String, Vec<String>)> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let section = readme.split("\n## Run a cluster\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let fenced = section.split("\n```").skip(1).step_by(2);
    let block = |text: &str| {
        let (language, lines) = text.split_once('\n').unwrap();
        (language.to_owned(), lines.lines().map(str::to_owned).collect())
    };
    fenced.map(block).collect()
}

/// README's ports, as others that nobody else takes.
fn with_own_ports(mut blocks: Vec<(String, Vec<String>)>, ports: &[Port; 3]) -> Vec<(String, Vec<String>)> {
    for (number, port) in (1..).zip(ports) {
        for line in blocks.iter_mut().flat_map(|(_, lines)| lines) {
            *line = line.replace(&format!("127.0.0.1:700{number}"), &format!("127.0.0.1:{}", port.number));
        }
    }
    blocks
}

/// Whether a line is as README has it, widths of columns aside.
fn is_as(said: &str, wanted: &str) -> bool {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (said, wanted) = (squeezed(said), squeezed(wanted));
    let mut parts = wanted.split('…');
    let Some(mut rest) = parts.next().and_then(|first| said.strip_prefix(first)) else { return false };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// A shell at a terminal, as far as its jobs are concerned.
struct Shell {
    process: Child,
    lines: ChildStdin,
    said: Receiver<String>,
}

impl Shell {
    fn new(folder: &Folder) -> Self {
        let programs = Path::new(env!("CARGO_BIN_EXE_quidnunc")).parent().unwrap();
        let mut command = Command::new("bash");
        command.args(["-m", "-s"]).env("XDG_RUNTIME_DIR", &folder.0).env_remove("QUIDNUNC_SOCKET");
        command.env("PATH", format!("{}:{}", programs.display(), std::env::var("PATH").unwrap()));
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (sender, said) = mpsc::channel();
        let out = BufReader::new(process.stdout.take().unwrap());
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let lines = process.stdin.take().unwrap();
        Self { process, lines, said }
    }

    fn paste(&mut self, line: &str) {
        writeln!(self.lines, "{line}").unwrap();
    }

    /// Reads until everything that is wanted has been said, in its order; or, if there is an end, until that. Returns whether all was.
    fn hears(&self, wanted: &[String], end: Option<&str>, until: Instant) -> bool {
        let is_rule = |line: &&String| line.chars().all(|char| char == '─');
        let mut wanted = wanted.iter().filter(|line| !is_rule(line)).peekable();
        while wanted.peek().is_some() || end.is_some() {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.said.recv_timeout(left).unwrap_or_else(|_| panic!("not said in time: {:?}", wanted.peek()));
            if end == Some(line.as_str()) {
                break;
            }
            wanted.next_if(|wanted| is_as(&line, wanted));
        }
        wanted.peek().is_none()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // What still runs are its jobs.
        let _ = writeln!(self.lines, "kill -9 $(jobs -p)\nexit");
        let _ = self.process.wait();
    }
}

#[test]
fn the_walk_through_of_readme_works_line_by_line() {
    let folder = Folder::new("readme");
    let ports = [(); 3].map(|()| Port::reserve());
    let (blocks, mut shell) = (with_own_ports(blocks(), &ports), Shell::new(&folder));
    let mut checked = 0;
    for (place, (language, lines)) in blocks.iter().enumerate().filter(|(_, (language, _))| language == "sh") {
        assert_eq!(language, "sh");
        let until = Instant::now() + PATIENCE;
        let answer =
            blocks.get(place + 1).filter(|(language, _)| language == "text").map(|(_, lines)| lines.as_slice());
        let (last, first) = lines.split_last().unwrap();
        first.iter().for_each(|line| shell.paste(line));
        let Some(wanted) = answer else {
            shell.paste(last);
            continue;
        };
        checked += 1;
        let asks = last.starts_with("quidnunc ") && !last.ends_with('&') && !last.contains(" leave ");
        shell.paste(last);
        if !asks {
            assert!(shell.hears(wanted, None, until));
            continue;
        }
        shell.paste("echo that was it");
        while !shell.hears(wanted, Some("that was it"), until) {
            shell.paste(last);
            shell.paste("echo that was it");
        }
    }
    assert!(checked >= 4, "README has a walk through: {blocks:?}");
}
