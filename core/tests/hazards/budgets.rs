//! Whatever the datagram budget, is it kept, and does every exchange bring something?

use std::time::Duration;

use proptest::prelude::*;
use quidnunc_core::{Command, Config, DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MIN, Instant, KEY_BYTES_MAX, Purpose};

use super::harness::{Options, Out, World, addr_of, cases};

/// Budgets of every order of magnitude, and both ends.
fn any_budget() -> impl Strategy<Value = usize> {
    prop_oneof![
        1 => Just(DATAGRAM_BYTES_MIN),
        1 => Just(DATAGRAM_BYTES_MAX),
        4 => DATAGRAM_BYTES_MIN..1500,
        2 => 1500..DATAGRAM_BYTES_MAX,
    ]
}

/// Keys, with the part of the longest value in 256ths that each stands for; some end, some are deleted again.
fn any_map() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    prop::collection::vec(
        (any::<u8>(), prop_oneof![6 => 0..16_u8, 1 => any::<u8>(), 1 => Just(u8::MAX)], 0..4_u8),
        0..60,
    )
}

proptest! {
    #![proptest_config(cases::one_in(8))]

    /// The harness asserts the length of every datagram.
    #[test]
    fn every_datagram_keeps_to_its_budget_and_brings_something(
        budget in any_budget(), maps in prop::collection::vec(any_map(), 2..4), seed: u64
    ) {
        let count = maps.len();
        let config = Config { datagram_bytes_max: budget, ..Config::lan() };
        let most = 2 * budget.min(3000);
        let mut world = World::new(count, config, Options::plain(seed, Instant::from_nanos(0)));
        for (peer, map) in maps.iter().enumerate() {
            for &(key, part, fate) in map {
                let value = vec![part; if part == u8::MAX { most } else { most * usize::from(part) / 256 }];
                // The longest value stands beside the longest key.
                let key = [key; KEY_BYTES_MAX];
                let key = if part == u8::MAX { &key[..] } else { &key[..9] };
                let (value, ttl) = (&value[..], Duration::from_secs(3600));
                if fate == 0 {
                    world.command(peer, Command::PutWithTtl { key, value, ttl }).expect("taken");
                } else {
                    world.say(peer, key, value);
                }
                if fate == 1 {
                    world.command(peer, Command::Delete { key }).expect("taken");
                }
            }
        }
        for peer in 1..count {
            world.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("taken");
        }
        world.run(Duration::from_secs(40));
        for owner in 0..count {
            for of in 0..count {
                prop_assert_eq!(world.map(of, owner), world.map(owner, owner), "what {} holds of {}", of + 1, owner + 1);
            }
        }
        // Whatever is sent in vain is sent again and again: each copy has come further with every second datagram.
        let sent = world.log.iter().filter(|line| matches!(&line.out, Out::Packet { purpose: Purpose::State, .. })).count();
        let items: usize = (0..count).map(|owner| maps[owner].len() + 1).sum();
        prop_assert!(sent <= 40 + 4 * count * items, "{sent} datagrams for {items} items");
    }
}
