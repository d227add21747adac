//! What did it cost, and who knew what when? The metrics of the contract, kept up by events.
//!
//! * [`beliefs`] — who believes what of whom, and since when everybody agrees;
//! * [`crashes`] — how long each crash took to be noticed, and over how many hops;
//! * [`copies`] — who shows what of whose keys; [`written`] — what was written to a key; [`delivery`] — how long it
//!   took to each observer;
//! * [`history`] — how often minds changed, and how far facts travelled;
//! * [`reach`] — who could have heard from whom, for telling mistakes from misfortune;
//! * [`links`] — who has how many links and what they join; [`infos`] — who knows what everybody tells;
//! * [`standings`] — who may act, and whether two sides of a cut ever did at once;
//! * [`rates`] — bytes and packets per node and second.
//!
//! Invariant: no call costs more than the event that it is about, except a start, a crash, a pause or a change of
//! the network, which may look at every node and key once, and a write, which may look at every node.

mod beliefs;
mod copies;
mod crashes;
mod delivery;
mod history;
mod infos;
mod links;
mod rates;
pub(crate) mod reach;
mod report;
mod standings;
#[cfg(test)]
mod tests;
mod written;

use quidnunc_core::{Health, MemberChange, Purpose, QuorumSettings, Standing, Stats, ValueChange};

use crate::scenario::{Scenario, Scope};
use crate::stats::Samples;
use beliefs::Beliefs;
use copies::{Copies, Report};
use crashes::Crashes;
use history::History;
use infos::Infos;
pub(crate) use infos::Issue;
use links::Links;
use rates::Rates;
use reach::{Barrier, Reach};
use standings::Standings;

/// What is measured during one run.
#[derive(Debug)]
pub(crate) struct Measure {
    warmup_ns: u64,
    beliefs: Beliefs,
    copies: Copies,
    crashes: Crashes,
    rates: Rates,
    reach: Reach,
    hops: Samples,
    history: History,
    mistakes: Vec<Mistake>,
    /// Reports about somebody that no node ever was.
    strangers: usize,
    /// How many came back, per report of a healing.
    healings: Samples,
    /// Nodes that ever have a fault on them.
    touched: Vec<bool>,
    boots: Vec<u64>,
    links: Links,
    infos: Infos,
    standings: Standings,
    /// Per expectation: of how many nodes, or pairs, something was not so.
    looked: Vec<usize>,
    stats: Stats,
    /// Whether everybody agreed when the first fault began, if anybody asked.
    steady: Option<bool>,
}

/// A change to Dead about a subject that runs and could be heard.
#[derive(Debug, Clone, Copy)]
struct Mistake {
    subject: u32,
    boot: u64,
    /// Neither side ever had a fault on it.
    healthy: bool,
    /// The subject never had a fault on it.
    healthy_subject: bool,
    /// No active partition stood between the two.
    same_side: bool,
}

impl Mistake {
    const fn is_in(&self, scope: Scope) -> bool {
        match scope {
            Scope::All => true,
            Scope::SameSide => self.same_side,
            Scope::HealthySubject => self.healthy_subject,
        }
    }
}

impl Measure {
    /// `touched` says who ever has a fault on it.
    pub(crate) fn new(scenario: &Scenario, touched: &[bool], quorum: Option<&QuorumSettings>) -> Self {
        let nodes = scenario.nodes.count;
        Self {
            warmup_ns: scenario.run.warmup_ns,
            beliefs: Beliefs::new(nodes),
            copies: Copies::new(scenario),
            crashes: Crashes::new(nodes),
            rates: Rates::new(nodes, scenario.run.warmup_ns, scenario.run.duration_ns),
            reach: Reach::new(),
            hops: Samples::default(),
            history: History::new(nodes),
            mistakes: Vec::new(),
            strangers: 0,
            healings: Samples::default(),
            touched: touched.to_vec(),
            boots: vec![0; nodes as usize],
            links: Links::new(scenario),
            infos: Infos::new(scenario),
            standings: Standings::new(scenario, quorum),
            looked: vec![0; scenario.expects.len()],
            stats: Stats::default(),
            steady: None,
        }
    }

    pub(crate) fn on_start(&mut self, (node, boot): (u32, u64), knows_all: bool, now: u64) {
        self.boots[node as usize] = boot;
        self.crashes.on_restart(node);
        if knows_all {
            self.beliefs.on_start_knowing_all(node, now);
        } else {
            self.beliefs.on_start(node, now);
        }
        self.copies.on_start(node, now);
        self.rates.on_start(node);
        self.standings.on_start(node, now);
        if self.links.exist {
            self.links.on_start(node, now);
            self.infos.on_start(node, now);
        }
    }

    pub(crate) fn on_crash(&mut self, fault: usize, node: u32, now: u64) {
        let boot = self.boots[node as usize];
        self.crashes.on_crash(fault, (node, boot), now, &self.beliefs);
        self.on_gone(node, now);
        self.on_left(node, now);
    }

    /// A node begins to say goodbye: from now on it is not there any more, but for what it sends.
    pub(crate) fn on_leave(&mut self, node: u32, now: u64) {
        self.crashes.on_pause(node);
        self.on_gone(node, now);
    }

    fn on_gone(&mut self, node: u32, now: u64) {
        self.beliefs.on_stop(node, now);
        self.copies.on_stop(node, now);
        if self.links.exist {
            self.links.on_stop(node, now);
            self.infos.on_stop(node, now);
        }
    }

    /// A node that was gone already stops.
    pub(crate) fn on_left(&mut self, node: u32, now: u64) {
        self.rates.on_stop(node);
        self.standings.on_stop(node, now);
    }

    /// A process begins to stand still, or goes on, or neither.
    pub(crate) fn on_stands_still(&mut self, node: u32, still: bool, now: u64) {
        self.standings.on_stands_still(node, still, now);
    }

    /// A node reports another standing.
    pub(crate) fn on_standing(&mut self, node: u32, to: Standing, now: u64) {
        self.standings.on_change(node, to, now);
    }

    /// A node was told of the quorum.
    pub(crate) fn on_configured(&mut self, taken: bool) {
        self.standings.refused += usize::from(!taken);
    }

    /// Of so many nodes, or pairs, something is not as an expectation says.
    pub(crate) fn on_look(&mut self, expect: usize, wrong: usize) {
        self.looked[expect] = wrong;
    }

    /// What a node says of its standing when the run is over.
    pub(crate) fn check_standing(&self, node: usize, standing: Option<Standing>) {
        assert_eq!(self.standings.latest(node), standing, "what node {node} reports of its standing is what it shows");
    }

    /// Everybody whom a fault stops has stopped.
    pub(crate) fn on_crashed(&mut self) {
        self.links.on_crashed();
    }

    /// A node says that a link has opened or closed.
    pub(crate) fn on_link(&mut self, node: u32, peer: u32, outgoing: bool, opened: bool) {
        self.links.on_link(node, peer, outgoing, opened);
    }

    /// A node has said everything about an input; it has asked for links so many times by now.
    pub(crate) fn on_settled(&mut self, node: u32, asked: u64, now: u64) {
        self.links.on_settled(node, asked, now);
    }

    /// A node was asked to issue an info.
    pub(crate) fn on_issue(&mut self, issue: Issue, taken: bool, now: u64) {
        self.infos.on_issue(issue, taken, now);
    }

    /// A node reports what an info stands for: the hash of its value, and over how many links it came.
    pub(crate) fn on_info(&mut self, observer: u32, key: &[u8], (value, hops): (u64, u8), now: u64) {
        self.infos.on_report(observer, key, (value, hops), now);
    }

    /// The time at rest begins for a node.
    pub(crate) fn on_rest_begins(&mut self, node: u32, stats: &Stats) {
        self.infos.on_rest_begins(node, stats);
    }

    /// It is over for a node, to which infos have come over so many links at most.
    pub(crate) fn on_rest_ends(&mut self, node: u32, stats: &Stats, max_hops: u8) {
        self.links.on_rest(stats);
        self.infos.on_rest_ends(node, stats, max_hops);
    }

    /// At the end a node has so many infos of nodes that do not run.
    pub(crate) const fn on_left_over(&mut self, infos: usize) {
        self.infos.of_the_gone += infos;
    }

    /// A process stands still: it observes nothing, and it is still there to be observed.
    pub(crate) fn on_pause(&mut self, node: u32, now: u64) {
        self.crashes.on_pause(node);
        self.beliefs.on_pause(node, now);
        self.copies.on_pause(node, now);
    }

    pub(crate) fn on_resume(&mut self, node: u32, now: u64) {
        self.beliefs.on_resume(node, now);
        self.copies.on_resume(node, now);
    }

    /// A node took or refused a write to a key of its own; what it reports next is about that.
    pub(crate) fn on_write(&mut self, key: (u32, u32), taken: bool, now: u64) {
        self.copies.on_write(key, taken, now);
    }

    /// It has reported what there is to report about the write.
    pub(crate) const fn on_written(&mut self) {
        self.copies.on_written();
    }

    /// A node that was to write does not run, or stands still.
    pub(crate) const fn on_skipped_write(&mut self) {
        self.copies.on_skipped();
    }

    /// A node reports what a key of an owner's map stands for now.
    pub(crate) fn on_value(&mut self, observer: u32, owner: u32, change: &ValueChange, now: u64) {
        let report = Report { owner, key: &change.key, version: change.version, value: change.value.as_deref() };
        self.copies.on_report(observer, report, now);
    }

    pub(crate) fn on_topology<'a>(&mut self, barriers: impl Iterator<Item = Barrier<'a>>, now: u64) {
        let beliefs = &self.beliefs;
        self.reach.on_change(barriers, |node| u32::try_from(node).is_ok_and(|node| beliefs.is_running(node)), now);
        self.standings.on_sides(self.reach.sides(), now);
    }

    /// The first fault is about to begin.
    pub(crate) const fn on_first_fault(&mut self) {
        self.steady = Some(self.beliefs.agreed_since().is_some());
    }

    pub(crate) fn on_sent(&mut self, node: u32, bytes: usize, purpose: Purpose) {
        self.rates.on_sent(node, bytes, purpose);
    }

    /// A node sent bytes over a stream, which are all of probes.
    pub(crate) fn on_stream_bytes(&mut self, node: u32, bytes: usize) {
        self.rates.on_stream_bytes(node, bytes);
    }

    pub(crate) fn on_window(&mut self, now: u64, is_running: impl Fn(u32) -> bool) {
        self.rates.on_window(now, is_running);
        self.copies.on_window(now);
    }

    /// An observer changed its mind about a subject.
    pub(crate) fn on_change(&mut self, observer: u32, subject: u32, change: &MemberChange, now: u64) {
        if subject as usize >= self.boots.len() {
            return;
        }
        if now >= self.warmup_ns {
            self.history.on_change(observer, subject, change);
            if change.hops > 0 {
                self.hops.record(u64::from(change.hops));
            }
        }
        let was_suspect_since = self.beliefs.suspect_since(observer, subject);
        self.beliefs.on_change(observer, subject, change.health, now);
        self.crashes.on_change(observer, subject, change, now);
        let mistaken = change.health == Health::Dead
            && change.was != Some(Health::Dead)
            && self.beliefs.is_running(subject)
            && change.incarnation.boot == self.boots[subject as usize]
            && now >= self.warmup_ns;
        if mistaken && self.reach.connected(observer, subject, was_suspect_since.unwrap_or(now)) {
            self.mistakes.push(Mistake {
                subject,
                boot: change.incarnation.boot,
                healthy: !self.touched[observer as usize] && !self.touched[subject as usize],
                healthy_subject: !self.touched[subject as usize],
                same_side: self.reach.same_side(observer, subject),
            });
        }
    }

    /// An observer reports somebody that no node of the run ever was.
    pub(crate) fn on_stranger(&mut self, observer: u32, change: &MemberChange, now: u64) {
        self.strangers += 1;
        self.beliefs.on_stranger(observer, change.id, change.health, now);
    }

    /// A node reports that a partition has healed and so many members came back.
    pub(crate) fn on_healed(&mut self, returned: u32) {
        self.healings.record(u64::from(returned));
    }

    /// Adds the counters of a node that stops or has come to the end.
    pub(crate) fn add_stats(&mut self, stats: &Stats) {
        report::add(&mut self.stats, stats);
        self.links.asked.record(stats.links_asked);
    }
}
