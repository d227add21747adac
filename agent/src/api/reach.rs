//! Who answers this node, and how fast? And who is let go of?

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use quidnunc::{NodeId, Record, RequestError};
use tokio::task::JoinSet;

use super::extract::Body;
use super::lines::{Gone, Lines, told_by};
use super::members::who;
use super::{Agent, Answer, Of, Problem, reply};
use crate::duration::millis;
use crate::model::{LetGo, Nothing, OfMember, PingRequest, Reached, Who};

/// So many pings are under way at once: half of those that a node takes, so that others have room.
const PINGS_MAX: usize = quidnunc::PINGS_MAX / 2;

/// `POST /v1/ping`
pub(super) async fn ping(State(agent): Of, Body(PingRequest { member, other }): Body<PingRequest>) -> Answer<Reached> {
    let own = agent.node.identity().id;
    let mut id = agent.find(member).await?;
    if let Some(other) = other {
        let other = agent.find(other).await?;
        // Either end may be this node.
        (id, _) = match (id == own, other == own) {
            (false, true) => (id, other),
            (true, false) => (other, id),
            (true, true) => return Err(RequestError::Refused(quidnunc::Rejected::ToSelf).into()),
            (false, false) => {
                return Err(Problem::bad(
                    "not_from_here",
                    "this agent is neither of the two, and measures only its own way",
                )
                .hint("ask one of the two agents, with --socket"));
            }
        };
    }
    reply(agent.reach(id).await?)
}

/// `POST /v1/reach`
pub(super) async fn reach(State(agent): Of, Body(Nothing {}): Body<Nothing>) -> Result<Response, Problem> {
    let own = agent.node.identity().id;
    let members = agent.node.members().await?;
    let others = members.iter().filter(|member| !member.health.is_final()).map(|member| member.id);
    let others: Vec<_> = others.filter(|id| *id != own).collect();
    Ok(told_by(move |lines| tell(agent, others, lines)))
}

async fn tell(agent: Arc<Agent>, others: Vec<NodeId>, lines: Lines) -> Result<(), Gone> {
    let mut others = others.into_iter();
    let mut asked = JoinSet::new();
    loop {
        for id in others.by_ref().take(PINGS_MAX.saturating_sub(asked.len())) {
            let agent = Arc::clone(&agent);
            asked.spawn(async move { agent.reach(id).await });
        }
        match asked.join_next().await {
            // Who has been forgotten meanwhile is not missing.
            Some(reached) => {
                if let Ok(Ok(reached)) = reached {
                    lines.say(reached).await?;
                }
            }
            None => return Ok(()),
        }
    }
}

impl Agent {
    async fn member(&self, id: NodeId) -> Result<(Who, Record), Problem> {
        let found = self.node.read(move |driver| {
            let view = driver.view();
            view.member(id).map(|member| (who(view, id), member))
        });
        let gone = || Problem::new(StatusCode::NOT_FOUND, "unknown_member", "it is forgotten");
        found.await?.ok_or_else(gone)
    }

    async fn reach(&self, id: NodeId) -> Result<Reached, Problem> {
        let rtt = self.node.ping(id).await?;
        let (who, member) = self.member(id).await?;
        let micros = |rtt: Duration| u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX);
        Ok(Reached { who, addr: member.addr, status: member.health.into(), rtt_us: rtt.map(micros) })
    }
}

/// `POST /v1/force-leave`
pub(super) async fn force_leave(State(agent): Of, Body(OfMember { member }): Body<OfMember>) -> Answer<LetGo> {
    let id = agent.find(member).await?;
    let before = agent.member(id).await?;
    agent.node.remove(id).await?;
    let (who, now) = agent.member(id).await?;
    let age = Duration::from_millis(now.age_ms.into());
    let forgotten_in_ms = millis(agent.tombstone_life.saturating_sub(age));
    let (addr, was, status) = (now.addr, before.1.health.into(), now.health.into());
    reply(LetGo { who, addr, was, status, forgotten_in_ms })
}
