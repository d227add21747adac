//! Two strangers over a bad link: everything comes at most once, and they get to know each other as soon as it is better.

use super::net::Net;
use super::party::Party;

/// A datagram per party every 10 ms over a link that takes up to 20 ms, so that a round trip takes 40.
const PACE: u64 = 10;
const ROUND_TRIP: u64 = 40;

fn run(seed: u64, net: &mut Net, millis: u64) {
    for _ in 0..millis {
        if (net.millis + seed).is_multiple_of(PACE) {
            net.say(0, 1);
            net.say(1, 0);
        }
        net.tick();
    }
}

fn strangers(seed: u64) -> Net {
    Net::new(seed, vec![Party::start(1, 900), Party::start(2, 950)], 1..ROUND_TRIP / 2 + 1)
}

#[test]
fn after_the_loss_ends_both_are_proven_within_two_round_trips() {
    for seed in 0..50 {
        let mut net = strangers(seed);
        (net.loss_percent, net.double_percent) = (95, 0);
        run(seed, &mut net, 500);
        net.loss_percent = 0;
        // The first question after the loss may have to wait until another one is due.
        run(seed, &mut net, 2 * ROUND_TRIP + 20 + PACE);
        assert!(net.parties.iter().all(|party| party.seal.peers() == 1), "seed {seed}");
    }
}

#[test]
fn what_comes_comes_once_however_bad_the_link() {
    for seed in 0..50 {
        let mut net = strangers(seed);
        (net.loss_percent, net.double_percent) = (40, 40);
        // `tick` asserts that nothing comes twice.
        run(seed, &mut net, 3000);
        (net.loss_percent, net.double_percent) = (0, 20);
        run(seed, &mut net, 300);
        let known = net.millis - 200;
        run(seed, &mut net, 100);
        let late: Vec<_> = net.missing().into_iter().filter(|&(_, _, at)| at > known && at < net.millis - 50).collect();
        assert!(late.is_empty(), "seed {seed}: those who know each other lose nothing by themselves: {late:?}");
        assert!(net.got.len() > 300, "seed {seed}: {}", net.got.len());
    }
}

#[test]
fn strangers_lose_nothing_over_a_good_link() {
    for seed in 0..50 {
        let mut net = strangers(seed);
        run(seed, &mut net, 200);
        (0..ROUND_TRIP * 2).for_each(|_| net.tick());
        assert!(net.missing().is_empty(), "seed {seed}: {:?}", net.missing());
        assert!(net.parties.iter().all(|party| party.seal.stats().held_lost == 0), "seed {seed}");
    }
}
