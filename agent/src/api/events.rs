//! What do operators say to everybody?

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use quidnunc::Event;

use super::extract::{Body, bytes_of};
use super::lines::{Gone, Lines, told_by};
use super::{Agent, Answer, Of, reply};
use crate::hub::{Heard, Watcher};
use crate::model::{Bytes, Done, EventLine, EventSend, UserEvent};

/// `POST /v1/event`
pub(super) async fn send(State(agent): Of, Body(EventSend { name, payload, ttl_ms }): Body<EventSend>) -> Answer<Done> {
    let payload = bytes_of("payload", &payload)?;
    agent.node.send_event(name.as_bytes(), &payload, Duration::from_millis(ttl_ms)).await?;
    reply(Done {})
}

/// `GET /v1/event/watch`
pub(super) async fn watch(State(agent): Of) -> Response {
    let watcher = agent.hub.watch();
    told_by(move |lines| tell(agent, watcher, lines))
}

async fn tell(agent: Arc<Agent>, mut watcher: Watcher, lines: Lines) -> Result<(), Gone> {
    lines.say(EventLine::Watching(true)).await?;
    loop {
        match lines.hear(&mut watcher).await {
            Heard::Event(told) => {
                let Event::User(event) = &told.event else { continue };
                let origin = agent.who(event.origin).await?;
                let (name, payload) = (Bytes::new(&event.name), Bytes::new(&event.payload));
                lines.say(EventLine::Event(UserEvent { origin, number: event.number, name, payload })).await?;
            }
            Heard::Lost(count) => lines.say(EventLine::Lost(count)).await?,
            Heard::End => return Ok(()),
        }
    }
}
