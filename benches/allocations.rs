//! Does a settled cluster allocate? `cargo bench -p quidnunc-benches --bench allocations`
//!
//! 1. The core alone: several hundred real nodes in memory, settled; every `alloc` and `realloc` inside
//!    `handle`, `poll_transmit`, `poll_event` and `poll_timeout` is counted. **Fails unless there are none.**
//! 2. The same with a quorum of 50 voters, who tell each other of whom they have heard. **Fails unless there are none.**
//! 3. The whole simulator: allocations per packet while 1000 settled nodes run, from reading to reading
//!    within one run. Fails when there are more than one per thousand packets: its queue and its statistics
//!    may grow now and then, its packets may not allocate.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench reports to whoever runs it")]

mod counting;

use std::process::ExitCode;

use quidnunc_benches::cluster::Cluster;
use quidnunc_benches::is_quick;
use quidnunc_benches::laps::{Course, drive};
use quidnunc_core::Standing;

/// Most allocations per thousand packets of the whole simulator.
const SIMULATOR_MAX: u64 = 1;

fn main() -> ExitCode {
    let core = core_alone();
    let quorum = with_quorum();
    let simulator = whole_simulator();
    if core && quorum && simulator { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures the nodes. Returns whether they keep what they promise.
fn core_alone() -> bool {
    let (nodes, settle_s, measure_s) = if is_quick() { (200, 30, 60) } else { (300, 60, 600) };
    let mut cluster = Cluster::new(1, nodes, counting::count);
    cluster.run_for(settle_s);
    if !cluster.is_converged() {
        eprintln!("allocations: FAILED: {nodes} nodes have not converged {settle_s} s after they joined");
        return false;
    }
    let (packets, allocations) = (cluster.packets(), cluster.metered());
    cluster.run_for(measure_s);
    let (packets, allocations) = (cluster.packets() - packets, cluster.metered() - allocations);
    println!("core alone, {nodes} nodes: {allocations} allocations in {packets} steady packets");
    if allocations > 0 {
        eprintln!("allocations: FAILED: a steady node allocates nothing, but there were {allocations} allocations");
    }
    allocations == 0 && packets > 0
}

/// Measures nodes that vote. Returns whether they keep what they promise.
fn with_quorum() -> bool {
    let (nodes, settle_s, measure_s) = (50, 30, if is_quick() { 60 } else { 600 });
    let mut cluster = Cluster::of_voters(1, nodes, counting::count);
    cluster.run_for(settle_s);
    let in_quorum = |cluster: &Cluster| {
        cluster.nodes().iter().filter(|node| node.view().standing() == Some(Standing::InQuorum)).count()
    };
    let (before, packets, allocations) = (in_quorum(&cluster), cluster.packets(), cluster.metered());
    cluster.run_for(measure_s);
    let (packets, allocations) = (cluster.packets() - packets, cluster.metered() - allocations);
    let after = in_quorum(&cluster);
    println!("{nodes} voters, {before} and {after} in quorum: {allocations} allocations in {packets} steady packets");
    let all = nodes as usize;
    if allocations > 0 || before < all || after < all {
        eprintln!("allocations: FAILED: all of {nodes} voters are in quorum, and allocate nothing for it");
        return false;
    }
    packets > 0
}

/// Measures a run of the simulator. Returns whether it keeps what it promises.
fn whole_simulator() -> bool {
    let (settle_s, lap_s) = if is_quick() { (30, 30) } else { (60, 300) };
    let laps = drive(Course { nodes: 1000, seed: 1, settle_s, lap_s, laps: 1 }, counting::count);
    let Some(lap) = laps.first() else {
        eprintln!("allocations: FAILED: the run ended before its lap did");
        return false;
    };
    let (packets, allocations) = (lap.packets, lap.metered);
    println!(
        "simulator, 1000 nodes: {allocations} allocations in {packets} steady packets, {:.6} per packet",
        lap.per_packet()
    );
    let few = allocations * 1000 <= packets * SIMULATOR_MAX;
    if !few {
        eprintln!("allocations: FAILED: more than {SIMULATOR_MAX} allocation per 1000 packets of the simulator");
    }
    few && packets > 0
}
