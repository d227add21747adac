//! Why does an agent come to its end, while nothing is broken?
//!
//! Because somebody lets it leave, or because another node has its identity: then the node has stopped for good, and an agent
//! around it would only seem to live.

use quidnunc::{Event, Rejected, RequestError};

use super::reload::Reload;
use super::signals::{Signal, Signals};
use crate::api::Agent;
use crate::hub::{Heard, Watcher};

/// Signals: the first one to end lets the node leave, a second one does not wait for that.
pub(super) async fn told_to_leave(agent: &Agent, signals: &mut Signals, reload: &mut Reload) {
    while signals.next().await != Signal::End {
        tokio::select! {
            () = reload.reload(agent) => {}
            () = signals.end() => break,
        }
    }
    tracing::info!("leaving; a second signal ends this at once");
    tokio::select! {
        () = goodbye(agent) => {}
        () = signals.end() => tracing::warn!("not waiting for the goodbye"),
    }
}

async fn goodbye(agent: &Agent) {
    // Before the node is asked, so that no end is missed between.
    let watcher = agent.hub.watch();
    match agent.node.leave().await {
        Ok(farewell) => tracing::info!(confirmed = farewell.peers, of = farewell.of, "left"),
        Err(RequestError::Refused(Rejected::HasLeft)) => {
            tracing::info!("a goodbye is under way already");
            left(agent, watcher).await;
        }
        Err(error) => tracing::warn!(%error, "did not leave"),
    }
}

/// Until the goodbye that somebody else has asked for is over.
async fn left(agent: &Agent, mut watcher: Watcher) {
    while !agent.node.read(|driver| driver.view().has_left()).await.unwrap_or(true) {
        match watcher.next().await {
            Heard::Event(told) if matches!(told.event, Event::Left(_)) => return,
            Heard::Event(_) | Heard::Lost(_) => {}
            Heard::End => return,
        }
    }
}

/// Until another node has this one's identity, and this one has stopped. Returns where the other is.
pub(super) async fn replaced(agent: &Agent, mut watcher: Watcher) -> String {
    loop {
        match watcher.next().await {
            Heard::Event(told) => {
                if let Event::Conflict(conflict) = &told.event
                    && conflict.stops
                {
                    return conflict.addr.to_string();
                }
            }
            Heard::Lost(_) => {
                if agent.node.read(|driver| driver.view().has_stopped()).await.unwrap_or(false) {
                    return "an unknown address".into();
                }
            }
            // Whoever waits for the node itself says why.
            Heard::End => std::future::pending().await,
        }
    }
}
