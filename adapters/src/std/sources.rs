//! Whose datagrams are refused, for whoever looks for what is wrong?
//!
//! The latest few sources are remembered, until one of them sends what is taken in; an ordinary datagram costs nothing.

use ::std::net::SocketAddr;

use quidnunc_core::{Instant, Rejected};

use super::driver::Driver;

/// So many sources of refused datagrams are remembered; then the oldest one is forgotten.
pub const REFUSED_SOURCES_MAX: usize = 32;

/// Why a datagram was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DatagramRefused {
    /// The seal did not open it.
    #[cfg(feature = "crypto")]
    #[error("{0}")]
    Seal(quidnunc_core::seal::Refused),
    /// The node did not take it.
    #[error("{0}")]
    Node(Rejected),
}

/// A source, the latest datagram of which was refused for this reason. Anybody can write any source on a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedSource {
    /// From where they came.
    pub from: SocketAddr,
    /// Why the latest one was refused.
    pub why: DatagramRefused,
    /// How many were refused for this reason, one after the other.
    pub count: u64,
    /// When the latest one came.
    pub last: Instant,
}

/// What is known of sources.
#[derive(Debug, Default)]
pub(super) struct Sources {
    refused: Vec<RefusedSource>,
}

impl Sources {
    /// A datagram was taken in, or not.
    pub(super) fn note(&mut self, from: SocketAddr, taken: Result<(), DatagramRefused>, now: Instant) {
        match taken {
            Err(why) => self.refuse(from, why, now),
            // What was wrong with it is mended.
            Ok(()) if !self.refused.is_empty() => self.refused.retain(|known| known.from != from),
            Ok(()) => {}
        }
    }

    fn refuse(&mut self, from: SocketAddr, why: DatagramRefused, last: Instant) {
        if let Some(known) = self.refused.iter_mut().find(|known| known.from == from) {
            let count = if known.why == why { known.count.saturating_add(1) } else { 1 };
            *known = RefusedSource { from, why, count, last };
            return;
        }
        if self.refused.len() == REFUSED_SOURCES_MAX
            && let Some(oldest) = (0..self.refused.len()).min_by_key(|&at| self.refused[at].last)
        {
            self.refused.swap_remove(oldest);
        }
        self.refused.push(RefusedSource { from, why, count: 1, last });
    }

    pub(super) fn refused(&self) -> &[RefusedSource] {
        &self.refused
    }
}

impl Driver {
    /// The latest sources of datagrams that were refused, in no order: whoever has another key, or is of another cluster.
    #[must_use]
    pub fn refused_sources(&self) -> &[RefusedSource] {
        self.sources.refused()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHY: DatagramRefused = DatagramRefused::Node(Rejected::Cookie);

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn source(port: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], port))
    }

    #[test]
    fn the_latest_sources_of_refused_datagrams_are_remembered() {
        let mut sources = Sources::default();
        let most = u16::try_from(REFUSED_SOURCES_MAX).expect("a few");
        (0..most).for_each(|port| sources.note(source(port), Err(WHY), at(port.into())));
        sources.note(source(0), Err(DatagramRefused::Node(Rejected::FromSelf)), at(100));
        sources.note(source(most), Err(WHY), at(101));
        let of = |port| sources.refused().iter().find(|known| known.from == source(port));
        let why = DatagramRefused::Node(Rejected::FromSelf);
        assert_eq!(of(0), Some(&RefusedSource { from: source(0), why, count: 1, last: at(100) }), "for another reason");
        assert_eq!((of(1), sources.refused().len()), (None, REFUSED_SOURCES_MAX), "the oldest one has gone");
        sources.note(source(most), Err(WHY), at(102));
        assert_eq!(sources.refused().last().map(|known| (known.from, known.count)), Some((source(most), 2)));
        sources.note(source(most), Ok(()), at(103));
        assert!(sources.refused().iter().all(|known| known.from != source(most)), "nothing is wrong with it any more");
    }
}
