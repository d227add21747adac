//! How does the node say goodbye, and who has heard it?

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use quidnunc::Event;

use super::extract::Body;
use super::lines::{Gone, Lines, told_by};
use super::{Agent, Of, Problem};
use crate::hub::{Heard, Watcher};
use crate::model::{LeaveLine, Nothing};

/// `POST /v1/leave`
pub(super) async fn leave(State(agent): Of, Body(Nothing {}): Body<Nothing>) -> Response {
    let watcher = agent.hub.watch();
    told_by(move |lines| tell(agent, watcher, lines))
}

/// It goes on when nobody reads: who has begun to leave has left.
async fn tell(agent: Arc<Agent>, mut watcher: Watcher, lines: Lines) -> Result<(), Gone> {
    let mut goodbye = std::pin::pin!(agent.node.leave());
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut goodbye => break ended,
            heard = watcher.next() => if let Heard::Event(told) = heard && let Event::Leaving(farewell) = &told.event {
                // Whether or not anybody reads it.
                let _ = lines.say(LeaveLine::Leaving((*farewell).into())).await;
            }
        }
    };
    match ended {
        Ok(farewell) => {
            let said = lines.say(LeaveLine::Left(farewell.into())).await;
            agent.gone.notify_one();
            said
        }
        Err(error) => lines.say(LeaveLine::Error(Problem::from(error).text())).await,
    }
}
