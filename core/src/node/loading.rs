//! What does a node know before it begins?

use crate::membership::Change;
use crate::vocab::{Health, Instant, Record};

use super::Node;
use super::io::Snapshot;

impl Node {
    /// Believes a snapshot. Returns whether it shows that the node itself is known already.
    pub(super) fn load(&mut self, own: &Record, snapshot: Snapshot<'_>, now: Instant) -> bool {
        self.membership.reserve(snapshot.members.len());
        if let Some(map) = snapshot.map {
            self.restore_map(map, now);
        }
        let mut announced = false;
        for record in snapshot.members {
            if record.id == self.id {
                announced = (record.incarnation, record.addr) == (own.incarnation, own.addr);
                continue;
            }
            let health = if record.health == Health::Suspect { Health::Alive } else { record.health };
            if let Change::Refused(_) = self.membership.apply(&Record { health, ..*record }, now) {
                self.stats.records_refused += 1;
            }
        }
        announced
    }
}
