//! How does the gossip core meet a real machine?
//!
//! [`spawn`] runs one node in a thread of its own and is all that most programs need:
//!
//! ```no_run
//! use std::net::SocketAddr;
//! use quidnunc::{Config, NodeId, Options, spawn};
//!
//! let bind: SocketAddr = "10.0.0.2:7946".parse()?;
//! let options = Options { config: Config::lan(), ..Options::new(NodeId::from_name("n2"), bind) };
//! let (node, events) = spawn(options)?;
//! node.join(&["10.0.0.1:7946".parse()?])?;
//! for event in events {
//!     println!("{event:?}");
//! }
//! node.stop()?; // the events ended although nobody dropped `node`: this says why
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A program that has a thread to spare, or a loop already, drives the node itself with a [`UdpDriver`].
//!
//! # What an adapter may do
//!
//! It reads the clock, opens sockets, starts threads and draws the seed; it hands to the core what happened
//! and to the network what the core says. That is all. **It holds no protocol logic**: it never looks into
//! a datagram, repeats none, keeps no list of members and decides about nobody's health. So that what is
//! simulated is what runs, whatever one adapter could do and another could forget belongs into the core.
//!
//! * [`Clock`], [`boot_now`], [`boot_after`] — what time is it?
//! * [`UdpDriver`] — one thread, one UDP socket, one deadline;
//! * `SealOptions` — (feature `crypto`, on unless turned off) datagrams that only holders of a key read and write;
//! * [`spawn`], [`Handle`] — the same loop in a thread of its own.

#![forbid(unsafe_code)]

mod clock;
mod error;
mod handle;
mod transport;
mod udp;

pub use clock::{Clock, boot_after, boot_now};
pub use error::{Error, RequestError};
pub use handle::{Handle, REQUEST_LATENCY_MAX, spawn};
#[cfg(feature = "crypto")]
pub use quidnunc_core::seal;
pub use quidnunc_core::{
    Cause, Command, Config, ConfigError, Conflict, Detector, Domain, Event, Evidence, FailureRule, Farewell, Healed,
    Health, HelperView, Identity, Incarnation, KEY_BYTES_MAX, MapVersion, MemberChange, MemberView, NodeId, ProbeOrder,
    ProbeView, Reason, Rejected, Relay, Said, Stats, SuspicionView, TTL_MAX, Targets, ValueChange, ValueView, View,
    WAIT_MAX, WAIT_MIN, WAITS_MAX, Why, accrual, heartbeat,
};
#[cfg(feature = "crypto")]
pub use transport::SealOptions;
pub use udp::{Options, SocketStats, UdpDriver};
