//! *quid nunc?* — what now? A gossip protocol as a pure state machine: time and bytes in, bytes and events
//! out.
//!
//! A [`Node`] reads no clock, opens no socket, starts no thread and logs nothing. A driver feeds it; the
//! simulator feeds it the same way; so what is simulated is what runs.
//!
//! Rooms, each with one question:
//!
//! * `vocab` — the words that all rooms share: ids, time, records, chance, bounded containers;
//! * `wire` — how do bytes become valid messages, and messages bytes?
//! * `packing` — which facts go into this packet?
//! * `membership` — who exists?
//! * `detector` — what does a silence mean?
//! * `state` — what does each node say?
//! * `node` — the wiring, the only place where rooms meet.
//!
//! Rooms know `vocab` and `config`; `packing` also knows `wire`; only `node` knows them all.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod config;
mod detector;
mod membership;
mod node;
mod packing;
mod state;
mod vocab;
mod wire;

pub use config::{Config, ConfigError, ProbeOrder};
pub use node::io::{
    Command, Event, Identity, Input, KEY_BYTES_MAX, MapSnapshot, MapVersion, MemberChange, Purpose, Reason, Rejected,
    SEEDS_MAX, Snapshot, Timer, Transmit, ValueChange, ValueView, WAIT_MAX, WAIT_MIN, WAITS_MAX, WATCHES_MAX, Wakeup,
};
pub use node::stats::Stats;
pub use node::{MemberView, Node, SuspicionView, View};
pub use vocab::{Domain, Health, Incarnation, Instant, NodeId, Record, TTL_MAX, stable_hash};
pub use wire::{DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MIN, DecodeError, WIRE_VERSION, fit_checksum, probe_decoder};
