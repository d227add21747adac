//! What does one packet cost in a settled cluster, everything included, here and in foca?
//! `cargo bench -p quidnunc-benches --bench steady [-- [--large] [--alone] [SIZE…]]`
//!
//! Processor time of the process while a settled cluster runs, divided by the packets sent in that time:
//! encoding, decoding, timers, the network, the event queue. Start-up and joining are not in it. One thread,
//! 5 to 50 ms one way, LAN profiles on both sides, the same event queue (the simulator's wheel) under both.
//! Ours runs in the whole simulator, with its fault rules, fingerprints and metrics; foca in a bare loop
//! ([`peer`]). Up to 1000 nodes: one sample from each of five seeds, ours and foca's in turn. Beyond that,
//! where joining takes minutes: five laps of one run, and no foca, because its one way to preload a member
//! list costs O(n^2) per node.
//!
//! Sizes are 100 and 1000 unless others are named; `--large` adds 10 000, which takes 7 GiB.
//! `--alone` leaves foca out, for a profiler.

#![expect(clippy::print_stdout, reason = "a bench reports to whoever runs it")]

mod peer;

use quidnunc_benches::cpu::process_nanos;
use quidnunc_benches::is_quick;
use quidnunc_benches::laps::{Course, Lap, drive};

const SAMPLES: u64 = 5;
/// The largest cluster that foca is asked to preload.
const PEER_MAX: u32 = 1000;

fn main() {
    let named: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = match (named.is_empty(), is_quick()) {
        (false, _) => named,
        (true, false) if has_flag("--large") => vec![100, 1000, 10_000],
        (true, false) => vec![100, 1000],
        (true, true) => vec![50],
    };
    println!("processor time per packet in a settled cluster, median [min..max] of {SAMPLES}");
    println!("{:>7}  {:>30}  {:>30}  foca/ours", "nodes", "ours: ns, B/packet", "foca: ns, B/packet");
    for nodes in sizes {
        print_row(nodes);
    }
}

fn has_flag(flag: &str) -> bool {
    std::env::args().any(|argument| argument == flag)
}

fn print_row(nodes: u32) {
    let packets = if is_quick() { 5_000 } else { 1_000_000 };
    let lap_s = (packets / (2 * u64::from(nodes))).max(1);
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    if nodes <= PEER_MAX {
        for seed in 1..=SAMPLES {
            let course = Course { nodes, seed, settle_s: 30, lap_s, laps: 1 };
            ours.extend(drive(course, process_nanos));
            // 65 s is where foca's rarest timer has fired once.
            if !has_flag("--alone") {
                theirs.push(peer::drive(Course { settle_s: 65, ..course }, process_nanos));
            }
        }
    } else {
        ours = drive(Course { nodes, seed: 1, settle_s: 40, lap_s, laps: SAMPLES }, process_nanos);
    }
    let peer = if theirs.is_empty() { "not run".into() } else { shown(&theirs) };
    let ratio = if theirs.is_empty() { "-".into() } else { format!("{:.1}", median(&theirs) / median(&ours)) };
    println!("{nodes:>7}  {:>30}  {peer:>30}  {ratio:>9}", shown(&ours));
    let unsettled: u64 = ours.iter().map(|lap| lap.unsettled).sum();
    if unsettled > 0 {
        println!(
            "         of ours, {unsettled} packets were neither ping nor answer (seeds are asked again now and then)"
        );
    }
}

fn sorted(laps: &[Lap]) -> Vec<f64> {
    let mut costs: Vec<f64> = laps.iter().map(Lap::per_packet).collect();
    costs.sort_unstable_by(f64::total_cmp);
    costs
}

fn median(laps: &[Lap]) -> f64 {
    sorted(laps)[laps.len() / 2]
}

fn shown(laps: &[Lap]) -> String {
    let costs = sorted(laps);
    let (least, most) = (costs[0], costs[costs.len() - 1]);
    format!("{:.0} [{least:.0}..{most:.0}], {:.0}", median(laps), laps[0].bytes_per_packet())
}
