//! What does a frame to one peer say? Small words first, then what it was never told, or once more what was lost.

use crate::vocab::Link;

use super::feed::{Cover, Feed, Part};
use super::routes::Routes;
use super::{Entry, Frame, Log, Word};

/// Prunes, grafts, and answers to grafts. Returns whether there were any.
pub(super) fn small(feed: &mut Feed, log: &impl Log, frame: &mut impl Frame) -> bool {
    let mut said = false;
    while let Some(life) = feed.prunes.pop_front() {
        if !frame.prune(life) {
            feed.prunes.put_back(life);
            return said;
        }
        said = true;
    }
    while let Some(ask) = feed.grafts.pop_front() {
        if !frame.graft(ask) {
            feed.grafts.put_back(ask);
            return said;
        }
        said = true;
    }
    while let Some((life, mut have)) = feed.replies.pop_first() {
        while let Some(entry) = log.above(life, have) {
            if !frame.news(entry) {
                feed.replies.insert(life, have);
                return said;
            }
            have = entry.stamp;
            said = true;
        }
    }
    said
}

/// News and announcements that were never said. Returns whether there were any.
pub(super) fn new(
    routes: &Routes,
    feed: &mut Feed,
    (link, cover): (Link, &mut Cover),
    log: &impl Log,
    frame: &mut impl Frame,
) -> bool {
    if let Some(rest) = feed.greeting {
        let (to, _) = announce(routes, link, rest, true, log, frame);
        cover.words = Part { after: rest.after, to };
        (cover.greets, cover.ends_greeting) = (true, to >= rest.to);
        feed.greeting = (to < rest.to).then_some(Part { after: to, to: rest.to });
        return true;
    }
    let end = log.end();
    let (told, has_news) = tell(routes, link, Part { after: feed.told, to: end }, false, log, frame);
    cover.news = Part { after: feed.told, to: told };
    feed.told = told;
    feed.has_news = told < end;
    let mut has_words = false;
    if feed.is_due {
        // What was not told yet is not announced instead.
        let rest = Part { after: feed.announced, to: told };
        let (to, said) = announce(routes, link, rest, false, log, frame);
        (cover.words, feed.announced, has_words) = (Part { after: rest.after, to }, to, said);
    }
    has_news || has_words
}

/// What a lost frame covered, as far as it still holds. Returns what it covers now: what finds no room any more is said
/// as if it never had been.
pub(super) fn again(
    routes: &Routes,
    feed: &mut Feed,
    (link, cover): (Link, Cover),
    log: &impl Log,
    frame: &mut impl Frame,
) -> Cover {
    let (told, _) = tell(routes, link, cover.news, true, log, frame);
    let (announced, _) = announce(routes, link, cover.words, cover.greets, log, frame);
    let cut = |part: Part, to: u64| Part { after: part.after, to };
    let now = Cover { news: cut(cover.news, told), words: cut(cover.words, announced), ..cover };
    if told < cover.news.to {
        (feed.told, feed.has_news) = (feed.told.min(told), true);
    }
    if announced < cover.words.to {
        if cover.greets {
            let to = feed.greeting.map_or(cover.words.to, |rest| rest.to);
            feed.greeting = Some(Part { after: announced, to });
        } else {
            feed.announced = feed.announced.min(announced);
        }
    }
    now
}

fn word(log: &impl Log, entry: Entry) -> Word {
    Word { life: log.life(entry.ix), stamp: entry.stamp, hops: log.hops(entry.ix) }
}

/// So many infos are looked at for one frame; those that are not to be said in it are many, now and then.
const LOOKED_AT_MAX: usize = 1024;

/// Tells a part of the log as far as the peer wants it at once. Returns how far that came, and whether there was any.
fn tell(routes: &Routes, link: Link, part: Part, again: bool, log: &impl Log, frame: &mut impl Frame) -> (u64, bool) {
    let (mut at, mut said) = (part.after, false);
    for _ in 0..LOOKED_AT_MAX {
        let Some(entry) = log.after(at).filter(|entry| entry.seq <= part.to) else { return (part.to.max(at), said) };
        // What was lost may be wanted by announcement by now.
        let fits = if routes.wanting(entry.ix).has(link) {
            said = true;
            frame.news(entry)
        } else if again && routes.is_announced(entry.ix, link) {
            said = true;
            frame.word(word(log, entry))
        } else {
            true
        };
        if !fits {
            return (at, said);
        }
        at = entry.seq;
    }
    (at, said)
}

/// Announces a part of the log as far as the peer wants it announced, or `all`. Returns how far that came, and whether
/// there was any.
fn announce(routes: &Routes, link: Link, part: Part, all: bool, log: &impl Log, frame: &mut impl Frame) -> (u64, bool) {
    let (mut at, mut said) = (part.after, false);
    for _ in 0..LOOKED_AT_MAX {
        let Some(entry) = log.after(at).filter(|entry| entry.seq <= part.to) else { return (part.to.max(at), said) };
        // A life is named once, with its newest stamp.
        let newest = log.newest(entry.ix) == entry.stamp;
        if newest && (all || routes.is_announced(entry.ix, link)) {
            if !frame.word(word(log, entry)) {
                return (at, said);
            }
            said = true;
        }
        at = entry.seq;
    }
    (at, said)
}
