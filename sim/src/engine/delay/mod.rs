//! How long does a packet take? One delay from one uniform draw, in integers only.
//!
//! Invariant: a sample is a pure function of the distribution and the draw, grows with the draw, is never
//! below the floor, and is the same on every machine: the curves are integer tables, and the floating point
//! that builds them once is software (`libm`) and basic arithmetic, which IEEE 754 leaves no choice.

use std::sync::LazyLock;

use crate::scenario::{Delay, Distribution};

#[cfg(test)]
mod tests;

/// Steps of a table; it has one point more.
const STEPS: usize = 4096;
/// Fraction bits of a table's points, which are multiples of the deviation: the largest, 10.3, fits an `i32`.
const POINT_BITS: u32 = 27;
/// Further fraction bits after interpolation, so that a jitter of minutes still has steps below 1 ns.
const EXTRA_BITS: u32 = 16;
/// Longest half width of a uniform distribution: 292 years, so that the whole width fits 64 bits.
const MAX_HALF_WIDTH: u64 = u64::MAX / 2;

/// Quantiles of a distribution of deviation 1 at 0/4096, 1/4096, ... 4096/4096, times 2^27.
///
/// The curve is straight between two points. Where it runs to infinity, the outermost point is where the
/// outermost step keeps its true mean; so nothing is further out than 3.99 deviations (normal) or 10.3
/// means (exponential), and mean and deviation are true to a thousandth.
type Table = [i32; STEPS + 1];

static NORMAL: LazyLock<Table> = LazyLock::new(normal_table);
static EXPONENTIAL: LazyLock<Table> = LazyLock::new(exponential_table);

/// Turns uniform draws into delays of one distribution.
#[derive(Debug, Clone, Copy)]
pub struct DelaySampler {
    time: u64,
    jitter: u64,
    floor: u64,
    curve: Curve,
}

#[derive(Debug, Clone, Copy)]
enum Curve {
    Flat,
    Uniform,
    Table(&'static Table),
}

impl DelaySampler {
    /// A sampler of this distribution.
    #[must_use]
    pub fn new(delay: &Delay) -> Self {
        let curve = match delay.distribution {
            Distribution::Constant => Curve::Flat,
            Distribution::Uniform => Curve::Uniform,
            Distribution::Normal => Curve::Table(&NORMAL),
            Distribution::Exponential => Curve::Table(&EXPONENTIAL),
        };
        Self { time: delay.time_ns, jitter: delay.jitter_ns, floor: delay.floor_ns, curve }
    }

    /// The delay in nanoseconds that belongs to a uniform 64-bit draw.
    #[must_use]
    pub fn sample(&self, draw: u64) -> u64 {
        let excess = match self.curve {
            Curve::Flat => 0,
            Curve::Uniform => within(self.jitter.min(MAX_HALF_WIDTH), draw),
            Curve::Table(table) => scaled(self.jitter, quantile(table, draw)),
        };
        let delay = i128::from(self.time) + excess;
        // Below zero the floor decides; above 2^64 - 1 ns lie 584 years.
        u64::try_from(delay.max(0)).unwrap_or(u64::MAX).max(self.floor)
    }
}

/// A number from `-half_width` to `half_width`, both included.
fn within(half_width: u64, draw: u64) -> i128 {
    let width = u128::from(half_width) * 2 + 1;
    let step = (u128::from(draw) * width) >> 64;
    // Below 2^64, so that nothing is cut.
    step.cast_signed() - i128::from(half_width)
}

/// `multiple` (43 fraction bits) of `jitter`, rounded to the nearest nanosecond.
fn scaled(jitter: u64, multiple: i64) -> i128 {
    const BITS: u32 = POINT_BITS + EXTRA_BITS;
    (i128::from(jitter) * i128::from(multiple) + (1 << (BITS - 1))) >> BITS
}

/// The point of the curve at `draw / 2^64`, with 43 fraction bits.
fn quantile(table: &Table, draw: u64) -> i64 {
    let step = (draw >> 52) as usize;
    let (low, high) = (i64::from(table[step]), i64::from(table[step + 1]));
    // The next 32 bits of the draw; the product stays below 2^61.
    let fraction = (draw >> 20 & 0xffff_ffff).cast_signed();
    (low << EXTRA_BITS) + (((high - low) * fraction) >> (32 - EXTRA_BITS))
}

/// `-ln(1 - p)`: mean 1.
fn exponential_table() -> Table {
    let steps = real(STEPS);
    core::array::from_fn(|i| {
        // The mean above the last inner point q is q + 1, halfway between q and q + 2.
        let outermost = libm::log(steps) + 2.0;
        point(if i == STEPS { outermost } else { -libm::log1p(-real(i) / steps) })
    })
}

/// The inverse of the normal distribution's `Φ`: mean 0, deviation 1.
fn normal_table() -> Table {
    const HALF: usize = STEPS / 2;
    let mut upper = [0.0; HALF + 1];
    for i in 1..HALF {
        upper[i] = normal_quantile(real(HALF - i) / real(STEPS), upper[i - 1]);
    }
    // The mean above the last inner point q is density(q) / (1 / STEPS).
    let last = upper[HALF - 1];
    upper[HALF] = 2.0 * density(last) * real(STEPS) - last;
    core::array::from_fn(|i| if i < HALF { -point(upper[HALF - i]) } else { point(upper[i - HALF]) })
}

/// The `z` above which a normal variable lies with probability `tail` (at most a half), found by Newton's
/// method from a start below it. The tail is convex there, so that the steps never leap over the end.
fn normal_quantile(tail: f64, start: f64) -> f64 {
    (0..24).fold(start, |z, _| {
        let above = 0.5 * libm::erfc(z * core::f64::consts::FRAC_1_SQRT_2);
        z + (above - tail) / density(z)
    })
}

/// The density of the normal distribution.
fn density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / libm::sqrt(core::f64::consts::TAU)
}

/// A number of steps as a real one, exactly.
#[expect(clippy::cast_precision_loss, reason = "tables have thousands of steps, not 2^53")]
fn real(steps: usize) -> f64 {
    steps as f64
}

/// A table's point.
#[expect(clippy::cast_possible_truncation, reason = "rounded, and 10.4 * 2^27 fits an i32")]
fn point(value: f64) -> i32 {
    libm::round(value * f64::from(1_u32 << POINT_BITS)) as i32
}
