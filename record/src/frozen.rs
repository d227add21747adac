//! A node as bytes, and from which build they are.

use quidnunc_core::{Node, stable_hash};

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

/// What tells builds apart of which one cannot read the other's nodes: the sources that they are made of.
pub(crate) fn layout() -> u64 {
    stable_hash(0, concat!(env!("CARGO_PKG_VERSION"), " ", env!("QUIDNUNC_SOURCES")).as_bytes())
}
