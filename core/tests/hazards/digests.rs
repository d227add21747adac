//! Thousands of maps, a few of which differ: is only that sent which differs?

use std::time::Duration;

use quidnunc_core::{Config, Input, Node, Purpose, Record};

use super::net::{CHANGES, Net, addr, id, member, sections};

const OWNERS: u32 = 5000;

/// A node's own next probe, which says what it holds; nobody hears it otherwise.
fn probe_of(node: &Node) -> Vec<u8> {
    let (mut double, mut buffer) = (node.clone(), [0; 2000]);
    loop {
        let at = double.poll_timeout().expect("it probes").at;
        double.handle(at, Input::Timeout).expect("a timeout is taken");
        if let Some(transmit) = double.poll_transmit(at, &mut buffer)
            && transmit.purpose == Purpose::Probe
        {
            return buffer[..transmit.len].to_vec();
        }
    }
}

/// Two of so many nodes, which hold the maps of all others, and those of the others that are wanted.
fn two_who_hold_everything(config: &Config, wanted: &[u32]) -> (Net, Vec<Node>) {
    let members: Vec<Record> = (0..OWNERS).map(|number| member(number, 1)).collect();
    // The two tell nothing on: whatever they have from each other, a repair brought.
    let mut net = Net::new(Config { retransmit_mult: 0, ..config.clone() });
    net.nodes = (0..2).map(|number| net.born(number, 1, &members)).collect();
    net.config = config.clone();
    let mut kept = Vec::new();
    for number in 2..OWNERS {
        let owner = net.born(number, 1, &[member(0, 1), member(1, 1), member(number, 1)]);
        net.nodes.push(owner);
        net.say(2, b"key", &number.to_le_bytes());
        net.run(Duration::from_millis(1));
        let owner = net.nodes.pop().expect("it is the last");
        if wanted.contains(&number) {
            kept.push(owner);
        }
    }
    (net, kept)
}

/// Hazard `digest_mtu_1200_n5000`: two nodes whose copies differ in a few owners converge, in datagrams of at most
/// 1200 bytes, and no map is sent that was equal.
#[test]
fn digest_mtu_1200_n5000() {
    // Nobody is probed meanwhile, since hardly anybody is there.
    let (period, tombstone_life) = (Duration::from_secs(600), Duration::from_secs(86_400));
    let gossip_interval = Duration::from_millis(1);
    let base = Config { suspicion_max_mult: 1, ..Config::lan() };
    let config = Config { datagram_bytes_max: 1200, period, tombstone_life, gossip_interval, ..base };
    let newer = [10, 2000, 3000, 4000, 4999];
    let (mut net, owners) = two_who_hold_everything(&config, &newer);
    let sum = |net: &Net, place: usize| net.nodes[place].view().state_fingerprint();
    let taken = |net: &Net, place: usize| {
        let stats = *net.nodes[place].view().stats();
        (stats.changes_taken, stats.changes_refused)
    };
    assert_eq!((taken(&net, 0), taken(&net, 1)), ((4998, 0), (4998, 0)));
    assert_eq!(sum(&net, 0), sum(&net, 1), "both hold everything");
    // Three owners are heard by one of the two only, two by the other.
    for (place, owner) in owners.into_iter().enumerate() {
        let deaf = net.nodes.remove(usize::from(place < 3));
        net.nodes.push(owner);
        net.say(1, b"key", b"newer");
        net.run(Duration::from_millis(1));
        net.nodes.pop();
        net.nodes.insert(usize::from(place < 3), deaf);
    }
    assert_eq!((taken(&net, 0), taken(&net, 1)), ((5001, 0), (5000, 0)));
    net.sent.clear();
    let mut rounds = 0;
    while sum(&net, 0) != sum(&net, 1) {
        rounds += 1;
        assert!(rounds <= 40, "they converge");
        net.run(Duration::from_secs(1));
        let probe = probe_of(&net.nodes[1]);
        net.hear(0, addr(1), &probe);
    }
    assert_eq!((taken(&net, 0), taken(&net, 1)), ((5003, 0), (5003, 0)), "each took what it lacked, once");
    for number in newer {
        for node in &net.nodes {
            assert_eq!(node.view().value(id(number), b"key").map(|value| value.value), Some(&b"newer"[..]));
        }
    }
    let changes: usize = net.sent.iter().flat_map(|sent| sections(&sent.bytes, CHANGES)).map(<[u8]>::len).sum();
    assert!(changes > 0 && changes <= newer.len() * 80, "{changes} bytes of changes");
    let bytes: usize = net.sent.iter().filter(|sent| sent.purpose == Purpose::State).map(|sent| sent.bytes.len()).sum();
    assert!(bytes <= 20_000, "{bytes} bytes about maps");
}
