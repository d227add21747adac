//! Which calls does a driver make of a node, and what answers them?
//!
//! Lists are the only things that cannot be borrowed from the bytes of a recording: calls with lists have an [`Order`] of
//! their own.

use std::net::SocketAddr;

use quidnunc_core::{
    Command, Domain, Event, Input, NodeId, StreamId, StreamRequest, Transmit, Voter, Voters, stable_hash,
};
use serde::{Deserialize, Serialize};

use crate::tape::short_hash;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step<'a> {
    /// How many nanoseconds after the call before it. Calls without an instant are made at that of the call before.
    pub after: i64,
    /// Whether the node refused it; only inputs are.
    pub refused: bool,
    /// What was called.
    #[serde(borrow)]
    pub call: Call<'a>,
}

/// What was called, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call<'a> {
    /// [`Input::Datagram`].
    Datagram {
        /// From where.
        from: SocketAddr,
        /// The payload, as the seal left it.
        bytes: &'a [u8],
    },
    /// [`Input::Timeout`].
    Timeout,
    /// [`Input::Command`], without a list.
    Command(#[serde(borrow)] Command<'a>),
    /// [`Input::Command`], with one.
    Order(Order),
    /// [`Input::StreamOpened`].
    StreamOpened(StreamId),
    /// [`Input::StreamBytes`].
    StreamBytes(StreamId, &'a [u8]),
    /// [`Input::StreamClosed`].
    StreamClosed(StreamId),
    /// `poll_transmit`, with a buffer of so many bytes.
    Transmit(u32, Answer),
    /// `poll_stream_request`.
    StreamRequest(Answer),
    /// `poll_stream`, with a buffer of so many bytes.
    Stream(StreamId, u32, Answer),
    /// `poll_event`.
    Event(Answer),
    /// `retain_events`: which of the events that waited were wanted, in their order.
    Retain(Vec<bool>),
}

/// A command with a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// [`Command::Join`].
    Join(Vec<SocketAddr>),
    /// [`Command::Addresses`].
    Addresses(Vec<SocketAddr>),
    /// [`Command::Configure`] with [`Voters::Same`].
    Configure(u64, Option<Vec<(Domain, bool)>>),
    /// [`Command::Configure`] with [`Voters::All`].
    ConfigureAll(u64, Vec<Voter>, Option<Vec<(Domain, bool)>>),
    /// [`Command::Configure`] with [`Voters::Changed`].
    ConfigureChanged(u64, Vec<Voter>, Vec<NodeId>, Option<Vec<(Domain, bool)>>),
}

/// What a call gave: how much, and a hash of all of it; zeros if nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// How many bytes; 1 for what has none.
    pub len: u32,
    /// Of everything.
    pub hash: u32,
}

impl<'a> Call<'a> {
    /// An input as a call.
    #[must_use]
    pub fn input(input: Input<'a>) -> Self {
        match input {
            Input::Datagram { from, bytes } => Self::Datagram { from, bytes },
            Input::StreamOpened { id } => Self::StreamOpened(id),
            Input::StreamBytes { id, bytes } => Self::StreamBytes(id, bytes),
            Input::StreamClosed { id } => Self::StreamClosed(id),
            Input::Timeout => Self::Timeout,
            Input::Command(command) => match Order::of(command) {
                Some(order) => Self::Order(order),
                None => Self::Command(command),
            },
        }
    }

    /// The input that this call hands in, if it is one that does.
    #[must_use]
    pub fn as_input(&self) -> Option<Input<'_>> {
        Some(match *self {
            Self::Datagram { from, bytes } => Input::Datagram { from, bytes },
            Self::StreamOpened(id) => Input::StreamOpened { id },
            Self::StreamBytes(id, bytes) => Input::StreamBytes { id, bytes },
            Self::StreamClosed(id) => Input::StreamClosed { id },
            Self::Timeout => Input::Timeout,
            Self::Command(command) => Input::Command(command),
            Self::Order(ref order) => Input::Command(order.command()),
            Self::Transmit(..) | Self::StreamRequest(_) | Self::Stream(..) | Self::Event(_) | Self::Retain(_) => {
                return None;
            }
        })
    }
}

impl Order {
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other command is without a list, those to come included")]
    fn of(command: Command<'_>) -> Option<Self> {
        let (epoch, voters, domains) = match command {
            Command::Join { seeds } => return Some(Self::Join(seeds.to_vec())),
            Command::Addresses { also } => return Some(Self::Addresses(also.to_vec())),
            Command::Configure { epoch, voters, domains } => (epoch, voters, domains.map(<[_]>::to_vec)),
            _ => return None,
        };
        Some(match voters {
            Voters::Same => Self::Configure(epoch, domains),
            Voters::All(voters) => Self::ConfigureAll(epoch, voters.to_vec(), domains),
            Voters::Changed { set, dropped } => Self::ConfigureChanged(epoch, set.to_vec(), dropped.to_vec(), domains),
        })
    }

    /// The command.
    #[must_use]
    pub fn command(&self) -> Command<'_> {
        let (epoch, voters, domains) = match self {
            Self::Join(seeds) => return Command::Join { seeds },
            Self::Addresses(also) => return Command::Addresses { also },
            Self::Configure(epoch, domains) => (epoch, Voters::Same, domains),
            Self::ConfigureAll(epoch, voters, domains) => (epoch, Voters::All(voters), domains),
            Self::ConfigureChanged(epoch, set, dropped, domains) => (epoch, Voters::Changed { set, dropped }, domains),
        };
        Command::Configure { epoch: *epoch, voters, domains: domains.as_deref() }
    }
}

impl Answer {
    /// Of an input that was refused or not.
    pub(crate) fn refusal(refused: bool) -> Self {
        Self { len: u32::from(refused), hash: 0 }
    }

    /// Of a packet in the buffer.
    #[must_use]
    pub fn transmit(transmit: Option<&Transmit>, buffer: &[u8]) -> Self {
        let Some(&Transmit { to, len, .. }) = transmit else { return Self::default() };
        Self::of(buffer.get(..len).unwrap_or_default(), address_hash(to))
    }

    /// Of bytes for a stream.
    #[must_use]
    pub fn stream(bytes: &[u8]) -> Self {
        if bytes.is_empty() { Self::default() } else { Self::of(bytes, 0) }
    }

    /// Of a request about a stream.
    #[must_use]
    pub fn request(request: Option<&StreamRequest>) -> Self {
        Self::of_written(request)
    }

    /// Of an event.
    #[must_use]
    pub fn event(event: Option<&Event>) -> Self {
        Self::of_written(event)
    }

    fn of_written<T: Serialize>(said: Option<&T>) -> Self {
        let Some(said) = said else { return Self::default() };
        // What the core says is written to a vector: that does not fail.
        let bytes = postcard::to_allocvec(said).unwrap_or_default();
        Self { len: 1, ..Self::of(&bytes, 1) }
    }

    fn of(bytes: &[u8], seed: u64) -> Self {
        Self { len: u32::try_from(bytes.len()).unwrap_or(u32::MAX), hash: short_hash(seed, bytes) }
    }
}

fn address_hash(addr: SocketAddr) -> u64 {
    let port = u64::from(addr.port());
    match addr.ip() {
        std::net::IpAddr::V4(ip) => stable_hash(port, &ip.octets()),
        std::net::IpAddr::V6(ip) => stable_hash(port, &ip.octets()),
    }
}
