//! What does the administrator tell whom of the quorum, according to the `[[configure]]` tables?

use core::ops::Range;

use quidnunc_core::{QUORUM_DOMAINS_MAX, VOTES_MAX};

use super::mistake::Outcome;
use super::overlap::surely_share;
use super::selector;
use super::table::{Field, Section};
use super::units::duration_text;
use super::write::instant;
use crate::scenario::{Active, Ballot, Configure, Electorate, Fault, QuorumProvider, Scenario, Selector};

const KEYS: &[&str] = &["at", "nodes", "epoch", "voters", "domains"];

/// Most tables: each is looked through whenever a node starts.
const TABLES_MAX: usize = 256;

/// Most entries of a list of nodes or voters.
const ENTRIES_MAX: usize = 1000;

/// How a list of nodes is written.
const NODES: &str = "[\"node:0\", \"node:1\"]";

/// How a list of voters is written.
const VOTERS: &str = "[\"node:0\", { nodes = \"node:1\", votes = 2 }]";

/// Reads every `[[configure]]` of a scenario that is complete but for them and for what comes behind them.
pub(super) fn read(file: &Section<'_>, scenario: &Scenario) -> Outcome<Vec<Configure>> {
    let mut tables: Vec<Configure> = Vec::new();
    let Some(field) = file.get("configure") else { return Ok(tables) };
    if scenario.protocol.quorum.is_none() {
        return Err(field.wrong(
            "nodes of this file have no quorum",
            "write `profile = \"quorum-store\"` or `quorum = { provider = \"majority\" }` in [protocol]",
        ));
    }
    let sections = field.sections("[[configure]]")?;
    if sections.len() > TABLES_MAX {
        let help = format!("a file has at most {TABLES_MAX} of them");
        return Err(field.wrong(format!("there are {} tables [[configure]]", sections.len()), help));
    }
    for section in sections {
        let reader = Reader { scenario, earlier: &tables };
        let table = reader.read(&section)?;
        tables.push(table);
    }
    Ok(tables)
}

/// A selector, or a list of them.
pub(super) fn some_nodes(field: &Field<'_>, faults: &[Fault], nodes: u32) -> Outcome<Vec<Selector>> {
    if !field.is_list() {
        return Ok(vec![selector::read(field, faults, nodes)?]);
    }
    let entries = field.list(1..=ENTRIES_MAX, NODES)?;
    entries.iter().map(|entry| selector::read(entry, faults, nodes)).collect()
}

/// What a configuration is judged by.
struct Reader<'a> {
    scenario: &'a Scenario,
    earlier: &'a [Configure],
}

impl Reader<'_> {
    fn read(&self, section: &Section<'_>) -> Outcome<Configure> {
        section.only(KEYS)?;
        let at_ns = self.at(&section.need("at", "\"0s\"")?)?;
        let nodes_field = section.need("nodes", "\"all\"")?;
        let nodes = some_nodes(&nodes_field, &self.scenario.faults, self.scenario.nodes.count)?;
        let epoch_field = section.get("epoch");
        let epoch = epoch_field.as_ref().map(|field| field.integer(0..=u64::MAX)).transpose()?;
        let epoch = epoch.unwrap_or_else(|| self.next_epoch(at_ns));
        self.check_epoch(epoch_field.as_ref().unwrap_or(&nodes_field), &nodes, epoch)?;
        let voters_field = section.get("voters");
        let voters = voters_field.as_ref().map(|field| self.voters(field)).transpose()?;
        if let (Some(field), Some(Electorate::Nodes(ballots))) = (&voters_field, &voters) {
            self.check_self(field, &nodes, ballots)?;
        }
        let domains = section.opt("domains", |field| self.domains(field))?;
        if voters.is_none() && domains.is_none() {
            return Err(nodes_field.wrong("these are told nothing", "add `voters`, `domains` or both"));
        }
        Ok(Configure { at_ns, nodes, epoch, voters, domains })
    }

    fn at(&self, field: &Field<'_>) -> Outcome<u64> {
        let at_ns = instant(field, &self.scenario.run, "nobody is ever told")?;
        match self.earlier.last().filter(|before| before.at_ns > at_ns) {
            Some(before) => Err(field.wrong(
                format!("the table before is told later, at {}", duration_text(before.at_ns)),
                "write the tables in the order of time",
            )),
            None => Ok(at_ns),
        }
    }

    /// All that is told at one instant is one configuration.
    fn next_epoch(&self, at_ns: u64) -> u64 {
        self.earlier.last().map_or(1, |before| before.epoch.saturating_add(u64::from(before.at_ns < at_ns)))
    }

    /// A node refuses what is no later than what it has.
    fn check_epoch(&self, field: &Field<'_>, nodes: &[Selector], epoch: u64) -> Outcome<()> {
        let names_one =
            |before: &&Configure| before.nodes.iter().any(|one| nodes.iter().any(|other| self.share(one, other)));
        match self.earlier.iter().filter(names_one).map(|before| before.epoch).max().filter(|&known| known >= epoch) {
            Some(known) => Err(field.wrong(
                format!("a node of these has epoch {known} already, and would refuse epoch {epoch}"),
                format!("write `epoch = {}`, or name others", known.saturating_add(1)),
            )),
            None => Ok(()),
        }
    }

    fn selector(&self, field: &Field<'_>) -> Outcome<Selector> {
        selector::read(field, &self.scenario.faults, self.scenario.nodes.count)
    }

    /// Whether these name some node together in every run.
    fn share(&self, one: &Selector, other: &Selector) -> bool {
        let faults = &self.scenario.faults;
        surely_share(one, faults, other, faults, self.scenario.nodes.count)
    }

    fn voters(&self, field: &Field<'_>) -> Outcome<Electorate> {
        match field.as_text() {
            Some("self") => return Ok(Electorate::Itself),
            Some("all") => return Ok(Electorate::Nodes(vec![Ballot { nodes: Selector::All, votes: 1 }])),
            Some(_) | None => {}
        }
        let mut ballots: Vec<Ballot> = Vec::new();
        for entry in field.list(1..=ENTRIES_MAX, VOTERS)? {
            let ballot = self.ballot(&entry)?;
            // Behind others everybody is whoever is left.
            let again = |before: &Ballot| {
                let rest = ballot.nodes == Selector::All && before.nodes != Selector::All;
                !rest && self.share(&before.nodes, &ballot.nodes)
            };
            if ballots.iter().any(again) {
                return Err(entry.wrong("a node of these is named already", "name each once"));
            }
            ballots.push(ballot);
        }
        Ok(Electorate::Nodes(ballots))
    }

    fn ballot(&self, entry: &Field<'_>) -> Outcome<Ballot> {
        if !entry.has("nodes") && !entry.has("votes") {
            return Ok(Ballot { nodes: self.selector(entry)?, votes: 1 });
        }
        let section = entry.section("an entry of `voters`", &["nodes", "votes"])?;
        let weighted = self.scenario.protocol.quorum.and_then(|keys| keys.provider) == Some(QuorumProvider::Weighted);
        let votes_field = section.need("votes", "2")?;
        let votes = votes_field.small(0..=VOTES_MAX)?;
        if votes > 1 && !weighted {
            return Err(votes_field.wrong(
                format!("nobody has {votes} votes where all votes are alike"),
                "write `provider = \"weighted\"` in `quorum`, or 1, or 0 for one that only looks on",
            ));
        }
        Ok(Ballot { nodes: self.selector(&section.need("nodes", "\"node:0\"")?)?, votes })
    }

    /// A node refuses a list of voters that it is not on. Random picks may be on it.
    fn check_self(&self, field: &Field<'_>, nodes: &[Selector], ballots: &[Ballot]) -> Outcome<()> {
        let range = |selector: &Selector| fixed(selector, self.scenario.nodes.count);
        let told: Option<Vec<Range<u32>>> = nodes.iter().map(range).collect();
        let named: Option<Vec<Range<u32>>> = ballots.iter().map(|ballot| range(&ballot.nodes)).collect();
        let (Some(told), Some(named)) = (told, named) else { return Ok(()) };
        let missing = told.into_iter().flatten().find(|node| !named.iter().any(|range| range.contains(node)));
        match missing {
            Some(node) => Err(field.wrong(
                format!("node {node} is told of a list that it is not on, which it refuses"),
                format!("add \"node:{node}\", or {{ nodes = \"node:{node}\", votes = 0 }} if it only looks on"),
            )),
            None => Ok(()),
        }
    }

    fn domains(&self, field: &Field<'_>) -> Outcome<Active> {
        let domains = self.scenario.nodes.domains;
        if domains == 0 || domains as usize > QUORUM_DOMAINS_MAX {
            return Err(field.wrong(
                if domains == 0 { "nodes of this file are in no domain" } else { "these are too many domains" },
                format!("write `domains = 3` in [nodes], and {QUORUM_DOMAINS_MAX} at most"),
            ));
        }
        if field.as_text() == Some("all") {
            return Ok(Active::All);
        }
        let mut these = Vec::new();
        for entry in field.list(0..=QUORUM_DOMAINS_MAX, "\"all\" or [1, 2]")? {
            let number = entry.small(1..=domains)?;
            if these.contains(&number) {
                return Err(entry.wrong(format!("domain {number} is named already"), "name each once"));
            }
            these.push(number);
        }
        Ok(Active::These(these))
    }
}

/// The nodes that a selector names, if that does not depend on chance or on a fault.
fn fixed(selector: &Selector, nodes: u32) -> Option<Range<u32>> {
    match selector {
        Selector::All => Some(0..nodes),
        Selector::Node(node) => Some(*node..*node + 1),
        Selector::First(count) => Some(0..count.of(nodes)),
        Selector::Random(_) | Selector::SameAs(_) => None,
    }
}
