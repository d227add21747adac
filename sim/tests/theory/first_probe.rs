//! How long does it take until somebody probes a crashed node?
//!
//! `m = n − 1` survivors each have one tick in every period `T`, at a phase of their own, and each tick
//! takes the victim with the chance `1/m` (random order). So the victim is passed over throughout a period
//! with the chance `r = (1 − 1/m)^m`, in every period anew, and the period `k` of the first probe is
//! geometric: mean `1/(1 − r)`, which is SWIM's `e/(e − 1)` for large n.

use std::sync::LazyLock;

use quidnunc_core::Purpose;

use super::limits::{Sample, assert_share};
use super::trace::Trace;
use super::{S, scenario};

const NODES: u32 = 40;
const VICTIM: u32 = 17;
const CRASH_NS: u64 = 8 * S;
const PERIOD_NS: u64 = S;
const SEEDS: u64 = 1200;

/// From the crash to the first ping to the victim, in periods, for every seed.
///
/// The first ping after the crash is always a probe of somebody's own: nobody asks a helper, suspects or
/// tries to reconnect before a probe stayed unanswered, and without loss only the victim's does.
static WAITS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let rest = "[protocol]\nprobe_order = \"random\"\n\n[net]\ndelay = { time = \"1ms\" }\n\n\
                [[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:17\"\nat = \"8s\"\n";
    let scenario = scenario(NODES, "duration = \"24s\"", rest);
    (1..=SEEDS).map(|seed| first_ping(&Trace::of(&scenario, seed).1)).collect()
});

fn first_ping(trace: &Trace) -> f64 {
    trace.assert_settled(NODES, CRASH_NS);
    let pings = |sent: &&quidnunc_sim::world::Sent| sent.purpose == Purpose::Probe && sent.to == VICTIM;
    let first = trace.sent.iter().filter(pings).find(|sent| sent.at_ns >= CRASH_NS);
    let at_ns = first.expect("a node is probed within 16 periods, but for one run in nine million").at_ns;
    (at_ns - CRASH_NS) as f64 / PERIOD_NS as f64
}

/// The number of survivors.
fn survivors() -> f64 {
    f64::from(NODES - 1)
}

/// The chance that nobody probes the victim in one period.
fn passed_over() -> f64 {
    libm::pow(1.0 - 1.0 / survivors(), survivors())
}

/// The chance that nobody has probed the victim at time `t` (in periods): all survivors have had `⌊t⌋`
/// ticks, and each has had another one with the chance `t − ⌊t⌋`.
fn unprobed(t: f64) -> f64 {
    let fraction = t - t.floor();
    libm::pow(passed_over(), t.floor()) * libm::pow(1.0 - fraction / survivors(), survivors())
}

#[test]
fn the_period_of_the_first_probe_is_geometric() {
    let theory = 1.0 / (1.0 - passed_over());
    // The textbook's value for n → ∞; forty nodes are 1.3 % below it.
    assert!((theory - 1.582).abs() < 0.025, "{theory}");
    let periods = Sample::of(WAITS.iter().map(|wait| 1.0 + wait.floor()));
    // σ of a geometric variable with success p = 1 − r: √r / p.
    periods.assert_mean("period of the first probe", theory, passed_over().sqrt() * theory);
}

#[test]
fn the_time_to_the_first_probe_has_a_mean_of_one_period() {
    // E t = ∫ P(unprobed at t) dt and E t² = ∫ 2t P(unprobed at t) dt, by the midpoint rule.
    const STEP: f64 = 1.0 / 1024.0;
    let midpoints = || (0..40 * 1024).map(|step| (f64::from(step) + 0.5) * STEP);
    let theory: f64 = midpoints().map(|t| unprobed(t) * STEP).sum();
    let square: f64 = midpoints().map(|t| 2.0 * t * unprobed(t) * STEP).sum();
    assert!((theory - 1.0).abs() < 0.025, "{theory}");
    Sample::of(WAITS.iter().copied()).assert_mean(
        "time to the first probe, in periods",
        theory,
        (square - theory * theory).sqrt(),
    );
}

#[test]
fn the_share_of_unprobed_victims_falls_by_the_same_factor_in_every_period() {
    for k in 1..=4_u32 {
        let theory = unprobed(f64::from(k));
        let textbook = libm::exp(-f64::from(k));
        assert!((theory / textbook - 1.0).abs() < 0.06, "{theory} is e^-{k} but for the finite number of nodes");
        let hits = WAITS.iter().filter(|&&wait| wait >= f64::from(k)).count();
        assert_share(&format!("unprobed after {k} periods"), hits as u64, SEEDS, theory);
    }
}
