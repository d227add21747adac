//! How much does a node keep, whatever comes and goes? Never more than its settings say.

use alloc::vec;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::Node;
use super::birth::RUMOURS_MAX;
use super::cases::CASES_MAX;
use super::events::RESERVED;
use super::io::{Command, Identity, Input};
use crate::config::Config;
use crate::membership::book::GONE_MAX;
use crate::membership::takeovers::TAKEOVERS_MAX;
use crate::vocab::{Accusers, Domain, Health, Incarnation, Instant, NodeId, Record, Rng};
use crate::wire::{RecordKind, Sender, Writer};

const RESTARTS: u32 = 10_000;

/// Identities that start again and again; others come and go.
const RESTARTING: u32 = 24;

/// The names of what is counted, in the order of [`kept`] and [`bound`].
const NAMES: [&str; 12] = [
    "members",
    "rows",
    "tombstones",
    "addresses",
    "domains",
    "suspicions",
    "cases",
    "book",
    "takeovers",
    "intents",
    "events",
    "rumours",
];

/// What a node keeps now.
fn kept(node: &Node) -> [usize; NAMES.len()] {
    let [rows, tombstones, addresses, domains] = node.membership.kept();
    [
        node.view().members().count(),
        rows,
        tombstones,
        addresses,
        domains,
        node.suspicions.len(),
        node.cold.cases.len(),
        node.cold.book.len(),
        node.cold.takeovers.len(),
        node.intents.len(),
        node.cold.events.len(),
        node.gossip.len(),
    ]
}

/// The most that it may keep.
fn bound(config: &Config) -> [usize; NAMES.len()] {
    let members = config.members_max as usize;
    let (others, seeds, classes) = (members - 1, 1, 2);
    [
        members,
        members,
        others,
        members,
        // A row that changes its domain has two for a moment.
        members + 1,
        others,
        others.min(CASES_MAX),
        GONE_MAX + seeds,
        TAKEOVERS_MAX,
        // What does not fit into one packet is put back.
        config.intents_max + 1,
        config.events_max + RESERVED,
        classes * RUMOURS_MAX,
    ]
}

/// A node, its time, and the others as they are made up.
struct Churn {
    node: Node,
    config: Config,
    now: Instant,
    rng: Rng,
    boots: Vec<u64>,
    most: [usize; NAMES.len()],
}

impl Churn {
    fn new(config: Config, seed: u64) -> Self {
        let (now, addr) = (Instant::from_nanos(0), addr_of(0, false));
        let identity = Identity { id: NodeId::from_u128(0), boot: 1 << 40, addr, domain: Domain::NONE };
        let mut node = Node::new(config.clone(), identity, seed, now, None).expect("valid");
        let seeds = &[addr_of(1, false)];
        node.handle(now, Input::Command(Command::Join { seeds })).expect("taken");
        let (rng, boots) = (Rng::new(seed, NodeId::from_u128(9), 1), vec![0; RESTARTING as usize]);
        Self { node, config, now, rng, boots, most: [0; NAMES.len()] }
    }

    fn one_in(&mut self, times: u32) -> bool {
        self.rng.below(times) == 0
    }

    /// A life ends and the next one begins, at the same address or elsewhere, and says so itself.
    fn restart(&mut self) {
        let number = self.rng.below(RESTARTING);
        self.boots[number as usize] += 1;
        let (id, boot) = (NodeId::from_u128(u128::from(number) + 1), self.boots[number as usize]);
        let (moves, v6) = (self.one_in(3), self.one_in(2));
        let place = if moves { 1000 + self.rng.below(1000) } else { number };
        let domain = Domain::from_number(u64::from(self.rng.below(1000)));
        self.hear(id, &Record { domain, ..Record::of_new_life(id, boot, addr_of(place, v6)) });
    }

    /// Somebody says something of anybody: the node itself, those who start again, and many who are never there.
    fn hearsay(&mut self) {
        let pool = 4 * self.config.members_max + RESTARTING;
        let [number, sender] = [0; 2].map(|_| self.rng.below(pool));
        let health = [Health::Alive, Health::Alive, Health::Suspect, Health::Dead, Health::Left];
        let health = health[self.rng.below(5) as usize];
        let life_ms = u32::try_from(self.config.tombstone_life.as_millis()).expect("short");
        let age_ms = if health.is_live() { 0 } else { self.rng.below(life_ms + life_ms / 4) };
        let known = self.boots.get(number.wrapping_sub(1) as usize).copied().unwrap_or(1);
        let counter = if self.one_in(8) { u32::MAX - self.rng.below(3) } else { self.rng.below(4) };
        let incarnation = Incarnation { boot: known + u64::from(self.rng.below(2)), counter };
        let hops = u8::try_from(self.rng.below(3)).expect("small");
        let (id, v6) = (NodeId::from_u128(number.into()), self.one_in(2));
        let domain = Domain::from_number(u64::from(self.rng.below(1000)));
        let record = Record { id, incarnation, health, hops, age_ms, addr: addr_of(number, v6), domain };
        self.hear(NodeId::from_u128(u128::from(sender) + 1), &record);
    }

    fn hear(&mut self, sender: NodeId, record: &Record) {
        let sender = Sender { id: sender, incarnation: Incarnation::first(1), fingerprint: self.rng.next(), state: 0 };
        let kind = if self.one_in(4) { RecordKind::Bulk } else { RecordKind::Rumours };
        let mut bytes = [0; 512];
        let mut writer = Writer::begin(&mut bytes, 0, &sender).expect("it fits");
        writer.open_records(kind);
        assert!(writer.record_with(record, &Accusers::default()), "it fits");
        let len = writer.finish();
        let input = Input::Datagram { from: record.addr, bytes: &bytes[..len] };
        self.node.handle(self.now, input).expect("it is a datagram");
    }

    /// Time passes; the driver is slow.
    fn pass(&mut self) {
        self.now = self.now.after(Duration::from_millis(self.rng.below(120).into()));
        while self.node.poll_timeout().is_some_and(|wakeup| wakeup.at <= self.now) {
            self.node.handle(self.now, Input::Timeout).expect("a timeout is taken");
        }
        if self.one_in(40) {
            let mut buffer = [0; 1232];
            while self.node.poll_transmit(self.now, &mut buffer).is_some() {}
        }
        if self.one_in(200) {
            while self.node.poll_event().is_some() {}
        }
    }

    fn measure(&mut self) {
        let (kept, bound) = (kept(&self.node), bound(&self.config));
        for (place, name) in NAMES.iter().enumerate() {
            assert!(kept[place] <= bound[place], "{name}: {} of {}", kept[place], bound[place]);
            self.most[place] = self.most[place].max(kept[place]);
        }
    }
}

fn addr_of(number: u32, v6: bool) -> SocketAddr {
    let [.., high, low] = number.to_be_bytes();
    if v6 {
        let low = u16::from_be_bytes([high, low]);
        return SocketAddr::from(([0xfd00, 0, 0, 0, 0, 0, 0, low], 7946));
    }
    SocketAddr::from(([10, 0, high, low], 7946))
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(1), cases: 4, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn memory_is_bounded_under_any_churn(seed: u64, members_max in 8..96_u32, churn in 1..4_u32) {
        let config = Config {
            members_max, suspicion_max_mult: 1, tombstone_life: Duration::from_secs(20), events_max: 64,
            intents_max: 64, ..Config::lan()
        };
        let mut world = Churn::new(config, seed);
        for number in 0..RESTARTS {
            world.restart();
            (0..churn).for_each(|_| world.hearsay());
            world.pass();
            world.measure();
            if number % 32 == 0 {
                world.node.check();
            }
        }
        world.node.check();
        let stats = world.node.stats;
        prop_assert!(stats.forgotten > u64::from(members_max) && stats.intents_dropped > 0, "{:?}", stats);
        let (most, bound) = (world.most, bound(&world.config));
        prop_assert_eq!(&most[..2], &bound[..2], "every row was in use");
        prop_assert!(most.iter().all(|&most| most > 0), "everything was in use: {:?}", most);
    }
}
