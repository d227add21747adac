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
//! * `quorum` — may we act?
//! * `info` — what should everyone know?
//! * `overlay` — whom does this node talk to?
//! * `node` — the wiring, the only place where rooms meet.
//! * `seal` — (feature `crypto`) who may read and write the datagrams? Below the node, which knows nothing of it.
//!
//! Rooms know `vocab` and `config`; `packing` also knows `wire`; only `node` knows them all.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod config;
mod detector;
mod info;
mod membership;
mod node;
mod overlay;
mod packing;
mod quorum;
#[cfg(feature = "crypto")]
pub mod seal;
mod state;
mod vocab;
mod wire;

pub use config::{
    Compat2014, Config, ConfigError, Detector, FailureRule, InfoSettings, LETTER_BYTES_MAX, NETWORKS_MAX, Network,
    NetworkError, Networks, ProbeOrder, Relay, StreamLimits, Targets,
};
pub use node::io::{
    ANSWER_BYTES_MAX, Answer, Cause, Command, Conflict, EVENT_BYTES_MAX, Event, Farewell, Healed, Identity, InfoChange,
    InfoRejected, Input, KEY_BYTES_MAX, LETTERS_BYTES_MAX, LETTERS_MAX, LETTERS_TO_ONE_BYTES_MAX, LETTERS_TO_ONE_MAX,
    LetterRefused, LetterRejected, LinkChange, LinksStanding, MapSnapshot, MapVersion, MemberChange, NOTE_BYTES_MAX,
    NOTES_MAX, NotSent, PINGS_MAX, Purpose, QUERIES_MAX, Question, Reason, Rejected, SEEDS_MAX, Snapshot, StreamError,
    StreamId, StreamRequest, Timer, Transmit, UserEvent, ValueChange, ValueView, WAIT_MAX, WAIT_MIN, WAITS_MAX,
    WATCHES_MAX, Wakeup,
};
pub use node::stats::Stats;
pub use node::{Evidence, HelperView, InfoView, LinkView, MemberView, Node, ProbeView, Said, SuspicionView, View, Why};
pub use quorum::{
    ASKS_MAX, Change as StandingChange, DOMAINS_MAX as QUORUM_DOMAINS_MAX, DomainVotes, Looks, Loss,
    MEMBERS_MAX as QUORUM_MEMBERS_MAX, Margin, Provider, QuorumError, Settings as QuorumSettings,
    SettingsError as QuorumSettingsError, Standing, SuspectDown, VOTES_MAX, Voter, Voters, Votes, Why as StandingWhy,
};
pub use vocab::{Domain, Health, Incarnation, Instant, LinkEnd, NodeId, Record, TTL_MAX, stable_hash};
pub use vocab::{
    GroupDef, GroupOrder, INFO_KEY_BYTES_MAX, INFO_VALUE_BYTES_MAX, InfoKind, InfoValue, KeyPattern, KeyRule,
};
pub use wire::{
    ADDRESSES_KEY, ADDRESSES_MAX, DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MIN, DecodeError, WIRE_VERSION, fit_checksum,
    probe_decoder,
};

/// The key of a member's map under which it may publish what people call it: see [`View::name`].
pub const NAME_KEY: &[u8] = b"sys/name";

/// The keys of infos that everybody knows.
pub mod info_keys {
    pub use crate::info::keys::{
        ACCOUNTING, CLUSTER_ID, FIRST_RANGE, MAX_AVAIL_CAPACITY_PREFIX, NODE_COUNT, PERMISSIONS, SENTINEL, ZONES,
        node_key, node_of,
    };
}

/// What takes the place of keys and values in a recording that shall not hold any.
pub mod redaction {
    pub use crate::node::redacting::Originals;
    pub use crate::vocab::{Lend, Lent};
}

/// The phi accrual failure detector: how suspicious is a silence, and when will it be suspicious enough?
///
/// A [`Node`] uses it with [`Detector::Phi`] and [`Detector::Ring`], and it is usable by itself. One [`Detector`](accrual::Detector) serves all members, each of
/// which has a [`History`](accrual::History). Time comes in as an argument.
///
/// ```
/// use core::time::Duration;
/// use quidnunc_core::Instant;
/// use quidnunc_core::accrual::{Detector, Heard, History, Model, Settings};
///
/// let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
/// let settings = Settings { model: Model::Normal, pause: Duration::ZERO, ..Settings::lan() };
/// let detector = Detector::new(settings)?;
/// let mut peer = History::new();
/// for beat in 0..100 {
///     detector.on_heartbeat(&mut peer, beat, at(beat * 1000));
/// }
/// assert_eq!(detector.on_heartbeat(&mut peer, 99, at(99_500)), Heard::Duplicate);
///
/// // Two consumers, two thresholds: one timer each, and nothing to poll.
/// let stop_new_work = detector.deadline(&peer, 1.0).expect("heard of");
/// let give_up = detector.deadline(&peer, 8.0).expect("heard of");
/// assert!(stop_new_work < give_up);
/// assert!(detector.is_available(&peer, stop_new_work));
/// assert!(detector.phi(&peer, give_up) >= 8.0);
/// # Ok::<(), quidnunc_core::accrual::SettingsError>(())
/// ```
pub mod accrual {
    pub use crate::detector::phi::{Detector, Heard, History, Model, Settings, SettingsError, Window};
}

/// The failure time of heartbeat gossip (van Renesse, Minsky and Hayden 1998): how long must a heartbeat stand
/// still before its member has failed?
///
/// A [`Node`] uses it with [`Detector::Heartbeat`], and it is usable by itself. A failure time takes O(n) additions and no memory: below a
/// millisecond for ten thousand members.
///
/// ```
/// use core::time::Duration;
/// use quidnunc_core::heartbeat::{cleanup_time, failure_time, mistake_probability, propagation_failure_time};
///
/// // 100 members, one of them dead, a tenth of the messages lost, one false alarm in a million.
/// let tick = Duration::from_secs(1);
/// let t_fail = failure_time(100, 1, 0.1, 1e-6, tick)?;
/// assert_eq!(t_fail.as_secs(), 34);
/// assert!(mistake_probability(100, 1, 0.1, t_fail, tick)? <= 1e-6);
/// assert_eq!(cleanup_time(t_fail), 2 * t_fail);
///
/// // The same cluster by three missed propagations, which know nothing of loss.
/// assert_eq!(propagation_failure_time(100, 3, tick)?.as_secs(), 33);
/// # Ok::<(), quidnunc_core::heartbeat::HeartbeatError>(())
/// ```
pub mod heartbeat {
    pub use crate::detector::heartbeat::{
        HeartbeatError, LOSS_MAX, MEMBERS_MAX, MISTAKE_MIN, cleanup_time, failure_time, mistake_probability,
        propagation_failure_time,
    };
}
