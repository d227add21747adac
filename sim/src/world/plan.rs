//! What is to happen when? The timetable of a run, drawn up before it begins.

use std::borrow::Cow;

use crate::engine::draws::{Draws, Purpose, entity_of};
use crate::scenario::{Direction, Fault, FaultKind, Repeats, Scenario, Selector, Shape, Share, last_start_ns};

use super::network::{Harm, Rule, Side};

/// One entry of the timetable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A node starts for the first time.
    Start { node: u32 },
    /// The first fault is about to begin: does everybody agree?
    Look,
    /// The time at rest begins or is over.
    Rest { ends: bool },
    /// Everybody whom a fault stops at one instant has stopped.
    Crashed,
    /// A node says goodbye.
    Leave { fault: usize, node: u32 },
    /// A node stops without a word.
    Crash { fault: usize, node: u32 },
    /// A node that stopped, or still says goodbye, starts again.
    Restart { node: u32 },
    /// A node stands still.
    Pause { fault: usize, node: u32 },
    /// A node goes on, as far as this fault is concerned.
    Resume { fault: usize, node: u32 },
    /// Datagrams begin to come from outside.
    Inject { fault: usize },
    /// A link fault or partition begins, for the how many-th time.
    Begin { fault: usize, time: usize },
    /// A link fault or partition ends.
    End { fault: usize },
}

/// The timetable, and the network rules of the faults that have one.
#[derive(Debug)]
pub(super) struct Plan {
    steps: Vec<(u64, Step)>,
    /// Per fault, and per time that it begins.
    rules: Vec<Vec<Vec<Rule>>>,
    /// Per fault: whom it hits, its first side if it has two.
    targets: Vec<Vec<u32>>,
    touched: Vec<bool>,
    /// Whether nodes have links, so that it matters how they hang together.
    links: bool,
}

impl Plan {
    pub(super) fn new(scenario: &Scenario, draws: Draws) -> Self {
        let nodes = scenario.nodes.count;
        let starts = (0..nodes).map(|node| (u64::from(node) * scenario.nodes.stagger_ns, Step::Start { node }));
        let mut plan = Self {
            steps: starts.collect(),
            rules: Vec::new(),
            targets: Vec::new(),
            touched: vec![false; nodes as usize],
            links: scenario.has_links(),
        };
        if scenario.run.steady {
            // Before every fault of the same instant.
            plan.steps.push((scenario.steady_at_ns(), Step::Look));
        }
        if let Some((begin_ns, end_ns)) = scenario.rest_ns() {
            plan.steps.extend([(begin_ns, Step::Rest { ends: false }), (end_ns, Step::Rest { ends: true })]);
        }
        for (number, fault) in scenario.faults.iter().enumerate() {
            plan.add(number, fault, nodes, draws);
        }
        plan
    }

    /// Enters a fault that stands behind those entered before.
    fn add(&mut self, number: usize, fault: &Fault, nodes: u32, draws: Draws) {
        let choice = Choice { nodes, draws, targets: &self.targets };
        let select = |selector: &Selector| choice.of_fault(selector, &fault.id);
        let mut groups = Vec::new();
        let mut repeated = Repeats::ONCE;
        let chosen = match &fault.kind {
            FaultKind::Crash { target, .. } | FaultKind::Inject { target, .. } | FaultKind::Pause { target, .. } => {
                select(target)
            }
            FaultKind::Link { from, .. } => select(from),
            FaultKind::Noise { .. } => Vec::new(),
            FaultKind::Partition { shape, repeats, .. } => {
                repeated = *repeats;
                groups = (0..repeats.times).map(|time| choice.groups(shape, &name_of(fault, time))).collect();
                groups.first().and_then(|first: &Vec<_>| first.first().cloned()).unwrap_or_default()
            }
        };
        let rules = match &fault.kind {
            &FaultKind::Crash { stagger_ns, restart_after_ns, says_goodbye, .. } => {
                let stop = |node| match says_goodbye {
                    true => Step::Leave { fault: number, node },
                    false => Step::Crash { fault: number, node },
                };
                self.crash(stop, fault.at_ns, &chosen, (stagger_ns, restart_after_ns));
                Vec::new()
            }
            FaultKind::Inject { .. } => {
                self.steps.push((fault.at_ns, Step::Inject { fault: number }));
                Vec::new()
            }
            FaultKind::Pause { repeats, .. } => {
                (0..repeats.times).for_each(|time| self.pause(number, fault, time * repeats.every_ns, &chosen));
                Vec::new()
            }
            FaultKind::Link { to, direction, loss, delay, damage, datagrams_only, .. } => {
                let (a, b) = (Side::of(&chosen, nodes), Side::of(&select(to), nodes));
                let harm = Harm::new(*loss, *delay, *damage).sparing_streams(*datagrams_only);
                let rule = Rule::link(fault, a, b, *direction, harm);
                rule.touch(&mut self.touched);
                vec![vec![rule]]
            }
            FaultKind::Noise { damage } => {
                let harm = Harm::new(Share::NEVER, None, *damage);
                vec![vec![Rule::link(fault, Side::all(nodes), Side::all(nodes), Direction::AToB, harm)]]
            }
            FaultKind::Partition { direction, shape, .. } => {
                // Whoever is isolated has a fault on it; the others only miss one of many.
                match shape {
                    Shape::Isolate(_) => {
                        groups.iter().flatten().flatten().for_each(|&node| self.touched[node as usize] = true);
                    }
                    Shape::Halves | Shape::RandomHalves | Shape::Groups(_) => self.touched.fill(true),
                }
                groups.iter().map(|groups| cuts(fault, groups, *direction, nodes)).collect()
            }
        };
        for time in 0..rules.len() {
            let at = fault.at_ns + time as u64 * repeated.every_ns;
            self.steps.push((at, Step::Begin { fault: number, time }));
            self.steps.extend(fault.for_ns.map(|for_ns| (at + for_ns, Step::End { fault: number })));
        }
        chosen.iter().for_each(|&node| self.touched[node as usize] = true);
        self.rules.push(rules);
        self.targets.push(chosen);
    }

    fn crash(&mut self, stop: impl Fn(u32) -> Step, at: u64, targets: &[u32], (stagger, restart): (u64, Option<u64>)) {
        for (place, &node) in (0..).zip(targets) {
            let at = at + place * stagger;
            self.steps.push((at, stop(node)));
            if let Some(after) = restart {
                self.steps.push((at + after, Step::Restart { node }));
            }
        }
        if self.links {
            let count = u32::try_from(targets.len()).unwrap_or(u32::MAX);
            self.steps.push((last_start_ns(at, stagger, count), Step::Crashed));
        }
    }

    fn pause(&mut self, number: usize, fault: &Fault, after_ns: u64, targets: &[u32]) {
        let at = fault.at_ns + after_ns;
        self.steps.extend(targets.iter().map(|&node| (at, Step::Pause { fault: number, node })));
        if let Some(for_ns) = fault.for_ns {
            let end = at + for_ns;
            self.steps.extend(targets.iter().map(|&node| (end, Step::Resume { fault: number, node })));
        }
    }

    /// Everything that is to happen, each with its instant in nanoseconds; of equal instants in this order.
    pub(super) fn steps(&self) -> &[(u64, Step)] {
        &self.steps
    }

    /// What a fault does to packets, from its beginning to its end, when it begins for the how many-th time.
    pub(super) fn rules(&self, fault: usize, time: usize) -> &[Rule] {
        &self.rules[fault][time]
    }

    /// Whom a fault hits.
    pub(super) fn targets(&self, fault: usize) -> &[u32] {
        &self.targets[fault]
    }

    /// Whom each fault hits.
    pub(super) fn all_targets(&self) -> &[Vec<u32>] {
        &self.targets
    }

    /// Which nodes ever have a fault on them.
    pub(super) fn touched(&self) -> &[bool] {
        &self.touched
    }
}

/// What keys the random picks of a fault that happens for the how many-th time: another name each time.
fn name_of(fault: &Fault, time: u64) -> Cow<'_, str> {
    if time == 0 { Cow::Borrowed(&fault.id) } else { Cow::Owned(format!("{}#{time}", fault.id)) }
}

/// Whom selectors name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice<'a> {
    /// How many there are.
    pub(super) nodes: u32,
    pub(super) draws: Draws,
    /// Whom the faults hit that selectors may borrow from.
    pub(super) targets: &'a [Vec<u32>],
}

impl Choice<'_> {
    /// The nodes that a selector of something that is no fault names; random picks are drawn for its name.
    pub(super) fn one(self, selector: &Selector, name: &str) -> Vec<u32> {
        self.select(selector, Purpose::Workload, name)
    }

    /// The nodes that any of these names, in order, each once.
    pub(super) fn all(self, selectors: &[Selector], name: &str) -> Vec<u32> {
        let one = |(place, selector)| self.one(selector, &format!("{name}/{place}"));
        let mut nodes: Vec<u32> = selectors.iter().enumerate().flat_map(one).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    fn of_fault(self, selector: &Selector, name: &str) -> Vec<u32> {
        self.select(selector, Purpose::FaultPlan, name)
    }

    fn select(self, selector: &Selector, purpose: Purpose, name: &str) -> Vec<u32> {
        match *selector {
            Selector::All => (0..self.nodes).collect(),
            Selector::Node(node) => vec![node],
            Selector::Random(count) => self.draws.pick(purpose, entity_of(name), count.of(self.nodes), self.nodes),
            Selector::First(count) => (0..count.of(self.nodes)).collect(),
            Selector::SameAs(earlier) => self.targets[earlier].clone(),
        }
    }

    /// The groups that a partition names; everybody else forms one more.
    fn groups(self, shape: &Shape, name: &str) -> Vec<Vec<u32>> {
        let half = self.nodes / 2;
        match shape {
            Shape::Halves => vec![(0..half).collect()],
            Shape::RandomHalves => vec![self.draws.pick(Purpose::FaultPlan, entity_of(name), half, self.nodes)],
            Shape::Isolate(target) => vec![self.of_fault(target, name)],
            Shape::Groups(selectors) => self.disjoint(selectors, name),
        }
    }

    /// One set of nodes per selector, no node in two: who is named by two belongs to the first, and random picks
    /// are made from those whom nobody has yet.
    fn disjoint(self, selectors: &[Selector], name: &str) -> Vec<Vec<u32>> {
        let mut free = vec![true; self.nodes as usize];
        let mut groups = vec![Vec::new(); selectors.len()];
        let random = |selector: &Selector| matches!(selector, Selector::Random(_));
        let in_turn = |late: bool| (0..).zip(selectors).filter(move |(_, selector)| random(selector) == late);
        for (place, selector) in in_turn(false).chain(in_turn(true)) {
            let mut group = match selector {
                Selector::Random(count) => {
                    let left: Vec<u32> = (0..self.nodes).filter(|&node| free[node as usize]).collect();
                    let entity = entity_of(&format!("{name}/{place}"));
                    let among = u32::try_from(left.len()).unwrap_or(self.nodes);
                    let picked = self.draws.pick(Purpose::FaultPlan, entity, count.of(self.nodes), among);
                    picked.iter().map(|&index| left[index as usize]).collect()
                }
                Selector::All | Selector::Node(_) | Selector::First(_) | Selector::SameAs(_) => {
                    self.of_fault(selector, name)
                }
            };
            group.retain(|&node| core::mem::replace(&mut free[node as usize], false));
            groups[place] = group;
        }
        groups
    }
}

/// One rule per group: nothing passes between it and those behind it, the rest being the last.
fn cuts(fault: &Fault, groups: &[Vec<u32>], direction: Direction, nodes: u32) -> Vec<Rule> {
    let sides: Vec<Side> = groups.iter().map(|group| Side::of(group, nodes)).collect();
    let cut = |(place, side): (usize, &Side)| Rule::cut(fault, side.clone(), side.beside(&sides[..place]), direction);
    sides.iter().enumerate().map(cut).collect()
}
