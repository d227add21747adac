//! What lies between the node and its socket: nothing, or the seal.

use std::net::SocketAddr;

use quidnunc_core::{Input, Instant, Node};

#[cfg(feature = "crypto")]
pub use sealed::SealOptions;
#[cfg(feature = "crypto")]
pub(crate) use sealed::seal;

/// Buffers, and the seal if there is one.
#[derive(Debug)]
pub(crate) struct Transport {
    #[cfg(feature = "crypto")]
    pub(crate) seal: Option<quidnunc_core::seal::Seal>,
    #[cfg(feature = "crypto")]
    wall: sealed::Sleep,
    plain: Vec<u8>,
    #[cfg(feature = "crypto")]
    sealed: Vec<u8>,
}

impl Transport {
    /// A transport that sends what the node says as it is.
    pub(crate) fn plain(datagram_bytes_max: usize) -> Self {
        Self {
            #[cfg(feature = "crypto")]
            seal: None,
            #[cfg(feature = "crypto")]
            wall: sealed::Sleep::new(),
            plain: vec![0; datagram_bytes_max],
            #[cfg(feature = "crypto")]
            sealed: Vec::new(),
        }
    }

    /// Hands a datagram to the node, as it came or opened, and those that it sets free. What is refused is counted.
    pub(crate) fn open(&mut self, now: Instant, from: SocketAddr, bytes: &mut [u8], node: &mut Node) {
        #[cfg(feature = "crypto")]
        if let Some(seal) = &mut self.seal {
            sealed::open(seal, now, from, bytes, node);
            return;
        }
        let _ = node.handle(now, Input::Datagram { from, bytes });
    }

    /// Called before anything is sent: whether the machine slept is asked once for all of it.
    pub(crate) fn wake(&mut self, now: Instant) {
        #[cfg(feature = "crypto")]
        if let Some(seal) = &mut self.seal {
            self.wall.wake(seal, now);
        }
        #[cfg(not(feature = "crypto"))]
        let _ = now;
    }

    /// The next datagram to send.
    pub(crate) fn poll_transmit(&mut self, now: Instant, node: &mut Node) -> Option<(SocketAddr, &[u8])> {
        #[cfg(feature = "crypto")]
        if let Some(seal) = &mut self.seal {
            return sealed::poll_transmit(seal, now, node, &mut self.plain, &mut self.sealed);
        }
        let transmit = node.poll_transmit(now, &mut self.plain)?;
        Some((transmit.to, &self.plain[..transmit.len]))
    }
}

/// The part that knows the seal.
#[cfg(feature = "crypto")]
mod sealed {
    use std::net::SocketAddr;
    use std::time::{Duration, SystemTime};

    use quidnunc_core::seal::{HANDSHAKE_BYTES, KeyRing, Mode, Opened, SEAL_BYTES, Seal, SealConfig};
    use quidnunc_core::{Input, Instant, Node};

    use super::Transport;
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
        /// Seals with the ring's key, requires it of everybody, and does not compress.
        #[must_use]
        pub const fn new(ring: KeyRing) -> Self {
            Self { mode: Mode::Require, ring, compress: false, peers_max: 4096 }
        }
    }

    /// Makes the transport that the options ask for, and takes the seal's bytes off the node's datagrams. The entropy is
    /// drawn here, for this start alone.
    pub(crate) fn seal(mut options: Options, now: Instant) -> Result<(Transport, Options), Error> {
        let datagram_bytes_max = options.config.datagram_bytes_max;
        let mut transport = Transport::plain(datagram_bytes_max);
        let Some(SealOptions { mode, ring, compress, peers_max }) = options.seal.take() else {
            return Ok((transport, options));
        };
        if options.config.streams.is_some() {
            return Err(Error::UnsealedStreams);
        }
        let config = SealConfig { mode, cluster: options.config.cluster, id: options.id, compress, peers_max };
        transport.seal = Some(Seal::new(config, ring, &entropy()?, now)?);
        transport.sealed = vec![0; datagram_bytes_max.max(HANDSHAKE_BYTES)];
        options.config.datagram_bytes_max = datagram_bytes_max.saturating_sub(SEAL_BYTES);
        Ok((transport, options))
    }

    fn entropy() -> Result<[u8; 32], getrandom::Error> {
        let mut entropy = [0; 32];
        getrandom::fill(&mut entropy)?;
        Ok(entropy)
    }

    pub(super) fn open(seal: &mut Seal, now: Instant, from: SocketAddr, bytes: &mut [u8], node: &mut Node) {
        match seal.open(now, from, bytes) {
            Ok(Opened::Frame(bytes)) => {
                let _ = node.handle(now, Input::Datagram { from, bytes });
            }
            // The node refuses nothing at all as it does noise, and counts it, so that no flood holds its timers back.
            Ok(Opened::Held | Opened::Handshake) | Err(_) => {
                let _ = node.handle(now, Input::Datagram { from, bytes: &[] });
            }
        }
        while let Some((from, frame)) = seal.poll_released() {
            let _ = node.handle(now, Input::Datagram { from, bytes: &frame });
        }
    }

    pub(super) fn poll_transmit<'a>(
        seal: &mut Seal,
        now: Instant,
        node: &mut Node,
        plain: &mut [u8],
        out: &'a mut [u8],
    ) -> Option<(SocketAddr, &'a [u8])> {
        // Proofs first: what the node says is of use to those only who know the seal.
        if let Some((to, len)) = seal.poll_transmit(now, out) {
            return out.get(..len).map(|bytes| (to, bytes));
        }
        // What cannot be sealed, because a salt is used up and the system gives no entropy, is lost on its way.
        loop {
            let transmit = node.poll_transmit(now, plain)?;
            if let Ok(len) = seal.seal(now, plain.get(..transmit.len)?, out) {
                return out.get(..len).map(|bytes| (transmit.to, bytes));
            }
        }
    }

    /// Whether the machine slept, or is a copy that runs on: its own clock stands still then, that of the wall does not.
    #[derive(Debug)]
    pub(super) struct Sleep {
        wall: SystemTime,
        own: std::time::Instant,
    }

    impl Sleep {
        pub(super) fn new() -> Self {
            Self { wall: SystemTime::now(), own: std::time::Instant::now() }
        }

        /// Gives the seal fresh entropy when that may have been so. A clock that was set looks alike, and costs a
        /// handshake with each peer.
        pub(super) fn wake(&mut self, seal: &mut Seal, now: Instant) {
            let fresh = Self::new();
            let wall = fresh.wall.duration_since(self.wall).unwrap_or(Duration::ZERO);
            let slept = wall > fresh.own.duration_since(self.own) + SLEEP_MIN;
            *self = fresh;
            if (slept || seal.wants_entropy())
                && let Ok(entropy) = entropy()
            {
                seal.resume(&entropy, now);
            }
        }
    }
}
