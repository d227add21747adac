//! What does replicated state cost in a whole cluster, here and in chitchat?
//! `cargo bench --manifest-path benches/beside/Cargo.toml [-- SIZE…]`
//!
//! Clusters of equally many nodes, each of which owns 20 keys that everybody holds, in virtual time, one thread,
//! 5 to 50 ms one way, nothing lost. Each side has its own usual settings: a LAN profile here, gossip once a second
//! there, in both of its wire formats (1 compresses digests). What is asked of both, by the same code:
//!
//! 1. Nothing changes: bytes sent per node and second, and processor time per node and second, which is one gossip
//!    round of chitchat and one probe period here. The harness is in it: the queue and the buffers of packets under
//!    [`ours`]; tokio and chitchat's own transport under [`peer`], which encodes, decodes and compares.
//! 2. One value changes at one node: time until every node shows it, also in rounds (a round is one gossip
//!    interval), and all bytes sent per node in that time; of ours also what is told after it.
//!
//! Sizes are 10 and 100 unless others are named. What chitchat takes in all grows with the square of the size, and its
//! draws come from the operating system: its figures differ a little from run to run. A package of its own, so that
//! what chitchat depends on does not become a dependency of the workspace.

#![expect(clippy::print_stdout, reason = "a bench reports to whoever runs it")]

mod ours;
mod peer;

use std::time::Duration;

use chitchat::ProtocolVersion;
use quidnunc_benches::cpu::process_nanos;
use quidnunc_benches::is_quick;

const SAMPLES: u32 = 5;
const KEYS: u32 = 20;
/// What every key has at first.
const VALUE: &str = "a value of 20 bytes.";
/// How often it is asked who shows a changed value.
const LOOK: Duration = Duration::from_millis(10);
/// How long rumours may go on between two measurements.
const CALM: Duration = Duration::from_secs(10);
/// How long a cluster may take for anything.
const PATIENCE: Duration = Duration::from_secs(120);

fn key(number: u32) -> String {
    format!("key/{number:02}")
}

/// A cluster in which everybody knows and holds everything, of whichever kind.
trait Settled {
    /// Time between two rounds of gossip.
    fn round(&self) -> Duration;

    /// Virtual time since it began.
    fn now(&self) -> Duration;

    /// Payload of all packets so far.
    fn bytes(&self) -> u64;

    fn run_for(&mut self, time: Duration);

    /// Gives the first key of a node another value.
    fn change(&mut self, owner: u32, value: &str);

    /// Whether every node shows that value of that owner's first key.
    fn all_show(&self, owner: u32, value: &str) -> bool;

    /// Whether everybody knows everybody as live, and holds everything.
    fn is_whole(&self) -> bool;

    fn wait_until_whole(&mut self) {
        while !self.is_whole() {
            assert!(self.now() < PATIENCE, "everybody hears everything");
            self.run_for(Duration::from_secs(1));
        }
        self.run_for(3 * CALM);
    }
}

/// Samples of each figure, in ascending order.
struct Figures {
    round: Duration,
    steady_bytes: Vec<f64>,
    steady_micros: Vec<f64>,
    change_seconds: Vec<f64>,
    change_bytes: Vec<f64>,
    /// Per node in the ten seconds after a change, less what is sent while nothing changes.
    after_bytes: Vec<f64>,
}

fn main() {
    let named: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = match (named.is_empty(), is_quick()) {
        (false, _) => named,
        (true, true) => vec![10],
        (true, false) => vec![10, 100],
    };
    println!("{KEYS} keys per node; median [min..max] of {SAMPLES}; × says how many times what ours takes");
    println!(
        "{:>5}  {:<10}  {:>34}  {:>34}  {:>38}  {:>34}",
        "nodes",
        "",
        "unchanged: B per node and s",
        "µs per node and s",
        "one value: s until all show it",
        "B per node meanwhile"
    );
    for nodes in sizes {
        print_rows(nodes);
    }
}

fn print_rows(nodes: u32) {
    // Theirs takes a thousand times as long as ours.
    let lap = if is_quick() { Duration::from_secs(2) } else { Duration::from_secs(u64::from(1000 / nodes).max(2)) };
    let ours = measure(&mut ours::Ours::new(nodes), nodes, 100 * lap);
    print_row(nodes, "ours", &ours, &ours);
    println!("{:>19}and {:.0} B per node beyond the steady rate after that", "", median(&ours.after_bytes));
    for (name, version) in [("chitchat 0", ProtocolVersion::V0), ("chitchat 1", ProtocolVersion::V1)] {
        let theirs = measure(&mut peer::Peers::new(nodes, version), nodes, lap);
        print_row(nodes, name, &theirs, &ours);
        let ours_is_less = |of: fn(&Figures) -> &[f64]| median(of(&ours)) < median(of(&theirs));
        assert!(ours_is_less(|figures| &figures.steady_bytes), "ours sends less while nothing changes");
        // Samples of one spread lie far apart among few nodes, and nobody can choose chitchat's draws.
        assert!(is_quick() || ours_is_less(|figures| &figures.change_bytes), "ours sends less while one value spreads");
    }
}

/// Five laps without a change, then five changes at nodes whose rounds begin at different times.
fn measure(cluster: &mut impl Settled, nodes: u32, lap: Duration) -> Figures {
    let round = cluster.round();
    let (mut steady_bytes, mut steady_micros) = (Vec::new(), Vec::new());
    let (mut change_seconds, mut change_bytes, mut after_bytes) = (Vec::new(), Vec::new(), Vec::new());
    cluster.wait_until_whole();
    for _ in 0..SAMPLES {
        let (start, sent, used) = (cluster.now(), cluster.bytes(), process_nanos());
        cluster.run_for(lap);
        let used = process_nanos() - used;
        let node_seconds = f64::from(nodes) * (cluster.now() - start).as_secs_f64();
        steady_bytes.push((cluster.bytes() - sent) as f64 / node_seconds);
        steady_micros.push(used as f64 / 1000.0 / node_seconds);
    }
    steady_bytes.sort_by(f64::total_cmp);
    for sample in 0..SAMPLES {
        let (owner, value) = (sample * nodes / SAMPLES, format!("changed value {sample:06}"));
        let (start, sent) = (cluster.now(), cluster.bytes());
        cluster.change(owner, &value);
        while !cluster.all_show(owner, &value) {
            assert!(cluster.now() - start < PATIENCE, "everybody hears of a change");
            cluster.run_for(LOOK);
        }
        change_seconds.push((cluster.now() - start).as_secs_f64());
        change_bytes.push((cluster.bytes() - sent) as f64 / f64::from(nodes));
        let (start, sent) = (cluster.now(), cluster.bytes());
        cluster.run_for(CALM);
        let steady = median(&steady_bytes) * (cluster.now() - start).as_secs_f64();
        after_bytes.push((cluster.bytes() - sent) as f64 / f64::from(nodes) - steady);
    }
    assert!(cluster.is_whole(), "nobody was lost on the way");
    for samples in [&mut steady_micros, &mut change_seconds, &mut change_bytes, &mut after_bytes] {
        samples.sort_by(f64::total_cmp);
    }
    Figures { round, steady_bytes, steady_micros, change_seconds, change_bytes, after_bytes }
}

fn print_row(nodes: u32, name: &str, figures: &Figures, ours: &Figures) {
    let rounds = median(&figures.change_seconds) / figures.round.as_secs_f64();
    println!(
        "{nodes:>5}  {name:<10}  {:>34}  {:>34}  {:>24}, {rounds:>4.1} rounds  {:>34}",
        shown(&figures.steady_bytes, &ours.steady_bytes, 0),
        shown(&figures.steady_micros, &ours.steady_micros, 2),
        shown(&figures.change_seconds, &ours.change_seconds, 2),
        shown(&figures.change_bytes, &ours.change_bytes, 0),
    );
}

fn median(samples: &[f64]) -> f64 {
    samples[samples.len() / 2]
}

fn shown(samples: &[f64], ours: &[f64], digits: usize) -> String {
    let (least, most) = (samples[0], samples[samples.len() - 1]);
    let ratio = median(samples) / median(ours);
    format!("{:.digits$} [{least:.digits$}..{most:.digits$}] {ratio:.1}×", median(samples))
}
