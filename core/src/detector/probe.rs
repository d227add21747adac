//! One probe at a time: wished for, sent, passed on to helpers, answered or not.
//!
//! ```text
//! tick ── wish ── packed ── deadline ── (helpers asked) ── tick: answered? else silent
//!                    └────────── ack at any time ────────────┘
//! ```
//!
//! A probe's clock starts when its packet is packed, not when it was wished for: a clogged socket of our
//! own must not accuse anybody. A probe that was never packed says nothing about its target.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::Target;
use crate::vocab::{Instant, NodeId, Nonce, Rng};

/// The prober's clock and its current probe.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Prober {
    period: Duration,
    timeout: Duration,
    /// By how much the current probe takes longer than these.
    scale: u32,
    tick: Instant,
    /// When the direct answer was or is overdue, of a probe that was packed.
    deadline: Instant,
    phase: Phase,
    target: Option<Target>,
    nonce: Nonce,
}

/// A probe that nobody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silent {
    pub(crate) target: Target,
    pub(crate) nonce: Nonce,
    /// When its ping was packed.
    pub(crate) sent: Instant,
    /// For how long the direct answer was waited for.
    pub(crate) wait: Duration,
}

/// How far the current probe has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// Nobody is being probed, or the answer is there.
    Done,
    /// Wished for, not packed yet.
    Wished,
    /// Sent; the answer may still come by itself.
    Direct,
    /// The helpers were asked too.
    Indirect,
    /// The target answered over a stream; a datagram may still come.
    Streamed,
}

impl Prober {
    /// The first tick comes at a random point of the first period, so that nodes that start together do
    /// not probe together.
    pub(crate) fn new(period: Duration, timeout: Duration, now: Instant, rng: &mut Rng) -> Self {
        let tick = now.after(rng.within(period));
        let (deadline, nonce) = (Instant::NEVER, Nonce([0; 8]));
        Self { period, timeout, scale: 1, tick, deadline, phase: Phase::Done, target: None, nonce }
    }

    /// The period is over. Returns the probe whose target stayed silent throughout, if there is one.
    /// [`Prober::begin`] must follow.
    pub(crate) fn on_tick(&mut self) -> Option<Silent> {
        let target = match self.phase {
            Phase::Direct | Phase::Indirect => self.target,
            Phase::Done | Phase::Wished | Phase::Streamed => None,
        };
        (self.phase, self.target) = (Phase::Done, None);
        target.map(|target| {
            let wait = self.timeout.saturating_mul(self.scale);
            Silent { target, nonce: self.nonce, sent: self.deadline.before(wait), wait }
        })
    }

    /// The next period begins; it and the timeout in it are `scale` times as long as they are set.
    pub(crate) fn begin(&mut self, now: Instant, scale: u32) {
        self.scale = scale;
        let period = self.period.saturating_mul(scale);
        // The cadence is kept, so that lateness does not add up; it starts anew after a whole lost period.
        let next = self.tick.after(period);
        self.tick = if next > now { next } else { now.after(period) };
    }

    /// Begins the probe of a target and returns its nonce.
    pub(crate) fn wish(&mut self, target: Target, rng: &mut Rng) -> Nonce {
        (self.phase, self.target) = (Phase::Wished, Some(target));
        self.nonce = rng.nonce();
        self.nonce
    }

    /// The probe with this nonce was packed; from now on its target has time to answer.
    pub(crate) fn on_packed(&mut self, nonce: Nonce, now: Instant) {
        if self.phase == Phase::Wished && self.nonce == nonce {
            self.phase = Phase::Direct;
            self.deadline = now.after(self.timeout.saturating_mul(self.scale));
        }
    }

    /// The direct answer is overdue. Returns whom the helpers shall ask, with the nonce of the probe.
    pub(crate) fn on_deadline(&mut self) -> Option<(Target, Nonce)> {
        if self.phase != Phase::Direct {
            return None;
        }
        self.phase = Phase::Indirect;
        self.target.map(|target| (target, self.nonce))
    }

    /// An answer came, from the target itself or through a helper. Returns whether it was awaited.
    pub(crate) fn on_answer(&mut self, about: NodeId, nonce: Nonce) -> bool {
        let open = matches!(self.phase, Phase::Direct | Phase::Indirect | Phase::Streamed);
        let awaited = open && self.is_of(about, nonce);
        if awaited {
            self.phase = Phase::Done;
        }
        awaited
    }

    /// An answer came over a stream, which is opened when the direct answer is overdue. Returns whether it was awaited.
    pub(crate) fn on_stream_answer(&mut self, about: NodeId, nonce: Nonce) -> bool {
        let awaited = self.phase == Phase::Indirect && self.is_of(about, nonce);
        if awaited {
            self.phase = Phase::Streamed;
        }
        awaited
    }

    /// Who has answered the current probe over a stream and in no other way.
    pub(crate) fn heard_by_stream(&self) -> Option<NodeId> {
        self.target.filter(|_| self.phase == Phase::Streamed).map(|target| target.id)
    }

    fn is_of(&self, about: NodeId, nonce: Nonce) -> bool {
        self.nonce == nonce && self.target.is_some_and(|target| target.id == about)
    }

    /// Whether this is the nonce of the current probe.
    pub(crate) fn is_current(&self, nonce: Nonce) -> bool {
        self.target.is_some() && self.nonce == nonce
    }

    /// Probes no more.
    pub(crate) const fn stop(&mut self) {
        (self.phase, self.tick) = (Phase::Done, Instant::NEVER);
    }

    /// When the period ends.
    pub(crate) const fn next_tick(&self) -> Instant {
        self.tick
    }

    /// When the direct answer is overdue.
    pub(crate) const fn next_deadline(&self) -> Instant {
        if matches!(self.phase, Phase::Direct) { self.deadline } else { Instant::NEVER }
    }
}
