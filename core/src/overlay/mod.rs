//! Whom does this node talk to?
//!
//! A node keeps a few links that it asked for and serves a few that others asked for, all over datagrams. The rules
//! make the graph of all links connected, short and at rest: caps that hold at every instant, refusals that name
//! others, pauses that double, and no link that is closed for being of little use before a better one is in hand.
//!
//! * [`links`] — the table; [`limits`] — caps and waits; [`words`] — what is heard and said;
//! * [`admission`] — who is given a link; [`dialling`] — who is asked for one: to join, and to have enough;
//! * [`requests`] — what is under way; [`answers`] — what an answer changes;
//! * [`backoffs`], [`places`] — who is left alone, who can be asked;
//! * [`lease`] — is the other side still there?
//! * [`stall`] — is this node cut off? [`tighten`] — is somebody too far away?
//!
//! # Over datagrams
//!
//! A link opens by request, acceptance and confirmation. A request is repeated with its nonce, and each
//! repetition is answered alike: an acceptance names the same link again, a refusal counts once, because the request is
//! over with the first answer. The acceptance names the link by a nonce of the other side; whoever receives it holds
//! an open link, whoever sent it a promised one, which the first frame that carries that nonce opens and time takes
//! back. So a lost confirmation costs nothing: the next sign of life confirms. A link lives as long as something
//! comes over it; an idle one carries a sign of life per interval, and after two intervals of silence it is asked for
//! one eight times per interval, so that loss alone hardly ever ends a link. Whoever gets a frame of a link that it does not
//! have says so: a link that only one side believes in ends within about one interval.
//!
//! # Order of calls
//!
//! The own marker is stamped and the node count known before the first call. After each call all [`Act`]s are taken, in
//! order: what belongs to a link ends with [`Act::Down`] before its place is given to another, and the [`Outlook`]
//! names no link that is down. A request comes from a source that is proven, since it takes a place for a while, or is
//! one that [`Overlay::serves_unproven`]. Its
//! marker and node count, and the node count of a refusal, are taken over before their call; what an acceptance
//! promises is reckoned before it, and what it carries taken over after it, if the link is up. Whatever carries the nonce of a link goes to [`Overlay::on_frame`] first, and is read only if
//! that names the link; [`Overlay::on_sent`] follows each frame that is sent, [`Overlay::on_outlook`] what came of
//! reading one.
//!
//! Invariant: outgoing links and requests under way are never more than the cap, one swap apart; incoming links,
//! promised ones included, are never more than theirs; no two lead to one node, none to this one.
//!
//! This room does not know what infos are, who is alive, or how anything is encoded. It asks an [`Outlook`].

mod admission;
mod answers;
mod backoffs;
mod dialling;
mod lease;
mod limits;
mod links;
mod places;
mod requests;
mod stall;
#[cfg(test)]
mod tests;
mod tighten;
mod words;

use core::net::SocketAddr;
use core::time::Duration;

pub(crate) use admission::ALTERNATES_TOLD;
pub(crate) use limits::{Caps, Limits};
use links::{Entry, Table};
use places::Bootstraps;
use requests::Dialling;
use stall::Stall;
pub(crate) use tighten::Distance;
use tighten::Tightening;
pub(crate) use words::{
    Accepted, Act, Candidate, Counts, Direction, Gain, Outlook, Peer, Request, Scene, Sentinel, Speaker, Standing,
};

use serde::{Deserialize, Serialize};

use crate::vocab::{Instant, Link, LinkEnd, Links, NodeId, Nonce, Ring, Rng};

/// The most acts that wait to be taken. No call leaves as many as half of that, and all are taken after each call.
const ACTS_MAX: usize = 512;

/// Where a frame over a link goes, and what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) peer: Peer,
    /// The other side's name of the link; every frame carries it.
    pub(crate) theirs: Nonce,
    /// This side's name of it; an acceptance tells it.
    pub(crate) own: Nonce,
}

/// One node's part of the overlay.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Overlay {
    me: Peer,
    limits: Limits,
    /// The most nodes that were ever known or reported: caps never shrink.
    nodes: u32,
    links: Table,
    dialling: Dialling,
    stall: Stall,
    tightening: Tightening,
    /// When a link to another island is looked for next.
    bridge: Instant,
    /// How often, and when next, the node looks at itself.
    period: Duration,
    tick: Instant,
    /// When the own marker is stamped next.
    mark: Instant,
    counts: Counts,
    acts: Ring<Act>,
    next: Instant,
}

impl Overlay {
    /// A node that has no link yet and asks for one at once.
    pub(crate) fn new(me: Peer, limits: Limits, bootstraps: &[SocketAddr], now: Instant, rng: &mut Rng) -> Self {
        let period = limits.period(rng);
        Self {
            me,
            limits,
            nodes: 1,
            links: Table::default(),
            dialling: Dialling::new(Bootstraps::new(bootstraps, me.addr, rng), now),
            stall: Stall::new(now),
            tightening: Tightening::new(now),
            bridge: now,
            period,
            tick: limits.soon(1000, now, rng),
            mark: now,
            counts: Counts::default(),
            acts: Ring::new(ACTS_MAX),
            next: now,
        }
    }

    /// These may be asked for a link at first, and when this node is cut off.
    pub(crate) fn begin_at(&mut self, bootstraps: &[SocketAddr], scene: &mut Scene<'_>) {
        self.dialling.begin_at(Bootstraps::new(bootstraps, self.me.addr, scene.rng), scene.now);
        self.join(scene);
        self.settle(scene);
    }

    /// Does what is due.
    pub(crate) fn on_deadline(&mut self, scene: &mut Scene<'_>) {
        if self.is_stopped() || self.next > scene.now {
            return;
        }
        self.count_nodes(scene);
        self.look_after_links(scene);
        self.repeat_requests(scene);
        self.follow_forwards(scene);
        self.judge(scene);
        if self.tick <= scene.now {
            self.tick = scene.now.after(self.period);
            self.fill(scene);
            self.mend(scene);
            self.tighten(scene);
            self.bridge(scene);
        }
        self.join(scene);
        if self.mark <= scene.now {
            self.mark = scene.now.after(self.period.saturating_mul(self.limits.marker_period));
            self.act(Act::Mark);
        }
        self.settle(scene);
    }

    /// When something is due next.
    pub(crate) const fn next_deadline(&self) -> Instant {
        self.next
    }

    /// Takes the next act. All are taken after each call, in order.
    pub(crate) fn poll_act(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// Something has changed outside: infos have come, or time has passed.
    pub(crate) fn on_outlook(&mut self, scene: &mut Scene<'_>) {
        self.count_nodes(scene);
        self.settle(scene);
    }

    /// A node died, left or was removed.
    pub(crate) fn on_gone(&mut self, id: NodeId, scene: &mut Scene<'_>) {
        if let Some((link, _)) = self.links.to(id) {
            self.close(link, LinkEnd::Gone, false);
        }
        self.dialling.forget(id);
        self.settle(scene);
    }

    /// Takes no further part: closes every link, and never begins another.
    pub(crate) fn stop(&mut self, scene: &mut Scene<'_>) {
        for link in self.links.set(|_| true).iter() {
            self.close(link, LinkEnd::Stopped, true);
        }
        self.dialling.drop_requests();
        self.stall.stop(scene.now);
        self.act(Act::Stands(Standing::Stopped));
        self.settle(scene);
    }

    fn is_unlinked(&self) -> bool {
        self.open().is_empty()
    }

    fn is_stopped(&self) -> bool {
        self.stall.standing().0 == Standing::Stopped
    }

    /// Ends a link, if there is one, and tells the other side or not.
    fn close(&mut self, link: Link, why: LinkEnd, tell: bool) {
        let Some(entry) = self.links.remove(link) else { return };
        let Entry { peer, direction, open, theirs, .. } = entry;
        if open {
            self.act(Act::Down { link, peer, direction, why });
            self.dialling.on_change();
        }
        if tell {
            self.act(Act::Close { to: peer.addr, nonce: theirs });
        }
    }

    /// Takes the number of nodes over. With more nodes there is somebody to ask again.
    fn count_nodes(&mut self, scene: &Scene<'_>) {
        let nodes = scene.outlook.nodes();
        if nodes > self.nodes {
            self.nodes = nodes;
            self.dialling.on_change();
        }
    }

    fn act(&mut self, act: Act) {
        if self.acts.push_back(act).is_err() {
            self.counts.dropped += 1;
        }
    }

    /// Whether what comes from outside has to wait until the acts were taken: it is as if it had been lost.
    fn is_crowded(&mut self) -> bool {
        let crowded = self.acts.len() > ACTS_MAX / 2;
        self.counts.dropped += u64::from(crowded);
        crowded
    }

    /// What follows from whatever has changed: how the node stands, whether it joins, when it wakes.
    fn settle(&mut self, scene: &mut Scene<'_>) {
        self.judge(scene);
        self.next = if self.is_stopped() {
            Instant::NEVER
        } else {
            self.dialling.set_join(!self.is_unlinked(), &self.limits, (scene.now, scene.rng));
            self.links.next_due().min(self.dialling.next_due()).min(self.tick).min(self.mark)
        };
    }

    /// The caps as they are now.
    pub(crate) fn caps(&self) -> Caps {
        self.limits.caps(self.nodes)
    }

    /// How many hops are not too many.
    pub(crate) fn hops_max(&self) -> u32 {
        Limits::hops_max(self.nodes)
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The links that this node asked for.
    pub(crate) fn outgoing(&self) -> impl Iterator<Item = (Link, Peer)> {
        self.open_links(Direction::Outgoing)
    }

    /// The links that others asked for.
    pub(crate) fn incoming(&self) -> impl Iterator<Item = (Link, Peer)> {
        self.open_links(Direction::Incoming)
    }

    fn open_links(&self, direction: Direction) -> impl Iterator<Item = (Link, Peer)> {
        let open = self.links.iter().filter(move |(_, entry)| entry.open && entry.direction == direction);
        open.map(|(link, entry)| (link, entry.peer))
    }

    /// All open links.
    pub(crate) fn open(&self) -> Links {
        self.links.set(|entry| entry.open)
    }

    /// How many links are open.
    pub(crate) fn degree(&self) -> u8 {
        u8::try_from(self.links.open()).unwrap_or(u8::MAX)
    }

    /// The open link to a node.
    #[cfg(test)]
    pub(crate) fn link_to(&self, id: NodeId) -> Option<Link> {
        self.links.to(id).map(|(link, _)| link).filter(|&link| self.open().has(link))
    }

    /// Where a frame over a link goes; of a promised one the acceptance.
    pub(crate) fn way(&self, link: Link) -> Option<Way> {
        self.links.get(link).map(|&Entry { peer, theirs, own, .. }| Way { peer, theirs, own })
    }

    /// How the node stands, and since when.
    pub(crate) const fn standing(&self) -> (Standing, Instant) {
        self.stall.standing()
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }

    /// Asserts the invariant.
    pub(crate) fn check(&self) {
        self.links.check(self.me);
        let caps = self.caps();
        assert!(self.outgoing_held() <= caps.outgoing, "outgoing links and requests keep their cap");
        assert!(self.links.count(Direction::Incoming) <= caps.incoming, "incoming links keep theirs");
        self.dialling.check(self.me, &self.links);
        let due = self.links.next_due().min(self.dialling.next_due());
        assert!(self.is_stopped() || self.next <= due, "nothing is due unnoticed");
    }
}
