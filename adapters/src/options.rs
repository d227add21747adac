//! What does a node need to start, and what did its sockets not do?

use std::net::SocketAddr;
use std::path::PathBuf;

use quidnunc_core::{Config, ConfigError, Domain, Identity, Instant, Node, NodeId, Snapshot};

use crate::clock::boot_now;
use crate::error::Error;
#[cfg(feature = "crypto")]
use crate::sealed::SealOptions;

/// What a node needs to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// The protocol's settings. With [`Config::streams`] the driver listens for TCP at the address of the UDP socket.
    pub config: Config,
    /// Who the node is; the same over every restart.
    pub id: NodeId,
    /// Which life of the node this is; see [`boot_now`] and [`boot_after`](crate::boot_after). A [`StateFile`] knows better.
    pub boot: u64,
    /// Where the sockets listen. At all addresses of a machine (`0.0.0.0`, `::`), a peer is answered from the one that it
    /// has asked, where the system tells (Linux, Android, Apple's). Port 0 takes any free one. Members of one cluster speak
    /// one family, IPv4 or IPv6.
    pub bind: SocketAddr,
    /// Where the others reach this node, when that is not where the socket listens: behind a NAT, or when
    /// `bind` is unspecified (`0.0.0.0`, `::`). It is of the same family as `bind`. Port 0 stands for the socket's port.
    pub advertise: Option<SocketAddr>,
    /// Where else the others reach this node, such as at a private address beside a public one, or in a second network; at most
    /// [`ADDRESSES_MAX`](quidnunc_core::ADDRESSES_MAX). When it does not answer where it is advertised, they ask it there, and it
    /// moves there when nobody reaches it any more where it was ([`Event::Moved`](quidnunc_core::Event::Moved)). The sockets must
    /// be reached at each of them: `bind` is unspecified (`0.0.0.0`, `::`), unless something before the machine sends all of them
    /// to one address. Port 0 stands for the socket's port.
    pub also: Vec<SocketAddr>,
    /// What the node shares its fate with, such as its rack: `Domain::from_name("rack-1")`.
    pub domain: Domain,
    /// All the chance that the node will ever have; `None` draws it from the system.
    pub seed: Option<u64>,
    /// Where is kept what survives the process. `None`: nothing is.
    pub state: Option<StateFile>,
    /// How datagrams and streams are sealed; `None` leaves them open to everybody on their way. The seal's bytes are part of
    /// [`Config::datagram_bytes_max`]. With a [`StateFile`] the keys are kept, too.
    #[cfg(feature = "crypto")]
    pub seal: Option<SealOptions>,
}

/// What of a node survives its process, however that ends, and where.
///
/// The boot number is always kept, that of a new life before it is used; so are the keys of the seal, and what was last done to
/// them (`SealOptions` says what holds at the next start); and so are addresses of others, through which the node joins again by
/// itself when it starts, unless it had said goodbye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFile {
    /// A file of this node's own, in a folder that is there; see [`Durable`](crate::Durable).
    pub path: PathBuf,
    /// Whether the node's own map is kept too. Then whoever writes to it through a handle waits until the disk has it.
    pub keeps_map: bool,
}

impl Options {
    /// A node in its present life, with the settings of [`Config::lan`].
    #[must_use]
    pub fn new(id: NodeId, bind: SocketAddr) -> Self {
        Self {
            config: Config::lan(),
            id,
            boot: boot_now(),
            bind,
            advertise: None,
            also: Vec::new(),
            domain: Domain::NONE,
            seed: None,
            state: None,
            #[cfg(feature = "crypto")]
            seal: None,
        }
    }

    /// Where else the node that listens there is reached.
    pub(crate) fn also_at(&self, local_addr: SocketAddr) -> Vec<SocketAddr> {
        self.also.iter().map(|&addr| with_port(addr, local_addr)).collect()
    }

    /// The node, which listens there and knows what it is told.
    pub(crate) fn start(
        self,
        local_addr: SocketAddr,
        now: Instant,
        kept: Option<Snapshot<'_>>,
    ) -> Result<(Node, Identity), Error> {
        let Self { config, id, boot, advertise, domain, seed, .. } = self;
        let addr = with_port(advertise.unwrap_or(local_addr), local_addr);
        if addr.is_ipv4() != local_addr.is_ipv4() {
            return Err(ConfigError::Address { addr }.into());
        }
        let seed = match seed {
            Some(seed) => seed,
            None => getrandom::u64()?,
        };
        let identity = Identity { id, boot, addr, domain };
        Ok((Node::new(config, identity, seed, now, kept)?, identity))
    }
}

/// An address with a port: that of the socket, if it has none.
const fn with_port(mut addr: SocketAddr, local_addr: SocketAddr) -> SocketAddr {
    if addr.port() == 0 {
        addr.set_port(local_addr.port());
    }
    addr
}

/// What the sockets did not do. What the protocol did is in [`Stats`](quidnunc_core::Stats).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SocketStats {
    /// Datagrams that could not be sent; lost, like others on their way.
    pub sends_failed: u64,
    /// Errors in place of a datagram, such as the news that an earlier one reached nobody.
    pub receives_failed: u64,
    /// Streams that could not be opened or taken, or that broke; those from outside
    /// [`Config::allowed`](quidnunc_core::Config::allowed) among them, and those that the seal refused.
    pub streams_failed: u64,
}
