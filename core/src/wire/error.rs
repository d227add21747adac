//! Why bytes are not a datagram of ours.

/// Why some bytes are not a valid datagram. The node's state is unchanged by any of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DecodeError {
    /// Shorter than a frame.
    #[error("{len} bytes are too few for a frame")]
    TooShort {
        /// How many bytes there were.
        len: usize,
    },
    /// Does not begin with our magic bytes.
    #[error("not a quidnunc datagram")]
    NotOurs,
    /// Written by a release whose format this one does not know.
    #[error("wire version {found} is of another generation and not understood")]
    Version {
        /// The version in the frame.
        found: u8,
    },
    /// Uses a frame feature (sealing, compression) that this node does not have.
    #[error("frame flags {found:#04x} are not understood")]
    Flags {
        /// The flags in the frame.
        found: u8,
    },
    /// Belongs to another cluster.
    #[error("cluster tag {found:#010x} is not ours")]
    Cluster {
        /// The tag in the frame.
        found: u32,
    },
    /// Not what was sent: the checksum does not fit.
    #[error("damaged on the way")]
    Damaged,
    /// A section claims more bytes than there are.
    #[error("section {kind:#04x} is cut short")]
    Cut {
        /// Kind of the section.
        kind: u8,
    },
    /// A section's content is not what its kind says.
    #[error("section {kind:#04x} is malformed")]
    Malformed {
        /// Kind of the section.
        kind: u8,
    },
    /// A section that may stand once stands twice, or two bodies stand in one datagram.
    #[error("section {kind:#04x} is one too many")]
    Repeated {
        /// Kind of the second one.
        kind: u8,
    },
    /// Nobody is named as the sender.
    #[error("no sender")]
    NoSender,
}
