//! A simulator that does what the scenario's name asks for.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use quidnunc_sim::cli::{self, Job, RunProblem, Simulator, Streams};
use quidnunc_sim::result::{ExitCode, ExpectResult, FaultResult, Measured, Packets, RunResult, Verdict, evaluate};
use quidnunc_sim::scenario::{
    Across, Count, Delay, Distribution, Expect, Fault, FaultKind, Metric, Net, Nodes, Op, Protocol, Run, Scenario,
    Scope, Selector, Share, StartAs, Stat,
};

const SECOND: u64 = 1_000_000_000;

/// The stand-in. A file holds nothing but the name of its scenario:
/// `panics` panics at seed 3, `fails` fails at seeds divisible by 3, `leaks` loses count of its packets,
/// `together` fails only over all seeds, `refused` is refused by the protocol, `fickle` depends on the hash seed, `broken` cannot be parsed.
pub(crate) struct StandIn;

impl Simulator for StandIn {
    fn parse(&self, file_name: &str, text: &str) -> Result<Scenario, String> {
        match text.trim() {
            "broken" => Err(format!("error: {file_name}: no scenario\n")),
            "together" => Ok(Scenario { expects: vec![late_only_together()], ..scenario("together") }),
            name => Ok(scenario(name)),
        }
    }

    fn run(&self, job: &Job<'_>) -> Result<RunResult, RunProblem> {
        (job.progress)(SECOND);
        let late = job.scenario.name == "fails" && job.seed.is_multiple_of(3);
        let mut run = run(job.scenario, job.seed, if late { 9 * SECOND } else { 5 * SECOND });
        match job.scenario.name.as_str() {
            "panics" => assert!(job.seed != 3, "seed {} went wrong", job.seed),
            "leaks" => run.packets.sent += 1,
            "refused" => {
                return Err(RunProblem::Scenario(format!("error: {}: refused", job.file_name)));
            }
            "fickle" => {
                let odd = job.map_hash_seed & 1;
                run.packets.delivered -= odd;
                run.packets.dropped += odd;
            }
            _ => {}
        }
        Ok(run)
    }
}

/// What a command said and how it ended.
pub(crate) struct Said {
    pub(crate) code: ExitCode,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command line with the stand-in.
pub(crate) fn say(args: &[&str]) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = std::iter::once("quidnunc-sim").chain(args.iter().copied());
    let code = cli::execute(args, &StandIn, &mut Streams { out: &mut out, err: &mut err });
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code, out: text(out), err: text(err) }
}

/// A file that holds the name of its scenario; `test` keeps tests out of each other's way.
pub(crate) fn file(test: &str, name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.toml"));
    fs::write(&path, name).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A scenario with one crash and one expectation for every seed.
pub(crate) fn scenario(name: &str) -> Scenario {
    Scenario {
        name: name.to_owned(),
        about: String::new(),
        run: Run { duration_ns: 60 * SECOND, warmup_ns: SECOND, seed_base: 1, seed_count: 4, steady: false },
        protocol: Protocol::default(),
        nodes: Nodes { count: 100, contacts: 1, stagger_ns: 0, start: StartAs::Join, domains: 0, clusters: 1 },
        net: Net {
            delay: Delay { time_ns: 1, jitter_ns: 0, floor_ns: 1, distribution: Distribution::Constant },
            loss: Share::NEVER,
            duplicate: Share::NEVER,
            reorder: Share::NEVER,
            reorder_by_ns: 0,
        },
        faults: vec![crash("stop")],
        writes: Vec::new(),
        infos: Vec::new(),
        configures: Vec::new(),
        expects: vec![expect(Metric::DetectionDead, Stat::P99, Op::Max, 8 * SECOND)],
    }
}

/// A crash of one node.
pub(crate) fn crash(id: &str) -> Fault {
    let target = Selector::Random(Count::Nodes(1));
    let kind = FaultKind::Crash { target, stagger_ns: 0, restart_after_ns: None, says_goodbye: false };
    Fault { id: id.to_owned(), at_ns: 30 * SECOND, for_ns: None, kind }
}

/// An expectation for every seed, with the default id.
pub(crate) fn expect(metric: Metric, stat: Stat, op: Op, bound: u64) -> Expect {
    Expect {
        id: format!("{}.{}#1", metric.name(), stat.name()),
        metric,
        fault: None,
        after: None,
        scope: Scope::All,
        nodes: Vec::new(),
        look: None,
        stat,
        op,
        bound,
        across: Across::Each,
    }
}

/// An expectation over all seeds that no seed of the stand-in holds.
fn late_only_together() -> Expect {
    let bound = 4 * SECOND;
    Expect { across: Across::Pooled, ..expect(Metric::DetectionDead, Stat::P99, Op::Max, bound) }
}

/// Samples of a metric that cannot miss.
pub(crate) fn samples(values: impl IntoIterator<Item = u64>) -> Measured {
    let mut measured = Measured::default();
    values.into_iter().for_each(|value| measured.samples.record(value));
    measured
}

/// Samples of a metric that can.
pub(crate) fn may_miss(values: impl IntoIterator<Item = u64>, missed: u64) -> Measured {
    Measured { missed: Some(missed), ..samples(values) }
}

/// So many events.
pub(crate) fn counter(events: u64) -> Measured {
    Measured { counter: true, ..samples((0..events).map(|_| 0)) }
}

/// A run of a scenario in which the crash was noticed after `dead_ns`.
pub(crate) fn run(scenario: &Scenario, seed: u64, dead_ns: u64) -> RunResult {
    let metrics = BTreeMap::from([
        ("bytes_per_node", samples([1_000, 1_200, 1_234])),
        ("detection.dead", may_miss([dead_ns], 0)),
        ("detection.observer", may_miss((0..98).map(|n| dead_ns + n * 3_141_592), 0)),
        ("false_positive", counter(0)),
        ("hops", samples((0..98).map(|n| 1 + n % 4))),
    ]);
    let nothing = Measured::default();
    let measured = |metric: Metric| metrics.get(metric.name()).unwrap_or(&nothing);
    let expectations: Vec<ExpectResult> =
        scenario.expects.iter().map(|expect| evaluate(expect, measured(expect.metric))).collect();
    let to_pool = scenario.expects.iter().map(|expect| measured(expect.metric).clone()).collect();
    let faults: Vec<FaultResult> =
        scenario.faults.iter().map(|fault| FaultResult { id: fault.id.clone(), bit: 1 }).collect();
    RunResult {
        scenario: scenario.name.clone(),
        seed,
        verdict: Verdict::of(&scenario.expects, &expectations, &faults),
        fingerprint: 0x53de_64a7_c0ff_ee00 + seed,
        nodes: scenario.nodes.count,
        sim_ns: 60 * SECOND,
        events: 123_456,
        packets: Packets { sent: 1_000, duplicated: 5, injected: None, delivered: 990, dropped: 15, in_flight: 0 },
        bytes_sent: 40_000,
        metrics,
        faults,
        expectations,
        to_pool,
        stats: BTreeMap::from([("probes", 6_000), ("acks", 5_990)]),
        steady: None,
        panic: None,
    }
}
