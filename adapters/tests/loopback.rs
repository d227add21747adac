//! Do five real nodes on real sockets agree on a join, a crash, a restart and a goodbye?
//!
//! Nothing here sleeps or measures. A busy machine may starve a thread until others think it dead, and then
//! it contradicts; so what counts is what is believed in the end, not what is reported first.

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use common::{LOOPBACK, PATIENCE, loopback_v6};
use quidnunc::std::{Handle, spawn};
use quidnunc::{Config, Event, Health, MemberChange, NodeId, Options};

const NAMES: [&str; 5] = ["ada", "bob", "cyd", "dan", "eve"];

fn config() -> Config {
    Config {
        cluster: Config::cluster_tag("loopback test"),
        period: Duration::from_millis(100),
        probe_timeout: Duration::from_millis(40),
        suspicion_mult: 3,
        gossip_interval: Duration::from_millis(20),
        repair_interval: Duration::from_millis(50),
        join_interval: Duration::from_millis(100),
        reconnect_interval: Duration::from_millis(300),
        ..Config::lan()
    }
}

fn id(name: &str) -> NodeId {
    NodeId::from_name(name)
}

/// One node, and what its events have said so far.
struct Peer {
    name: &'static str,
    handle: Handle,
    events: Receiver<Event>,
    seen: BTreeMap<NodeId, MemberChange>,
}

impl Peer {
    fn start(name: &'static str, boot: u64, bind: SocketAddr) -> Self {
        let options = Options { config: config(), boot, ..Options::new(id(name), bind) };
        let (handle, events) = spawn(options).unwrap();
        Self { name, handle, events, seen: BTreeMap::new() }
    }

    fn addr(&self) -> SocketAddr {
        self.handle.identity().addr
    }

    fn health(&self, name: &str) -> Option<Health> {
        self.seen.get(&id(name)).map(|change| change.health)
    }

    /// Live members, itself included.
    fn live(&self) -> usize {
        1 + self.seen.values().filter(|change| change.health.is_live()).count()
    }

    /// Blocks on events until they have said enough.
    fn until(&mut self, deadline: Instant, goal: &str, reached: impl Fn(&Self) -> bool) {
        while !reached(self) {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(event) => self.take(event),
                Err(error) => panic!("{} waits for {goal} ({error}); it has seen {:#?}", self.name, self.seen),
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Member(change) => {
                let before = self.seen.insert(change.id, change.clone());
                assert_eq!(change.was, before.as_ref().map(|before| before.health), "{} missed an event", self.name);
                if let Some(before) = before.filter(|before| before.health == Health::Left) {
                    let boots = (before.incarnation.boot, change.incarnation.boot);
                    assert!(boots.0 < boots.1, "{}: who left is left: {before:?}, then {change:?}", self.name);
                }
            }
            Event::Replicated { .. } | Event::NotReplicated { .. } => panic!("{} waited for nobody", self.name),
            Event::EventsLost { count } => panic!("{} lost {count} events", self.name),
            Event::PartitionHealed(healed) => panic!("{} saw a partition heal: {healed:?}", self.name),
            Event::StreamOnly { id } => panic!("{} was offered no streams, and heard {id} over one", self.name),
            Event::Leaving(_) | Event::Left(_) => {}
            Event::Moved { .. } => panic!("{} has one address", self.name),
            Event::User(_) | Event::Answer(_) | Event::QueryEnded { .. } => panic!("{} asked nothing", self.name),
            Event::Info(_) | Event::GroupConflict(_) | Event::Link(_) | Event::LinksStanding { .. } => {
                panic!("{} takes no part in infos", self.name)
            }
            Event::Message { .. }
            | Event::Note { .. }
            | Event::Sent { .. }
            | Event::NotSent { .. }
            | Event::Pinged { .. } => {
                panic!("{} sent no letters and no pings", self.name)
            }
            Event::Standing(_) | Event::Lost { .. } => panic!("{} knows no quorum", self.name),
            Event::Joined { .. } | Event::Refuted { .. } | Event::Conflict(_) | Event::Value(_) => {}
        }
    }
}

#[test]
fn five_nodes_meet_lose_one_get_it_back_and_part() {
    story(LOOPBACK);
}

#[test]
fn so_do_five_over_ipv6() {
    story(loopback_v6());
}

fn story(bind: SocketAddr) {
    let deadline = Instant::now() + PATIENCE;
    let mut peers: Vec<Peer> = NAMES.iter().map(|name| Peer::start(name, 1, bind)).collect();
    let seed = peers[0].addr();
    for peer in &peers[1..] {
        peer.handle.join(&[seed]).unwrap();
    }
    for peer in &mut peers {
        peer.until(deadline, "five live members", |peer| peer.live() == NAMES.len());
    }

    let crashed = peers.pop().unwrap();
    crashed.handle.stop().unwrap();
    for peer in &mut peers {
        peer.until(deadline, "the death of eve", |peer| peer.health("eve") == Some(Health::Dead));
    }

    let restarted = Peer::start("eve", 2, bind);
    let addr = restarted.addr();
    restarted.handle.join(&[seed]).unwrap();
    peers.push(restarted);
    for peer in &mut peers {
        peer.until(deadline, "five live members again", |peer| peer.live() == NAMES.len());
    }
    for peer in &mut peers[..4] {
        peer.until(deadline, "eve in her second life", |peer| {
            let eve = &peer.seen[&id("eve")];
            (eve.incarnation.boot, eve.health, eve.addr) == (2, Health::Alive, addr)
        });
    }

    let leaver = peers.remove(1);
    let farewell = leaver.handle.leave(PATIENCE).unwrap();
    assert!(farewell.peers > 0 && farewell.domains == 1, "{farewell:?}");
    for peer in &mut peers {
        peer.until(deadline, "bob's goodbye", |peer| peer.health("bob") == Some(Health::Left));
    }
    drop(leaver);

    // By the time that another crash is found out, so would be the silence of the one who left.
    drop(peers.remove(1));
    for peer in &mut peers {
        peer.until(deadline, "the death of cyd", |peer| peer.health("cyd") == Some(Health::Dead));
        assert_eq!(peer.health("bob"), Some(Health::Left));
    }
}
