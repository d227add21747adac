//! Heartbeats that everybody passes on, where the detector wants them: told in rounds, heard, and judged.
//!
//! A round tells everything that is known to a few members, in as many datagrams as that takes, spread over the
//! interval. Its verdicts are this node's own: no rumour, no repair and no fingerprint speaks of who is silent here.
//! Only whoever has been silent for so long that nobody can have heard of it counts as dead, and that is told.

use alloc::boxed::Box;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Config, HEARTBEAT_BYTES, Targets};
use crate::detector::beats::{Beats, Heard, Rule, Verdict};
use crate::membership::CHOICE_MAX;
use crate::vocab::{Health, Instant, NodeId, Record, Rng, Slot, hash_of_life};
use crate::wire::{Datagram, Writer};

use super::intents::Intent;
use super::io::{Event, MemberChange, Reason, Timer};
use super::{Leaving, Node};

/// Everything about relayed heartbeats.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Beating {
    pub(super) beats: Beats,
    /// The own heartbeat.
    own: u16,
    round: Round,
}

/// What is told to whom at present.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Round {
    targets: [Slot; CHOICE_MAX as usize],
    count: usize,
    /// The first row that was not told yet, of those that there were when the round began.
    next: u32,
    rows: u32,
    /// Between two datagrams to one target.
    pause: Duration,
}

impl Round {
    const fn over() -> Self {
        Self { targets: [Slot::SELF; CHOICE_MAX as usize], count: 0, next: 0, rows: 0, pause: Duration::ZERO }
    }

    const fn is_over(&self) -> bool {
        self.next >= self.rows
    }
}

impl Beating {
    /// What the detector of this config needs; `None` for one that hears no heartbeats.
    pub(super) fn new(config: &Config, rng: &mut Rng) -> Option<Self> {
        let (rule, relay) = (Rule::new(&config.detector)?, config.detector.relay()?);
        let beats = Beats::new(rule, relay.interval, config.hash_seed);
        let [low, high, ..] = rng.next().to_le_bytes();
        Some(Self { beats, own: u16::from_le_bytes([low, high]), round: Round::over() })
    }
}

/// How many heartbeats go into one datagram; the rest of it is for rumours.
const fn rows_per_datagram(config: &Config) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "no datagram has so many bytes")]
    let bytes = config.datagram_bytes_max as u32;
    bytes / 4 * 3 / HEARTBEAT_BYTES
}

/// The name of one life of one member: 48 bits.
fn life_of(id: NodeId, boot: u64) -> u64 {
    hash_of_life(9, id, boot) >> 16
}

impl Node {
    /// The first heartbeat comes within an interval.
    pub(super) fn start_beating(&mut self, now: Instant) {
        let Some(relay) = self.cold.config.detector.relay() else { return };
        let wait = self.rng.within(relay.interval);
        self.deadlines.set(Timer::Heartbeat, now.after(wait));
        for row in 1..self.membership.rows() {
            self.follow_heartbeat(Slot(row), now);
        }
    }

    /// A round begins or goes on.
    pub(super) fn on_heartbeat_due(&mut self, now: Instant) {
        if self.cold.beating.as_ref().is_some_and(|beating| beating.round.is_over()) {
            self.begin_round();
        }
        let per_datagram = rows_per_datagram(&self.cold.config);
        let Some(Beating { round, .. }) = &mut self.cold.beating else { return };
        let (first, end) = (round.next, round.next.saturating_add(per_datagram));
        round.next = end;
        let (targets, count, pause) = (round.targets, round.count, round.pause);
        for &slot in &targets[..count] {
            self.wish(Intent::Heartbeats { slot, first, end });
        }
        self.deadlines.set(Timer::Heartbeat, now.after(pause));
    }

    fn begin_round(&mut self) {
        self.tells_left = super::receive::TELLS_PER_PERIOD;
        let (live, rows) = (self.membership.live(), self.membership.rows());
        let Some(&relay) = self.cold.config.detector.relay() else { return };
        let per_datagram = rows_per_datagram(&self.cold.config);
        let interval = relay.interval(live);
        let may_hear = may_hear(self.cold.beating.as_ref());
        let targets = match relay.targets {
            Targets::Uniform => self.membership.choose_several(relay.fanout, &mut self.rng, may_hear),
            Targets::Subnets => self.membership.choose_by_subnets(relay.fanout, &mut self.rng, may_hear),
        };
        let Some(Beating { beats, own, round }) = &mut self.cold.beating else { return };
        *own = own.wrapping_add(1);
        beats.resize(live, interval);
        round.count = 0;
        for slot in targets {
            round.targets[round.count] = slot;
            round.count += 1;
        }
        (round.next, round.rows) = (0, rows);
        round.pause = interval / rows.div_ceil(per_datagram).max(1);
    }

    /// Writes the heartbeats of these rows, and the own one before all others.
    pub(super) fn pack_heartbeats(&self, writer: &mut Writer<'_>, (first, end): (u32, u32)) -> Option<()> {
        let beating = self.cold.beating.as_ref()?;
        writer.open_heartbeats();
        let own = (life_of(self.id, self.incarnation.boot), beating.own);
        let others = (first.max(1)..end.min(self.membership.rows())).filter_map(|row| beating.beats.told(Slot(row)));
        let mut rows = core::iter::once(own).chain(others);
        rows.all(|row| writer.heartbeat(row)).then_some(())
    }

    /// The sender tells where heartbeats stand.
    pub(super) fn on_heartbeats(&mut self, datagram: &Datagram<'_>, now: Instant) {
        // A stranger knows of nobody here.
        let Some(slot) = self.membership.find(datagram.sender.id) else { return };
        for row in datagram.heartbeats {
            let Some(Beating { beats, .. }) = &mut self.cold.beating else { return };
            match beats.hear(row, now) {
                Heard::Old | Heard::Rose => {}
                Heard::Returned(back) => {
                    let reason = if back == slot { Reason::Contact } else { Reason::Rumour };
                    let health = self.membership.health(back);
                    self.report_silence(back, (Health::Dead, health), reason);
                    self.on_heard_again(back, now);
                }
                Heard::Implausible => self.stats.records_refused += 1,
            }
        }
        self.schedule_silence();
    }

    /// Somebody has been silent for too long.
    pub(super) fn on_silence_due(&mut self, now: Instant) {
        let verdict = self.cold.beating.as_mut().and_then(|beating| beating.beats.on_deadline(now));
        match verdict {
            Some(Verdict::Silent(slot)) => {
                self.stats.suspicions += 1;
                let was = self.membership.health(slot);
                self.report_silence(slot, (was, Health::Dead), Reason::Silence);
                self.cold.healing.on_silent(slot, self.clock.outside(now));
            }
            Some(Verdict::Gone(slot)) => self.convict(slot, now),
            None => {}
        }
        self.schedule_silence();
    }

    /// What this node alone believes of a member has changed.
    fn report_silence(&mut self, slot: Slot, (was, health): (Health, Health), reason: Reason) {
        self.follow_mail(slot);
        let record = Record { health, hops: 0, ..self.membership.record(slot) };
        let evidence = (health == Health::Dead).then(|| Box::new(self.silence(slot)));
        self.report(Event::Member(MemberChange { evidence, ..MemberChange::to(&record, Some(was), reason) }));
    }

    /// A row says something else: whoever lives is followed, nobody else is.
    pub(super) fn follow_heartbeat(&mut self, slot: Slot, now: Instant) {
        self.follow_stream_only(slot);
        let Some(Beating { beats, .. }) = &mut self.cold.beating else { return self.follow_contact(slot, now) };
        let Record { id, incarnation, health, .. } = self.membership.record(slot);
        if health.is_live() && slot != Slot::SELF {
            beats.follow(slot, life_of(id, incarnation.boot), now);
        } else {
            beats.drop(slot);
        }
        self.schedule_silence();
    }

    /// Nobody remembers the member in a row any more.
    pub(super) fn drop_heartbeat(&mut self, slot: Slot) {
        if let Some(Beating { beats, .. }) = &mut self.cold.beating {
            beats.drop(slot);
        }
    }

    /// Tries somebody who is silent here with the own heartbeat: it may be on the other side of a partition that
    /// has ended, and neither side tells the other anything else.
    pub(super) fn try_silent(&mut self) {
        let Some(Beating { beats, .. }) = &self.cold.beating else { return };
        if beats.silent() > 0
            && let Some(slot) = self.membership.choose(&mut self.rng, |slot, _| beats.is_silent(slot))
        {
            self.wish(Intent::Heartbeats { slot, first: 0, end: 0 });
        }
    }

    /// Asserts that just those who live as far as anybody says are followed.
    pub(super) fn check_beating(&self) {
        let Some(Beating { beats, .. }) = &self.cold.beating else { return };
        beats.check();
        for slot in self.membership.slots().filter(|&slot| slot != Slot::SELF) {
            assert_eq!(
                beats.history(slot).is_some(),
                self.membership.health(slot).is_live(),
                "the living are followed"
            );
        }
    }

    /// Whether a member counts as failed here, though nobody says so.
    pub(super) fn is_silent(&self, slot: Slot) -> bool {
        is_silent(self.cold.beating.as_ref(), slot)
    }

    /// Whoever leaves judges nobody any more.
    fn schedule_silence(&mut self) {
        let next = self.cold.beating.as_ref().map(|beating| beating.beats.next_deadline());
        let stays = self.leaving == Leaving::Stays;
        self.deadlines.set(Timer::Silence, next.filter(|_| stays).unwrap_or(Instant::NEVER));
    }
}

/// [`Node::is_silent`] of the part of a node that knows.
pub(super) fn is_silent(beating: Option<&Beating>, slot: Slot) -> bool {
    beating.is_some_and(|beating| beating.beats.is_silent(slot))
}

/// Whether a member whose row says this may hear what is sent to it, as far as is known here.
pub(super) fn may_hear(beating: Option<&Beating>) -> impl Fn(Slot, Health) -> bool {
    move |slot, health| health.is_live() && !is_silent(beating, slot)
}
