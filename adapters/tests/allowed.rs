//! Does the driver keep out whoever is not in the networks that its node allows?
//!
//! What the node does with such addresses is tested with the core. Here all of 127.0.0.0/8 is this machine, as on Linux.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::io::Read;
use std::net::{SocketAddr, TcpStream, UdpSocket};

use common::{Folder, LOOPBACK, PATIENCE, until};
use quidnunc::std::{Handle, spawn};
use quidnunc::{
    Config, ConfigError, Durable, Error, NodeId, Options, Rejected, RequestError, State, StateFile, StreamLimits,
};

/// Where the nodes of these tests live, and nobody else.
const INSIDE: &str = "127.0.0.2/32";

fn options(name: &str) -> Options {
    let config = Config { allowed: INSIDE.parse().unwrap(), streams: Some(StreamLimits::default()), ..Config::local() };
    Options { config, ..Options::new(NodeId::from_name(name), SocketAddr::from(([127, 0, 0, 2], 0))) }
}

#[test]
fn a_node_outside_its_own_list_does_not_start() {
    let refused = spawn(Options { bind: LOOPBACK, ..options("ada") });
    assert!(matches!(refused, Err(Error::Config(ConfigError::NotAllowed { .. }))), "{refused:?}");
}

#[test]
fn another_address_outside_its_own_list_is_refused_at_the_start_and_later() {
    let outside: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let refused = spawn(Options { also: vec![outside], ..options("ada") });
    assert!(matches!(refused, Err(Error::Addresses(Rejected::NotAllowed { addr })) if addr == outside), "{refused:?}");

    let inside = |port| SocketAddr::from(([127, 0, 0, 2], port));
    let (node, _events) = spawn(Options { also: vec![inside(7)], ..options("ada") }).unwrap();
    let others = |node: &Handle| {
        let id = node.identity().id;
        node.read(move |driver| driver.view().addresses(id).collect::<Vec<_>>()).unwrap()
    };
    assert_eq!(others(&node), [inside(7)]);
    let refused = node.set_addresses(&[inside(8), outside]);
    assert_eq!(refused, Err(RequestError::Refused(Rejected::NotAllowed { addr: outside })));
    node.set_addresses(&[inside(8), inside(9)]).unwrap();
    assert_eq!(others(&node), [inside(8), inside(9)]);
}

#[test]
fn neither_a_datagram_nor_a_stream_from_outside_is_taken() {
    let (node, _events) = spawn(options("ada")).unwrap();
    let stranger = UdpSocket::bind(LOOPBACK).unwrap();
    until("a refused datagram", || {
        stranger.send_to(b"let me in", node.local_addr()).unwrap();
        node.stats().unwrap().datagrams_outside > 0
    });

    let mut stream = TcpStream::connect(node.local_addr()).unwrap();
    assert_eq!(stream.local_addr().unwrap().ip(), LOOPBACK.ip(), "this machine speaks to 127.0.0.2 as 127.0.0.1");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let ended = stream.read(&mut [0; 1]);
    assert!(!matches!(ended, Ok(1..)), "{ended:?}");
    until("a refused stream", || node.read(|driver| driver.socket_stats().streams_failed).unwrap() == 1);
    assert_eq!(node.stats().unwrap().streams_refused, 0, "the node has not heard of it");
}

#[cfg(feature = "crypto")]
#[test]
fn nothing_from_outside_comes_as_far_as_the_seal() {
    use quidnunc::SealOptions;
    use quidnunc::seal::{Key, KeyRing};

    let seal = Some(SealOptions::new(KeyRing::new(Key::new(&[7; 32]).unwrap())));
    let plain = options("ada");
    let config = Config { streams: None, ..plain.config };
    let (node, _events) = spawn(Options { config, seal, ..plain }).unwrap();
    let refused = || node.act(|driver| Ok(driver.seal().unwrap().stats().refused())).unwrap();
    let stranger = UdpSocket::bind(LOOPBACK).unwrap();
    until("a refused datagram", || {
        stranger.send_to(b"let me in", node.local_addr()).unwrap();
        node.stats().unwrap().datagrams_outside > 0
    });
    assert_eq!(refused(), 0);
    let neighbour = UdpSocket::bind("127.0.0.2:0").unwrap();
    until("a forgery", || {
        neighbour.send_to(b"let me in", node.local_addr()).unwrap();
        refused() > 0
    });
}

#[test]
fn a_seed_outside_is_refused_and_a_name_outside_left_out() {
    let (ada, _ada_events) = spawn(options("ada")).unwrap();
    let (bob, _bob_events) = spawn(options("bob")).unwrap();
    let outside: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let refused = bob.join(&[ada.local_addr(), outside]);
    assert_eq!(refused, Err(RequestError::Refused(Rejected::NotAllowed { addr: outside })));
    bob.join_names([outside, ada.local_addr()].map(|addr| addr.to_string())).unwrap();
    until("a meeting", || ada.members().unwrap().len() == 2 && bob.members().unwrap().len() == 2);
}

#[test]
fn of_the_addresses_that_were_kept_those_outside_are_left_out() {
    let (ada, _ada_events) = spawn(options("ada")).unwrap();
    let folder = Folder::new("allowed");
    let path = folder.file("bob");
    let (mut durable, _) = Durable::open(&path, NodeId::from_name("bob")).unwrap();
    let peers = ["127.0.0.1:9".parse().unwrap(), ada.local_addr()];
    durable.save(&State { boot: 1, peers: &peers, keys: &[], removed_keys: &[], seal_mode: None, map: None }).unwrap();
    drop(durable);

    let state = Some(StateFile { path, keeps_map: false });
    let (bob, _bob_events) = spawn(Options { state, ..options("bob") }).unwrap();
    until("a meeting", || ada.members().unwrap().len() == 2 && bob.members().unwrap().len() == 2);
    drop(bob);
}
