//! What did the run look like after each second? Files of fingerprints, written and read.
//!
//! A file has one head, which says of which run it is, and then one line per simulated second: the end of
//! that second in nanoseconds and the fingerprint of everything from the start until then.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::args::RunArgs;
use super::source::Source;
use super::{Job, RunProblem, Simulator};
use crate::result::RunResult;
use crate::scenario::Scenario;

/// How every file begins.
const HEAD: &str = "# quidnunc fingerprints 1 ";
/// Digits of a fingerprint.
const DIGITS: usize = 16;

/// A simulator that writes down the fingerprints of its run.
pub(super) struct Recorder<'a> {
    simulator: &'a dyn Simulator,
    file: File,
    lines: Mutex<String>,
}

impl<'a> Recorder<'a> {
    /// A recorder, if one is asked for. The file is opened before anything runs: nobody waits for an hour
    /// to learn that it cannot be written.
    pub(super) fn new(
        args: &RunArgs,
        sources: &[Source],
        simulator: &'a dyn Simulator,
    ) -> Result<Option<Self>, RunProblem> {
        let Some(path) = &args.fingerprints else {
            return Ok(None);
        };
        let [source] = sources else {
            return Err(RunProblem::Scenario(format!(
                "error: --fingerprints are of one run, but there are {} files",
                sources.len()
            )));
        };
        let fail = |why: &dyn Display| RunProblem::Scenario(format!("error: cannot write {}: {why}", path.display()));
        if holds_something_else(path) {
            return Err(fail(&"it holds something else than fingerprints"));
        }
        let file = File::create(path).map_err(|error| fail(&error))?;
        let seed = args.seed.unwrap_or(source.scenario.run.seed_base);
        let lines = Mutex::new(format!("{HEAD}{} seed {seed}\n", source.scenario.name));
        Ok(Some(Self { simulator, file, lines }))
    }

    /// Writes down what there is; of a run that panicked, everything before.
    pub(super) fn write(&self) -> io::Result<()> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        (&self.file).write_all(lines.as_bytes())
    }
}

impl Simulator for Recorder<'_> {
    fn parse(&self, file_name: &str, text: &str) -> Result<Scenario, String> {
        self.simulator.parse(file_name, text)
    }

    fn run(&self, job: &Job<'_>) -> Result<RunResult, RunProblem> {
        let told = |end_ns: u64, fingerprint: u64| {
            let line = format!("{end_ns} {fingerprint:0DIGITS$x}\n");
            self.lines.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
        };
        self.simulator.run(&Job { fingerprints: Some(&told), ..*job })
    }
}

/// Whether a file would be lost if fingerprints were written there: `--fingerprints a.toml` is a slip.
fn holds_something_else(path: &Path) -> bool {
    let is_file = fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0);
    let mut start = [0; HEAD.len()];
    is_file && !File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok() && start == *HEAD.as_bytes())
}

/// What one file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fingerprints {
    /// Scenario and seed.
    pub(super) of: String,
    /// The end of each window in nanoseconds, ascending, and the fingerprint up to there.
    pub(super) windows: Vec<(u64, u64)>,
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Fingerprints, String> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("error: cannot read {name}: {error}"))?;
    parse(&text).map_err(|(line, why)| format!("error: {name}:{line}: {why}"))
}

/// Reads a file's text, or says in which line it is none, and why.
fn parse(text: &str) -> Result<Fingerprints, (usize, String)> {
    let mut lines = (1..).zip(text.lines());
    let of = lines.next().and_then(|(_, head)| head.strip_prefix(HEAD));
    let Some(of) = of.filter(|of| of.contains(" seed ")) else {
        return Err((1, format!("a file of fingerprints begins with `{HEAD}<scenario> seed <seed>`")));
    };
    let mut windows: Vec<(u64, u64)> = Vec::new();
    for (number, line) in lines {
        let fail = |why: &str| Err((number, why.to_owned()));
        let Some(window) = window(line) else {
            return fail("a line is the end of a window in nanoseconds and 16 hex digits");
        };
        if windows.last().is_some_and(|last| last.0 >= window.0) {
            return fail("a window ends after the one before it");
        }
        windows.push(window);
    }
    if windows.is_empty() {
        return Err((1, "no window follows".to_owned()));
    }
    if !text.ends_with('\n') {
        return Err((windows.len() + 1, "the line is cut off".to_owned()));
    }
    Ok(Fingerprints { of: of.to_owned(), windows })
}

fn window(line: &str) -> Option<(u64, u64)> {
    let (end, fingerprint) = line.split_once(' ')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (fingerprint.len() == DIGITS && digits(fingerprint) && digits(end)).then_some(())?;
    Some((end.parse().ok()?, u64::from_str_radix(fingerprint, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let text = "# quidnunc fingerprints 1 a b seed 7\n1000000000 00000000000000ff\n1500000000 ffffffffffffffff\n";
        let windows = vec![(1_000_000_000, 255), (1_500_000_000, u64::MAX)];
        assert_eq!(parse(text), Ok(Fingerprints { of: "a b seed 7".to_owned(), windows }));
    }

    #[test]
    fn what_is_something_else_is_refused_where_it_stands() {
        let line = |text: &str| parse(text).map(|_| ()).map_err(|(line, _)| line);
        let head = format!("{HEAD}crash seed 1\n");
        assert_eq!(line(""), Err(1));
        assert_eq!(line("{\"schema\":1}\n"), Err(1));
        assert_eq!(line("# quidnunc fingerprints 2 crash seed 1\n1 00000000000000ff\n"), Err(1));
        assert_eq!(line(&head), Err(1));
        assert_eq!(line(&format!("{head}1 00000000000000ff\n2 ff\n")), Err(3));
        assert_eq!(line(&format!("{head}1 00000000000000ff\n2 +0000000000000ff\n")), Err(3));
        assert_eq!(line(&format!("{head}2 00000000000000ff\n2 00000000000000ff\n")), Err(3));
        assert_eq!(line(&format!("{head}1 00000000000000ff\n\n")), Err(3));
        assert_eq!(line(&format!("{head}1 00000000000000ff\n2 00000000000000ff")), Err(3));
        assert_eq!(line(&format!("{head}1 00000000000000ff\n")), Ok(()));
    }
}
