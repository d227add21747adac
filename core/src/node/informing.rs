//! What the application says of infos: add, delete, group, watch.

use core::time::Duration;

use crate::info::Limits;
use crate::vocab::{GroupDef, InfoValue, Instant, KeyPattern, Lifetime};

use super::Node;
use super::io::{InfoRejected, Rejected};
use super::linking::Linking;

impl Node {
    pub(super) fn linking(&mut self) -> Result<&mut Linking, Rejected> {
        self.cold.linking.as_deref_mut().ok_or(Rejected::NoInfos)
    }

    pub(super) fn add_info(
        &mut self,
        key: &[u8],
        value: InfoValue<'_>,
        ttl: Option<Duration>,
        now: Instant,
    ) -> Result<(), Rejected> {
        let life = ttl.map_or(Lifetime::Permanent, Lifetime::For);
        let outside = self.clock.outside(now);
        let issued = self.linking()?.infos.add(key, value, life, outside).map_err(InfoRejected::from)?;
        self.on_issued(key, issued.contents_changed, false, now);
        Ok(())
    }

    pub(super) fn delete_info(&mut self, key: &[u8], now: Instant) -> Result<(), Rejected> {
        let outside = self.clock.outside(now);
        self.linking()?.infos.delete(key, outside).map_err(InfoRejected::from)?;
        self.on_issued(key, true, true, now);
        Ok(())
    }

    pub(super) fn register_group(&mut self, group: GroupDef<'_>, now: Instant) -> Result<(), Rejected> {
        let outside = self.clock.outside(now);
        let infos = &mut self.linking()?.infos;
        infos.register_group(group).map_err(InfoRejected::from)?;
        if infos.tell_group(&group, outside).map_err(InfoRejected::from)? {
            self.on_own_info(now);
        }
        Ok(())
    }

    pub(super) fn watch_infos(&mut self, pattern: KeyPattern<'_>, repeats: bool) -> Result<(), Rejected> {
        let limits = Limits::STANDARD;
        self.linking()?.infos.watches.begin(pattern, repeats, &limits).map_err(InfoRejected::from)?;
        Ok(())
    }

    pub(super) fn unwatch_infos(&mut self, pattern: KeyPattern<'_>) -> Result<(), Rejected> {
        let watches = &mut self.linking()?.infos.watches;
        while let Some(watch) = watches.find(pattern) {
            watches.end(watch);
        }
        Ok(())
    }

    fn on_issued(&mut self, key: &[u8], contents_changed: bool, ended: bool, now: Instant) {
        if key == crate::info::keys::SENTINEL
            && let Some(linking) = &mut self.cold.linking
        {
            linking.notes.sentinel = Some(crate::overlay::Sentinel { since: now, via: None });
        }
        self.on_own_info(now);
        self.with_overlay(now, |overlay, scene| overlay.on_outlook(scene));
        self.report_info(key, contents_changed, ended);
    }
}
