//! How does a cluster of chitchat's own servers run in virtual time? On one thread of tokio whose clock stands still
//! while anybody has something to do, over chitchat's channels inside the process, with our network's delays.

use std::collections::BTreeMap;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use chitchat::transport::{ChannelTransport, RecvOutcome, SendOutcome, Socket, Transport};
use chitchat::{
    Chitchat, ChitchatConfig, ChitchatEnvelope, ChitchatHandle, ChitchatId, FailureDetectorConfig, ProtocolVersion,
    spawn_chitchat,
};
use quidnunc_benches::cluster::address_of;
use quidnunc_sim::engine::delay::DelaySampler;
use quidnunc_sim::engine::draws::{Draws, Purpose};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{KEYS, Settled, VALUE, key};

/// What its users set, and its own tests where they time nothing.
const ROUND: Duration = Duration::from_secs(1);

/// Servers of chitchat.
pub(crate) struct Peers {
    runtime: Runtime,
    start: Instant,
    transport: ChannelTransport,
    nodes: Vec<ChitchatHandle>,
}

impl Peers {
    /// Nodes that begin within a second, know the first one and have their keys.
    pub(crate) fn new(count: u32, version: ProtocolVersion) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("it has a timer");
        let transport = ChannelTransport::default();
        let delaying = Delaying { inner: transport.clone(), draws: Draws::new(1), opened: AtomicU64::new(0) };
        let (start, nodes) = runtime.block_on(async {
            let (start, mut nodes) = (Instant::now(), Vec::new());
            for number in 0..count {
                let keys = (0..KEYS).map(|number| (key(number), VALUE.to_owned())).collect();
                nodes.push(spawn_chitchat(config(number, version), keys, &delaying).await.expect("a free address"));
                sleep(ROUND / count).await;
            }
            (start, nodes)
        });
        Self { runtime, start, transport, nodes }
    }

    fn all(&self, holds: impl Fn(&Chitchat) -> bool) -> bool {
        let hold = async |node: &ChitchatHandle| node.with_chitchat(|chitchat| holds(chitchat)).await;
        self.nodes.iter().all(|node| self.runtime.block_on(hold(node)))
    }
}

fn config(number: u32, protocol_version: ProtocolVersion) -> ChitchatConfig {
    let listen_addr = address_of(number);
    // Ten digits that have nothing in common, or else format 1 would compress them better than any real names.
    let name = format!("{:010x}", Draws::new(1).draw(Purpose::NodeId, u64::from(number), 0) >> 24);
    ChitchatConfig {
        chitchat_id: ChitchatId::new(name, 1_790_000_000, listen_addr),
        cluster_id: "beside".to_owned(),
        gossip_interval: ROUND,
        listen_addr,
        seed_nodes: vec![address_of(0).to_string()],
        failure_detector_config: FailureDetectorConfig::default(),
        marked_for_deletion_grace_period: Duration::from_secs(3600),
        catchup_callback: None,
        extra_liveness_predicate: None,
        protocol_version,
    }
}

impl Settled for Peers {
    fn round(&self) -> Duration {
        ROUND
    }

    fn now(&self) -> Duration {
        self.runtime.block_on(async { Instant::now() - self.start })
    }

    fn bytes(&self) -> u64 {
        self.transport.statistics().num_bytes_total
    }

    fn run_for(&mut self, time: Duration) {
        self.runtime.block_on(async { sleep(time).await });
    }

    fn change(&mut self, owner: u32, value: &str) {
        let put = |chitchat: &mut Chitchat| chitchat.self_node_state().set(key(0), value);
        self.runtime.block_on(self.nodes[owner as usize].with_chitchat(put));
    }

    fn all_show(&self, owner: u32, value: &str) -> bool {
        let (owner, key) = (self.nodes[owner as usize].chitchat_id(), key(0));
        self.all(|chitchat| chitchat.node_state(owner).and_then(|state| state.get(&key)) == Some(value))
    }

    fn is_whole(&self) -> bool {
        let count = self.nodes.len();
        self.all(|chitchat| {
            let states = chitchat.node_states();
            let full = states.values().filter(|state| state.num_key_values() == KEYS as usize);
            full.count() == count && chitchat.live_nodes().count() == count
        })
    }
}

/// Chitchat's channels, but what was sent takes its time. (Its own wrapper for that holds a lock while it waits for
/// packets, and so nothing leaves meanwhile.)
struct Delaying {
    inner: ChannelTransport,
    draws: Draws,
    opened: AtomicU64,
}

struct DelayingSocket {
    inner: Box<dyn Socket>,
    under_way: BTreeMap<(Instant, u64), RecvOutcome>,
    arrived: u64,
    node: u64,
    delays: DelaySampler,
    draws: Draws,
}

#[async_trait::async_trait]
impl Transport for Delaying {
    async fn open(&self, addr: SocketAddr) -> anyhow::Result<Box<dyn Socket>> {
        let inner = self.inner.open(addr).await?;
        let (delays, draws, under_way) = (quidnunc_benches::delays(), self.draws, BTreeMap::new());
        let node = self.opened.fetch_add(1, Relaxed);
        Ok(Box::new(DelayingSocket { inner, under_way, arrived: 0, node, delays, draws }))
    }
}

#[async_trait::async_trait]
impl Socket for DelayingSocket {
    fn local_addr(&self) -> anyhow::Result<SocketAddr> {
        self.inner.local_addr()
    }

    async fn send(&mut self, to: SocketAddr, envelope: ChitchatEnvelope) -> anyhow::Result<SendOutcome> {
        self.inner.send(to, envelope).await
    }

    /// May be dropped at any time: what came in stands in `under_way`.
    async fn recv(&mut self) -> anyhow::Result<RecvOutcome> {
        loop {
            let next = self.under_way.first_key_value().map(|(&(at, _), _)| at);
            let due = async {
                match next {
                    Some(at) => sleep_until(at).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                packet = self.inner.recv() => {
                    let delay = self.delays.sample(self.draws.draw(Purpose::LinkDelay, self.node, self.arrived));
                    self.under_way.insert((Instant::now() + Duration::from_nanos(delay), self.arrived), packet?);
                    self.arrived += 1;
                }
                () = due => {
                    let (_, packet) = self.under_way.pop_first().expect("it was there before");
                    return Ok(packet);
                }
            }
        }
    }
}
