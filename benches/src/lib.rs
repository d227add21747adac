//! What do the benches share? Clusters that settle, and ways to read what they cost.
//!
//! * [`cluster`] — real nodes in memory, without the simulator;
//! * [`laps`] — readings of a meter while the simulator runs a settled cluster;
//! * [`arena`] — where packets lie while they are under way;
//! * [`cpu`] — how much processor time has been used.

pub mod arena;
pub mod cluster;
pub mod cpu;
pub mod laps;

use quidnunc_sim::engine::delay::DelaySampler;
use quidnunc_sim::scenario::{Delay, Distribution};

/// Whether tiny sizes will do: `cargo bench` asks for a measurement, `-- --test` and `cargo test` only
/// for a sign of life.
#[must_use]
pub fn is_quick() -> bool {
    let mut bench = false;
    let mut test = false;
    for argument in std::env::args() {
        bench |= argument == "--bench";
        test |= argument == "--test";
    }
    test || !bench
}

/// One-way delays of 5 to 50 ms, all equally likely: the network of every bench.
#[must_use]
pub fn delays() -> DelaySampler {
    let distribution = Distribution::Uniform;
    DelaySampler::new(&Delay { time_ns: 27_500_000, jitter_ns: 22_500_000, floor_ns: 0, distribution })
}
