//! How long may a heartbeat stand still?

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Detector, FailureRule};
use crate::detector::heartbeat::cleanup_time;
use crate::detector::phi;
use crate::vocab::Instant;

/// When a member is silent, and when it is gone.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Rule {
    /// When its silence is improbable for it.
    Accrual {
        detector: phi::Detector,
        /// For how long the heartbeat of somebody silent may stand still until it is gone.
        cleanup: Duration,
    },
    /// When its heartbeat stood still for a time that is the same for all.
    Fixed {
        fails: FailureRule,
        /// By how many times heartbeats may take longer than the rule says, because of the choice of targets.
        stretch: u32,
        failure_time: Duration,
    },
}

impl Rule {
    /// The rule that a config sets, if heartbeats are relayed at all.
    pub(crate) fn new(detector: &Detector) -> Option<Self> {
        match *detector {
            Detector::Swim | Detector::Ring { .. } => None,
            Detector::Phi { accrual, cleanup, .. } => {
                let detector = phi::Detector::new(accrual).ok()?;
                Some(Self::Accrual { detector, cleanup })
            }
            Detector::Heartbeat { fails, relay } => {
                let mut rule = Self::Fixed { fails, stretch: relay.stretch(), failure_time: Duration::ZERO };
                rule.resize(0, relay.interval);
                Some(rule)
            }
        }
    }

    /// The first heartbeat of a life was heard, or of the life itself.
    pub(super) fn on_first(&self, history: &mut phi::History, now: Instant) {
        if let Self::Accrual { detector, .. } = self {
            *history = phi::History::new();
            detector.on_heartbeat(history, 0, now);
        }
    }

    /// The heartbeat rose.
    pub(super) fn on_rise(&self, history: &mut phi::History, count: u64, now: Instant) {
        if let Self::Accrual { detector, .. } = self {
            detector.on_heartbeat(history, count, now);
        }
    }

    /// When a member is silent whose heartbeat rose last at `last`.
    pub(super) fn silent_at(&self, history: &phi::History, last: Instant) -> Instant {
        match self {
            Self::Accrual { detector, .. } => {
                detector.deadline(history, detector.settings().threshold).unwrap_or(Instant::NEVER)
            }
            Self::Fixed { failure_time, .. } => last.after(*failure_time),
        }
    }

    /// When a silent member is gone whose heartbeat rose last at `last`.
    pub(super) fn gone_at(&self, last: Instant) -> Instant {
        match self {
            Self::Accrual { cleanup, .. } => last.after(*cleanup),
            Self::Fixed { failure_time, .. } => last.after(cleanup_time(*failure_time)),
        }
    }

    /// The cluster has so many members, and heartbeats come in such intervals.
    pub(super) fn resize(&mut self, members: u32, interval: Duration) {
        if let Self::Fixed { fails, stretch, failure_time } = self {
            *failure_time = fails.failure_time(members, interval).saturating_mul(*stretch);
        }
    }

    /// For how long a heartbeat stands still that has failed, where that is the same for all.
    pub(crate) const fn failure_time(&self) -> Option<Duration> {
        match self {
            Self::Accrual { .. } => None,
            Self::Fixed { failure_time, .. } => Some(*failure_time),
        }
    }

    /// How suspicious a silence is, where there are degrees.
    pub(crate) const fn accrual(&self) -> Option<&phi::Detector> {
        match self {
            Self::Accrual { detector, .. } => Some(detector),
            Self::Fixed { .. } => None,
        }
    }
}
