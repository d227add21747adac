//! Do nodes with one key see each other over real sockets, and is one with another key never seen?
//!
//! One thread turns all drivers, so that nothing depends on a scheduler. Nothing here sleeps or measures.

#![cfg(feature = "crypto")]
#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use quidnunc::seal::{Key, KeyRing, Mode};
use quidnunc::std::Driver;
use quidnunc::{Command, Config, Error, NodeId, Options, SealOptions, StreamLimits};

/// A net for a test that hangs; far beyond what it takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn key(secret: u8) -> Key {
    Key::new(&[secret; 32]).unwrap()
}

fn node(name: &str, seal: Option<SealOptions>) -> Driver {
    let config = Config {
        cluster: Config::cluster_tag("sealed test"),
        period: Duration::from_millis(200),
        probe_timeout: Duration::from_millis(100),
        join_interval: Duration::from_millis(100),
        repair_interval: Duration::from_millis(50),
        ..Config::lan()
    };
    let bind = SocketAddr::from(([127, 0, 0, 1], 0));
    Driver::bind(Options { config, seal, ..Options::new(NodeId::from_name(name), bind) }).unwrap()
}

fn sealed(name: &str, secret: u8) -> Driver {
    node(name, Some(SealOptions::new(KeyRing::new(key(secret)))))
}

/// Turns all nodes until it is so.
fn until(nodes: &mut [Driver], goal: &str, is_so: impl Fn(&[Driver]) -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so(nodes) {
        assert!(Instant::now() < end, "{goal} takes too long");
        for node in nodes.iter_mut() {
            node.turn(Duration::from_millis(1)).unwrap();
            while node.poll_event().is_some() {}
        }
    }
}

#[test]
fn three_with_one_key_see_each_other_and_nobody_sees_those_without() {
    let mut nodes = [sealed("ada", 1), sealed("bob", 1), sealed("cyd", 1), sealed("eve", 2), node("dan", None)];
    let seed = nodes[0].local_addr();
    for node in &mut nodes[1..] {
        node.command(Command::Join { seeds: &[seed] }).unwrap();
    }
    until(&mut nodes, "meeting", |nodes| nodes[..3].iter().all(|node| node.view().live() == 3));
    // Those without the key have asked several times by now, or do so.
    let asked = |nodes: &[Driver]| nodes[3..].iter().all(|node| node.view().stats().datagrams_sent > 3);
    until(&mut nodes, "asking in vain", asked);
    assert!(nodes[..3].iter().all(|node| node.view().live() == 3));
    assert!(nodes[3..].iter().all(|node| node.view().live() == 1));
    let stats = nodes[0].seal().unwrap().stats();
    assert!(stats.unknown_key > 0 && stats.plaintext > 0, "{stats:?}");
}

#[test]
fn a_cluster_is_sealed_while_it_runs() {
    let off = |name| node(name, Some(SealOptions { mode: Mode::Off, ..SealOptions::new(KeyRing::new(key(1))) }));
    let mut nodes = ["ada", "bob", "cyd"].map(off);
    let seed = nodes[0].local_addr();
    for node in &mut nodes[1..] {
        node.command(Command::Join { seeds: &[seed] }).unwrap();
    }
    until(&mut nodes, "meeting", |nodes| nodes.iter().all(|node| node.view().live() == 3));
    for mode in [Mode::Accept, Mode::Require] {
        for place in 0..3 {
            nodes[place].seal().unwrap().set_mode(mode).unwrap();
            let before: Vec<u64> = nodes.iter().map(|node| node.view().stats().datagrams_received).collect();
            until(&mut nodes, "talking on", |nodes| {
                let heard = |(node, before): (&Driver, &u64)| node.view().stats().datagrams_received > before + 3;
                nodes.iter().zip(&before).all(heard)
            });
        }
    }
    assert!(nodes.iter().all(|node| node.view().live() == 3));
    for node in &mut nodes {
        assert_eq!(node.seal().unwrap().stats().refused(), 0);
        assert!(node.seal().unwrap().stats().opened > 0);
    }
}

#[test]
fn streams_would_go_past_the_seal() {
    let config = Config { streams: Some(StreamLimits::default()), ..Config::lan() };
    let seal = Some(SealOptions::new(KeyRing::new(key(1))));
    let bind = SocketAddr::from(([127, 0, 0, 1], 0));
    let refused = Driver::bind(Options { config, seal, ..Options::new(NodeId::from_name("ada"), bind) });
    assert!(matches!(refused, Err(Error::UnsealedStreams)), "{refused:?}");
}
