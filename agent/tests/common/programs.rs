//! Other people's programs, where they are installed.

use std::io::{BufRead as _, BufReader};
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
