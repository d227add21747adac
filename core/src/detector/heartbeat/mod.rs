//! How long must a heartbeat stand still before its member has failed?
//!
//! Van Renesse, Minsky and Hayden (1998): in each tick every member tells its whole table to one random
//! member. A failure is a mistake when a heartbeat did not reach everybody in time, which has a probability
//! that the paper computes by a recursion. `n` micro-rounds make a tick, in each of which one random member
//! gossips; when `k` of the `m` live members know the news, one more learns it with
//! `p(k) = k/n * (m-k)/(n-1) * (1 - loss)`, and the news has reached all after `r` micro-rounds with
//! `P_r(m)`. By the union bound over sources a mistake has at most the probability `m * (1 - P_r(m))`.
//!
//! [`spread`] has the recursion's exact solution, so nothing is iterated over rounds: a call costs O(n)
//! additions and allocates nothing, where the recursion itself takes `n^2 log n` steps.
//!
//! Invariant: the failure time is the shortest whole number of micro-rounds that is long enough. This
//! room knows no members and reads no clock.

mod spread;
#[cfg(test)]
mod tests;

use core::time::Duration;

use spread::Spread;

/// The most members that a failure time can be computed for.
pub const MEMBERS_MAX: u32 = 1 << 20;

/// The largest share of messages that may be lost.
pub const LOSS_MAX: f64 = 0.99;

/// The least probability of a mistake that can be asked for.
pub const MISTAKE_MIN: f64 = 1e-30;

/// Why there is no failure time.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum HeartbeatError {
    /// Too few live members to tell each other anything, or more than can be.
    #[error("{failed} of {members} members failed; at least 2 must live, and there are at most {MEMBERS_MAX}")]
    Members {
        /// All members.
        members: u32,
        /// How many of them are taken to have failed.
        failed: u32,
    },
    /// The loss is no share, or too large.
    #[error("a loss of {loss} is not between 0 and {LOSS_MAX}")]
    Loss {
        /// What it is.
        loss: f64,
    },
    /// The probability of a mistake is none, or too small.
    #[error("a probability of {p_mistake} is not at least {MISTAKE_MIN} and below 1")]
    Mistake {
        /// What it is.
        p_mistake: f64,
    },
    /// A tick without length, or no tick to be missed.
    #[error("a tick and the number of missed ones must be above zero")]
    Tick,
}

/// How long a heartbeat must stand still so that "its member has failed" is a mistake with at most the
/// probability `p_mistake`, in a cluster of `members` of which `failed` are taken to be dead, where a share
/// `loss` of the messages gets lost and everybody gossips once per `tick`. Rounded up to a nanosecond.
///
/// # Errors
/// [`HeartbeatError`] when an argument is out of range.
pub fn failure_time(
    members: u32,
    failed: u32,
    loss: f64,
    p_mistake: f64,
    tick: Duration,
) -> Result<Duration, HeartbeatError> {
    let spread = spread(members, failed, loss, tick)?;
    if !(MISTAKE_MIN..1.0).contains(&p_mistake) {
        return Err(HeartbeatError::Mistake { p_mistake });
    }
    let nanos = tick.as_nanos().saturating_mul(spread.rounds(p_mistake).into()).div_ceil(members.into());
    Ok(duration(nanos))
}

/// With which probability, at most, it is a mistake to take a member for failed after so long a silence: the
/// inverse of [`failure_time`].
///
/// # Errors
/// [`HeartbeatError`] when an argument is out of range.
pub fn mistake_probability(
    members: u32,
    failed: u32,
    loss: f64,
    silence: Duration,
    tick: Duration,
) -> Result<f64, HeartbeatError> {
    let spread = spread(members, failed, loss, tick)?;
    let rounds = silence.as_nanos().saturating_mul(members.into()) / tick.as_nanos();
    Ok(spread.mistake(u64::try_from(rounds).unwrap_or(u64::MAX)))
}

/// The failure time by a number of missed propagations: `failures * (log2 n + ln n)` ticks. News that
/// everybody tells to one member per tick reaches all `n` in about `log2 n + ln n` of them. Simpler than
/// [`failure_time`], and it knows no loss. Rounded up to a nanosecond.
///
/// # Errors
/// [`HeartbeatError`] when an argument is out of range.
pub fn propagation_failure_time(members: u32, failures: u32, tick: Duration) -> Result<Duration, HeartbeatError> {
    if !(2..=MEMBERS_MAX).contains(&members) {
        return Err(HeartbeatError::Members { members, failed: 0 });
    }
    if tick.is_zero() || failures == 0 {
        return Err(HeartbeatError::Tick);
    }
    let n = f64::from(members);
    let ticks = f64::from(failures) * (libm::log2(n) + libm::log(n));
    #[expect(clippy::cast_possible_truncation, reason = "it is whole")]
    let nanos = libm::ceil(tick.as_nanos() as f64 * ticks) as u128;
    Ok(duration(nanos))
}

/// How long a failed member is remembered: twice the failure time. By then nobody repeats its last heartbeat
/// any more, so that it comes back to life with the probability of a mistake.
#[must_use]
pub const fn cleanup_time(failure_time: Duration) -> Duration {
    failure_time.saturating_mul(2)
}

fn spread(members: u32, failed: u32, loss: f64, tick: Duration) -> Result<Spread, HeartbeatError> {
    let live = members.saturating_sub(failed);
    if live < 2 || members > MEMBERS_MAX {
        return Err(HeartbeatError::Members { members, failed });
    }
    if !(0.0..=LOSS_MAX).contains(&loss) {
        return Err(HeartbeatError::Loss { loss });
    }
    if tick.is_zero() {
        return Err(HeartbeatError::Tick);
    }
    Ok(Spread::new(members, live, loss))
}

/// So many nanoseconds; the longest duration when there is none so long.
fn duration(nanos: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    let parts = (u64::try_from(nanos / SECOND), u32::try_from(nanos % SECOND));
    if let (Ok(seconds), Ok(rest)) = parts { Duration::new(seconds, rest) } else { Duration::MAX }
}
