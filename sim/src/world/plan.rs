//! What is to happen when? The timetable of a run, drawn up before it begins.

use crate::engine::draws::{Draws, Purpose, entity_of};
use crate::scenario::{Direction, Fault, FaultKind, Scenario, Selector, Shape, Share};

use super::network::{Harm, Rule, Side};

/// One entry of the timetable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A node starts for the first time.
    Start { node: u32 },
    /// A node stops without a word.
    Crash { fault: usize, node: u32 },
    /// A crashed node starts again.
    Restart { node: u32 },
    /// A node stands still.
    Pause { fault: usize, node: u32 },
    /// A node goes on, as far as this fault is concerned.
    Resume { fault: usize, node: u32 },
    /// A link fault or partition begins.
    Begin { fault: usize },
    /// A link fault or partition ends.
    End { fault: usize },
}

/// The timetable, and the network rules of the faults that have one.
#[derive(Debug)]
pub(super) struct Plan {
    steps: Vec<(u64, Step)>,
    rules: Vec<Option<Rule>>,
    touched: Vec<bool>,
}

impl Plan {
    pub(super) fn new(scenario: &Scenario, draws: Draws) -> Self {
        let nodes = scenario.nodes.count;
        let starts = (0..nodes).map(|node| (u64::from(node) * scenario.nodes.stagger_ns, Step::Start { node }));
        let mut plan = Self { steps: starts.collect(), rules: Vec::new(), touched: vec![false; nodes as usize] };
        // What an earlier fault took, for selectors that take the same.
        let mut taken: Vec<Vec<u32>> = Vec::new();
        for (number, fault) in scenario.faults.iter().enumerate() {
            let select = |selector: &Selector| select(selector, fault, nodes, draws, &taken);
            let chosen = match &fault.kind {
                FaultKind::Crash { target, .. } | FaultKind::Pause { target } => select(target),
                FaultKind::Link { from, .. } => select(from),
                FaultKind::Noise { .. } => Vec::new(),
                FaultKind::Partition { shape, .. } => group_a(shape, fault, nodes, draws, &taken),
            };
            let rule = match &fault.kind {
                FaultKind::Crash { stagger_ns, restart_after_ns, .. } => {
                    plan.crash(number, fault.at_ns, &chosen, (*stagger_ns, *restart_after_ns));
                    None
                }
                FaultKind::Pause { .. } => {
                    plan.pause(number, fault, &chosen);
                    None
                }
                FaultKind::Link { to, direction, loss, delay, corrupt, .. } => {
                    let (a, b) = (Side::of(&chosen, nodes), Side::of(&select(to), nodes));
                    let rule = Rule::link(fault, a, b, *direction, Harm::new(*loss, *delay, *corrupt));
                    rule.touch(&mut plan.touched);
                    Some(rule)
                }
                FaultKind::Noise { corrupt } => {
                    let harm = Harm::new(Share::NEVER, None, *corrupt);
                    Some(Rule::link(fault, Side::all(nodes), Side::all(nodes), Direction::AToB, harm))
                }
                FaultKind::Partition { direction, .. } => {
                    let a = Side::of(&chosen, nodes);
                    let b = a.others();
                    let rule = Rule::cut(fault, a, b, *direction);
                    rule.touch(&mut plan.touched);
                    Some(rule)
                }
            };
            if rule.is_some() {
                plan.steps.push((fault.at_ns, Step::Begin { fault: number }));
                if let Some(for_ns) = fault.for_ns {
                    plan.steps.push((fault.at_ns + for_ns, Step::End { fault: number }));
                }
            }
            chosen.iter().for_each(|&node| plan.touched[node as usize] = true);
            plan.rules.push(rule);
            taken.push(chosen);
        }
        plan
    }

    fn crash(&mut self, fault: usize, at: u64, targets: &[u32], (stagger, restart): (u64, Option<u64>)) {
        for (place, &node) in (0..).zip(targets) {
            let at = at + place * stagger;
            self.steps.push((at, Step::Crash { fault, node }));
            if let Some(after) = restart {
                self.steps.push((at + after, Step::Restart { node }));
            }
        }
    }

    fn pause(&mut self, number: usize, fault: &Fault, targets: &[u32]) {
        self.steps.extend(targets.iter().map(|&node| (fault.at_ns, Step::Pause { fault: number, node })));
        if let Some(for_ns) = fault.for_ns {
            let end = fault.at_ns + for_ns;
            self.steps.extend(targets.iter().map(|&node| (end, Step::Resume { fault: number, node })));
        }
    }

    /// Everything that is to happen, each with its instant in nanoseconds; of equal instants in this order.
    pub(super) fn steps(&self) -> &[(u64, Step)] {
        &self.steps
    }

    /// What a fault does to packets.
    pub(super) fn rule(&self, fault: usize) -> &Rule {
        self.rules[fault].as_ref().expect("only faults with a rule begin and end")
    }

    /// Which nodes ever have a fault on them.
    pub(super) fn touched(&self) -> Vec<bool> {
        self.touched.clone()
    }
}

fn select(selector: &Selector, fault: &Fault, nodes: u32, draws: Draws, taken: &[Vec<u32>]) -> Vec<u32> {
    match *selector {
        Selector::All => (0..nodes).collect(),
        Selector::Node(node) => vec![node],
        Selector::Random(count) => draws.pick(Purpose::FaultPlan, entity_of(&fault.id), count.of(nodes), nodes),
        Selector::First(count) => (0..count.of(nodes)).collect(),
        Selector::SameAs(earlier) => taken[earlier].clone(),
    }
}

fn group_a(shape: &Shape, fault: &Fault, nodes: u32, draws: Draws, taken: &[Vec<u32>]) -> Vec<u32> {
    match shape {
        Shape::Halves => (0..nodes / 2).collect(),
        Shape::RandomHalves => draws.pick(Purpose::FaultPlan, entity_of(&fault.id), nodes / 2, nodes),
        Shape::Isolate(target) => select(target, fault, nodes, draws, taken),
    }
}

/// Whether a fault acts on packets from its first side to its second, and the other way.
pub(super) const fn ways(direction: Direction) -> (bool, bool) {
    match direction {
        Direction::Both => (true, true),
        Direction::AToB => (true, false),
        Direction::BToA => (false, true),
    }
}
