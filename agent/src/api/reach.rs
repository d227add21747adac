//! Who answers this node, and how fast? And who is let go of?

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use quidnunc::{NodeId, Record, Rejected, RequestError};
use tokio::task::JoinSet;

use super::extract::Body;
use super::lines::{Gone, Lines, told_by};
use super::members::who;
use super::{Agent, Answer, Of, Problem, reply};
use crate::duration::millis;
use crate::model::{LetGo, Nothing, OfMember, PingRequest, Reached, Who};

/// So many pings are under way at once: half of those that a node takes, so that others have room.
const PINGS_MAX: usize = quidnunc::PINGS_MAX / 2;

/// Whoever finds no room for a ping tries again after this.
const ROOM_WAIT: Duration = Duration::from_millis(20);

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
            (true, true) => return Err(RequestError::Refused(Rejected::ToSelf).into()),
            (false, false) => {
                return Err(Problem::bad(
                    "not_from_here",
                    "this agent is neither of the two, and measures only its own way",
                )
                .hint("ask one of the two agents, with --socket"));
            }
        };
    }
    let rtt = agent.node.ping(id).await?;
    reply(agent.reached(id, rtt).await?)
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
    let mut others = VecDeque::from(others);
    let mut asked = JoinSet::new();
    while !others.is_empty() || !asked.is_empty() {
        for id in others.drain(..PINGS_MAX.saturating_sub(asked.len()).min(others.len())) {
            let agent = Arc::clone(&agent);
            asked.spawn(async move { (id, agent.node.ping(id).await) });
        }
        let Some(Ok((id, pinged))) = asked.join_next().await else { return Err(Gone) };
        match pinged {
            Ok(rtt) => match agent.reached(id, rtt).await {
                Ok(reached) => lines.say(reached).await?,
                Err(problem) if problem.is_unknown() => {}
                Err(_) => return Err(Gone),
            },
            // Others ask as well, and take the room; it was not asked yet.
            Err(RequestError::Refused(Rejected::TooManyPings)) => {
                others.push_back(id);
                lines.pause(ROOM_WAIT).await?;
            }
            // Who has been forgotten meanwhile is not missing.
            Err(RequestError::Refused(Rejected::NoSuchMember { .. })) => {}
            Err(_) => return Err(Gone),
        }
    }
    Ok(())
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

    /// What came of a ping.
    async fn reached(&self, id: NodeId, rtt: Option<Duration>) -> Result<Reached, Problem> {
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

#[cfg(test)]
mod tests {
    use crate::within::Within;
    use quidnunc::{Config, RequestError};
    use std::sync::Arc;

    /// Of somebody who was not asked it is not known that it answers.
    #[tokio::test]
    async fn whoever_asks_while_others_ask_waits_for_them() {
        let (n1, n2) = (Within::start("n1", Config::local()).await, Within::start("n2", Config::local()).await);
        n2.agent.node.join(&[n1.agent.node.local_addr()]).await.expect("it asks");
        let id = n2.agent.node.identity().id;
        while n1.agent.node.members().await.expect("it runs").len() < 2 {
            tokio::task::yield_now().await;
        }
        // Nobody is there any more, so that each ping takes its time.
        drop(n2);
        while n1.agent.node.ping(id).await.expect("it is known").is_some() {}
        let pings: Vec<_> = (0..quidnunc::PINGS_MAX)
            .map(|_| {
                let agent = Arc::clone(&n1.agent);
                tokio::spawn(async move { agent.node.ping(id).await })
            })
            .collect();
        // The runtime runs some of them at a time.
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(n1.agent.node.ping(id).await, Err(RequestError::Refused(quidnunc::Rejected::TooManyPings))));
        let (status, lines) = n1.post("/v1/reach", "{}").await;
        assert_eq!((status, lines.len()), (200, 1), "{lines:?}");
        assert_eq!((&lines[0]["id"], lines[0]["rtt_us"].is_null()), (&id.to_string().into(), true));
        drop(pings);
    }
}
