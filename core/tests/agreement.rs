//! Whatever happened to a cluster, once everybody runs and the network is whole, everybody agrees.

use crate::harness;

use std::time::Duration;

use harness::{Options, Step, World, addr_of, cases};
use proptest::prelude::*;
use quidnunc_core::{Command, Config, Event, Health, Instant};

fn any_trouble() -> impl Strategy<Value = Step> {
    let peer = || 0..4_u8;
    prop_oneof![
        6 => (1..15_000_u16).prop_map(|millis| Step::Run { millis }),
        2 => peer().prop_map(|peer| Step::Kill { peer }),
        1 => peer().prop_map(|peer| Step::Restart { peer }),
        1 => (peer(), peer()).prop_map(|(peer, other)| Step::Remove { peer, other }),
        1 => (peer(), 1..60_000_u16).prop_map(|(peer, millis)| Step::Freeze { peer, millis }),
        2 => (peer(), 0..32_u8, 0..8_u8).prop_map(|(peer, back, from)| Step::Again { peer, back, from }),
        1 => (peer(), peer()).prop_map(|(peer, seed)| Step::Join { peer, seed }),
    ]
}

proptest! {
    #![proptest_config(cases::one_in(8))]

    #[test]
    fn everybody_agrees_in_the_end(trouble in prop::collection::vec(any_trouble(), 1..20), seed: u64) {
        let mut world = World::new(4, Config::lan(), Options::plain(seed, Instant::from_nanos(0)));
        world.meet();
        trouble.iter().for_each(|step| world.step(step));
        world.run(Duration::from_secs(60));
        for peer in 0..4 {
            world.step(&Step::Restart { peer });
            world.step(&Step::Join { peer, seed: u8::from(peer == 0) });
        }
        world.run(Duration::from_secs(180));
        for of in 0..4 {
            for about in 0..4 {
                prop_assert_eq!(world.belief(of, about), Some(Health::Alive), "{} of {}", of + 1, about + 1);
            }
            prop_assert_eq!(world.node(of).view().fingerprint(), world.node(0).view().fingerprint());
        }
    }

    #[test]
    fn a_goodbye_is_heard(count in 3..7_usize, seed: u64) {
        let mut world = World::new(count, Config::lan(), Options::plain(seed, Instant::from_nanos(0)));
        world.meet();
        world.command(1, Command::Leave).expect("a member may leave");
        world.run(Duration::from_secs(20));
        prop_assert!(world.events(1).any(|(_, event)| matches!(event, Event::Left(_))), "the goodbye was told");
        for of in 0..count {
            prop_assert_eq!(world.belief(of, 1), Some(Health::Left), "{}", of + 1);
        }
    }

    #[test]
    fn halves_that_took_each_other_for_dead_find_together(count in 2..7_usize, seed: u64, seconds in 1..120_u64) {
        let mut world = World::new(count, Config::lan(), Options::plain(seed, Instant::from_nanos(0)));
        world.meet();
        world.peers.iter_mut().step_by(2).for_each(|peer| peer.side = 1);
        world.run(Duration::from_secs(seconds));
        world.peers.iter_mut().for_each(|peer| peer.side = 0);
        world.run(Duration::from_secs(180));
        for of in 0..count {
            for about in 0..count {
                prop_assert_eq!(world.belief(of, about), Some(Health::Alive), "{} of {}", of + 1, about + 1);
            }
        }
    }

    #[test]
    fn a_frozen_cluster_wakes_up_as_it_was(seed: u64, millis in 1..60_000_u16) {
        let mut world = World::new(4, Config::lan(), Options::plain(seed, Instant::from_nanos(0)));
        world.meet();
        world.command(0, Command::Join { seeds: &[addr_of(1)] }).expect("a member may join again");
        for peer in 0..4 {
            world.step(&Step::Freeze { peer, millis });
        }
        world.run(Duration::from_secs(90));
        for peer in 0..4 {
            let stats = world.node(peer).view().stats();
            prop_assert_eq!((stats.suspicions, stats.convictions), (0, 0), "peer {}", peer + 1);
        }
    }
}
