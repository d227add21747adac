//! What does it cost here to keep a node's state? Each save waits for the disk twice:
//!
//! ```text
//! cargo run --release -p quidnunc --example save_cost -- /var/lib/somewhere
//! ```
//!
//! On a file system in memory, such as `/dev/shm`, it shows what encoding costs alone.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{env, fs, process};

use quidnunc::{Durable, MapSnapshot, MapVersion, NodeId, State, ValueView};

/// A map has so many values.
const VALUES: usize = 16;

/// Median, shortest and longest time of some saves.
fn cost(durable: &mut Durable, state: &State<'_>, saves: usize) -> Result<[Duration; 3], Box<dyn Error>> {
    let mut times = Vec::with_capacity(saves);
    for _ in 0..saves {
        let start = Instant::now();
        durable.save(state)?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok([times[saves / 2], times[0], times[saves - 1]])
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).map_or_else(env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("quidnunc-save-cost-{}", process::id()));
    fs::create_dir(&folder)?;
    let (mut durable, _) = Durable::open(&folder.join("state"), NodeId::from_name("n1"))?;
    let boot = durable.begin_life()?;
    for (bytes, saves) in [(1 << 10, 200), (64 << 10, 200), (1 << 20, 50), (64 << 20, 5)] {
        let value = vec![1; bytes / VALUES];
        let keys: Vec<[u8; 1]> = (0..=u8::MAX).take(VALUES).map(|key| [key]).collect();
        let view = |key| ValueView { key, value: &value, version: 1, left: None };
        let values: Vec<ValueView<'_>> = keys.iter().map(|key| view(key)).collect();
        let map = MapSnapshot { version: MapVersion { epoch: 1, version: 1, watermark: 0 }, values: &values };
        let [median, min, max] = cost(&mut durable, &State { boot, map: Some(map), ..State::default() }, saves)?;
        println!("{:>6} KiB: {median:?} [{min:?}..{max:?}] of {saves} saves", bytes >> 10);
    }
    drop(durable);
    fs::remove_dir_all(&folder)?;
    Ok(())
}
