//! Other people's programs, where they are installed.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command};

/// Where a program is. `None`, and a word about it, where it is missing; in the gate (`CI=true`) that is a failure.
#[expect(clippy::print_stderr, reason = "whoever reads the tests' output should know what was left out")]
pub(crate) fn program(name: &str, package: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        let text = format!("there is no `{name}` here: `apt-get install --no-install-recommends {package}`");
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{text}");
        eprintln!("left out: {text}");
    }
    found
}

/// A port of loopback for a program that cannot say which one it was given. It is below those that the system hands out by itself
/// (`net.ipv4.ip_local_port_range`), and nobody else who asks here gets it as long as this lives.
pub(crate) struct Port {
    pub(crate) number: u16,
    _lock: File,
}

impl Port {
    pub(crate) fn reserve() -> Self {
        (20_000..30_000).find_map(Self::lock).unwrap()
    }

    fn lock(number: u16) -> Option<Self> {
        let path = std::env::temp_dir().join(format!("quidnunc-port-{number}.lock"));
        let lock = File::options().write(true).create(true).truncate(false).open(path).ok()?;
        lock.try_lock().ok()?;
        let at = (Ipv4Addr::LOCALHOST, number);
        let is_free = TcpListener::bind(at).is_ok() && UdpSocket::bind(at).is_ok();
        is_free.then_some(Self { number, _lock: lock })
    }
}

/// A program that is killed when it is dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// What stands behind these words in a line of its standard output, and the rest is read by nobody.
    pub(crate) fn until_says(&mut self, words: &str) -> String {
        let lines = BufReader::new(self.0.stdout.as_mut().unwrap()).lines();
        let found = lines.map_while(Result::ok).find_map(|line| Some(line.split_once(words)?.1.to_owned()));
        found.unwrap_or_else(|| panic!("it ended before it said `{words}`"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
