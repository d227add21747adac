//! How regular is a member? The times between its last heartbeats, with their mean and deviation.
//!
//! Samples are whole microseconds and the sums are integers, so that a million evictions leave no trace:
//! the variance is `(n * sum of squares - sum * sum) / n^2`, exact, and never below zero.

use alloc::vec::Vec;
use core::num::NonZeroU16;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Samples in a window unless the embedder says otherwise.
pub(super) const CAPACITY: NonZeroU16 = NonZeroU16::new(64).expect("more than none");

/// The room that the first sample takes; it doubles up to the capacity.
const ROOM: usize = 4;

/// The times between the last heartbeats of one member.
///
/// A sample costs the same however many there are. Memory grows with use, up to four bytes per sample of the
/// capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    samples: Vec<u32>,
    /// The oldest sample, once there are as many as may be.
    oldest: u16,
    capacity: NonZeroU16,
    sum: u128,
    squares: u128,
}

impl Window {
    /// An empty window for so many samples.
    #[must_use]
    pub const fn new(capacity: NonZeroU16) -> Self {
        Self { samples: Vec::new(), oldest: 0, capacity, sum: 0, squares: 0 }
    }

    /// Takes a sample in; the oldest one goes when the window is full. What is longer than `u32::MAX`
    /// microseconds (71 minutes) counts as that.
    pub fn push(&mut self, interval: Duration) {
        let sample = u32::try_from(interval.as_micros()).unwrap_or(u32::MAX);
        let capacity = usize::from(self.capacity.get());
        if self.samples.len() < capacity {
            if self.samples.len() == self.samples.capacity() {
                self.samples.reserve_exact(self.samples.len().max(ROOM).min(capacity - self.samples.len()));
            }
            self.samples.push(sample);
        } else if let Some(place) = self.samples.get_mut(usize::from(self.oldest)) {
            let gone = u128::from(core::mem::replace(place, sample));
            self.sum -= gone;
            self.squares -= gone * gone;
            self.oldest = (self.oldest + 1) % self.capacity;
        }
        self.sum += u128::from(sample);
        self.squares += u128::from(sample) * u128::from(sample);
    }

    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether nothing is known yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The mean in microseconds; 0 without samples.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.count()
    }

    /// The standard deviation in microseconds, of the samples as a whole population; 0 without samples.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        libm::sqrt(self.spread() as f64) / self.count()
    }

    /// The variance times the square of the number of samples.
    pub(super) fn spread(&self) -> u128 {
        self.samples.len() as u128 * self.squares - self.sum * self.sum
    }

    /// As a divisor: at least one.
    fn count(&self) -> f64 {
        self.samples.len().max(1) as f64
    }

    /// Memory held for samples, as a number of samples.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.samples.capacity()
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}
