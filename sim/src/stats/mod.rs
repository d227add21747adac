//! What do the numbers say? Samples, exact while there are few, a histogram when there are many.
//!
//! Invariant: what a set of samples says depends on the samples alone, not on the order in which they were
//! recorded or merged. It is exact up to [`EXACT`] samples; beyond, quantiles are true to a thousandth, while
//! count, smallest, mean and largest stay exact.

use hdrhistogram::Histogram;

use crate::scenario::Stat;

#[cfg(test)]
mod tests;

/// So many samples are kept one by one.
pub const EXACT: usize = 1 << 16;
/// Significant decimal digits of the histogram.
const DIGITS: u8 = 3;

/// The samples of one metric, in its unit.
///
/// The number of samples only grows, however they are merged, so the total alone decides which of the two
/// stores holds them.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    /// All samples while there are at most [`EXACT`], none afterwards.
    exact: Vec<u64>,
    /// All samples once there are more.
    many: Option<Box<Histogram<u64>>>,
    count: u64,
    sum: u128,
    /// Smallest and largest; `None` without a sample.
    range: Option<(u64, u64)>,
}

/// What a set of samples says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many samples there are.
    pub count: u64,
    /// The rest, if there is any sample.
    pub stats: Option<Quantiles>,
}

/// Where samples lie, in the unit of their metric. Percentiles are nearest rank: the smallest sample that
/// so large a part of the samples does not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantiles {
    /// The smallest.
    pub min: u64,
    /// The mean, rounded down.
    pub mean: u64,
    /// The median.
    pub p50: u64,
    /// The 90th percentile.
    pub p90: u64,
    /// The 99th percentile.
    pub p99: u64,
    /// The 99.9th percentile.
    pub p999: u64,
    /// The largest.
    pub max: u64,
}

impl Samples {
    /// No samples yet, and room for so many of them as are kept one by one.
    #[must_use]
    pub fn with_capacity(samples: u64) -> Self {
        let exact = usize::try_from(samples).unwrap_or(EXACT).min(EXACT);
        Self { exact: Vec::with_capacity(exact), ..Self::default() }
    }

    /// Adds a sample.
    pub fn record(&mut self, value: u64) {
        self.count += 1;
        self.sum += u128::from(value);
        self.widen(value, value);
        if self.many.is_none() && self.exact.len() < EXACT {
            self.exact.push(value);
        } else {
            self.histogram().saturating_record(value);
        }
    }

    /// Adds all samples of another set.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        if let Some((min, max)) = other.range {
            self.widen(min, max);
        }
        if self.many.is_none() && other.many.is_none() && self.exact.len() + other.exact.len() <= EXACT {
            self.exact.extend_from_slice(&other.exact);
            return;
        }
        let mine = self.histogram();
        record_all(mine, &other.exact);
        for cell in other.many.iter().flat_map(|theirs| theirs.iter_recorded()) {
            mine.saturating_record_n(cell.value_iterated_to(), cell.count_at_value());
        }
    }

    /// How many samples there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The sum of all samples.
    #[must_use]
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// Everything that the samples say.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let stats = self.range.map(|(min, max)| {
            let [p50, p90, p99, p999] = self.percentiles([500, 900, 990, 999]);
            let mean = u64::try_from(self.sum / u128::from(self.count)).unwrap_or(max);
            Quantiles { min, mean, p50, p90, p99, p999, max }
        });
        Summary { count: self.count, stats }
    }

    /// One number of the samples; `None` without a sample, except for their count.
    #[must_use]
    pub fn stat(&self, stat: Stat) -> Option<u64> {
        self.summary().stat(stat)
    }

    fn widen(&mut self, low: u64, high: u64) {
        let (min, max) = self.range.unwrap_or((low, high));
        self.range = Some((min.min(low), max.max(high)));
    }

    /// The samples at ascending `thousandths`, nearest rank. There is at least one sample.
    fn percentiles<const N: usize>(&self, thousandths: [u64; N]) -> [u64; N] {
        let ranks = thousandths.map(|part| nearest_rank(self.count, part));
        let Some(histogram) = &self.many else {
            let values = sorted(&self.exact);
            return ranks.map(|rank| {
                let value = usize::try_from(rank - 1).ok().and_then(|at| values.get(at));
                value.copied().unwrap_or_default()
            });
        };
        let (min, max) = self.range.unwrap_or_default();
        let (mut cells, mut value, mut covered) = (histogram.iter_recorded(), min, 0);
        ranks.map(|rank| {
            while covered < rank
                && let Some(cell) = cells.next()
            {
                value = cell.value_iterated_to();
                covered += cell.count_at_value();
            }
            value.clamp(min, max)
        })
    }

    /// The histogram, into which the list turns first.
    fn histogram(&mut self) -> &mut Histogram<u64> {
        let many = self.many.get_or_insert_with(|| Box::new(empty_histogram()));
        record_all(many, &core::mem::take(&mut self.exact));
        many
    }
}

impl Summary {
    /// One number of the summary; `None` without a sample, except for the count.
    #[must_use]
    pub fn stat(&self, stat: Stat) -> Option<u64> {
        let pick: fn(Quantiles) -> u64 = match stat {
            Stat::Count => return Some(self.count),
            Stat::Min => |stats| stats.min,
            Stat::Mean => |stats| stats.mean,
            Stat::P50 => |stats| stats.p50,
            Stat::P90 => |stats| stats.p90,
            Stat::P99 => |stats| stats.p99,
            Stat::P999 => |stats| stats.p999,
            Stat::Max => |stats| stats.max,
        };
        self.stats.map(pick)
    }
}

/// The same samples in another order are the same set.
impl PartialEq for Samples {
    fn eq(&self, other: &Self) -> bool {
        (self.count, self.sum, self.range) == (other.count, other.sum, other.range)
            && sorted(&self.exact) == sorted(&other.exact)
            && self.many == other.many
    }
}

impl Eq for Samples {}

impl FromIterator<u64> for Samples {
    fn from_iter<I: IntoIterator<Item = u64>>(values: I) -> Self {
        let mut samples = Self::default();
        values.into_iter().for_each(|value| samples.record(value));
        samples
    }
}

/// A histogram of all 64-bit values: of fixed size, so that no sample is too large for it.
fn empty_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, u64::MAX, DIGITS).expect("1 to 2^64 - 1 with 3 digits is within the crate's limits")
}

fn record_all(histogram: &mut Histogram<u64>, values: &[u64]) {
    for &value in values {
        histogram.saturating_record(value);
    }
}

fn sorted(values: &[u64]) -> Vec<u64> {
    let mut values = values.to_vec();
    values.sort_unstable();
    values
}

/// Which of `count` ascending samples, from 1, is the one at so many thousandths.
fn nearest_rank(count: u64, thousandths: u64) -> u64 {
    let rank = (u128::from(count) * u128::from(thousandths)).div_ceil(1000);
    u64::try_from(rank).unwrap_or(count).max(1)
}
