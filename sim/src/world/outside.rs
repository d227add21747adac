//! What does a scenario mean to nodes that live outside of the simulator, on real machines and clocks?
//!
//! * [`timetable`] — what is to be done to whom, and when;
//! * [`Conditions`] — what becomes of a packet at an instant, for whatever carries packets there;
//! * [`Review`] — what was seen there as the metrics and expectations of a simulated run.
//!
//! They are the simulator's own timetable, network and measuring, not likenesses of them: where two worlds differ, it is not for
//! two readings of one file.

use quidnunc_core::{ConfigError, MemberChange};

use crate::engine::draws::Draws;
use crate::measure::Measure;
use crate::result::{FaultResult, Packets, RunResult};
use crate::scenario::Scenario;

use super::cast;
use super::looking::Looks;
use super::network::Network;
use super::plan::{Choice, Plan, Step};
use super::settings::node_config;

/// What is to be done to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// When, in nanoseconds from the start of the run.
    pub at_ns: u64,
    /// To which node.
    pub node: u32,
    /// What.
    pub what: Act,
}

/// What can be done to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// It starts, for the first time or again, unless it runs; one that still says goodbye stops first. It joins by these.
    Start {
        /// Nodes by number; none for the first of all.
        seeds: Vec<u32>,
    },
    /// This fault of the file, by index, lets it say goodbye; it stops when it has.
    Leave {
        /// Which fault.
        fault: usize,
    },
    /// This fault of the file, by index, stops it without a word.
    Crash {
        /// Which fault.
        fault: usize,
    },
}

/// What is to be done to nodes, in the order of time: starts, goodbyes, crashes and returns.
///
/// What happens to packets is not among it; see [`Conditions`]. Pauses, injected datagrams, writes, infos and configurations are
/// left out: who has no way to carry them out should look for them in the scenario first.
#[must_use]
pub fn timetable(scenario: &Scenario, seed: u64) -> Vec<Deed> {
    let start = |node, first| Act::Start { seeds: cast::seeds(scenario.nodes, node, first).collect() };
    let deed = |&(at_ns, step): &(u64, Step)| {
        let (node, what) = match step {
            Step::Start { node } => (node, start(node, true)),
            Step::Restart { node } => (node, start(node, false)),
            Step::Leave { fault, node } => (node, Act::Leave { fault }),
            Step::Crash { fault, node } => (node, Act::Crash { fault }),
            Step::Look
            | Step::Rest { .. }
            | Step::Crashed
            | Step::Pause { .. }
            | Step::Resume { .. }
            | Step::Inject { .. }
            | Step::Begin { .. }
            | Step::End { .. } => return None,
        };
        Some(Deed { at_ns, node, what })
    };
    let mut deeds: Vec<Deed> = Plan::new(scenario, Draws::new(seed)).steps().iter().filter_map(deed).collect();
    deeds.sort_by_key(|deed| deed.at_ns);
    deeds
}

/// The steps of a plan that concern the network or the measuring, as time passes.
#[derive(Debug)]
struct Course {
    plan: Plan,
    /// Those to come, the next one last.
    to_come: Vec<(u64, Step)>,
}

impl Course {
    fn new(scenario: &Scenario, draws: Draws) -> Self {
        let plan = Plan::new(scenario, draws);
        let concerns = |step: &Step| matches!(step, Step::Look | Step::Begin { .. } | Step::End { .. });
        let mut to_come: Vec<_> = plan.steps().iter().filter(|(_, step)| concerns(step)).copied().collect();
        to_come.sort_by_key(|&(at, _)| at);
        to_come.reverse();
        Self { plan, to_come }
    }

    /// The next step that is due by `now`; the network has taken it.
    fn next(&mut self, now: u64, network: &mut Network) -> Option<(u64, Step)> {
        let due = self.to_come.pop_if(|&mut (at, _)| at <= now)?;
        if let Step::Begin { fault, time } = due.1 {
            network.begin(fault, self.plan.rules(fault, time));
        } else if let Step::End { fault } = due.1 {
            network.end(fault);
        }
        Some(due)
    }
}

/// What becomes of packets: the network of a scenario, and what its faults do to it.
#[derive(Debug)]
pub struct Conditions {
    course: Course,
    network: Network,
}

impl Conditions {
    /// The network of a run with this seed, from which all its chance is drawn.
    #[must_use]
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let draws = Draws::new(seed);
        Self { course: Course::new(scenario, draws), network: Network::new(scenario, draws) }
    }

    /// When the copies of a datagram of `len` bytes arrive that sets out now: none, one or two instants. All instants are
    /// nanoseconds from the start of the run, and one call's is not before that of the call before.
    pub fn datagram(&mut self, now: u64, (from, to): (u32, u32), len: usize) -> impl Iterator<Item = u64> + use<> {
        self.advance(now);
        self.network.send(from, to, len, now).arrivals()
    }

    /// When a segment of a stream arrives that sets out now; `None` when it is lost.
    pub fn segment(&mut self, now: u64, (from, to): (u32, u32)) -> Option<u64> {
        self.advance(now);
        Some(now + self.network.send_segment(from, to, now)?)
    }

    /// How many packets each fault of the scenario has changed so far.
    #[must_use]
    pub fn bitten(&self) -> Vec<u64> {
        self.network.bitten().iter().map(|fault| fault.bit).collect()
    }

    /// What became of the datagrams so far, but for those that have arrived or are under way.
    #[must_use]
    pub const fn packets(&self) -> Packets {
        self.network.counts
    }

    fn advance(&mut self, now: u64) {
        while self.course.next(now, &mut self.network).is_some() {}
    }
}

/// What was seen of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It started, as this life.
    Started {
        /// The life's boot number.
        boot: u64,
    },
    /// It was stopped without a word, by this fault of the file.
    Crashed {
        /// The index of the fault.
        fault: usize,
    },
    /// It began to say goodbye, by this fault of the file: from now on it counts as gone.
    Leaving {
        /// The index of the fault.
        fault: usize,
    },
    /// It reported a change of what it believes of another one.
    Member {
        /// Whom, by number.
        subject: u32,
        /// What it reported.
        change: MemberChange,
    },
}

/// The metrics of a run outside of the simulator.
#[derive(Debug)]
pub struct Review<'s> {
    scenario: &'s Scenario,
    seed: u64,
    looks: Looks,
    course: Course,
    network: Network,
    measure: Measure,
    running: Vec<bool>,
}

impl<'s> Review<'s> {
    /// Nothing has been seen yet.
    ///
    /// # Errors
    /// [`ConfigError`] when the nodes refuse what `[protocol]` sets.
    pub fn new(scenario: &'s Scenario, seed: u64) -> Result<Self, ConfigError> {
        let (draws, config) = (Draws::new(seed), node_config(&scenario.protocol, 0)?);
        let course = Course::new(scenario, draws);
        let choice = Choice { nodes: scenario.nodes.count, draws, targets: course.plan.all_targets() };
        Ok(Self {
            scenario,
            seed,
            looks: Looks::new(scenario, choice),
            network: Network::new(scenario, draws),
            measure: Measure::new(scenario, course.plan.touched(), config.quorum.as_ref()),
            course,
            running: vec![false; scenario.nodes.count as usize],
        })
    }

    /// Something was seen at `at_ns`, not before what was seen last. What nodes report that do not run counts for nothing.
    ///
    /// # Panics
    /// When there is no such node, or no such fault.
    pub fn add(&mut self, at_ns: u64, node: u32, seen: &Seen) {
        self.advance(at_ns);
        let runs = self.running[node as usize];
        match seen {
            &Seen::Started { boot } => {
                self.running[node as usize] = true;
                self.measure.on_start((node, boot), false, at_ns);
                self.note_topology(at_ns);
            }
            &Seen::Crashed { fault } if runs => {
                self.gone(fault, node);
                self.measure.on_crash(fault, node, at_ns);
                self.note_topology(at_ns);
            }
            &Seen::Leaving { fault } if runs => {
                self.gone(fault, node);
                self.measure.on_leave(node, at_ns);
                self.measure.on_left(node, at_ns);
                self.note_topology(at_ns);
            }
            Seen::Member { subject, change } if runs => self.measure.on_change(node, *subject, change, at_ns),
            Seen::Crashed { .. } | Seen::Leaving { .. } | Seen::Member { .. } => {}
        }
    }

    /// What the run says, which ended at `end_ns`; `bitten` is how many packets each fault has changed.
    #[must_use]
    pub fn finish(mut self, end_ns: u64, bitten: &[u64]) -> RunResult {
        self.advance(end_ns);
        let own = self.network.bitten().into_iter();
        let faults: Vec<FaultResult> = own
            .zip(bitten.iter().copied().chain(core::iter::repeat(0)))
            .map(|(FaultResult { id, bit }, more)| FaultResult { id, bit: bit + more })
            .collect();
        let mut result = self.measure.finish(self.scenario, self.looks.named(), (end_ns, &faults));
        result.seed = self.seed;
        result
    }

    fn gone(&mut self, fault: usize, node: u32) {
        self.running[node as usize] = false;
        self.network.bite(fault);
    }

    fn advance(&mut self, now: u64) {
        while let Some((at, step)) = self.course.next(now, &mut self.network) {
            if step == Step::Look {
                self.measure.on_first_fault();
            } else {
                self.measure.on_topology(self.network.active(), at);
            }
        }
    }

    /// Somebody who might have relayed came or went; it matters while something is closed.
    fn note_topology(&mut self, now: u64) {
        if self.network.active().next().is_some() {
            self.measure.on_topology(self.network.active(), now);
        }
    }
}
