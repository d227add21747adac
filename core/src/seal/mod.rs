//! Who may read and write the datagrams and the streams of a cluster?
//!
//! A [`Seal`] stands between a [`Node`](crate::Node) and its driver. The node knows nothing of it, so that what is
//! recorded above the seal replays without a key. It is pure like the node: time, bytes and entropy come in, bytes go
//! out. What is sealed is AES-GCM under a subkey of its own for every start of every node:
//!
//! ```text
//! subkey = HKDF-SHA256(key of the cluster, salt, label ‖ sender)       salt: 16 bytes, drawn at every start
//! nonce  = counter u64 ‖ blur u32                                      never used twice under one subkey
//! ```
//!
//! **A salt is proven before anything is believed.** A datagram of a (sender, salt, key) that is not known yet is held,
//! and its sender asked. The proof, sealed under the same salt, also says which counters were used before the asker
//! began to remember what it opens: those are refused, held or not. So a recorded datagram is worth nothing after a
//! restart, not even while its sender lives and proves itself. From then on a window refuses what was here before.
//! Strangers need two round trips instead of one; whoever has met needs nothing. Nothing here has a timer: what
//! is lost is asked for again when the next datagram comes.
//!
//! **Streams** have seals of their own, [`StreamSeal`], made by [`Seal::open_stream`] and [`Seal::accept_stream`]: records under
//! subkeys of both sides' fresh salts, so that nothing recorded is worth anything to anybody.
//!
//! ```text
//! subkey = HKDF-SHA256(key of the cluster, salt of the opener ‖ of the accepter, label ‖ role ‖ cluster ‖ both ids)
//! nonce  = number of the record u64 ‖ blur u32                         one subkey per direction of a stream
//! ```
//!
//! **Modes.** A cluster goes from plaintext to sealed and loses nobody, in two steps, each in any order of nodes:
//!
//! | mode | sends | lets in |
//! |---|---|---|
//! | [`Mode::Off`] | plain | plain, and sealed if the key is in the ring |
//! | [`Mode::Accept`] | sealed | both |
//! | [`Mode::Require`] | sealed | sealed only |
//!
//! First every node gets the key, in mode `Off` ([`Seal::fingerprints`] shows who has it). Then one node after the other
//! is set to `Accept`: those that are still off open what it seals. When none is off any more, one after the other is
//! set to `Require`: those that still accept seal already. Only `Require` protects. The way back is the same.
//!
//! **Rotation.** [`Seal::install`] on every node; when all fingerprints show it, [`Seal::use_key`] on every node; when
//! all do, [`Seal::remove`] the old one. Each key is a source of its own to others: its first datagram waits for a proof. A
//! stream keeps the key that it was opened with, and is over when that one is removed on either side.
//!
//! **Copies of a running machine** hold the same salt and counters. The driver must call [`Seal::resume`] with fresh
//! entropy after every suspend, and whenever it learns that the machine was copied; entropy must be drawn from the
//! system at every start and never be part of an image. Until then two copies use the same counters. That alone gives
//! nothing away: the blur, a keyed function of counter, checksum and length, makes the nonces of different texts
//! differ, but for one in 2^32 pairs. To others, the datagrams of one copy are replays of the other's.
//!
//! **What it does not do.** All holders of a key are trusted, and can pose as each other. Lengths, times and addresses
//! are seen by everybody. A datagram is not bound to its receiver: who can redirect it can show a node what another
//! one was told. Compression (lz4, below the seal; off unless asked for) makes lengths tell of contents: leave it off
//! where somebody who watches can also choose what is gossiped.

#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod cipher;
mod compress;
mod error;
mod handshake;
mod header;
mod held;
mod key;
mod opening;
mod own;
mod peers;
mod ring;
mod sealing;
mod settings;
mod stats;
mod streams;
#[cfg(test)]
mod tests;
mod window;
mod wrapping;

use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

use zeroize::Zeroizing;

use cipher::TAG_BYTES;
use compress::Compressor;
pub use error::{Refused, SealError};
use handshake::{Asker, HANDSHAKE_TEXT_BYTES, Mac};
pub use header::SEAL_BYTES;
use header::{HEADER_BYTES, Source};
use held::Waiting;
pub use key::{Key, KeyId};
use key::{Salt, hkdf};
use own::Own;
use peers::Peers;
pub use ring::{KEYS_MAX, KeyRing};
pub use settings::{Mode, SealConfig};
pub use stats::SealStats;
pub use streams::{HELLO_BYTES, RECORD_SEAL_BYTES, RECORD_TEXT_BYTES_MAX, StreamSeal};

use crate::vocab::{Instant, Ring};

/// Bytes of a question or a proof, as it is sent. No more than three times the shortest datagram that leads to one.
pub const HANDSHAKE_BYTES: usize = HEADER_BYTES + HANDSHAKE_TEXT_BYTES + TAG_BYTES;
const _: () = assert!(HANDSHAKE_BYTES <= 3 * (HEADER_BYTES + TAG_BYTES), "an answer never multiplies");

/// The most questions and proofs that wait to be sent.
const ANSWERS_MAX: usize = 256;

/// What was in a datagram.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened<'a> {
    /// A frame for the node.
    Frame(&'a [u8]),
    /// A frame that waits until its sender has proven itself: [`Seal::poll_released`].
    Held,
    /// Something between the seals; there may be an answer to send: [`Seal::poll_transmit`].
    Handshake,
}

/// A question, a proof or both, composed when the driver asks for it.
struct Answer {
    to: SocketAddr,
    ask: Option<Source>,
    prove: Option<ToProve>,
}

/// What the asker needs back, and since when it has remembered what it opened.
struct ToProve {
    mac: Mac,
    issued: u64,
    since: Instant,
}

/// Seals what a node sends and opens what it is sent. It is not `Clone`: two of one salt would share nonces.
pub struct Seal {
    config: SealConfig,
    ring: KeyRing,
    /// Entropy of this and every earlier start, run together.
    pool: Zeroizing<[u8; 32]>,
    salt: Salt,
    /// How many streams have drawn a salt from the pool.
    stream_salts: u64,
    own: Option<Own>,
    asker: Asker,
    peers: Peers,
    waiting: Waiting,
    answers: Ring<Answer>,
    compressor: Compressor,
    inflated: Vec<u8>,
    now: Instant,
    stats: SealStats,
}

impl Seal {
    /// A seal at the start of a node. The entropy must be drawn from the system for this start alone.
    ///
    /// Make it before the socket is opened: what comes in earlier counts as older than this start.
    ///
    /// # Errors
    /// [`SealError::NoKey`], [`SealError::NoPeers`] and [`SealError::NoCompression`].
    pub fn new(config: SealConfig, ring: KeyRing, entropy: &[u8; 32], now: Instant) -> Result<Self, SealError> {
        if config.peers_max == 0 {
            return Err(SealError::NoPeers);
        }
        if config.compress && !Compressor::AVAILABLE {
            return Err(SealError::NoCompression);
        }
        need_key(config.mode, &ring)?;
        let mut seal = Self {
            peers: Peers::new(config.peers_max, 0),
            config,
            ring,
            pool: Zeroizing::default(),
            salt: Salt::default(),
            stream_salts: 0,
            own: None,
            asker: Asker::new(Zeroizing::default(), now),
            waiting: Waiting::default(),
            answers: Ring::new(ANSWERS_MAX),
            compressor: Compressor::default(),
            inflated: Vec::new(),
            now,
            stats: SealStats::default(),
        };
        seal.resume(entropy, now);
        Ok(seal)
    }

    /// Draws a new salt. Call it with fresh entropy after every suspend, and when [`Seal::wants_entropy`] says so.
    ///
    /// All peers have to prove themselves again, since this process may have been set back to an earlier time. What is
    /// under way to this node is lost. The cost grows with the number of peers.
    pub fn resume(&mut self, entropy: &[u8; 32], now: Instant) {
        self.advance(now);
        let id = self.config.id.to_bytes();
        let mut pool = Zeroizing::new([0; 32]);
        hkdf(entropy, &*self.pool, &[b"quidnunc seal v1 pool", &id], &mut *pool);
        let (mut secret, mut seed) = (Zeroizing::new([0; 32]), [0; 8]);
        hkdf(&*pool, &[], &[b"quidnunc seal v1 salt"], &mut self.salt);
        hkdf(&*pool, &[], &[b"quidnunc seal v1 questions"], &mut *secret);
        hkdf(&*pool, &[], &[b"quidnunc seal v1 places"], &mut seed);
        self.pool = pool;
        self.stream_salts = 0;
        self.asker = Asker::new(secret, self.now);
        self.peers = Peers::new(self.config.peers_max, u64::from_le_bytes(seed));
        self.waiting = Waiting::default();
        self.answers = Ring::new(ANSWERS_MAX);
        self.own = None;
        self.follow_ring();
    }

    /// Whether half of what one salt may seal is sealed, so that it is time for [`Seal::resume`].
    #[must_use]
    pub fn wants_entropy(&self) -> bool {
        self.own.as_ref().is_some_and(Own::is_half_used)
    }

    /// A frame for the node that was held until its sender has proven itself, and where it came from. Ask for these after
    /// every [`Seal::open`].
    pub fn poll_released(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        let held = self.waiting.fetch()?;
        Some((held.from, held.frame))
    }

    /// Changes what is sealed and what is let in.
    ///
    /// # Errors
    /// [`SealError::NoKey`] when it needs one.
    pub fn set_mode(&mut self, mode: Mode) -> Result<(), SealError> {
        need_key(mode, &self.ring)?;
        self.config.mode = mode;
        Ok(())
    }

    /// What is sealed and what is let in.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.config.mode
    }

    /// Adds a key, as [`KeyRing::install`] does.
    ///
    /// # Errors
    /// [`SealError::TooManyKeys`].
    pub fn install(&mut self, key: Key) -> Result<(), SealError> {
        self.ring.install(key)?;
        self.follow_ring();
        Ok(())
    }

    /// Seals with another key of the ring from now on.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`].
    pub fn use_key(&mut self, id: KeyId) -> Result<(), SealError> {
        self.ring.use_key(id)?;
        self.follow_ring();
        Ok(())
    }

    /// Forgets a key, as [`KeyRing::remove`] does.
    ///
    /// # Errors
    /// [`SealError::KeyInUse`] and [`SealError::UnknownKey`].
    pub fn remove(&mut self, id: KeyId) -> Result<(), SealError> {
        self.ring.remove(id)
    }

    /// The keys, for whoever has to keep them.
    #[must_use]
    pub const fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// The names of all keys in the ring, in order: what a node publishes so that a rotation can be watched.
    pub fn fingerprints(&self) -> impl ExactSizeIterator<Item = KeyId> {
        self.ring.fingerprints()
    }

    /// The key that seals.
    #[must_use]
    pub const fn used_key(&self) -> Option<KeyId> {
        self.ring.used()
    }

    /// How many peers have proven themselves and are remembered; each key and each start counts as one.
    #[must_use]
    pub fn peers(&self) -> usize {
        self.peers.len()
    }

    /// What was done and what was refused.
    #[must_use]
    pub const fn stats(&self) -> SealStats {
        self.stats
    }

    /// Time does not run backwards here either.
    fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// Seals with the key that the ring says.
    fn follow_ring(&mut self) {
        let Some(key) = self.ring.used().and_then(|id| self.ring.get(id)) else { return };
        match &mut self.own {
            Some(own) if own.source.key == key.id() => {}
            Some(own) => own.change_key(key),
            None => self.own = Some(Own::new(key, self.config.id, self.salt)),
        }
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config, ring, stats, .. } = self;
        f.debug_struct("Seal").field("config", config).field("ring", ring).field("stats", stats).finish_non_exhaustive()
    }
}

fn need_key(mode: Mode, ring: &KeyRing) -> Result<(), SealError> {
    if mode != Mode::Off && ring.used().is_none() { Err(SealError::NoKey) } else { Ok(()) }
}
