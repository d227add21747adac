//! What was heard of one member, and when?

use serde::{Deserialize, Serialize};

use super::window::Window;
use crate::vocab::Instant;

/// What was heard of one life of one member. A member that restarts gets a new one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct History {
    pub(super) window: Window,
    pub(super) last: Option<(u64, Instant)>,
    /// How often the heartbeat rose, up to [`RISES`]; that many as well once the member itself answered.
    pub(super) rises: u8,
}

/// So many rises prove that somebody is there to raise it.
pub(super) const RISES: u8 = 2;

/// What a heartbeat was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Heard {
    /// The first one. It may be an old one that others still tell of, so it proves nothing.
    First,
    /// A higher one: its interval is a sample now.
    Sampled,
    /// A higher one right behind another: a sign of life, but no sample.
    Burst,
    /// A higher one from a member that counted as unavailable: a sign of life, but its interval is no sample.
    Returned,
    /// Not higher than what was known: nothing.
    Duplicate,
}

impl History {
    /// Nothing heard yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The intervals that were recorded.
    #[must_use]
    pub const fn window(&self) -> &Window {
        &self.window
    }

    /// When the heartbeat rose last.
    #[must_use]
    pub fn last_heard(&self) -> Option<Instant> {
        self.last.map(|(_, at)| at)
    }

    /// Whether the member is known to run: its heartbeat rose twice after the first one, or it answered.
    /// Before that, a newcomer may be hearing the echo of a dead member, and should not call it alive.
    #[must_use]
    pub const fn is_proven(&self) -> bool {
        self.rises >= RISES
    }

    /// The member itself answered. This proves that it runs; it is no heartbeat and no sample.
    pub const fn on_reply(&mut self) {
        self.rises = RISES;
    }
}
