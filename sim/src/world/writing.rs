//! What do nodes write, and when? The world's part of `[[write]]`.
//!
//! A write is an event of its own source, with draws of its own, so that one that is added to a file moves no
//! packet, fault or other write.

use core::time::Duration;

use quidnunc_core::{Command, Input, Instant};

use crate::engine::draws::{Draws, Purpose, entity_of};
use crate::engine::wheel::{Class, Event, order_key};
use crate::scenario::{Scenario, When, Write, Written};

use super::plan::Choice;
use super::{Witness, World};

/// The draws of one value have this many counters; each gives 8 bytes.
const DRAWS_PER_VALUE: u64 = 1 << 17;

/// One write of one node: which of the file, by whom, to which key, and how many it made before.
#[derive(Debug, Clone, Copy)]
struct One {
    write: usize,
    node: u32,
    key: u32,
    number: u64,
}

/// Who writes what.
#[derive(Debug)]
pub(super) struct Writing {
    draws: Draws,
    /// Per write: its nodes.
    nodes: Vec<Vec<u32>>,
    /// Per node: how often it started.
    lives: Vec<u64>,
    value: Vec<u8>,
}

impl Writing {
    pub(super) fn new(scenario: &Scenario, choice: Choice<'_>) -> Self {
        Self {
            draws: choice.draws,
            nodes: scenario.writes.iter().map(|write| choice.one(&write.nodes, &write.id)).collect(),
            lives: vec![0; scenario.nodes.count as usize],
            value: Vec::new(),
        }
    }

    /// The first write of every node that does not write when it starts.
    pub(super) fn first(&self, scenario: &Scenario) -> Vec<Event> {
        let all = (0..).zip(&scenario.writes).zip(&self.nodes);
        all.flat_map(|((place, write), nodes)| {
            nodes.iter().filter_map(move |&node| self.event(scenario, (place, write), node, 0))
        })
        .collect()
    }

    /// The event of a node's `number`-th write, if there is one.
    fn event(&self, scenario: &Scenario, (place, write): (usize, &Write), node: u32, number: u32) -> Option<Event> {
        let at = match write.when {
            When::Once { at_ns } => Some(at_ns).filter(|_| number == 0),
            When::Every { at_ns, every_ns, until_ns } => {
                let draw = self.draws.draw(Purpose::Workload, entity_of(&write.id) ^ u64::from(node), 0);
                let begin = (u128::from(draw) * u128::from(every_ns)) >> 64;
                let later = u128::from(number) * u128::from(every_ns) + begin;
                let at = u64::try_from(later).ok().and_then(|later| at_ns.checked_add(later));
                at.filter(|&at| at < until_ns)
            }
            When::AtStart => None,
        };
        // Behind the timetable and every fault.
        let source = u32::try_from(1 + scenario.faults.len() + place).expect("a file has fewer than 2^30 tables");
        at.map(|at| Event { at, order: order_key(Class::Fault, source, node), dst: node, what: number })
    }

    /// Makes a value that nobody ever wrote before.
    fn make(&mut self, scenario: &Scenario, one: One, bytes: u32) {
        let entity = entity_of(&scenario.writes[one.write].id) ^ u64::from(one.node);
        let draw = |place| self.draws.draw(Purpose::WriteBytes, entity, one.number * DRAWS_PER_VALUE + place);
        self.value.clear();
        self.value.extend((0..).flat_map(|place| draw(place).to_le_bytes()).take(bytes as usize));
    }
}

impl<W: Witness> World<'_, W> {
    /// A node that has just started writes what is its own from the start.
    pub(super) fn write_at_start(&mut self, node: u32) {
        let scenario = self.scenario;
        if scenario.writes.is_empty() {
            return;
        }
        let life = self.writing.lives[node as usize];
        self.writing.lives[node as usize] += 1;
        for (place, write) in scenario.writes.iter().enumerate() {
            if write.when == When::AtStart && self.writing.nodes[place].contains(&node) {
                for key in 0..write.keys {
                    let number = life * u64::from(write.keys) + u64::from(key);
                    self.write_one(One { write: place, node, key, number });
                }
            }
        }
    }

    /// The `number`-th time has come for a node to write.
    pub(super) fn write(&mut self, place: usize, node: u32, number: u32) {
        let scenario = self.scenario;
        let write = &scenario.writes[place];
        let one = |key, number| One { write: place, node, key, number };
        if let When::Every { .. } = write.when {
            let next = number.checked_add(1).expect("a node writes fewer than 2^32 times");
            if let Some(event) = self.writing.event(scenario, (place, write), node, next) {
                self.wheel.push(event);
            }
            self.write_one(one(number % write.keys, u64::from(number)));
        } else {
            (0..write.keys).for_each(|key| self.write_one(one(key, u64::from(key))));
        }
    }

    fn write_one(&mut self, one: One) {
        let One { write, node, key, .. } = one;
        if !self.cast.is_running(node) || self.pauses.is_paused(node) {
            self.measure.on_skipped_write();
            return;
        }
        let name = format!("k{key}");
        let what = self.scenario.writes[write].what;
        if let Written::Put { bytes, .. } = what {
            self.writing.make(self.scenario, one, bytes);
        }
        let (key_bytes, value) = (name.as_bytes(), self.writing.value.as_slice());
        let (command, input) = match what {
            Written::Put { ttl_ns: None, .. } => (Command::Put { key: key_bytes, value }, value),
            Written::Put { ttl_ns: Some(ttl), .. } => {
                (Command::PutWithTtl { key: key_bytes, value, ttl: Duration::from_nanos(ttl) }, value)
            }
            Written::Delete => (Command::Delete { key: key_bytes }, key_bytes),
        };
        let Some(state) = self.cast.input(node, self.now, input) else { return };
        let taken = state.handle(Instant::from_nanos(self.now), Input::Command(command)).is_ok();
        self.measure.on_write((node, key), taken, self.now);
        self.after(node);
        self.measure.on_written();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse;

    const S: u64 = 1_000_000_000;

    fn scenario(writes: &str) -> Scenario {
        let text = format!(
            "format = 1\nname = \"t\"\nabout = \"t\"\nrun = {{ duration = \"60s\" }}\nnodes = {{ count = 100 }}\n{writes}"
        );
        parse("test.toml", &text).unwrap_or_else(|mistake| panic!("{mistake}"))
    }

    #[test]
    fn nodes_spread_over_the_interval_and_keep_to_it() {
        let scenario = scenario(
            "[[write]]\nid = \"w\"\nnodes = \"all\"\nat = \"10s\"\nevery = \"4s\"\nuntil = \"20s\"\nvalue = \"9B\"\n",
        );
        let writing =
            Writing::new(&scenario, Choice { nodes: scenario.nodes.count, draws: Draws::new(1), targets: &[] });
        let (mut quarters, mut writes) = ([0; 4], 0);
        for node in 0..100 {
            let at = |number| writing.event(&scenario, (0, &scenario.writes[0]), node, number).map(|event| event.at);
            let instants: Vec<u64> = (0..).map_while(at).collect();
            assert!((10 * S..14 * S).contains(&instants[0]));
            assert!(
                instants.windows(2).all(|pair| pair[1] - pair[0] == 4 * S) && instants.iter().all(|&at| at < 20 * S)
            );
            quarters[usize::try_from((instants[0] - 10 * S) / S).expect("it is below 4")] += 1;
            writes += instants.len();
        }
        assert!(quarters.iter().all(|nodes| (10..40).contains(nodes)), "{quarters:?}");
        assert!((230..270).contains(&writes), "two or three times each: {writes}");
    }

    #[test]
    fn no_value_is_written_twice_and_another_write_moves_none() {
        let one = "[[write]]\nid = \"w\"\nnodes = \"all\"\nat = \"10s\"\nkeys = 3\nvalue = \"9B\"\n";
        let two = format!("[[write]]\nid = \"v\"\nnodes = \"all\"\nat = \"9s\"\nvalue = \"9B\"\n{one}");
        let values = |text: &str, write| {
            let scenario = scenario(text);
            let mut writing =
                Writing::new(&scenario, Choice { nodes: scenario.nodes.count, draws: Draws::new(1), targets: &[] });
            let mut made = |node, number| {
                writing.make(&scenario, One { write, node, key: 0, number }, 9);
                writing.value.clone()
            };
            (0..100).flat_map(|node| [made(node, 0), made(node, 1), made(node, 2)]).collect::<Vec<_>>()
        };
        let (alone, beside, other) = (values(one, 0), values(&two, 1), values(&two, 0));
        assert_eq!(alone, beside);
        let distinct: std::collections::BTreeSet<_> = alone.iter().chain(&other).collect();
        assert_eq!((distinct.len(), alone[0].len()), (600, 9));
    }
}
