//! By whom is the node let into a cluster?

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use quidnunc::{Event, SEEDS_MAX};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;

use super::extract::Body;
use super::{Answer, Of, Problem, reply};
use crate::hub::{Heard, Watcher};
use crate::model::{JoinRequest, Joined};

/// The longest wait for a welcome in one request; the node goes on asking after it.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(20);

/// The longest wait for what names stand for.
const LOOK_UP_MAX: Duration = Duration::from_secs(5);

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
    let found = look_up(&addrs).await;
    let is_ipv4 = agent.node.local_addr().is_ipv4();
    let of = |name: &String| found.get(name).into_iter().flatten().copied().filter(move |it| it.is_ipv4() == is_ipv4);
    let unresolved: Vec<String> = addrs.iter().filter(|name| of(name).next().is_none()).cloned().collect();
    let seeds = in_turn(addrs.iter().map(|name| of(name).collect()).collect());
    if seeds.is_empty() {
        let family = if is_ipv4 { "IPv4" } else { "IPv6" };
        let message = format!("no {family} address is known of {}", unresolved.join(", "));
        return Err(
            Problem::new(StatusCode::CONFLICT, "unresolved", message).hint("is the name right, and is it known?")
        );
    }
    // Before anybody is asked, so that no welcome is missed between.
    let mut watcher = agent.hub.watch();
    agent.node.join(&seeds).await?;
    let wait = Duration::from_millis(wait_ms).min(WAIT_MAX);
    let joined = timeout(wait, welcome(&mut watcher)).await.unwrap_or(false);
    let live = agent.node.read(|driver| driver.view().live()).await?;
    reply(Joined { joined, live, unresolved })
}

/// So many names are looked up at once: whoever looks waits on a thread, also when nobody waits for it any more.
static LOOKING: Semaphore = Semaphore::const_new(16);

/// What names stand for at present; nothing of those for whom that does not come in time.
async fn look_up(names: &[String]) -> BTreeMap<String, Vec<SocketAddr>> {
    let (mut looking, mut found) = (JoinSet::new(), BTreeMap::new());
    for name in names.iter().cloned() {
        looking.spawn(async move {
            // Never closed.
            let Ok(permit) = LOOKING.acquire().await else { return (name, Vec::new()) };
            let asked = name.clone();
            let look = move || {
                let _until_it_answers = permit;
                asked.to_socket_addrs().map(Iterator::collect).unwrap_or_default()
            };
            (name, spawn_blocking(look).await.unwrap_or_default())
        });
    }
    let all = async {
        while let Some(looked) = looking.join_next().await {
            found.extend(looked.ok());
        }
    };
    // Who has not come by then is missing, and is told so.
    let _ = timeout(LOOK_UP_MAX, all).await;
    found
}

/// The first address of every name, then the second ones: each once, and no more than a join takes.
fn in_turn(found: Vec<Vec<SocketAddr>>) -> Vec<SocketAddr> {
    let longest = found.iter().map(Vec::len).max().unwrap_or(0);
    let mut seeds = Vec::new();
    for addr in (0..longest).flat_map(|turn| found.iter().filter_map(move |addrs| addrs.get(turn))) {
        if seeds.len() < SEEDS_MAX && !seeds.contains(addr) {
            seeds.push(*addr);
        }
    }
    seeds
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
    fn every_name_has_its_turn_and_every_address_is_asked_once() {
        let addr = |number: u8| SocketAddr::from(([10, 0, 0, number], 7946));
        let seeds = in_turn(vec![[1, 2, 3].map(addr).into(), [2, 4].map(addr).into(), Vec::new()]);
        assert_eq!(seeds, [1, 2, 4, 3].map(addr));
        let seeds = in_turn(vec![(0..=255).map(addr).collect(), vec![addr(200)]]);
        assert_eq!((seeds.len(), seeds[1]), (SEEDS_MAX, addr(200)));
    }

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
