//! Was a node lost, or its whole domain?
//!
//! When a voter dies, an *enquiry* asks some of its domain-mates, one after the other. A sign of life of any of them,
//! asked or not, means that only the voter is down. Without one it is suspected to be down together with its domain, on
//! probation. There is one enquiry per domain, for all who die meanwhile; and of a domain that stays silent nothing more
//! is asked, so that losing a thousand nodes of it costs no more questions than losing one.
//!
//! Invariant: whoever waits for an enquiry, or is on probation, is dead as far as anybody says. This file knows nothing of
//! votes: a loss has cost its vote already, whatever comes out here.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::settings::SuspectDown;
use crate::vocab::{Domain, Instant, NodeId, Rng};

/// How sure the loss of a voter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Loss {
    /// It alone is down; or its domain is not active, or its probation has ended.
    Down,
    /// Perhaps its whole domain is cut off. Better not replace it yet.
    SuspectDown,
}

/// What an enquiry brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// This member is to be asked whether it lives; any sign of life is an answer.
    Ask(NodeId),
    /// How sure a loss is now.
    Lost(NodeId, Loss),
}

/// Who waits for what is found out about one domain.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Enquiry {
    since: Instant,
    waiting: BTreeSet<NodeId>,
    asked: Vec<NodeId>,
    /// When the next one is asked, or the last one has had its time.
    next: Instant,
    found: Option<Loss>,
}

/// All losses.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Losses {
    settings: Option<SuspectDown>,
    enquiries: BTreeMap<Domain, Enquiry>,
    /// Domains of which nobody answered, and when that was clear, until somebody of them was heard later.
    silent: BTreeMap<Domain, Instant>,
    probation: BTreeSet<(Instant, NodeId)>,
    /// What was found out, with the end of the probation.
    lost: BTreeMap<NodeId, (Loss, Option<Instant>)>,
}

impl Losses {
    pub(super) fn new(settings: Option<SuspectDown>) -> Self {
        let (enquiries, silent) = (BTreeMap::new(), BTreeMap::new());
        Self { settings, enquiries, silent, probation: BTreeSet::new(), lost: BTreeMap::new() }
    }

    /// How sure the loss of a member is, if it is lost and that was found out.
    pub(super) fn get(&self, id: NodeId) -> Option<Loss> {
        self.lost.get(&id).map(|&(loss, _)| loss)
    }

    /// A member has died without a goodbye.
    pub(super) fn on_death(&mut self, id: NodeId, (domain, is_active): (Domain, bool), now: Instant, rng: &mut Rng) {
        let Some(SuspectDown { patience, .. }) = self.settings else { return };
        self.cancel(id, domain);
        let found = match (is_active, self.silent.contains_key(&domain)) {
            (false, _) => Some(Loss::Down),
            (true, true) => Some(Loss::SuspectDown),
            (true, false) => None,
        };
        let enquiry = self.enquiries.entry(domain).or_insert_with(|| Enquiry {
            since: now,
            waiting: BTreeSet::new(),
            asked: Vec::new(),
            next: if found.is_some() { now } else { now.after(rng.within(patience)) },
            found,
        });
        enquiry.waiting.insert(id);
    }

    /// A member has said goodbye itself: there is nothing to find out.
    pub(super) fn on_goodbye(&mut self, id: NodeId, domain: Domain) {
        self.cancel(id, domain);
        if self.settings.is_some() {
            self.lost.insert(id, (Loss::Down, None));
        }
    }

    /// A member that stands in a domain was heard at some time.
    pub(super) fn on_sign(&mut self, domain: Domain, at: Instant, now: Instant) {
        if self.silent.get(&domain).is_some_and(|&since| since < at) {
            self.silent.remove(&domain);
        }
        if let Some(enquiry) = self.enquiries.get_mut(&domain).filter(|it| it.found.is_none() && it.since < at) {
            (enquiry.found, enquiry.next) = (Some(Loss::Down), now);
        }
    }

    /// A domain is not active any more: whoever of it is lost is down.
    pub(super) fn on_inactive(&mut self, domain: Domain, now: Instant) {
        if let Some(enquiry) = self.enquiries.get_mut(&domain) {
            (enquiry.found, enquiry.next) = (Some(Loss::Down), now);
        }
    }

    /// A member is lost no more, because it lives or is no member any more.
    pub(super) fn cancel(&mut self, id: NodeId, domain: Domain) {
        if let Some(enquiry) = self.enquiries.get_mut(&domain) {
            enquiry.waiting.remove(&id);
            if enquiry.waiting.is_empty() {
                self.enquiries.remove(&domain);
            }
        }
        if let Some((_, Some(until))) = self.lost.remove(&id) {
            self.probation.remove(&(until, id));
        }
    }

    /// These domains remain.
    pub(super) fn keep_domains(&mut self, remains: impl Fn(Domain) -> bool) {
        self.silent.retain(|&domain, _| remains(domain));
    }

    /// The node has left: nothing matters any more.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.settings);
    }

    /// Whether no sign of life matters.
    pub(super) fn is_idle(&self) -> bool {
        self.enquiries.is_empty() && self.silent.is_empty()
    }

    /// Whether a sign of life of a domain matters.
    pub(super) fn listens(&self, domain: Domain) -> bool {
        self.enquiries.contains_key(&domain) || self.silent.contains_key(&domain)
    }

    /// When something is to be done next.
    pub(super) fn next_deadline(&self) -> Instant {
        let probation = self.probation.first().map(|&(until, _)| until);
        let enquiries = self.enquiries.values().map(|enquiry| enquiry.next);
        enquiries.chain(probation).min().unwrap_or(Instant::NEVER)
    }

    /// Does one thing that is due. `mate` draws a member of a domain that lives and is none of these.
    pub(super) fn on_deadline(
        &mut self,
        in_quorum: bool,
        mate: impl FnOnce(Domain, &[NodeId]) -> Option<NodeId>,
        now: Instant,
    ) -> Option<Finding> {
        let SuspectDown { asks, patience, probation } = self.settings?;
        let due = self.enquiries.iter_mut().find(|(_, enquiry)| enquiry.next <= now);
        let Some((&domain, enquiry)) = due else {
            return self.on_probation(in_quorum, now);
        };
        let Some(found) = enquiry.found else {
            let may_ask = enquiry.asked.len() < asks as usize;
            if let Some(mate) = may_ask.then(|| mate(domain, &enquiry.asked)).flatten() {
                enquiry.asked.push(mate);
                enquiry.next = now.after(patience);
                return Some(Finding::Ask(mate));
            }
            enquiry.found = Some(Loss::SuspectDown);
            self.silent.insert(domain, now);
            return None;
        };
        let id = enquiry.waiting.pop_first();
        if enquiry.waiting.is_empty() {
            self.enquiries.remove(&domain);
        }
        let id = id?;
        let until = (found == Loss::SuspectDown).then(|| now.after(probation));
        if let Some(until) = until {
            self.probation.insert((until, id));
        }
        self.lost.insert(id, (found, until));
        Some(Finding::Lost(id, found))
    }

    /// Ends one probation that is due, or begins it again.
    fn on_probation(&mut self, in_quorum: bool, now: Instant) -> Option<Finding> {
        let &(until, id) = self.probation.first().filter(|&&(until, _)| until <= now)?;
        self.probation.remove(&(until, id));
        if in_quorum {
            self.lost.insert(id, (Loss::Down, None));
            return Some(Finding::Lost(id, Loss::Down));
        }
        let until = now.after(self.settings?.probation);
        self.probation.insert((until, id));
        self.lost.insert(id, (Loss::SuspectDown, Some(until)));
        None
    }

    /// Asserts that every loss is of a member that is dead, and stands in one table.
    pub(super) fn check(&self, lives: impl Fn(NodeId) -> bool) {
        let on_probation = self.lost.iter().filter_map(|(&id, &(_, until))| Some((until?, id)));
        assert_eq!(self.probation, on_probation.collect(), "a probation has an end");
        for enquiry in self.enquiries.values() {
            assert!(!enquiry.waiting.is_empty(), "an enquiry is about somebody");
            assert!(enquiry.waiting.iter().all(|id| !lives(*id) && !self.lost.contains_key(id)), "who waits is dead");
        }
        assert!(self.lost.keys().all(|&id| !lives(id)), "who is lost is dead");
    }
}
