//! Known numbers, the rules of samples, and what holds for all windows.

mod properties;
mod rules;
mod vectors;

use core::num::NonZeroU16;
use core::time::Duration;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn detector(settings: Settings) -> Detector {
    Detector::new(settings).expect("valid settings")
}

fn window(capacity: u16, samples: impl IntoIterator<Item = u64>) -> Window {
    let mut window = Window::new(NonZeroU16::new(capacity).expect("not empty"));
    samples.into_iter().for_each(|sample| window.push(millis(sample)));
    window
}
