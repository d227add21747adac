//! What happens in a real run, and what comes of it?
//!
//! The scenario's timetable says what is to be done to which node; what nodes say meanwhile is collected with its instants, and
//! when the run is over all of it goes, in the order of time, into the same measuring as a simulated run's.

use std::io;
use std::sync::mpsc::RecvTimeoutError;

use quidnunc::ConfigError;
use quidnunc_sim::result::RunResult;
use quidnunc_sim::scenario::{Fault, FaultKind, Scenario, StartAs};
use quidnunc_sim::world::{Act, Deed, Review, Seen, timetable};

use crate::clock::{now_ns, until};
use crate::namespaces::{Family, NamespaceError, Namespaces};
use crate::netem;
use crate::relay::Carried;
use crate::troupe::{Heard, Playbill, Troupe};
use crate::words::{Report, Request};

/// So long before its start a run is prepared: the first process is there in time.
const LEAD_NS: u64 = 200_000_000;

/// Why a run says nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There are no namespaces.
    #[error(transparent)]
    Namespaces(#[from] NamespaceError),
    /// The protocol refuses what the scenario sets.
    #[error("the scenario's protocol cannot work: {0}")]
    Config(#[from] ConfigError),
    /// The scenario asks for what only the simulator can do.
    #[error(
        "this real run of `{scenario}` is impossible: it has {what}, which only the simulator can do, or the relay"
    )]
    Impossible {
        /// The scenario's name.
        scenario: String,
        /// What it asks for.
        what: &'static str,
    },
    /// A process cannot be started, spoken with or stopped.
    #[error("a process of the run is in trouble: {0}")]
    Process(#[from] io::Error),
    /// A node ended by itself.
    #[error("node {node} ended by itself: {why}")]
    Ended {
        /// Which.
        node: u32,
        /// What it complained of.
        why: String,
    },
}

/// How a scenario is run for real.
#[derive(Debug, Clone)]
pub struct Staging {
    /// Which addresses nodes have.
    pub family: Family,
    /// Whether whoever comes back does so under another address.
    pub moves: bool,
    /// Whether the kernel's network emulator does what the scenario says of its network, and not the relay.
    pub netem: bool,
}

/// What came of a real run.
#[derive(Debug)]
pub struct Outcome {
    /// The same that a simulated run gives.
    pub result: RunResult,
    /// What the relay did.
    pub carried: Carried,
}

/// Runs a scenario for real.
///
/// # Errors
/// [`RunError`].
pub fn run(scenario: &Scenario, bill: Playbill, staging: &Staging) -> Result<Outcome, RunError> {
    possible(scenario)?;
    let mut review = Review::new(scenario, bill.seed)?;
    let deeds = timetable(scenario, bill.seed);
    let impossible = |what| RunError::Impossible { scenario: scenario.name.clone(), what };
    let emulated = if staging.netem { Some(netem::arguments(scenario).map_err(impossible)?) } else { None };
    let namespaces = Namespaces::new(scenario.nodes.count, staging.family)?;
    if let Some(words) = &emulated {
        namespaces.emulate(words)?;
    }
    let start_ns = now_ns() + LEAD_NS;
    let mut troupe = Troupe::new(bill, namespaces);
    troupe.start_relay(start_ns, emulated.is_some())?;
    let mut stage = Stage { troupe, start_ns, moves: staging.moves, seen: Vec::new() };
    for deed in deeds {
        stage.listen(deed.at_ns)?;
        stage.perform(deed)?;
    }
    let end_ns = scenario.run.duration_ns;
    stage.listen(end_ns)?;
    let carried = stage.troupe.end_relay()?;
    stage.seen.sort_by_key(|&(at, ..)| at);
    for (at, node, seen) in stage.seen.iter().filter(|&&(at, ..)| at <= end_ns) {
        review.add(*at, *node, seen);
    }
    Ok(Outcome { result: review.finish(end_ns, &carried.bitten), carried })
}

/// A run under way.
struct Stage {
    troupe: Troupe,
    start_ns: u64,
    moves: bool,
    /// What was seen of which node, when.
    seen: Vec<(u64, u32, Seen)>,
}

impl Stage {
    /// Collects what nodes say until an instant of the run.
    fn listen(&mut self, at_ns: u64) -> Result<(), RunError> {
        let end = self.start_ns + at_ns;
        loop {
            match self.troupe.heard().recv_timeout(until(end)) {
                Ok((node, life, heard)) => self.hear(node, life, heard)?,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn hear(&mut self, node: u32, life: u64, heard: Heard) -> Result<(), RunError> {
        let seen = match heard {
            Heard::Said(_, Report::Done | Report::Shows { .. }) => return Ok(()),
            // It ends now, and may.
            Heard::Said(_, Report::Left) if self.troupe.lives(node, life) => {
                self.troupe.kill(node)?;
                return Ok(());
            }
            Heard::Ended(why) if self.troupe.lives(node, life) => return Err(RunError::Ended { node, why }),
            Heard::Said(_, Report::Left) | Heard::Ended(_) => return Ok(()),
            Heard::Said(at, Report::Started { boot }) => (at, Seen::Started { boot }),
            Heard::Said(at, Report::Member { subject, change }) => (at, Seen::Member { subject, change }),
        };
        self.note(node, seen);
        Ok(())
    }

    fn note(&mut self, node: u32, (at, seen): (u64, Seen)) {
        self.seen.push((at.saturating_sub(self.start_ns), node, seen));
    }

    fn perform(&mut self, Deed { node, what, .. }: Deed) -> Result<(), RunError> {
        match what {
            Act::Start { seeds } => {
                let comes_back = self.seen.iter().any(|&(_, of, ref seen)| of == node && is_start(seen));
                if comes_back {
                    // Whoever still says goodbye stops first; of one that runs nothing is wanted.
                    if self.troupe.runs(node) && !self.is_leaving(node) {
                        return Ok(());
                    }
                    self.troupe.kill(node)?;
                    if self.moves {
                        self.troupe.namespaces.move_away(node)?;
                    }
                }
                self.troupe.start(node, &seeds)?;
            }
            Act::Leave { fault } => {
                if self.troupe.runs(node) && !self.is_leaving(node) {
                    self.note(node, (now_ns(), Seen::Leaving { fault }));
                    self.troupe.ask(node, &Request::Leave)?;
                }
            }
            Act::Crash { fault } => {
                if let Some(at) = self.troupe.kill(node)? {
                    self.note(node, (at, Seen::Crashed { fault }));
                }
            }
        }
        Ok(())
    }

    /// Whether a node has been asked to leave and not been started since.
    fn is_leaving(&self, node: u32) -> bool {
        let own = self.seen.iter().rev().filter(|&&(_, of, _)| of == node);
        let last = own.map(|(_, _, seen)| seen).find(|seen| is_start(seen) || matches!(seen, Seen::Leaving { .. }));
        matches!(last, Some(Seen::Leaving { .. }))
    }
}

const fn is_start(seen: &Seen) -> bool {
    matches!(seen, Seen::Started { .. })
}

/// Whether real nodes can do what a scenario asks for.
fn possible(scenario: &Scenario) -> Result<(), RunError> {
    let damages = |fault: &Fault| match &fault.kind {
        FaultKind::Link { damage, .. } => *damage != quidnunc_sim::scenario::Damage::default(),
        FaultKind::Noise { .. } => true,
        FaultKind::Crash { .. } | FaultKind::Inject { .. } | FaultKind::Pause { .. } | FaultKind::Partition { .. } => {
            false
        }
    };
    let kind = |is: fn(&FaultKind) -> bool| scenario.faults.iter().any(|fault| is(&fault.kind));
    let checks = [
        (scenario.nodes.start == StartAs::Converged, "nodes that know each other at the start"),
        (scenario.nodes.clusters != 1, "several clusters"),
        (scenario.nodes.domains != 0, "domains"),
        (scenario.nodes.count > 200, "more nodes than a machine should have namespaces"),
        (scenario.faults.iter().any(damages), "damaged packets"),
        (kind(|kind| matches!(kind, FaultKind::Inject { .. })), "datagrams from outside"),
        (kind(|kind| matches!(kind, FaultKind::Pause { .. })), "pauses"),
        (!scenario.writes.is_empty(), "writes"),
        (!scenario.infos.is_empty(), "infos"),
        (!scenario.configures.is_empty(), "configurations of a quorum"),
        (scenario.expects.iter().any(|expect| expect.look.is_some()), "looks at nodes"),
    ];
    match checks.into_iter().find(|&(has, _)| has) {
        Some((_, what)) => Err(RunError::Impossible { scenario: scenario.name.clone(), what }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use quidnunc_sim::scenario::parse;

    use super::*;

    #[test]
    fn what_only_the_simulator_can_do_is_refused_by_name() {
        let head = "format = 1\nname = \"t\"\nabout = \"t\"\nrun = { duration = \"9s\" }\nnodes = { count = 3 }\n";
        let refused = |more: &str| {
            let scenario = parse("t.toml", &format!("{head}{more}")).unwrap_or_else(|mistake| panic!("{mistake}"));
            possible(&scenario).err().map(|why| why.to_string())
        };
        assert_eq!(refused("net = { loss = { random = \"5%\" } }\n"), None);
        let noise = refused("net = { corrupt = { random = \"5%\" } }\n").expect("no frame is damaged");
        assert!(noise.contains("`t`") && noise.contains("damaged packets"), "{noise}");
        let pause = "fault = [{ id = \"p\", kind = \"pause\", target = \"node:1\", at = \"2s\", for = \"1s\" }]\n";
        assert!(refused(pause).is_some_and(|why| why.contains("pauses")));
        let write = "write = [{ id = \"w\", nodes = \"all\", at = \"2s\", value = \"9B\" }]\n";
        assert!(refused(write).is_some_and(|why| why.contains("writes")));
    }
}
