//! How does a node tell whether it may act?

use core::time::Duration;

use super::{Config, ConfigError, Detector};
use crate::quorum::{MEMBERS_MAX, Settings};

/// A lease spans so many intervals in which voters are heard, or one lost packet costs a quorum.
const LEASE_INTERVALS: u32 = 3;

impl Config {
    /// What openstorage `gossip` does, by its own timing and with its provider DEFAULT: a crash is known after about half
    /// a minute, and a quorum that is lost for a minute is lost for good.
    #[must_use]
    pub const fn quorum_store() -> Self {
        Self {
            period: Duration::from_secs(5),
            probe_timeout: Duration::from_millis(200),
            suspicion_mult: 5,
            suspicion_max_mult: 1,
            local_health_max: 0,
            gossip_interval: Duration::from_secs(2),
            repair_interval: Duration::from_secs(2),
            quorum: Some(Settings::quorum_store()),
            ..Self::lan()
        }
    }

    pub(super) fn validate_quorum(&self) -> Result<(), ConfigError> {
        let Some(settings) = &self.quorum else { return Ok(()) };
        settings.validate()?;
        let (least, most) = (self.members_max.into(), MEMBERS_MAX.into());
        super::count("quorum.members_max", settings.members_max.into(), least, most)?;
        let interval = match self.detector {
            Detector::Swim => self.period,
            Detector::Phi { relay, .. } | Detector::Heartbeat { relay, .. } => relay.interval,
            Detector::Ring { interval, .. } => interval,
        };
        let least = interval * LEASE_INTERVALS + self.period / 2;
        match settings.lease {
            Some(lease) if lease < least => Err(ConfigError::Lease { lease, least }),
            Some(_) | None => Ok(()),
        }
    }
}
