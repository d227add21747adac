//! The laws of the interface hold with a quorum too: what changes nothing changes no standing.

use proptest::prelude::*;

use super::harness::{Line, Out, Step, assert_same, cases};
use super::*;

fn any_step() -> impl Strategy<Value = Step> {
    let peer = || 0..3_u8;
    prop_oneof![
        6 => (1..6000_u16).prop_map(|millis| Step::Run { millis }),
        1 => peer().prop_map(|peer| Step::Leave { peer }),
        2 => peer().prop_map(|peer| Step::Kill { peer }),
        2 => (peer(), peer()).prop_map(|(peer, seed)| Step::Join { peer, seed }),
        2 => peer().prop_map(|peer| Step::Restart { peer }),
        2 => (peer(), 1..20_000_u16).prop_map(|(peer, millis)| Step::Freeze { peer, millis }),
        1 => (peer(), 1..10_000_u16).prop_map(|(peer, millis)| Step::Backwards { peer, millis }),
        1 => (peer(), 512..1300_u16).prop_map(|(peer, bytes)| Step::Buffer { peer, bytes }),
        2 => (peer(), 0..32_u8, 0..8_u8).prop_map(|(peer, back, from)| Step::Again { peer, back, from }),
        2 => (peer(), 0..32_u8, any::<u16>(), 1..=255_u8)
            .prop_map(|(peer, back, place, xor)| Step::Mutated { peer, back, place, xor }),
    ]
}

/// Everybody meets and is in quorum, then anything happens; who has begun a new life is told again who votes.
fn play(course: &[Step], options: Options) -> World {
    let mut world = World::new(3, native(), options);
    (1..3).for_each(|peer| world.step(&Step::Join { peer, seed: 0 }));
    configure_all(&mut world);
    world.run(STABLE + LEASE);
    for step in course.iter().chain([&Step::Run { millis: 20_000 }]) {
        world.step(step);
        for peer in 0..3 {
            // Who has left, or was told, refuses.
            let _ = configure(&mut world, peer, 1, &voters(&[0; 3]), None);
        }
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 1000, ..cases::one_in(16) })]

    #[test]
    fn timeouts_refusals_and_hash_seeds_show_in_no_standing(
        course in prop::collection::vec(any_step(), 1..20), seed: u64, hash_seed: u64
    ) {
        let options = Options::plain(seed, Instant::from_nanos(0));
        let plain = play(&course, options);
        assert_same("a spurious timeout shows", &plain.log, &play(&course, Options { spurious: true, ..options }).log);
        assert_same("a refused datagram shows", &plain.log, &play(&course, Options { junk: true, ..options }).log);
        assert_same("a hash seed shows", &plain.log, &play(&course, Options { hash_seed, ..options }).log);
    }

    #[test]
    fn however_it_is_drained_no_standing_is_lost(course in prop::collection::vec(any_step(), 1..20), seed: u64) {
        let options = Options { spurious: true, ..Options::plain(seed, Instant::from_nanos(0)) };
        let (at_once, one_by_one) = (play(&course, options), play(&course, Options { one_by_one: true, ..options }));
        for peer in 0..3 {
            let events = |line: &&Line| line.peer == peer && matches!(line.out, Out::Event(_));
            let what = format!("peer {} drained one by one", peer + 1);
            assert_same(&what, at_once.log.iter().filter(events), one_by_one.log.iter().filter(events));
        }
    }

    /// Whoever says that it is in quorum sees enough, and nobody's report is another one than what it told.
    #[test]
    fn what_is_told_is_what_is_seen(course in prop::collection::vec(any_step(), 1..20), seed: u64) {
        let world = play(&course, Options::plain(seed, Instant::from_nanos(0)));
        for peer in 0..3 {
            let restarted = course.iter().any(|step| matches!(*step, Step::Restart { peer: of } if usize::from(of) == peer));
            let report = world.node(peer).view().standing_report().expect("it has a quorum");
            prop_assert!(report.to != Standing::InQuorum || report.votes.seen >= report.votes.needed);
            if !restarted {
                let last = told(&world, peer, Duration::ZERO).last().map(|&(to, _)| to);
                prop_assert_eq!(last.unwrap_or(Standing::NotInQuorum), report.to);
            }
        }
    }
}
