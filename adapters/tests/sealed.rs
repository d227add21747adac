//! Do nodes with one key see each other over real sockets, and is one with another key never seen?
//!
//! One thread turns all drivers, so that nothing depends on a scheduler. Nothing here sleeps or measures.

#![cfg(feature = "crypto")]
#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{LOOPBACK, PATIENCE};
use quidnunc::seal::{Key, KeyRing, Mode};
use quidnunc::std::Driver;
use quidnunc::{Command, Config, Event, NodeId, Options, SealOptions, StreamLimits};

fn key(secret: u8) -> Key {
    Key::new(&[secret; 32]).unwrap()
}

fn node(name: &str, seal: Option<SealOptions>) -> Driver {
    node_with(name, seal, None)
}

fn node_with(name: &str, seal: Option<SealOptions>, streams: Option<StreamLimits>) -> Driver {
    let config = Config {
        streams,
        cluster: Config::cluster_tag("sealed test"),
        period: Duration::from_millis(200),
        probe_timeout: Duration::from_millis(100),
        join_interval: Duration::from_millis(100),
        repair_interval: Duration::from_millis(50),
        ..Config::lan()
    };
    Driver::bind(Options { config, seal, ..Options::new(NodeId::from_name(name), LOOPBACK) }).unwrap()
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

/// A node with streams.
fn streaming(name: &str, mode: Mode) -> Driver {
    node_with(name, Some(SealOptions { mode, ..SealOptions::new(KeyRing::new(key(1))) }), Some(StreamLimits::default()))
}

/// Turns all nodes until one of them reports something like that.
fn until_event(nodes: &mut [Driver], goal: &str, is_it: impl Fn(usize, &Event) -> bool) {
    let end = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < end, "{goal} takes too long");
        for (place, node) in nodes.iter_mut().enumerate() {
            node.turn(Duration::from_millis(1)).unwrap();
            while let Some(event) = node.poll_event() {
                if is_it(place, &event) {
                    return;
                }
            }
        }
    }
}

#[test]
fn letters_go_over_sealed_streams_while_the_cluster_is_sealed_and_its_key_changes() {
    let mut nodes = ["ada", "bob"].map(|name| streaming(name, Mode::Off));
    let (seed, bob) = (nodes[0].local_addr(), nodes[1].identity().id);
    nodes[1].command(Command::Join { seeds: &[seed] }).unwrap();
    until(&mut nodes, "meeting", |nodes| nodes.iter().all(|node| node.view().live() == 2));
    let letter = |nodes: &mut [Driver], number: u64| {
        // Longer than a record, so that there are several.
        let bytes = vec![u8::try_from(number).unwrap(); 40_000];
        nodes[0].command(Command::Send { to: bob, number, bytes: &bytes }).unwrap();
        let is_it =
            |place, event: &Event| place == 1 && matches!(event, Event::Message { bytes: it, .. } if **it == *bytes);
        until_event(nodes, "a letter", is_it);
        until_event(nodes, "its confirmation", |place, event| place == 0 && *event == Event::Sent { number });
    };
    letter(&mut nodes, 1);
    let plain = nodes[1].seal().unwrap().stats();
    assert!(plain.streams_plain > 0 && plain.streams_sealed == 0, "{plain:?}");
    for mode in [Mode::Accept, Mode::Require] {
        for place in [1, 0] {
            nodes[place].seal().unwrap().set_mode(mode).unwrap();
        }
    }
    for node in &mut nodes {
        node.seal().unwrap().install(key(2)).unwrap();
    }
    letter(&mut nodes, 2);
    for node in &mut nodes {
        node.seal().unwrap().use_key(key(2).id()).unwrap();
    }
    letter(&mut nodes, 3);
    // Three records for each letter, and an end for each stream.
    let end = Instant::now() + PATIENCE;
    while nodes[1].seal().unwrap().stats().records_opened < 2 * (3 + 1) {
        assert!(Instant::now() < end, "no end is said");
        nodes.iter_mut().for_each(|node| node.turn(Duration::from_millis(1)).unwrap());
    }
    for node in &mut nodes {
        let stats = node.seal().unwrap().stats();
        assert!(stats.streams_sealed >= 2 && stats.streams_refused == 0, "{stats:?}");
        assert_eq!(node.socket_stats().streams_failed, 0);
    }
}

#[test]
fn a_plain_stream_is_ended_where_a_seal_is_required() {
    let mut nodes = [streaming("ada", Mode::Require)];
    let mut stream = TcpStream::connect(nodes[0].local_addr()).unwrap();
    stream.write_all(&[9, 0, 0, 0, b'q', b'n', 1, 0]).unwrap();
    stream.set_nonblocking(true).unwrap();
    let end = Instant::now() + PATIENCE;
    let ended = loop {
        nodes[0].turn(Duration::from_millis(1)).unwrap();
        match stream.read(&mut [0; 100]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => assert!(Instant::now() < end, "it takes too long"),
            other => break other,
        }
    };
    assert_eq!(ended.unwrap(), 0, "it is over without a word");
    let stats = nodes[0].seal().unwrap().stats();
    assert_eq!((stats.plaintext, stats.streams_refused, nodes[0].socket_stats().streams_failed), (1, 1, 1));
}
