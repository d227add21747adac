//! An info comes from a peer: is it news, and what becomes of it?
//!
//! Stamps say what is missing, versions say what holds. Everything is checked before the first write.

use core::time::Duration;

use super::limits::{HOPS_MAX, JUMP_MAX, Unfit};
use super::origins::OriginIx;
use super::store::Row;
use super::{Infos, keys};
use crate::vocab::{InfoItem, InfoTold, InfoVersion, Instant};

/// What became of an info.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It holds from now on, and is told on.
    New {
        /// Whether the key stands for something else than before: not when its value was issued again.
        contents_changed: bool,
    },
    /// It was here, but ends sooner, or can be had over fewer links. It is not told again.
    Refreshed,
    /// It was here, or something later about its key.
    Duplicate,
    /// It is new, and something later about its key holds. It is not told on; that is.
    Stale,
    /// Its counter comes from so far ahead that nobody can have counted to it. It is left out, and does not hold up what
    /// its origin issued later: who lied need not be the one that counted on from there.
    LeftOut,
    /// An earlier life of this node says something later about a key than this life, which knew nothing of it. What
    /// this life says was issued again, above it, and is told.
    Answered,
}

/// Why an info is refused. Nothing has changed, and what the same origin issued later is refused until this is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unfit(Unfit),
    /// Something of the same origin before it is missing, and is to be asked for.
    Gap,
    /// It has come over too many links.
    Hops,
    /// The stamp is none, does not fit to the one before it, is another info's, or comes from too far ahead.
    Stamp,
    /// The version is none, or comes from too far ahead in what was passed already.
    Counter,
    /// This life of this node is said to have issued what it has not.
    Own,
}

impl From<Unfit> for Refusal {
    fn from(why: Unfit) -> Self {
        Self::Unfit(why)
    }
}

/// How far the stream of an origin has come.
#[derive(Debug, Clone, Copy)]
struct Stream {
    ix: Option<OriginIx>,
    stamp: u64,
}

impl Infos {
    /// Takes in what a peer tells.
    ///
    /// # Errors
    /// [`Refusal`]; then nothing has changed.
    pub(crate) fn take(&mut self, told: &InfoTold<'_>, now: Instant) -> Result<Taken, Refusal> {
        let InfoTold { item, from } = told;
        self.limits.admit(item)?;
        let hops = item.hops.checked_add(1).filter(|&hops| hops <= HOPS_MAX).ok_or(Refusal::Hops)?;
        if item.version.counter == 0 {
            return Err(Refusal::Counter);
        }
        if item.stamp <= *from {
            return Err(Refusal::Stamp);
        }
        let origin = item.version.origin;
        let ix = self.origins.find(origin);
        let stream = Stream { ix, stamp: ix.map_or(0, |ix| self.origins.get(ix).stamp) };
        let place = self.store.find(item.key);
        if item.stamp <= stream.stamp {
            return self.take_again(item, hops, (stream, place), now);
        }
        if origin == self.own() {
            return Err(Refusal::Own);
        }
        if *from > stream.stamp {
            return Err(Refusal::Gap);
        }
        if item.stamp - stream.stamp > JUMP_MAX {
            return Err(Refusal::Stamp);
        }
        self.take_next(item, hops, (stream, place), now)
    }

    /// Takes in what comes next in the stream of its origin.
    fn take_next(
        &mut self,
        item: &InfoItem<'_>,
        hops: u8,
        (stream, place): (Stream, Option<u32>),
        now: Instant,
    ) -> Result<Taken, Refusal> {
        let known = place.map(|place| self.version(place));
        let is_new = known.is_none_or(|known| item.version > known);
        let is_far = item.version.counter > known.map_or(0, |known| known.counter).saturating_add(JUMP_MAX);
        if stream.ix.is_none() && self.origins.len() >= self.limits.origins_max {
            return Err(Unfit::Origins.into());
        }
        let taken = if !is_new {
            Taken::Stale
        } else if is_far {
            Taken::LeftOut
        } else if let Some(place) = place.filter(|&place| self.contradicts(place, item.version)) {
            self.answer(place, item.version.counter, now)?
        } else {
            let row = self.admit_row(item, hops, place, now)?;
            let ix = stream.ix.unwrap_or_else(|| self.origins.enter(item.version.origin, now));
            self.take_row(place, Row { origin: ix, ..row }, now)
        };
        let ix = stream.ix.unwrap_or_else(|| self.origins.enter(item.version.origin, now));
        self.origins.come_to(ix, item.stamp, hops);
        Ok(taken)
    }

    /// Takes in what is no news to the stream of its origin: a copy of what is here, or what is missing here after all,
    /// because it was overtaken at whoever told the stream, who then was lost with what overtook it.
    fn take_again(
        &mut self,
        item: &InfoItem<'_>,
        hops: u8,
        (stream, place): (Stream, Option<u32>),
        now: Instant,
    ) -> Result<Taken, Refusal> {
        let Some(ix) = stream.ix else { return Ok(Taken::Duplicate) };
        let known = place.map(|place| self.version(place));
        if let Some(place) = place.filter(|_| known == Some(item.version)) {
            return Ok(self.refresh(place, item, hops, now));
        }
        // Of an event that has ended nothing is left, and it does not come twice. Of its own, nothing is missing here.
        let is_over = keys::is_event(item.key) || ix == self.origins.own();
        if is_over || known.is_some_and(|known| item.version < known) {
            return Ok(Taken::Duplicate);
        }
        if self.store.at_stamp(ix, item.stamp).is_some() {
            return Err(Refusal::Stamp);
        }
        if item.version.counter > known.map_or(0, |known| known.counter).saturating_add(JUMP_MAX) {
            return Err(Refusal::Counter);
        }
        if let Some(place) = place.filter(|&place| self.contradicts(place, item.version)) {
            return self.answer(place, item.version.counter, now);
        }
        let row = self.admit_row(item, hops, place, now)?;
        Ok(self.take_row(place, Row { origin: ix, ..row }, now))
    }

    /// The row that an item makes, if there is room for it.
    fn admit_row(&self, item: &InfoItem<'_>, hops: u8, place: Option<u32>, now: Instant) -> Result<Row, Unfit> {
        let (counter, stamp, until) = (item.version.counter, item.stamp, ends_at(item.left_ms, now));
        let row = Row { counter, stamp, until, hops, ..Row::new(item.key, item.value) };
        self.admit_weight(place.map(|place| self.store.row(place)), &row)?;
        Ok(row)
    }

    fn take_row(&mut self, place: Option<u32>, row: Row, now: Instant) -> Taken {
        let known = place.map(|place| self.store.row(place));
        let contents_changed = known.map_or(row.kind.is_some(), |known| !known.says_as(&row));
        self.put(place, row, now);
        Taken::New { contents_changed }
    }

    /// The same statement once more: the least that anybody tells of its life is nearest to what its origin meant,
    /// because on its way everything is told late.
    fn refresh(&mut self, place: u32, item: &InfoItem<'_>, hops: u8, now: Instant) -> Taken {
        let row = self.store.row(place);
        let (origin, known_until, known_hops) = (row.origin, row.until, row.hops);
        if origin == self.origins.own() {
            return Taken::Duplicate;
        }
        let until = match (item.value, row.kind) {
            (None, Some(_)) => now,
            (Some(_), None) => Instant::NEVER,
            (Some(_), Some(_)) | (None, None) => ends_at(item.left_ms, now),
        };
        let ends_sooner = known_until != Instant::NEVER && until < known_until;
        if ends_sooner {
            self.store.end_at(place, until);
        }
        if hops < known_hops {
            self.store.set_hops(place, hops);
            self.origins.shorten(origin, item.stamp, hops);
        }
        if ends_sooner || hops < known_hops { Taken::Refreshed } else { Taken::Duplicate }
    }

    /// Whether what this life issued in a place meets a higher version of an earlier life of this node.
    fn contradicts(&self, place: u32, heard: InfoVersion) -> bool {
        let own = self.own();
        self.store.row(place).origin == self.own_ix() && heard.origin.id == own.id && heard.origin.boot < own.boot
    }

    /// Issues an own info again, above a version of an earlier life.
    fn answer(&mut self, place: u32, counter: u64, now: Instant) -> Result<Taken, Refusal> {
        let counter = counter.checked_add(1).ok_or(Refusal::Counter)?;
        let row = Row { counter, ..self.store.row(place).clone() };
        self.put_own(Some(place), row, now).ok_or(Refusal::Counter)?;
        Ok(Taken::Answered)
    }
}

/// When what has so long left ends.
fn ends_at(left_ms: Option<u32>, now: Instant) -> Instant {
    left_ms.map_or(Instant::NEVER, |left| now.after(Duration::from_millis(left.into())))
}
