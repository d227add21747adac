//! How does the seal get its entropy, and the node its datagrams?

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use quidnunc_core::seal::{HANDSHAKE_BYTES, KeyRing, Mode, Opened, SEAL_BYTES, Seal, SealConfig};
use quidnunc_core::{Input, Instant, Node, NodeId};

use crate::error::Error;
use crate::options::Options;

/// A clock of the wall that is so much ahead of the machine's own has not stood still meanwhile, or was set.
const SLEEP_MIN: Duration = Duration::from_secs(1);

/// How a node seals its datagrams. See [`Seal`](quidnunc_core::seal) for modes and rotation.
#[derive(Debug, Clone)]
pub struct SealOptions {
    /// What is sealed and what is let in.
    pub mode: Mode,
    /// The keys that the node knows, and the one that it seals with.
    pub ring: KeyRing,
    /// Whether datagrams are compressed first; needs the feature `lz4`, here and everywhere.
    pub compress: bool,
    /// The most peers that are remembered; more than the cluster has members.
    pub peers_max: u32,
}

impl SealOptions {
    /// Seals with the ring's key; the rest is as in [`SealConfig::new`].
    #[must_use]
    pub const fn new(ring: KeyRing) -> Self {
        let SealConfig { mode, compress, peers_max, .. } = SealConfig::new(0, NodeId::from_u128(0));
        Self { mode, ring, compress, peers_max }
    }
}

/// A seal with what belongs to its driver.
#[derive(Debug)]
pub(crate) struct Sealed {
    seal: Seal,
    sleep: Sleep,
    out: Vec<u8>,
}

impl Sealed {
    /// The seal that the options ask for. Its bytes are taken off the node's datagrams; its entropy is drawn here, for this
    /// start alone.
    pub(crate) fn new(options: &mut Options, now: Instant) -> Result<Option<Self>, Error> {
        let Some(SealOptions { mode, ring, compress, peers_max }) = options.seal.take() else { return Ok(None) };
        if options.config.streams.is_some() {
            return Err(Error::UnsealedStreams);
        }
        let config = SealConfig { mode, cluster: options.config.cluster, id: options.id, compress, peers_max };
        let seal = Seal::new(config, ring, &entropy()?, now)?;
        let bytes = options.config.datagram_bytes_max;
        options.config.datagram_bytes_max = bytes.saturating_sub(SEAL_BYTES);
        Ok(Some(Self { seal, sleep: Sleep::new(), out: vec![0; bytes.max(HANDSHAKE_BYTES)] }))
    }

    pub(crate) const fn seal(&mut self) -> &mut Seal {
        &mut self.seal
    }

    /// Gives the seal fresh entropy when the machine may have slept. A clock that was set looks alike, and costs a
    /// handshake with each peer. Without entropy it is tried again.
    pub(crate) fn wake(&mut self, now: Instant) {
        let fresh = Sleep::new();
        if fresh.is_after_sleep(&self.sleep) || self.seal.wants_entropy() {
            let Ok(entropy) = entropy() else { return };
            self.seal.resume(&entropy, now);
        }
        self.sleep = fresh;
    }

    pub(crate) fn open(&mut self, now: Instant, from: SocketAddr, bytes: &mut [u8], node: &mut Node) {
        match self.seal.open(now, from, bytes) {
            Ok(Opened::Frame(bytes)) => {
                let _ = node.handle(now, Input::Datagram { from, bytes });
            }
            Ok(Opened::Held | Opened::Handshake) => {}
            // The node refuses nothing at all as it does noise, and counts it, so that no flood holds its timers back.
            Err(_) => {
                let _ = node.handle(now, Input::Datagram { from, bytes: &[] });
            }
        }
        while let Some((from, frame)) = self.seal.poll_released() {
            let _ = node.handle(now, Input::Datagram { from, bytes: &frame });
        }
    }

    pub(crate) fn poll_transmit(
        &mut self,
        now: Instant,
        node: &mut Node,
        plain: &mut [u8],
    ) -> Option<(SocketAddr, &[u8])> {
        // Proofs first: what the node says is of use to those only who know the seal.
        if let Some((to, len)) = self.seal.poll_transmit(now, &mut self.out) {
            return self.out.get(..len).map(|bytes| (to, bytes));
        }
        // What cannot be sealed, because a salt is used up and the system gives no entropy, is lost on its way.
        loop {
            let transmit = node.poll_transmit(now, plain)?;
            if let Ok(len) = self.seal.seal(now, plain.get(..transmit.len)?, &mut self.out) {
                return self.out.get(..len).map(|bytes| (transmit.to, bytes));
            }
        }
    }
}

fn entropy() -> Result<[u8; 32], getrandom::Error> {
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy)?;
    Ok(entropy)
}

/// Whether the machine slept, or is a copy that runs on: its own clock stands still then, that of the wall does not.
#[derive(Debug)]
struct Sleep {
    wall: SystemTime,
    own: std::time::Instant,
}

impl Sleep {
    fn new() -> Self {
        Self { wall: SystemTime::now(), own: std::time::Instant::now() }
    }

    fn is_after_sleep(&self, before: &Self) -> bool {
        let wall = self.wall.duration_since(before.wall).unwrap_or(Duration::ZERO);
        wall > self.own.duration_since(before.own) + SLEEP_MIN
    }
}
