//! Infos between real nodes: links open, everybody learns everything, groups, events and ends agree.

use crate::harness;

use std::time::Duration;

use harness::{Options, World, addr_of, id_of};
use quidnunc_core::{
    Command, Config, Domain, Event, GroupDef, GroupOrder, Health, InfoValue, Instant, KeyPattern, LinksStanding,
    Question, Rejected, UserEvent, info_keys,
};

const SECOND: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_secs(2);
const HOUR: Option<Duration> = Some(Duration::from_secs(3600));

fn begin(count: usize, seed: u64) -> World {
    let mut world = World::new(count, Config::infos(), Options::plain(seed, Instant::from_nanos(0)));
    for peer in 1..count {
        world.command(peer, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    }
    world
}

fn key_of(peer: usize) -> Vec<u8> {
    format!("load.{peer}").into_bytes()
}

fn add(world: &mut World, peer: usize, key: &[u8], value: i64) {
    world.command(peer, Command::AddInfo { key, value: InfoValue::Int(value), ttl: HOUR }).expect("an info is taken");
}

/// Each adds an info of its own, with its number as the value.
fn add_one_each(world: &mut World) {
    (0..world.peers.len()).for_each(|peer| add(world, peer, &key_of(peer), i64::try_from(peer).expect("few")));
}

/// How many (node, issuer) pairs lack the issuer's info, of those that run.
fn lacking(world: &World) -> usize {
    let running: Vec<usize> = (0..world.peers.len()).filter(|&peer| world.peers[peer].runs).collect();
    let lacks = |peer: usize| running.iter().filter(|&&of| world.node(peer).view().info(&key_of(of)).is_none()).count();
    running.iter().map(|&peer| lacks(peer)).sum()
}

/// Runs until nobody lacks anything. Returns how many tenths of an interval that took.
fn settle(world: &mut World) -> u32 {
    let mut tenths = 0;
    while lacking(world) > 0 {
        world.run(INTERVAL / 10);
        tenths += 1;
        assert!(tenths < 600, "{} are lacking", lacking(world));
    }
    tenths
}

/// The sentinel is told by the first, in every interval for so long.
fn run_with_sentinel(world: &mut World, intervals: u32) {
    for _ in 0..intervals {
        let value = InfoValue::Int(1);
        world.command(0, Command::AddInfo { key: info_keys::SENTINEL, value, ttl: HOUR }).expect("an info is taken");
        world.run(INTERVAL);
    }
}

fn listed(world: &World, peer: usize, pattern: KeyPattern<'_>) -> Vec<i64> {
    let listed = world.node(peer).view().group(pattern).expect("the group is known");
    listed.map(|info| if let InfoValue::Int(value) = info.value { value } else { -1 }).collect()
}

/// What was said to a node: by whom, what, and whether an answer is wanted.
fn said(world: &World, peer: usize) -> Vec<UserEvent> {
    let said =
        world.events(peer).filter_map(|(_, event)| if let Event::User(said) = event { Some(said) } else { None });
    said.collect()
}

#[test]
fn everybody_learns_what_everybody_says_within_an_interval() {
    for (count, seed) in [(2, 1), (3, 2), (10, 3), (25, 4)] {
        let mut world = begin(count, seed);
        add_one_each(&mut world);
        let tenths = settle(&mut world);
        assert!(tenths <= 10, "{count} nodes need {tenths} tenths");
    }
}

#[test]
fn everybody_learns_what_everybody_says_though_a_fifth_is_lost() {
    for seed in 1..=4 {
        let mut world = begin(12, seed);
        world.loss_percent = 20;
        add_one_each(&mut world);
        settle(&mut world);
        for round in 0..20 {
            let peer = round % 12;
            add(&mut world, peer, &key_of(peer), 100 + i64::try_from(round).expect("few"));
            world.run(INTERVAL / 3);
        }
        world.run(10 * INTERVAL);
        for of in 0..12 {
            for peer in 0..12 {
                let own = world.node(of).view().info(&key_of(of)).map(|info| info.value);
                assert_eq!(world.node(peer).view().info(&key_of(of)).map(|info| info.value), own, "seed {seed}");
            }
        }
    }
}

#[test]
fn the_longest_info_goes_over_a_link() {
    // What else is in its datagram is as long as it gets, numbers of 9 bytes and a domain.
    let mut world = World::new(2, Config::infos(), Options::plain(1, Instant::from_nanos(0)));
    world.domains = [u64::MAX, u64::MAX - 1].map(Domain::from_number).to_vec();
    for peer in 0..2 {
        world.restart_with(peer, (1 << 62) - 1);
    }
    world.command(1, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    let (key, value) = ([7; 255], [9; 704]);
    let command = Command::AddInfo { key: &key, value: InfoValue::Bytes(&value), ttl: HOUR };
    world.command(0, command).expect("an info is taken");
    world.run(5 * INTERVAL);
    assert_eq!(world.node(1).view().info(&key).map(|info| info.value), Some(InfoValue::Bytes(&value)));
    let too_long = Command::AddInfo { key: &key, value: InfoValue::Bytes(&[9; 705]), ttl: HOUR };
    assert!(matches!(world.command(0, too_long), Err(Rejected::Info(_))));
}

#[test]
fn who_takes_no_part_refuses_and_is_not_disturbed() {
    let mut world = World::met(2, Config::lan(), 1);
    let command = Command::AddInfo { key: b"a", value: InfoValue::Int(1), ttl: HOUR };
    assert_eq!(world.command(0, command), Err(Rejected::NoInfos));
    assert_eq!(world.node(0).view().links_standing(), None);
}

#[test]
fn a_group_that_one_registers_is_listed_alike_everywhere() {
    let mut world = begin(10, 5);
    add_one_each(&mut world);
    let pattern = KeyPattern::dotted(b"load");
    world.command(4, Command::RegisterGroup(GroupDef { pattern, limit: 3, order: GroupOrder::Max })).expect("a group");
    settle(&mut world);
    world.run(2 * INTERVAL);
    assert!((0..10).all(|peer| listed(&world, peer, pattern) == [9, 8, 7]));
    // The best one worsens: the next one takes its place at once.
    add(&mut world, 9, &key_of(9), 0);
    world.run(2 * INTERVAL);
    assert!((0..10).all(|peer| listed(&world, peer, pattern) == [8, 7, 6]));
    assert!((0..10).all(|peer| world.node(peer).view().groups().count() == 1));
}

#[test]
fn two_definitions_of_a_group_are_reported_and_the_own_one_stays() {
    let mut world = begin(3, 6);
    world.run(2 * INTERVAL);
    let pattern = KeyPattern::prefix(b"load.");
    for (peer, limit) in [(0, 2), (1, 5)] {
        let group = GroupDef { pattern, limit, order: GroupOrder::Min };
        world.command(peer, Command::RegisterGroup(group)).expect("a group");
    }
    add_one_each(&mut world);
    world.run(3 * INTERVAL);
    let conflicts = |peer| world.events(peer).filter(|(_, event)| matches!(event, Event::GroupConflict(_))).count();
    assert_eq!([0, 1, 2].map(conflicts), [1, 1, 0]);
    assert_eq!([0, 1, 2].map(|peer| listed(&world, peer, pattern).len()), [2, 3, 3]);
}

#[test]
fn what_is_watched_is_reported_until_it_is_watched_no_more() {
    let mut world = begin(3, 7);
    let pattern = KeyPattern::prefix(b"load.");
    world.command(2, Command::WatchInfos { pattern, repeats: false }).expect("a watch");
    let reported = |world: &World| {
        let infos =
            world.events(2).filter_map(|(_, event)| if let Event::Info(info) = event { Some(info) } else { None });
        infos.map(|info| (info.key.to_vec(), info.contents_changed, info.ended)).collect::<Vec<_>>()
    };
    add(&mut world, 0, b"load.0", 1);
    world.run(2 * INTERVAL);
    add(&mut world, 0, b"load.0", 1);
    world.run(2 * INTERVAL);
    world.command(1, Command::DeleteInfo { key: b"load.0" }).expect("it is there");
    world.run(2 * INTERVAL);
    let short = Command::AddInfo { key: b"load.1", value: InfoValue::Int(5), ttl: Some(3 * SECOND) };
    world.command(1, short).expect("an info is taken");
    world.run(4 * INTERVAL);
    let [first, second] = [b"load.0", b"load.1"].map(|key| key.to_vec());
    let whole =
        [(first.clone(), true, false), (first, true, true), (second.clone(), true, false), (second, true, true)];
    assert_eq!(reported(&world), whole);
    world.command(2, Command::UnwatchInfos { pattern }).expect("it was watched");
    add(&mut world, 0, b"load.0", 2);
    world.run(2 * INTERVAL);
    assert_eq!(reported(&world).len(), 4);
}

#[test]
fn an_event_comes_to_everybody_once_and_in_order() {
    let mut world = begin(12, 8);
    world.loss_percent = 5;
    world.run(3 * INTERVAL);
    for number in 0..20_u8 {
        let command = Command::SendEvent { name: b"deploy", payload: &[number], ttl: 30 * SECOND };
        world.command(3, command).expect("an event is taken");
        world.run(INTERVAL / 10);
    }
    world.run(5 * INTERVAL);
    for peer in 0..12 {
        let heard: Vec<_> = said(&world, peer).iter().map(|event| (event.origin, event.payload.to_vec())).collect();
        let whole: Vec<_> = (0..20).map(|number| (id_of(3), vec![number])).collect();
        assert_eq!(heard, whole, "{peer}");
    }
}

#[test]
fn a_query_is_answered_by_everybody_until_its_time_is_over() {
    let mut world = begin(8, 9);
    world.run(3 * INTERVAL);
    let ask = Command::Query { number: 7, name: b"load?", payload: b"", window: 8 * SECOND };
    world.command(2, ask).expect("a query is taken");
    assert!(matches!(world.command(2, ask), Err(Rejected::Info(_))), "the number is in use");
    world.run(2 * INTERVAL);
    let answer = |world: &mut World, peer: usize| {
        let question: Question = said(world, peer)[0].question.expect("an answer is wanted");
        assert_eq!(question.asker, id_of(2));
        let payload = [u8::try_from(peer).expect("few")];
        world.command(peer, Command::Answer { question, payload: &payload }).expect("an answer is taken");
        world.command(peer, Command::Answer { question, payload: &payload }).expect("so is another");
    };
    (0..7).for_each(|peer| answer(&mut world, peer));
    world.run(5 * SECOND);
    answer(&mut world, 7);
    world.run(5 * SECOND);
    let mut answers: Vec<_> = world
        .events(2)
        .filter_map(|(_, event)| if let Event::Answer(answer) = event { Some(answer) } else { None })
        .map(|answer| (answer.query, answer.from, answer.payload.to_vec()))
        .collect();
    answers.sort();
    let whole: Vec<_> = (0..7).map(|peer| (7, id_of(peer), vec![u8::try_from(peer).expect("few")])).collect();
    assert_eq!(answers, whole, "one of each, and none that is late");
    assert!(world.events(2).any(|(_, event)| event == Event::QueryEnded { query: 7, answers: 7 }));
}

#[test]
fn whoever_dies_or_leaves_has_no_link_any_more() {
    let mut world = begin(8, 10);
    run_with_sentinel(&mut world, 5);
    let links_to = |world: &World, gone: usize| {
        let links = |peer: usize| {
            let view = world.node(peer).view();
            view.outgoing().chain(view.incoming()).filter(|link| link.id == id_of(gone)).count()
        };
        (0..8).filter(|&peer| peer != gone && world.peers[peer].runs).map(links).sum::<usize>()
    };
    assert!(links_to(&world, 5) > 0 && links_to(&world, 6) > 0);
    world.command(6, Command::Leave).expect("it may leave");
    world.run(2 * SECOND);
    assert_eq!(links_to(&world, 6), 0);
    assert_eq!(world.node(6).view().links_standing(), Some(LinksStanding::Stopped));
    world.kill(6);
    world.kill(5);
    run_with_sentinel(&mut world, 8);
    assert_eq!(world.belief(0, 5), Some(Health::Dead));
    assert_eq!(links_to(&world, 5), 0);
    let others = [0, 1, 2, 3, 4, 7];
    assert!(others.iter().all(|&peer| world.node(peer).view().links_standing() == Some(LinksStanding::Connected)));
}

#[test]
fn how_a_node_stands_is_reported_whenever_it_changes() {
    let mut world = begin(3, 14);
    run_with_sentinel(&mut world, 5);
    world.run(15 * INTERVAL);
    run_with_sentinel(&mut world, 3);
    world.command(2, Command::Leave).expect("it may leave");
    let stood = |event| if let Event::LinksStanding { standing } = event { Some(standing) } else { None };
    let stood = |peer: usize| world.events(peer).filter_map(|(_, event)| stood(event)).collect::<Vec<_>>();
    let whole = [LinksStanding::Connected, LinksStanding::SentinelMissing, LinksStanding::Connected];
    assert_eq!(
        (stood(1), &stood(2)[..3], stood(2).last()),
        (whole.to_vec(), &whole[..], Some(&LinksStanding::Stopped))
    );
}

/// What an earlier life issued comes back to a node that lost it, and its new life goes on above it.
#[test]
fn gossip_loopback_info_propagation() {
    let mut world = begin(5, 11);
    add_one_each(&mut world);
    settle(&mut world);
    world.kill(3);
    world.run(5 * INTERVAL);
    world.restart(3);
    world.command(3, Command::Join { seeds: &[addr_of(0)] }).expect("a join is taken");
    settle(&mut world);
    assert_eq!(world.node(3).view().info(&key_of(3)).map(|info| info.value), Some(InfoValue::Int(3)));
    add(&mut world, 3, &key_of(3), 30);
    world.run(2 * INTERVAL);
    let value = |peer: usize| world.node(peer).view().info(&key_of(3)).map(|info| info.value);
    assert!((0..5).all(|peer| value(peer) == Some(InfoValue::Int(30))));
}

#[test]
fn infos_grow_older_while_a_process_stands_still() {
    let mut world = begin(3, 12);
    world.run(2 * INTERVAL);
    let command = Command::AddInfo { key: b"short", value: InfoValue::Int(1), ttl: Some(20 * SECOND) };
    world.command(0, command).expect("an info is taken");
    world.run(INTERVAL);
    assert!(world.node(2).view().info(b"short").is_some());
    world.peers[2].frozen_until = world.now + 30 * SECOND;
    world.run(31 * SECOND);
    assert_eq!(world.node(2).view().info(b"short"), None);
}

#[test]
fn at_rest_each_info_comes_about_once() {
    let mut world = begin(20, 13);
    // The first news of each life goes over all links, and shows which of them are needed.
    for _ in 0..6 {
        add_one_each(&mut world);
        run_with_sentinel(&mut world, 1);
    }
    run_with_sentinel(&mut world, 10);
    let received = |world: &World| (0..20).map(|peer| world.node(peer).view().stats().infos_received).sum::<u64>();
    let news = |world: &World| (0..20).map(|peer| world.node(peer).view().stats().infos_news).sum::<u64>();
    let before = (received(&world), news(&world));
    run_with_sentinel(&mut world, 20);
    let (copies, news) = (received(&world) - before.0, news(&world) - before.1);
    assert!(news >= 19 * 20, "the sentinel alone is news {} times", 19 * 20);
    assert!(copies * 10 <= news * 11, "{copies} copies of {news}");
}
