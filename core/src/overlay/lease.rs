//! Is the other side of a link still there?

use core::time::Duration;

use super::Overlay;
use super::links::Entry;
use super::words::{Act, Peer, Scene, Speaker};
use crate::vocab::{Instant, Link, LinkEnd, NodeId, Nonce};

/// After so many intervals of silence, and a round trip, the other side is asked.
const SILENCE: u32 = 2;

/// And again after so many thousandths of an interval.
const ASK_AGAIN: u32 = 250;

impl Overlay {
    /// A frame has come over a link, whatever it says. Returns the link, which is open from now on if it was not;
    /// `None` if this side does not have it: then the other side is told, and the frame says nothing.
    pub(crate) fn on_frame(&mut self, from: Peer, nonce: Nonce, scene: &mut Scene<'_>) -> Option<Link> {
        if self.is_stopped() {
            return None;
        }
        let Some(link) = self.find(from.id, nonce) else {
            if !self.is_crowded() {
                self.act(Act::Close { to: from.addr, nonce });
            }
            return None;
        };
        let entry = self.links.get_mut(link)?;
        let round = scene.now.since(entry.heard);
        entry.heard = scene.now;
        if !entry.open {
            (entry.open, entry.sent, entry.due) = (true, scene.now, scene.now.after(entry.period));
            let (peer, direction) = (entry.peer, entry.direction);
            self.dialling.on_link();
            self.act(Act::Up { link, peer, direction, round });
            self.settle(scene);
        }
        Some(link)
    }

    /// A sign of life has come over a link, with how many links the other side has. If it asks, it is answered.
    pub(crate) fn on_keep_alive(
        &mut self,
        from: &Speaker,
        nonce: Nonce,
        asks: bool,
        scene: &mut Scene<'_>,
    ) -> Option<Link> {
        let link = self.on_frame(from.peer, nonce, scene)?;
        if let Some(entry) = self.links.get_mut(link) {
            entry.links = from.links;
        }
        if asks && !self.is_crowded() {
            self.act(Act::KeepAlive { link, asks: false });
        }
        Some(link)
    }

    /// A frame has been sent over a link: another sign of life is not needed for some time.
    pub(crate) fn on_sent(&mut self, link: Link, now: Instant) {
        if let Some(entry) = self.links.get_mut(link) {
            entry.sent = now;
        }
    }

    /// The other side has closed a link, or has none by this nonce, which is a name that either side gave it.
    pub(crate) fn on_close(&mut self, from: NodeId, nonce: Nonce, scene: &mut Scene<'_>) {
        let named = self.links.to(from).filter(|(_, entry)| entry.own == nonce || entry.theirs == nonce);
        if let Some((link, &Entry { peer, .. })) = named {
            self.close(link, LinkEnd::ByPeer, false);
            self.leave_alone(peer.addr, self.limits.refused_pause, scene);
        } else if let Some(dial) = self.dialling.take(from, nonce) {
            self.leave_alone(dial.to, self.limits.refused_pause, scene);
        }
        self.settle(scene);
    }

    /// Closes the links whose time is over, and gives or asks for a sign of life over those that are idle.
    pub(super) fn look_after_links(&mut self, scene: &Scene<'_>) {
        let rtt = scene.outlook.rtt();
        for link in self.links.set(|entry| entry.due <= scene.now).iter() {
            let Some(entry) = self.links.get(link) else { continue };
            let silence = scene.now.since(entry.heard);
            if !entry.open {
                // It was promised; the other side has never confirmed.
                self.close(link, LinkEnd::Silent, true);
            } else if silence >= self.limits.lease_length(rtt) {
                self.close(link, LinkEnd::Silent, true);
            } else {
                let asks = silence >= self.asks_after(rtt);
                if asks || entry.sent.after(entry.period) <= scene.now {
                    self.act(Act::KeepAlive { link, asks });
                    self.on_sent(link, scene.now);
                }
                self.plan(link, asks, scene);
            }
        }
    }

    fn asks_after(&self, rtt: Duration) -> Duration {
        self.limits.intervals(SILENCE).saturating_add(rtt)
    }

    /// When a link is looked after next.
    fn plan(&mut self, link: Link, asks: bool, scene: &Scene<'_>) {
        let rtt = scene.outlook.rtt();
        let (asks_after, lease) = (self.asks_after(rtt), self.limits.lease_length(rtt));
        let again = scene.now.after(self.limits.milli(ASK_AGAIN));
        let Some(entry) = self.links.get_mut(link) else { return };
        let silent = if asks { again } else { entry.heard.after(asks_after) };
        entry.due = silent.min(entry.sent.after(entry.period)).min(entry.heard.after(lease));
    }
}
