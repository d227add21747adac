//! What comes of connections to those whom this node was told to join?

use std::net::SocketAddr;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::letters::Dial;
use super::{DIAL_MAX, dial};
use crate::duration::millis;

/// So many seeds are looked at where nobody lives.
const SEEDS_MAX: usize = 3;

/// So many addresses of each.
const ADDRESSES_MAX: usize = 2;

/// What comes of connections to seeds that are not this node, to all of them at once.
pub(super) async fn dial_seeds(seeds: &[String], own: [SocketAddr; 2]) -> Vec<(String, Dial)> {
    let mut dialling = JoinSet::new();
    for (place, seed) in seeds.iter().take(SEEDS_MAX).cloned().enumerate() {
        dialling.spawn(async move {
            let came = dial_seed(&seed, own).await;
            came.map(|came| (place, seed, came))
        });
    }
    let mut dialled: Vec<_> = dialling.join_all().await.into_iter().flatten().collect();
    dialled.sort_by_key(|&(place, ..)| place);
    dialled.into_iter().map(|(_, seed, came)| (seed, came)).collect()
}

/// What came of a connection to a seed; `None` if that is this node. Only addresses of this node's family are of use to it.
async fn dial_seed(seed: &str, own: [SocketAddr; 2]) -> Option<Dial> {
    let found = match timeout(DIAL_MAX, tokio::net::lookup_host(seed)).await {
        Ok(Ok(found)) => found.filter(|addr| addr.is_ipv4() == own[0].is_ipv4()).collect::<Vec<_>>(),
        Ok(Err(error)) => return Some(Dial::Failed(error.to_string())),
        Err(_) => return Some(Dial::Silent(millis(DIAL_MAX))),
    };
    let others: Vec<_> = found.iter().copied().filter(|addr| !own.contains(addr)).collect();
    if others.is_empty() && !found.is_empty() {
        return None;
    }
    let mut dialling = JoinSet::new();
    for addr in others.into_iter().take(ADDRESSES_MAX) {
        dialling.spawn(dial(addr));
    }
    let mut came = Dial::Failed("it has no address of this node's family".into());
    while came != Dial::Open
        && let Some(Ok(one)) = dialling.join_next().await
    {
        came = one;
    }
    Some(came)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_seed_that_is_this_node_is_none() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let addr = listener.local_addr().expect("it is bound");
        let closed = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(dial_seed(&addr.to_string(), [addr, closed]).await, None);
        assert_eq!(dial_seed(&addr.to_string(), [closed, closed]).await, Some(Dial::Open));
        assert!(
            matches!(dial_seed("[::1]:1", [closed, closed]).await, Some(Dial::Failed(why)) if why.contains("family"))
        );
        let dialled = dial_seeds(&[addr.to_string(), closed.to_string()], [closed, closed]).await;
        assert_eq!(dialled, [(addr.to_string(), Dial::Open)]);
    }
}
