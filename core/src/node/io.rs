//! What goes into a node and what comes out of it: types only.

use alloc::boxed::Box;
use core::net::SocketAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::quorum::{Change as StandingChange, Loss};
pub use crate::state::waits::WAITS_MAX;
use crate::vocab::{Domain, Incarnation, NodeId, Record};

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
pub use super::refusals::Rejected;
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

/// Something that the application may want to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// This node is known by another of its addresses from now on ([`Command::Addresses`]): it was asked there, and nobody
    /// reached it any more at the one before.
    Moved {
        /// Where it was reached before; others still ask it there when it does not answer.
        from: SocketAddr,
        /// Where it is reached now.
        to: SocketAddr,
        /// The incarnation that says so. A driver that keeps the boot number on disk must keep the new one.
        incarnation: Incarnation,
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
