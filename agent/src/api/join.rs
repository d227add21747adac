//! By whom is the node let into a cluster?

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::State;
use quidnunc::{Event, SEEDS_MAX};
use tokio::time::timeout;

use super::extract::Body;
use super::{Answer, Of, Problem, reply};
use crate::hub::{Heard, Watcher};
use crate::model::{JoinRequest, Joined};

/// The longest wait for a welcome; the node goes on asking after it.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// `POST /v1/join`
pub(super) async fn join(State(agent): Of, Body(request): Body<JoinRequest>) -> Answer<Joined> {
    let JoinRequest { addrs, wait_ms } = request;
    if addrs.is_empty() || addrs.len() > SEEDS_MAX {
        let message = format!("{} addresses, 1 to {SEEDS_MAX} are taken", addrs.len());
        return Err(Problem::bad("bad_address", message));
    }
    if let Some(wrong) = addrs.iter().find(|addr| !is_address(addr)) {
        return Err(Problem::bad("bad_address", format!("`{wrong}` is no address"))
            .hint("write a name or an IP address and a port, such as n1.example:7946 or [::1]:7946"));
    }
    let mut watcher = agent.hub.watch();
    let seeds: Vec<SocketAddr> = addrs.iter().filter_map(|addr| addr.parse().ok()).collect();
    if seeds.len() == addrs.len() {
        agent.node.join(&seeds).await?;
    } else {
        // Names among them: all are looked up again and again, in a thread of their own.
        agent.node.join_names(addrs)?;
    }
    let wait = Duration::from_millis(wait_ms).min(WAIT_MAX);
    let joined = timeout(wait, welcome(&mut watcher)).await.unwrap_or(false);
    let live = agent.node.read(|driver| driver.view().live()).await?;
    reply(Joined { joined, live })
}

async fn welcome(watcher: &mut Watcher) -> bool {
    loop {
        match watcher.next().await {
            Heard::Event(told) if matches!(told.event, Event::Joined { .. }) => return true,
            Heard::Event(_) | Heard::Lost(_) => {}
            Heard::End => return false,
        }
    }
}

/// Whether there is a name and a port.
pub(crate) fn is_address(text: &str) -> bool {
    let parts = |(host, port): (&str, &str)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0);
    let is_named = text.rsplit_once(':').is_some_and(parts) && !text.contains(char::is_whitespace);
    // An IPv6 address without brackets ends in something that looks like a port.
    is_named && (text.starts_with('[') || text.matches(':').count() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port() {
        for good in ["n1:7946", "10.0.0.1:1", "[::1]:7946"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "n1", ":7946", "n1:0", "n1:70000", "::1", "::1:7946", "n 1:7946"] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
