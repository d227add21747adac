//! Does a rumour spread round by round as push gossip does?
//!
//! With a delay of exactly one gossip interval our nodes are synchronous without knowing it: who hears at
//! one multiple of the interval tells then and at every later one, and is heard one multiple later. Probe
//! periods of a minute keep other packets out of the way. Then the number of rounds until every survivor
//! suspects a crashed node must be that of a small model of push gossip, which itself must give the
//! means of the reference runs (memberlist's queue, fan-out 3, no loss).

use quidnunc_core::{Health, Reason};

use super::limits::Sample;
use super::trace::Trace;
use super::{MS, S, scenario};

const INTERVAL_NS: u64 = 200 * MS;
const CRASH_NS: u64 = 420 * S;
const FANOUT: usize = 3;

/// A rumour that reaches anybody after so many rounds was told by other means; such a run is not counted,
/// neither here nor there. With `T` tellings each, fewer than `n·e^−T` runs are: 1 % for thirty nodes.
const ROUNDS_MAX: u32 = 20;

/// Push gossip in rounds among `members`.
struct Push {
    members: usize,
    /// Everybody tells so many times.
    tellings: u32,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As in the reference runs: the targets of a round are drawn one by one, and may be the same.
    Reference,
    /// As our nodes do it: the targets of a round differ. There is one more, dead, whom others tell in vain,
    /// and the first teller is its prober: in its first round it tells the dead one first, to let it
    /// contradict, and one more at random, by the ping of its new period.
    Ours,
}

impl Push {
    /// Rounds until all members know; `None` when they never do.
    fn run(&self, chance: &mut Chance) -> Option<u32> {
        let mut told: Vec<Option<u32>> = vec![None; self.members];
        told[0] = Some(u32::from(self.kind == Kind::Ours));
        let mut informed = vec![0];
        for round in 1..=ROUNDS_MAX {
            let tellers = informed.len();
            for place in 0..tellers {
                let teller: usize = informed[place];
                let extra = usize::from(self.kind == Kind::Ours && round == 1);
                for target in self.targets(teller, extra, chance) {
                    let tellings = told[teller].as_mut().expect("who tells was told");
                    if *tellings == self.tellings {
                        break;
                    }
                    *tellings += 1;
                    if let Some(new @ None) = told.get_mut(target) {
                        *new = Some(0);
                        informed.push(target);
                    }
                }
            }
            if informed.len() == self.members {
                return Some(round);
            }
        }
        None
    }

    /// Three others, and before them so many more.
    fn targets(&self, teller: usize, extra: usize, chance: &mut Chance) -> Vec<usize> {
        let differ = self.kind == Kind::Ours;
        let choices = self.members + usize::from(differ);
        let mut targets = Vec::with_capacity(FANOUT + extra);
        while targets.len() < FANOUT + extra {
            let target = chance.below(choices);
            let again = differ && targets[extra.min(targets.len())..].contains(&target);
            if target != teller && !again {
                targets.push(target);
            }
        }
        targets
    }

    /// The rounds of every run in which all came to know.
    fn rounds(&self, runs: u32) -> Vec<f64> {
        let mut chance = Chance(u64::from(runs));
        (0..runs).filter_map(|_| self.run(&mut chance)).map(f64::from).collect()
    }
}

/// The model's own random numbers (splitmix64), so that it shares nothing with what it tests.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) % n as u64).expect("it is below a usize")
    }
}

/// memberlist's number of tellings, `4·⌈log10(n + 1)⌉`: the logarithm, rounded up, is the number of digits of n.
fn tellings(members: usize) -> u32 {
    4 * u32::try_from(members.to_string().len()).expect("a number is short")
}

#[test]
fn the_model_gives_the_means_of_the_reference_runs() {
    for (members, reference, runs) in [(30, 4.4, 20_000), (100, 5.7, 5000), (1000, 8.2, 500)] {
        let model = Push { members, tellings: tellings(members), kind: Kind::Reference };
        let rounds = Sample::of(model.rounds(runs));
        // Known to one decimal.
        rounds.assert_mean_within(&format!("the model's rounds for {members}"), reference, 0.0, 0.05);
    }
}

/// Rounds from the first suspicion to the last survivor's.
fn rounds(trace: &Trace, survivors: u32) -> Option<f64> {
    trace.assert_settled(survivors + 1, CRASH_NS);
    let mut doubts = trace.changes.iter().filter(|change| change.health == Health::Suspect);
    let first = doubts.next().expect("somebody suspects");
    assert_eq!((first.reason, first.subject), (Reason::Silence, survivors));
    let in_time = doubts.filter(|change| change.at_ns <= first.at_ns + u64::from(ROUNDS_MAX) * INTERVAL_NS);
    let times: Vec<u64> = in_time.map(|change| change.at_ns - first.at_ns).collect();
    let all = times.len() as u64 + 1 == u64::from(survivors);
    all.then(|| times[times.len() - 1].div_ceil(INTERVAL_NS) as f64)
}

fn as_the_model(survivors: u32, seeds: u64, runs: u32) {
    let rest = format!(
        "[protocol]\nperiod = \"60s\"\nsuspicion_max_mult = 1\nlocal_health_max = 0\n\n\
         [net]\ndelay = {{ time = \"200ms\" }}\n\n\
         [[fault]]\nid = \"stop\"\nkind = \"crash\"\ntarget = \"node:{survivors}\"\nat = \"420s\"\n"
    );
    let scenario = scenario(survivors + 1, "duration = \"1200s\"", &rest);
    let traces = (1..=seeds).map(|seed| Trace::of(&scenario, seed).1);
    let measured: Vec<f64> = traces.filter_map(|trace| rounds(&trace, survivors)).collect();
    let members = survivors as usize;
    let model = Push { members, tellings: tellings(members + 1), kind: Kind::Ours }.rounds(runs);
    // Runs that are not counted: at most μ + 4·√μ + 1 where the model has μ of them in as many runs.
    let uncounted = seeds as f64 - measured.len() as f64;
    let expected = seeds as f64 * (1.0 - model.len() as f64 / f64::from(runs));
    assert!(uncounted <= expected + 4.0 * expected.sqrt() + 1.0, "{uncounted} runs have no end, not {expected}");
    // A probe's two packets per minute and node are 0.007 tellings per round beside three, which saves at
    // most a share of 0.007/3 of the rounds.
    let (model, measured) = (Sample::of(model), Sample::of(measured));
    let slack = model.mean() * 0.007 / 3.0;
    measured.assert_mean_within(&format!("rounds for {survivors}"), model.mean(), model.error(), slack);
}

#[test]
fn thirty_nodes_take_the_rounds_of_the_model() {
    as_the_model(30, 200, 10_000);
}

#[test]
fn a_hundred_nodes_take_the_rounds_of_the_model() {
    as_the_model(100, 60, 10_000);
}

#[test]
fn three_hundred_nodes_take_the_rounds_of_the_model() {
    as_the_model(300, 16, 4000);
}
