//! How is the silence of a member judged? What can be set of the detectors.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::detector::heartbeat::{failure_time, propagation_failure_time};
use crate::detector::{phi, ring};

/// How members are found to have failed. All nodes of a cluster use the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Detector {
    /// Members are probed in turn, and whoever does not answer is suspected (SWIM 2002, Lifeguard 2018). What a node
    /// sends does not grow with the cluster.
    Swim,
    /// Everybody's heartbeat is relayed, and a silence counts once it is improbable for just that member (Hayashibara
    /// 2004; Cassandra, go-scuttlebutt, chitchat). A node sends 8 bytes per member, receiver and interval.
    Phi {
        /// The rules of suspicion.
        accrual: phi::Settings,
        /// How heartbeats are relayed.
        relay: Relay,
        /// For how long a member may stay unavailable before it counts as dead for everybody.
        cleanup: Duration,
    },
    /// Everybody's heartbeat is relayed, and it has failed when it stood still for a time that follows from the
    /// size of the cluster (van Renesse 1998). After twice that time it counts as dead for everybody.
    Heartbeat {
        /// Which time.
        fails: FailureRule,
        /// How heartbeats are relayed.
        relay: Relay,
    },
    /// All members stand in a ring, and each contacts the few behind it directly, again and again. Whoever stays silent
    /// for improbably long for just that member is suspected, and that is told, confirmed and contradicted as with
    /// [`Detector::Swim`] (phi as above; the ring as Rapid's observers, 2018). What a node sends does not grow with the
    /// cluster: per interval a ping and an answer for each successor.
    Ring {
        /// The rules of suspicion. No first estimate is shorter than the interval.
        accrual: phi::Settings,
        /// How many members each one watches, and is watched by.
        successors: u32,
        /// The time between two contacts of one member; not below `accrual.interval_min`, nor below a 250th of the
        /// longest wait for an answer ([`Config::probe_timeout`](crate::Config::probe_timeout) in the worst health).
        interval: Duration,
    },
}

/// The most successors that a member watches.
const SUCCESSORS_MAX: u64 = 64;

/// How heartbeats are relayed: every interval a node raises its own, and tells all that it knows to a few members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// The least time between two heartbeats of a node.
    pub interval: Duration,
    /// To how many members everything is told.
    pub fanout: u32,
    /// The most that telling may take, in bytes per second; with many members the interval gets longer.
    pub bytes_per_second: Option<u32>,
    /// Which members.
    pub targets: Targets,
}

/// To which members heartbeats are told. All nodes of a cluster use the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Targets {
    /// To any of them.
    #[default]
    Uniform,
    /// To one of another [`Domain`](crate::Domain) with a chance of one in as many as live in the own one, else to one of
    /// the own (van Renesse 1998, section 6). Each domain sends to others about `fanout` times per interval, however many are
    /// in it. News takes up to 1.6 times as long, and the failure time of [`Detector::Heartbeat`] is twice as long. Worth
    /// it where domains are what the network is slow between.
    Subnets,
}

/// When a heartbeat that stands still has failed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum FailureRule {
    /// When that is a mistake with at most this probability (van Renesse 1998, section 3).
    Mistake {
        /// The probability, above 0 and below 1.
        p_mistake: f64,
        /// The share of datagrams that may be lost, below 1.
        loss: f64,
        /// How many members may have failed at once.
        failed: u32,
    },
    /// When so many times the news has passed everybody: `log2 n + ln n` intervals each.
    Propagations(u32),
}

/// What the heartbeat of one member takes in a datagram, in bytes.
pub(crate) const HEARTBEAT_BYTES: u32 = 8;

impl Relay {
    /// How many times as long as by uniform choice it may take until everybody has heard a heartbeat.
    ///
    /// With subnets the mean is at most 1.6 times as long (256 members in 16), and below 1.8 times for a million. Beyond
    /// the mean it falls off alike: everybody is told as often on average, so that who was missed is missed again with
    /// the same chance. So twice the time of the uniform choice is the safe side of it.
    pub(crate) const fn stretch(&self) -> u32 {
        match self.targets {
            Targets::Uniform => 1,
            Targets::Subnets => 2,
        }
    }

    /// The time between two heartbeats in a cluster of so many members.
    pub(crate) fn interval(&self, members: u32) -> Duration {
        let bytes = u64::from(members) * u64::from(HEARTBEAT_BYTES * self.fanout);
        let bound = self.bytes_per_second.map(|rate| Duration::from_secs(bytes) / rate.max(1));
        self.interval.max(bound.unwrap_or_default())
    }
}

impl FailureRule {
    /// For how long a heartbeat stands still that has failed, in a cluster of so many members.
    pub(crate) fn failure_time(self, members: u32, interval: Duration) -> Duration {
        // Alone, it has nobody to judge, and two are the fewest for whom there is an answer.
        let members = members.max(2);
        let time = match self {
            Self::Mistake { p_mistake, loss, failed } => {
                failure_time(members, failed.min(members - 2), loss, p_mistake, interval)
            }
            Self::Propagations(count) => propagation_failure_time(members, count, interval),
        };
        time.unwrap_or(Duration::MAX)
    }
}

impl Detector {
    /// How heartbeats are relayed, if they are.
    pub(crate) const fn relay(&self) -> Option<&Relay> {
        match self {
            Self::Swim | Self::Ring { .. } => None,
            Self::Phi { relay, .. } | Self::Heartbeat { relay, .. } => Some(relay),
        }
    }

    /// No answer is waited for longer than `wait`.
    pub(super) fn validate(&self, wait: Duration) -> Result<(), ConfigError> {
        if let Some(relay) = self.relay() {
            super::duration("relay.interval", relay.interval)?;
            super::count("relay.fanout", relay.fanout.into(), 1, u64::from(crate::membership::CHOICE_MAX))?;
            super::count("relay.bytes_per_second", relay.bytes_per_second.unwrap_or(1).into(), 1, 1 << 30)?;
        }
        match *self {
            Self::Swim => Ok(()),
            Self::Phi { accrual, cleanup, .. } => {
                super::duration("cleanup", cleanup)?;
                accrual.validate().map_err(ConfigError::Accrual)
            }
            Self::Heartbeat { fails: FailureRule::Mistake { p_mistake, loss, failed }, relay } => {
                super::count("failed", failed.into(), 0, crate::membership::MEMBERS_MAX.into())?;
                let some = failure_time(2, 0, loss, p_mistake, relay.interval);
                some.map(|_| ()).map_err(ConfigError::Heartbeat)
            }
            Self::Heartbeat { fails: FailureRule::Propagations(count), .. } => {
                super::count("propagations", count.into(), 1, 1000)
            }
            Self::Ring { accrual, successors, interval } => {
                super::duration("ring.interval", interval)?;
                super::count("ring.successors", successors.into(), 1, SUCCESSORS_MAX)?;
                accrual.validate().map_err(ConfigError::Accrual)?;
                // Else every interval between two answers would be a burst and no sample, or be taken to be shorter than
                // it is; or an answer would come behind more contacts than are remembered.
                let least = super::DURATION_MIN.max(accrual.interval_min).max(ring::interval_min(wait));
                let most = accrual.interval_max;
                if !(least..=most).contains(&interval) {
                    return Err(ConfigError::Duration { name: "ring.interval", value: interval, least, most });
                }
                Ok(())
            }
        }
    }
}
