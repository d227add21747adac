//! How much may this node write, and is what it is asked for more than it can send?
//!
//! The flow control of van Renesse 2008, section 5, in bytes: every node has a *permitted* rate of writing and a
//! *desired* one. Two nodes that exchange maps share what they are permitted by what they desire; whoever falls
//! behind with sending several times in a row permits itself less, and more again when it keeps up.
//!
//! Invariant: the permitted rate lies between [`Limits::least`] and what the node may send. This room knows no peers.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Instant, Rates};

/// So many exchanges in a row must fall behind before less is permitted: one proves nothing.
const OVERFULL_MAX: u8 = 3;

/// What a node desires at most, in times of what it is permitted: a full bucket tells only that it wants more.
const DESIRE_FACTOR: u64 = 2;

/// More is permitted in steps of this part. The paper's fixed step is a tenth of what its nodes settle at.
const RAISE_DIVISOR: u64 = 8;

/// A rate never falls below this part of the highest one.
const LEAST_DIVISOR: u64 = 1024;

/// What bounds writing and sending.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// What may be sent, in bytes per second; nobody is permitted to write more.
    pub(crate) rate: u64,
    /// So many bytes may be written at once.
    pub(crate) burst: u64,
    /// One round of gossip.
    pub(crate) round: Duration,
    /// The longest datagram.
    pub(crate) datagram: u64,
}

impl Limits {
    const fn least(&self) -> u64 {
        let least = self.rate / LEAST_DIVISOR;
        if least == 0 { 1 } else { least }
    }
}

/// A node's own writing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Flow {
    limits: Limits,
    permitted: u64,
    bucket: Bucket,
    /// What was written in the present second, and what is taken for the rate.
    second: Instant,
    written: u64,
    desired: u64,
    /// The last write that was refused.
    refused: Option<Instant>,
    overfull: u8,
    /// The last exchange that counted as overfull, and the last time that the permitted rate changed.
    overfull_at: Option<Instant>,
    changed: Instant,
}

impl Flow {
    pub(crate) const fn new(limits: Limits, now: Instant) -> Self {
        Self {
            limits,
            permitted: limits.rate,
            bucket: Bucket::full(limits.burst, now),
            second: now,
            written: 0,
            desired: 0,
            refused: None,
            overfull: 0,
            overfull_at: None,
            changed: now,
        }
    }

    /// Whether so many bytes may be written now; if not, in what time.
    pub(crate) fn admit(&mut self, bytes: u64, now: Instant) -> Result<(), Duration> {
        self.recover(now);
        self.bucket.fill(self.permitted, self.limits.burst, now);
        // What is longer than a burst needs a full one.
        let missing = bytes.min(self.limits.burst).saturating_sub(self.bucket.bytes);
        if missing == 0 {
            return Ok(());
        }
        self.refused = Some(now);
        Err(time_of(missing, self.permitted))
    }

    /// So many bytes were written.
    pub(crate) fn on_written(&mut self, bytes: u64, now: Instant) {
        self.bucket.bytes = self.bucket.bytes.saturating_sub(bytes);
        self.measure(now);
        self.written = self.written.saturating_add(bytes);
    }

    /// Goes on to the present second.
    fn measure(&mut self, now: Instant) {
        let seconds = now.since(self.second).as_secs();
        if seconds == 0 {
            return;
        }
        self.desired = if seconds == 1 { self.written.midpoint(self.desired) } else { 0 };
        (self.second, self.written) = (self.second.after(Duration::from_secs(seconds)), 0);
    }

    /// What the node desires and what it is permitted; `None` while nothing holds it back, so that it needs nothing.
    pub(crate) fn rates(&mut self, now: Instant) -> Option<Rates> {
        self.recover(now);
        (self.permitted < self.limits.rate).then(|| self.own(now))
    }

    fn own(&mut self, now: Instant) -> Rates {
        self.measure(now);
        let wants_more = self.refused.is_some_and(|at| at.after(self.limits.round * 5) > now);
        let desired = if wants_more { self.permitted.saturating_mul(DESIRE_FACTOR) } else { self.desired };
        Rates { desired: desired.max(self.written), permitted: self.permitted }
    }

    /// Shares what both are permitted with a peer. Returns what the peer gets more than it has, or less; `None` while
    /// nothing holds this node back, which then does not know what the cluster can take.
    pub(crate) fn share(&mut self, peer: Rates, now: Instant) -> Option<i64> {
        let own = self.rates(now)?;
        let most = self.limits.rate;
        let peer = Rates { desired: peer.desired, permitted: peer.permitted.min(most) };
        let (for_peer, for_own) = split(peer, own);
        let (least, kept) = (self.limits.least(), for_own.min(most));
        self.permitted = kept.max(least);
        Some(difference(peer.permitted, for_peer))
    }

    /// A peer has shared with this node, which is permitted so much more, or less.
    pub(crate) fn on_shared(&mut self, more: i64) {
        self.permitted = self.permitted.saturating_add_signed(more).clamp(self.limits.least(), self.limits.rate);
    }

    /// An exchange fell behind: what was asked for could not be sent within a round.
    pub(crate) fn on_behind(&mut self, now: Instant) {
        self.recover(now);
        if let Some(last) = self.overfull_at {
            // Those of one round tell the same thing.
            if last.after(self.limits.round) > now {
                return;
            }
            if last.after(self.limits.round * 2) <= now {
                self.overfull = 0;
            }
        }
        (self.overfull, self.overfull_at) = (self.overfull + 1, Some(now));
        if self.overfull >= OVERFULL_MAX {
            (self.overfull, self.changed) = (0, now);
            // What is not used need not be taken away step by step.
            self.measure(now);
            let used = self.permitted.min(self.desired.max(self.written));
            self.permitted = (used - used / 4).max(self.limits.least());
        }
    }

    /// Permits more for every three rounds in which nothing fell behind.
    fn recover(&mut self, now: Instant) {
        if self.permitted >= self.limits.rate {
            return;
        }
        let quiet = self.limits.round * u32::from(OVERFULL_MAX);
        let mut from = self.overfull_at.map_or(self.changed, |at| self.changed.max(at));
        // From the least to the most it takes less than a hundred steps.
        while from.after(quiet) <= now && self.permitted < self.limits.rate {
            from = from.after(quiet);
            self.changed = from;
            self.permitted = (self.permitted + self.permitted / RAISE_DIVISOR + 1).min(self.limits.rate);
        }
    }
}

/// Shares what two are permitted: whoever desires less than half gets that, and of what nobody desires each gets half
/// (van Renesse 2008, section 5).
const fn split(p: Rates, q: Rates) -> (u64, u64) {
    let total = p.permitted.saturating_add(q.permitted);
    let half = total / 2;
    let desired = p.desired.saturating_add(q.desired);
    let for_p = if desired <= total {
        p.desired + (total - desired) / 2
    } else if p.desired < half {
        p.desired
    } else if q.desired < half {
        total - q.desired
    } else {
        half
    };
    (for_p, total - for_p)
}

fn difference(before: u64, after: u64) -> i64 {
    let far = i64::try_from(after.abs_diff(before)).unwrap_or(i64::MAX);
    if after < before { -far } else { far }
}

fn time_of(bytes: u64, rate: u64) -> Duration {
    let nanos = u128::from(bytes).saturating_mul(1_000_000_000).div_ceil(u128::from(rate.max(1)));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Bytes that may be spent, and that come again at some rate.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Bucket {
    bytes: u64,
    at: Instant,
}

impl Bucket {
    const fn full(bytes: u64, at: Instant) -> Self {
        Self { bytes, at }
    }

    fn fill(&mut self, rate: u64, most: u64, now: Instant) {
        let new = u128::from(rate) * now.since(self.at).as_nanos() / 1_000_000_000;
        // What is less than a byte is not lost: it is counted next time.
        if new > 0 {
            self.bytes = self.bytes.saturating_add(u64::try_from(new).unwrap_or(u64::MAX)).min(most);
            self.at = now;
        }
    }
}

/// How fast a node sends changes of maps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Pace {
    rate: u64,
    /// So much may be sent at once: what a round allows, and no less than a datagram.
    depth: u64,
    datagram: u64,
    bucket: Bucket,
}

impl Pace {
    pub(crate) fn new(limits: Limits, now: Instant) -> Self {
        let Limits { rate, round, datagram, .. } = limits;
        let per_round = u128::from(rate) * round.as_nanos() / 1_000_000_000;
        let depth = u64::try_from(per_round).unwrap_or(u64::MAX).max(datagram);
        Self { rate, depth, datagram, bucket: Bucket::full(depth, now) }
    }

    /// So many bytes were sent. Returns until when nothing more shall be.
    pub(crate) fn spend(&mut self, bytes: u64, now: Instant) -> Option<Instant> {
        self.bucket.fill(self.rate, self.depth, now);
        self.bucket.bytes = self.bucket.bytes.saturating_sub(bytes);
        let missing = self.datagram.saturating_sub(self.bucket.bytes);
        (missing > 0).then(|| now.after(time_of(missing, self.rate)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROUND: Duration = Duration::from_millis(200);
    const LIMITS: Limits = Limits { rate: 10_000, burst: 1000, round: ROUND, datagram: 500 };

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn split_of_the_paper() {
        let rates = |desired, permitted| Rates { desired, permitted };
        let rows = [
            (rates(10, 40), rates(20, 40), (35, 45), "both have enough: half of what is left"),
            (rates(60, 20), rates(50, 40), (30, 30), "nobody has: the average"),
            (rates(10, 20), rates(90, 40), (10, 50), "the first needs little"),
            (rates(90, 20), rates(10, 40), (50, 10), "the second needs little"),
            (rates(0, 0), rates(0, 7), (3, 4), "nobody wants anything"),
            (rates(u64::MAX, 5), rates(u64::MAX, 6), (5, 6), "numbers at their end"),
        ];
        for (p, q, shares, why) in rows {
            assert_eq!(split(p, q), shares, "{why}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_won_or_lost(p in (0..1_u64 << 40, 0..1_u64 << 40), q in (0..1_u64 << 40, 0..1_u64 << 40)) {
            let (p, q) = (Rates { desired: p.0, permitted: p.1 }, Rates { desired: q.0, permitted: q.1 });
            let (for_p, for_q) = split(p, q);
            prop_assert_eq!(for_p + for_q, p.permitted + q.permitted);
            prop_assert_eq!(split(q, p).0.abs_diff(for_q) <= 1, true, "it does not matter who asks");
        }
    }

    #[test]
    fn a_burst_then_the_permitted_rate() {
        let mut flow = Flow::new(LIMITS, at(0));
        for _ in 0..10 {
            flow.admit(100, at(0)).expect("within the burst");
            flow.on_written(100, at(0));
        }
        assert_eq!(flow.admit(100, at(0)), Err(Duration::from_millis(10)));
        assert_eq!(flow.admit(100, at(9)), Err(Duration::from_millis(1)));
        flow.admit(100, at(10)).expect("it said so");
        flow.on_written(100, at(10));
        assert_eq!(flow.admit(5000, at(10)), Err(Duration::from_millis(100)), "a long one needs a full bucket");
        flow.admit(5000, at(110)).expect("and gets through");
    }

    /// A node that writes 800 bytes a second.
    fn writer() -> Flow {
        let mut flow = Flow::new(Limits { burst: 10_000, ..LIMITS }, at(0));
        for second in 0..8 {
            flow.on_written(800, at(1000 * second));
        }
        flow
    }

    #[test]
    fn three_rounds_in_a_row_permit_less_and_quiet_permits_more() {
        let mut flow = writer();
        assert_eq!(flow.rates(at(7000)), None, "nothing holds it back");
        for (ms, permitted) in [(7000, 10_000), (7100, 10_000), (7200, 10_000), (7400, 600), (7600, 600), (7800, 600)] {
            flow.on_behind(at(ms));
            assert_eq!(flow.permitted, permitted, "after {ms} ms");
        }
        flow.on_behind(at(8200));
        assert_eq!(flow.permitted, 600, "not in a row");
        assert_eq!(flow.rates(at(8799)).map(|rates| rates.permitted), Some(600));
        assert_eq!(flow.rates(at(8800)).map(|rates| rates.permitted), Some(676), "three quiet rounds");
        assert_eq!(flow.rates(at(60_000)), None, "after a minute all is forgotten");
    }

    #[test]
    fn whoever_was_refused_wants_more_and_gets_it() {
        let (mut writer, mut idle) = (Flow::new(LIMITS, at(0)), Flow::new(LIMITS, at(0)));
        (0..30).for_each(|round| writer.on_behind(at(round * 200)));
        let low = writer.permitted;
        assert_eq!(low, LIMITS.least(), "it wrote nothing");
        assert!(writer.admit(1000, at(5900)).is_ok());
        writer.on_written(1000, at(5900));
        assert!(writer.admit(1000, at(5900)).is_err());
        let told = writer.rates(at(5900)).expect("it is held back");
        assert_eq!(told, Rates { desired: 1000, permitted: low });
        assert_eq!(idle.share(told, at(5900)), None, "whoever is not held back knows nothing");
        (0..3).for_each(|round| idle.on_behind(at(5000 + round * 300)));
        idle.permitted = 5000;
        let more = idle.share(told, at(5900)).expect("it is held back");
        writer.on_shared(more);
        assert_eq!(writer.permitted + idle.permitted, low + 5000);
        assert!(writer.permitted > 2500, "half of what nobody wants, and what it wants");
        writer.on_shared(i64::MIN);
        assert_eq!(writer.permitted, LIMITS.least());
        writer.on_shared(i64::MAX);
        assert_eq!(writer.permitted, LIMITS.rate);
    }

    #[test]
    fn pace_keeps_the_rate() {
        let mut pace = Pace::new(LIMITS, at(0));
        let (mut now, mut sent) = (at(0), 0);
        while now < at(10_000) {
            sent += 400;
            if let Some(until) = pace.spend(400, now) {
                now = until;
            }
        }
        assert!((100_000..=103_000).contains(&sent), "{sent} bytes in ten seconds");
    }
}
