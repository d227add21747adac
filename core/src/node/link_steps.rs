//! What is said about links outside of them: requests, answers, farewells, and what a peer proves before it is believed.

use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::info::{keys, name_of};
use crate::membership::cookie::Use;
use crate::overlay::{Accepted, Gain, Overlay, Peer, Request, Scene, Speaker};
use crate::vocab::{Cookie, Instant, NodeId, Nonce};
use crate::wire::{Body, Datagram, LinkBody, Others, Writer};

use super::Node;
use super::intents::LinkStep;
use super::linking::Linking;

impl Node {
    /// Something about a link came in. Answers may have so many bytes.
    pub(super) fn on_link(&mut self, datagram: &Datagram<'_>, from: SocketAddr, bytes_left: u32, now: Instant) {
        let Body::Link(body) = datagram.body else { return };
        let (id, boot) = (datagram.sender.id, datagram.sender.incarnation.boot);
        let peer = Peer { id, addr: from };
        match body {
            LinkBody::Request { nonce, cookie, nodes, links, urgent } => {
                // No answer is longer than a datagram, and requests are as long as one.
                if bytes_left < self.budget || self.is_elsewhere(id, from) {
                    return;
                }
                // What it has issued helps others to find it, also if there is no room here.
                self.hear_nodes(nodes);
                self.hear_own_infos(datagram, now);
                // A refusal costs nothing that has to be kept for somebody who is not there.
                let turns_away = |overlay: &mut Overlay, _: &mut Scene<'_>| overlay.turns_away(peer, nonce);
                if !urgent && self.with_overlay(now, turns_away) == Some(true) {
                    return;
                }
                let is_served = self.cold.linking.as_ref().is_some_and(|linking| linking.overlay.serves_unproven(peer));
                if !is_served && !self.is_proven((id, boot), from, (nonce, cookie), now) {
                    return;
                }
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
                let others: Vec<Peer> =
                    others.filter(|&(_, addr)| self.allows(addr)).map(|(id, addr)| Peer { id, addr }).collect();
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
                    .act_on_overlay(now, |overlay, scene| overlay.on_keep_alive(&speaker, name, asks, scene))
                    .flatten();
                if let Some(link) = link {
                    let before = self.stats.infos_news;
                    self.hear_frame(link, &body, datagram, now);
                    if self.stats.infos_news > before {
                        self.act_on_overlay(now, |overlay, scene| overlay.on_outlook(scene));
                    }
                }
                self.schedule_links(now);
            }
        }
    }

    /// Whether a live member of this identity listens elsewhere: it is believed there only.
    fn is_elsewhere(&self, id: NodeId, from: SocketAddr) -> bool {
        let known = self.membership.find(id).map(|slot| self.membership.record(slot));
        known.is_some_and(|known| known.health.is_live() && known.addr != from)
    }

    /// Whether somebody who asks for a link is where it says: it is known there in this life, or repeats what was sent
    /// there.
    fn is_proven(
        &mut self,
        (id, boot): (NodeId, u64),
        from: SocketAddr,
        (nonce, cookie): (Nonce, Option<Cookie>),
        now: Instant,
    ) -> bool {
        let known = self.membership.find(id).map(|slot| self.membership.record(slot));
        if known.is_some_and(|known| known.health.is_live() && known.incarnation.boot == boot) {
            return true;
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
        Gain { newer_sentinel, brings_nearer: is_far }
    }

    /// Writes what is said about a link. Returns where it goes.
    pub(super) fn pack_link(&mut self, writer: &mut Writer<'_>, step: LinkStep, now: Instant) -> Option<SocketAddr> {
        let nodes = self.membership.live();
        let Linking { overlay, infos, .. } = self.cold.linking.as_deref()?;
        let (links, urgent) = (overlay.degree(), overlay.is_urgent());
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
                let sentinel = infos.get(keys::SENTINEL, self.clock.outside(now));
                let sentinel = sentinel.map(|item| (name_of(item.version.origin).to_le_bytes(), item.stamp));
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
}
