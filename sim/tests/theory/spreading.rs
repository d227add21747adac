//! How fast does a rumour spread when the network is fast and nobody waits for a common tick?
//!
//! Reference runs of push gossip are synchronous: who hears in round `r` tells from round `r + 1` on. Our
//! nodes tell at once when they hear, and again after every interval `I`. Compare the two with the same
//! choices of whom to tell: by induction over rounds, who hears in round `r ≥ 1` of the synchronous run hears
//! here at `(r − 1)·I + r·d` at the latest, `d` being the delay. The first teller tells at 0. If `v` heard in
//! round `r'` and tells `w` for the `(r − r')`-th time, `w` hears here at most `(r − r' − 1)·I + d` after `v`.
//! So if the synchronous run takes `R` rounds on average, we take `(R − 1)·I + R·d` at most. That is a limit
//! from above; nothing makes an interval out of a hop here, so that the textbook's `log_{1+k} n` rounds are
//! no limit from below. What is true of hops is that each takes a delay.

use quidnunc_core::{Health, Reason};

use super::limits::Sample;
use super::trace::{Change, Trace};
use super::{MS, S, scenario};

const CRASH_NS: u64 = 20 * S;
const INTERVAL_NS: u64 = 200 * MS;
const FANOUT: f64 = 3.0;

/// For every seed, when survivors learned that the last node is suspected; the first teller first. Who is
/// missed by the suspicion (see [`missed`]) hears of the death only.
fn spreads(survivors: u32, delay: &str, seeds: u64) -> Vec<Vec<Change>> {
    let rest = format!(
        "[net]\ndelay = {{ time = \"{delay}\" }}\n\n\
         [[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:{survivors}\"\nat = \"20s\"\n"
    );
    let scenario = scenario(survivors + 1, "duration = \"32s\"", &rest);
    (1..=seeds).map(|seed| spread(&Trace::of(&scenario, seed).1, survivors)).collect()
}

fn spread(trace: &Trace, survivors: u32) -> Vec<Change> {
    trace.assert_settled(survivors + 1, CRASH_NS);
    let doubts = trace.changes.iter().filter(|change| change.health == Health::Suspect);
    let learned: Vec<Change> = doubts.copied().collect();
    assert!(learned.iter().all(|change| change.subject == survivors), "nobody else is suspected");
    assert_eq!(learned[0].reason, Reason::Silence);
    let mut observers: Vec<u32> = learned.iter().map(|change| change.observer).collect();
    observers.sort_unstable();
    observers.dedup();
    assert_eq!(observers.len(), learned.len(), "nobody learns it twice");
    learned
}

/// The most survivors that all runs together may miss. Everybody tells `T = 4·⌈log10(n + 1)⌉` times at
/// random, so that each survivor is missed with a chance below `e^−T`; μ of them may be μ + 4·√μ + 1.
fn missed(survivors: u32, seeds: u64) -> f64 {
    let tellings = 4.0 * libm::ceil(libm::log10(f64::from(survivors) + 2.0));
    let expected = seeds as f64 * f64::from(survivors) * libm::exp(-tellings);
    expected + 4.0 * expected.sqrt() + 1.0
}

/// `rounds` is the mean of reference runs with memberlist's queue, fan-out 3 and no loss.
fn no_later_than_synchronous_rounds(survivors: u32, rounds: f64, seeds: u64) {
    const DELAY_NS: u64 = MS;
    let (mut times, mut absent) = (Vec::new(), 0);
    for learned in spreads(survivors, "1ms", seeds) {
        absent += survivors as usize - learned.len();
        let (first, last) = (learned[0].at_ns, learned[learned.len() - 1].at_ns);
        times.push((last - first) as f64 / INTERVAL_NS as f64);
        for change in learned.iter().filter(|change| change.reason == Reason::Rumour) {
            assert!(change.at_ns >= first + u64::from(change.hops) * DELAY_NS, "{change:?} came faster than packets");
        }
    }
    assert!(absent as f64 <= missed(survivors, seeds), "{absent} survivors never heard of it");
    let limit = rounds - 1.0 + rounds * DELAY_NS as f64 / INTERVAL_NS as f64;
    Sample::of(times).assert_below(&format!("intervals until {survivors} nodes know"), limit);
}

#[test]
fn thirty_nodes() {
    no_later_than_synchronous_rounds(30, 4.4, 40);
}

#[test]
fn a_hundred_nodes() {
    no_later_than_synchronous_rounds(100, 5.7, 40);
}

#[test]
fn a_thousand_nodes() {
    no_later_than_synchronous_rounds(1000, 8.2, 3);
}

#[test]
fn the_first_wave_reaches_all_but_one_in_seventeen() {
    // Before anybody tells a second time, everybody who heard has told three different others at once. So
    // somebody is missed when each of the x·n who heard missed it: 1 − x = (1 − 3/n)^(x·n), n being the
    // number of others that each can choose from (the victim among them); x = 0.9405 for large n. A survivor
    // also sends about two packets per second for its probes. Twenty delays of 0.1 ms are enough for the
    // wave (3^6 > 300; the rest is its tail), and too short for those packets to matter: 300 nodes send
    // one of them then.
    const SURVIVORS: u32 = 300;
    let n = f64::from(SURVIVORS);
    let theory = (0..100).fold(0.9, |x, _| 1.0 - libm::pow(1.0 - FANOUT / n, x * n));
    assert!((theory - 0.9405).abs() < 0.002, "{theory}");
    let shares = spreads(SURVIVORS, "100us", 20).into_iter().map(|learned| {
        let end_ns = learned[0].at_ns + 20 * 100_000;
        learned.iter().filter(|change| change.at_ns <= end_ns).count() as f64 / n
    });
    // The law holds for n → ∞; the first teller, who needs no telling, and the ping that it sends with its
    // first tellings, are two members of n who do not obey it.
    Sample::of(shares).assert_mean_within("share of the first wave", theory, 0.0, 2.0 / n);
}
