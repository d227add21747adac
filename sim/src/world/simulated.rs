//! How does somebody watch a whole cluster from cycle to cycle, as the simulation of 2014 let them?
//!
//! Real nodes with their real links, in virtual time: two calls with the same arguments see the same.

use core::time::Duration;
use std::net::SocketAddr;

use quidnunc_core::{Command, ConfigError, InfoValue, Input, Instant, Rejected, View};

use crate::scenario::parse;

use super::{RunOptions, World, cast};

/// What node 0 issues before the others start and in each cycle.
const NODE_COUNT: &[u8] = b"node-count";
const SENTINEL: &[u8] = b"sentinel";

/// How long the infos of node 0 stay.
const TTL: Duration = Duration::from_secs(3600);

/// So many nodes are told to everybody as those to join by, the first ones.
const BOOTSTRAPS: u32 = 3;

/// A packet takes so large a part of an interval, a fifth more or less.
const LATENCY: u32 = 50;

/// All nodes start within so large a part of an interval.
const START: u32 = 1000;

/// Lets so many nodes join by the first three of them and tell each other infos, with `seed` for all chance.
///
/// Node 0 issues the number of nodes before it starts, and a sentinel in every cycle. A cycle lasts one interval; at
/// its end `callback` gets its number, from 0 on, and all nodes, which it may let issue more infos. Ends when it
/// returns `false`.
///
/// ```
/// use core::time::Duration;
/// use quidnunc_sim::world::simulate_network;
///
/// let mut links = 0;
/// let ended = simulate_network(3, Duration::from_millis(150), 1, |cycle, cluster| {
///     links = (0..cluster.len()).map(|node| cluster.view(node).outgoing().count()).sum();
///     cycle < 5
/// });
/// assert_eq!((ended, links), (Ok(()), 3));
/// ```
///
/// # Errors
/// [`ConfigError`] when nodes cannot have this interval.
///
/// # Panics
/// When there are no nodes or more than a million.
pub fn simulate_network(
    nodes: u32,
    interval: Duration,
    seed: u64,
    mut callback: impl FnMut(u64, &mut Cluster<'_, '_>) -> bool,
) -> Result<(), ConfigError> {
    let ns = |part: u32| interval.as_nanos() / u128::from(part);
    let text = format!(
        "format = 1\nname = \"network\"\nabout = \"the simulation of 2014\"\nrun = {{ duration = \"8760h\" }}\n\
         protocol = {{ profile = \"infos\", info_interval = \"{}ns\" }}\n\
         nodes = {{ count = {nodes}, join = {{ contacts = {BOOTSTRAPS}, stagger = \"{}ns\" }} }}\n\
         net = {{ delay = {{ time = \"{}ns\", jitter = \"{}ns\", distribution = \"uniform\" }} }}\n",
        ns(1),
        ns(START.saturating_mul(nodes.max(1))),
        ns(LATENCY),
        ns(LATENCY * 5),
    );
    let scenario = parse("network", &text).unwrap_or_else(|problem| panic!("{problem}"));
    let options = RunOptions::default();
    let witness = &mut ();
    let mut world = World::new(&scenario, seed, &options, witness)?;
    let interval_ns = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
    world.advance_to(0);
    let mut cluster = Cluster { world: &mut world };
    let issued = cluster.add_info(0, NODE_COUNT, InfoValue::Int(nodes.into()), Some(TTL));
    assert_eq!(issued, Ok(()), "a node that has just started takes its first info");
    for cycle in 0_u64.. {
        cluster.world.advance_to((cycle + 1).saturating_mul(interval_ns));
        let value = InfoValue::Int(i64::try_from(cycle).unwrap_or(i64::MAX));
        let issued = cluster.add_info(0, SENTINEL, value, Some(TTL));
        assert_eq!(issued, Ok(()), "a sentinel is taken again and again");
        if !callback(cycle, &mut cluster) {
            break;
        }
    }
    Ok(())
}

impl World<'_, ()> {
    /// Lets everything happen up to an instant, at which something else is to happen.
    fn advance_to(&mut self, at: u64) {
        self.run_until(at);
        self.now = at;
    }
}

/// All nodes of a simulated network, at the end of a cycle.
pub struct Cluster<'w, 's> {
    world: &'w mut World<'s, ()>,
}

impl Cluster<'_, '_> {
    /// How many nodes there are.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.world.scenario.nodes.count
    }

    /// Never: there is one node at least.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a node knows.
    ///
    /// # Panics
    /// When there is no such node.
    #[must_use]
    pub fn view(&self, node: u32) -> View<'_> {
        self.world.cast.get(node).expect("all nodes run").view()
    }

    /// Where a node listens.
    #[must_use]
    pub fn addr(&self, node: u32) -> SocketAddr {
        cast::address_of(node)
    }

    /// Which node listens there; `None` if none does.
    #[must_use]
    pub fn node_at(&self, addr: SocketAddr) -> Option<u32> {
        Some(cast::node_at(addr)).filter(|&node| node < self.len())
    }

    /// Lets a node tell everybody something.
    ///
    /// # Errors
    /// [`Rejected`] when the node does not take it.
    ///
    /// # Panics
    /// When there is no such node.
    pub fn add_info(
        &mut self,
        node: u32,
        key: &[u8],
        value: InfoValue<'_>,
        ttl: Option<Duration>,
    ) -> Result<(), Rejected> {
        let now = self.world.now;
        let state = self.world.cast.input(node, now, key).expect("all nodes run");
        state.handle(Instant::from_nanos(now), Input::Command(Command::AddInfo { key, value, ttl }))?;
        self.world.after(node);
        Ok(())
    }
}
