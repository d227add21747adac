//! Does a cluster of real nodes hold, while some of them crash and come back and some of their datagrams get lost?
//!
//! All nodes live in this process and talk over loopback, through a [`relay`](relay::Relay) that drops 5 % of the
//! datagrams. Each writes to its own map all the while. Round after round two of them stop without a goodbye, all others
//! find out, and they come back. What must hold:
//!
//! * nobody is ever declared dead who runs;
//! * at the end of every round all have the same members and the same values;
//! * memory is flat: the median of what the process has resident in the last third of the rounds is at most 10 % above
//!   that in the first. That takes time to say anything, so it is asked of runs of five minutes and more only.
//!
//! `cargo test` runs a short form. The long one, of ten minutes, 200 nodes, ten crashes and ten returns:
//!
//! ```text
//! SOAK_NODES=200 SOAK_MINUTES=10 cargo test --release -p quidnunc --test soak -- --nocapture
//! ```
//!
//! It holds some 800 files open. `SOAK_SEED` loses other datagrams and crashes other nodes.

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod figures;
mod relay;

use std::env;
use std::time::{Duration, Instant};

use cluster::Cluster;

const LOSS_PERCENT: u64 = 5;
const KILLED_PER_ROUND: usize = 2;

/// A round of the long form: two crash, are found, and are back long before it is over.
const ROUND: Duration = Duration::from_secs(120);

/// A shorter run says nothing about memory.
const TELLING: Duration = Duration::from_secs(300);

/// How much more memory the last third may hold than the first. Lists keep the most room that they ever needed and the
/// allocator keeps pieces, ever more slowly, but for more than half an hour; four bytes lost per datagram would be more in
/// ten minutes.
const GROWTH_PERCENT: u64 = 10;

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap())
}

#[test]
#[expect(clippy::print_stderr, reason = "the figures are for a reader; what must hold is asserted")]
fn nobody_who_runs_is_declared_dead_and_all_agree() {
    let (seed, minutes) = (setting("SOAK_SEED", 1), setting("SOAK_MINUTES", 0));
    let nodes = usize::try_from(setting("SOAK_NODES", 40)).unwrap();
    let length = Duration::from_secs(60 * minutes);
    let rounds = (length.as_secs() / ROUND.as_secs()).max(1);

    let mut cluster = Cluster::start(nodes, seed);
    cluster.agree();
    eprintln!("SOAK_SEED={seed} {nodes} nodes agree after {:.1?}", cluster.age());
    let begin = Instant::now();
    for round in 1..=rounds {
        let killed = cluster.draw(KILLED_PER_ROUND);
        let found = cluster.kill(&killed);
        eprintln!("round {round}: nodes {killed:?} are known to be dead {found}");
        cluster.restart(&killed);
        cluster.agree();
        eprintln!("round {round}: all agree at {:.1?}", cluster.age());
        cluster.live_on(begin + length.mul_f64(round as f64 / rounds as f64));
    }
    cluster.agree();
    eprintln!("{}", cluster.report());
    cluster.check_relay();
    if length >= TELLING {
        cluster.memory().check_flat(GROWTH_PERCENT);
    }
}
