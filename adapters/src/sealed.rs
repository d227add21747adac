//! How does the seal get its entropy, the node its datagrams, and the world what it needs to know of the keys?

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use quidnunc_core::seal::{HANDSHAKE_BYTES, KeyId, KeyRing, Mode, Opened, SEAL_BYTES, Seal, SealConfig};
use quidnunc_core::{Input, Instant, NodeId};

use crate::cluster_keys::SealReport;
use crate::durable::{Kept, KeptRing};
use crate::error::Error;
use crate::options::Options;
use crate::ring::{History, Start, start};
use crate::std::DatagramRefused;
use crate::subject::Subject;

/// A clock of the wall that is so much ahead of the machine's own has not stood still meanwhile, or was set.
const SLEEP_MIN: Duration = Duration::from_secs(1);

/// When the node would not tell the others of its keys, it is asked again after this.
const TELL_AGAIN: Duration = Duration::from_secs(1);

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
    /// Whether `mode` and `ring` stand whatever the node's [`StateFile`](crate::StateFile) says. Otherwise the file's ring stands,
    /// and the stricter of the two modes. A key of `ring` that is new to the file is installed, and sealed with if `ring`
    /// seals with it: so a node is brought back that has missed a rotation. One that was removed from there stays away, and
    /// is named in [`ClusterKeys::withheld`](crate::ClusterKeys).
    pub overrides: bool,
}

impl SealOptions {
    /// Seals with the ring's key; the rest is as in [`SealConfig::new`].
    #[must_use]
    pub const fn new(ring: KeyRing) -> Self {
        let SealConfig { mode, compress, peers_max, .. } = SealConfig::new(0, NodeId::from_u128(0));
        Self { mode, ring, compress, peers_max, overrides: false }
    }
}

/// A seal with what belongs to its driver.
#[derive(Debug)]
pub(crate) struct Sealed {
    seal: Seal,
    sleep: Sleep,
    out: Vec<u8>,
    history: History,
    withheld: Vec<KeyId>,
    /// When the others are to be told of the keys, and once which change is kept; `None` when they were.
    to_tell: Option<(Instant, u64)>,
}

impl Sealed {
    /// The seal that the options ask for. Its bytes are taken off the node's datagrams; its entropy is drawn here, for this
    /// start alone.
    pub(crate) fn new(options: &mut Options, kept: &Kept, now: Instant) -> Result<Option<Self>, Error> {
        let Some(given) = options.seal.take() else { return Ok(None) };
        let Start { ring, mode, history, withheld } = start(&given, kept)?;
        let SealOptions { compress, peers_max, .. } = given;
        let config = SealConfig { mode, cluster: options.config.cluster, id: options.id, compress, peers_max };
        let seal = Seal::new(config, ring, &entropy()?, now)?;
        let bytes = options.config.datagram_bytes_max;
        options.config.datagram_bytes_max = bytes.saturating_sub(SEAL_BYTES);
        let (sleep, out) = (Sleep::new(), vec![0; bytes.max(HANDSHAKE_BYTES)]);
        Ok(Some(Self { seal, sleep, out, history, withheld, to_tell: Some((now, 0)) }))
    }

    pub(crate) const fn seal_ref(&self) -> &Seal {
        &self.seal
    }

    pub(crate) const fn seal(&mut self) -> &mut Seal {
        &mut self.seal
    }

    /// Keys that were given and had been removed.
    pub(crate) fn withheld(&self) -> &[KeyId] {
        &self.withheld
    }

    /// What is to be kept of the keys, if that has changed since this was asked last.
    pub(crate) fn changed_ring(&mut self) -> Option<KeptRing> {
        self.history.follow(&self.seal)
    }

    /// The others are to be told of the keys as soon as this change is kept.
    pub(crate) const fn tell_after(&mut self, now: Instant, change: u64) {
        self.to_tell = Some((now, change));
    }

    /// What the others are to be told of the keys now that all up to this change is kept.
    pub(crate) fn report_due(&self, now: Instant, kept: u64) -> Option<Vec<u8>> {
        self.to_tell.filter(|&(at, change)| at <= now && change <= kept)?;
        Some(SealReport::of(&self.seal).write())
    }

    /// Whether the node has taken the report.
    pub(crate) fn told(&mut self, now: Instant, is_taken: bool) {
        let again = |(_, change)| (now.after(TELL_AGAIN), change);
        self.to_tell = self.to_tell.filter(|_| !is_taken).map(again);
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

    pub(crate) fn open(
        &mut self,
        now: Instant,
        from: SocketAddr,
        bytes: &mut [u8],
        node: &mut Subject,
    ) -> Result<(), DatagramRefused> {
        let taken = match self.seal.open(now, from, bytes) {
            Ok(Opened::Frame(bytes)) => {
                node.handle(now, Input::Datagram { from, bytes }).map_err(DatagramRefused::Node)
            }
            Ok(Opened::Held | Opened::Handshake) => Ok(()),
            // The node refuses nothing at all as it does noise, and counts it, so that no flood holds its timers back.
            Err(refused) => {
                let _ = node.handle(now, Input::Datagram { from, bytes: &[] });
                Err(DatagramRefused::Seal(refused))
            }
        };
        while let Some((from, frame)) = self.seal.poll_released() {
            let _ = node.handle(now, Input::Datagram { from, bytes: &frame });
        }
        taken
    }

    pub(crate) fn poll_transmit(
        &mut self,
        now: Instant,
        node: &mut Subject,
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
