//! How are the free bytes of a packet shared between the two classes of rumours?

use serde::{Deserialize, Serialize};

use super::backlog::{Backlog, Offer, Rumour};
use crate::vocab::{Accusers, Health, Record, Slot};
use crate::wire::{ACCUSERS_BYTES_MAX, MARK_BYTES, RECORD_BYTES_MAX, Writer};

/// The part of the free bytes that each class can count on: one quarter at least.
const SHARE_DIVISOR: usize = 4;

/// Whether a rumour decides over a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// A suspicion, a death, or the contradiction of one.
    Urgent,
    /// Everything else.
    Ordinary,
}

/// All rumours that wait to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Gossip {
    urgent: Backlog,
    ordinary: Backlog,
}

impl Gossip {
    /// Nothing to tell; room for `max` rumours of each class.
    pub(crate) const fn new(max: usize) -> Self {
        Self { urgent: Backlog::new(max), ordinary: Backlog::new(max) }
    }

    /// Adds a rumour. Returns whether another one of its class was dropped for it.
    pub(crate) fn push(&mut self, rumour: Rumour, urgency: Urgency) -> bool {
        match urgency {
            Urgency::Urgent => self.urgent.push(rumour),
            Urgency::Ordinary => self.ordinary.push(rumour),
        }
    }

    /// Fills the rest of a packet with rumours. `lookup` gives what a rumour says now, or `None` when a
    /// newer one has replaced it; what is said of `told` stands in the packet already, which counts as a
    /// telling. `kept` bytes are left free for others. Returns how many records were written.
    pub(crate) fn fill(
        &mut self,
        writer: &mut Writer<'_>,
        (limit, kept): (u32, usize),
        told: Option<Slot>,
        lookup: impl Fn(Rumour) -> Option<(Record, Accusers)>,
    ) -> u32 {
        let free = writer.free().saturating_sub(kept);
        let share = (free / SHARE_DIVISOR).min(self.ordinary.len() * RECORD_BYTES_MAX);
        let mut records = 0;
        let mut tell = |backlog: &mut Backlog, reserved: usize| {
            backlog.offer_all(limit, &lookup, |rumour, record| {
                let Some((record, accusers)) = record else { return Offer::Stale };
                if told == Some(rumour.slot) {
                    return Offer::Packed;
                }
                let longer = match record.health {
                    Health::Suspect => ACCUSERS_BYTES_MAX,
                    Health::Removed => MARK_BYTES,
                    Health::Alive | Health::Dead | Health::Left => 0,
                };
                let spoken_for = reserved > 0 && writer.free() < reserved + RECORD_BYTES_MAX + longer;
                if spoken_for || !writer.record_with(&record, &accusers) {
                    return Offer::Full;
                }
                records += 1;
                Offer::Packed
            });
        };
        tell(&mut self.urgent, share + kept);
        tell(&mut self.ordinary, kept);
        records
    }

    /// Charges one telling to every rumour, because a peer showed that it knows them all.
    pub(crate) fn charge_all(&mut self, limit: u32) {
        self.urgent.charge_all(limit);
        self.ordinary.charge_all(limit);
    }

    /// How many rumours wait.
    pub(crate) const fn len(&self) -> usize {
        self.urgent.len() + self.ordinary.len()
    }

    /// Whether nothing waits to be told.
    pub(crate) const fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.ordinary.is_empty()
    }
}
