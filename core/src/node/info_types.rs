//! What is said of infos and links to an application: types only.

use alloc::boxed::Box;
use core::net::SocketAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::info::{GroupRefusal, InfoError, Unfit, WatchRefusal};
use crate::overlay::{Direction, Peer, Standing};
use crate::vocab::{LinkEnd, NodeId};

/// A watched info has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InfoChange {
    /// Its key.
    pub key: Box<[u8]>,
    /// Whether it stands for something else than before: not when the same value was issued again.
    pub contents_changed: bool,
    /// Whether it has ended or was deleted. Otherwise the view has it.
    pub ended: bool,
}

/// A link has opened or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkChange {
    /// Who is at the other end.
    pub id: NodeId,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Whether this node asked for the link.
    pub outgoing: bool,
    /// Why it has closed; `None` when it has opened.
    pub ended: Option<LinkEnd>,
}

impl LinkChange {
    pub(super) const fn up(peer: Peer, direction: Direction) -> Self {
        Self { id: peer.id, addr: peer.addr, outgoing: matches!(direction, Direction::Outgoing), ended: None }
    }

    pub(super) const fn down(peer: Peer, direction: Direction, why: LinkEnd) -> Self {
        Self { ended: Some(why), ..Self::up(peer, direction) }
    }
}

/// The most bytes of an event's name and payload together.
pub const EVENT_BYTES_MAX: usize = 640;

/// The most bytes of an answer to a query.
pub const ANSWER_BYTES_MAX: usize = 1024;

/// The most queries of one node that wait for answers.
pub const QUERIES_MAX: usize = 16;

/// Somebody has said something to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserEvent {
    /// Who.
    pub origin: NodeId,
    /// Of two events of one life of a node, the earlier one has the lower number, and comes first.
    pub number: u64,
    /// What happens.
    pub name: Box<[u8]>,
    /// What is said of it.
    pub payload: Box<[u8]>,
    /// Whether answers are wanted ([`Command::Answer`](crate::Command::Answer)).
    pub question: Option<Question>,
}

/// A query that wants answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Who asks.
    pub asker: NodeId,
    /// What the answer has to repeat.
    pub token: u64,
    /// For how long after the query the asker waits.
    pub window: Duration,
}

/// Somebody has answered a query of this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The number of the query.
    pub query: u64,
    /// Who has answered.
    pub from: NodeId,
    /// What.
    pub payload: Box<[u8]>,
}

/// How a node stands among its links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LinksStanding {
    /// It has no link yet, or has not had time to see the sentinel.
    Joining,
    /// It has a link and a sentinel.
    Connected,
    /// It had links, and has none any more.
    Orphaned,
    /// It has links, over which no sentinel has come, or none for too long.
    SentinelMissing,
    /// It takes no further part.
    Stopped,
}

impl From<Standing> for LinksStanding {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Joining => Self::Joining,
            Standing::Connected => Self::Connected,
            Standing::Orphaned => Self::Orphaned,
            Standing::SentinelMissing(_) => Self::SentinelMissing,
            Standing::Stopped => Self::Stopped,
        }
    }
}

/// Why an info, a group or a watch is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InfoRejected {
    /// The key is empty, or longer than 255 bytes.
    #[error("a key of 1 to 255 bytes is taken")]
    Key,
    /// The value is longer than 704 bytes, or an event or an answer too long.
    #[error("a value of at most 704 bytes is taken, an event of at most 640, an answer of at most 1024")]
    Value,
    /// It would live for no time, or for too long.
    #[error("a life of more than nothing and at most 49 days is taken")]
    Ttl,
    /// Its key is kept for events or groups.
    #[error("keys under event/ and group/ are those of events and groups")]
    Reserved,
    /// There are as many infos, lives, groups or watches as there may be.
    #[error("there are as many as there may be")]
    Full,
    /// Its value is of another kind than the others of its group.
    #[error("the other infos of its group have values of another kind")]
    Kind,
    /// There is no such info, or nobody by this identity who could be answered.
    #[error("there is no such info, or no such node")]
    Missing,
    /// A query of this number waits for answers, or as many queries do as may.
    #[error("a query of this number waits for answers, or 16 queries do")]
    Query,
    /// Its version or stamp has come to the end of the numbers.
    #[error("somebody has counted this key to its end")]
    Spent,
    /// A group of this name exists with another limit or order, or its limit is none.
    #[error("the group exists with another limit or order, or its limit is none")]
    Group,
}

impl From<Unfit> for InfoRejected {
    fn from(why: Unfit) -> Self {
        match why {
            Unfit::Key => Self::Key,
            Unfit::Value => Self::Value,
            Unfit::Ttl => Self::Ttl,
            Unfit::Reserved => Self::Reserved,
            Unfit::Full | Unfit::Origins => Self::Full,
        }
    }
}

impl From<InfoError> for InfoRejected {
    fn from(why: InfoError) -> Self {
        match why {
            InfoError::Unfit(why) => why.into(),
            InfoError::Kind => Self::Kind,
            InfoError::Missing => Self::Missing,
            InfoError::Spent => Self::Spent,
        }
    }
}

impl From<GroupRefusal> for InfoRejected {
    fn from(why: GroupRefusal) -> Self {
        match why {
            GroupRefusal::Limit | GroupRefusal::Conflict | GroupRefusal::Again => Self::Group,
            GroupRefusal::Pattern => Self::Key,
            GroupRefusal::Full => Self::Full,
        }
    }
}

impl From<WatchRefusal> for InfoRejected {
    fn from(why: WatchRefusal) -> Self {
        match why {
            WatchRefusal::Full => Self::Full,
            WatchRefusal::Pattern => Self::Key,
        }
    }
}
