//! Which files are meant, and can they be read?

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Job, Simulator, Streams};
use crate::scenario::Scenario;

/// A scenario file that has been read.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) scenario: Scenario,
}

impl Source {
    pub(super) fn job<'a>(&'a self, seed: u64, progress: &'a (dyn Fn(u64) + Sync)) -> Job<'a> {
        let Self { name: file_name, text, scenario } = self;
        Job { file_name, text, scenario, seed, map_hash_seed: 0, progress, fingerprints: None, recorded: None }
    }
}

/// Reads one file.
pub(super) fn read(path: &Path, simulator: &dyn Simulator) -> Result<Source, String> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| format!("error: cannot read {name}: {error}"))?;
    let scenario = simulator.parse(&name, &text)?;
    Ok(Source { name, text, scenario })
}

/// Reads all files; if any of them cannot be used, complains about each of those and returns `None`.
pub(super) fn read_all(
    paths: &[PathBuf],
    simulator: &dyn Simulator,
    streams: &mut Streams<'_>,
) -> io::Result<Option<Vec<Source>>> {
    let mut sources = Some(Vec::new());
    for path in paths {
        match read(path, simulator) {
            Ok(source) => {
                if let Some(sources) = &mut sources {
                    sources.push(source);
                }
            }
            Err(why) => {
                writeln!(streams.err, "{}", why.trim_end())?;
                sources = None;
            }
        }
    }
    Ok(sources)
}
