//! What does a quiet cluster cost?
//!
//! SWIM's load: one ping and one answer per member and period, whatever the number of members, and up to
//! a tenth more for what is not a probe.

use quidnunc_core::Purpose;

use super::trace::Trace;
use super::{S, scenario};

fn quiet(nodes: u32) {
    // A window of whole periods. Each node's last ping before its end has a counterpart one window earlier,
    // at the same distance to its beginning; with a constant delay the answers that fall out at the end are
    // as many as those that fall in at the beginning, and both counts are exact.
    const BEGIN_NS: u64 = 30 * S;
    const PERIODS: u64 = 60;
    let scenario = scenario(nodes, "duration = \"91s\"", "[net]\ndelay = { time = \"1ms\" }\n");
    for seed in 1..=3 {
        let (_, trace) = Trace::of(&scenario, seed);
        trace.assert_settled(nodes, BEGIN_NS);
        let window = BEGIN_NS..BEGIN_NS + PERIODS * S;
        let sent: Vec<_> = trace.sent.iter().filter(|sent| window.contains(&sent.at_ns)).collect();
        let count = |purpose| sent.iter().filter(|sent| sent.purpose == purpose).count() as u64;
        let share = u64::from(nodes) * PERIODS;
        assert_eq!((count(Purpose::Probe), count(Purpose::Ack)), (share, share), "one ping, one answer");
        let load = sent.len() as f64 / share as f64;
        assert!((2.0..=2.2).contains(&load), "{nodes} nodes send {load} messages per member and period");
    }
}

#[test]
fn fifty_nodes_send_two_messages_per_member_and_period() {
    quiet(50);
}

#[test]
fn two_hundred_nodes_send_no_more_each_than_fifty() {
    quiet(200);
}
