//! What does the simulator itself look at? The end of every second, and of the run, and what expectations ask for.

use quidnunc_core::{Health, Loss, Node, Standing};

use crate::engine::wheel::{Class, Event, order_key};
use crate::result::{Packets as PacketCounts, RunResult};
use crate::scenario::{Expect, GoesIs, HealthIs, Is, LossIs, Scenario, Selector, StandingIs};

use super::cast::Cast;
use super::plan::Choice;
use super::{CHECKED_NODES_MAX, WINDOW_NS, Witness, World};

/// Of which nodes each expectation is, and about whom they are asked.
#[derive(Debug)]
pub(super) struct Looks {
    nodes: Vec<Vec<u32>>,
    /// `None` alone where they are asked about themselves.
    of: Vec<Vec<Option<u32>>>,
}

impl Looks {
    pub(super) fn new(scenario: &Scenario, choice: Choice<'_>) -> Self {
        let chosen = |expect: &Expect, part: &str, selectors: &[Selector]| {
            choice.all(selectors, &format!("expect/{}/{part}", expect.id))
        };
        let of = |expect: &Expect| match &expect.look {
            Some(look) if !look.of.is_empty() => chosen(expect, "of", &look.of).into_iter().map(Some).collect(),
            Some(_) | None => vec![None],
        };
        Self {
            nodes: scenario.expects.iter().map(|expect| chosen(expect, "nodes", &expect.nodes)).collect(),
            of: scenario.expects.iter().map(of).collect(),
        }
    }

    /// Of which nodes each expectation is; none is all.
    pub(super) fn named(&self) -> &[Vec<u32>] {
        &self.nodes
    }

    /// One event for each that looks.
    pub(super) fn first(&self, scenario: &Scenario) -> Vec<Event> {
        let event = |(number, expect): (u32, &Expect)| {
            let at = expect.look.as_ref()?.at_ns;
            Some(Event { at, order: order_key(Class::Probe, 1, number), dst: 0, what: number })
        };
        (0..).zip(&scenario.expects).filter_map(event).collect()
    }
}

/// Whether a node shows what is to be seen; of another one if it is asked about one.
fn shows(is: Is, node: &Node, other: Option<u32>, cast: &Cast<'_>) -> bool {
    let (view, other) = (node.view(), other.map(|other| cast.id_of(other)));
    match is {
        Is::Standing(standing) => view.standing().map(standing_of) == Some(standing),
        Is::Loss(loss) => other.is_some_and(|other| {
            loss == view.loss(other).map_or(LossIs::None, |loss| match loss {
                Loss::Down => LossIs::Down,
                Loss::SuspectDown => LossIs::SuspectDown,
            })
        }),
        Is::Goes(GoesIs::Itself) => other.and_then(|other| view.who_goes(other)) == Some(view.id()),
        Is::Goes(GoesIs::TheOther) => other.is_some() && other.and_then(|other| view.who_goes(other)) == other,
        Is::Health(health) => other.is_some_and(|other| {
            health
                == view.member(other).map_or(HealthIs::Unknown, |member| match member.health {
                    Health::Alive => HealthIs::Alive,
                    Health::Suspect => HealthIs::Suspect,
                    Health::Dead => HealthIs::Dead,
                    Health::Left => HealthIs::Left,
                    Health::Removed => HealthIs::Removed,
                })
        }),
    }
}

pub(crate) const fn standing_of(standing: Standing) -> StandingIs {
    match standing {
        Standing::NotInQuorum => StandingIs::NotInQuorum,
        Standing::SuspectNotInQuorum => StandingIs::SuspectNotInQuorum,
        Standing::InQuorum => StandingIs::InQuorum,
        Standing::Down => StandingIs::Down,
    }
}

impl<W: Witness> World<'_, W> {
    pub(super) fn on_window(&mut self) {
        self.streams.check();
        self.measure.on_window(self.now, |node| self.cast.is_running(node));
        if let Some(progress) = self.options.progress {
            progress(self.now);
        }
        self.tell_fingerprint(self.now);
        let next = self.now + WINDOW_NS;
        self.wheel.push(Event { at: next, order: order_key(Class::Probe, 0, 0), dst: 0, what: 0 });
    }

    /// Counts of whom something is not so that an expectation is to see now. Whoever does not run shows nothing.
    pub(super) fn on_look(&mut self, number: u32) {
        let expect = number as usize;
        let Some(look) = &self.scenario.expects[expect].look else { return };
        let shown = |node, other| self.cast.get(node).is_some_and(|state| shows(look.is, state, other, &self.cast));
        let wrong_of = |&node: &u32| {
            let others = self.looks.of[expect].iter().filter(|&&other| other != Some(node));
            others.filter(|&&other| !shown(node, other)).count()
        };
        self.measure.on_look(expect, self.looks.nodes[expect].iter().map(wrong_of).sum());
    }

    pub(super) fn tell_fingerprint(&self, end: u64) {
        if let Some(told) = self.options.fingerprints {
            told(end, self.cast.fingerprint());
        }
    }

    pub(super) fn finish(mut self) -> RunResult {
        self.streams.check();
        if self.scenario.has_links() {
            self.count_left_over();
        }
        let mut measure = self.measure;
        for (number, node) in self.cast.running_by_number() {
            measure.check_standing(number, node.view().standing());
            if self.scenario.nodes.count <= CHECKED_NODES_MAX {
                node.check();
            }
            measure.add_stats(node.view().stats());
        }
        let counts = PacketCounts { in_flight: self.packets.in_use(), ..self.network.counts };
        let mut result = measure.finish(self.scenario, self.looks.named(), (self.now, &self.network.bitten()));
        (result.seed, result.fingerprint) = (self.seed, self.cast.fingerprint());
        (result.events, result.packets, result.bytes_sent) = (self.events, counts, self.network.bytes_sent);
        result
    }
}
