//! What does somebody see who sits at a terminal?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};

use common::Folder;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// A terminal of 20 lines, at which a program runs.
struct Terminal {
    keys: File,
    child: Child,
    shown: Vec<u8>,
}

impl Terminal {
    fn run(mut command: Command) -> Self {
        let (own, name) = Self::open();
        let end = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        Self { keys: own.into(), child, shown: Vec::new() }
    }

    /// This side of one, and the name of the other.
    fn open() -> (OwnedFd, String) {
        let own: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&own).unwrap();
        unlockpt(&own).unwrap();
        tcsetwinsize(&own, Winsize { ws_row: 20, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&own, Vec::new()).unwrap().into_string().unwrap();
        (own, name)
    }

    /// Whether what is typed comes line by line, as before.
    fn is_as_it_was(&self) -> bool {
        tcgetattr(&self.keys).unwrap().local_modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// Reads on until this is shown.
    #[track_caller]
    fn until(&mut self, text: &str) {
        let mut bytes = [0; 4096];
        while !String::from_utf8_lossy(&self.shown).contains(text) {
            match self.keys.read(&mut bytes) {
                Ok(len @ 1..) => self.shown.extend(&bytes[..len]),
                Ok(0) | Err(_) => panic!("it ended without `{text}`: {}", String::from_utf8_lossy(&self.shown)),
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_value_does_nothing_to_a_terminal_unless_that_is_meant() {
    let folder = Folder::new("escapes");
    let n1 = folder.agent("n1", &[]);
    assert_eq!(n1.ask(&["kv", "set", "odd", "<\u{1b}[31m>"]).code, 0);
    for (raw, shown) in [(None, "<\\u{1b}[31m>"), (Some("--raw"), "<\u{1b}[31m>")] {
        let mut command = folder.program();
        command.args(["kv", "get", "odd", "--of", "n1"]).args(raw);
        let mut terminal = Terminal::run(command);
        terminal.until(shown);
        assert_eq!(terminal.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn there_are_no_colours_where_nobody_wants_them() {
    let folder = Folder::new("colours");
    let agent = &["agent", "--name", "n1", "--bind", "127.0.0.1:0"];
    for (args, text) in [(&["members", "--stauts"][..], "--status"), (agent, "started")] {
        for is_coloured in [true, false] {
            let mut command = folder.program();
            command.args(args).env("TERM", "xterm").env_remove("CLICOLOR");
            if is_coloured {
                command.env_remove("NO_COLOR");
            }
            let mut terminal = Terminal::run(command);
            terminal.until(text);
            assert_eq!(String::from_utf8_lossy(&terminal.shown).contains("\u{1b}["), is_coloured, "{args:?}");
        }
    }
}

#[cfg(feature = "top")]
#[test]
fn a_live_screen_is_drawn_again_and_leaves_the_terminal_as_it_was() {
    let folder = Folder::new("live");
    let n1 = folder.agent("n1", &[]);
    let mut command = folder.program();
    command.arg("top").env("TERM", "xterm");
    let mut terminal = Terminal::run(command);
    terminal.until("\u{1b}[?1049h");
    terminal.until("n1, up ");
    let n2 = folder.agent("n2", &["--seed", &n1.addr()]);
    terminal.until("n2 ");
    terminal.keys.write_all(b"q").unwrap();
    terminal.until("\u{1b}[?1049l");
    assert_eq!(terminal.child.wait().unwrap().code(), Some(0));
    drop(n2);
}

#[cfg(feature = "top")]
#[test]
fn a_live_screen_outlives_a_busy_agent_and_goes_with_a_signal() {
    let folder = Folder::new("top-signal");
    let n1 = folder.agent("n1", &[]);
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut command = folder.program();
        command.args(["top", "--socket", "n1"]).env("TERM", "xterm");
        let mut terminal = Terminal::run(command);
        terminal.until("n1, up ");
        assert!(!terminal.is_as_it_was());
        if signal == Signal::TERM {
            let busy: Vec<_> = (0..256).map(|_| watching(&n1)).collect();
            terminal.until("too many connections are open");
            drop(busy);
            terminal.shown.clear();
            terminal.until("n1, up ");
        }
        kill_process(Pid::from_child(&terminal.child), signal).unwrap();
        terminal.until("\u{1b}[?1049l");
        assert_eq!(terminal.child.wait().unwrap().code(), Some(0), "{signal:?}");
        assert!(terminal.is_as_it_was());
    }
}

/// Somebody who has asked for what does not end.
#[cfg(feature = "top")]
fn watching(agent: &common::Agent<'_>) -> std::os::unix::net::UnixStream {
    let mut stream = std::os::unix::net::UnixStream::connect(agent.socket()).unwrap();
    stream.set_read_timeout(Some(common::PATIENCE)).unwrap();
    // While the screen asks, there is no room for the last one yet.
    loop {
        stream.write_all(b"GET /v1/members/watch HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut head = [0; 15];
        stream.read_exact(&mut head).unwrap();
        if &head == b"HTTP/1.1 200 OK" {
            return stream;
        }
        stream = std::os::unix::net::UnixStream::connect(agent.socket()).unwrap();
    }
}

#[test]
fn only_whoever_sees_a_question_is_asked_it() {
    let folder = Folder::new("prompt");
    let n1 = folder.agent("n1", &[]);
    let mut n2 = folder.agent("n2", &["--seed", &n1.addr()]);
    n1.until_alive(2);
    n2.child.kill().unwrap();
    n2.wait();
    n1.until(&["members", "--status", "dead"], |answer| answer["members"][0]["name"] == "n2");
    let command = || {
        let mut command = folder.program();
        command.args(["force-leave", "n2", "--socket", "n1"]);
        command
    };
    let mut terminal = Terminal::run(command());
    terminal.until("Type yes if that is meant");
    terminal.keys.write_all(b"no\n").unwrap();
    terminal.until("which is dead, stays");
    assert_eq!(terminal.child.wait().unwrap().code(), Some(1));
    // Its words go elsewhere.
    let (own, name) = Terminal::open();
    let end = OpenOptions::new().read(true).write(true).open(name).unwrap();
    let output = command().stdin(end).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), said.contains("--yes"), said.contains("Type yes")),
        (Some(2), true, false),
        "{said}"
    );
    drop(own);
}
