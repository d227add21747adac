//! How many others hold the own map as it is now, and who waits to know?
//!
//! A wait is for a version: it is over when enough others hold that version or a later one, in enough domains.
//! Who holds what is kept only while somebody waits, and only of members of whom something was heard or asked. What
//! somebody holds is of one of its lives and of one epoch of the map: another life has lost it, another epoch is
//! another map.
//!
//! Invariant: what a wait counts is who is known to hold its version, each once.
//!
//! This file knows neither members nor packets; domains and lives come in as arguments.

#[cfg(test)]
mod tests;

use alloc::collections::{BTreeMap, VecDeque};
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Domain, Head, Instant, Slot};

/// The most waits that are open at once.
pub const WAITS_MAX: usize = 64;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) version: u64,
    pub(crate) replicas: u32,
    pub(crate) domains: u32,
    /// Until then.
    pub(crate) until: Instant,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) version: u64,
    /// How many others held the version, in how many domains.
    pub(crate) replicas: u32,
    pub(crate) domains: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Wait {
    wanted: Wanted,
    /// How many hold the version in each domain.
    holders: BTreeMap<Domain, u32>,
    replicas: u32,
}

impl Wait {
    const fn new(wanted: Wanted) -> Self {
        Self { wanted, holders: BTreeMap::new(), replicas: 0 }
    }

    fn count(&mut self, domain: Domain) {
        *self.holders.entry(domain).or_default() += 1;
        self.replicas += 1;
    }

    fn discount(&mut self, domain: Domain) {
        let Some(count) = self.holders.get_mut(&domain) else { return };
        *count -= 1;
        self.replicas -= 1;
        if *count == 0 {
            self.holders.remove(&domain);
        }
    }

    fn domains(&self) -> u32 {
        u32::try_from(self.holders.len()).unwrap_or(u32::MAX)
    }

    /// How many more holders it takes at least.
    fn missing(&self) -> u32 {
        let Wanted { replicas, domains, .. } = self.wanted;
        replicas.saturating_sub(self.replicas).max(domains.saturating_sub(self.domains()))
    }

    fn outcome(&self) -> Outcome {
        Outcome { version: self.wanted.version, replicas: self.replicas, domains: self.domains() }
    }
}

/// What is known of one other copy of the own map.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Held {
    /// In which of its lives.
    life: u64,
    domain: Domain,
    /// It holds this version; 0 if that is not known of any.
    confirmed: u64,
    /// How far it has said that it has come; `None` if it has not spoken since the wait began.
    copy: Option<Head>,
    /// Before that it is not given anything again on its own word.
    again_from: Instant,
}

/// Whose copy a head is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) slot: Slot,
    pub(crate) life: u64,
}

/// The open waits, and who holds what.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Waits {
    /// In the order in which they began, which is that of their versions.
    open: VecDeque<Wait>,
    epoch: u64,
    held: BTreeMap<Slot, Held>,
    /// When members are asked next.
    ask_at: Instant,
}

impl Waits {
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether no more can begin.
    pub(crate) fn is_full(&self) -> bool {
        self.open.len() >= WAITS_MAX
    }

    /// The own map is of this epoch: heads of another one confirm nothing.
    pub(crate) fn at_epoch(&mut self, epoch: u64) {
        if epoch == self.epoch {
            return;
        }
        (self.epoch, self.held) = (epoch, BTreeMap::new());
        for wait in &mut self.open {
            *wait = Wait::new(wait.wanted);
        }
    }

    /// Begins a wait. Versions never fall.
    pub(crate) fn begin(&mut self, wanted: Wanted) {
        let mut wait = Wait::new(wanted);
        for held in self.held.values().filter(|held| held.confirmed >= wanted.version) {
            wait.count(held.domain);
        }
        self.open.push_back(wait);
    }

    /// Somebody says how far its copy has come; `is_held` if readers of it see that too. Nothing of another epoch is
    /// held.
    pub(crate) fn on_head(
        &mut self,
        holder: Holder,
        copy: Head,
        is_held: bool,
        domain_of: impl FnOnce(Slot) -> Domain,
    ) {
        let Some(held) = self.held_mut(holder, domain_of) else { return };
        held.copy = Some(copy);
        let (before, domain) = (held.confirmed, held.domain);
        if !is_held || copy.epoch != self.epoch || copy.version <= before {
            return;
        }
        if let Some(held) = self.held.get_mut(&holder.slot) {
            held.confirmed = copy.version;
        }
        for wait in &mut self.open {
            if wait.wanted.version > before && wait.wanted.version <= copy.version {
                wait.count(domain);
            }
        }
    }

    /// What is known of somebody in its present life; `None` when nobody waits.
    fn held_mut(&mut self, holder: Holder, domain_of: impl FnOnce(Slot) -> Domain) -> Option<&mut Held> {
        let Holder { slot, life } = holder;
        if self.open.is_empty() {
            return None;
        }
        self.follow_life(holder);
        Some(self.held.entry(slot).or_insert_with(|| Held {
            life,
            domain: domain_of(slot),
            confirmed: 0,
            copy: None,
            again_from: Instant::from_nanos(0),
        }))
    }

    /// Somebody is in this life: what it held in another one is lost.
    pub(crate) fn follow_life(&mut self, Holder { slot, life }: Holder) {
        if self.held.get(&slot).is_some_and(|held| held.life != life) {
            self.forget(slot);
        }
    }

    /// Somebody has gone, or is forgotten.
    pub(crate) fn forget(&mut self, slot: Slot) {
        let Some(held) = self.held.remove(&slot) else { return };
        for wait in &mut self.open {
            if wait.wanted.version <= held.confirmed {
                wait.discount(held.domain);
            }
        }
    }

    /// Ends one wait for which enough others are known to hold its version.
    pub(crate) fn take_finished(&mut self) -> Option<Outcome> {
        self.take(|wait| wait.missing() == 0)
    }

    /// Ends one wait whose time is over.
    pub(crate) fn take_expired(&mut self, now: Instant) -> Option<Outcome> {
        self.take(|wait| wait.wanted.until <= now)
    }

    /// Ends the first wait that is over by this rule. With the last one goes what is known of others.
    fn take(&mut self, is_over: impl Fn(&Wait) -> bool) -> Option<Outcome> {
        let place = self.open.iter().position(is_over)?;
        let wait = self.open.remove(place)?;
        if self.open.is_empty() {
            *self = Self { epoch: self.epoch, ..Self::default() };
        }
        Some(wait.outcome())
    }

    /// The last version that is waited for.
    pub(crate) fn newest(&self) -> u64 {
        self.open.back().map_or(0, |wait| wait.wanted.version)
    }

    /// How many more holders it takes at least until all waits are over.
    pub(crate) fn missing(&self) -> u32 {
        self.open.iter().map(Wait::missing).max().unwrap_or(0)
    }

    /// Whether it is not known that somebody holds the last version that is waited for.
    pub(crate) fn is_wanted(&self, slot: Slot) -> bool {
        self.held.get(&slot).is_none_or(|held| held.confirmed < self.newest())
    }

    /// Whether nobody in a domain is known to hold what some wait lacks domains for.
    pub(crate) fn lacks_domain(&self, domain: Domain) -> bool {
        self.open.iter().any(|wait| wait.domains() < wait.wanted.domains && !wait.holders.contains_key(&domain))
    }

    /// From where on somebody is given changes: what it said last, or else everything but what is waited for.
    pub(crate) fn copy_of(&self, slot: Slot, own: Head) -> Head {
        let before = self.open.front().map_or(own.version, |wait| wait.wanted.version.saturating_sub(1));
        let assumed = Head { version: before, sum: 0, ..own };
        self.held.get(&slot).and_then(|held| held.copy).unwrap_or(assumed)
    }

    /// Whether somebody who lacks what is waited for may be given it now on its own word. If so, not again before
    /// `pause` has passed.
    pub(crate) fn try_again(&mut self, slot: Slot, (now, pause): (Instant, Duration)) -> bool {
        if !self.is_wanted(slot) {
            return false;
        }
        let Some(held) = self.held.get_mut(&slot).filter(|held| held.again_from <= now) else { return false };
        held.again_from = now.after(pause);
        true
    }

    /// Members were asked; the next ones are asked then.
    pub(crate) const fn on_asked(&mut self, next: Instant) {
        self.ask_at = next;
    }

    /// Whether members are to be asked.
    pub(crate) fn is_asking_due(&self, now: Instant) -> bool {
        self.ask_at <= now
    }

    /// When members are asked next, or a wait is over.
    pub(crate) fn next_deadline(&self) -> Instant {
        let until = self.open.iter().map(|wait| wait.wanted.until).min();
        until.map_or(Instant::NEVER, |until| until.min(self.ask_at))
    }

    /// Asserts that every wait counts who is known to hold its version.
    pub(crate) fn check(&self) {
        assert!(!self.open.is_empty() || self.held.is_empty(), "while nobody waits nothing is kept");
        for wait in &self.open {
            let mut counted = Wait::new(wait.wanted);
            let holds = |held: &&Held| held.confirmed >= wait.wanted.version;
            self.held.values().filter(holds).for_each(|held| counted.count(held.domain));
            assert_eq!((&wait.holders, wait.replicas), (&counted.holders, counted.replicas), "each holder counts once");
        }
    }
}
