//! What lies between the node and its socket: nothing, or the seal.

use std::net::SocketAddr;

use quidnunc_core::{Input, Instant};
#[cfg(feature = "crypto")]
use quidnunc_core::{NodeId, View};

#[cfg(feature = "crypto")]
use crate::cluster_keys::ClusterKeys;
use crate::durable::Kept;
use crate::error::Error;
use crate::options::{Options, StateFile};
#[cfg(feature = "crypto")]
use crate::sealed::Sealed;
use crate::std::DatagramRefused;
use crate::subject::Subject;

/// A buffer, and the seal if there is one.
#[derive(Debug)]
pub(crate) struct Transport {
    plain: Vec<u8>,
    #[cfg(feature = "crypto")]
    sealed: Option<Sealed>,
}

impl Transport {
    /// The transport that the options ask for. What it needs of a datagram is taken off the node's.
    pub(crate) fn new(options: &mut Options, kept: &Kept, now: Instant) -> Result<Self, Error> {
        #[cfg(feature = "crypto")]
        let is_sealed = options.seal.is_some();
        #[cfg(not(feature = "crypto"))]
        let is_sealed = false;
        if let (false, Some(StateFile { path, .. }), keys @ 1..) = (is_sealed, &options.state, kept.keys.len()) {
            return Err(Error::SealLost { path: path.clone(), keys });
        }
        let plain = vec![0; options.config.datagram_bytes_max];
        #[cfg(feature = "crypto")]
        return Ok(Self { plain, sealed: Sealed::new(options, kept, now)? });
        #[cfg(not(feature = "crypto"))]
        {
            let _ = now;
            Ok(Self { plain })
        }
    }

    /// The node's seal, if it has one.
    #[cfg(feature = "crypto")]
    pub(crate) fn seal(&mut self) -> Option<&mut quidnunc_core::seal::Seal> {
        self.sealed.as_mut().map(Sealed::seal)
    }

    /// The seal with what belongs to its driver, if there is one.
    #[cfg(feature = "crypto")]
    pub(crate) const fn sealed(&mut self) -> Option<&mut Sealed> {
        self.sealed.as_mut()
    }

    /// Who has which key; nobody without a seal.
    #[cfg(feature = "crypto")]
    pub(crate) fn keys(&self, view: View<'_>, own: NodeId) -> Option<ClusterKeys> {
        let sealed = self.sealed.as_ref()?;
        Some(ClusterKeys::of(view, own, sealed.seal_ref(), sealed.withheld()))
    }

    /// Called before anything is sent and before anything is read: whether the machine slept is asked once for all of it.
    pub(crate) fn wake(&mut self, now: Instant) {
        #[cfg(feature = "crypto")]
        if let Some(sealed) = &mut self.sealed {
            sealed.wake(now);
        }
        #[cfg(not(feature = "crypto"))]
        let _ = now;
    }

    /// Hands a datagram to the node, as it came or opened, and those that it sets free. What is refused is counted.
    pub(crate) fn open(
        &mut self,
        now: Instant,
        from: SocketAddr,
        bytes: &mut [u8],
        node: &mut Subject,
    ) -> Result<(), DatagramRefused> {
        #[cfg(feature = "crypto")]
        // From where nothing is taken, not even a seal is looked at: the node refuses and counts it.
        if let Some(sealed) = self.sealed.as_mut().filter(|_| node.view().allows(from)) {
            return sealed.open(now, from, bytes, node);
        }
        node.handle(now, Input::Datagram { from, bytes }).map_err(DatagramRefused::Node)
    }

    /// The next datagram to send.
    pub(crate) fn poll_transmit(&mut self, now: Instant, node: &mut Subject) -> Option<(SocketAddr, &[u8])> {
        #[cfg(feature = "crypto")]
        if let Some(sealed) = &mut self.sealed {
            return sealed.poll_transmit(now, node, &mut self.plain);
        }
        let transmit = node.poll_transmit(now, &mut self.plain)?;
        Some((transmit.to, &self.plain[..transmit.len]))
    }
}
