//! May this node act?

use axum::extract::State;
use axum::http::StatusCode;
use quidnunc::{Margin, Standing, StandingChange, StandingWhy};

use super::{Answer, Of, Problem, reply};
use crate::model::{QuorumMargin, QuorumReport};

/// `GET /v1/quorum`
pub(super) async fn quorum(State(agent): Of) -> Answer<QuorumReport> {
    let report = agent.node.standing().await?.ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "no_quorum", "this agent knows of no voters")
            .hint("start all agents with the same --voter list")
    })?;
    let StandingChange { to, why, votes, margin, epoch, .. } = report;
    let margin = margin.map(|Margin { members, domains: _ }| QuorumMargin { members });
    reply(QuorumReport {
        in_quorum: to == Standing::InQuorum,
        standing: word(to).into(),
        why: because(why).into(),
        all: votes.all,
        needed: votes.needed,
        seen: votes.seen,
        margin,
        epoch,
    })
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
