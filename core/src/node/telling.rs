//! What goes over links: frames are packed and heard, infos taken in and told on.

use crate::info::spread::{Ask, Entry, Frame, Got, Head, Heard, InfoLog, Word};
use crate::info::{Ended, Infos, Refusal, Taken, keys};
use crate::overlay::Sentinel;
use crate::vocab::{InfoTold, Instant, Link};
use crate::wire::{Body, Datagram, LinkBody, Piece, Writer};

use super::Node;
use super::intents::Intent;
use super::io::{Event, InfoChange, Purpose, Transmit};
use super::linking::Linking;

/// Room that is kept for the head of a frame while what it carries is written.
const HEAD_ROOM: usize = 48;

/// A frame that is being written.
struct Pieces<'w, 'b, 'i> {
    writer: &'w mut Writer<'b>,
    infos: &'i Infos,
    now: Instant,
}

impl Pieces<'_, '_, '_> {
    fn piece(&mut self, piece: &Piece<'_>) -> bool {
        self.writer.free() > HEAD_ROOM && self.writer.piece_within(piece, HEAD_ROOM)
    }
}

impl Frame for Pieces<'_, '_, '_> {
    fn news(&mut self, entry: Entry) -> bool {
        match self.infos.told_at(entry.ix, entry.stamp, self.now) {
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
    /// What is due of telling: questions for what is lacking, ends of infos, and frames.
    pub(super) fn spread_due(&mut self, now: Instant) {
        let Some(linking) = &mut self.cold.linking else { return };
        let Linking { infos, spread, .. } = &mut **linking;
        spread.on_lacking(now, &InfoLog { infos, now });
        self.end_infos(now);
    }

    fn end_infos(&mut self, now: Instant) {
        loop {
            let Some(linking) = &mut self.cold.linking else { return };
            let Linking { infos, notes, .. } = &mut **linking;
            let mut ended = None;
            let more = infos.end_due(now, |what| match what {
                Ended::Info(key) => ended = Some(key.into()),
                Ended::Life(ix) => notes.forget(ix, now),
            });
            if !more {
                return;
            }
            if let Some(key) = ended {
                self.report_info(key, true, true);
            }
        }
    }

    /// Writes the next frame over a link, or a sign of life.
    pub(super) fn pack_frame(
        &mut self,
        mut writer: Writer<'_>,
        (link, asks): (Link, bool),
        now: Instant,
    ) -> Option<Transmit> {
        let Linking { overlay, infos, spread, .. } = &mut **self.cold.linking.as_mut()?;
        let way = overlay.way(link)?;
        writer.open_pieces();
        let head = {
            let mut pieces = Pieces { writer: &mut writer, infos, now };
            spread.compose(link, now, &InfoLog { infos, now }, &mut pieces)
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

    /// Writes the own marker behind a request or an acceptance.
    pub(super) fn pack_marker(&self, writer: &mut Writer<'_>, now: Instant) {
        let Some(Linking { infos, .. }) = self.cold.linking.as_deref() else { return };
        let key = keys::node_key(self.id);
        let marker = infos.get(key.as_bytes(), now).and_then(|item| {
            let ix = infos.origin(item.version.origin)?.ix;
            infos.told_at(ix, item.stamp, now)
        });
        if let Some(told) = marker {
            writer.open_pieces();
            // Without room for it, it comes with the first frame.
            let _ = writer.piece(&Piece::News(told));
        }
    }

    /// A frame came over a link.
    pub(super) fn hear_frame(&mut self, link: Link, body: &LinkBody<'_>, datagram: &Datagram<'_>, now: Instant) {
        let LinkBody::Frame { number, upto, beyond, greets, ends_greeting, .. } = *body else { return };
        let head = Head { number, got: Got { upto, beyond }, greets, ends_greeting };
        let Some(linking) = &mut self.cold.linking else { return };
        if linking.spread.on_frame(link, head, now) {
            self.hear_pieces(Some((link, greets)), datagram, now);
        }
        let Some(linking) = &mut self.cold.linking else { return };
        let Linking { infos, spread, .. } = &mut **linking;
        spread.on_heard(link, &InfoLog { infos, now });
    }

    /// Takes in what a peer tells, over a link or while there is none yet.
    pub(super) fn hear_pieces(&mut self, link: Option<(Link, bool)>, datagram: &Datagram<'_>, now: Instant) {
        for piece in datagram.pieces {
            match (piece, link) {
                (Piece::News(told), _) => self.hear_news(link.map(|(link, _)| link), &told, now),
                (_, None) => {}
                (Piece::Word { life, stamp, hops }, Some(link)) => {
                    let word = Word { life, stamp, hops: hops.saturating_add(1) };
                    let Some(linking) = &mut self.cold.linking else { return };
                    let Linking { infos, spread, .. } = &mut **linking;
                    spread.on_word(link, word, now, &InfoLog { infos, now });
                }
                (Piece::Graft { life, have }, Some((link, _))) => {
                    let Some(linking) = &mut self.cold.linking else { return };
                    let Linking { infos, spread, .. } = &mut **linking;
                    spread.on_graft(link, Ask { life, have }, &InfoLog { infos, now });
                }
                (Piece::Prune { life }, Some((link, _))) => {
                    let Some(linking) = &mut self.cold.linking else { return };
                    let Linking { infos, spread, .. } = &mut **linking;
                    spread.on_prune(link, life, &InfoLog { infos, now });
                }
                (Piece::Group(group), Some(_)) => {
                    let Some(linking) = &mut self.cold.linking else { return };
                    if linking.infos.learn_group(group).is_err() {
                        self.stats.infos_refused += 1;
                    }
                }
            }
        }
    }

    fn hear_news(&mut self, link: Option<Link>, told: &InfoTold<'_>, now: Instant) {
        let Some(linking) = &mut self.cold.linking else { return };
        let Linking { overlay, infos, spread, notes } = &mut **linking;
        let origin = told.item.version.origin;
        let before = infos.origin(origin);
        let taken = infos.take(told, now);
        self.stats.infos_received += 1;
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
            Ok(Taken::New { .. } | Taken::Answered | Taken::Stale) if advanced => Heard::New,
            Ok(_) if told.item.stamp == facts.stamp => Heard::Again,
            Ok(_) => Heard::Old,
            Err(Refusal::Gap) => Heard::Gap,
            Err(_) => {
                self.stats.infos_refused += 1;
                return;
            }
        };
        self.stats.infos_news += u64::from(heard == Heard::New);
        if let Some(link) = link {
            let hops = told.item.hops.saturating_add(1);
            spread.on_news(link, facts.ix, hops, heard, &InfoLog { infos, now });
        } else if heard == Heard::New {
            spread.on_own(facts.ix);
        }
        if let Ok(Taken::New { contents_changed }) = taken {
            self.report_info(told.item.key.into(), contents_changed, told.item.value.is_none());
        }
    }

    /// An info was issued here: it is told.
    pub(super) fn on_own_info(&mut self, now: Instant) {
        let Some(linking) = &mut self.cold.linking else { return };
        let Linking { infos, spread, .. } = &mut **linking;
        if let Some(facts) = infos.origin(infos.own()) {
            spread.on_own(facts.ix);
        }
        self.schedule_links(now);
    }

    pub(super) fn report_info(&mut self, key: alloc::boxed::Box<[u8]>, contents_changed: bool, ended: bool) {
        let Some(linking) = &self.cold.linking else { return };
        if linking.infos.watches.of(&key, contents_changed).next().is_some() {
            self.report(Event::Info(InfoChange { key, contents_changed, ended }));
        }
    }
}
