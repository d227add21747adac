//! What can be set of an accrual detector, and what cannot work.

use core::num::NonZeroU16;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::curve::Model;
use super::window::CAPACITY;

/// The longest duration that may be set; its samples and five quarters of it fit a window.
const DURATION_MAX: Duration = Duration::from_secs(3600);

/// The least deviation, and the least first interval: a microsecond has no parts.
const DURATION_MIN: Duration = Duration::from_micros(1);

/// The highest clamp of phi.
const PHI_MAX: f64 = 1e6;

/// Everything that can be set of a [`Detector`](super::Detector).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The distribution that heartbeats are taken to have.
    pub model: Model,
    /// The standard deviation is never taken to be less: very regular heartbeats must not make a detector
    /// that convicts at the first delay. In the exponential model, whose deviation is its mean, this is the
    /// least mean.
    pub deviation_min: Duration,
    /// This much of every silence is accepted before it counts.
    pub pause: Duration,
    /// Phi is never higher than this.
    pub phi_max: f64,
    /// From this phi on the member counts as unavailable, and the interval that ends then is not recorded:
    /// an outage must not teach the detector to be patient.
    pub threshold: f64,
    /// How many intervals are remembered per member.
    pub samples_max: NonZeroU16,
    /// The interval that is expected before any was seen. The first heartbeat leaves two samples, three
    /// and five quarters of it.
    pub first_interval: Duration,
    /// What comes closer to the heartbeat before is a burst (a queue that was emptied at once) and no sample.
    pub interval_min: Duration,
    /// What comes later is recorded as this.
    pub interval_max: Duration,
}

impl Settings {
    /// A local network with a heartbeat per second: the values of Akka, Pekko and go-scuttlebutt, but for the
    /// window of 64. A silence of 4.5 s is phi 8 when the heartbeats are regular.
    #[must_use]
    pub const fn lan() -> Self {
        Self {
            model: Model::Logistic,
            deviation_min: Duration::from_millis(100),
            pause: Duration::from_secs(3),
            phi_max: 1000.0,
            threshold: 8.0,
            samples_max: CAPACITY,
            first_interval: Duration::from_secs(1),
            interval_min: Duration::from_millis(1),
            interval_max: Duration::from_secs(60),
        }
    }

    /// Checks every setting and the relations between them.
    ///
    /// # Errors
    /// The first [`SettingsError`] in the order of the fields.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let durations = [
            ("deviation_min", self.deviation_min, DURATION_MIN),
            ("pause", self.pause, Duration::ZERO),
            ("first_interval", self.first_interval, DURATION_MIN),
            ("interval_min", self.interval_min, Duration::ZERO),
            ("interval_max", self.interval_max, self.interval_min.max(DURATION_MIN)),
        ];
        for (name, value, least) in durations {
            let most = DURATION_MAX;
            if !(least..=most).contains(&value) {
                return Err(SettingsError::Duration { name, value, least, most });
            }
        }
        for (name, value, most) in [("phi_max", self.phi_max, PHI_MAX), ("threshold", self.threshold, self.phi_max)] {
            if !(value > 0.0 && value <= most) {
                return Err(SettingsError::Phi { name, value, most });
            }
        }
        Ok(())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::lan()
    }
}

/// Why [`Settings`] cannot work.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// A duration is out of range.
    #[error("{name} is {value:?}, which is not between {least:?} and {most:?}")]
    Duration {
        /// Which one.
        name: &'static str,
        /// What it is.
        value: Duration,
        /// The least it may be.
        least: Duration,
        /// The most it may be.
        most: Duration,
    },
    /// A value of phi is out of range.
    #[error("{name} is {value}, which is not above 0 and at most {most}")]
    Phi {
        /// Which one.
        name: &'static str,
        /// What it is.
        value: f64,
        /// The most it may be.
        most: f64,
    },
}
