//! What does the administrator tell nodes of the quorum? The world's part of `[[configure]]`.
//!
//! Each table is an event of one source, behind those of the infos. Whoever cannot be told then is told when it starts or
//! goes on, at once what all tables together say until now.

use core::time::Duration;
use std::collections::BTreeSet;

use quidnunc_core::{
    Command, Domain, Input, Instant, Looks, NodeId, Provider, QuorumSettings, SuspectDown, Voter, Voters,
};

use crate::engine::wheel::{Class, Event, order_key};
use crate::scenario::{Active, Ballot, Configure, Electorate, Protocol, QuorumLooks, QuorumProvider, Scenario};

use super::cast::Cast;
use super::plan::Choice;
use super::{Witness, World};

/// What nodes have of the quorum, if they have one. `base` is the profile's.
pub(super) fn settings(protocol: &Protocol, base: Option<QuorumSettings>) -> Option<QuorumSettings> {
    let keys = protocol.quorum?;
    let base = base.unwrap_or_else(QuorumSettings::native);
    let duration = |set: Option<u64>, base| set.map_or(base, Duration::from_nanos);
    let provider = keys.provider.map(|provider| match provider {
        QuorumProvider::Majority => Provider::Majority,
        QuorumProvider::FailureDomains => Provider::FailureDomains,
        QuorumProvider::None => Provider::None,
        QuorumProvider::Static(needed) => Provider::Static(needed),
        QuorumProvider::Weighted => Provider::Weighted,
        QuorumProvider::MajorityOfDomains => Provider::MajorityOfDomains,
    });
    let looks = keys.looks.map(|looks| match looks {
        QuorumLooks::Always => Looks::Always,
        QuorumLooks::AsOriginal => Looks::AsOriginal,
    });
    let standard = base.suspect_down.or(QuorumSettings::native().suspect_down);
    let suspect_down = keys.suspect_down.map(|changed| {
        changed.zip(standard).map(|(changed, standard)| SuspectDown {
            asks: changed.asks.unwrap_or(standard.asks),
            patience: duration(changed.patience_ns, standard.patience),
            probation: duration(changed.probation_ns, standard.probation),
        })
    });
    Some(QuorumSettings {
        provider: provider.unwrap_or(base.provider),
        breaks_ties: keys.breaks_ties.unwrap_or(base.breaks_ties),
        lease: keys.lease_ns.map_or(base.lease, |lease| lease.map(Duration::from_nanos)),
        stable_after: duration(keys.stable_after_ns, base.stable_after),
        quorum_timeout: duration(keys.quorum_timeout_ns, base.quorum_timeout),
        looks: looks.unwrap_or(base.looks),
        suspect_down: suspect_down.unwrap_or(base.suspect_down),
        members_max: keys.members_max.unwrap_or(base.members_max),
    })
}

/// One table, with the nodes that its selectors name.
#[derive(Debug)]
struct Table {
    at: u64,
    epoch: u64,
    /// In order.
    nodes: Vec<u32>,
    voters: Option<Voting>,
    /// Numbers of active domains.
    domains: Option<Vec<u32>>,
}

/// Who votes.
#[derive(Debug, Clone)]
enum Voting {
    Itself,
    /// Each with so many votes.
    These(Vec<(u32, u32)>),
}

impl Voting {
    /// Whoever is named twice has the votes of the first time.
    fn of(ballots: &[Ballot], choice: Choice<'_>, name: &str) -> Self {
        let mut known = BTreeSet::new();
        let mut these = Vec::new();
        for (place, ballot) in ballots.iter().enumerate() {
            let named = choice.one(&ballot.nodes, &format!("{name}/{place}")).into_iter();
            these.extend(named.filter(|&node| known.insert(node)).map(|node| (node, ballot.votes)));
        }
        Self::These(these)
    }
}

/// Who is told what.
#[derive(Debug)]
pub(super) struct Configuring {
    tables: Vec<Table>,
    /// Per node: how many of the tables its present life has been told of, whether they name it or not.
    told: Vec<usize>,
    domains: u32,
}

impl Configuring {
    pub(super) fn new(scenario: &Scenario, choice: Choice<'_>) -> Self {
        let table = |(number, table): (usize, &Configure)| Table {
            at: table.at_ns,
            epoch: table.epoch,
            nodes: choice.all(&table.nodes, &format!("configure/{number}/nodes")),
            voters: table.voters.as_ref().map(|voters| match voters {
                Electorate::Itself => Voting::Itself,
                Electorate::Nodes(ballots) => Voting::of(ballots, choice, &format!("configure/{number}/voters")),
            }),
            domains: table.domains.as_ref().map(|domains| match domains {
                Active::All => (1..=scenario.nodes.domains).collect(),
                Active::These(these) => these.clone(),
            }),
        };
        Self {
            tables: scenario.configures.iter().enumerate().map(table).collect(),
            told: vec![0; scenario.nodes.count as usize],
            domains: scenario.nodes.domains,
        }
    }

    /// One event per table.
    pub(super) fn first(&self, scenario: &Scenario) -> Vec<Event> {
        let source = 1 + scenario.faults.len() + scenario.writes.len() + scenario.infos.len();
        let source = u32::try_from(source).expect("a file has fewer than 2^30 tables");
        let event = |(number, table): (u32, &Table)| {
            let order = order_key(Class::Fault, source, number);
            Event { at: table.at, order, dst: 0, what: number }
        };
        (0..).zip(&self.tables).map(event).collect()
    }

    /// What a node has to be told now, all in one; `None` if nothing. It counts as told.
    fn take(&mut self, node: u32, now: u64) -> Option<Word> {
        let until = self.tables.partition_point(|table| table.at <= now);
        let since = core::mem::replace(&mut self.told[node as usize], until);
        let mut word: Option<Word> = None;
        for table in self.tables[since..until].iter().filter(|table| table.nodes.binary_search(&node).is_ok()) {
            let word = word.get_or_insert(Word { epoch: 0, voters: None, domains: None });
            word.epoch = table.epoch;
            word.voters = table.voters.clone().or(word.voters.take());
            word.domains = table.domains.clone().or(word.domains.take());
        }
        word
    }
}

/// What one node is told.
struct Word {
    epoch: u64,
    voters: Option<Voting>,
    domains: Option<Vec<u32>>,
}

impl Word {
    fn voters(&self, own: u32, cast: &Cast<'_>) -> Option<Vec<Voter>> {
        let voter = |node, votes| Voter { id: cast.id_of(node), votes, domain: cast.domain_of(node) };
        Some(match self.voters.as_ref()? {
            Voting::Itself => vec![voter(own, 1)],
            Voting::These(these) => these.iter().map(|&(node, votes)| voter(node, votes)).collect(),
        })
    }

    /// Every domain, active or not.
    fn domains(&self, count: u32) -> Option<Vec<(Domain, bool)>> {
        let active = self.domains.as_ref()?;
        Some((1..=count).map(|number| (Domain::from_number(number.into()), active.contains(&number))).collect())
    }
}

/// What a node is told, as bytes for its fingerprint.
fn bytes_of(epoch: u64, voters: Option<&[Voter]>, domains: Option<&[(Domain, bool)]>) -> Vec<u8> {
    let mut bytes = epoch.to_le_bytes().to_vec();
    for &Voter { id, votes, domain } in voters.unwrap_or_default() {
        bytes.extend(NodeId::to_bytes(id));
        bytes.extend(votes.to_le_bytes());
        bytes.extend(domain.number().to_le_bytes());
    }
    for &(domain, is_active) in domains.unwrap_or_default() {
        bytes.extend(domain.number().to_le_bytes());
        bytes.push(is_active.into());
    }
    bytes
}

impl<W: Witness> World<'_, W> {
    /// The time of a table has come.
    pub(super) fn on_configure(&mut self, number: u32) {
        let nodes = self.configuring.tables[number as usize].nodes.clone();
        nodes.into_iter().for_each(|node| self.tell_configuration(node));
    }

    /// A node that has just started has been told nothing.
    pub(super) fn configure_at_start(&mut self, node: u32) {
        self.configuring.told[node as usize] = 0;
        self.tell_configuration(node);
    }

    /// Tells a node what it has to be told, if it can hear.
    pub(super) fn tell_configuration(&mut self, node: u32) {
        if self.configuring.tables.is_empty() || !self.cast.is_running(node) || self.stands_still(node) {
            return;
        }
        let Some(word) = self.configuring.take(node, self.now) else { return };
        let (voters, domains) = (word.voters(node, &self.cast), word.domains(self.configuring.domains));
        let bytes = bytes_of(word.epoch, voters.as_deref(), domains.as_deref());
        let Some(state) = self.cast.input(node, self.now, &bytes) else { return };
        let command = Command::Configure {
            epoch: word.epoch,
            voters: voters.as_deref().map_or(Voters::Same, Voters::All),
            domains: domains.as_deref(),
        };
        let taken = state.handle(Instant::from_nanos(self.now), Input::Command(command)).is_ok();
        self.measure.on_configured(taken);
        self.after(node);
    }
}
