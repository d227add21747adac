//! When is a seed asked to let this node in, and which one?
//!
//! Seeds are asked in turn until one welcomes the node. Each request has a fresh nonce, and only an
//! answer that repeats it counts. Later, seeds are asked again now and then for ever, one request at a time:
//! two clusters that grew up apart have no rows of each other, and only a seed can introduce them. This
//! machine sends nothing; it says whom to ask and when.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use crate::vocab::{Instant, Nonce, Rng};

/// The longest pause between two requests.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// A join under way.
#[derive(Debug, Clone)]
pub(crate) struct Joining {
    seeds: Vec<SocketAddr>,
    turn: usize,
    nonce: Nonce,
    next: Instant,
    pause: Duration,
    welcomed: bool,
}

impl Joining {
    /// Starts with a random one of the seeds, at once. `pause` lies between the first two requests and
    /// grows by half each time. `None` without seeds.
    pub(crate) fn new(seeds: &[SocketAddr], pause: Duration, now: Instant, rng: &mut Rng) -> Option<Self> {
        let count = u32::try_from(seeds.len()).ok().filter(|&count| count > 0)?;
        let turn = rng.below(count) as usize;
        let nonce = Nonce(rng.next().to_le_bytes());
        Some(Self { seeds: seeds.to_vec(), turn, nonce, next: now, pause, welcomed: false })
    }

    /// The seed to be asked now, with the nonce of the request.
    pub(crate) fn on_deadline(&mut self, now: Instant, rng: &mut Rng) -> (SocketAddr, Nonce) {
        self.nonce = Nonce(rng.next().to_le_bytes());
        let seed = self.seeds[self.turn % self.seeds.len()];
        self.turn = (self.turn + 1) % self.seeds.len();
        self.next = if self.welcomed {
            Instant::NEVER
        } else {
            // Jitter keeps nodes that started together from knocking together.
            let nanos = u64::try_from(self.pause.as_nanos()).unwrap_or(u64::MAX);
            now.after(Duration::from_nanos(rng.nanos_in(nanos / 2..nanos.saturating_add(nanos / 2))))
        };
        let pause_max = PAUSE_MAX.max(self.pause);
        self.pause = (self.pause + self.pause / 2).min(pause_max);
        (seed, self.nonce)
    }

    /// A seed let the node in. Returns whether it is the first time.
    pub(crate) const fn on_welcome(&mut self) -> bool {
        self.next = Instant::NEVER;
        !core::mem::replace(&mut self.welcomed, true)
    }

    /// Asks one seed again, once, if the node was let in before.
    pub(crate) fn ask_again(&mut self, now: Instant) {
        if self.welcomed {
            self.next = now;
        }
    }

    /// Whether an answer belongs to the latest request.
    pub(crate) fn is_answer(&self, nonce: Nonce) -> bool {
        self.nonce == nonce
    }

    /// When the next seed is to be asked.
    pub(crate) const fn next_deadline(&self) -> Instant {
        self.next
    }
}
