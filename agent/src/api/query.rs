//! What is asked of everybody, and who answers?
//!
//! Each query goes to all members. Agents answer one of themselves, [`PING`]; any other one is for programs, which hear it through
//! one agent each and answer there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use quidnunc::{Command, Event, NodeId, Question, TTL_MAX};
use tokio::time::{Instant, timeout_at};

use super::extract::{Body, bytes_of};
use super::lines::{Gone, Lines, told_by};
use super::members::Wanted;
use super::{Agent, Answer, Of, Problem, reply};
use crate::duration::millis;
use crate::hub::{Heard, Watcher};
use crate::model::{
    self, Answered, Asked, Bytes, Done, MemberFilter, QueryAnswer, QueryAsk, QueryEnded, QueryLine, QuestionLine, Who,
};

/// The query that agents answer by themselves.
pub(crate) const PING: &[u8] = b"ping";

/// What they answer.
const PONG: &[u8] = b"pong";

/// The node tells of the end of a query no later than so long after it.
const LATE: Duration = Duration::from_secs(1);

/// `POST /v1/query`
pub(super) async fn ask(State(agent): Of, Body(query): Body<QueryAsk>) -> Result<Response, Problem> {
    let QueryAsk { name, payload, wait_ms, domain, tag } = query;
    let payload = bytes_of("payload", &payload)?;
    let filter = MemberFilter { status: Some("alive,suspect".into()), domain, tag };
    // By whom an answer counts.
    let asked = Wanted::new(&filter)?.all(&agent).await?;
    let left: BTreeMap<String, Who> =
        asked.into_iter().map(|member| (member.brief.who.id.clone(), member.brief.who)).collect();
    let watcher = agent.hub.watch();
    let (number, window) = (agent.queries.fetch_add(1, Ordering::Relaxed), Duration::from_millis(wait_ms));
    agent
        .node
        .act(move |driver| driver.command(Command::Query { number, name: name.as_bytes(), payload: &payload, window }))
        .await?;
    let until = Instant::now() + window.saturating_add(LATE).min(TTL_MAX);
    Ok(told_by(move |lines| tell(agent, (number, left, until), watcher, lines)))
}

/// Tells answers as they come, until all have answered or the time is over.
async fn tell(
    agent: Arc<Agent>,
    (number, mut left, until): (u64, BTreeMap<String, Who>, Instant),
    mut watcher: Watcher,
    lines: Lines,
) -> Result<(), Gone> {
    let of = left.len();
    lines.say(QueryLine::Asked(Asked { of })).await?;
    while !left.is_empty() {
        // Its end may be among what was missed.
        let Ok(heard) = timeout_at(until, lines.hear(&mut watcher)).await else { break };
        match heard {
            Heard::Event(told) => {
                if let Event::Answer(answer) = &told.event
                    && answer.query == number
                    && left.remove(&answer.from.to_string()).is_some()
                {
                    let payload = Bytes::new(&answer.payload);
                    let who = agent.who(answer.from).await?;
                    lines.say(QueryLine::Answer(Answered { who, payload })).await?;
                }
                if matches!(told.event, Event::QueryEnded { query, .. } if query == number) {
                    break;
                }
            }
            Heard::Lost(count) => lines.say(QueryLine::Lost(count)).await?,
            Heard::End => return Ok(()),
        }
    }
    let answers = of.saturating_sub(left.len());
    lines.say(QueryLine::Ended(QueryEnded { answers, of, missing: left.into_values().collect() })).await
}

/// `GET /v1/query/watch`
pub(super) async fn watch(State(agent): Of) -> Response {
    let watcher = agent.hub.watch();
    told_by(move |lines| tell_questions(agent, watcher, lines))
}

async fn tell_questions(agent: Arc<Agent>, mut watcher: Watcher, lines: Lines) -> Result<(), Gone> {
    lines.say(QuestionLine::Watching(true)).await?;
    loop {
        match lines.hear(&mut watcher).await {
            Heard::Event(told) => {
                let Event::User(event) = &told.event else { continue };
                let Some(question) = event.question else { continue };
                let (name, payload) = (Bytes::new(&event.name), Bytes::new(&event.payload));
                let (asker, token) = (agent.who(event.origin).await?, token(question));
                let window_ms = millis(question.window);
                lines.say(QuestionLine::Query(model::Question { asker, name, payload, window_ms, token })).await?;
            }
            Heard::Lost(count) => lines.say(QuestionLine::Lost(count)).await?,
            Heard::End => return Ok(()),
        }
    }
}

/// `POST /v1/query/answer`
pub(super) async fn answer(State(agent): Of, Body(given): Body<QueryAnswer>) -> Answer<Done> {
    let question = question(&given.token).ok_or_else(|| {
        Problem::bad("bad_token", "this is no token of a query").hint("`quidnunc query watch --json` shows them")
    })?;
    let payload = bytes_of("payload", &given.payload)?;
    agent.node.act(move |driver| driver.command(Command::Answer { question, payload: &payload })).await?;
    reply(Done {})
}

/// Answers what agents answer by themselves, until the node has stopped.
pub(crate) async fn attend(agent: Arc<Agent>, mut watcher: Watcher) {
    loop {
        match watcher.next().await {
            Heard::Event(told) => {
                if let Event::User(event) = &told.event
                    && let Some(question) = event.question.filter(|_| *event.name == *PING)
                {
                    let answered =
                        agent.node.act(move |driver| driver.command(Command::Answer { question, payload: PONG })).await;
                    if let Err(error) = answered {
                        tracing::debug!(%error, "a ping of everybody is not answered");
                    }
                }
            }
            Heard::Lost(_) => {}
            Heard::End => return,
        }
    }
}

/// Who asks, what an answer repeats, and for how long answers are taken, as one word.
fn token(Question { asker, token, window }: Question) -> String {
    format!("{asker}-{token:016x}-{:x}", millis(window))
}

fn question(text: &str) -> Option<Question> {
    let mut parts = text.split('-');
    let (asker, token, window) = (parts.next()?, parts.next()?, parts.next()?);
    let asker = (asker.len() == 32).then(|| u128::from_str_radix(asker, 16).ok()).flatten()?;
    let (token, window) = (u64::from_str_radix(token, 16).ok()?, u64::from_str_radix(window, 16).ok()?);
    let window = Duration::from_millis(window);
    parts.next().is_none().then_some(Question { asker: NodeId::from_u128(asker), token, window })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_whom_to_answer() {
        let asked = Question { asker: NodeId::from_name("n1"), token: 7, window: Duration::from_millis(1500) };
        assert_eq!(question(&token(asked)), Some(asked));
        for wrong in ["", "-", "a-b-c", "é-1-1", &format!("{}-1", token(asked)), &token(asked)[1..]] {
            assert_eq!(question(wrong), None, "{wrong}");
        }
    }
}
