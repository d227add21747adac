//! What does the engine cost by itself, per event and per node?
//!
//! The only command whose output depends on the machine, and the only one that looks at a clock: processor
//! time, because wall time says little on a machine that others use too.

use std::fs;
use std::io;

use serde_json::json;

use super::Streams;
use super::args::BenchArgs;
use crate::report::{counted, quantity};
use crate::result::ExitCode;
use crate::world::{NullCounts, NullWorld};

const SECOND_NS: u64 = 1_000_000_000;
/// Simulated seconds before the measurement: longer than any timer, so that the first ones are all gone.
const WARMUP_S: u64 = 6;

/// What was measured; what this system does not tell is `None`.
struct Measured {
    nodes: u32,
    pending: u32,
    seconds: u64,
    counts: NullCounts,
    cpu_ns: Option<u64>,
    /// Peak resident memory of the process minus what was resident before the world was made.
    memory_bytes: Option<u64>,
}

/// `quidnunc-sim bench`
pub(super) fn bench(args: &BenchArgs, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
    let measured = measure(args);
    if args.json {
        writeln!(streams.out, "{}", measured.to_json())?;
    } else {
        write!(streams.out, "{}", measured.text())?;
    }
    Ok(ExitCode::Pass)
}

fn measure(args: &BenchArgs) -> Measured {
    let &BenchArgs { nodes, pending, seconds, .. } = args;
    let nodes = nodes.unwrap_or((pending / 3).clamp(2, 1_000_000));
    // A tiny world first: what the program itself needs is resident before memory is counted.
    NullWorld::new(2, 64).run_until(SECOND_NS);
    let before_bytes = status_bytes("VmRSS:");
    let mut world = NullWorld::new(nodes, pending);
    let warm = world.run_until(WARMUP_S * SECOND_NS);
    let started_ns = cpu_ns();
    let end = world.run_until((WARMUP_S + seconds) * SECOND_NS);
    let cpu_ns = cpu_ns().zip(started_ns).map(|(now, started)| now - started);
    let peak_bytes = status_bytes("VmHWM:");
    let counts = NullCounts { packets: end.packets - warm.packets, timers: end.timers - warm.timers };
    let memory_bytes = peak_bytes.zip(before_bytes).map(|(peak, before)| peak.saturating_sub(before));
    Measured { nodes, pending, seconds, counts, cpu_ns, memory_bytes }
}

/// Processor time of this process so far, in nanoseconds.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn cpu_ns() -> Option<u64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let [seconds, ns] = [time.tv_sec, time.tv_nsec].map(|part| u64::try_from(part).ok());
    Some(seconds? * SECOND_NS + ns?)
}

/// Processor time of this process so far, which this system does not tell.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn cpu_ns() -> Option<u64> {
    None
}

/// A size that Linux tells of this process, in bytes.
fn status_bytes(key: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

impl Measured {
    fn events_per_cpu_second(&self) -> Option<u64> {
        let cpu_ns = self.cpu_ns.filter(|&ns| ns > 0)?;
        let rate = u128::from(self.counts.events()) * u128::from(SECOND_NS) / u128::from(cpu_ns);
        u64::try_from(rate).ok()
    }

    fn bytes_per_node(&self) -> Option<u64> {
        self.memory_bytes.map(|bytes| bytes.div_ceil(u64::from(self.nodes)))
    }

    fn text(&self) -> String {
        let count = |number: Option<u64>| number.map_or_else(|| "unknown".to_owned(), |n| quantity(n, ""));
        let cpu = self.cpu_ns.map_or_else(|| "unknown".to_owned(), |ns| quantity(ns, "ns"));
        format!(
            "null protocol: {}, {} waiting, {} simulated after {WARMUP_S} s to warm up\n\
             {} ({} arrived, {} expired) in {cpu} of processor time\n\
             {} events per processor second\n\
             {} bytes per node: peak resident memory less what was resident before, by nodes\n",
            counted(u64::from(self.nodes), "node"),
            counted(u64::from(self.pending), "event"),
            quantity(self.seconds * SECOND_NS, "ns"),
            counted(self.counts.events(), "event"),
            counted(self.counts.packets, "packet"),
            counted(self.counts.timers, "timer"),
            count(self.events_per_cpu_second()),
            count(self.bytes_per_node()),
        )
    }

    fn to_json(&self) -> serde_json::Value {
        json!({
            "schema": 1,
            "bench": "null",
            "nodes": self.nodes,
            "pending": self.pending,
            "simulated_s": self.seconds,
            "events": self.counts.events(),
            "packets": self.counts.packets,
            "timers": self.counts.timers,
            "cpu_ns": self.cpu_ns,
            "events_per_cpu_second": self.events_per_cpu_second(),
            "memory_bytes": self.memory_bytes,
            "bytes_per_node": self.bytes_per_node(),
        })
    }
}
