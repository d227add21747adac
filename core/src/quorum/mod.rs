//! May we act?
//!
//! A node may act for its cluster while it sees enough votes. Seeing is fresh evidence: a voter that was heard within a
//! lease, directly or through others, and not one that nobody has convicted yet. What is enough is arithmetic, with no
//! memory and no time in it.
//!
//! * [`provider`] — which votes are enough?
//! * [`wards`] — how many votes are there and how many are seen, in which domain?
//! * [`roll`] — who votes, and who of them is seen?
//! * [`configuring`] — who votes and which domains are active, as the administrator says; what cannot be is refused;
//! * [`standing`] — what moves the standing from one to another;
//! * [`ages`] — what is told to others of who was heard, and heard from them;
//! * [`losses`] — was a voter lost, or its whole domain?
//! * [`change`] — why: votes, domains, and what more may be lost;
//! * [`settings`] — what can be set, and the profiles.
//!
//! Invariant: the node is `InQuorum` only while what it sees is enough (with [`settings::Looks::AsOriginal`]: was enough when it
//! looked). A lease, a freeze or a late tick ends that at once; gaining it waits for `stable_after`. So of two sides that
//! hear nothing of each other, and have the same configuration, at most one has anybody in quorum once a lease has
//! passed (`tests/safety.rs`). With a bridge between the sides, or other maps, that is not so (`tests/broken.rs`): standing is
//! advice and no lock. Who must exclude others needs a fencing token.
//!
//! This room knows members by identity, since voters are named before anybody has met them. It neither sends nor receives:
//! it says whom to ask. Every call costs O(log n) and a step per domain at most, but for a configuration, which costs what it
//! names (and a whole new list of voters, what the old one named). What lapses, and what is found out, comes one at a
//! time: `on_deadline` is called until `next_deadline` lies ahead.

mod ages;
mod change;
mod configuring;
mod losses;
mod provider;
mod roll;
mod settings;
mod standing;
#[cfg(test)]
mod tests;
mod wards;

use alloc::vec::Vec;

pub use change::{Change, DomainVotes, Margin, Why};
use configuring::Configuration;
pub(crate) use configuring::Proposal;
pub use configuring::{QuorumError, Voter, Voters};
pub use losses::Loss;
use losses::{Finding, Losses};
use provider::{Count, Lack};
pub use provider::{Provider, Votes};
pub(crate) use roll::{Evidence, Word};
use roll::{Roll, Turn};
pub use settings::{ASKS_MAX, DOMAINS_MAX, Looks, MEMBERS_MAX, Settings, SettingsError, SuspectDown, VOTES_MAX};
pub use standing::Standing;
use standing::{Event, Machine, Seen};
use wards::{Seat, Wards};

use serde::{Deserialize, Serialize};

use crate::vocab::{Domain, Health, Incarnation, Instant, NodeId, Rng};

/// A tick that comes later than this part of the lease is a freeze: what was heard meanwhile was heard who knows when.
const LATE_PART: u32 = 4;

/// While the standing rests on votes there is a deadline in such a part of the lease at least: whoever waits for nothing cannot
/// come late, and does not notice that it stood still.
const LOOK_PART: u32 = 10;

/// What a deadline, or what was heard, brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The standing has changed.
    Standing(Change),
    /// This member is to be asked whether it lives, because one of its domain died. What it answers is evidence.
    Ask(NodeId),
    /// How sure the loss of a voter is now.
    Lost(NodeId, Loss),
}

/// The quorum, as one node sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Quorum {
    own: NodeId,
    settings: Settings,
    configuration: Configuration,
    roll: Roll,
    machine: Machine,
    losses: Losses,
    /// When it looked at the time for the last time.
    looked: Instant,
    /// Whoever is told of at present, with an age: kept so that nothing needs to be allocated.
    told: Vec<(NodeId, u8)>,
}

impl Quorum {
    /// A node that knows nobody and is not in quorum. `domain` is where it says that it stands.
    ///
    /// # Errors
    /// The first [`SettingsError`] in the order of the fields.
    pub(crate) fn new(own: NodeId, domain: Domain, settings: Settings) -> Result<Self, SettingsError> {
        settings.validate()?;
        let mut roll = Roll::new(own, settings.lease, Wards::new(settings.provider));
        let (incarnation, health) = (Incarnation::first(0), Health::Alive);
        roll.hear_word(&Word { id: own, incarnation, health, domain });
        let (machine, losses) = (Machine::new(&settings), Losses::new(settings.suspect_down));
        let (configuration, looked) = (Configuration::default(), Instant::from_nanos(0));
        Ok(Self { own, settings, configuration, roll, machine, losses, looked, told: Vec::new() })
    }

    /// The node itself is in the cluster: it has joined, or somebody says that it lives.
    pub(crate) fn on_self_alive(&mut self, now: Instant) -> Option<Change> {
        self.step(Event::SelfAlive, now)
    }

    /// The node leaves. It is down at once, however long its goodbye takes.
    pub(crate) fn on_leave(&mut self, now: Instant) -> Option<Change> {
        self.losses.clear();
        self.step(Event::SelfLeave, now)
    }

    /// The process stood still: what it had heard is old, and so may be what lies in its socket.
    pub(crate) fn on_freeze(&mut self, now: Instant) -> Option<Change> {
        self.settings.lease?;
        self.roll.void(now);
        self.step(Event::Freeze, now)
    }

    /// The roster says something of a member. What it says of this node does not matter here.
    ///
    /// # Errors
    /// [`QuorumError::Members`] when there is no room for another one that lives; nothing has changed.
    pub(crate) fn on_member(
        &mut self,
        word: &Word,
        now: Instant,
        rng: &mut Rng,
    ) -> Result<Option<Change>, QuorumError> {
        if word.id == self.own || self.machine.standing() == Standing::Down {
            return Ok(None);
        }
        if !self.roll.knows(word.id) {
            if !word.health.is_live() {
                return Ok(None);
            }
            let (count, most) = (self.roll.len() + 1, self.settings.members_max);
            if count > most as usize {
                return Err(QuorumError::Members { count, most });
            }
        }
        let lapsed = self.on_overdue(word.id, now);
        let turn = self.roll.hear_word(word);
        self.note_loss(word, turn, now, rng);
        let event = match turn {
            Turn::Came => Event::NodeAlive,
            Turn::Went => Event::NodeLeave,
            Turn::Old | Turn::Stayed => Event::Evidence,
        };
        let is_counted_anew = self.roll.recount(word.id, now);
        let change = (is_counted_anew || event != Event::Evidence).then(|| self.step(event, now));
        Ok(Change::both(lapsed, change.flatten()))
    }

    /// A member was heard, directly or by somebody else. What nobody listens to, or is of another life, is nothing.
    pub(crate) fn on_heard(&mut self, evidence: Evidence, now: Instant) -> Option<Change> {
        if evidence.id == self.own || self.machine.standing() == Standing::Down {
            return None;
        }
        let evidence = Evidence { at: evidence.at.min(now), ..evidence };
        let is_awaited =
            !self.losses.is_idle() && self.roll.domain(evidence.id).is_some_and(|domain| self.losses.listens(domain));
        if !is_awaited && self.roll.renew(evidence, now) {
            return None;
        }
        let lapsed = self.on_overdue(evidence.id, now);
        self.note_evidence(evidence, now);
        let change = self.roll.recount(evidence.id, now).then(|| self.step(Event::Evidence, now));
        Change::both(lapsed, change.flatten())
    }

    /// The roster has forgotten a member.
    pub(crate) fn on_forgotten(&mut self, id: NodeId, now: Instant) -> Option<Change> {
        if id == self.own || self.machine.standing() == Standing::Down {
            return None;
        }
        if let Some(seat) = self.roll.seat(id) {
            self.losses.cancel(id, seat.domain);
        }
        self.roll.forget(id, now).then(|| self.step(Event::Evidence, now)).flatten()
    }

    /// There is another configuration.
    ///
    /// # Errors
    /// The first thing that cannot be; nothing has changed.
    pub(crate) fn configure(&mut self, proposal: &Proposal<'_>, now: Instant) -> Result<Option<Change>, QuorumError> {
        let plan = self.configuration.check(proposal, &self.roll, self.own, &self.settings)?;
        for (id, domain) in plan.moved(&self.roll) {
            self.losses.cancel(id, domain);
        }
        self.configuration.apply(plan, &mut self.roll, now);
        let wards = &self.roll.wards;
        for (&domain, _) in wards.iter().filter(|(_, ward)| !wards.counts(ward)) {
            self.losses.on_inactive(domain, now);
        }
        self.losses.keep_domains(|domain| wards.get(domain).is_some());
        let event = if proposal.voters == Voters::Same { Event::Domains } else { Event::Voters };
        Ok(self.step(event, now))
    }

    /// When `on_deadline` has something to do.
    pub(crate) fn next_deadline(&self) -> Instant {
        if self.machine.standing() == Standing::Down {
            return Instant::NEVER;
        }
        let (at, _) = self.machine.next();
        at.min(self.roll.next_lapse()).min(self.losses.next_deadline()).min(self.next_look())
    }

    fn next_look(&self) -> Instant {
        let lease = self.settings.lease.filter(|_| self.machine.rests_on_votes());
        lease.map_or(Instant::NEVER, |lease| self.looked.after(lease / LOOK_PART))
    }

    /// Does one thing that is due. `None` if nothing is, or if nothing has become of it.
    pub(crate) fn on_deadline(&mut self, now: Instant, rng: &mut Rng) -> Option<Verdict> {
        let due = self.next_deadline();
        if now < due {
            return None;
        }
        // Of a tick that is late nobody knows what was heard while it was, so it is as good as a freeze.
        let is_late = self.settings.lease.is_some_and(|lease| now.since(due) > lease / LATE_PART);
        if is_late
            && self.machine.rests_on_votes()
            && let Some(change) = self.on_freeze(now)
        {
            return Some(Verdict::Standing(change));
        }
        self.looked = now;
        if self.roll.next_lapse() <= now {
            let change = self.roll.on_lapse(now).then(|| self.step(Event::Evidence, now));
            return change.flatten().map(Verdict::Standing);
        }
        let (at, event) = self.machine.next();
        if at <= now {
            return self.step(event, now).map(Verdict::Standing);
        }
        let in_quorum = self.machine.standing() == Standing::InQuorum;
        let wards = &self.roll.wards;
        let finding = self.losses.on_deadline(in_quorum, |domain, not| wards.mate(domain, rng.next(), not), now)?;
        Some(match finding {
            Finding::Ask(mate) => Verdict::Ask(mate),
            Finding::Lost(id, loss) => Verdict::Lost(id, loss),
        })
    }

    /// Whether this node may act.
    pub(crate) const fn standing(&self) -> Standing {
        self.machine.standing()
    }

    /// The standing and all that speaks for it, as if it had just come to be what it is.
    pub(crate) fn report(&self) -> Change {
        let standing = self.standing();
        let why = match (standing, self.settings.provider.judge(&self.count())) {
            (Standing::Down, _) => Why::Left,
            (Standing::NotInQuorum | Standing::SuspectNotInQuorum, Ok(())) => Why::NotYet,
            (_, judged) => why(judged),
        };
        self.change(standing, why)
    }

    /// Of two nodes that cannot both stay, who is to go? The other one, as long as this node may act.
    pub(crate) fn who_goes(&self, other: NodeId) -> NodeId {
        if self.standing() == Standing::InQuorum { other } else { self.own }
    }

    /// How sure the loss of a voter is; `None` of whoever is not lost, or not known to be.
    pub(crate) fn loss(&self, id: NodeId) -> Option<Loss> {
        self.losses.get(id)
    }

    fn count(&self) -> Count {
        let own = self.roll.seat(self.own).map(|seat| seat.domain);
        self.roll.wards.count(own, self.settings.breaks_ties, |id| self.roll.is_seen(id))
    }

    /// What is seen may have changed.
    fn step(&mut self, event: Event, now: Instant) -> Option<Change> {
        let judged = self.settings.provider.judge(&self.count());
        let seen = Seen { enough: judged.is_ok(), is_settled: self.roll.is_settled(now) };
        if !self.machine.rests_on_votes() {
            self.looked = now;
        }
        let from = self.machine.step(event, seen, now)?;
        let why = match (event, self.standing()) {
            (Event::SelfLeave, _) => Why::Left,
            (Event::Freeze, _) => Why::Froze,
            (_, Standing::NotInQuorum) => Why::TimedOut,
            _ => why(judged),
        };
        Some(self.change(from, why))
    }

    fn change(&self, from: Standing, why: Why) -> Change {
        let (provider, count, wards) = (self.settings.provider, self.count(), &self.roll.wards);
        let votes = provider.votes(&count);
        let own = self.roll.seat(self.own).map(|seat| (seat.domain, u64::from(seat.votes)));
        let margin = provider.judge(&count).is_ok().then(|| change::margin(provider, votes, wards, own));
        let (to, domains, epoch) = (self.standing(), change::by_domain(wards), self.configuration.epoch);
        Change { from, to, why, votes, domains, margin, epoch }
    }

    /// What was heard last of a member may be older than the lease, and nobody has looked: then it was lost for a moment,
    /// even if it is heard now.
    fn on_overdue(&mut self, id: NodeId, now: Instant) -> Option<Change> {
        let lapsed = self.roll.is_overdue(id, now) && self.roll.recount(id, now);
        lapsed.then(|| self.step(Event::Evidence, now)).flatten()
    }

    fn note_evidence(&mut self, evidence: Evidence, now: Instant) {
        if self.roll.hear(evidence)
            && let Some(domain) = self.roll.domain(evidence.id)
        {
            self.losses.on_sign(domain, evidence.at, now);
        }
    }

    /// A voter came back, died or said goodbye.
    fn note_loss(&mut self, word: &Word, turn: Turn, now: Instant, rng: &mut Rng) {
        let Some(Seat { domain, .. }) = self.roll.seat(word.id) else { return };
        match (turn, word.health) {
            (Turn::Came, _) => self.losses.cancel(word.id, domain),
            (Turn::Went, Health::Dead) => {
                let wards = &self.roll.wards;
                let is_active = wards.get(domain).is_some_and(|ward| wards.counts(ward));
                self.losses.on_death(word.id, (domain, is_active), now, rng);
            }
            (Turn::Went | Turn::Stayed, Health::Left | Health::Removed) => self.losses.on_goodbye(word.id, domain),
            (Turn::Old | Turn::Went | Turn::Stayed, _) => {}
        }
    }

    /// Asserts what always holds. Walks over all members.
    pub(crate) fn check(&self) {
        self.roll.check();
        self.losses.check(|id| self.roll.lives(id));
        let enough = self.settings.provider.judge(&self.count()).is_ok();
        if self.settings.looks == Looks::Always && self.standing() == Standing::InQuorum {
            assert!(enough, "in quorum is who sees enough");
        }
    }
}

const fn why(judged: Result<(), Lack>) -> Why {
    match judged {
        Ok(()) => Why::Enough,
        Err(Lack::Voters) => Why::NobodyVotes,
        Err(Lack::Domain) => Why::OwnDomain,
        Err(Lack::Votes) => Why::TooFew,
    }
}
