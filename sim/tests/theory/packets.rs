//! What becomes of packets: is none lost track of, and are shares and delays those of the scenario?

use std::collections::BTreeMap;

use quidnunc_core::Purpose;
use quidnunc_sim::result::RunResult;
use quidnunc_sim::world::Sent;

use super::limits::{Sample, assert_share};
use super::trace::Trace;
use super::{MS, S, scenario};

const NODES: u32 = 50;

/// sent + duplicated = delivered + dropped + in flight, and what was sent is what was seen being sent.
fn assert_conserved(result: &RunResult, trace: &Trace) {
    let packets = result.packets;
    assert_eq!(packets.sent, trace.sent.len() as u64);
    assert_eq!(result.bytes_sent, trace.sent.iter().map(|sent| sent.bytes as u64).sum::<u64>());
    assert_eq!(
        packets.sent + packets.duplicated,
        packets.delivered + packets.dropped + packets.in_flight,
        "{packets:?}"
    );
}

#[test]
fn no_packet_is_lost_track_of_whatever_goes_wrong() {
    let rest = "[net]\ndelay = { time = \"400ms\", jitter = \"300ms\" }\nloss = { random = \"8%\" }\n\
                duplicate = \"6%\"\nreorder = { share = \"10%\", by = \"900ms\" }\n\n\
                [[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = { pick = \"random\", count = 8 }\n\
                at = \"9s\"\nstagger = \"700ms\"\nrestart = \"8s\"\n\n\
                [[fault]]\nid = \"split\"\nkind = \"partition\"\nshape = \"halves\"\nat = \"14s\"\nfor = \"9s\"\n\n\
                [[fault]]\nid = \"slow\"\nkind = \"link\"\nfrom = \"all\"\nto = \"node:3\"\n\
                loss = { random = \"20%\" }\ndelay = { time = \"100ms\" }\nat = \"25s\"\n";
    let scenario = scenario(NODES, "duration = \"40s\"\nwarmup = \"4s\"", rest);
    for seed in 1..=10 {
        let (result, trace) = Trace::of(&scenario, seed);
        let packets = result.packets;
        assert!(packets.duplicated > 0 && packets.dropped > 0 && packets.in_flight > 0, "{packets:?}");
        assert!(result.faults.iter().all(|fault| fault.bit > 0), "{:?}", result.faults);
        assert_conserved(&result, &trace);
    }
}

#[test]
fn without_chance_every_dropped_packet_has_its_reason() {
    const DELAY_NS: u64 = 150 * MS;
    const END_NS: u64 = 40 * S;
    const CUT: core::ops::Range<u64> = 20 * S..30 * S;
    const STOPPED: core::ops::Range<u64> = 12 * S..25 * S;
    let rest = "[net]\ndelay = { time = \"150ms\" }\n\n\
                [[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = { pick = \"first\", count = 4 }\n\
                at = \"12s\"\nrestart = \"13s\"\n\n\
                [[fault]]\nid = \"split\"\nkind = \"partition\"\nshape = \"halves\"\ndirection = \"a-to-b\"\n\
                at = \"20s\"\nfor = \"10s\"\n";
    let scenario = scenario(NODES, "duration = \"40s\"", rest);
    let cut = |sent: &Sent| CUT.contains(&sent.at_ns) && sent.from < NODES / 2 && sent.to >= NODES / 2;
    let deaf = |sent: &Sent| sent.to < 4 && STOPPED.contains(&(sent.at_ns + DELAY_NS));
    for seed in 1..=5 {
        let (result, trace) = Trace::of(&scenario, seed);
        assert_conserved(&result, &trace);
        let count = |which: &dyn Fn(&Sent) -> bool| trace.sent.iter().filter(|sent| which(sent)).count() as u64;
        assert_eq!(result.packets.duplicated, 0);
        assert_eq!(result.packets.dropped, count(&|sent| cut(sent) || deaf(sent)));
        assert_eq!(result.packets.in_flight, count(&|sent| !cut(sent) && sent.at_ns + DELAY_NS > END_NS));
        assert_eq!(result.faults[0].bit, 4, "four nodes stopped");
        assert_eq!(result.faults[1].bit, count(&cut), "the partition took what crossed it, and nothing else");
    }
}

#[test]
fn packets_are_lost_and_doubled_in_the_shares_of_the_scenario() {
    let rest = "[net]\ndelay = { time = \"5ms\" }\nloss = { random = \"7%\" }\nduplicate = \"4%\"\n";
    let scenario = scenario(NODES, "duration = \"70s\"\nwarmup = \"10s\"", rest);
    let (mut lost, mut doubled, mut at_risk) = (0, 0, 0);
    for seed in 1..=5 {
        let (result, trace) = Trace::of(&scenario, seed);
        // Nobody stops, so that whatever is dropped was lost; nothing is lost in the warm-up.
        at_risk += trace.sent.iter().filter(|sent| sent.at_ns >= 10 * S).count() as u64;
        lost += result.packets.dropped;
        doubled += result.packets.duplicated;
        assert_conserved(&result, &trace);
    }
    assert_share("packets lost", lost, at_risk, 0.07);
    // Only what is not lost can arrive twice, and nobody loses the second copy.
    assert_share("packets doubled", doubled, at_risk - lost, 0.04);
}

#[test]
fn a_bad_link_loses_its_own_share_of_its_own_packets() {
    let rest = "[net]\ndelay = { time = \"5ms\" }\n\n\
                [[fault]]\nid = \"lossy\"\nkind = \"link\"\nfrom = { pick = \"first\", count = 10 }\nto = \"all\"\n\
                loss = { random = \"30%\" }\nat = \"10s\"\nfor = \"50s\"\n";
    let scenario = scenario(NODES, "duration = \"70s\"", rest);
    let (mut lost, mut at_risk) = (0, 0);
    for seed in 1..=5 {
        let (result, trace) = Trace::of(&scenario, seed);
        let crosses = |sent: &&Sent| sent.from < 10 && (10 * S..60 * S).contains(&sent.at_ns);
        at_risk += trace.sent.iter().filter(crosses).count() as u64;
        lost += result.faults[0].bit;
        assert_eq!(result.packets.dropped, result.faults[0].bit, "nothing else is lost");
        assert_conserved(&result, &trace);
    }
    assert_share("packets lost on a bad link", lost, at_risk, 0.3);
}

#[test]
fn a_packet_takes_as_long_as_the_scenario_says() {
    // A node answers a ping at the instant at which it arrives, which shows the delay of every ping.
    const TIME_MS: f64 = 40.0;
    const JITTER_MS: f64 = 30.0;
    let rest = "[net]\ndelay = { time = \"40ms\", jitter = \"30ms\", distribution = \"uniform\" }\n";
    let (_, trace) = Trace::of(&scenario(NODES, "duration = \"70s\"", rest), 1);
    let mut pending = BTreeMap::new();
    let mut delays = Vec::new();
    for sent in &trace.sent {
        if sent.purpose == Purpose::Probe {
            pending.insert((sent.from, sent.to), sent.at_ns);
        } else if sent.purpose == Purpose::Ack {
            let pinged_ns = pending.remove(&(sent.to, sent.from)).expect("an answer has its ping");
            delays.push((sent.at_ns - pinged_ns) as f64 / MS as f64);
        }
    }
    assert!(pending.len() <= NODES as usize, "only the last ping of each node may be under way");
    let bounds = TIME_MS - JITTER_MS..=TIME_MS + JITTER_MS;
    assert!(delays.len() > 3000 && delays.iter().all(|delay| bounds.contains(delay)));
    // The deviation of a uniform variable of half width w is w/√3; that of its squared distance from the
    // mean is w²·√(1/5 − 1/9).
    let width = JITTER_MS;
    Sample::of(delays.iter().copied()).assert_mean("one-way delay in ms", TIME_MS, width / 3_f64.sqrt());
    Sample::of(delays.iter().map(|delay| (delay - TIME_MS) * (delay - TIME_MS))).assert_mean(
        "variance of the one-way delay",
        width * width / 3.0,
        width * width * (1.0_f64 / 5.0 - 1.0 / 9.0).sqrt(),
    );
}
