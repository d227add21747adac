//! Does the same seed give the same bytes, whatever the threads and the hash seeds?

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};

use super::args::VerifyArgs;
use super::batch::threads;
use super::run::complain;
use super::source::{Source, read_all};
use super::{Job, RunProblem, Simulator, Streams};
use crate::report::{Again, Repro};
use crate::result::{ExitCode, RunResult};

/// What the two copies seed their hash maps with; the first run has 0.
const OTHER_HASH_SEEDS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, u64::MAX];

/// One file's first seed, compared.
struct Comparison<'a> {
    source: &'a Source,
    first: RunResult,
    difference: Option<Difference>,
}

/// The first place at which two results differ.
struct Difference {
    key: String,
    first: Value,
    again: Value,
}

/// `quidnunc-sim verify FILE…`
pub(super) fn verify(args: &VerifyArgs, simulator: &dyn Simulator, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
    let Some(sources) = read_all(&args.files, simulator, streams)? else {
        return Ok(ExitCode::Usage);
    };
    let mut code = ExitCode::Pass;
    in_order(
        &sources,
        |source| compare(source, simulator),
        |compared| {
            code = code.max(match compared {
                Ok(comparison) => comparison.print(args.json, streams)?,
                Err(problem) => complain(&problem, streams)?,
            });
            streams.out.flush()
        },
    )?;
    Ok(code)
}

/// Does something of each, several at once so that no processor waits for the others, and tells of them in their order, each as soon
/// as it is there.
fn in_order<'a, S: Sync, T: Send>(
    all: &'a [S],
    does: impl Fn(&'a S) -> T + Sync,
    mut tells: impl FnMut(T) -> io::Result<()>,
) -> io::Result<()> {
    let (next, (done, ends)) = (AtomicUsize::new(0), mpsc::channel());
    thread::scope(|scope| {
        for _ in 0..rayon::current_num_threads().min(all.len()) {
            let (done, next, does) = (done.clone(), &next, &does);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = all.get(index) else { return };
                    // Whoever hears of no more needs no more.
                    if done.send((index, does(one))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let (mut waiting, mut told) = (BTreeMap::new(), 0);
        for (index, one) in ends {
            waiting.insert(index, one);
            while let Some(one) = waiting.remove(&told) {
                tells(one)?;
                told += 1;
            }
        }
        Ok(())
    })
}

fn compare<'a>(source: &'a Source, simulator: &dyn Simulator) -> Result<Comparison<'a>, RunProblem> {
    let run = |map_hash_seed: u64| {
        let job = source.job(source.scenario.run.seed_base, &|_| ());
        Job { map_hash_seed, ..job }.run(simulator)
    };
    let [one, two] = OTHER_HASH_SEEDS;
    let first = threads(NonZeroUsize::new(1))?.install(|| run(0))?;
    let copies = threads(NonZeroUsize::new(2))?.install(|| rayon::join(|| run(one), || run(two)));
    let json = first.to_json();
    let differs = |again: RunResult| first_difference("", &json, &again.to_json());
    let difference = differs(copies.0?).or(differs(copies.1?));
    Ok(Comparison { source, first, difference })
}

/// The first key, in the order of the bytes, at which two JSON values differ.
fn first_difference(key: &str, first: &Value, again: &Value) -> Option<Difference> {
    if first == again {
        return None;
    }
    let inner = match (first, again) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let dot = if key.is_empty() { "" } else { "." };
            let at = |name: &String| (format!("{key}{dot}{name}"), a.get(name), b.get(name));
            keys.into_iter().map(at).find_map(|(key, a, b)| differ(&key, a, b))
        }
        (Value::Array(a), Value::Array(b)) => {
            (0..a.len().max(b.len())).find_map(|index| differ(&format!("{key}[{index}]"), a.get(index), b.get(index)))
        }
        _ => None,
    };
    inner.or_else(|| Some(Difference { key: key.to_owned(), first: first.clone(), again: again.clone() }))
}

/// What is missing on one side differs as a null does.
fn differ(key: &str, first: Option<&Value>, again: Option<&Value>) -> Option<Difference> {
    first_difference(key, first.unwrap_or(&Value::Null), again.unwrap_or(&Value::Null))
}

impl Comparison<'_> {
    fn print(&self, json: bool, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
        if json {
            writeln!(streams.out, "{}", self.to_json())?;
        } else {
            writeln!(streams.out, "{}", self.text())?;
        }
        if self.difference.is_none() {
            return Ok(ExitCode::Pass);
        }
        let Source { name: file, text, .. } = self.source;
        let command = Repro { file, text, again: Again::Verify };
        writeln!(if json { &mut *streams.err } else { &mut *streams.out }, "{command}")?;
        Ok(ExitCode::NotDeterministic)
    }

    fn text(&self) -> String {
        let run = &self.first;
        let what = format!("{}  seed {} · fp {}", run.scenario, run.seed, run.fingerprint_hex());
        match &self.difference {
            None => format!("SAME  {what}"),
            Some(Difference { key, first, again }) => {
                format!("DIFFERENT  {what}\n{key}: first {first}, then {again}")
            }
        }
    }

    fn to_json(&self) -> Value {
        let difference = self.difference.as_ref();
        json!({
            "schema": 1,
            "scenario": self.first.scenario,
            "seed": self.first.seed,
            "fingerprint": self.first.fingerprint_hex(),
            "same": difference.is_none(),
            "difference": difference.map(|found| {
                json!({ "key": found.key, "first": found.first, "again": found.again })
            }),
        })
    }
}
