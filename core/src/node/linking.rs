//! Links to a few others, where infos go over them: what the overlay wants is sent, what is said of links is heard.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use crate::config::InfoSettings;
use crate::info::spread::{InfoLog, Pace, Spread};
use crate::info::{Infos, keys};
use crate::membership::cookie::Use;
use crate::overlay::{Accepted, Act, Counts, Gain, Limits, Overlay, Peer, Request, Scene, Speaker};
use crate::vocab::{Cookie, Instant, Link, NodeId, Nonce, Origin, Rng};
use crate::wire::{Body, Datagram, LinkBody, MARKER_BYTES_MAX, Marker, Others, Writer};

use super::Node;
use super::calling::Calls;
use super::intents::{Intent, LinkStep};
use super::io::{Event, LinkChange, Timer};
use super::outlook::{Notes, Prospect};
use super::stats::Stats;

/// For so many intervals no life may have come or gone, so that what is known is only announced over a new link.
const REST: u32 = 2;

/// No answer to a request for a link is longer: a frame, a sender, six others of 35 bytes.
const LINK_ANSWER_BYTES_MAX: u32 = 400;

/// Everything about infos and the links over which they go.
#[derive(Debug, Clone)]
pub(super) struct Linking {
    pub(super) overlay: Overlay,
    pub(super) infos: Infos,
    pub(super) spread: Spread,
    pub(super) notes: Notes,
    pub(super) calls: Calls,
    /// What is announced only goes out every so long, next at this time.
    period: Duration,
    tick: Instant,
    /// What ends is ended a little at a time.
    pub(super) ends_not_before: Instant,
}

impl Linking {
    pub(super) fn new(
        settings: &InfoSettings,
        me: Peer,
        own: Origin,
        hash_seed: u64,
        now: Instant,
        rng: &mut Rng,
    ) -> Self {
        let InfoSettings { interval, infos_max, bytes_max, compat } = *settings;
        let limits = crate::info::Limits { infos_max, bytes_max, ..crate::info::Limits::STANDARD };
        let infos = Infos::new(own, limits, compat);
        let mut spread = Spread::new(Pace { interval }, hash_seed);
        if let Some(facts) = infos.origin(own) {
            spread.on_life(facts.ix);
        }
        let limits = Limits::new(interval);
        let overlay = Overlay::new(me, limits, &[], now, rng);
        let (period, tick) = (limits.period(rng), limits.soon(1000, now, rng));
        Self {
            overlay,
            infos,
            spread,
            notes: Notes::new(now),
            calls: Calls::new(hash_seed),
            period,
            tick,
            ends_not_before: now,
        }
    }
}

impl Node {
    pub(super) fn start_links(&mut self, addr: SocketAddr, now: Instant) {
        let Some(settings) = &self.cold.config.infos else { return };
        let (id, boot) = (self.id, self.incarnation.boot);
        let (me, own) = (Peer { id, addr }, Origin { id, boot });
        let linking = Linking::new(settings, me, own, self.cold.config.hash_seed, now, &mut self.rng);
        self.cold.linking = Some(Box::new(linking));
        self.mark_self(now);
    }

    /// These may be asked for a first link.
    pub(super) fn join_links(&mut self, seeds: &[SocketAddr], now: Instant) {
        self.with_overlay(now, |overlay, scene| overlay.begin_at(seeds, scene));
    }

    /// Does something with the overlay, and then what it wants.
    pub(super) fn with_overlay<T>(
        &mut self,
        now: Instant,
        act: impl FnOnce(&mut Overlay, &mut Scene<'_>) -> T,
    ) -> Option<T> {
        let outside = self.clock.outside(now);
        let Linking { overlay, infos, spread, notes, .. } = &mut **self.cold.linking.as_mut()?;
        let (me, limits, membership) = (self.id, *overlay.limits(), &self.membership);
        let outlook = Prospect { me, infos, spread, membership, notes, limits, outside };
        let result = act(overlay, &mut Scene { now, rng: &mut self.rng, outlook: &outlook });
        self.take_acts(now);
        Some(result)
    }

    fn take_acts(&mut self, now: Instant) {
        if let Some(linking) = &self.cold.linking {
            let Counts { dials, refusals, timeouts, swaps, evictions, dropped } = linking.overlay.counts();
            let Stats { links_asked, links_refused, links_unanswered, links_swapped, links_evicted, .. } =
                &mut self.stats;
            (*links_asked, *links_refused, *links_unanswered) = (dials, refusals, timeouts);
            (*links_swapped, *links_evicted, self.stats.links_dropped) = (swaps, evictions, dropped);
        }
        while let Some(act) = self.cold.linking.as_mut().and_then(|linking| linking.overlay.poll_act()) {
            match act {
                Act::Request { to, nonce } => _ = self.wish_step(LinkStep::Request { to, nonce }),
                Act::Accept { link } => _ = self.wish_step(LinkStep::Accept { link }),
                Act::Refuse { to, nonce } => _ = self.wish_step(LinkStep::Refuse { id: to.id, to: to.addr, nonce }),
                Act::Duplicate { to, nonce } => _ = self.wish_step(LinkStep::Duplicate { to, nonce }),
                Act::Close { to, nonce } => _ = self.wish_step(LinkStep::Close { to, nonce }),
                Act::Confirm { link } => _ = self.wish(Intent::LinkFrame { link, asks: false }),
                Act::KeepAlive { link, asks } => _ = self.wish(Intent::LinkFrame { link, asks }),
                Act::Mark => self.mark_self(now),
                Act::Up { link, peer, direction, round } => {
                    self.link_up(link, round, now);
                    self.report(Event::Link(LinkChange::up(peer, direction)));
                }
                Act::Down { link, peer, direction, why } => {
                    self.link_down(link);
                    self.report(Event::Link(LinkChange::down(peer, direction, why)));
                }
                Act::Refused { .. } => {}
                Act::StallEntered(standing) | Act::StallLeft(standing) => {
                    self.report(Event::LinksStanding { standing: standing.into() });
                }
            }
        }
        self.schedule_links(now);
    }

    /// What finds no room is lost, as it might be on the way.
    pub(super) fn wish_step(&mut self, step: LinkStep) -> bool {
        self.wish(Intent::Link(step))
    }

    fn link_up(&mut self, link: Link, round: Duration, now: Instant) {
        let outside = self.clock.outside(now);
        let Some(linking) = &mut self.cold.linking else { return };
        let Linking { infos, spread, notes, overlay, .. } = &mut **linking;
        let rests = now.since(notes.unchanged_since) >= overlay.limits().intervals(REST);
        notes.on_round(round);
        spread.link_up(link, rests, round, &InfoLog { infos, outside });
    }

    fn link_down(&mut self, link: Link) {
        let Some(linking) = &mut self.cold.linking else { return };
        linking.spread.link_down(link);
        linking.notes.link_down(link);
    }

    /// Tells of this node anew, for those who look for links.
    fn mark_self(&mut self, now: Instant) {
        let addr = self.membership.addr(crate::vocab::Slot::SELF);
        let Some(linking) = &mut self.cold.linking else { return };
        let incoming = u8::try_from(linking.overlay.incoming().count()).unwrap_or(u8::MAX);
        let mut buffer = [0; MARKER_BYTES_MAX];
        let len = Marker { addr, incoming }.encode(&mut buffer);
        let (life, outside) = (linking.overlay.limits().marker_life(), self.clock.outside(now));
        if linking.infos.mark(&buffer[..len], life, outside).is_ok() {
            self.on_own_info(now);
        } else {
            self.stats.infos_refused += 1;
        }
    }

    /// Something about a link came in. Answers may have so many bytes.
    pub(super) fn on_link(&mut self, datagram: &Datagram<'_>, from: SocketAddr, bytes_left: u32, now: Instant) {
        let Body::Link(body) = datagram.body else { return };
        let (id, boot) = (datagram.sender.id, datagram.sender.incarnation.boot);
        let peer = Peer { id, addr: from };
        match body {
            LinkBody::Request { nonce, cookie, nodes, links, urgent } => {
                if bytes_left < LINK_ANSWER_BYTES_MAX {
                    return;
                }
                let turns_away = |overlay: &mut Overlay, scene: &mut Scene<'_>| overlay.turns_away(peer, nonce, scene);
                // A refusal costs nothing that has to be kept for somebody who is not there.
                if !urgent && self.with_overlay(now, turns_away) == Some(true) {
                    return;
                }
                if !self.is_proven((id, boot), from, (nonce, cookie), now) {
                    return;
                }
                self.hear_nodes(nodes);
                self.hear_own_infos(datagram, now);
                let request = Request { from: Speaker { peer, boot, links }, nonce, urgent };
                self.with_overlay(now, |overlay, scene| overlay.on_request(&request, scene));
            }
            LinkBody::Challenge { nonce, cookie } => {
                self.with_overlay(now, |overlay, scene| overlay.on_challenge(from, nonce, cookie, scene));
            }
            LinkBody::Accept { nonce, name, nodes, links, sentinel } => {
                self.hear_nodes(nodes);
                let gain = self.gain_of(&peer, sentinel);
                let accepted = Accepted { from: Speaker { peer, boot, links }, nonce, theirs: name, gain };
                self.with_overlay(now, |overlay, scene| overlay.on_accept(&accepted, scene));
                self.hear_own_infos(datagram, now);
            }
            LinkBody::Refuse { nonce, nodes, others } => {
                self.hear_nodes(nodes);
                let others: Vec<Peer> = others.map(|(id, addr)| Peer { id, addr }).collect();
                self.with_overlay(now, |overlay, scene| overlay.on_refused(peer, nonce, &others, scene));
            }
            LinkBody::Duplicate { nonce } => {
                self.with_overlay(now, |overlay, scene| overlay.on_duplicate(id, nonce, scene));
            }
            LinkBody::Close { name } => {
                self.with_overlay(now, |overlay, scene| overlay.on_close(id, name, scene));
            }
            LinkBody::Answer { query, payload } => self.hear_answer((id, query), payload, now),
            LinkBody::Frame { name, asks, links, .. } => {
                let speaker = Speaker { peer, boot, links };
                let link = self
                    .with_overlay(now, |overlay, scene| overlay.on_keep_alive(&speaker, name, asks, scene))
                    .flatten();
                if let Some(link) = link {
                    let before = self.stats.infos_news;
                    self.hear_frame(link, &body, datagram, now);
                    if self.stats.infos_news > before {
                        self.with_overlay(now, |overlay, scene| overlay.on_outlook(scene));
                    } else {
                        self.schedule_links(now);
                    }
                }
            }
        }
    }

    /// Whether somebody who asks for a link is where it says: it is known there in this life, or repeats what was sent
    /// there. A live member is believed at its own address only.
    fn is_proven(
        &mut self,
        (id, boot): (NodeId, u64),
        from: SocketAddr,
        (nonce, cookie): (Nonce, Option<Cookie>),
        now: Instant,
    ) -> bool {
        let known = self.membership.find(id).map(|slot| self.membership.record(slot));
        if let Some(known) = known.filter(|known| known.health.is_live()) {
            if known.addr != from {
                return false;
            }
            if known.incarnation.boot == boot {
                return true;
            }
        }
        let Some(cookie) = cookie else {
            self.wish_step(LinkStep::Challenge { to: from, nonce });
            return false;
        };
        self.cold.cookies.accepts(Use::Link, cookie, from, now)
    }

    /// This node has asked itself for a link: an address that it was given is its own.
    pub(super) fn on_own_request(&mut self, datagram: &Datagram<'_>, now: Instant) {
        if let Body::Link(LinkBody::Request { nonce, .. }) = datagram.body {
            self.with_overlay(now, |overlay, scene| overlay.on_own_request(nonce, scene));
        }
    }

    fn hear_nodes(&mut self, nodes: u32) {
        let most = self.cold.config.members_max;
        if let Some(linking) = &mut self.cold.linking {
            linking.notes.reported = linking.notes.reported.max(nodes.min(most));
        }
    }

    /// What a link to a peer would bring.
    fn gain_of(&self, peer: &Peer, sentinel: Option<([u8; 8], u64)>) -> Gain {
        let Some(Linking { infos, notes, .. }) = self.cold.linking.as_deref() else { return Gain::default() };
        let newer_sentinel = sentinel.is_some_and(|(life, stamp)| {
            let known = infos.named(u64::from_le_bytes(life));
            known.is_none_or(|ix| infos.origin_at(ix).stamp < stamp)
        });
        let is_far = notes.far.iter().any(|&ix| infos.origin_at(ix).origin.id == peer.id);
        Gain { newer_sentinel, nearer_origins: u32::from(is_far) }
    }

    /// Writes what is said about a link. Returns where it goes.
    pub(super) fn pack_link(&mut self, writer: &mut Writer<'_>, step: LinkStep, now: Instant) -> Option<SocketAddr> {
        let (nodes, outside) = (self.membership.live(), self.clock.outside(now));
        let Linking { overlay, infos, .. } = self.cold.linking.as_deref()?;
        let (links, urgent) = (overlay.degree(), overlay.is_urgent());
        let sentinel = infos.get(keys::SENTINEL, outside).and_then(|item| {
            let ix = infos.origin(item.version.origin)?.ix;
            Some((infos.name(ix).to_le_bytes(), item.stamp))
        });
        let mut buffer = [0; Others::room::<{ crate::overlay::ALTERNATES_TOLD }>()];
        let (to, body) = match step {
            LinkStep::Request { to, nonce } => {
                let cookie = overlay.cookie(nonce);
                (to, LinkBody::Request { nonce, cookie, nodes, links, urgent })
            }
            LinkStep::Challenge { to, nonce } => {
                let cookie = self.cold.cookies.bake(Use::Link, to, now);
                (to, LinkBody::Challenge { nonce, cookie })
            }
            LinkStep::Accept { link } => {
                let way = overlay.way(link)?;
                (way.peer.addr, LinkBody::Accept { nonce: way.theirs, name: way.own, nodes, links, sentinel })
            }
            LinkStep::Refuse { id, to, nonce } => {
                let named = self.with_overlay(now, |overlay, scene| overlay.alternates(id, scene))?;
                let others = Others::write(&mut buffer, named.iter().map(|peer| (peer.id, peer.addr)));
                (to, LinkBody::Refuse { nonce, nodes, others })
            }
            LinkStep::Duplicate { to, nonce } => (to, LinkBody::Duplicate { nonce }),
            LinkStep::Close { to, nonce } => (to, LinkBody::Close { name: nonce }),
            LinkStep::Answer { number } => return self.pack_answer(writer, number),
        };
        if !writer.body(&Body::Link(body)) {
            self.stats.intents_dropped += 1;
            return None;
        }
        let asks = matches!(body, LinkBody::Request { .. });
        if asks || matches!(body, LinkBody::Accept { .. }) {
            self.pack_own_infos(writer, now);
        }
        if asks {
            // So that the answer may name others.
            writer.pad();
        }
        Some(to)
    }

    /// A member died, left or was removed.
    pub(super) fn on_member_gone(&mut self, id: NodeId, now: Instant) {
        self.with_overlay(now, |overlay, scene| overlay.on_gone(id, scene));
    }

    /// This node takes no further part.
    pub(super) fn stop_links(&mut self, now: Instant) {
        self.with_overlay(now, |overlay, scene| overlay.stop(scene));
    }

    /// This node has raised its boot: what it issues from now on is another life's.
    pub(super) fn begin_info_life(&mut self, now: Instant) {
        let (boot, outside) = (self.incarnation.boot, self.clock.outside(now));
        let Some(linking) = &mut self.cold.linking else { return };
        let Linking { infos, spread, notes, .. } = &mut **linking;
        infos.begin_life(boot, outside);
        if let Some(facts) = infos.origin(infos.own()) {
            spread.on_life(facts.ix);
        }
        notes.unchanged_since = now;
        self.mark_self(now);
    }

    /// Does what is due about links, and tells what is due over them.
    pub(super) fn on_links_due(&mut self, now: Instant) {
        if let Some(linking) = self.cold.linking.as_mut().filter(|linking| linking.tick <= now) {
            linking.tick = now.after(linking.period);
            linking.spread.on_tick();
        }
        self.with_overlay(now, |overlay, scene| overlay.on_deadline(scene));
        self.ask_for_lacking(now);
        self.schedule_links(now);
    }

    /// Wishes the frames that are due, and plans what comes next.
    pub(super) fn schedule_links(&mut self, now: Instant) {
        while let Some(link) = self.cold.linking.as_mut().and_then(|linking| linking.spread.take_due(now)) {
            if !self.wish(Intent::LinkFrame { link, asks: false }) {
                self.put_off_frame(link, now);
            }
        }
        let Some(linking) = self.cold.linking.as_deref_mut() else { return };
        let Linking { overlay, infos, spread, tick, .. } = linking;
        let tick = if spread.up().is_empty() { Instant::NEVER } else { *tick };
        // What should have been long ago is no sign that the process stood still.
        let next = overlay.next_deadline().min(spread.next_deadline()).min(tick);
        self.deadlines.set(Timer::Links, next.max(now));
        let ends = self.clock.inside(infos.next_deadline());
        self.deadlines.set(Timer::Infos, ends.max(linking.ends_not_before).max(now));
    }

    /// A frame found no room among all that is to be sent.
    pub(super) fn put_off_frame(&mut self, link: Link, now: Instant) {
        if let Some(linking) = &mut self.cold.linking {
            linking.spread.put_off(link, now);
        }
    }

    /// Asserts what spans the rooms of infos and links.
    pub(super) fn check_links(&self) {
        let Some(Linking { overlay, infos, spread, .. }) = self.cold.linking.as_deref() else { return };
        overlay.check();
        infos.check();
        spread.check();
        assert_eq!(overlay.open(), spread.up(), "what is open is told");
    }
}
