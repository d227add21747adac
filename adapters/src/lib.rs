//! How does the gossip core meet a real machine?
//!
//! [`std::spawn`] runs one node in a thread of its own and is all that most programs need:
//!
//! ```no_run
//! use quidnunc::{Config, NodeId, Options};
//!
//! let bind: std::net::SocketAddr = "10.0.0.2:7946".parse()?;
//! let options = Options { config: Config::lan(), ..Options::new(NodeId::from_name("n2"), bind) };
//! let (node, events) = quidnunc::std::spawn(options)?;
//! node.join(&["10.0.0.1:7946".parse()?])?;
//! for event in events {
//!     println!("{event:?}");
//! }
//! node.stop()?; // the events ended although nobody dropped `node`: this says why
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A program that has a thread to spare, or a loop already, drives the node itself with a [`std::Driver`].
//!
//! # What an adapter may do
//!
//! It reads the clock, opens sockets, starts threads and draws the seed; it hands to the core what happened
//! and to the network what the core says. That is all. **It holds no protocol logic**: it never looks into
//! a datagram, repeats none, keeps no list of members and decides about nobody's health. So that what is
//! simulated is what runs, whatever one adapter could do and another could forget belongs into the core.
//!
//! * [`Options`] — what does a node need to start?
//! * [`Clock`], [`boot_now`], [`boot_after`] — what time is it?
//! * [`Durable`] — what survives the end of the process, however it ends?
//! * [`std`] — the system's sockets without a runtime: one thread, one deadline;
//! * `tokio` — (feature `tokio`) the same as a task of that runtime;
//! * `record` — (feature `record`) what has happened to a node, so that it happens again elsewhere;
//! * `SealOptions`, `ClusterKeys` — (feature `crypto`, on unless turned off) datagrams and streams that only holders of a key
//!   read and write, and who holds which.

#![forbid(unsafe_code)]

mod clock;
#[cfg(feature = "crypto")]
mod cluster_keys;
mod durable;
mod error;
mod info;
#[cfg(feature = "crypto")]
mod keys;
mod kinds;
mod options;
mod passage;
mod requests;
#[cfg(feature = "crypto")]
mod ring;
#[cfg(feature = "crypto")]
mod sealed;
mod seeds;
pub mod std;
mod subject;
#[cfg(all(unix, feature = "tokio"))]
pub mod tokio;
mod transport;
mod worker;

pub use clock::{Clock, boot_after, boot_now};
#[cfg(feature = "crypto")]
pub use cluster_keys::{ClusterKeys, KeyCount, SEAL_KEY, SealReport};
pub use durable::{
    DAMAGED_MAX, Damage, Durable, DurableError, FILE_BYTES_MAX, Kept, KeptMap, KeptValue, Secret, State, Trouble,
};
pub use error::{Error, RequestError};
pub use info::{Info, Value};
#[cfg(feature = "crypto")]
pub use keys::Care;
pub use options::{Options, SocketStats, StateFile};
pub use quidnunc_core::*;
/// Recordings of a node's life, which replay to the byte.
#[cfg(feature = "record")]
pub use quidnunc_record as record;
#[cfg(feature = "crypto")]
pub use sealed::SealOptions;
