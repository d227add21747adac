//! What cannot be done, and what is not let in.

use super::key::KeyId;

/// A setting or a command that cannot work. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// A key is neither of AES-128 nor of AES-192 nor of AES-256.
    #[error("a key has 16, 24 or 32 bytes, not {len}")]
    KeyLength {
        /// Bytes of the key.
        len: usize,
    },
    /// The ring is full; remove a key that nobody uses.
    #[error("the ring has {} keys already: remove one that nobody uses", super::KEYS_MAX)]
    TooManyKeys,
    /// No such key in the ring; install it first.
    #[error("no key {id} in the ring: install it first")]
    UnknownKey {
        /// Its name.
        id: KeyId,
    },
    /// The node seals with this key; use another one first.
    #[error("key {id} is in use: use another one before it is removed")]
    KeyInUse {
        /// Its name.
        id: KeyId,
    },
    /// Whoever seals needs a key.
    #[error("sealing needs a key: install one first")]
    NoKey,
    /// There must be room for some peers.
    #[error("peers_max is 0: there must be room for as many peers as the cluster has members")]
    NoPeers,
    /// Compression was asked of a build without it.
    #[error("compression needs the cargo feature `lz4`")]
    NoCompression,
    /// The buffer is too small for the datagram and what the seal adds.
    #[error("{needed} bytes are needed for the sealed datagram, and the buffer has {room}")]
    Room {
        /// Bytes that are needed.
        needed: usize,
        /// Bytes that are there.
        room: usize,
    },
    /// What was to be sealed is not a frame of this cluster.
    #[error("not a frame of this cluster: only whole datagrams of its nodes are sealed")]
    NotAFrame,
    /// This salt has sealed as much as one may; [`Seal::resume`](super::Seal::resume) with fresh entropy.
    #[error("too much was sealed under one salt: resume with fresh entropy")]
    Exhausted,
    /// The other side of a stream has not proven itself yet; hand its bytes to
    /// [`StreamSeal::open`](super::StreamSeal::open) first.
    #[error("the other side of the stream has not proven itself yet")]
    Handshake,
    /// The stream is over: it was ended, or something of it was refused. Open another one.
    #[error("the stream is over")]
    Over,
}

/// Why a datagram is not let in, or a stream not let go on. Each kind is counted in [`SealStats`](super::SealStats).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Not sealed, where everything must be.
    #[error("not sealed")]
    Plaintext,
    /// Shorter than its header and its tag; of a stream: over before the other side has said that it is.
    #[error("cut short")]
    Truncated,
    /// Of a version or with a flag that this release does not know, or compressed and this build cannot.
    #[error("of a later release, or compressed and this build cannot read that")]
    Unknown,
    /// Of another cluster.
    #[error("of another cluster")]
    Cluster,
    /// Sealed with a key that is not in the ring.
    #[error("sealed with a key that is not in the ring")]
    UnknownKey,
    /// It is this node's own; of a stream: it is what its own side would say.
    #[error("this node's own words came back")]
    Reflected,
    /// It was here before, or is so old that it may have been.
    #[error("it was here before")]
    Replayed,
    /// It is not what a holder of the key has sealed.
    #[error("not what a holder of the key has sealed")]
    Forged,
    /// It is from a holder of the key, and makes no sense.
    #[error("sealed by a holder of the key, and malformed")]
    Malformed,
    /// It inflates to more than a datagram or than it can; of a record: it claims to be longer than any.
    #[error("it is or inflates to more than it may")]
    Bomb,
    /// It answers a question that this node did not put, or too long ago.
    #[error("the answer to no question of this node")]
    Stale,
    /// The stream was begun before this process was resumed, or copied: the copy would use the same nonces.
    #[error("begun before the seal was resumed")]
    Resumed,
    /// Its sender has not proven itself yet, and no room is left to keep it until then.
    #[error("its sender has not proven itself, and there is no room to keep it until then")]
    Unproven,
}
