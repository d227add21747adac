//! How often did an observer change its mind about a subject, and how far did each fact travel?

use std::collections::BTreeMap;

use quidnunc_core::{Health, Incarnation, MemberChange};

use crate::stats::Samples;

/// What is kept of the past: one entry per pair that ever changed, one per fact that ever travelled.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Per observer and subject: changes between alive and dead.
    flaps: BTreeMap<(u32, u32), u64>,
    /// Per version of a fact about a subject: the most hops that it came.
    farthest: BTreeMap<(u32, Incarnation, Health), u8>,
}

impl History {
    pub(super) fn on_change(&mut self, observer: u32, subject: u32, change: &MemberChange) {
        if let (Some(was), Some(is)) = (change.was.and_then(is_alive), is_alive(change.health))
            && was != is
        {
            *self.flaps.entry((observer, subject)).or_default() += 1;
        }
        if change.hops > 0 {
            let farthest = self.farthest.entry((subject, change.incarnation, change.health)).or_default();
            *farthest = change.hops.max(*farthest);
        }
    }

    /// One sample per pair that ever changed. A crash that everybody notices is one change for each, a
    /// restart another; that nobody ever changed is `stat = "count"` with `equals = 0`.
    pub(super) fn flaps(&self) -> Samples {
        self.flaps.values().copied().collect()
    }

    /// One sample per version of a fact that came from somebody.
    pub(super) fn last_hops(&self) -> Samples {
        self.farthest.values().map(|&hops| u64::from(hops)).collect()
    }
}

/// A suspect still counts as alive; who left is neither.
const fn is_alive(health: Health) -> Option<bool> {
    match health {
        Health::Alive | Health::Suspect => Some(true),
        Health::Dead => Some(false),
        Health::Left => None,
    }
}
