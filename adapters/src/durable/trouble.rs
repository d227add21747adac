//! What can be wrong with a file of state, and what becomes of it?

use std::io;
use std::path::PathBuf;

use quidnunc_core::NodeId;

/// Why the state could not be read or kept.
///
/// After an error of [`Durable::save`](super::Durable::save) the file is what it was before. Only where the folder
/// could not be synced the new one is in place already, and whether a power cut brings the old one back is open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DurableError {
    /// The system refuses: no such folder, no permission, no space.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process, or another [`Durable`](super::Durable) of this one, uses the file.
    #[error("{path} is in use by another node; every node needs a file of its own")]
    Locked {
        /// The file of state.
        path: PathBuf,
    },
    /// A folder, a device or the like; it is left alone.
    #[error("{path} is no regular file; name one, or one that is not there yet")]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// So many damaged files lie there that another one has no place. Nothing was touched.
    #[error("{path} is damaged ({damage}), and so were {most} before it; look into them and move them away")]
    Crowded {
        /// The file of state.
        path: PathBuf,
        /// What is wrong with it.
        damage: Damage,
        /// [`DAMAGED_MAX`](super::DAMAGED_MAX).
        most: u32,
    },
    /// The state is too large for one file.
    #[error("the state for {path} may take {bytes} bytes, more than {most}; keep less in the map")]
    TooLarge {
        /// The file of state.
        path: PathBuf,
        /// How long it would be at most.
        bytes: u64,
        /// [`FILE_BYTES_MAX`](super::FILE_BYTES_MAX).
        most: u64,
    },
    /// Somebody has written to the file although it is locked. Open it again.
    #[error("{path} was changed from outside while it was in use: {damage}")]
    Changed {
        /// The file of state.
        path: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// The last boot number was the last one that there is.
    #[error("no boot number comes after that in {path}; give the node a new identity")]
    NoBootLeft {
        /// The file of state.
        path: PathBuf,
    },
}

/// A file of state that could not be used, and was set aside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} could not be used ({damage}); it lies in {aside} now, and the node knows nothing of earlier lives")]
#[non_exhaustive]
pub struct Trouble {
    /// Where it was.
    pub path: PathBuf,
    /// Where it is.
    pub aside: PathBuf,
    /// What is wrong with it.
    pub damage: Damage,
}

/// Why bytes are no state of this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// It ends within its head.
    #[error("it ends after {bytes} bytes")]
    Short {
        /// How many there are.
        bytes: usize,
    },
    /// It does not begin as a file of state does.
    #[error("it is no file of state")]
    Foreign,
    /// A later release wrote it, in a way that this one cannot read.
    #[error("it has format {version}, this release reads up to {most}", most = super::format::VERSION)]
    LaterVersion {
        /// The format's version.
        version: u8,
    },
    /// It is longer or shorter than its head says.
    #[error("it has {bytes} bytes and says {told}")]
    Length {
        /// How many there are.
        bytes: u64,
        /// How many its head tells of.
        told: u64,
    },
    /// It is longer than any that is written.
    #[error("it has {bytes} bytes, more than any that is written")]
    Long {
        /// How many there are.
        bytes: u64,
    },
    /// Its bytes are not those that were written.
    #[error("its checksum is wrong")]
    Checksum,
    /// It is whole, and another node's.
    #[error("it belongs to node {id}")]
    OtherNode {
        /// Whose it is.
        id: NodeId,
    },
    /// It is whole, and one section is not as this release knows it.
    #[error("its section {kind} cannot be read")]
    Section {
        /// Which one.
        kind: u8,
    },
}
