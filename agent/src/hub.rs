//! Who hears what the node reports?
//!
//! One task takes the node's events, and everybody who watches hears of them. The ring between is bounded: who reads too slowly
//! misses some, is told how many, and reads anew what it wants to know. Values and letters are not kept in the ring, only that
//! they came; what a key stands for is read from the node when it is told.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use quidnunc::tokio::Events;
use quidnunc::{Event, Health, NodeId};
use tokio::sync::broadcast::{self, Receiver, error::RecvError};
use tokio::sync::mpsc;

use crate::duration::millis;

/// How many events a watcher may be behind.
const BEHIND_MAX: usize = 1024;

/// An event, and when it came.
#[derive(Debug)]
pub(crate) struct Told {
    /// Milliseconds since 1970.
    pub(crate) at_ms: u64,
    pub(crate) event: Event,
}

/// Where events go.
#[derive(Debug, Clone)]
pub(crate) struct Hub(broadcast::Sender<Arc<Told>>);

/// The next thing that a watcher hears.
#[derive(Debug)]
pub(crate) enum Heard {
    Event(Arc<Told>),
    /// So many events were missed.
    Lost(u64),
    /// There will be none any more.
    End,
}

/// Hears everything from its beginning on.
#[derive(Debug)]
pub(crate) struct Watcher(Receiver<Arc<Told>>);

impl Hub {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(BEHIND_MAX).0)
    }

    pub(crate) fn watch(&self) -> Watcher {
        Watcher(self.0.subscribe())
    }

    /// Passes on what the node reports, until it has stopped; letters go to whoever reads them.
    pub(crate) async fn pass_on(self, mut events: Events, letters: mpsc::Sender<(NodeId, Box<[u8]>)>) {
        while let Some(mut event) = events.recv().await {
            note(&event);
            if let Event::Message { from, bytes } = &mut event
                && letters.try_send((*from, std::mem::take(bytes))).is_err()
            {
                tracing::warn!(%from, "a letter found no room");
            }
            // Nobody may watch.
            let _ = self.0.send(Arc::new(Told { at_ms: wall_ms(), event: lightened(event) }));
        }
    }
}

impl Watcher {
    pub(crate) async fn next(&mut self) -> Heard {
        match self.0.recv().await {
            Ok(told) => {
                if let Event::EventsLost { count } = told.event {
                    Heard::Lost(count)
                } else {
                    Heard::Event(told)
                }
            }
            Err(RecvError::Lagged(count)) => Heard::Lost(count),
            Err(RecvError::Closed) => Heard::End,
        }
    }
}

/// Without what may be large.
fn lightened(mut event: Event) -> Event {
    if let Event::Value(change) = &mut event {
        change.value = change.value.take().map(|_| Box::default());
    }
    event
}

/// Says in the log what an operator would ask about.
#[expect(clippy::wildcard_enum_match_arm, reason = "what is not named here is for whoever debugs")]
fn note(event: &Event) {
    match event {
        Event::Member(change) if matches!(change.health, Health::Suspect | Health::Dead) => {
            tracing::warn!(member = %change.id, addr = %change.addr, now = ?change.health, reason = ?change.reason, "member");
        }
        Event::Member(change) => {
            tracing::info!(member = %change.id, addr = %change.addr, now = ?change.health, "member");
        }
        Event::Joined { members } => tracing::info!(members, "joined"),
        Event::Refuted { cause, .. } => tracing::warn!(?cause, "contradicted what is said of this node"),
        Event::Moved { from, to, .. } => tracing::warn!(%from, %to, "this node has moved to another of its addresses"),
        Event::Conflict(conflict) => {
            tracing::error!(addr = %conflict.addr, stops = conflict.stops, "another node has this identity");
        }
        Event::PartitionHealed(healed) => tracing::warn!(returned = healed.returned, "a partition has healed"),
        Event::StreamOnly { id } => tracing::warn!(member = %id, "answers by stream only"),
        Event::EventsLost { count } => tracing::warn!(count, "events were lost"),
        Event::Standing(change) => tracing::info!(from = ?change.from, to = ?change.to, why = ?change.why, "standing"),
        other => tracing::debug!(event = ?other, "event"),
    }
}

/// What the wall's clock says: milliseconds since 1970.
pub(crate) fn wall_ms() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_watcher_is_told_how_much_it_has_missed() {
        let hub = Hub::new();
        let mut watcher = hub.watch();
        let told = |members| Arc::new(Told { at_ms: 0, event: Event::Joined { members } });
        for members in 0..=1024 {
            assert!(hub.0.send(told(members)).is_ok());
        }
        assert!(matches!(watcher.next().await, Heard::Lost(1)));
        for members in 1..=1024 {
            let Heard::Event(it) = watcher.next().await else { panic!("what is left is told") };
            assert_eq!(it.event, Event::Joined { members });
        }
        drop(hub);
        assert!(matches!(watcher.next().await, Heard::End));
    }
}
