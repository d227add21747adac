//! What do nodes tell everybody, and when? The world's part of `[[info]]`, and of what is measured at rest.
//!
//! An info is an event of its own source, behind those of the timetable, the faults and the writes.

use core::time::Duration;

use quidnunc_core::{Command, InfoChange, InfoValue, Input, Instant, KeyPattern, KeyRule, LinkChange, stable_hash};

use crate::engine::draws::{Draws, Purpose, entity_of};
use crate::engine::wheel::{Class, Event, order_key};
use crate::measure::Issue;
use crate::scenario::{Info, Issuers, Scenario, When};

use super::plan::Choice;
use super::{Witness, World};

/// The draws of one value have this many counters; each gives 8 bytes.
const DRAWS_PER_VALUE: u64 = 1 << 8;

/// Who tells what.
#[derive(Debug)]
pub(super) struct Telling {
    draws: Draws,
    /// Per table: its nodes; of whoever has the lowest number, one chain of events.
    nodes: Vec<Vec<u32>>,
    /// Per node: how often it started.
    lives: Vec<u64>,
    value: Vec<u8>,
}

impl Telling {
    pub(super) fn new(scenario: &Scenario, choice: Choice<'_>) -> Self {
        let nodes_of = |info: &Info| match &info.issuers {
            Issuers::Lowest => vec![0],
            Issuers::Nodes(selector) => choice.one(selector, &info.id),
        };
        Self {
            draws: choice.draws,
            nodes: scenario.infos.iter().map(nodes_of).collect(),
            lives: vec![0; scenario.nodes.count as usize],
            value: Vec::new(),
        }
    }

    /// The first info of every node that does not issue it when it starts.
    pub(super) fn first(&self, scenario: &Scenario) -> Vec<Event> {
        let all = (0..).zip(&scenario.infos).zip(&self.nodes);
        all.flat_map(|((place, info), nodes)| {
            nodes.iter().filter_map(move |&node| self.event(scenario, (place, info), node, 0))
        })
        .collect()
    }

    /// The event of a node's `number`-th info, if there is one.
    fn event(&self, scenario: &Scenario, (place, info): (usize, &Info), node: u32, number: u32) -> Option<Event> {
        let at = match info.when {
            When::Once { at_ns } => Some(at_ns).filter(|_| number == 0),
            When::Every { at_ns, every_ns, until_ns } => {
                let draw = self.draws.draw(Purpose::Workload, entity_of(&info.id) ^ u64::from(node), 0);
                let begin = if info.spread { (u128::from(draw) * u128::from(every_ns)) >> 64 } else { 0 };
                let later = u64::try_from(u128::from(number) * u128::from(every_ns) + begin);
                later.ok().and_then(|later| at_ns.checked_add(later)).filter(|&at| at < until_ns)
            }
            When::AtStart => None,
        };
        let source = 1 + scenario.faults.len() + scenario.writes.len() + place;
        let source = u32::try_from(source).expect("a file has fewer than 2^30 tables");
        at.map(|at| Event { at, order: order_key(Class::Fault, source, node), dst: node, what: number })
    }
}

/// Which keys of a table are watched.
pub(super) fn watched(info: &Info) -> (KeyRule, String) {
    info.key.as_ref().map_or_else(|| (KeyRule::Prefix, format!("{}.", info.id)), |key| (KeyRule::Exact, key.clone()))
}

impl<W: Witness> World<'_, W> {
    /// A node that has just started issues what it always issues then.
    pub(super) fn issue_at_start(&mut self, node: u32) {
        let scenario = self.scenario;
        if scenario.infos.is_empty() {
            return;
        }
        let life = self.telling.lives[node as usize];
        self.telling.lives[node as usize] += 1;
        for (place, info) in scenario.infos.iter().enumerate() {
            if info.when == When::AtStart && self.telling.nodes[place].contains(&node) {
                (0..info.keys).for_each(|key| self.issue_one(place, node, key, life));
            }
        }
    }

    /// The `number`-th time has come for a node to issue an info.
    pub(super) fn issue(&mut self, place: usize, node: u32, number: u32) {
        let scenario = self.scenario;
        let info = &scenario.infos[place];
        if let When::Every { .. } = info.when {
            let next = number.checked_add(1).expect("a node issues fewer than 2^32 infos");
            if let Some(event) = self.telling.event(scenario, (place, info), node, next) {
                self.wheel.push(event);
            }
        }
        let nodes = scenario.nodes.count;
        let awake = |node: &u32| self.cast.is_running(*node) && !self.pauses.is_paused(*node);
        let issuer = match info.issuers {
            Issuers::Lowest => (0..nodes).find(awake),
            Issuers::Nodes(_) => Some(node).filter(awake),
        };
        if let Some(issuer) = issuer {
            (0..info.keys).for_each(|key| self.issue_one(place, issuer, key, number.into()));
        }
    }

    fn issue_one(&mut self, place: usize, node: u32, key: u32, number: u64) {
        let info = &self.scenario.infos[place];
        let name = info.key.clone().unwrap_or_else(|| format!("{}.{node}.{key}", info.id));
        let mut value = core::mem::take(&mut self.telling.value);
        value.clear();
        if let Some(bytes) = info.bytes {
            let entity = entity_of(&name);
            let draw = |place| self.telling.draws.draw(Purpose::WriteBytes, entity, number * DRAWS_PER_VALUE + place);
            value.extend((0..).flat_map(|place| draw(place).to_le_bytes()).take(bytes as usize));
        } else {
            value.extend(number.to_le_bytes());
        }
        let told = match info.bytes {
            Some(_) => InfoValue::Bytes(&value),
            None => InfoValue::Int(i64::try_from(number).unwrap_or(i64::MAX)),
        };
        let issue = Issue { table: place, node, key, value: hash_of(told) };
        let ttl = info.ttl_ns.map(Duration::from_nanos);
        if let Some(state) = self.cast.input(node, self.now, &value) {
            let command = Command::AddInfo { key: name.as_bytes(), value: told, ttl };
            let taken = state.handle(Instant::from_nanos(self.now), Input::Command(command)).is_ok();
            self.measure.on_issue(issue, taken, self.now);
            self.after(node);
        }
        self.telling.value = value;
    }

    /// A node reports an info that it watches.
    pub(super) fn on_info(&mut self, node: u32, change: &InfoChange) {
        let shown = self.cast.get(node).and_then(|state| {
            let info = state.view().info(&change.key)?;
            Some((hash_of(info.value), info.hops))
        });
        if let Some(shown) = shown {
            self.measure.on_info(node, &change.key, shown, self.now);
        }
    }

    /// A node reports that a link has opened or closed.
    pub(super) fn on_link(&mut self, node: u32, change: &LinkChange) {
        if let Some(peer) = self.cast.node_of(change.id, change.addr) {
            self.measure.on_link(node, peer, change.outgoing, change.ended.is_none());
        }
    }

    /// A node has said everything about an input.
    pub(super) fn on_settled(&mut self, node: u32) {
        if let Some(state) = self.cast.get(node) {
            let asked = state.view().stats().links_asked;
            self.measure.on_settled(node, asked, self.now);
        }
    }

    /// The time begins, or is over, in which nodes with links are at rest.
    pub(super) fn on_rest(&mut self, ends: bool) {
        for node in 0..self.scenario.nodes.count {
            let Some(state) = self.cast.get(node) else { continue };
            let view = state.view();
            if ends {
                self.measure.on_rest_ends(node, view.stats(), view.max_hops());
            } else {
                self.measure.on_rest_begins(node, view.stats());
            }
        }
    }

    /// Counts the infos of nodes that do not run, at the end.
    pub(super) fn count_left_over(&mut self) {
        let running: std::collections::BTreeSet<_> = self.cast.running().map(|node| node.view().id()).collect();
        for node in self.cast.running() {
            let all = node.view().infos(KeyPattern { rule: KeyRule::Prefix, text: b"" });
            self.measure.on_left_over(all.filter(|info| !running.contains(&info.origin)).count());
        }
    }
}

fn hash_of(value: InfoValue<'_>) -> u64 {
    match value {
        InfoValue::Int(number) => stable_hash(0, &number.to_le_bytes()),
        InfoValue::Float(number) => stable_hash(1, &number.to_le_bytes()),
        InfoValue::Text(text) => stable_hash(2, text.as_bytes()),
        InfoValue::Bytes(bytes) => stable_hash(3, bytes),
    }
}

#[cfg(test)]
mod tests {
    use quidnunc_core::Event as NodeEvent;

    use super::*;
    use crate::scenario::parse;
    use crate::world::{RunOptions, run_with};

    const S: u64 = 1_000_000_000;

    fn scenario(more: &str) -> Scenario {
        let text = format!(
            "format = 1\nname = \"t\"\nabout = \"t\"\nrun = {{ duration = \"40s\" }}\nnodes = {{ count = 4 }}\n\
             protocol = {{ profile = \"infos\" }}\n{more}"
        );
        parse("test.toml", &text).unwrap_or_else(|mistake| panic!("{mistake}"))
    }

    /// How often node 2 heard the sentinel from the crash on.
    #[derive(Default)]
    struct Heard(u32);

    impl Witness for Heard {
        fn on_event(&mut self, at_ns: u64, node: u32, event: &NodeEvent) {
            let is_it = matches!(event, NodeEvent::Info(change) if &*change.key == b"sentinel");
            self.0 += u32::from(is_it && node == 2 && at_ns >= 20 * S);
        }
    }

    #[test]
    fn the_duty_moves_to_whoever_runs_with_the_lowest_number() {
        let scenario = scenario(
            "[[fault]]\nid = \"c\"\nkind = \"crash\"\ntarget = \"node:0\"\nat = \"20s\"\n\
             [[info]]\nid = \"duty\"\nnodes = \"lowest\"\nkey = \"sentinel\"\nat = \"2s\"\nevery = \"2s\"\n",
        );
        let mut heard = Heard::default();
        let result = run_with(&scenario, 1, &RunOptions::default(), &mut heard);
        assert!(result.is_ok());
        assert_eq!(heard.0, 10, "at 20 s, and every 2 s until 38 s");
    }

    #[test]
    fn infos_of_a_cycle_are_issued_at_once_unless_they_spread() {
        let table = "[[info]]\nid = \"own\"\nnodes = \"all\"\nat = \"10s\"\nevery = \"4s\"\nuntil = \"20s\"\n";
        let instants = |more: &str| {
            let scenario = scenario(&format!("{table}{more}"));
            let telling =
                Telling::new(&scenario, Choice { nodes: scenario.nodes.count, draws: Draws::new(1), targets: &[] });
            let event = |node, number| telling.event(&scenario, (0, &scenario.infos[0]), node, number);
            (0..4).map(|node| (0..).map_while(|number| event(node, number)).map(|event| event.at).collect()).collect()
        };
        let at_once: Vec<Vec<u64>> = instants("");
        assert_eq!(at_once, vec![vec![10 * S, 14 * S, 18 * S]; 4]);
        let spread: Vec<Vec<u64>> = instants("spread = true\n");
        let firsts: std::collections::BTreeSet<u64> = spread.iter().map(|instants| instants[0]).collect();
        assert_eq!(firsts.len(), 4);
        assert!(spread.iter().flatten().all(|at| (10 * S..20 * S).contains(at)));
        assert!(spread.iter().all(|instants| instants.windows(2).all(|pair| pair[1] - pair[0] == 4 * S)));
    }
}
