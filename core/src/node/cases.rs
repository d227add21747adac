//! Why is a member not simply alive here? What is remembered of that, for as long as it holds.
//!
//! Nothing is decided by it, and nothing of it is told: it is for the application. Whoever is alive has no case, so that
//! a steady node keeps none. Of many at once the latest are kept.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::detector::probe::Silent;
use crate::membership::CHOICE_MAX;
use crate::vocab::{Accusers, Health, Instant, NodeId, Nonce, Reason, Record, Slot};
use crate::wire::Body;

use super::Node;
use super::evidence::{Evidence, HelperView, ProbeView, Said, Why};

/// The most cases that are remembered; then the oldest gives way.
pub(super) const CASES_MAX: usize = 256;

/// A probe, and the nonce by which its answers are known.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Question {
    nonce: Nonce,
    seen: ProbeView,
}

impl Question {
    fn on_word(&mut self, nonce: Nonce, helper: NodeId, said: Said) {
        let asked = self.seen.helpers.iter_mut().find(|asked| asked.id == helper);
        if let Some(asked) = asked.filter(|_| self.nonce == nonce) {
            asked.said = asked.said.max(said);
        }
    }
}

/// What is remembered of one member.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Case {
    number: u64,
    since: Instant,
    source: Option<NodeId>,
    death_from: Option<NodeId>,
    /// Who accuses, or did when the suspicion ended.
    accusers: Accusers,
    probe: Option<Question>,
    last_chance: Option<Question>,
    heard: Option<Instant>,
}

impl Case {
    fn questions(&mut self) -> impl Iterator<Item = &mut Question> {
        self.probe.iter_mut().chain(&mut self.last_chance)
    }
}

/// Whom a record comes from that is looked at now, and whom it names as accusers.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Told {
    by: Option<NodeId>,
    accusers: Accusers,
}

/// All cases.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cases {
    cases: BTreeMap<Slot, Case>,
    /// How many there have been.
    number: u64,
    told: Told,
    /// Whom this node accused last: a helper's word may come a little late, and a nack does not say whom it is about.
    latest: Slot,
}

impl Cases {
    pub(super) const fn none() -> Self {
        let told = Told { by: None, accusers: Accusers::none() };
        Self { cases: BTreeMap::new(), number: 0, told, latest: Slot::SELF }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.cases.len()
    }

    /// A record is looked at next that somebody told.
    pub(super) const fn hear(&mut self, by: NodeId, accusers: &Accusers) {
        self.told = Told { by: Some(by), accusers: *accusers };
    }

    /// The case of a member; a new one if there is none.
    fn open(&mut self, slot: Slot, since: Instant) -> &mut Case {
        if self.cases.len() >= CASES_MAX && !self.cases.contains_key(&slot) {
            let oldest = self.cases.iter().min_by_key(|(_, case)| case.number).map(|(&slot, _)| slot);
            oldest.map(|oldest| self.cases.remove(&oldest));
        }
        let number = &mut self.number;
        self.cases.entry(slot).or_insert_with(|| {
            *number += 1;
            let accusers = Accusers::none();
            let (source, death_from, probe, last_chance, heard) = (None, None, None, None, None);
            Case { number: *number, since, source, death_from, accusers, probe, last_chance, heard }
        })
    }

    /// The member is alive, or forgotten.
    pub(super) fn close(&mut self, slot: Slot) {
        self.cases.remove(&slot);
    }

    /// One more accuses: these do now.
    pub(super) fn on_accused(&mut self, slot: Slot, accusers: &Accusers) {
        if let Some(case) = self.cases.get_mut(&slot) {
            case.accusers = *accusers;
        }
    }

    /// Somebody told that a suspect is dead.
    pub(super) fn on_death_told(&mut self, slot: Slot) {
        let by = self.told.by;
        if let Some(case) = self.cases.get_mut(&slot) {
            case.death_from = case.death_from.or(by);
        }
    }

    /// A suspect is asked for the last time, until then.
    pub(super) fn on_last_chance(&mut self, slot: Slot, nonce: Nonce, until: Instant) {
        if let Some(case) = self.cases.get_mut(&slot) {
            let (direct_wait, helpers) = (core::time::Duration::ZERO, Vec::new());
            let seen = ProbeView { sent: None, direct_wait, until, answered: false, helpers };
            case.last_chance = Some(Question { nonce, seen });
        }
    }

    /// The last chance of a member lasts until then.
    pub(super) fn on_patience(&mut self, slot: Slot, until: Instant) {
        if let Some(question) = self.cases.get_mut(&slot).and_then(|case| case.last_chance.as_mut()) {
            question.seen.until = until;
        }
    }

    /// The last chance of a member, if it has this nonce.
    fn last_chance(&mut self, slot: Slot, nonce: Nonce) -> Option<&mut ProbeView> {
        let question = self.cases.get_mut(&slot)?.last_chance.as_mut()?;
        (question.nonce == nonce).then_some(&mut question.seen)
    }
}

impl Node {
    /// A row says something else, which is about to be followed. `convicted` says that it was told to be dead.
    pub(super) fn follow_case(
        &mut self,
        slot: Slot,
        was: Option<Health>,
        (reason, convicted): (Reason, bool),
        now: Instant,
    ) {
        self.membership.note_reason(slot, reason);
        let Record { id, health, .. } = self.membership.record(slot);
        if health == Health::Alive {
            return self.cold.cases.close(slot);
        }
        let (since, heard) = (self.clock.outside(now), self.heard(slot));
        let cases = &mut self.cold.cases;
        let source = match reason {
            Reason::Rumour | Reason::Repair => cases.told.by,
            Reason::Contact => Some(id),
            Reason::Silence | Reason::Expiry | Reason::Command | Reason::Snapshot | Reason::Own => None,
        };
        // A death goes on from the suspicion, and an own accusation from its probe.
        let goes_on = (was, health) == (Some(Health::Suspect), Health::Dead) || reason == Reason::Silence;
        if !goes_on {
            cases.close(slot);
        }
        let told_dead = convicted || (health == Health::Dead && source.is_some());
        let case = cases.open(slot, since);
        (case.since, case.source, case.heard) = (since, source, heard);
        if told_dead {
            case.death_from = case.death_from.or(source);
        }
    }

    /// This node is about to accuse a member, because of a probe.
    pub(super) fn note_accusation(&mut self, silent: &Silent, now: Instant) {
        let Silent { target, nonce, sent, wait } = *silent;
        let helpers = self.cold.helpers.asked(nonce).map(|(helper, heard)| HelperView {
            id: self.membership.record(helper).id,
            said: if heard { Said::NoAnswer } else { Said::Nothing },
        });
        let helpers = helpers.collect();
        let direct_wait = wait.min(now.since(sent));
        let [sent, until] = [sent, now].map(|at| self.clock.outside(at));
        let seen = ProbeView { sent: Some(sent), direct_wait, until, answered: false, helpers };
        let since = self.suspicions.get(target.slot).map_or(until, |open| self.clock.outside(open.since()));
        let cases = &mut self.cold.cases;
        // What made this node accuse stays, however often it asks again.
        cases.open(target.slot, since).probe.get_or_insert(Question { nonce, seen });
        cases.latest = target.slot;
    }

    /// A ping is packed that no verdict hangs on but the last one.
    pub(super) fn note_ping(&mut self, slot: Slot, nonce: Nonce, now: Instant) {
        let at = self.clock.outside(now);
        if let Some(question) = self.cold.cases.last_chance(slot, nonce) {
            question.sent = Some(at);
        }
    }

    /// A helper is asked for the last chance of a suspect.
    pub(super) fn note_last_helper(&mut self, target: Slot, nonce: Nonce, helper: Slot) {
        let id = self.membership.record(helper).id;
        if let Some(question) = self.cold.cases.last_chance(target, nonce)
            && question.helpers.len() < CHOICE_MAX as usize
        {
            question.helpers.push(HelperView { id, said: Said::Nothing });
        }
    }

    /// Somebody answers a probe, maybe one that was judged already.
    pub(super) fn note_word(&mut self, body: &Body<'_>, from: NodeId) {
        let cases = &mut self.cold.cases;
        let (about, nonce, said) = if let Body::Ack { nonce } = *body {
            (self.membership.find(from), nonce, None)
        } else if let Body::Relayed { nonce, target } = *body {
            (self.membership.find(target), nonce, Some(Said::Answered))
        } else if let Body::Nack { nonce } = *body {
            (self.suspicions.questioned(nonce).or(Some(cases.latest)), nonce, Some(Said::NoAnswer))
        } else {
            return;
        };
        let Some(case) = about.and_then(|about| cases.cases.get_mut(&about)) else { return };
        for question in case.questions() {
            match said {
                Some(said) => question.on_word(nonce, from, said),
                None => question.seen.answered |= question.nonce == nonce,
            }
        }
    }

    /// What a member is believed to be, and why.
    pub(super) fn why(&self, slot: Slot) -> Why {
        if self.is_silent(slot) {
            let since = self.cold.healing.silent_since(slot);
            return Why { health: Health::Dead, reason: Reason::Silence, since, evidence: Some(self.silence(slot)) };
        }
        let health = self.membership.health(slot);
        let case = self.cold.cases.cases.get(&slot);
        let evidence = (health != Health::Alive).then(|| self.evidence(slot, &Accusers::default()));
        Why { health, reason: self.membership.reason(slot), since: case.map(|case| case.since), evidence }
    }

    /// What is remembered against a suspect or a dead member, as the event says it that tells so.
    pub(super) fn evidence_told(&self, slot: Slot, reason: Reason) -> Evidence {
        let mut also = Accusers::default();
        // Accusers count once the suspicion is there; the event comes before.
        match reason {
            Reason::Silence => _ = also.add(self.membership.id_hash(Slot::SELF)),
            Reason::Rumour | Reason::Repair => {
                let told = self.cold.cases.told.accusers;
                let count = |&&accuser: &&u64| self.may_accuse(accuser, slot);
                told.as_slice().iter().filter(count).for_each(|&accuser| _ = also.add(accuser));
            }
            Reason::Contact | Reason::Expiry | Reason::Command | Reason::Snapshot | Reason::Own => {}
        }
        self.evidence(slot, &also)
    }

    /// What is remembered, with accusers who are just about to count.
    fn evidence(&self, slot: Slot, also: &Accusers) -> Evidence {
        let (membership, case) = (&self.membership, self.cold.cases.cases.get(&slot));
        let open = self.suspicions.get(slot);
        let known = open.as_ref().map_or(case.map(|case| &case.accusers), |open| Some(open.accusers()));
        let mut accusers = known.copied().unwrap_or_default();
        if membership.health(slot) == Health::Suspect {
            also.as_slice().iter().for_each(|&accuser| _ = accusers.add(accuser));
        }
        let id_of = |&hash: &u64| membership.find_hash(hash).map(|member| membership.record(member).id);
        let accusers = accusers.as_slice().iter().filter_map(id_of).collect();
        let Some(case) = case else { return Evidence { accusers, ..Evidence::default() } };
        let Case { source, death_from, heard, .. } = *case;
        let [probe, last_chance] =
            [&case.probe, &case.last_chance].map(|question| question.as_ref().map(|question| question.seen.clone()));
        Evidence { source, accusers, death_from, probe, last_chance, heard }
    }

    /// What speaks against a member whose heartbeat this node misses.
    pub(super) fn silence(&self, slot: Slot) -> Evidence {
        Evidence { accusers: [self.id].into(), heard: self.heard(slot), ..Evidence::default() }
    }

    fn heard(&self, slot: Slot) -> Option<Instant> {
        let rise = self.cold.beating.as_ref()?.beats.last_rise(slot)?;
        Some(self.clock.outside(rise))
    }

    /// Asserts that just those have a case who are not alive.
    pub(super) fn check_cases(&self) {
        assert!(self.cold.cases.cases.len() <= CASES_MAX, "cases are bounded");
        for &slot in self.cold.cases.cases.keys() {
            assert_ne!(self.membership.health(slot), Health::Alive, "whoever is alive has no case");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::io::{Identity, Input, Snapshot};
    use super::*;
    use crate::config::Config;
    use crate::vocab::Domain;
    use crate::wire::{Sender, Writer};

    fn record(number: u8) -> Record {
        Record::of_new_life(NodeId::from_u128(number.into()), 1, ([10, 0, 0, number], 7946).into())
    }

    fn say(node: &mut Node, from: u8, body: &Body<'_>) {
        let sender = Sender { id: record(from).id, incarnation: record(from).incarnation, fingerprint: 0, state: 0 };
        let mut bytes = [0; 512];
        let mut writer = Writer::begin(&mut bytes, 0, &sender).expect("it fits");
        assert!(writer.body(body));
        let len = writer.finish();
        let input = Input::Datagram { from: record(from).addr, bytes: &bytes[..len] };
        node.handle(Instant::from_nanos(2), input).expect("it is a datagram");
    }

    #[test]
    fn what_comes_behind_the_only_verdict_is_noted() {
        let members: Vec<Record> = (2..6).map(record).collect();
        let identity = Identity { id: record(1).id, boot: 1, addr: record(1).addr, domain: Domain::NONE };
        let (now, snapshot) = (Instant::from_nanos(1), Snapshot { members: &members, map: None });
        let mut node = Node::new(Config::lan(), identity, 1, now, Some(snapshot)).expect("valid");
        let nonce = Nonce([7; 8]);
        let find = |node: &Node, number| node.membership.find(record(number).id).expect("it is known");
        let [dead, nacks, relays, silent] = [2, 3, 4, 5].map(|number| find(&node, number));
        [nacks, relays, silent].into_iter().for_each(|helper| node.cold.helpers.on_asked(nonce, helper));
        let silence = Silent { target: node.target(dead), nonce, sent: now, wait: core::time::Duration::ZERO };
        node.on_silence(&silence, now);
        node.convict(dead, now);
        assert!(node.suspicions.is_empty());
        say(&mut node, 3, &Body::Nack { nonce });
        say(&mut node, 4, &Body::Relayed { nonce, target: record(2).id });
        say(&mut node, 2, &Body::Ack { nonce });
        let evidence = node.why(dead).evidence.expect("it is dead");
        let probe = evidence.probe.expect("its own probe");
        let said: Vec<Said> = probe.helpers.iter().map(|helper| helper.said).collect();
        assert_eq!((said, probe.answered), ([Said::NoAnswer, Said::Answered, Said::Nothing].into(), true));
    }

    #[test]
    fn the_latest_cases_are_kept() {
        let (mut cases, now) = (Cases::none(), Instant::from_nanos(0));
        let max = u32::try_from(CASES_MAX).expect("few");
        (0..max).rev().for_each(|row| assert_eq!(cases.open(Slot(row), now).source, None));
        cases.open(Slot(max - 1), now).source = Some(NodeId::from_u128(7));
        cases.open(Slot(max), now);
        assert_eq!(cases.len(), CASES_MAX);
        assert!(!cases.cases.contains_key(&Slot(max - 1)), "the first that came is the first that goes");
        cases.close(Slot(max));
        cases.open(Slot(max - 1), now);
        assert_eq!((cases.len(), cases.open(Slot(max - 1), now).source), (CASES_MAX, None), "it begins anew");
    }
}
