//! Somebody new needs much: how much more is sent than that, and whom does it keep waiting?

use std::time::Duration;

use quidnunc_core::{Command, Config, Purpose};

use super::net::{Net, addr, id};

/// Keys of a map that `number` holds, as one node's copy has it.
fn held(net: &Net, of: usize, number: u32) -> usize {
    net.nodes[of].view().values(id(number), b"").count()
}

/// So many nodes that know nobody, each with its number.
fn strangers(count: u32, delay: Duration) -> Net {
    let mut net = Net::new(Config::lan());
    net.delay = delay;
    net.nodes = (0..count).map(|number| net.born(number, 1, &[])).collect();
    net
}

/// A newcomer joins whoever has a map of so many keys. Returns how many datagrams about maps are sent until it has
/// all of it and a while after, and how many its keys and values fill.
fn datagrams_for(keys: u32, delay: Duration) -> (usize, usize) {
    let mut net = strangers(2, delay);
    let mut content = 0;
    for number in 0..keys {
        let (key, value) = (format!("key/{number:08}"), [number.to_le_bytes()[0]; 100]);
        content += key.len() + value.len();
        net.say(0, key.as_bytes(), &value);
    }
    net.command(1, Command::Join { seeds: &[addr(0)] });
    net.run(Duration::from_secs(30));
    assert_eq!(held(&net, 1, 0), keys as usize, "the newcomer has it");
    let sent = net.sent.iter().filter(|sent| sent.purpose == Purpose::State).count();
    (sent, content.div_ceil(net.config.datagram_bytes_max))
}

/// Hazard `join_10MB`, with a fifth of it: a newcomer gets a long map in at most 1.3 times the datagrams that its
/// keys and values fill. `benches/state` measures the whole.
#[test]
#[expect(non_snake_case, reason = "the name of the hazard")]
fn join_10MB() {
    for millis in [0, 1] {
        let (sent, ideal) = datagrams_for(18_000, Duration::from_millis(millis));
        assert!(sent >= ideal && sent * 10 <= ideal * 13, "{sent} datagrams for {ideal}, {millis} ms each");
    }
}

/// Repairs that begin while a long map is on its way, at either end, bring no more than a window of it again.
#[test]
fn a_long_map_comes_in_one_stream() {
    for millis in [10, 30, 50] {
        let (sent, ideal) = datagrams_for(18_000, Duration::from_millis(millis));
        assert!(sent * 10 <= ideal * 14, "{sent} datagrams for {ideal}, {millis} ms each");
    }
}

/// Hazard `small_owner_latency`: newcomers catch up with a giant of 10 MB, and meanwhile a small owner changes one
/// key. All know it within twice as many gossip intervals as the cluster doubles.
#[test]
fn small_owner_latency() {
    const COUNT: usize = 16;
    const OLD: usize = 12;
    const KEYS: u32 = 11_000;
    let mut net = strangers(16, Duration::from_millis(10));
    for place in 1..OLD {
        net.command(place, Command::Join { seeds: &[addr(0)] });
    }
    net.run(Duration::from_secs(10));
    for number in 0..KEYS {
        net.say(0, &number.to_le_bytes(), &[3; 900]);
    }
    net.say(1, b"k", b"old");
    for _ in 0..60 {
        net.run(Duration::from_secs(1));
        net.sent.clear();
    }
    assert!((1..OLD).all(|of| held(&net, of, 0) == KEYS as usize), "the giant is known");
    for place in OLD..COUNT {
        net.command(place, Command::Join { seeds: &[addr(u32::try_from(place - OLD).expect("small"))] });
    }
    net.run(Duration::from_secs(1));
    assert!((OLD..COUNT).all(|of| held(&net, of, 0) > 0 && held(&net, of, 1) == 1), "newcomers have begun");
    net.say(1, b"k", b"new");
    let rounds = 2 * COUNT.ilog2();
    net.run(net.config.gossip_interval * rounds);
    for (place, node) in net.nodes.iter().enumerate() {
        let known = node.view().value(id(1), b"k").map(|value| value.value.to_vec());
        assert_eq!(known.as_deref(), Some(&b"new"[..]), "node {place} after {rounds} rounds");
    }
    assert!((OLD..COUNT).all(|of| held(&net, of, 0) < KEYS as usize), "they are still busy with the giant");
}
