//! Does the driver do over IPv6 what it does over IPv4, and does it keep the two apart?
//!
//! Whole stories over IPv6 are in `loopback.rs`.

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use common::{LOOPBACK, loopback_v6, until};
use quidnunc::std::{Driver, Handle, spawn};
use quidnunc::{Config, ConfigError, Error, Event, NodeId, Options, StreamLimits};

/// Every address of this machine, of IPv6, and of IPv4 where the system takes both at one socket.
const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0);

fn options(name: &str, bind: SocketAddr) -> Options {
    Options { config: Config::local(), ..Options::new(NodeId::from_name(name), bind) }
}

fn start(name: &str, bind: SocketAddr) -> (Handle, Receiver<Event>) {
    let config = Config { streams: Some(StreamLimits::default()), ..Config::local() };
    spawn(Options { config, ..options(name, bind) }).unwrap()
}

fn live(node: &Handle) -> u32 {
    node.read(|driver| driver.view().live()).unwrap()
}

#[test]
fn port_zero_stands_for_the_socket_s_port() {
    let driver = Driver::bind(options("ada", loopback_v6())).unwrap();
    assert_ne!(driver.local_addr().port(), 0);
    assert_eq!(driver.identity().addr, driver.local_addr());

    let outside = SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 0));
    let driver = Driver::bind(Options { advertise: Some(outside), ..options("ada", ANYWHERE) }).unwrap();
    assert_eq!(driver.identity().addr, SocketAddr::new(outside.ip(), driver.local_addr().port()));
}

#[test]
fn what_others_could_not_reach_is_said_before_anything_runs() {
    let _has_ipv6 = loopback_v6();
    let v6 = SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 7946));
    let mapped = SocketAddr::from((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 7946));
    for (bind, advertise, named) in [
        // An unspecified address is no place.
        (ANYWHERE, None, Ipv6Addr::UNSPECIFIED.into()),
        // Each family has its sockets.
        (ANYWHERE, Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 7946))), Ipv4Addr::LOCALHOST.into()),
        (LOOPBACK, Some(v6), v6.ip()),
        (LOOPBACK, Some(mapped), mapped.ip()),
    ] {
        let refused = spawn(Options { advertise, ..options("ada", bind) });
        let addr = if let Err(Error::Config(ConfigError::Address { addr })) = refused {
            addr.ip()
        } else {
            panic!("{bind} with {advertise:?}: {refused:?}")
        };
        assert_eq!(addr, named);
    }
}

#[test]
fn whoever_listens_everywhere_is_reached_where_it_says() {
    let advertise = Some(loopback_v6());
    let config = Config { streams: Some(StreamLimits::default()), ..Config::local() };
    let (ada, _events) = spawn(Options { config, advertise, ..options("ada", ANYWHERE) }).unwrap();
    assert_eq!(ada.local_addr().ip(), ANYWHERE.ip());
    let (bob, _bob_events) = start("bob", loopback_v6());
    bob.join(&[ada.identity().addr]).unwrap();
    until("a meeting", || live(&ada) == 2 && live(&bob) == 2);
    assert!(ada.ping(bob.identity().id).unwrap().is_some());
    assert!(bob.ping(ada.identity().id).unwrap().is_some());
    bob.send(ada.identity().id, b"a letter finds it too").unwrap();
}

#[test]
fn values_letters_pings_and_names_go_over_ipv6() {
    let (ada, _ada_events) = start("ada", loopback_v6());
    let (bob, events) = start("bob", loopback_v6());
    // Of two families only the own one is asked.
    let v4 = "127.0.0.1:9".to_string();
    bob.join_names([v4, ada.local_addr().to_string()]).unwrap();
    until("a meeting", || live(&ada) == 2 && live(&bob) == 2);
    assert!(ada.ping(bob.identity().id).unwrap().is_some());

    ada.put(b"role", b"primary", Some(Duration::from_secs(60))).unwrap();
    let owner = ada.identity().id;
    until("a value", || bob.get(owner, b"role").unwrap().as_deref() == Some(b"primary"));

    let letter = vec![6; 60_000];
    ada.send(bob.identity().id, &letter).unwrap();
    let taken =
        events.iter().find_map(|event| if let Event::Message { bytes, .. } = event { Some(bytes) } else { None });
    assert!(taken.is_some_and(|bytes| *bytes == *letter));
    assert_eq!(ada.read(|driver| driver.socket_stats().streams_failed), Ok(0));
}
