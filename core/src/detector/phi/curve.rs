//! How improbable is a silence? The three models of the time between heartbeats, and their inverses.
//!
//! `phi = -log10 P(later)`. For the normal and the logistic model `P` is a function of `y`, the number of
//! deviations by which the silence exceeds the mean. Every form here keeps its digits at both ends, where
//! the plain formula would yield 0 or infinity. All functions come from `libm`, so that they have the same
//! bits on every platform.

use core::f64::consts::{LN_2, LN_10, SQRT_2};
use serde::{Deserialize, Serialize};

/// The distribution that the times between heartbeats are taken to have.
///
/// Thresholds do not carry over from one model to another: phi is 8 after 5.6 deviations above the mean in
/// the normal model, after 5.2 in the logistic one, and after 18.4 means in the exponential one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Model {
    /// The normal distribution (Hayashibara et al. 2004).
    Normal,
    /// A logistic approximation of it, as in Akka, Pekko and go-scuttlebutt. Close around the mean; far above
    /// it phi grows with the cube of the silence, not with its square.
    Logistic,
    /// The exponential distribution, as in Cassandra: only the mean counts. It suits heartbeats that come
    /// through random relays.
    Exponential,
}

/// The logistic curve stays within 1.4e-4 of the normal one with these.
const SLOPE: f64 = 1.5976;
const CUBIC: f64 = 0.070566;

/// From here on the normal tail is taken from its asymptotic series.
pub(super) const SEAM: f64 = 25.0;

/// `ln sqrt(2 pi)`.
const LN_SQRT_TAU: f64 = 0.918_938_533_204_672_8;

/// Newton's steps; from the bound where they begin, four suffice.
const STEPS: u32 = 6;

impl Model {
    /// Phi of a silence, not clamped. `silence` and `mean` are in the unit of `deviation`, which is positive
    /// and is the least mean of the exponential model.
    pub(super) fn phi(self, silence: f64, mean: f64, deviation: f64) -> f64 {
        let y = (silence - mean) / deviation;
        match self {
            Self::Normal if y < 0.0 => -libm::log1p(-libm::exp(-normal_tail(-y))) / LN_10,
            Self::Normal => normal_tail(y) / LN_10,
            Self::Logistic => {
                let g = y * (SLOPE + CUBIC * y * y);
                (g.max(0.0) + libm::log1p(libm::exp(-libm::fabs(g)))) / LN_10
            }
            Self::Exponential => silence.max(0.0) / (mean.max(deviation) * LN_10),
        }
    }

    /// The silence at which phi is this high, for a positive phi: near enough to begin a search from.
    pub(super) fn silence(self, phi: f64, mean: f64, deviation: f64) -> f64 {
        let tail = phi * LN_10;
        let y = match self {
            Self::Normal if tail < LN_2 => -normal_deviations(-libm::log(-libm::expm1(-tail))),
            Self::Normal => normal_deviations(tail),
            Self::Logistic => logistic_deviations(tail + libm::log(-libm::expm1(-tail))),
            Self::Exponential => return tail * mean.max(deviation),
        };
        mean + y * deviation
    }
}

/// `-ln P(above y)` of the normal distribution, for `y` from 0 on.
pub(super) fn normal_tail(y: f64) -> f64 {
    if y < SEAM { -libm::log(0.5 * libm::erfc(y / SQRT_2)) } else { asymptotic_tail(y) }
}

/// The same from the series of Mills' ratio; its error at the seam is 2e-13.
pub(super) fn asymptotic_tail(y: f64) -> f64 {
    let z = 1.0 / (y * y);
    let series = -z * (1.0 - z * (3.0 - z * (15.0 - z * (105.0 - z * 945.0))));
    y * y / 2.0 + libm::log(y) + LN_SQRT_TAU - libm::log1p(series)
}

/// The inverse of [`normal_tail`], for tails from `ln 2` on. Newton's steps come down from a bound and never
/// pass the root, because the tail is convex.
fn normal_deviations(tail: f64) -> f64 {
    let mut y = libm::sqrt(2.0 * tail);
    for _ in 0..STEPS {
        let reached = normal_tail(y);
        // The slope is the hazard: density over tail.
        let slope = libm::exp(reached - y * y / 2.0 - LN_SQRT_TAU);
        y = (y - (reached - tail) / slope).max(0.0);
    }
    y
}

/// The only root of `SLOPE * y + CUBIC * y^3 = g`.
fn logistic_deviations(g: f64) -> f64 {
    let scale = 2.0 * libm::sqrt(SLOPE / (3.0 * CUBIC));
    scale * libm::sinh(libm::asinh(3.0 * g / (SLOPE * scale)) / 3.0)
}
