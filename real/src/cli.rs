//! Which process of a real run is this one to be: a node, or the relay between all of them? Tests start both; people may, to look.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use clap::{Parser, Subcommand};
use quidnunc_sim::scenario::{Delay, Distribution, Net, Scenario, Share, parse};

use crate::node::{self, Role};
use crate::relay::{Relay, Word};

/// A network that does nothing to what it carries.
const AT_ONCE: Net = Net {
    delay: Delay { time_ns: 0, jitter_ns: 0, floor_ns: 0, distribution: Distribution::Constant },
    loss: Share::NEVER,
    duplicate: Share::NEVER,
    reorder: Share::NEVER,
    reorder_by_ns: 0,
};

/// One process of a scenario that runs for real.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs one node with the scenario's settings; it says what it sees, and takes requests from its standard input.
    Node {
        /// The scenario.
        file: PathBuf,
        /// The node's number.
        node: u32,
        /// Where it listens.
        bind: SocketAddr,
        /// By whom it joins.
        seeds: Vec<SocketAddr>,
        /// Where else it is reached.
        #[arg(long)]
        also: Vec<SocketAddr>,
        /// The number of the key with which it seals.
        #[arg(long)]
        seal: Option<u8>,
    },
    /// Carries frames between interfaces as the scenario's network does, until its standard input ends.
    Relay {
        /// The scenario.
        file: PathBuf,
        /// The interfaces, one per node.
        interfaces: Vec<String>,
        /// The seed of all chance.
        #[arg(long)]
        seed: u64,
        /// When the run begins, in nanoseconds of the machine's monotonic clock.
        #[arg(long)]
        start: u64,
        /// Carries everything at once, whatever the scenario says of its network.
        #[arg(long)]
        at_once: bool,
    },
}

/// The whole program: does what the process's own arguments ask for.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Node { file, node, bind, seeds, also, seal } => read(&file).and_then(|scenario| {
            node::run(&scenario, &Role { node, bind, also, seeds, seal }).map_err(|why| format!("node {node}: {why}"))
        }),
        Command::Relay { file, interfaces, seed, start, at_once } => read(&file).and_then(|mut scenario| {
            if at_once {
                scenario.net = AT_ONCE;
            }
            relay(&scenario, seed, start, &interfaces)
        }),
    };
    done.map_or_else(
        |why| {
            // If even this cannot be said, the exit code still says it.
            let _ = writeln!(io::stderr(), "error: {why}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn read(file: &Path) -> Result<Scenario, String> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|why| format!("cannot read {name}: {why}"))?;
    parse(&name, &text).map_err(|why| why.to_string())
}

fn relay(scenario: &Scenario, seed: u64, start: u64, interfaces: &[String]) -> Result<(), String> {
    let (relay, words, heard) = Relay::open(scenario, seed, start, interfaces).map_err(|why| why.to_string())?;
    thread::spawn(move || {
        // An error ends it as the end does.
        let _ = io::stdin().lock().read_to_end(&mut Vec::new());
        let _ = words.send(Word::End);
    });
    let said = say("ready").map(|()| relay.carry(&heard)).and_then(|carried| say(&carried.to_string()));
    said.map_err(|why| format!("nobody listens: {why}"))
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
