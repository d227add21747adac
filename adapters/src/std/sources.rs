//! Whose datagrams come, and whose are refused, for whoever looks for what is wrong?
//!
//! Refusals are remembered by source, the latest few; who is heard is counted of those addresses only that somebody watches, so
//! that an ordinary datagram costs nothing.

use ::std::net::SocketAddr;
use ::std::time::Duration;

use quidnunc_core::{Instant, Rejected};

use super::driver::Driver;

/// So many sources of refused datagrams are remembered; then the oldest one is forgotten.
pub const REFUSED_SOURCES_MAX: usize = 32;

/// So many addresses are watched at once.
pub const WATCHED_SOURCES_MAX: usize = 64;

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
    /// How many were refused, for any reason, as long as the source is remembered.
    pub count: u64,
    /// When the latest one came.
    pub last: Instant,
}

/// What is known of sources.
#[derive(Debug, Default)]
pub(super) struct Sources {
    refused: Vec<RefusedSource>,
    watched: Vec<Watched>,
}

#[derive(Debug)]
struct Watched {
    from: SocketAddr,
    count: u64,
    until: Instant,
}

impl Sources {
    /// A datagram was taken in, or not.
    pub(super) fn note(&mut self, from: SocketAddr, taken: Result<(), DatagramRefused>, now: Instant) {
        if let Err(why) = taken {
            self.refuse(from, why, now);
        } else if let Some(watched) = self.watched.iter_mut().find(|watched| watched.from == from) {
            watched.count = watched.count.saturating_add(1);
        }
    }

    fn refuse(&mut self, from: SocketAddr, why: DatagramRefused, last: Instant) {
        if let Some(known) = self.refused.iter_mut().find(|known| known.from == from) {
            *known = RefusedSource { why, count: known.count.saturating_add(1), last, ..*known };
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

    /// Counts an address for so long, from 0 if it was not counted. Returns whether there was room.
    pub(super) fn watch(&mut self, from: SocketAddr, time: Duration, now: Instant) -> bool {
        self.watched.retain(|watched| watched.until > now);
        let until = now.after(time);
        if let Some(watched) = self.watched.iter_mut().find(|watched| watched.from == from) {
            watched.until = watched.until.max(until);
            return true;
        }
        let has_room = self.watched.len() < WATCHED_SOURCES_MAX;
        if has_room {
            self.watched.push(Watched { from, count: 0, until });
        }
        has_room
    }

    pub(super) fn heard(&self, from: SocketAddr) -> Option<u64> {
        self.watched.iter().find(|watched| watched.from == from).map(|watched| watched.count)
    }
}

impl Driver {
    /// The latest sources of datagrams that were refused, in no order: whoever has another key, or is of another cluster.
    #[must_use]
    pub fn refused_sources(&self) -> &[RefusedSource] {
        self.sources.refused()
    }

    /// Counts for so long the datagrams from an address that are taken in, for [`heard_from`](Self::heard_from). An address that
    /// is counted already goes on from where it is. Returns whether there was room, which there is for
    /// [`WATCHED_SOURCES_MAX`].
    pub fn watch_source(&mut self, from: SocketAddr, time: Duration) -> bool {
        let now = self.now();
        self.sources.watch(from, time, now)
    }

    /// How many datagrams were taken in from an address since it [is watched](Self::watch_source); `None` if it is not.
    #[must_use]
    pub fn heard_from(&self, from: SocketAddr) -> Option<u64> {
        self.sources.heard(from)
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
        let again =
            RefusedSource { from: source(0), why: DatagramRefused::Node(Rejected::FromSelf), count: 2, last: at(100) };
        assert_eq!(of(0), Some(&again));
        assert_eq!((of(1), sources.refused().len()), (None, REFUSED_SOURCES_MAX), "the oldest one has gone");
        assert_eq!(of(most).map(|known| known.count), Some(1));
    }

    #[test]
    fn who_is_watched_is_counted_and_nobody_else() {
        let mut sources = Sources::default();
        assert!(sources.watch(source(1), Duration::from_secs(5), at(0)));
        for (port, taken) in [(1, Ok(())), (2, Ok(())), (1, Err(WHY)), (1, Ok(()))] {
            sources.note(source(port), taken, at(1));
        }
        assert!(sources.watch(source(1), Duration::from_secs(1), at(1)), "it goes on");
        assert_eq!((sources.heard(source(1)), sources.heard(source(2))), (Some(2), None));
        for port in 2..=64 {
            assert!(sources.watch(source(port), Duration::from_secs(5), at(2)));
        }
        assert!(!sources.watch(source(65), Duration::from_secs(5), at(2)), "no room");
        assert!(sources.watch(source(65), Duration::from_secs(5), at(5)), "the first one's time is over");
        assert_eq!(sources.heard(source(1)), None);
    }
}
