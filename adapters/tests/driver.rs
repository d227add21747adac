//! Does the driver itself keep its word: addresses, errors, requests, lost events, odd datagrams?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use common::{LOOPBACK, PATIENCE, until};
use quidnunc::std::{Driver, Handle, spawn};
use quidnunc::{
    Command, Config, ConfigError, Domain, Error, Event, Farewell, Health, Identity, Input, Instant, Node, NodeId,
    Options, Rejected, RequestError, StreamLimits,
};

const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

fn options(name: &str) -> Options {
    Options { config: Config::local(), ..Options::new(NodeId::from_name(name), LOOPBACK) }
}

fn spawn_pair(config: &Config) -> ((Handle, Receiver<Event>), (Handle, Receiver<Event>)) {
    let ada = spawn(Options { config: config.clone(), ..options("ada") }).unwrap();
    let bob = spawn(Options { config: config.clone(), ..options("bob") }).unwrap();
    bob.0.join(&[ada.0.identity().addr]).unwrap();
    (ada, bob)
}

#[test]
fn port_zero_stands_for_the_socket_s_port() {
    let driver = Driver::bind(options("ada")).unwrap();
    assert_ne!(driver.local_addr().port(), 0);
    assert_eq!(driver.identity().addr, driver.local_addr());

    let outside = SocketAddr::from(([10, 1, 2, 3], 0));
    let behind_nat = Options { bind: ANYWHERE, advertise: Some(outside), ..options("ada") };
    let driver = Driver::bind(behind_nat).unwrap();
    assert_eq!(driver.identity().addr, SocketAddr::new(outside.ip(), driver.local_addr().port()));
}

#[test]
fn what_cannot_work_is_said_before_anything_runs() {
    let nowhere = spawn(Options { bind: ANYWHERE, ..options("ada") });
    assert!(matches!(nowhere, Err(Error::Config(ConfigError::Address { .. }))), "{nowhere:?}");

    let other_family = Options { advertise: Some("[2001:db8::1]:7946".parse().unwrap()), ..options("ada") };
    let other_family = spawn(other_family);
    assert!(matches!(other_family, Err(Error::Config(ConfigError::Address { .. }))), "{other_family:?}");

    let never = Config { period: Duration::ZERO, ..Config::local() };
    let never = spawn(Options { config: never, ..options("ada") });
    assert!(matches!(never, Err(Error::Config(ConfigError::Duration { .. }))), "{never:?}");

    let first = Driver::bind(options("ada")).unwrap();
    let taken = spawn(Options { bind: first.local_addr(), ..options("bob") });
    assert!(matches!(taken, Err(Error::Bind { addr, .. }) if addr == first.local_addr()), "{taken:?}");
}

#[test]
fn requests_are_answered_and_refusals_come_back() {
    let (node, events) = spawn(options("ada")).unwrap();
    assert_eq!(node.join(&[]), Err(RequestError::Refused(Rejected::NoSeeds)));
    let members = node.members().unwrap();
    assert_eq!(members.iter().map(|member| member.id).collect::<Vec<_>>(), [NodeId::from_name("ada")]);
    assert_eq!(node.read(|driver| driver.view().live()), Ok(1));

    assert_eq!(node.leave(PATIENCE), Ok(Farewell::default()), "alone, it waits for nobody");
    assert_eq!(events.recv_timeout(PATIENCE), Ok(Event::Left(Farewell::default())));
    assert_eq!(node.join(&[node.local_addr()]), Err(RequestError::Refused(Rejected::HasLeft)));
    assert_eq!(node.leave(PATIENCE), Err(RequestError::Refused(Rejected::HasLeft)));
    node.stop().unwrap();
    assert_eq!(events.iter().next(), None, "the events end with the node");
}

#[test]
fn a_dropped_handle_frees_the_address_and_silences_the_node() {
    let (node, events) = spawn(options("ada")).unwrap();
    let addr = node.local_addr();
    drop(node);
    assert_eq!(events.iter().next(), None, "no goodbye");
    let again = Driver::bind(Options { bind: addr, ..options("ada") }).unwrap();
    assert_eq!(again.local_addr(), addr);
}

#[test]
fn a_node_that_broke_says_so() {
    let (node, events) = spawn(options("ada")).unwrap();
    let asked: Result<(), _> = node.read(|_| panic!("on purpose"));
    assert_eq!(asked, Err(RequestError::Stopped));
    assert_eq!(events.iter().next(), None);
    assert_eq!(node.members(), Err(RequestError::Stopped));
    let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| node.stop()));
    assert_eq!(stopped.unwrap_err().downcast_ref(), Some(&"on purpose"));
}

#[test]
fn who_reads_no_events_is_told_that_some_are_lost_and_reads_the_members() {
    let config = Config { events_max: 1, ..Config::local() };
    let (ada, events) = spawn(Options { config, ..options("ada") }).unwrap();
    let others = ["bob", "cyd", "dan", "eve"].map(|name| spawn(options(name)).unwrap().0);
    for other in &others {
        other.join(&[ada.local_addr()]).unwrap();
    }
    until("five members", || ada.members().unwrap().len() == 5);
    // One waits in the channel, one for a place there, and one in the node.
    until("word of the loss", || matches!(events.recv_timeout(PATIENCE), Ok(Event::EventsLost { .. })));
}

#[test]
fn odd_datagrams_are_counted_and_survived() {
    let (node, _events) = spawn(options("ada")).unwrap();
    let stranger = UdpSocket::bind(LOOPBACK).unwrap();
    let largest = vec![b'q'; 65_507];
    for odd in [&[][..], b"qn", &largest] {
        let before = node.stats().unwrap().datagrams_rejected;
        until("a refusal", || {
            stranger.send_to(odd, node.local_addr()).unwrap();
            node.stats().unwrap().datagrams_rejected > before
        });
    }
    assert_eq!(node.stats().unwrap().datagrams_received, 0);
}

#[test]
fn a_seed_that_cannot_be_sent_to_is_a_loss_and_no_end() {
    let (node, _events) = spawn(options("ada")).unwrap();
    node.join(&["255.255.255.255:9".parse().unwrap()]).unwrap();
    until("a failed send", || node.read(|driver| driver.socket_stats().sends_failed).unwrap() > 0);
    node.stop().unwrap();
}

#[test]
fn two_nodes_live_on_one_thread_without_a_handle() {
    let mut ada = Driver::bind(options("ada")).unwrap();
    let mut bob = Driver::bind(Options { seed: Some(1), ..options("bob") }).unwrap();
    bob.command(Command::Join { seeds: &[ada.local_addr()] }).unwrap();
    let (a, b) = (ada.identity().id, bob.identity().id);
    until("a meeting", || {
        ada.turn(Duration::from_millis(1)).unwrap();
        bob.turn(Duration::from_millis(1)).unwrap();
        let alive = Some(Health::Alive);
        ada.view().health(b) == alive && bob.view().health(a) == alive
    });
    assert!(std::iter::from_fn(|| bob.poll_event()).any(|event| matches!(event, Event::Joined { members: 2 })));
}

#[test]
fn what_one_node_puts_another_reads() {
    let ((ada, _), (bob, events)) = spawn_pair(&Config::local());
    bob.watch(b"ro").unwrap();
    ada.put(b"role", b"primary", None).unwrap();
    ada.put(b"lease", b"mine", Some(Duration::from_secs(60))).unwrap();
    let owner = ada.identity().id;
    let read =
        |key: &'static [u8]| bob.read(move |driver| driver.view().value(owner, key).map(|value| value.value.to_vec()));
    until("both values", || read(b"role").unwrap().is_some() && read(b"lease").unwrap().is_some());
    ada.delete(b"role").unwrap();
    until("a deletion", || read(b"role").unwrap().is_none());
    let told: Vec<_> = events
        .try_iter()
        .filter_map(|event| if let Event::Value(change) = event { Some(change) } else { None })
        .collect();
    let values: Vec<_> = told.iter().map(|change| (&*change.key, change.value.as_deref())).collect();
    assert_eq!(values, [(&b"role"[..], Some(&b"primary"[..])), (&b"role"[..], None)], "only what is watched");
    assert_eq!(ada.put(b"", b"", None), Err(RequestError::Refused(Rejected::Key { len: 0 })));
}

#[test]
fn names_are_looked_up_and_one_that_stands_for_nobody_is_no_error() {
    let (ada, _ada_events) = spawn(options("ada")).unwrap();
    let (bob, _bob_events) = spawn(options("bob")).unwrap();
    let none: [&str; 0] = [];
    assert_eq!(bob.join_names(none), Err(RequestError::Refused(Rejected::NoSeeds)));
    let port = ada.local_addr().port();
    bob.join_names(["nobody.invalid:7946".to_string(), format!("localhost:{port}")]).unwrap();
    until("a meeting", || ada.members().unwrap().len() == 2);
}

#[test]
fn a_ping_has_a_time_and_a_stranger_has_none() {
    let ((ada, _), (bob, _)) = spawn_pair(&Config::local());
    until("a meeting", || ada.members().unwrap().len() == 2);
    assert!(ada.ping(bob.identity().id).unwrap().is_some_and(|rtt| rtt < PATIENCE));
    let nobody = NodeId::from_name("nobody");
    assert_eq!(ada.ping(nobody), Err(RequestError::Refused(Rejected::NoSuchMember { id: nobody })));
}

#[test]
fn letters_arrive_in_their_order_over_real_streams() {
    let config = Config { streams: Some(StreamLimits::default()), ..Config::local() };
    let ((ada, _), (bob, events)) = spawn_pair(&config);
    until("a meeting", || ada.members().unwrap().len() == 2 && bob.members().unwrap().len() == 2);
    let letter = |number: u8| vec![number; 1 + usize::from(number) * 9000];
    for number in 0..8 {
        ada.send(bob.identity().id, &letter(number)).unwrap();
    }
    let letter_of =
        |event| if let Event::Message { from, bytes } = event { Some((from, bytes.into_vec())) } else { None };
    let mut letters = events.iter().filter_map(letter_of);
    for number in 0..8 {
        let (from, bytes) = letters.next().unwrap();
        assert!((from, &bytes) == (ada.identity().id, &letter(number)), "{} bytes of {number}", bytes.len());
    }
    assert_eq!(ada.read(|driver| driver.socket_stats().streams_failed), Ok(0));
    // Whoever is gone without a word takes no letter.
    let to = bob.identity().id;
    bob.stop().unwrap();
    assert!(matches!(ada.send(to, b"anybody?"), Err(RequestError::NotSent(_))));
}

/// All of 127.0.0.0/8 is this machine, and its routes name 127.0.0.1 for what goes there.
#[cfg(target_os = "linux")]
#[test]
fn who_asks_at_an_address_is_answered_from_it() {
    let advertise = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let (node, _events) = spawn(Options { bind: ANYWHERE, advertise, ..options("ada") }).unwrap();
    let stranger = UdpSocket::bind(LOOPBACK).unwrap();
    stranger.set_read_timeout(Some(PATIENCE)).unwrap();
    let (now, port) = (Instant::from_nanos(1), node.local_addr().port());
    for last in [2, 3, 1] {
        let asked = SocketAddr::from(([127, 0, 0, last], port));
        let id = NodeId::from_name("stranger");
        let identity = Identity { id, boot: 1, addr: stranger.local_addr().unwrap(), domain: Domain::NONE };
        let mut joiner = Node::new(Config::local(), identity, u64::from(last), now, None).unwrap();
        joiner.handle(now, Input::Command(Command::Join { seeds: &[asked] })).unwrap();
        let due = joiner.poll_timeout().unwrap().at;
        joiner.handle(due, Input::Timeout).unwrap();
        let mut bytes = [0; 1500];
        let request = joiner.poll_transmit(due, &mut bytes).unwrap();
        assert_eq!(request.to, asked);
        stranger.send_to(&bytes[..request.len], asked).unwrap();
        let (_, from) = stranger.recv_from(&mut bytes).unwrap();
        assert_eq!(from, asked);
    }
}
