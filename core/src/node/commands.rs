//! What does an application want of its node? Types only.

use core::net::SocketAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::info_types::Question;
#[cfg(doc)]
use super::io::{
    ANSWER_BYTES_MAX, EVENT_BYTES_MAX, Event, KEY_BYTES_MAX, LETTERS_MAX, NOTE_BYTES_MAX, NOTES_MAX, PINGS_MAX,
    QUERIES_MAX, SEEDS_MAX, WAIT_MAX, WAIT_MIN,
};
use crate::quorum::Voters;
use crate::vocab::{Domain, GroupDef, InfoValue, KeyPattern, NodeId};
#[cfg(doc)]
use crate::vocab::{Health, TTL_MAX};

/// Something that the application wants.
///
/// With serde, those that hold lists are neither written nor read: a list cannot be borrowed from bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command<'a> {
    /// Let a key of the own map stand for a value. All members hear of it.
    Put {
        /// At least one byte, at most [`KEY_BYTES_MAX`].
        key: &'a [u8],
        /// At most [`Config::value_bytes_max`](crate::Config) bytes.
        value: &'a [u8],
    },
    /// The same, for a while only: it ends at about the same instant everywhere.
    PutWithTtl {
        /// At least one byte, at most [`KEY_BYTES_MAX`].
        key: &'a [u8],
        /// At most [`Config::value_bytes_max`](crate::Config) bytes.
        value: &'a [u8],
        /// In what time it ends; at most [`TTL_MAX`].
        ttl: Duration,
    },
    /// The same as [`Command::Put`], and report when enough others hold it: [`Event::Replicated`] follows, or
    /// [`Event::NotReplicated`]. Too few members are no reason to refuse: they may come.
    PutAndWait {
        /// As in [`Command::Put`].
        key: &'a [u8],
        /// As in [`Command::Put`].
        value: &'a [u8],
        /// So many others must hold it, at least one.
        replicas: u32,
        /// In so many different domains, at most `replicas`.
        domains: u32,
        /// For how long that is waited for: [`WAIT_MIN`] to [`WAIT_MAX`]. A time in which the process stood still does
        /// not count.
        timeout: Duration,
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
    /// Say goodbye. [`Event::Left`] follows when enough members have confirmed that they know, or
    /// [`Config::leave_timeout`](crate::Config::leave_timeout) is over; the node answers until it is dropped.
    Leave,
    /// Declare that a dead member will not come back in this life. All members hear of it
    /// ([`Health::Removed`]), none looks for it any more, and nothing that anybody believes of this life undoes it. If
    /// it is alive after all, it begins a new life when it hears of it ([`Event::Refuted`]).
    Remove {
        /// Who. It must be dead here; of somebody who has left or was removed there is nothing to do.
        id: NodeId,
    },
    /// Send a letter to the application of one member, over a stream: [`Event::Message`] is what comes of it there, and
    /// here [`Event::Sent`] follows when that is certain, or [`Event::NotSent`]: one of the two, once. Needs
    /// [`Config::streams`](crate::Config::streams), here and there.
    ///
    /// Letters to one member go one after the other, in the order of the commands; when one is not sent, those that wait
    /// behind it are not either, so that none comes without those before it unless this node has said so. Each has
    /// [`StreamLimits::idle`](crate::StreamLimits::idle) to be confirmed, without time in which the process stood still.
    Send {
        /// To whom: a member that lives. The letter is for its present life and no later one.
        to: NodeId,
        /// What is said of the letter here; no other letter that waits has it.
        number: u64,
        /// At most [`StreamLimits::letter_bytes_max`](crate::StreamLimits::letter_bytes_max) bytes; [`LETTERS_MAX`] says
        /// how many wait.
        bytes: &'a [u8],
    },
    /// Say something to the application of one member in one datagram: [`Event::Note`] is what comes of it there. It may be
    /// lost, come twice, or after a later one, and nothing is reported of it here. A release that knows no notes skips it.
    Note {
        /// To whom: a member that lives.
        to: NodeId,
        /// At most [`NOTE_BYTES_MAX`] bytes, fewer where datagrams are short; [`NOTES_MAX`] notes wait to leave. One of the most bytes
        /// goes in a datagram of [`datagram_bytes_max`](crate::Config::datagram_bytes_max): whether those arrive can be seen by it.
        bytes: &'a [u8],
    },
    /// Measure how long a member takes to answer a ping: [`Event::Pinged`] follows. It is no probe: silence accuses nobody.
    /// At most [`PINGS_MAX`] are open.
    Ping {
        /// Whom: a member, in whatever health.
        id: NodeId,
    },
    /// Tell everybody a value under a key, in place of whoever said something of that key before. Needs
    /// [`Config::infos`](crate::Config::infos), as all commands about infos do.
    AddInfo {
        /// At least one byte, at most 255.
        key: &'a [u8],
        /// At most 704 bytes.
        #[serde(borrow)]
        value: InfoValue<'a>,
        /// In what time it ends; `None` if it stays until somebody deletes it.
        ttl: Option<Duration>,
    },
    /// Delete an info, whoever issued it.
    DeleteInfo {
        /// Its key.
        key: &'a [u8],
    },
    /// List the best of the infos whose keys match ([`View::group`](crate::View::group)), here and everywhere. What this
    /// node registers stays here as it is: [`Event::GroupConflict`] tells when somebody else defines it otherwise.
    RegisterGroup(#[serde(borrow)] GroupDef<'a>),
    /// Report from now on what becomes of infos whose keys match ([`Event::Info`](crate::Event::Info)). What is there
    /// already is in the view ([`View::infos`](crate::View::infos)).
    WatchInfos {
        /// Which keys.
        #[serde(borrow)]
        pattern: KeyPattern<'a>,
        /// Whether an info that is issued again with the same value is reported too.
        repeats: bool,
    },
    /// Say something to everybody who takes part in infos, this node included ([`Event::User`](crate::Event::User)): once
    /// to each of their lives, and in the order in which this node says it. Whoever joins before its time is over hears
    /// of it too.
    SendEvent {
        /// What happens. With the payload at most [`EVENT_BYTES_MAX`] bytes.
        name: &'a [u8],
        /// What is said of it.
        payload: &'a [u8],
        /// For how long it is told to those who have not heard it.
        ttl: Duration,
    },
    /// The same, and everybody may answer: [`Event::Answer`](crate::Event::Answer) follows for each answer, the first of
    /// each node, and [`Event::QueryEnded`](crate::Event::QueryEnded). At most [`QUERIES_MAX`] wait at a time.
    Query {
        /// What answers are reported with; no other query that waits has it.
        number: u64,
        /// What is asked. With the payload at most [`EVENT_BYTES_MAX`] bytes.
        name: &'a [u8],
        /// What is said of it.
        payload: &'a [u8],
        /// For how long answers are taken: more than nothing, at most 49 days.
        window: Duration,
    },
    /// Answer a query. The answer goes out once, after a random wait: a millisecond per member at most, and at most a
    /// quarter of the window.
    Answer {
        /// As it was reported.
        question: Question,
        /// At most [`ANSWER_BYTES_MAX`] bytes.
        payload: &'a [u8],
    },
    /// Do not watch the infos of this pattern any more.
    UnwatchInfos {
        /// As it was watched.
        #[serde(borrow)]
        pattern: KeyPattern<'a>,
    },
    /// Become a member of the cluster that one of these belongs to. They are asked in turn until one lets
    /// the node in.
    #[serde(skip)]
    Join {
        /// Addresses of members, at most [`SEEDS_MAX`].
        seeds: &'a [SocketAddr],
    },
    /// Say where else this node can be reached, instead of what was said before: at other addresses of its machine, at a private
    /// one beside a public one. When it does not answer at the address of its record, others ask it there; and when nobody has
    /// reached it at that address for three probe periods, it moves to where it is asked ([`Event::Moved`]). All members hear of
    /// the list, under [`ADDRESSES_KEY`](crate::ADDRESSES_KEY) of the node's own map: with the address of the record on it, and that
    /// with which this life began, so that the node can move back. The node must listen at all of them.
    #[serde(skip)]
    Addresses {
        /// At most [`ADDRESSES_MAX`](crate::ADDRESSES_MAX) besides those two, of the family of the record's address; with no other
        /// address at all there is no list.
        also: &'a [SocketAddr],
    },
    /// Say who votes from now on, and which domains are active. Nobody else is told: every node has to be, and a standing
    /// means something only while all are told the same under the same epoch. Needs
    /// [`Config::quorum`](crate::Config::quorum). If it is refused nothing has changed, and it must be mended: the nodes
    /// that took it hear nothing of what the others have heard of voters.
    #[serde(skip)]
    Configure {
        /// Which configuration this is: higher than the one before. A node that has just been started has none.
        epoch: u64,
        /// Who votes.
        voters: Voters<'a>,
        /// All domains that are active or not, if they are others than before. Who is not named is not active.
        domains: Option<&'a [(Domain, bool)]>,
    },
}
