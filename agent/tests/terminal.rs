//! What does somebody see who sits at a terminal?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};

use common::Folder;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A terminal of 20 lines, at which a program runs.
struct Terminal {
    keys: File,
    child: Child,
    shown: Vec<u8>,
}

impl Terminal {
    fn run(mut command: Command) -> Self {
        let own: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&own).unwrap();
        unlockpt(&own).unwrap();
        tcsetwinsize(&own, Winsize { ws_row: 20, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&own, Vec::new()).unwrap().into_string().unwrap();
        let end = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        Self { keys: own.into(), child, shown: Vec::new() }
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
