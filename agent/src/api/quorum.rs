//! May this node act?

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use axum::extract::State;
use axum::http::StatusCode;
use quidnunc::{DomainVotes, Margin, Standing, StandingChange, StandingWhy, View};

use super::{Answer, Of, Problem, reply};
use crate::model::{DomainRow, QuorumMargin, QuorumReport};
use crate::names::{domain_number, domain_said};

/// `GET /v1/quorum`
pub(super) async fn quorum(State(agent): Of) -> Answer<QuorumReport> {
    let read = agent.node.read(|driver| {
        let view = driver.view();
        let report = view.standing_report()?;
        let domains = by_name(view, &report.domains);
        Some((report, domains))
    });
    let (report, domains) = read.await?.ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "no_quorum", "this agent knows of no voters")
            .hint("start all agents with the same --voter list")
    })?;
    let StandingChange { from: _, to, why, votes, domains: _, margin, epoch } = report;
    let margin = margin.map(|Margin { members, domains }| QuorumMargin { members, domains });
    reply(QuorumReport {
        in_quorum: to == Standing::InQuorum,
        standing: word(to).into(),
        why: because(why).into(),
        all: votes.all,
        needed: votes.needed,
        seen: votes.seen,
        margin,
        domains,
        epoch,
    })
}

/// The votes by domain, as any of its members calls it, in the order of names.
fn by_name(view: View<'_>, domains: &[DomainVotes]) -> Vec<DomainRow> {
    let mut names = BTreeMap::new();
    for record in view.members().filter(|record| domains.iter().any(|it| it.domain == record.domain)) {
        if let Entry::Vacant(vacant) = names.entry(record.domain) {
            domain_said(view, &record).map(|name| vacant.insert(name));
        }
    }
    // No agent says which domains are active.
    let row = |&DomainVotes { domain, is_active: _, votes, seen }: &DomainVotes| {
        let name = names.remove(&domain).or_else(|| domain_number(domain));
        DomainRow { domain: name, votes, seen }
    };
    let mut rows: Vec<_> = domains.iter().map(row).collect();
    rows.sort_by(|a, b| a.domain.cmp(&b.domain));
    rows
}

/// What a standing is called.
pub(super) const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::NotInQuorum => "not-in-quorum",
        Standing::SuspectNotInQuorum => "suspect-not-in-quorum",
        Standing::InQuorum => "in-quorum",
        Standing::Down => "down",
    }
}

pub(super) const fn because(why: StandingWhy) -> &'static str {
    match why {
        StandingWhy::Enough => "enough votes are seen, and have been for long enough",
        StandingWhy::NotYet => "enough votes are seen, but not for long enough",
        StandingWhy::TooFew => "too few votes are seen",
        StandingWhy::OwnDomain => "this node's own domain is not active",
        StandingWhy::NobodyVotes => "it is not known who votes",
        StandingWhy::Froze => "the process stood still, and whatever it had heard is old",
        StandingWhy::TimedOut => "what was lost was not regained in time",
        StandingWhy::Left => "this node has left",
    }
}
