//! A node as bytes, and from which build they are.

use std::sync::OnceLock;

use quidnunc_core::{Config, Domain, Identity, Instant, Node, NodeId, stable_hash};

/// Bytes are no node of this build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a node that this build can read: {0}")]
pub struct ThawError(#[from] postcard::Error);

/// Everything that a node is. Costs as much as the node is large.
///
/// # Panics
/// When a part of it cannot be written, which is a mistake in the core.
#[must_use]
pub fn freeze(node: &Node) -> Vec<u8> {
    postcard::to_allocvec(node).expect("everything in a node has a length")
}

/// The node whose [`freeze`] these bytes are. It goes on from where that one was.
///
/// # Errors
/// [`ThawError`] when they are no such bytes. Bytes that somebody made up may pass for a node that contradicts itself all the
/// same; it may panic later.
pub fn thaw(bytes: &[u8]) -> Result<Node, ThawError> {
    Ok(postcard::from_bytes(bytes)?)
}

/// What tells builds apart whose nodes are not laid out alike: the hash of a certain node.
#[must_use]
pub(crate) fn layout() -> u64 {
    static LAYOUT: OnceLock<u64> = OnceLock::new();
    *LAYOUT.get_or_init(|| {
        let addr = ([127, 0, 0, 1], 7946).into();
        let identity = Identity { id: NodeId::from_u128(1), boot: 1, addr, domain: Domain::NONE };
        let mut config = Config::lan();
        config.infos = Some(quidnunc_core::InfoSettings::default());
        let node = Node::new(config, identity, 1, Instant::from_nanos(0), None);
        node.map_or(0, |node| stable_hash(0, &freeze(&node)))
    })
}
