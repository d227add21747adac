//! What did every node send and report in one run, and do two runs differ in nothing but refusals?

use std::collections::BTreeMap;

use quidnunc_core::Event;
use quidnunc_sim::result::RunResult;
use quidnunc_sim::scenario::parse;
use quidnunc_sim::world::{Damaged, RunOptions, Sent, Witness, run_with};

/// Everything that nodes said, in the order in which it happened.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) sent: Vec<(Sent, Vec<u8>)>,
    events: Vec<(u64, u32, Event)>,
}

impl Witness for Log {
    fn on_sent(&mut self, sent: Sent, bytes: &[u8]) {
        self.sent.push((sent, bytes.to_vec()));
    }

    fn on_event(&mut self, at_ns: u64, node: u32, event: &Event) {
        self.events.push((at_ns, node, event.clone()));
    }
}

/// Whatever else may go wrong at the same time: a crash with a return, a split.
pub(crate) const TROUBLE: &str = "[[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:3\"\nat = \"14s\"\nrestart = \"15s\"\n\
    [[fault]]\nid = \"split\"\nkind = \"partition\"\nshape = \"random-halves\"\nat = \"32s\"\nfor = \"12s\"\n";

/// Processes that stand still, so that what comes meanwhile is read at once.
pub(crate) const STANDSTILL: &str = "[[fault]]\nid = \"gc\"\nkind = \"pause\"\ntarget = { pick = \"random\", count = 4 }\nat = \"20s\"\nfor = \"1500ms\"\n";

/// And what chance does to packets meanwhile.
pub(crate) const CHANCE: &str =
    "loss = { random = \"2%\" }\nduplicate = \"20%\"\nreorder = { share = \"5%\", by = \"200ms\" }\n";

/// One run, and what was said in it.
pub(crate) struct Played {
    pub(crate) run: RunResult,
    pub(crate) log: Log,
}

/// Runs 30 nodes for a minute, of which the first 10 s are lossless, with this in the file besides.
pub(crate) fn play(rest: &str, seed: u64, damaged: Damaged) -> Played {
    let text = format!(
        "format = 1\nname = \"t\"\nabout = \"t\"\nrun = {{ duration = \"60s\", warmup = \"10s\" }}\n\
         nodes = {{ count = 30, join = {{ contacts = 2 }} }}\n{rest}"
    );
    let scenario = parse("test.toml", &text).unwrap_or_else(|mistake| panic!("{mistake}"));
    let options = RunOptions { damaged, ..RunOptions::default() };
    let mut log = Log::default();
    let run = run_with(&scenario, seed, &options, &mut log).expect("the defaults are valid");
    assert_eq!(run.packets.sent, log.sent.len() as u64);
    assert_eq!(run.packets.entered(), run.packets.left(), "seed {seed}: {:?}", run.packets);
    assert_eq!(run.metrics["strangers"].samples.count(), 0, "seed {seed}");
    Played { run, log }
}

impl Played {
    pub(crate) fn refused(&self) -> u64 {
        self.run.stats["datagrams_rejected"]
    }

    /// How often a fault did something.
    pub(crate) fn bit(&self, id: &str) -> u64 {
        let faults = self.run.faults.iter().map(|fault| (fault.id.as_str(), fault.bit));
        faults.collect::<BTreeMap<_, _>>()[id]
    }

    /// The protocol's counters but for those of refused datagrams.
    fn counters(&self) -> Vec<(&str, u64)> {
        let counters = self.run.stats.iter().map(|(&name, &count)| (name, count));
        counters.filter(|&(name, _)| !matches!(name, "datagrams_rejected" | "datagrams_foreign")).collect()
    }
}

/// Holds one run against another, which had less to refuse.
pub(crate) fn assert_same_but_for_refusals(one: &Played, other: &Played, seed: u64) {
    assert_first_difference("what is sent", &one.log.sent, &other.log.sent, seed);
    assert_first_difference("what is reported", &one.log.events, &other.log.events, seed);
    assert_eq!(one.counters(), other.counters(), "seed {seed}");
    for (name, measured) in &one.run.metrics {
        assert_eq!(measured, &other.run.metrics[name], "seed {seed}: {name}");
    }
    let taken = |played: &Played| played.run.packets.delivered - played.refused();
    assert_eq!(taken(one), taken(other), "seed {seed}");
    assert!(one.refused() > other.refused(), "seed {seed}: there is something to refuse");
}

/// Two long lists are equal; if not, where they part ways is more than anybody wants to read.
fn assert_first_difference<T: PartialEq + std::fmt::Debug>(what: &str, one: &[T], other: &[T], seed: u64) {
    let place = one.iter().zip(other).position(|(one, other)| one != other);
    let place = place.unwrap_or_else(|| one.len().min(other.len()));
    assert_eq!(one.get(place), other.get(place), "seed {seed}: {what} differs first at place {place}");
}
