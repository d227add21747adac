//! What did the nodes send and report in one run?

use std::net::IpAddr;

use quidnunc_core::{Event, Health, MemberChange, Purpose, Reason};
use quidnunc_sim::result::RunResult;
use quidnunc_sim::scenario::Scenario;
use quidnunc_sim::world::{RunOptions, Sent, Witness, run_with};

/// One node changed its belief about another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) at_ns: u64,
    pub(crate) observer: u32,
    pub(crate) subject: u32,
    pub(crate) health: Health,
    pub(crate) was: Option<Health>,
    pub(crate) reason: Reason,
    pub(crate) hops: u8,
}

/// Everything that was sent and every change of a belief, in the order in which it happened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) sent: Vec<Sent>,
    pub(crate) changes: Vec<Change>,
}

impl Witness for Trace {
    fn on_sent(&mut self, sent: Sent, _bytes: &[u8]) {
        self.sent.push(sent);
    }

    fn on_event(&mut self, at_ns: u64, observer: u32, event: &Event) {
        if let &Event::Member(MemberChange { addr, health, was, reason, hops, .. }) = event {
            let subject = node_at(addr.ip());
            self.changes.push(Change { at_ns, observer, subject, health, was, reason, hops });
        }
    }
}

/// Node `i` listens at 10.0.0.1 + i.
fn node_at(ip: IpAddr) -> u32 {
    match ip {
        IpAddr::V4(ip) => u32::from(ip) - (10 << 24) - 1,
        IpAddr::V6(ip) => panic!("{ip} is nobody's address"),
    }
}

impl Trace {
    /// Runs a scenario with one seed and keeps what was seen.
    pub(crate) fn of(scenario: &Scenario, seed: u64) -> (RunResult, Self) {
        let mut trace = Self::default();
        let result =
            run_with(scenario, seed, &RunOptions::default(), &mut trace).unwrap_or_else(|error| panic!("{error}"));
        (result, trace)
    }

    /// Asserts that before `at_ns` each of `nodes` met every other one, and that nobody doubted anybody:
    /// from there on theory's assumption of full knowledge holds.
    pub(crate) fn assert_settled(&self, nodes: u32, at_ns: u64) {
        let before = || self.changes.iter().filter(|change| change.at_ns < at_ns);
        assert!(before().all(|change| change.health == Health::Alive), "a doubt before {at_ns} ns");
        let met = before().filter(|change| change.was.is_none()).count();
        assert_eq!(met as u64, u64::from(nodes) * u64::from(nodes - 1), "everybody knows everybody at {at_ns} ns");
    }

    /// Every node's pings at its own probe ticks, in order: when and to whom. A node's ticks lie whole
    /// periods behind its first ping; a favour, a last chance or a try to reconnect lies elsewhere.
    pub(crate) fn probes(&self, nodes: u32, period_ns: u64) -> Vec<Vec<(u64, u32)>> {
        let mut probes: Vec<Vec<(u64, u32)>> = vec![Vec::new(); nodes as usize];
        for sent in self.sent.iter().filter(|sent| sent.purpose == Purpose::Probe) {
            let own = &mut probes[sent.from as usize];
            let first = own.first().map_or(sent.at_ns, |&(at_ns, _)| at_ns);
            if (sent.at_ns - first).is_multiple_of(period_ns) {
                own.push((sent.at_ns, sent.to));
            }
        }
        for (node, own) in probes.iter().enumerate() {
            let kept = own.windows(2).all(|pair| pair[1].0 - pair[0].0 == period_ns);
            assert!(kept, "node {node} sends one probe in every period, after its first");
        }
        probes
    }
}
