//! What has a node counted since its start?

use serde::{Deserialize, Serialize};

/// Counters since the node's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stats {
    /// Datagrams that were taken in.
    pub datagrams_received: u64,
    /// Datagrams that were refused, for any reason in [`Rejected`](crate::Rejected).
    pub datagrams_rejected: u64,
    /// Those among them that carry the tag of another cluster.
    pub datagrams_foreign: u64,
    /// Those that came from outside [`Config::allowed`](crate::Config::allowed).
    pub datagrams_outside: u64,
    /// Datagrams that were handed out.
    pub datagrams_sent: u64,
    /// Bytes that were handed out.
    pub bytes_sent: u64,
    /// Records that claimed what cannot be, found no room, or were about somebody whose address is not allowed.
    pub records_refused: u64,
    /// Answers that nobody awaited (late, repeated or forged).
    pub answers_unexpected: u64,
    /// Packets that were not sent because too many waited.
    pub intents_dropped: u64,
    /// Notes of others for which there was no room, or that were not for this node, or from nobody who lives.
    pub notes_dropped: u64,
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
    /// Times that this node put a death off: it hears from nobody, its last question has not left yet, or nobody else
    /// accuses and no helper has answered.
    pub convictions_put_off: u64,
    /// Requests for a link that this node began, to whatever end; repetitions of one do not count.
    pub links_asked: u64,
    /// Those among them that were refused.
    pub links_refused: u64,
    /// And those that nobody answered.
    pub links_unanswered: u64,
    /// Links that this node gave up for better ones.
    pub links_swapped: u64,
    /// Links that it gave up for somebody who was cut off.
    pub links_evicted: u64,
    /// Requests, answers and other steps of links for which there was no room.
    pub links_dropped: u64,
    /// Infos that came over links, those that were here already included.
    pub infos_received: u64,
    /// Those among them that were news here.
    pub infos_news: u64,
    /// Infos and groups that were refused.
    pub infos_refused: u64,
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
    /// Lives of members at another address that were not believed, because the member still answers where it was.
    pub takeovers_refused: u64,
    /// Streams that this node asked for.
    pub streams_opened: u64,
    /// Stream inputs that were refused, for any reason in [`Rejected`](crate::Rejected).
    pub streams_refused: u64,
    /// Streams that brought no whole message for too long.
    pub streams_expired: u64,
    /// Bytes that were handed out for streams.
    pub stream_bytes_sent: u64,
    /// Probes that were answered over a stream only.
    pub answers_by_stream: u64,
}
