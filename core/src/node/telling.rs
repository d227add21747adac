//! What goes over links: frames are packed and heard, infos taken in and told on.

use alloc::boxed::Box;
use core::time::Duration;

use crate::info::spread::{Ask, Entry, Frame, Got, Head, Heard, InfoLog, Spread, Word};
use crate::info::{Ended, GroupRefusal, Infos, Refusal, Taken, keys, name_of};
use crate::overlay::Sentinel;
use crate::vocab::{InfoTold, Instant, Link};
use crate::wire::{Body, Datagram, LINK_FRAME_BYTES_MAX, LinkBody, Piece, Writer};

use super::Node;
use super::io::{Event, InfoChange, Purpose, Transmit};
use super::linking::Linking;

/// Room that is kept for the head of a frame while what it carries is written.
const HEAD_ROOM: usize = LINK_FRAME_BYTES_MAX;

/// The most infos and lives that are ended at a time, and how long the others wait then.
const ENDS_MAX: usize = 64;
const ENDS_PAUSE: Duration = Duration::from_millis(1);

/// A frame that is being written.
struct Pieces<'w, 'b, 'i> {
    writer: &'w mut Writer<'b>,
    infos: &'i Infos,
    outside: Instant,
    is_empty: bool,
}

impl Pieces<'_, '_, '_> {
    /// What does not fit into a frame of its own is never told: the driver's buffer is too short for it.
    fn piece(&mut self, piece: &Piece<'_>) -> bool {
        let fits = self.writer.piece_within(piece, HEAD_ROOM);
        let is_first = core::mem::replace(&mut self.is_empty, false);
        fits || is_first
    }
}

impl Frame for Pieces<'_, '_, '_> {
    fn news(&mut self, entry: Entry) -> bool {
        match self.infos.told_at(entry.ix, entry.stamp, self.outside) {
            Some(told) => self.piece(&Piece::News(told)),
            None => true,
        }
    }
    fn word(&mut self, Word { life, stamp, hops }: Word) -> bool {
        self.piece(&Piece::Word { life, stamp, hops })
    }
    fn graft(&mut self, Ask { life, have }: Ask<u64>) -> bool {
        self.piece(&Piece::Graft { life, have })
    }
    fn prune(&mut self, life: u64) -> bool {
        self.piece(&Piece::Prune { life })
    }
}

impl Node {
    /// Asks for what was announced and has not come.
    pub(super) fn ask_for_lacking(&mut self, now: Instant) {
        self.with_spread(|spread, log| spread.on_lacking(now, log));
    }

    fn with_spread(&mut self, act: impl FnOnce(&mut Spread, &InfoLog<'_>)) {
        let Some(linking) = &mut self.cold.linking else { return };
        let Linking { infos, spread, .. } = &mut **linking;
        act(spread, &InfoLog { infos });
    }

    /// Ends what is over, a little at a time.
    pub(super) fn on_infos_due(&mut self, now: Instant) {
        let outside = self.clock.outside(now);
        for _ in 0..ENDS_MAX {
            let Some(linking) = &mut self.cold.linking else { return };
            let Linking { infos, notes, spread, .. } = &mut **linking;
            let mut ended = None;
            let more = infos.end_due(outside, |what| match what {
                Ended::Info(key) => ended = Some(Box::<[u8]>::from(key)),
                Ended::Life(ix) => {
                    notes.forget(ix, now);
                    spread.forget(ix);
                }
            });
            if let Some(key) = ended {
                self.report_info(&key, true, true);
            }
            if !more {
                break;
            }
        }
        if let Some(linking) = &mut self.cold.linking {
            linking.ends_not_before = now.after(ENDS_PAUSE);
        }
        self.schedule_links(now);
    }

    /// Writes the next frame over a link, or a sign of life.
    pub(super) fn pack_frame(
        &mut self,
        mut writer: Writer<'_>,
        (link, asks): (Link, bool),
        now: Instant,
    ) -> Option<Transmit> {
        let outside = self.clock.outside(now);
        let Linking { overlay, infos, spread, .. } = &mut **self.cold.linking.as_mut()?;
        let way = overlay.way(link)?;
        writer.open_pieces();
        let head = {
            let mut pieces = Pieces { writer: &mut writer, infos, outside, is_empty: true };
            spread.compose(link, now, &InfoLog { infos }, &mut pieces)
        };
        let Head { number, got: Got { upto, beyond }, greets, ends_greeting } = head.unwrap_or_default();
        let links = overlay.degree();
        let body = LinkBody::Frame { name: way.theirs, number, upto, beyond, greets, ends_greeting, asks, links };
        writer.end_list();
        if !writer.body(&Body::Link(body)) {
            self.stats.intents_dropped += 1;
            return None;
        }
        overlay.on_sent(link, now);
        self.schedule_links(now);
        Some(Transmit { to: way.peer.addr, len: writer.finish(), purpose: Purpose::Info })
    }

    /// Writes behind a request or an acceptance what this node has issued, the marker among it, as far as there is room:
    /// in order, or it would not be taken.
    pub(super) fn pack_own_infos(&self, writer: &mut Writer<'_>, now: Instant) {
        let Some(Linking { infos, .. }) = self.cold.linking.as_deref() else { return };
        let outside = self.clock.outside(now);
        writer.open_pieces();
        for told in infos.above(infos.own(), 0, outside) {
            if !writer.piece(&Piece::News(told)) {
                return;
            }
        }
    }

    /// A frame came over a link.
    pub(super) fn hear_frame(&mut self, link: Link, body: &LinkBody<'_>, datagram: &Datagram<'_>, now: Instant) {
        let LinkBody::Frame { number, upto, beyond, greets, ends_greeting, .. } = *body else { return };
        let head = Head { number, got: Got { upto, beyond }, greets, ends_greeting };
        let Some(linking) = &mut self.cold.linking else { return };
        if linking.spread.on_frame(link, head, now) {
            self.hear_pieces((link, greets), datagram, now);
        }
        self.with_spread(|spread, log| spread.on_heard(link, log));
    }

    /// Takes in what a peer tells over a link.
    fn hear_pieces(&mut self, (link, greets): (Link, bool), datagram: &Datagram<'_>, now: Instant) {
        for piece in datagram.pieces {
            match piece {
                Piece::News(told) => self.hear_news(Some(link), &told, now),
                Piece::Word { life, stamp, hops } => {
                    let word = Word { life, stamp, hops: hops.saturating_add(1) };
                    self.with_spread(|spread, log| spread.on_word((link, greets), word, now, log));
                    self.hear_way(&word);
                }
                Piece::Graft { life, have } => {
                    self.with_spread(|spread, log| spread.on_graft(link, Ask { life, have }, log));
                }
                Piece::Prune { life } => self.with_spread(|spread, log| spread.on_prune(link, life, log)),
            }
        }
    }

    /// Somebody has the newest info of a life, and is nearer to it: from now on it comes that way.
    fn hear_way(&mut self, &Word { life, stamp, hops }: &Word) {
        let Some(linking) = &mut self.cold.linking else { return };
        let infos = &mut linking.infos;
        if let Some(ix) = infos.named(life).filter(|&ix| infos.origin_at(ix).origin != infos.own()) {
            infos.shorten(ix, stamp, hops);
        }
    }

    /// Takes in what somebody has issued while there is no link yet.
    pub(super) fn hear_own_infos(&mut self, datagram: &Datagram<'_>, now: Instant) {
        for piece in datagram.pieces {
            if let Piece::News(told) = piece
                && told.item.version.origin.id == datagram.sender.id
            {
                self.hear_news(None, &told, now);
            }
        }
        self.schedule_links(now);
    }

    fn hear_news(&mut self, link: Option<Link>, told: &InfoTold<'_>, now: Instant) {
        let outside = self.clock.outside(now);
        let Some(linking) = &mut self.cold.linking else { return };
        let Linking { overlay, infos, spread, notes, .. } = &mut **linking;
        let origin = told.item.version.origin;
        let before = infos.origin(origin);
        let taken = infos.take(told, outside);
        self.stats.infos_received += u64::from(link.is_some());
        if taken == Err(Refusal::Gap) {
            if let Some(link) = link {
                let lacks = (name_of(origin), told.item.stamp);
                spread.on_gap(link, lacks, now, &InfoLog { infos });
            }
            return;
        }
        self.stats.infos_refused += u64::from(matches!(taken, Err(_) | Ok(Taken::LeftOut)));
        let Some(facts) = infos.origin(origin) else { return };
        if before.is_none() {
            spread.on_life(facts.ix);
            notes.unchanged_since = now;
        }
        let is_marker = keys::node_of(told.item.key) == Some(origin.id);
        let advanced = before.is_none_or(|before| before.stamp < facts.stamp);
        if advanced && is_marker {
            notes.on_marker(facts.ix, before.map_or(facts.hops, |before| before.hops), overlay.hops_max());
        }
        if advanced && told.item.key == keys::SENTINEL {
            notes.sentinel = Some(Sentinel { since: now, via: link });
        }
        let heard = match taken {
            Err(_) => return,
            Ok(_) if advanced => Heard::New,
            Ok(_) if told.item.stamp == facts.stamp => Heard::Again,
            Ok(_) => Heard::Old,
        };
        if taken == Ok(Taken::Answered) {
            spread.on_own(infos.own_ix());
        }
        self.stats.infos_news += u64::from(link.is_some() && heard == Heard::New);
        if let Some(link) = link {
            let hops = told.item.hops.saturating_add(1);
            spread.on_news(link, facts.ix, hops, heard, &InfoLog { infos });
        } else if heard == Heard::New {
            spread.on_unlinked(facts.ix);
        }
        if let Ok(Taken::New { contents_changed }) = taken {
            self.hear_group(told.item.key);
            self.hear_event(told.item.key, (origin.id, told.item.stamp), told.item.value);
            self.report_info(told.item.key, contents_changed, told.item.value.is_none());
        }
    }

    /// Takes in a group that an info tells of.
    fn hear_group(&mut self, key: &[u8]) {
        let Some(group) = keys::group_of(key) else { return };
        let Some(linking) = &mut self.cold.linking else { return };
        match linking.infos.learn_group(group) {
            Ok(_) => {}
            Err(GroupRefusal::Conflict) => self.report(Event::GroupConflict(key.into())),
            Err(_) => self.stats.infos_refused += 1,
        }
    }

    /// An info was issued here: it is told.
    pub(super) fn on_own_info(&mut self, now: Instant) {
        let Some(linking) = &mut self.cold.linking else { return };
        let Linking { infos, spread, .. } = &mut **linking;
        spread.on_own(infos.own_ix());
        self.schedule_links(now);
    }

    pub(super) fn report_info(&mut self, key: &[u8], contents_changed: bool, ended: bool) {
        let Some(linking) = &self.cold.linking else { return };
        if linking.infos.watches.of(key, contents_changed).next().is_some() {
            self.report(Event::Info(InfoChange { key: key.into(), contents_changed, ended }));
        }
    }
}
