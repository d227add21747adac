//! What goes into a node and what comes out of it: types only.

use alloc::boxed::Box;
use core::net::SocketAddr;
use core::time::Duration;

use crate::quorum::{Change as StandingChange, Loss, QuorumError};
pub use crate::state::waits::WAITS_MAX;
use crate::vocab::{Domain, Health, Incarnation, NodeId, Record, TTL_MAX};
use crate::wire::DecodeError;

pub use super::changes::{Cause, Conflict, Farewell, Healed, MemberChange, Reason, ValueChange};
pub use super::commands::Command;
pub use super::info_types::{
    ANSWER_BYTES_MAX, Answer, EVENT_BYTES_MAX, InfoChange, InfoRejected, LinkChange, LinksStanding, QUERIES_MAX,
    Question, UserEvent,
};
pub use super::mail_types::{
    LETTERS_BYTES_MAX, LETTERS_MAX, LETTERS_TO_ONE_BYTES_MAX, LETTERS_TO_ONE_MAX, LetterRefused, LetterRejected,
    NotSent,
};
pub use super::maps::{MapSnapshot, MapVersion, ValueView};
pub use super::outputs::{Purpose, Timer, Transmit, Wakeup};
pub use super::stream_types::{StreamError, StreamId, StreamRequest};

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
    /// What it shares its fate with; the same for as long as it lives.
    pub domain: Domain,
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

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 128;

/// The most prefixes that are watched at once.
pub const WATCHES_MAX: usize = 64;

/// The most pings of the application that are open at once: an event that nobody has taken is one of them.
pub const PINGS_MAX: usize = 64;

/// The most bytes of a note ([`Command::Note`]). Where datagrams are short, fewer: a note goes into one.
pub const NOTE_BYTES_MAX: usize = 1024;

/// The most notes that wait to leave.
pub const NOTES_MAX: usize = 64;

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
    /// A stream is there: one that the node asked for, or one that somebody else opened. If this is refused, the driver
    /// closes what it has just opened, and nothing has changed in the node: after
    /// [`Twice`](StreamError::Twice) the earlier stream of that name goes on.
    StreamOpened {
        /// Which one.
        id: StreamId,
    },
    /// A stream brought bytes, cut anywhere. If this is refused, the node takes nothing more from that stream, and the
    /// driver closes it, if it has one of that name.
    StreamBytes {
        /// Which one.
        id: StreamId,
        /// The next bytes that were sent on it.
        bytes: &'a [u8],
    },
    /// A stream has ended, or could not be opened. Not needed for one whose end the node asked for. Refused of one that
    /// the node does not know; then there is nothing to do.
    StreamClosed {
        /// Which one.
        id: StreamId,
    },
    /// The deadline of [`poll_timeout`](crate::Node::poll_timeout) has passed. Before it, this does nothing.
    Timeout,
    /// The application wants something.
    Command(Command<'a>),
}

/// The most seeds that one [`Command::Join`] takes.
pub const SEEDS_MAX: usize = 64;

/// The shortest and the longest time for which [`Command::PutAndWait`] waits.
pub const WAIT_MIN: Duration = Duration::from_millis(1);
/// See [`WAIT_MIN`].
pub const WAIT_MAX: Duration = Duration::from_secs(86_400);

/// Why an input was refused. Except for a counter in [`Stats`](crate::Stats), the node is as if it had never come; only, when
/// timers are overdue, a refused datagram takes one of the turns that datagrams have before them, or a flood of
/// noise could hold the timers back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The bytes are not a datagram of this cluster.
    #[error("{0}")]
    Datagram(#[from] DecodeError),
    /// What the driver says of a stream cannot be, or what came on it cannot be read.
    #[error("{0}")]
    Stream(#[from] StreamError),
    /// The datagram claims to come from this node itself.
    #[error("the datagram carries our own identity")]
    FromSelf,
    /// The datagram comes, or a seed is, from outside [`Config::allowed`](crate::Config::allowed).
    #[error("{addr} is outside the networks that this node allows")]
    NotAllowed {
        /// The address.
        addr: SocketAddr,
    },
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
    /// A value is longer than the config allows.
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
    /// More was written than the cluster can take up at present (van Renesse 2008, section 5).
    #[error("too much was written; there is room again in {retry_after:?}")]
    Backpressure {
        /// When there is room for this write, if nothing else is written.
        retry_after: Duration,
    },
    /// More prefixes would be watched than can be.
    #[error("at most {WATCHES_MAX} prefixes are watched")]
    TooManyWatches,
    /// A wait for nobody.
    #[error("a wait for no replicas")]
    NoReplicas,
    /// Replicas cannot be in more domains than there are replicas.
    #[error("a wait for {replicas} replicas in {domains} domains")]
    TooManyDomains {
        /// The domains.
        domains: u32,
        /// The replicas.
        replicas: u32,
    },
    /// A wait that is too short or too long.
    #[error("a wait of {timeout:?}, {WAIT_MIN:?} to {WAIT_MAX:?} are taken")]
    Timeout {
        /// The time.
        timeout: Duration,
    },
    /// As many waits are open as can be.
    #[error("at most {WAITS_MAX} waits are open at once")]
    TooManyWaits,
    /// Only the dead are removed: whoever lives can leave, or be stopped first.
    #[error("{id} is not dead, but {health:?}")]
    NotDead {
        /// Who was to be removed.
        id: NodeId,
        /// What is believed of it; `None` when nothing is known.
        health: Option<Health>,
    },
    /// A letter or a ping to somebody of whom nothing is known.
    #[error("there is no member {id:?}")]
    NoSuchMember {
        /// To whom.
        id: NodeId,
    },
    /// A letter to a member that is dead or has left, as far as this node knows.
    #[error("{id:?} does not live, but is {health:?}")]
    NotLive {
        /// To whom.
        id: NodeId,
        /// What is believed of it.
        health: Health,
    },
    /// A letter or a ping of a node to itself.
    #[error("that is this node itself")]
    ToSelf,
    /// As many pings are open as can be.
    #[error("at most {PINGS_MAX} pings are open at once")]
    TooManyPings,
    /// A note does not go into one datagram.
    #[error("a note of {len} bytes, at most {most} are taken")]
    NoteTooLong {
        /// Its length.
        len: usize,
        /// The most that is taken.
        most: usize,
    },
    /// As many notes wait to leave as can, or too much else does.
    #[error("at most {NOTES_MAX} notes wait to leave")]
    TooManyNotes,
    /// A letter is refused.
    #[error("{0}")]
    Letter(#[from] LetterRejected),
    /// The node takes no part in infos, because [`Config::infos`](crate::Config::infos) is not set.
    #[error("this node takes no part in infos")]
    NoInfos,
    /// An info, a group or a watch is refused.
    #[error("{0}")]
    Info(#[from] InfoRejected),
    /// The node knows no quorum, because [`Config::quorum`](crate::Config::quorum) is not set.
    #[error("this node knows no quorum")]
    NoQuorum,
    /// A configuration of the quorum is refused.
    #[error("{0}")]
    Quorum(#[from] QuorumError),
    /// The node has said goodbye.
    #[error("this node has left the cluster")]
    HasLeft,
    /// The node has stopped because another one has its identity ([`Event::Conflict`]).
    #[error("another node has this identity, and this one has stopped")]
    Stopped,
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
        /// What made it necessary.
        cause: Cause,
    },
    /// Another node runs with the identity of this one, and one of the two stops.
    Conflict(Conflict),
    /// Enough others hold what [`Command::PutAndWait`] wrote.
    Replicated {
        /// The version of the own map that they hold, or a later one.
        version: u64,
        /// How many others are known to hold it.
        replicas: u32,
        /// In how many domains; those without one are in one together.
        domains: u32,
    },
    /// The time was over, or the node left, before enough others were known to hold it. It is told on all the same.
    NotReplicated {
        /// The version of the own map.
        version: u64,
        /// How many others are known to hold it.
        replicas: u32,
        /// In how many domains.
        domains: u32,
    },
    /// One more member has confirmed that this node leaves.
    Leaving(Farewell),
    /// The goodbye is over: the process may end.
    Left(Farewell),
    /// A watched info has changed, or has ended.
    Info(InfoChange),
    /// Somebody has said something to everybody.
    User(UserEvent),
    /// Somebody has answered a query of this node.
    Answer(Answer),
    /// The time for answers to a query is over.
    QueryEnded {
        /// Its number.
        query: u64,
        /// How many have answered.
        answers: u32,
    },
    /// Somebody has registered a group otherwise than this node has: the key of the info that tells of it. The two list
    /// different infos.
    GroupConflict(Box<[u8]>),
    /// A link has opened or closed.
    Link(LinkChange),
    /// How this node stands among its links has changed.
    LinksStanding {
        /// How it stands now.
        standing: LinksStanding,
    },
    /// Members that had seemed dead are back, several at once: two islands have met. Once per healing, one to two and
    /// a half [`reconnect_interval`](crate::Config::reconnect_interval)s after the last of them came.
    PartitionHealed(Healed),
    /// A member answers pings over a stream, but datagrams to it are lost, or its own are. Once until a datagram brings
    /// an answer again; [`View::answers_by_stream_only`](crate::View::answers_by_stream_only) shows it meanwhile.
    StreamOnly {
        /// Who.
        id: NodeId,
    },
    /// Whether this node may act has changed.
    Standing(Box<StandingChange>),
    /// How sure the loss of a voter is now.
    Lost {
        /// Who was lost.
        id: NodeId,
        /// Whether it alone, or perhaps with its whole domain.
        loss: Loss,
    },
    /// A member has sent a letter with [`Command::Send`]. Those of one life of a member come in the order in which it sent
    /// them, and none comes twice.
    Message {
        /// Who.
        from: NodeId,
        /// The letter.
        bytes: Box<[u8]>,
    },
    /// A member has said something with [`Command::Note`]. It may come twice, or after what was said later.
    Note {
        /// Who.
        from: NodeId,
        /// What.
        bytes: Box<[u8]>,
    },
    /// The node that a letter is for has taken it: its application will see it, or has.
    Sent {
        /// The number of the letter in [`Command::Send`].
        number: u64,
    },
    /// A letter is not known to have arrived. It may have, if it had left; it will not any more if it has not.
    NotSent {
        /// The number of the letter in [`Command::Send`].
        number: u64,
        /// Why.
        why: NotSent,
    },
    /// What came of [`Command::Ping`].
    Pinged {
        /// Who was pinged.
        id: NodeId,
        /// How long after the ping left the answer came, without time in which this process stood still; `None` when none
        /// came within [`Config::period`](crate::Config::period).
        rtt: Option<Duration>,
    },
    /// So many events were dropped because nobody took them, or because they would have held more than 16 MiB; read
    /// members and values from the view.
    EventsLost {
        /// How many.
        count: u64,
    },
}
