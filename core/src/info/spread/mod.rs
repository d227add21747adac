//! Which peer is told what, and when?
//!
//! Links are few and told apart by place. News goes at once to those peers that want it at once ([`routes`]), and is
//! announced to the others on the tick: life, stamp, hops. Whoever lacks what was announced waits a little, because it may
//! be on its way, and asks for it. What is told to a peer is counted and acknowledged ([`feed`]).
//!
//! Invariant: for every link and everything in the log that its peer is not known to have, it is in a frame
//! under way, lies after what the peer was told so far, or was announced.
//!
//! This part of the room knows no bytes, and of infos only their order: a [`Log`] says which life issued what.

mod feed;
mod hear;
mod routes;
mod say;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Agenda, Instant, LINKS_MAX, Link, Links};
pub(crate) use feed::{Ask, Got};
use feed::{Cover, Feed};
pub(crate) use hear::Heard;
use routes::Routes;

use super::Infos;
use super::origins::OriginIx;

/// One info, as this part of the room sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it arrived, as a place in the log.
    pub(crate) seq: u64,
    /// Whose it is.
    pub(crate) ix: OriginIx,
    pub(crate) stamp: u64,
}

/// All infos in two orders: of their arrival, and per life of their stamps.
pub(crate) trait Log {
    /// The latest place in the log.
    fn end(&self) -> u64;
    /// The infos after a place.
    fn after(&self, seq: u64) -> impl Iterator<Item = Entry>;
    /// The first info of a life above a stamp.
    fn above(&self, ix: OriginIx, stamp: u64) -> Option<Entry>;
    /// The name of a life on the wire.
    fn life(&self, ix: OriginIx) -> u64;
    fn find(&self, life: u64) -> Option<OriginIx>;
    /// How far the news of a life has come here.
    fn stamp(&self, ix: OriginIx) -> u64;
    /// The newest stamp of a life of which there still is an info here; 0 without any.
    fn newest(&self, ix: OriginIx) -> u64;
    /// Over how many hops it came.
    fn hops(&self, ix: OriginIx) -> u8;
    /// All lives.
    fn lives(&self) -> impl Iterator<Item = OriginIx>;
}

/// The log of a store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InfoLog<'a> {
    pub(crate) infos: &'a Infos,
}

impl Log for InfoLog<'_> {
    fn end(&self) -> u64 {
        self.infos.seq()
    }
    fn after(&self, seq: u64) -> impl Iterator<Item = Entry> {
        self.infos.arrivals(seq).map(|(seq, ix, stamp)| Entry { seq, ix, stamp })
    }
    fn above(&self, ix: OriginIx, stamp: u64) -> Option<Entry> {
        self.infos.next_above(ix, stamp).map(|(seq, stamp)| Entry { seq, ix, stamp })
    }
    fn life(&self, ix: OriginIx) -> u64 {
        self.infos.name(ix)
    }
    fn find(&self, life: u64) -> Option<OriginIx> {
        self.infos.named(life)
    }
    fn stamp(&self, ix: OriginIx) -> u64 {
        self.infos.origin_at(ix).stamp
    }
    fn newest(&self, ix: OriginIx) -> u64 {
        self.infos.newest(ix)
    }
    fn hops(&self, ix: OriginIx) -> u8 {
        self.infos.origin_at(ix).hops
    }
    fn lives(&self) -> impl Iterator<Item = OriginIx> {
        self.infos.origins().map(|facts| facts.ix)
    }
}

/// What a frame consists of. Each refuses what does not fit.
pub(crate) trait Frame {
    fn news(&mut self, entry: Entry) -> bool;
    fn word(&mut self, word: Word) -> bool;
    fn graft(&mut self, ask: Ask<u64>) -> bool;
    fn prune(&mut self, life: u64) -> bool;
}

/// How long things take.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Pace {
    /// The gossip interval.
    pub(crate) interval: Duration,
}

impl Pace {
    /// Between two frames to one peer.
    fn spacing(&self) -> Duration {
        self.interval / 10
    }

    /// Until a frame is acknowledged at the latest.
    fn owing(&self) -> Duration {
        self.interval / 20
    }

    /// Until a frame seems lost.
    fn patience(&self, round: Duration) -> Duration {
        self.interval / 5 + round * 2
    }

    /// Until what was announced is asked for: it may be on its way.
    fn asking(&self, round: Duration) -> Duration {
        self.interval * 3 / 10 + round * 2
    }
}

/// What is lacking, and who has it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Lack {
    link: Link,
    stamp: u64,
    /// How often it is asked for yet: it may have ended meanwhile.
    asks: u8,
}

/// How often what was announced is asked for.
const ASKS_MAX: u8 = 4;

/// So many lives at most are asked for, and so many are looked after at a time.
const LACKS_MAX: usize = 1 << 14;
const LACKS_AT_ONCE: usize = 256;
const LACKS_PAUSE: Duration = Duration::from_millis(1);

/// So many frames that are full follow each other at once.
const BURST_MAX: u32 = 16;

/// Everything about telling.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Spread {
    pace: Pace,
    routes: Routes,
    feeds: Vec<Option<Box<Feed>>>,
    up: Links,
    /// When each link is to have a frame next, but for those that may have changed since.
    #[serde(with = "crate::vocab::array")]
    due: [Instant; LINKS_MAX],
    changed: Links,
    /// By the name of the life.
    lacks: Agenda<Lack, u64>,
    lacks_not_before: Instant,
}

/// An announcement: how far a life's news has come, over so many hops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) life: u64,
    pub(crate) stamp: u64,
    pub(crate) hops: u8,
}

/// What a frame says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Head {
    /// 0 when the frame need not be acknowledged.
    pub(crate) number: u32,
    pub(crate) got: Got,
    pub(crate) greets: bool,
    pub(crate) ends_greeting: bool,
}

impl Spread {
    pub(crate) fn new(pace: Pace, hash_seed: u64) -> Self {
        let feeds = (0..LINKS_MAX).map(|_| None).collect();
        Self {
            pace,
            routes: Routes::new(),
            feeds,
            up: Links::NONE,
            due: [Instant::NEVER; LINKS_MAX],
            changed: Links::NONE,
            lacks: Agenda::new(hash_seed),
            lacks_not_before: Instant::from_nanos(0),
        }
    }

    /// A link is up. What is known already is announced by it at first if it is `lazy`; `round` is what a question and
    /// its answer are expected to take.
    pub(crate) fn link_up(&mut self, link: Link, lazy: bool, round: Duration, log: &impl Log) {
        self.link_down(link);
        self.up = self.up.with(link);
        self.routes.link_up(link, lazy);
        self.feeds[link.index()] = Some(Box::new(Feed::new(log.end(), round)));
        self.changed = self.changed.with(link);
    }

    /// A link is down.
    pub(crate) fn link_down(&mut self, link: Link) {
        if self.up.has(link) {
            self.up = self.up.without(link);
            self.due[link.index()] = Instant::NEVER;
            self.changed = self.changed.without(link);
            self.routes.link_down(link);
            self.feeds[link.index()] = None;
        }
    }

    /// A life begins to be known here.
    pub(crate) fn on_life(&mut self, ix: OriginIx) {
        self.routes.begin(ix);
    }

    /// A life is forgotten: its place may be another one's from now on.
    pub(crate) fn forget(&mut self, ix: OriginIx) {
        self.routes.begin(ix);
        self.feeds.iter_mut().flatten().for_each(|feed| feed.forget(ix));
        self.changed = self.up;
    }

    /// An info was issued here.
    pub(crate) fn on_own(&mut self, ix: OriginIx) {
        self.routes.on_unlinked(ix, true);
        self.wake(ix);
    }

    /// An info of another node came over no link: with a request for one, or an acceptance.
    pub(crate) fn on_unlinked(&mut self, ix: OriginIx) {
        self.routes.on_unlinked(ix, false);
        self.wake(ix);
    }

    /// Peers that want news of this life get a frame.
    fn wake(&mut self, ix: OriginIx) {
        for link in self.routes.wanting(ix).iter() {
            if let Some(feed) = self.feed(link) {
                feed.has_news = true;
            }
        }
    }

    /// Every peer gets a frame, be it an empty one: the tick.
    pub(crate) fn on_tick(&mut self) {
        self.feeds.iter_mut().flatten().for_each(|feed| feed.is_due = true);
        self.changed = self.up;
    }

    /// Takes the link that is to have a frame now, if any is: the one that has waited longest. It is due again once its
    /// frame is composed.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Link> {
        self.look_at_changed();
        let due = self.up.iter().map(|link| (self.due[link.index()], link)).min()?;
        let link = Some(due.1).filter(|_| due.0 <= now)?;
        self.feed(link)?.is_wished = true;
        Some(link)
    }

    /// A frame that was to be composed found no room among all that is to be sent.
    pub(crate) fn put_off(&mut self, link: Link, now: Instant) {
        let not_before = now.after(self.pace.spacing());
        if let Some(feed) = self.feed(link) {
            (feed.is_wished, feed.not_before) = (false, not_before);
        }
    }

    /// The links that are up.
    pub(crate) const fn up(&self) -> Links {
        self.up
    }

    /// When a link is to have a frame next, or something that is lacking is asked for.
    pub(crate) fn next_deadline(&mut self) -> Instant {
        self.look_at_changed();
        let frames = self.up.iter().map(|link| self.due[link.index()]).min();
        frames.unwrap_or(Instant::NEVER).min(self.lacks.next_deadline().max(self.lacks_not_before))
    }

    fn look_at_changed(&mut self) {
        for link in core::mem::replace(&mut self.changed, Links::NONE).iter() {
            self.due[link.index()] = self.due_at(link);
        }
    }

    fn due_at(&self, link: Link) -> Instant {
        let Some(feed) = self.feeds[link.index()].as_ref().filter(|feed| !feed.is_wished) else {
            return Instant::NEVER;
        };
        let at = if feed.is_urgent() { Instant::from_nanos(0) } else { feed.owes_at };
        at.min(feed.lost_at(self.pace.patience(feed.round))).max(feed.not_before)
    }

    /// Asks for what is lacking and has not come.
    pub(crate) fn on_lacking(&mut self, now: Instant, log: &impl Log) {
        for _ in 0..LACKS_AT_ONCE {
            let Some((life, lack)) = self.lacks.take_due(now) else { return };
            let ix = log.find(life);
            let have = ix.map_or(0, |ix| log.stamp(ix));
            // Somebody else may have it; if nobody is there any more, the greeting of the next link tells.
            let link = if self.up.has(lack.link) { Some(lack.link) } else { self.up.iter().next() };
            let Some(link) = link.filter(|_| have < lack.stamp) else { continue };
            if let Some(ix) = ix {
                self.routes.on_asked(ix, link);
            }
            let asked = self.feed(link).is_some_and(|feed| feed.grafts.push_back(Ask { life, have }).is_ok());
            // What found no room was not asked.
            if let Some(asks) = if asked { lack.asks.checked_sub(1) } else { Some(lack.asks) } {
                let again = now.after(self.pace.asking(self.round(link)) * 2);
                self.lacks.set(life, again, Lack { link, asks, ..lack });
            }
        }
        self.lacks_not_before = now.after(LACKS_PAUSE);
    }

    /// Writes what a peer is to have now. `None` when there is nothing to say after all.
    pub(crate) fn compose(&mut self, link: Link, now: Instant, log: &impl Log, frame: &mut impl Frame) -> Option<Head> {
        let patience = self.pace.patience(self.round(link));
        let spacing = self.pace.spacing();
        self.changed = self.changed.with(link);
        let feed = self.feeds[link.index()].as_deref_mut()?;
        feed.is_wished = false;
        if let Some((number, cover)) = feed.lost(now, patience) {
            let cover = say::again(&self.routes, feed, (link, cover), log, frame);
            feed.relaunch(number, cover, (self.pace.owing(), self.pace.interval * 2), now);
            return Some(feed.head(number, cover));
        }
        let small = say::small(feed, log, frame);
        let mut cover = Cover::default();
        let said = feed.has_room() && say::new(&self.routes, feed, (link, &mut cover), log, frame);
        let number = if said { feed.launch(cover, now) } else { 0 };
        let owes = feed.owes_at != Instant::NEVER;
        let keeps_alive = core::mem::take(&mut feed.is_due);
        // What did not fit goes on at once, but not without end.
        feed.burst = if feed.is_urgent() { feed.burst.saturating_add(1) } else { BURST_MAX };
        if feed.burst >= BURST_MAX {
            (feed.burst, feed.not_before) = (0, now.after(spacing));
        }
        (said || small || owes || keeps_alive).then(|| feed.head(number, cover))
    }

    /// Of how many lives a link delivers the news.
    pub(crate) fn parent_of(&self, link: Link) -> u32 {
        self.routes.parent_of(link)
    }

    fn round(&self, link: Link) -> Duration {
        self.feeds[link.index()].as_ref().map_or(Duration::ZERO, |feed| feed.round)
    }

    fn feed(&mut self, link: Link) -> Option<&mut Feed> {
        let feed = self.feeds[link.index()].as_deref_mut()?;
        self.changed = self.changed.with(link);
        Some(feed)
    }

    /// Asserts what always holds. Walks over all lives.
    pub(crate) fn check(&self) {
        self.routes.check();
        self.lacks.check();
        for link in (0..LINKS_MAX).filter_map(Link::new) {
            assert_eq!(self.up.has(link), self.feeds[link.index()].is_some(), "who is up is told");
            assert!(self.changed.has(link) || self.due[link.index()] == self.due_at(link), "what is due is known");
        }
    }
}
