//! What goes into a node and what comes out of it: types only.

use alloc::boxed::Box;
use core::net::SocketAddr;
use core::time::Duration;

use crate::vocab::{Health, Incarnation, Instant, NodeId, Record, TTL_MAX};
use crate::wire::DecodeError;

/// Who a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The same over every restart.
    pub id: NodeId,
    /// Strictly larger after every restart, and durable before it is used: the larger of wall-clock
    /// milliseconds and one more than the last one.
    pub boot: u64,
    /// Where the others reach this node.
    pub addr: SocketAddr,
}

/// What a node is told before it begins: the members of an earlier life, or of a cluster that is there already.
///
/// It loads in time linear in its length. What it says is believed, the dead included, and is not told on, and no
/// events come of it: read the view. If it holds the node's own record with the same boot, the node
/// takes it that everybody knows it; otherwise it announces itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Snapshot<'a> {
    /// Records as [`View::members`](crate::View::members) gives them. A suspect is loaded as alive.
    pub members: &'a [Record],
    /// The node's own map, if it was kept whole: then its copies are still good, and nothing is sent again.
    pub map: Option<MapSnapshot<'a>>,
}

/// A node's own map as an earlier life kept it.
///
/// It must hold every write that was accepted: whoever lost the last ones says what others have heard otherwise.
/// That is found out and mended, at the price of sending the map anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapSnapshot<'a> {
    /// From [`View::map_version`](crate::View::map_version).
    pub version: MapVersion,
    /// From [`View::values`](crate::View::values), in any order; keys longer than [`KEY_BYTES_MAX`], values
    /// longer than the config allows and all but one of what claims one version are left out.
    pub values: &'a [ValueView<'a>],
}

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 128;

/// The most prefixes that are watched at once.
pub const WATCHES_MAX: usize = 64;

/// Which state of a map a copy has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapVersion {
    /// Which of the owner's maps: one that was lost is followed by one with a higher epoch.
    pub epoch: u64,
    /// How many changes the owner has made.
    pub version: u64,
    /// Deleted keys are forgotten up to this version.
    pub watermark: u64,
}

/// One key of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueView<'a> {
    /// The key.
    pub key: &'a [u8],
    /// What it stands for.
    pub value: &'a [u8],
    /// The owner's change that made it so.
    pub version: u64,
    /// In what time it ends; `None` if it stays.
    pub left: Option<Duration>,
}

/// Something that happens to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input<'a> {
    /// Bytes came in.
    Datagram {
        /// Where they came from.
        from: SocketAddr,
        /// The UDP payload.
        bytes: &'a [u8],
    },
    /// The deadline of [`poll_timeout`](crate::Node::poll_timeout) has passed. Before it, this does nothing.
    Timeout,
    /// The application wants something.
    Command(Command<'a>),
}

/// Something that the application wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Become a member of the cluster that one of these belongs to. They are asked in turn until one lets
    /// the node in.
    Join {
        /// Addresses of members, at most [`SEEDS_MAX`].
        seeds: &'a [SocketAddr],
    },
    /// Let a key of the own map stand for a value. All members hear of it.
    Put {
        /// At least one byte, at most [`KEY_BYTES_MAX`].
        key: &'a [u8],
        /// At most [`Config::value_bytes_max`](crate::Config::value_bytes_max) bytes.
        value: &'a [u8],
    },
    /// The same, for a while only: it ends at about the same instant everywhere.
    PutWithTtl {
        /// At least one byte, at most [`KEY_BYTES_MAX`].
        key: &'a [u8],
        /// At most [`Config::value_bytes_max`](crate::Config::value_bytes_max) bytes.
        value: &'a [u8],
        /// In what time it ends; at most [`TTL_MAX`].
        ttl: Duration,
    },
    /// Let a key of the own map stand for nothing. A key without a value stays as it is.
    Delete {
        /// The key.
        key: &'a [u8],
    },
    /// Report from now on what becomes of all keys that begin with a prefix, whoever owns them
    /// ([`Event::Value`]). What stands there already is in the view.
    Watch {
        /// The prefix; the empty one is that of every key.
        prefix: &'a [u8],
    },
    /// Do not watch a prefix any more.
    Unwatch {
        /// The prefix, as it was watched.
        prefix: &'a [u8],
    },
    /// Say goodbye. [`Event::Left`] follows when enough members were told; the node answers until it is dropped.
    Leave,
}

/// The most seeds that one [`Command::Join`] takes.
pub const SEEDS_MAX: usize = 64;

/// Why an input was refused. Except for a counter in [`Stats`], the node is as if it had never come; only, when
/// timers are overdue, a refused datagram takes one of the turns that datagrams have before them, or a flood of
/// noise could hold the timers back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The bytes are not a datagram of this cluster.
    #[error("{0}")]
    Datagram(#[from] DecodeError),
    /// The datagram claims to come from this node itself.
    #[error("the datagram carries our own identity")]
    FromSelf,
    /// The datagram asks for more than an unproven source gets, and its cookie is not ours or is stale.
    #[error("the cookie is not ours or is stale")]
    Cookie,
    /// No seeds were given.
    #[error("no seeds")]
    NoSeeds,
    /// More seeds were given than a join takes.
    #[error("{count} seeds, at most {SEEDS_MAX} are taken")]
    TooManySeeds {
        /// How many were given.
        count: usize,
    },
    /// A key is too long, or empty.
    #[error("a key of {len} bytes, 1 to {KEY_BYTES_MAX} are taken")]
    Key {
        /// Its length.
        len: usize,
    },
    /// A value is longer than a datagram can carry.
    #[error("a value of {len} bytes, at most {most} are taken")]
    Value {
        /// Its length.
        len: usize,
        /// The most that is taken.
        most: usize,
    },
    /// A value was put for a time that cannot be told to others.
    #[error("a value for {ttl:?}, 1 ms to {TTL_MAX:?} are taken")]
    Ttl {
        /// The time.
        ttl: Duration,
    },
    /// The map would be larger than maps may be. Deleted keys count until they are forgotten.
    #[error("the map would hold more than {most} bytes")]
    MapFull {
        /// The most that it may hold.
        most: usize,
    },
    /// More prefixes would be watched than can be.
    #[error("at most {WATCHES_MAX} prefixes are watched")]
    TooManyWatches,
    /// The node has said goodbye.
    #[error("this node has left the cluster")]
    HasLeft,
}

/// One datagram to be sent: the first `len` bytes of the buffer that was polled into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the datagram is lost if it is not sent"]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// How many bytes of the buffer.
    pub len: usize,
    /// What for.
    pub purpose: Purpose,
}

/// What a datagram is for: what a trace, a metric or a filter goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// A ping.
    Probe,
    /// The answer to a ping.
    Ack,
    /// A request to ping somebody else, or its answer.
    Relay,
    /// Rumours and nothing else.
    Gossip,
    /// A step of joining.
    Join,
    /// A step of a repair.
    Repair,
    /// Changes of maps, and what asks for them.
    State,
}

/// Something that the application may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A watched key stands for something else than before.
    Value(ValueChange),
    /// A member is believed to be something else than before.
    Member(MemberChange),
    /// A seed let this node in.
    Joined {
        /// How many live members are known, this node included. More follow.
        members: u32,
    },
    /// This node contradicted what is said of it, and is known by this incarnation from now on. A driver
    /// that keeps the boot number on disk must keep the new one.
    Refuted {
        /// The new incarnation.
        incarnation: Incarnation,
    },
    /// The goodbye was told.
    Left,
    /// So many events were dropped because nobody took them; read members and values from the view.
    EventsLost {
        /// How many.
        count: u64,
    },
}

/// A key of somebody's map stands for something else than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueChange {
    /// Whose map.
    pub owner: NodeId,
    /// The key.
    pub key: Box<[u8]>,
    /// What it stands for now; `None` for nothing: it was deleted, or its time is over, or its owner is forgotten.
    pub value: Option<Box<[u8]>>,
    /// The version of the owner's map that says so.
    pub version: u64,
}

/// One statement about a member that replaced another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberChange {
    /// Who.
    pub id: NodeId,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Which of its lives and statements.
    pub incarnation: Incarnation,
    /// What is believed of it now.
    pub health: Health,
    /// What was believed before; `None` for a new member.
    pub was: Option<Health>,
    /// Why.
    pub reason: Reason,
    /// How many hops the statement came; 0 when this node makes it.
    pub hops: u8,
}

/// Why a belief changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A rumour said so.
    Rumour,
    /// A repair or a welcome said so.
    Repair,
    /// The member itself said so.
    Contact,
    /// It did not answer this node.
    Silence,
    /// It did not contradict a suspicion in time.
    Expiry,
}

/// The node's one deadline: call [`handle`](crate::Node::handle) with [`Input::Timeout`] then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wakeup {
    /// When.
    pub at: Instant,
    /// What for; of use to logs and tests only.
    pub timer: Timer,
}

/// What a node waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The next probe period.
    ProbePeriod,
    /// The answer to a direct probe.
    ProbeAnswer,
    /// The next gossip tick.
    Gossip,
    /// The last chance or the end of a suspicion.
    Suspicion,
    /// The next request to let this node in.
    Join,
    /// The next repair of a young node.
    Repair,
    /// The next attempt to reach a dead member, or somebody from the book.
    Reconnect,
    /// A member that died or left has been remembered for long enough.
    Forget,
    /// A value ends, or deleted keys have been remembered for long enough.
    Values,
    /// The next repair of a young node's copies of maps.
    StateRepair,
    /// Somebody waits to hear that a member does not answer.
    Nack,
}

/// Counters since the node's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Datagrams that were taken in.
    pub datagrams_received: u64,
    /// Datagrams that were refused, for any reason in [`Rejected`].
    pub datagrams_rejected: u64,
    /// Datagrams that were handed out.
    pub datagrams_sent: u64,
    /// Bytes that were handed out.
    pub bytes_sent: u64,
    /// Records that claimed what cannot be, or found no room.
    pub records_refused: u64,
    /// Answers that nobody awaited (late, repeated or forged).
    pub answers_unexpected: u64,
    /// Packets that were not sent because too many waited.
    pub intents_dropped: u64,
    /// Rumours that were given up early because too many waited.
    pub rumours_dropped: u64,
    /// Inputs whose time lay before an earlier one's.
    pub clock_backwards: u64,
    /// Times that the process was found to have stood still.
    pub freezes: u64,
    /// Members that this node suspected by its own probe.
    pub suspicions: u64,
    /// Members that this node declared dead itself.
    pub convictions: u64,
    /// Times that this node, hearing from nobody, put a death off that nobody else spoke of.
    pub convictions_put_off: u64,
    /// Helpers that were asked during failed probes and said nothing at all.
    pub nacks_missed: u64,
    /// Times that this node contradicted what was said of it.
    pub refutations: u64,
    /// Repairs that this node began.
    pub repairs: u64,
    /// Records that repairs brought and that were news.
    pub repaired: u64,
    /// Members that died or left and were forgotten.
    pub forgotten: u64,
    /// Repairs of copies of maps that this node began.
    pub state_repairs: u64,
    /// Times that a copy of a map has come further.
    pub changes_taken: u64,
    /// Changes of a map that did not fit the copy, or cannot be.
    pub changes_refused: u64,
}
