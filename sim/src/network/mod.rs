//! What does a network look like from cycle to cycle? The simulation of 2014: its sizes, its roles, its pictures.
//!
//! * [`picture`] — all nodes and links at the end of a cycle, as plain data and as JSON;
//! * [`dot`] — the same as a graph for Graphviz.

pub mod dot;
pub mod picture;

use core::time::Duration;

use quidnunc_core::{ConfigError, InfoValue};

use crate::world::{Cluster, simulate_network};
use picture::Picture;

/// How long the infos of a cycle stay.
const TTL: Duration = Duration::from_secs(3600);

/// How large a network is, how fast, and how long it is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Its name.
    pub name: &'static str,
    /// How many nodes there are.
    pub nodes: u32,
    /// How long a cycle is.
    pub interval: Duration,
    /// How many cycles there are.
    pub cycles: u64,
    /// A picture is written every so many cycles.
    pub output_every: u64,
}

/// The six sizes of 2014.
pub const SIZES: [Size; 6] = [
    size("tiny", 3, 150, 10, 1),
    size("small", 10, 150, 10, 1),
    size("medium", 25, 150, 10, 1),
    size("large", 50, 250, 10, 1),
    size("huge", 100, 1000, 20, 2),
    size("ginormous", 250, 3000, 20, 2),
];

const fn size(name: &'static str, nodes: u32, interval_ms: u64, cycles: u64, output_every: u64) -> Size {
    Size { name, nodes, interval: Duration::from_millis(interval_ms), cycles, output_every }
}

/// Runs a network: in each cycle every node tells the cycle's number under its address. `see` gets the picture of
/// every cycle, in which links count as new or lost since the last one that was to be written; it says whether to go on.
///
/// # Errors
/// [`ConfigError`] when nodes cannot have the size's interval.
pub fn watch(size: &Size, seed: u64, mut see: impl FnMut(&Picture) -> bool) -> Result<(), ConfigError> {
    let mut written: Option<Picture> = None;
    simulate_network(size.nodes, size.interval, seed, |cycle, cluster| {
        let picture = Picture::of(cluster, cycle, written.as_ref());
        let goes_on = see(&picture);
        if cycle % size.output_every == 0 {
            written = Some(picture);
        }
        tell(cluster, cycle);
        goes_on && cycle + 1 < size.cycles
    })
}

/// Every node tells the number of the cycle.
fn tell(cluster: &mut Cluster<'_, '_>, cycle: u64) {
    let value = InfoValue::Int(i64::try_from(cycle).unwrap_or(i64::MAX));
    for node in 0..cluster.len() {
        let key = cluster.addr(node).to_string();
        let told = cluster.add_info(node, key.as_bytes(), value, Some(TTL));
        assert_eq!(told, Ok(()), "a node takes what it told before");
    }
}
