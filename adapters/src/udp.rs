//! How does one node live on one UDP socket?
//!
//! One thread, one socket, one deadline. The core says what to send and when it wants to be woken; the
//! loop sends, sleeps until a datagram or the deadline comes, and hands over which of them it was.
//!
//! Invariant: whatever the network does, a turn ends in bounded time, and only a broken socket ends the loop.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use quidnunc_core::{Command, Config, ConfigError, Domain, Event, Identity, Input, Node, NodeId, Rejected, View};

use crate::clock::{Clock, boot_now};
use crate::error::Error;
use crate::transport::Transport;
#[cfg(feature = "crypto")]
use crate::transport::{SealOptions, seal};

/// The shortest sleep: a socket understands a timeout of zero as "for ever". It also lets an answer that
/// already lies in the socket be read before the deadline that would judge it late.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// A full send buffer may hold up the loop for this long; then the datagram is lost.
const SEND_WAIT_MAX: Duration = Duration::from_millis(10);

/// Room for any UDP payload there is, so that none comes in cut short.
const INCOMING_BYTES: usize = 1 << 16;

/// What a node needs to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// The protocol's settings.
    pub config: Config,
    /// Who the node is; the same over every restart.
    pub id: NodeId,
    /// Which life of the node this is; see [`boot_now`] and [`boot_after`](crate::boot_after).
    pub boot: u64,
    /// Where the socket listens. Port 0 takes any free one. Members of one cluster speak one family, IPv4
    /// or IPv6.
    pub bind: SocketAddr,
    /// Where the others reach this node, when that is not where the socket listens: behind a NAT, or when
    /// `bind` is unspecified (`0.0.0.0`). Port 0 stands for the socket's port.
    pub advertise: Option<SocketAddr>,
    /// What the node shares its fate with, such as its rack: `Domain::from_name("rack-1")`.
    pub domain: Domain,
    /// All the chance that the node will ever have; `None` draws it from the system.
    pub seed: Option<u64>,
    /// How datagrams are sealed; `None` leaves them open to everybody on their way. The seal's bytes are part of
    /// [`Config::datagram_bytes_max`].
    #[cfg(feature = "crypto")]
    pub seal: Option<SealOptions>,
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
            domain: Domain::NONE,
            seed: None,
            #[cfg(feature = "crypto")]
            seal: None,
        }
    }
}

/// What the socket did not do. What the protocol did is in [`Stats`](quidnunc_core::Stats).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SocketStats {
    /// Datagrams that could not be sent; lost, like others on their way.
    pub sends_failed: u64,
    /// Errors in place of a datagram, such as the news that an earlier one reached nobody.
    pub receives_failed: u64,
}

/// A node and its socket, for a loop on a thread of your own. [`spawn`](crate::spawn) is that loop.
///
/// ```no_run
/// use quidnunc::{Command, NodeId, Options, UdpDriver};
/// use std::time::Duration;
///
/// let mut driver = UdpDriver::bind(Options::new(NodeId::from_name("n2"), "10.0.0.2:7946".parse()?))?;
/// driver.command(Command::Join { seeds: &["10.0.0.1:7946".parse()?] })?;
/// loop {
///     driver.turn(Duration::from_millis(100))?;
///     while let Some(event) = driver.poll_event() {
///         println!("{event:?}, {} live", driver.view().live());
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct UdpDriver {
    node: Node,
    clock: Clock,
    socket: UdpSocket,
    identity: Identity,
    local_addr: SocketAddr,
    stats: SocketStats,
    transport: Transport,
    incoming: Vec<u8>,
}

impl UdpDriver {
    /// Opens the socket and makes the node, which knows only itself.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that cannot work, an address that others cannot reach among them; `Error::Seal` for
    /// a seal that cannot work; [`Error::Bind`], [`Error::Socket`] and [`Error::Seed`] when the system refuses.
    pub fn bind(options: Options) -> Result<Self, Error> {
        let clock = Clock::start();
        #[cfg(feature = "crypto")]
        let (transport, options) = seal(options, clock.now())?;
        #[cfg(not(feature = "crypto"))]
        let transport = Transport::plain(options.config.datagram_bytes_max);
        let Options { config, id, boot, bind, advertise, domain, seed, .. } = options;
        config.validate()?;
        let socket = UdpSocket::bind(bind).map_err(|source| Error::Bind { addr: bind, source })?;
        let failed = |action| move |source| Error::Socket { action, addr: bind, source };
        let local_addr = socket.local_addr().map_err(failed("ask the address of"))?;
        socket.set_write_timeout(Some(SEND_WAIT_MAX)).map_err(failed("set the timeout of"))?;
        let mut addr = advertise.unwrap_or(local_addr);
        if addr.port() == 0 {
            addr.set_port(local_addr.port());
        }
        if addr.is_ipv4() != local_addr.is_ipv4() {
            return Err(ConfigError::Address { addr }.into());
        }
        let seed = match seed {
            Some(seed) => seed,
            None => getrandom::u64()?,
        };
        let identity = Identity { id, boot, addr, domain };
        let node = Node::new(config, identity, seed, clock.now(), None)?;
        let (stats, incoming) = (SocketStats::default(), vec![0; INCOMING_BYTES]);
        Ok(Self { node, clock, socket, identity, local_addr, stats, transport, incoming })
    }

    /// Who the node is at its start, and where the others reach it.
    #[must_use]
    pub const fn identity(&self) -> Identity {
        self.identity
    }

    /// Where the socket listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// What the node knows.
    #[must_use]
    pub const fn view(&self) -> View<'_> {
        self.node.view()
    }

    /// What the socket did not do.
    #[must_use]
    pub const fn socket_stats(&self) -> SocketStats {
        self.stats
    }

    /// Tells the node what you want of it. It acts in the next [`turn`](Self::turn).
    ///
    /// # Errors
    /// [`Rejected`] when the node refuses.
    pub fn command(&mut self, command: Command<'_>) -> Result<(), Rejected> {
        self.node.handle(self.clock.now(), Input::Command(command))
    }

    /// The next event, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.node.poll_event()
    }

    /// Sends what waits, sleeps until a datagram or the node's deadline comes but not longer than
    /// `wait_max` (at least 1 ms), hands it over, and sends what the node answers.
    ///
    /// Call it again soon: between two turns nobody answers for this node, and others may think it dead.
    ///
    /// # Errors
    /// [`Error::Socket`] when the socket is broken. Errors that pass by themselves are counted instead.
    pub fn turn(&mut self, wait_max: Duration) -> Result<(), Error> {
        self.send_all();
        let wait = match self.node.poll_timeout() {
            Some(wakeup) => wakeup.at.since(self.clock.now()).min(wait_max),
            None => wait_max,
        };
        let addr = self.local_addr;
        let failed = |action| move |source| Error::Socket { action, addr, source };
        self.socket.set_read_timeout(Some(wait.max(WAIT_MIN))).map_err(failed("set the timeout of"))?;
        let input = match self.socket.recv_from(&mut self.incoming) {
            Ok((len, from)) => {
                let now = self.clock.now();
                self.transport.open(now, from, &mut self.incoming[..len], &mut self.node);
                self.send_all();
                return Ok(());
            }
            Err(error) if is_silence(&error) => Input::Timeout,
            Err(error) if is_transient(&error) => {
                self.stats.receives_failed += 1;
                // The error may be there again at once, and until the network is back.
                thread::sleep(WAIT_MIN);
                Input::Timeout
            }
            Err(error) => return Err(failed("receive on")(error)),
        };
        // A refused input is counted by the node, and is nobody's error here.
        let _ = self.node.handle(self.clock.now(), input);
        self.send_all();
        Ok(())
    }

    /// The node's seal: its keys, its mode, what it refused. `None` when datagrams are not sealed.
    #[cfg(feature = "crypto")]
    pub const fn seal(&mut self) -> Option<&mut quidnunc_core::seal::Seal> {
        self.transport.seal.as_mut()
    }

    fn send_all(&mut self) {
        while let Some((to, bytes)) = self.transport.poll_transmit(self.clock.now(), &mut self.node) {
            if self.socket.send_to(bytes, to).is_err() {
                self.stats.sends_failed += 1;
            }
        }
    }
}

/// Nothing came while the loop slept, or a signal woke it early.
fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Errors that say something about one peer or about the network at present, and nothing about the socket.
fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::OutOfMemory
    )
}
