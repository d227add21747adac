//! How does a cluster of our nodes come to hold 20 keys of everybody?

use std::time::Duration;

use quidnunc_benches::cluster::Cluster;
use quidnunc_core::{Command, Config, Node};

use crate::{KEYS, Settled, VALUE, key};

/// Our nodes.
pub(crate) struct Ours {
    cluster: Cluster,
}

impl Ours {
    /// Nodes that join through the first one and then put their keys.
    pub(crate) fn new(nodes: u32) -> Self {
        let mut cluster = Cluster::new(1, nodes, || 0);
        while !cluster.is_converged() {
            cluster.run_for(1);
        }
        for (node, number) in (0..nodes).flat_map(|node| (0..KEYS).map(move |number| (node, number))) {
            cluster.command(node, Command::Put { key: key(number).as_bytes(), value: VALUE.as_bytes() });
        }
        Self { cluster }
    }
}

impl Settled for Ours {
    fn round(&self) -> Duration {
        Config::lan().gossip_interval
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.cluster.now().as_nanos())
    }

    fn bytes(&self) -> u64 {
        self.cluster.bytes()
    }

    fn run_for(&mut self, time: Duration) {
        self.cluster.run_until(self.cluster.now().after(time));
    }

    fn change(&mut self, owner: u32, value: &str) {
        self.cluster.command(owner, Command::Put { key: key(0).as_bytes(), value: value.as_bytes() });
    }

    fn all_show(&self, owner: u32, value: &str) -> bool {
        let (nodes, key) = (self.cluster.nodes(), key(0));
        let owner = nodes[owner as usize].view().id();
        let shown =
            |node: &Node| node.view().value(owner, key.as_bytes()).is_some_and(|found| found.value == value.as_bytes());
        nodes.iter().all(shown)
    }

    fn is_whole(&self) -> bool {
        let nodes = self.cluster.nodes();
        let sum = nodes[0].view().state_fingerprint();
        let keys = |owner: &Node| nodes[0].view().values(owner.view().id(), b"").count();
        self.cluster.is_converged()
            && nodes.iter().all(|node| node.view().state_fingerprint() == sum && keys(node) == KEYS as usize)
    }
}
