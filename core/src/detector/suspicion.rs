//! Who is suspected, by whom, and until when?
//!
//! A suspicion ends by contradiction or by its deadline. It begins long and gets shorter with every further member
//! that accuses by itself (Lifeguard, section IV-B): one node that hears badly must wait, what several have
//! found out is soon believed. Shortly before the deadline the suspect gets one last chance: a verdict of death
//! cannot be taken back cheaply, a question can. Nobody is convicted whom the question has not left for; and where
//! nobody else accuses, not before a helper has shown that this node can hear anybody at all.

use alloc::collections::BTreeSet;
use core::time::Duration;

pub(crate) use super::length::Length;
use crate::vocab::{Accusers, Agenda, Instant, Map, NodeId, Nonce, Slot};
use serde::{Deserialize, Serialize};

/// What a deadline of a suspicion asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Ask the suspect, directly and through helpers, once more.
    LastChance(Slot),
    /// Nobody contradicted in time.
    Convict(Slot),
    /// Nobody contradicted, but this node is in no state to say so alone.
    PutOff(Slot),
}

/// One open suspicion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Suspicion {
    since: Instant,
    length: Length,
    /// What is added to the length, because the suspicion is hearsay.
    extra: Duration,
    until: Instant,
    stage: Stage,
    accusers: Accusers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// The last chance is still to be given.
    Open,
    /// The last question waits to be sent, or is under way.
    Asked(Question),
    /// The end has come, and nobody but this node, which may be cut off, accuses. It may have asked already.
    PutOff(Option<Question>),
}

impl Stage {
    const fn question(self) -> Option<Question> {
        match self {
            Self::Asked(question) | Self::PutOff(Some(question)) => Some(question),
            Self::Open | Self::PutOff(None) => None,
        }
    }
}

/// The last question to a suspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Question {
    nonce: Nonce,
    left: Option<Instant>,
    witness: Witness,
}

/// Whether somebody has to show that this node hears what is sent to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Witness {
    /// Others accuse too, or nobody can be asked.
    Needless,
    Wanted,
    /// A helper has answered.
    Found,
}

impl Suspicion {
    /// Whoever accuses, the first accuser first, as far as they are known here.
    pub(crate) const fn accusers(&self) -> &Accusers {
        &self.accusers
    }

    /// Whether it has lasted for less than half of what it lasts at least: too short for anybody's contradiction to
    /// have come, and too short for a death of which its beginning was told.
    pub(crate) fn is_young(&self, now: Instant) -> bool {
        now < self.since.after(self.length.min / 2)
    }

    /// Whether nobody accuses but the member with this hashed identity.
    pub(crate) fn is_of(&self, accuser: u64) -> bool {
        self.accusers.as_slice().iter().all(|&other| other == accuser)
    }

    /// When it began here.
    pub(crate) const fn since(&self) -> Instant {
        self.since
    }

    /// When it ends, if nothing else happens.
    pub(crate) const fn until(&self) -> Instant {
        self.until
    }

    fn is_settled(&self) -> bool {
        self.accusers.len() > usize::from(self.length.wanted)
    }

    fn end(&self) -> Instant {
        let confirmations = self.accusers.len().saturating_sub(1);
        self.since.after(self.length.after(confirmations).saturating_add(self.extra))
    }
}

/// The open suspicions, each with its next deadline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Suspicions {
    open: Agenda<Suspicion>,
    /// How long before the end the last chance is given.
    chance: Duration,
    /// How long a conviction is put off at a time.
    pause: Duration,
    /// Whose last question has which nonce.
    questions: Map<Nonce, Slot>,
    /// Who was asked to answer which of them, and has not: at most as many as may be asked for help with one.
    helpers: BTreeSet<(Nonce, NodeId)>,
    /// When somebody answered this node last by a way that is not a helper's.
    heard: Instant,
}

impl Suspicions {
    pub(crate) const fn new(chance: Duration, pause: Duration, hash_seed: u64) -> Self {
        Self {
            open: Agenda::new(hash_seed),
            chance,
            pause,
            questions: Map::new(hash_seed),
            helpers: BTreeSet::new(),
            heard: Instant::from_nanos(0),
        }
    }

    /// Opens a suspicion that nobody accuses of yet; it ends `extra` later than its length says. An open one is
    /// kept as it is.
    pub(crate) fn open(&mut self, slot: Slot, length: Length, extra: Duration, now: Instant) {
        if self.is_open(slot) {
            return;
        }
        let accusers = Accusers::default();
        let mut suspicion = Suspicion { since: now, length, extra, until: now, stage: Stage::Open, accusers };
        suspicion.until = suspicion.end();
        self.schedule(slot, suspicion, now);
    }

    /// Somebody accuses by itself. Returns whether that is news; then the suspicion may be shorter.
    pub(crate) fn confirm(&mut self, slot: Slot, accuser: u64, now: Instant) -> bool {
        let Some(mut suspicion) = self.open.value(slot) else { return false };
        if suspicion.is_settled() || !suspicion.accusers.add(accuser) {
            return false;
        }
        // Whoever was asked already has its time to answer.
        if suspicion.stage == Stage::Open {
            suspicion.until = suspicion.end();
            self.schedule(slot, suspicion, now);
        } else if let Some(at) = self.open.get(slot) {
            self.open.set(slot, at, suspicion);
        }
        true
    }

    /// Makes a suspicion as short as it can be.
    pub(crate) fn shorten(&mut self, slot: Slot, now: Instant) {
        if let Some(mut suspicion) = self.open.value(slot).filter(|open| open.stage == Stage::Open) {
            suspicion.length = Length::fixed(suspicion.length.min);
            suspicion.until = suspicion.end();
            self.schedule(slot, suspicion, now);
        }
    }

    /// A helper is asked with this nonce about a suspect. Returns whether the verdict needs a witness, which that helper
    /// can be.
    pub(crate) fn on_helper_asked(&mut self, slot: Slot, nonce: Nonce, helper: NodeId) -> bool {
        let question = self.open.value(slot).and_then(|suspicion| suspicion.stage.question());
        let wanted = question.is_some_and(|it| it.nonce == nonce && it.witness == Witness::Wanted);
        if wanted {
            self.helpers.insert((nonce, helper));
        }
        wanted
    }

    /// Of whom the last question has this nonce.
    pub(crate) fn questioned(&self, nonce: Nonce) -> Option<Slot> {
        self.questions.get(nonce)
    }

    /// Whether more accusers would change nothing.
    pub(crate) fn is_settled(&self, slot: Slot) -> bool {
        self.open.value(slot).is_none_or(|suspicion| suspicion.is_settled())
    }

    fn schedule(&mut self, slot: Slot, mut suspicion: Suspicion, now: Instant) {
        let at = suspicion.until.before(self.chance).max(now);
        suspicion.until = suspicion.until.max(at);
        self.open.set(slot, at, suspicion);
    }

    /// Ends a suspicion, because it was contradicted or because somebody else convicted.
    pub(crate) fn close(&mut self, slot: Slot) {
        if let Some(suspicion) = self.open.value(slot) {
            self.forget_question(suspicion.stage);
        }
        self.open.remove(slot);
    }

    fn forget_question(&mut self, stage: Stage) {
        let Some(Question { nonce, .. }) = stage.question() else { return };
        self.questions.remove(nonce);
        let first = (nonce, NodeId::from_u128(0));
        while let Some(&asked) = self.helpers.range(first..).next().filter(|(of, _)| *of == nonce) {
            self.helpers.remove(&asked);
        }
    }

    /// The last question to a suspect is about to be wished; helpers are asked too where a witness is wanted.
    pub(crate) fn on_asked(&mut self, slot: Slot, nonce: Nonce, witness: Witness) {
        if let (Some(suspicion), Some(at)) = (self.open.value(slot), self.open.get(slot)) {
            self.forget_question(suspicion.stage);
            self.questions.insert(nonce, slot);
            let stage = Stage::Asked(Question { nonce, left: None, witness });
            self.open.set(slot, at, Suspicion { stage, ..suspicion });
        }
    }

    /// A question to a suspect is packed: now it has its time to answer.
    pub(crate) fn on_left(&mut self, slot: Slot, nonce: Nonce, now: Instant) {
        let (Some(suspicion), Some(at)) = (self.open.value(slot), self.open.get(slot)) else { return };
        let Some(question) = suspicion.stage.question() else { return };
        if question.nonce == nonce && question.left.is_none() {
            let at = at.max(now.after(self.chance));
            let stage = Stage::Asked(Question { left: Some(now), ..question });
            self.open.set(slot, at, Suspicion { until: at, stage, ..suspicion });
        }
    }

    /// A question to a suspect is lost before it could leave: it is put again.
    pub(crate) fn on_lost(&mut self, slot: Slot, nonce: Nonce) {
        let (Some(suspicion), Some(at)) = (self.open.value(slot), self.open.get(slot)) else { return };
        let Some(question) = suspicion.stage.question() else { return };
        if question.nonce == nonce && question.left.is_none() {
            self.forget_question(suspicion.stage);
            self.open.set(slot, at, Suspicion { stage: Stage::PutOff(None), ..suspicion });
        }
    }

    /// Somebody has just answered what this node asked, over a stream: as good as any helper.
    pub(crate) const fn on_heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// Somebody says that it has no answer to the last question with this nonce. Returns whether it was asked and has
    /// not said so before: nobody else is a witness.
    pub(crate) fn on_witness(&mut self, nonce: Nonce, helper: NodeId, now: Instant) -> bool {
        if !self.helpers.remove(&(nonce, helper)) {
            return false;
        }
        let Some(slot) = self.questions.get(nonce) else { return false };
        let (Some(suspicion), Some(at)) = (self.open.value(slot), self.open.get(slot)) else { return false };
        let found = |question| Stage::Asked(Question { witness: Witness::Found, ..question });
        let (stage, at) = match suspicion.stage {
            Stage::Asked(question) => (found(question), at),
            // Its time is over already.
            Stage::PutOff(Some(question)) => (found(question), at.min(now)),
            Stage::Open | Stage::PutOff(None) => return false,
        };
        self.open.set(slot, at, Suspicion { stage, ..suspicion });
        true
    }

    /// Takes the next thing that is due, if one is; [`Suspicions::on_asked`] follows a last
    /// chance, unless there is no room for the question; then it is due again. `own` is the hashed identity of this node; `cut_off` says of
    /// so many suspects whether they rather speak against this node: then it convicts nobody alone.
    pub(crate) fn on_deadline(&mut self, now: Instant, own: u64, cut_off: impl Fn(usize) -> bool) -> Option<Due> {
        let suspects = self.open.len();
        let (slot, suspicion) = self.open.take_due(now)?;
        let alone = suspicion.is_of(own);
        let (is_asked, question) = match suspicion.stage {
            Stage::Open => (false, None),
            Stage::Asked(question) => (true, Some(question)),
            Stage::PutOff(question) => (false, question),
        };
        let is_cut_off = suspicion.stage != Stage::Open && alone && cut_off(suspects);
        let has_left = question.is_none_or(|it| it.left.is_some());
        let is_heard = question.is_some_and(|it| {
            let since = it.left.is_some_and(|left| self.heard > left);
            it.left.is_some() && (!alone || it.witness != Witness::Wanted || since)
        });
        if is_heard && !is_cut_off {
            self.forget_question(suspicion.stage);
            return Some(Due::Convict(slot));
        }
        // Who never sent the question, or did and hears nobody, knows nothing of the suspect. A question that waits to
        // be sent need not wait twice.
        if is_cut_off || is_asked || !has_left {
            if is_cut_off {
                self.forget_question(suspicion.stage);
            }
            let (until, question) = (now.after(self.pause), question.filter(|_| !is_cut_off));
            self.open.set(slot, until, Suspicion { until, stage: Stage::PutOff(question), ..suspicion });
            return Some(Due::PutOff(slot));
        }
        // A late last chance is still a chance; and so is one that comes when this node hears again.
        let until = suspicion.until.max(now.after(self.chance));
        self.open.set(slot, until, Suspicion { until, ..suspicion });
        Some(Due::LastChance(slot))
    }

    /// When something is due next.
    pub(crate) fn next_deadline(&self) -> Instant {
        self.open.next_deadline()
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether the member in this row is under suspicion here.
    pub(crate) fn is_open(&self, slot: Slot) -> bool {
        self.open.get(slot).is_some()
    }

    /// The suspicion of the member in this row.
    pub(crate) fn get(&self, slot: Slot) -> Option<Suspicion> {
        self.open.value(slot)
    }

    /// Asserts that just the last questions that are open are known, by just their suspects and helpers, and that no
    /// deadline lies behind the end that it belongs to.
    pub(crate) fn check(&self) {
        self.open.check();
        let mut questions = 0;
        for (at, slot, suspicion) in self.open.iter() {
            assert!(at <= suspicion.until, "what is due before the end is due in time");
            let is_early = suspicion.stage == Stage::Open && suspicion.until < suspicion.end();
            assert!(!is_early, "a suspicion that has not asked lasts for as long as its accusers say");
            if let Some(question) = suspicion.stage.question() {
                assert_eq!(self.questions.get(question.nonce), Some(slot), "a last question is found by its nonce");
                questions += 1;
            }
        }
        assert_eq!(self.questions.len(), questions, "no question is known that is over");
        for &(nonce, _) in &self.helpers {
            assert!(self.questions.get(nonce).is_some(), "nobody helps with a question that is over");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: Nonce = Nonce([1; 8]);

    /// Two suspects, one of which has been asked.
    fn one_of_two_is_asked() -> Suspicions {
        let (now, length) = (Instant::from_nanos(0), Length::fixed(Duration::from_secs(4)));
        let mut suspicions = Suspicions::new(Duration::from_secs(1), Duration::from_secs(1), 0);
        (1..3).for_each(|slot| suspicions.open(Slot(slot), length, Duration::ZERO, now));
        suspicions.on_asked(Slot(1), NONCE, Witness::Wanted);
        assert!(suspicions.on_helper_asked(Slot(1), NONCE, NodeId::from_u128(7)));
        suspicions.check();
        suspicions
    }

    #[test]
    #[should_panic(expected = "no question is known that is over")]
    fn a_question_too_many_is_found() {
        let mut suspicions = one_of_two_is_asked();
        suspicions.questions.insert(Nonce([2; 8]), Slot(2));
        suspicions.check();
    }

    #[test]
    #[should_panic(expected = "a last question is found by its nonce")]
    fn a_question_too_few_is_found() {
        let mut suspicions = one_of_two_is_asked();
        suspicions.questions.remove(NONCE);
        suspicions.check();
    }

    #[test]
    #[should_panic(expected = "nobody helps with a question that is over")]
    fn a_helper_too_many_is_found() {
        let mut suspicions = one_of_two_is_asked();
        suspicions.helpers.insert((Nonce([2; 8]), NodeId::from_u128(7)));
        suspicions.check();
    }
}
