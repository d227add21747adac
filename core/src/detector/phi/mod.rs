//! How suspicious is a silence? The phi accrual failure detector (Hayashibara et al. 2004).
//!
//! Suspicion is a number, `phi = -log10 P(a heartbeat comes still later)`: at phi 8 one silence in 10^8 would
//! be a mistake if the model were true. Several consumers may hold several thresholds against it. Its inverse
//! gives the instant at which a threshold is reached, so one timer serves and nobody has to be polled.
//!
//! * [`window`] — the times between heartbeats;
//! * [`curve`] — the models and their inverses;
//! * [`history`] — what was heard of one member;
//! * [`settings`] — what can be set.
//!
//! Invariant: phi never falls while a member is silent, and `now >= deadline(threshold)` if and only if
//! `phi(now) >= threshold`. This room knows no members, convicts nobody, and reads no clock.

mod curve;
mod history;
mod settings;
#[cfg(test)]
mod tests;
mod window;

use core::time::Duration;

pub use curve::Model;
pub use history::{Heard, History};
pub use settings::{Settings, SettingsError};
pub use window::Window;

use serde::{Deserialize, Serialize};

use crate::vocab::Instant;

/// The rules of an accrual detector: one for all members, with a [`History`] per member.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    settings: Settings,
}

impl Detector {
    /// A detector with these settings.
    ///
    /// # Errors
    /// What [`Settings::validate`] says of them.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.validate().map(|()| Self { settings })
    }

    /// What was set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A member's heartbeat was heard, from itself or through others. Time that goes back stands still.
    ///
    /// How far a heartbeat may jump is for the caller to judge: after `u64::MAX` none is higher.
    pub fn on_heartbeat(&self, history: &mut History, heartbeat: u64, now: Instant) -> Heard {
        let Some((known, last)) = history.last else {
            let quarter = self.settings.first_interval / 4;
            history.window = Window::new(self.settings.samples_max);
            history.window.push(quarter * 3);
            history.window.push(quarter * 5);
            history.last = Some((heartbeat, now));
            return Heard::First;
        };
        if heartbeat <= known {
            return Heard::Duplicate;
        }
        let heard = if self.is_available(history, now) {
            let interval = now.since(last);
            if interval < self.settings.interval_min {
                Heard::Burst
            } else {
                history.window.push(interval.min(self.settings.interval_max));
                Heard::Sampled
            }
        } else {
            Heard::Returned
        };
        history.last = Some((heartbeat, now.max(last)));
        history.rises = history.rises.saturating_add(1);
        heard
    }

    /// How suspicious the member's silence is; 0 when nothing was heard yet.
    #[must_use]
    pub fn phi(&self, history: &History, now: Instant) -> f64 {
        history.last.map_or(0.0, |(_, last)| self.phi_after(&history.window, now.since(last)))
    }

    /// Whether phi is below the threshold that is set. So is a member of which nothing was heard.
    #[must_use]
    pub fn is_available(&self, history: &History, now: Instant) -> bool {
        self.phi(history, now) < self.settings.threshold
    }

    /// When phi reaches the threshold, if nothing is heard until then. `None` when it never does: nothing was
    /// heard yet, or the threshold is above the clamp or no number.
    #[must_use]
    pub fn deadline(&self, history: &History, threshold: f64) -> Option<Instant> {
        let (_, last) = history.last?;
        self.timeout(&history.window, threshold).map(|wait| last.after(wait))
    }

    /// Phi after so long a silence, in whole microseconds; 0 without samples.
    #[must_use]
    pub fn phi_after(&self, window: &Window, silence: Duration) -> f64 {
        self.phi_at(window, u64::try_from(silence.as_micros()).unwrap_or(u64::MAX))
    }

    /// The shortest silence, in whole microseconds, at which phi is at least `threshold`. `None` when there
    /// is none.
    #[must_use]
    pub fn timeout(&self, window: &Window, threshold: f64) -> Option<Duration> {
        let reached = |micros| self.phi_at(window, micros) >= threshold;
        if reached(0) {
            return Some(Duration::ZERO);
        }
        if window.is_empty() || threshold.is_nan() || threshold > self.settings.phi_max {
            return None;
        }
        let (mean, deviation) = self.shape(window);
        let near = self.settings.model.silence(threshold, mean, deviation) + micros(self.settings.pause);
        #[expect(clippy::cast_possible_truncation, reason = "a guess, and the cast saturates")]
        let guess = libm::ceil(near) as u64;
        first_reached(guess, reached).map(Duration::from_micros)
    }

    fn phi_at(&self, window: &Window, silence: u64) -> f64 {
        if window.is_empty() {
            return 0.0;
        }
        let (mean, deviation) = self.shape(window);
        let counted = silence as f64 - micros(self.settings.pause);
        self.settings.model.phi(counted, mean, deviation).min(self.settings.phi_max)
    }

    /// Mean and deviation in microseconds, the deviation at least what it has to be.
    fn shape(&self, window: &Window) -> (f64, f64) {
        (window.mean(), window.deviation().max(micros(self.settings.deviation_min)))
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_micros() as f64
}

/// The first number for which `reached` holds, which it does from there on, and not for 0. The search begins
/// at a guess and takes as long as the guess is wrong: two questions when it is right.
fn first_reached(guess: u64, reached: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut below, mut at) = (0, guess.max(1));
    let mut stride = 1_u64;
    if reached(at) {
        while stride < at {
            if !reached(at - stride) {
                below = at - stride;
                break;
            }
            at -= stride;
            stride = stride.saturating_mul(2);
        }
    } else {
        while !reached(at) {
            if at == u64::MAX {
                return None;
            }
            below = at;
            at = at.saturating_add(stride);
            stride = stride.saturating_mul(2);
        }
    }
    while at - below > 1 {
        let middle = below + (at - below) / 2;
        if reached(middle) { at = middle } else { below = middle }
    }
    Some(at)
}
