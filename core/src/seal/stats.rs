//! What did the seal do, and what did it not let in?

use super::error::Refused;

/// Counters since the seal was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SealStats {
    /// Datagrams of the node that were sealed.
    pub sealed: u64,
    /// Of these, compressed.
    pub compressed: u64,
    /// Datagrams of the node that went out as they were.
    pub sent_plain: u64,
    /// Sealed datagrams that were opened for the node, those that waited for a proof included.
    pub opened: u64,
    /// Unsealed datagrams that were let in.
    pub let_in_plain: u64,
    /// Datagrams that had to wait for their sender's proof.
    pub held: u64,
    /// Datagrams that waited in vain, or found no room.
    pub held_lost: u64,
    /// Questions to senders that have not proven themselves.
    pub asked: u64,
    /// Proofs for others.
    pub proofs_sent: u64,
    /// Senders that proved themselves.
    pub proven: u64,
    /// Proven senders that made room for others. It stays 0 while `peers_max` is above the size of the cluster.
    pub evicted: u64,
    /// Questions and proofs that found no room in the queue.
    pub answers_lost: u64,
    /// Sealed streams whose other side has proven itself.
    pub streams_sealed: u64,
    /// Streams that went on unsealed, those that this node opened and those of others.
    pub streams_plain: u64,
    /// Streams that were refused, or ended because something of them was. Why is counted below.
    pub streams_refused: u64,
    /// Records of streams that were sealed.
    pub records_sealed: u64,
    /// Records of streams that were opened.
    pub records_opened: u64,
    /// [`Refused::Plaintext`]
    pub plaintext: u64,
    /// [`Refused::Truncated`]
    pub truncated: u64,
    /// [`Refused::Unknown`]
    pub unknown: u64,
    /// [`Refused::Cluster`]
    pub cluster: u64,
    /// [`Refused::UnknownKey`]
    pub unknown_key: u64,
    /// [`Refused::Reflected`]
    pub reflected: u64,
    /// [`Refused::Replayed`]
    pub replayed: u64,
    /// [`Refused::Forged`]
    pub forged: u64,
    /// [`Refused::Malformed`]
    pub malformed: u64,
    /// [`Refused::Bomb`]
    pub bombs: u64,
    /// [`Refused::Stale`]
    pub stale: u64,
    /// [`Refused::Resumed`]
    pub resumed: u64,
    /// [`Refused::Unproven`]
    pub unproven: u64,
}

impl SealStats {
    /// Datagrams and streams that were refused, of all kinds together.
    #[must_use]
    pub fn refused(&self) -> u64 {
        [
            self.plaintext,
            self.truncated,
            self.unknown,
            self.cluster,
            self.unknown_key,
            self.reflected,
            self.replayed,
            self.forged,
            self.malformed,
            self.bombs,
            self.stale,
            self.resumed,
            self.unproven,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    pub(super) const fn count(&mut self, refused: Refused) {
        let counter = match refused {
            Refused::Plaintext => &mut self.plaintext,
            Refused::Truncated => &mut self.truncated,
            Refused::Unknown => &mut self.unknown,
            Refused::Cluster => &mut self.cluster,
            Refused::UnknownKey => &mut self.unknown_key,
            Refused::Reflected => &mut self.reflected,
            Refused::Replayed => &mut self.replayed,
            Refused::Forged => &mut self.forged,
            Refused::Malformed => &mut self.malformed,
            Refused::Bomb => &mut self.bombs,
            Refused::Stale => &mut self.stale,
            Refused::Resumed => &mut self.resumed,
            Refused::Unproven => &mut self.unproven,
        };
        up(counter, 1);
    }
}

pub(super) const fn up(counter: &mut u64, by: u64) {
    *counter = counter.saturating_add(by);
}
