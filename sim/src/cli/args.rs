//! What can be asked for? The commands, their options and their help.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand};

use super::recording::Wanted;
use crate::network::{SIZES, Size};

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (commit ", env!("QUIDNUNC_COMMIT"), ")");

const EXAMPLES: &str = "\
Examples:
  quidnunc-sim run scenarios/quickstart.toml
  quidnunc-sim run scenarios/quickstart.toml --seeds 1..101 --json > crash.json
  quidnunc-sim check scenarios/*.toml
  quidnunc-sim verify scenarios/quickstart.toml
  quidnunc-sim bisect before.fp after.fp
  quidnunc-sim bench
  quidnunc-sim network --size small
  quidnunc-sim replay n1.record
  quidnunc-sim explain n1.record --about n7
  quidnunc-sim redact n1.record -o n1.redacted

Exit codes; of several, the first of 70 64 4 5 1 3 6 7 2 0 is the answer:
   0  everything holds
   1  an expectation failed
   2  unknown: a fault never bit, there was no sample, or the start was not steady
   3  not settled in time
   4  not deterministic
   5  the protocol panicked
   6  regression against a baseline
   7  budget spent
  64  wrong usage, or a mistake in a scenario file
  70  the simulator itself is at fault";

/// Runs thousands of real quidnunc nodes from a scenario file and checks what the file claims.
#[derive(Debug, Parser)]
#[command(name = "quidnunc-sim", version = VERSION, after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Runs scenarios and says whether what they claim holds.
    Run(RunArgs),
    /// Reads scenarios and says what is wrong with them, without running them.
    Check(CheckArgs),
    /// Runs the first seed three times, with other threads and other hash seeds: is it the same?
    Verify(VerifyArgs),
    /// Compares what two runs wrote with `--fingerprints`: in which second do they first differ?
    Bisect(BisectArgs),
    /// Measures the engine with nodes that do next to nothing.
    Bench(BenchArgs),
    /// Shows a network of nodes with links from cycle to cycle, as the simulation of 2014 did.
    Network(NetworkArgs),
    /// Lets a recorded node do again what it did: is every packet the same, to the byte?
    Replay(ReplayArgs),
    /// Tells from a recording what the node came to believe of a member, when, and on whose word.
    Explain(ExplainArgs),
    /// Makes a recording without keys and values of one that has them, which replays and explains the same.
    Redact(RedactArgs),
}

const RUN_EXAMPLES: &str = "\
Examples:
  quidnunc-sim run scenarios/quickstart.toml               the file's first seed
  quidnunc-sim run scenarios/quickstart.toml --seed 7      this seed
  quidnunc-sim run scenarios/quickstart.toml --seeds 1..9  seeds 1 to 8, and all of them pooled
  quidnunc-sim run scenarios/*.toml --all-seeds       each file's own seeds
  quidnunc-sim run scenarios/quickstart.toml --fingerprints before.fp   for bisect";

#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(super) struct RunArgs {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Runs this seed instead of the file's first.
    #[arg(long, value_name = "S", group = "which")]
    pub(super) seed: Option<u64>,
    /// Runs the seeds from A up to, but not including, B, and pools them.
    #[arg(long, value_name = "A..B", group = "which")]
    pub(super) seeds: Option<SeedRange>,
    /// Runs all the seeds that the file names, and pools them.
    #[arg(long, group = "which")]
    pub(super) all_seeds: bool,
    /// Runs so many seeds at once instead of one per processor. The results do not depend on it.
    #[arg(long, value_name = "J")]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Prints JSON, schema 1: a line per file, or one line in all with `--seeds` or `--all-seeds`.
    #[arg(long)]
    pub(super) json: bool,
    /// Prints one line per file, and no progress.
    #[arg(long)]
    pub(super) quiet: bool,
    /// Writes the fingerprint of the run up to each simulated second; of one file and one seed only.
    #[arg(long, value_name = "OUT", conflicts_with_all = ["seeds", "all_seeds"])]
    pub(super) fingerprints: Option<PathBuf>,
    /// Records what happens to a node, for `replay` and `explain`; of one file and one seed only. Replaces a recording that
    /// is there, and nothing else.
    #[arg(long, value_name = "N=OUT", conflicts_with_all = ["seeds", "all_seeds"])]
    pub(super) record: Option<Wanted>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quidnunc-sim check scenarios/*.toml")]
pub(super) struct CheckArgs {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quidnunc-sim verify scenarios/quickstart.toml")]
pub(super) struct VerifyArgs {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Prints a line of JSON per file.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  quidnunc-sim run scenarios/quickstart.toml --fingerprints before.fp
  quidnunc-sim run scenarios/quickstart.toml --fingerprints after.fp     with a program that was changed
  quidnunc-sim bisect before.fp after.fp")]
pub(super) struct BisectArgs {
    /// Fingerprints of one run.
    #[arg(value_name = "A")]
    pub(super) a: PathBuf,
    /// Fingerprints of another run of the same scenario with the same seed.
    #[arg(value_name = "B")]
    pub(super) b: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quidnunc-sim bench --pending 10000 --json")]
pub(super) struct BenchArgs {
    /// How many nodes there are; a third of the waiting events if nothing is said.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub(super) nodes: Option<u32>,
    /// How many events wait at any time.
    #[arg(long, value_name = "P", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(64..=100_000_000))]
    pub(super) pending: u32,
    /// How many simulated seconds are measured.
    #[arg(long, value_name = "S", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) seconds: u64,
    /// Prints a line of JSON, schema 1.
    #[arg(long)]
    pub(super) json: bool,
}

const NETWORK_EXAMPLES: &str = "\
The first three nodes are those by which all join. Node 0 tells how many nodes there are, and in every cycle a
sentinel; every node tells the number of the cycle.

Examples:
  quidnunc-sim network                              25 nodes, a line per cycle
  quidnunc-sim network --size huge --seed 7         100 nodes, another seed
  quidnunc-sim network --size small --out pictures  a graph for Graphviz per cycle, and the same as JSON
  quidnunc-sim network --size tiny --json           a line of JSON per cycle

Sizes: tiny (3 nodes), small (10), medium (25), large (50), huge (100), ginormous (250).
Ends with 3 if not everybody knows everybody after the last cycle.";

#[derive(Debug, Args)]
#[command(after_help = NETWORK_EXAMPLES)]
pub(super) struct NetworkArgs {
    /// How large the network is.
    #[arg(long, value_name = "SIZE", default_value = "medium",
        value_parser = PossibleValuesParser::new(SIZES.map(|size| size.name)).try_map(|name| size_named(&name)))]
    pub(super) size: Size,
    /// The seed.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(super) seed: u64,
    /// Ends after so many cycles instead of those of the size.
    #[arg(long, value_name = "C", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) cycles: Option<u64>,
    /// Writes `sim-cycle-C.dot` and `sim-cycle-C.json` into this folder, of every cycle or every other.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Prints a line of JSON per cycle, schema 1.
    #[arg(long)]
    pub(super) json: bool,
    /// Prints one line in all, and no progress.
    #[arg(long, conflicts_with = "json")]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Recordings that `quidnunc record` or `quidnunc agent --record` has made.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Prints a line of JSON per file, schema 1.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A recording that `quidnunc record` or `quidnunc agent --record` has made.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The member that is meant: its name, its id or its address; node:7 of those that are simulated.
    #[arg(long, value_name = "NODE")]
    pub(super) about: String,
    /// Prints one line of JSON, schema 1.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quidnunc-sim redact n1.record -o n1.redacted")]
pub(super) struct RedactArgs {
    /// A recording that `quidnunc record` or `quidnunc agent --record` has made.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Where to; a file that is there is not replaced.
    #[arg(short, long, value_name = "OUT")]
    pub(super) out: PathBuf,
    /// Replaces the file.
    #[arg(long)]
    pub(super) force: bool,
    /// Prints one line of JSON, schema 1.
    #[arg(long)]
    pub(super) json: bool,
}

/// The size of a name that was offered.
fn size_named(name: &str) -> Result<Size, &'static str> {
    SIZES.into_iter().find(|size| size.name == name).ok_or("there is no such size")
}

/// A half-open range of seeds that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeedRange {
    /// The first seed.
    pub first: u64,
    /// The seed after the last.
    pub end: u64,
}

/// Why a text is not a range of seeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedRangeError(String);

impl std::fmt::Display for SeedRangeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SeedRangeError {}

impl FromStr for SeedRange {
    type Err = SeedRangeError;

    fn from_str(text: &str) -> Result<Self, SeedRangeError> {
        let fail = |why: String| Err(SeedRangeError(why));
        let Some((first, end)) = text.split_once("..") else {
            return match text.parse::<u64>() {
                Ok(_) => fail(format!("one seed is --seed {text}; a range is A..B, such as 1..101")),
                Err(_) => fail("a range is A..B, such as 1..101".to_owned()),
            };
        };
        let (end, inclusive) = end.strip_prefix('=').map_or((end, false), |end| (end, true));
        let number = |word: &str| {
            let problem = |error| SeedRangeError(format!("`{word}` is not a seed: {error}"));
            word.trim().parse::<u64>().map_err(problem)
        };
        let (first, end) = (number(first)?, number(end)?);
        match (inclusive, end.checked_add(1)) {
            (true, Some(next)) if first <= end => {
                fail(format!("the end is not part of the range: write {first}..{next}"))
            }
            _ if first < end => Ok(Self { first, end }),
            (_, Some(next)) if first == end => {
                fail(format!("it is empty: the end is not part of the range; write {first}..{next}"))
            }
            _ => fail("it is empty: the end must be larger than the beginning".to_owned()),
        }
    }
}
