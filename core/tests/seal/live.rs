//! Five parties that go on talking while keys and modes change, one party at a time, in any order: only the link loses.

use quidnunc_core::seal::{KeyRing, Mode, SealError};

use super::net::Net;
use super::party::{Party, key};
use crate::harness::Chance;

const PARTIES: usize = 5;

fn cluster(seed: u64, mode: Mode, loss_percent: u64) -> Net {
    let party = |number| Party::with(number, 990, |config| config.mode = mode, KeyRing::new(key(1)));
    let mut net = Net::new(seed, (1..=5).map(party).collect(), 1..6);
    net.loss_percent = loss_percent;
    net
}

/// Everybody talks to anybody.
fn talk(net: &mut Net, millis: u64) {
    for _ in 0..millis {
        let from = net.chance.below(PARTIES);
        let to = (from + 1 + net.chance.below(PARTIES - 1)) % PARTIES;
        net.say(from, to);
        net.tick();
    }
}

/// One step of all parties, in an order of its own, while they talk.
fn step(net: &mut Net, order: &mut Chance, mut act: impl FnMut(&mut Party)) {
    let mut left: Vec<usize> = (0..PARTIES).collect();
    while !left.is_empty() {
        let next = left.swap_remove(order.below(left.len()));
        let pause = order.next() % 60;
        talk(net, pause);
        act(&mut net.parties[next]);
    }
    talk(net, 50);
}

/// Lets what is held be proven, and what flies land.
fn finish(net: &mut Net, seed: u64) {
    net.loss_percent = 0;
    talk(net, 400);
    (0..50).for_each(|_| net.tick());
    assert!(net.missing().is_empty(), "seed {seed}: {:?}", net.missing());
    assert!(net.parties.iter().all(|party| party.seal.stats().held_lost == 0), "seed {seed}");
}

#[test]
fn from_off_over_accept_to_require_and_back() {
    for seed in 0..30 {
        let (mut net, mut order) = (cluster(seed, Mode::Off, seed % 3 * 5), Chance::new(seed));
        for mode in [Mode::Accept, Mode::Require, Mode::Accept, Mode::Off] {
            step(&mut net, &mut order, |party| party.seal.set_mode(mode).unwrap());
        }
        finish(&mut net, seed);
        let sent: u64 = net.parties.iter().map(|party| party.seal.stats().sealed).sum();
        assert!(sent > 100, "most of the way is sealed: {sent}");
    }
}

#[test]
fn a_key_is_changed() {
    for seed in 0..30 {
        let (mut net, mut order) = (cluster(seed, Mode::Require, seed % 3 * 5), Chance::new(seed));
        for old in 1..4 {
            let new = old + 1;
            step(&mut net, &mut order, |party| party.seal.install(key(new)).unwrap());
            let mut both = [key(old).id(), key(new).id()];
            both.sort();
            assert!(net.parties.iter().all(|party| party.seal.fingerprints().eq(both)), "progress can be seen");
            step(&mut net, &mut order, |party| party.seal.use_key(key(new).id()).unwrap());
            assert!(net.parties.iter().all(|party| party.seal.used_key() == Some(key(new).id())));
            step(&mut net, &mut order, |party| party.seal.remove(key(old).id()).unwrap());
        }
        finish(&mut net, seed);
        assert!(net.parties.iter().all(|party| party.seal.stats().unknown_key == 0), "seed {seed}");
    }
}

#[test]
fn a_node_restarts_in_the_middle_of_it() {
    for seed in 0..10 {
        let (mut net, mut order) = (cluster(seed, Mode::Require, 0), Chance::new(seed));
        talk(&mut net, 300);
        step(&mut net, &mut order, |party| party.seal.install(key(2)).unwrap());
        let mut ring = KeyRing::new(key(1));
        ring.install(key(2)).unwrap();
        net.parties[2] = Party::with(3, net.millis, |_| {}, ring);
        let restarted = net.millis;
        step(&mut net, &mut order, |party| party.seal.use_key(key(2).id()).unwrap());
        net.loss_percent = 0;
        talk(&mut net, 400);
        (0..50).for_each(|_| net.tick());
        // What was sealed before the new life began is lost, and what was within the delay of a packet.
        let lost: Vec<_> = net.missing().into_iter().filter(|&(_, _, at)| at > restarted + 5).collect();
        assert!(lost.is_empty(), "seed {seed}: {lost:?}");
    }
}

#[test]
fn steps_out_of_turn_are_refused_and_change_nothing() {
    let mut party = Party::start(1, 1000);
    let (one, two) = (key(1).id(), key(2).id());
    assert_eq!(party.seal.use_key(two), Err(SealError::UnknownKey { id: two }));
    assert_eq!(party.seal.remove(two), Err(SealError::UnknownKey { id: two }));
    assert_eq!(party.seal.remove(one), Err(SealError::KeyInUse { id: one }));
    for secret in 2..=8 {
        party.seal.install(key(secret)).unwrap();
        party.seal.install(key(secret)).unwrap();
    }
    assert_eq!(party.seal.install(key(9)), Err(SealError::TooManyKeys));
    assert_eq!((party.seal.fingerprints().len(), party.seal.used_key()), (8, Some(one)));
    assert!(party.seal.fingerprints().is_sorted());

    let mut keyless = Party::with(2, 1000, |config| config.mode = Mode::Off, KeyRing::empty());
    assert_eq!(keyless.seal.set_mode(Mode::Accept), Err(SealError::NoKey));
    assert_eq!(keyless.send(1001, b"plain"), super::party::frame(b"plain"));
    let sealed = party.send(1001, b"sealed");
    keyless.take(1002, party.addr, &sealed).is_nothing_but(quidnunc_core::seal::Refused::UnknownKey);
    keyless.seal.install(key(1)).unwrap();
    keyless.seal.set_mode(Mode::Require).unwrap();
}
