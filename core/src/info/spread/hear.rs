//! A peer tells something: what becomes of it?

use crate::vocab::{Instant, Link};

use super::feed::{Ask, Feed, LIVES_MAX};
use super::routes::Change;
use super::{ASKS_MAX, Head, LACKS_MAX, Lack, Log, OriginIx, Spread, Word};

/// What came of one piece of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It is new here.
    New,
    /// It is the newest of its life, and was here before.
    Again,
    /// Something newer of its life was here before.
    Old,
}

impl Spread {
    /// A frame came. Returns whether what it says is to be read; what came before is not.
    pub(crate) fn on_frame(&mut self, link: Link, head: Head, now: Instant) -> bool {
        let owes_at = now.after(self.pace.owing());
        let Some(feed) = self.feed(link) else { return false };
        feed.on_got(head.got, now);
        if head.ends_greeting {
            feed.on_greeting_end(head.number);
        }
        feed.on_frame(head.number, owes_at)
    }

    /// All that a frame said was heard. Of lives that a peer did not name when it greeted it gets everything.
    pub(crate) fn on_heard(&mut self, link: Link, log: &impl Log) {
        let Some(listed) = self.feed(link).and_then(Feed::take_greeting) else { return };
        for ix in log.lives() {
            if !listed.contains(&log.life(ix)) {
                self.routes.set_eager(ix, link, true);
                self.give(link, Ask { life: ix, have: 0 }, log);
            }
        }
    }

    /// A peer told news of a life, over so many hops to here.
    pub(crate) fn on_news(&mut self, link: Link, ix: OriginIx, hops: u8, heard: Heard, log: &impl Log) {
        match heard {
            Heard::New => {
                self.routes.on_news(ix, link, hops);
                self.wake(ix);
                let life = log.life(ix);
                if self.lacks.value(life).is_some_and(|lack| lack.stamp <= log.stamp(ix)) {
                    self.lacks.remove(life);
                }
            }
            Heard::Again => {
                let change = self.routes.on_duplicate(ix, link, hops);
                self.apply(ix, change, log);
            }
            Heard::Old => {
                let change = self.routes.on_old(ix, link);
                self.apply(ix, change, log);
            }
        }
    }

    /// A peer told a stamp of a life of which something before it is lacking here: all of it is asked for, again if need
    /// be, also when nothing is known of the life yet.
    pub(crate) fn on_gap(&mut self, link: Link, (life, stamp): (u64, u64), now: Instant, log: &impl Log) {
        let have = log.find(life).map_or(0, |ix| log.stamp(ix));
        self.ask(link, Ask { life, have });
        self.lack(link, (life, stamp), now);
    }

    /// A peer announces the newest stamp of a life that it has, over so many hops to here.
    pub(crate) fn on_word(&mut self, (link, greets): (Link, bool), word: Word, now: Instant, log: &impl Log) {
        let Word { life, stamp, hops } = word;
        let ix = log.find(life);
        if greets {
            if let Some(feed) = self.feed(link) {
                feed.on_listed(life);
            }
            if let Some(ix) = ix {
                self.give(link, Ask { life: ix, have: stamp }, log);
            }
        }
        let have = ix.map_or(0, |ix| log.stamp(ix));
        if stamp > have {
            return self.lack(link, (life, stamp), now);
        }
        let Some(ix) = ix.filter(|_| stamp == have) else { return };
        let change = self.routes.on_announced(ix, link, hops);
        self.apply(ix, change, log);
    }

    /// Something is lacking: it may be on its way, and is asked for if it does not come.
    fn lack(&mut self, link: Link, (life, stamp): (u64, u64), now: Instant) {
        let asks_at = now.after(self.pace.asking(self.round(link)));
        let lack = Lack { link, stamp, asks: ASKS_MAX };
        let Some(known) = self.lacks.value(life) else {
            if self.lacks.len() < LACKS_MAX {
                self.lacks.set(life, asks_at, lack);
            }
            return;
        };
        // Who announced first is asked first; who has more, or was not asked in vain yet, is asked instead. Of a life that
        // issues all the time the first question is not put off by what comes behind it.
        let tried = known.asks < ASKS_MAX && known.link != link;
        if known.stamp < stamp || tried || !self.up.has(known.link) {
            let asks_at = self.lacks.get(life).map_or(asks_at, |at| at.min(asks_at));
            self.lacks.set(life, asks_at, lack);
        }
    }

    /// A peer wants what it lacks of a life, and the life's news at once from now on.
    pub(crate) fn on_graft(&mut self, link: Link, ask: Ask<u64>, log: &impl Log) {
        let Some(ix) = log.find(ask.life) else { return };
        self.routes.set_eager(ix, link, true);
        self.give(link, Ask { life: ix, have: ask.have }, log);
    }

    /// A peer wants a life's news to be announced only.
    pub(crate) fn on_prune(&mut self, link: Link, life: u64, log: &impl Log) {
        if let Some(ix) = log.find(life) {
            self.routes.set_eager(ix, link, false);
        }
    }

    /// A peer names what it has: it gets what it lacks.
    pub(crate) fn give(&mut self, link: Link, ask: Ask<OriginIx>, log: &impl Log) {
        if log.stamp(ask.life) > ask.have
            && let Some(feed) = self.feed(link)
        {
            // Whoever asks once more has lost what came behind that.
            if feed.replies.len() < LIVES_MAX || feed.replies.contains_key(&ask.life) {
                feed.replies.insert(ask.life, ask.have);
            }
        }
    }

    fn ask(&mut self, link: Link, ask: Ask<u64>) {
        if let Some(feed) = self.feed(link)
            && !feed.grafts.iter().any(|waiting| waiting.life == ask.life)
        {
            let _ = feed.grafts.push_back(ask);
        }
    }

    fn apply(&mut self, ix: OriginIx, change: Change, log: &impl Log) {
        let life = log.life(ix);
        if let Some(link) = change.graft {
            self.ask(link, Ask { life, have: log.stamp(ix) });
        }
        if let Some(feed) = change.prune.and_then(|link| self.feed(link)) {
            // Whoever is not told so tells again, and is told so then.
            let _ = feed.prunes.push_back(life);
        }
    }
}
