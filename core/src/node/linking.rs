//! Links to a few others, over which infos go: what the overlay wants is wished, what changes is taken over.

use alloc::boxed::Box;
use core::net::SocketAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::InfoSettings;
use crate::info::Infos;
use crate::info::spread::{InfoLog, Pace, Spread};
use crate::overlay::{Act, Counts, Limits, Overlay, Peer, Scene};
use crate::vocab::{Instant, Link, NodeId, Origin, Rng};
use crate::wire::{MARKER_BYTES_MAX, Marker};

use super::Node;
use super::calling::Calls;
use super::intents::{Intent, LinkStep};
use super::io::{Event, LinkChange, Timer};
use super::outlook::{Notes, Prospect};
use super::stats::Stats;

/// For so many intervals no life may have come or gone, so that what is known is only announced over a new link.
const REST: u32 = 2;

/// Everything about infos and the links over which they go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Linking {
    pub(super) overlay: Overlay,
    pub(super) infos: Infos,
    pub(super) spread: Spread,
    pub(super) notes: Notes,
    pub(super) calls: Calls,
    /// What is announced only goes out every so long, next at this time.
    pub(super) period: Duration,
    pub(super) tick: Instant,
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
        let limits = crate::info::Limits { infos_max, bytes_max, hash_seed, ..crate::info::Limits::STANDARD };
        let infos = Infos::new(own, limits, compat);
        let mut spread = Spread::new(Pace { interval }, hash_seed);
        spread.on_life(infos.own_ix());
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

    /// Does something with the overlay, then what it wants, and plans what comes next.
    pub(super) fn with_overlay<T>(
        &mut self,
        now: Instant,
        act: impl FnOnce(&mut Overlay, &mut Scene<'_>) -> T,
    ) -> Option<T> {
        let result = self.act_on_overlay(now, act)?;
        self.schedule_links(now);
        Some(result)
    }

    /// The same for whoever plans afterwards.
    pub(super) fn act_on_overlay<T>(
        &mut self,
        now: Instant,
        act: impl FnOnce(&mut Overlay, &mut Scene<'_>) -> T,
    ) -> Option<T> {
        let outside = self.clock.outside(now);
        let Linking { overlay, infos, spread, notes, .. } = &mut **self.cold.linking.as_mut()?;
        let (me, limits, membership) = (self.id, *overlay.limits(), &self.membership);
        let allowed = &self.cold.config.allowed;
        let outlook = Prospect { me, infos, spread, membership, notes, limits, allowed, outside };
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
                Act::Stands(standing) => self.report(Event::LinksStanding { standing: standing.into() }),
            }
        }
    }

    /// What finds no room is lost, as it might be on the way.
    pub(super) fn wish_step(&mut self, step: LinkStep) -> bool {
        self.wish(Intent::Link(step))
    }

    fn link_up(&mut self, link: Link, round: Duration, now: Instant) {
        let Some(linking) = &mut self.cold.linking else { return };
        let Linking { infos, spread, notes, overlay, .. } = &mut **linking;
        let rests = now.since(notes.unchanged_since) >= overlay.limits().intervals(REST);
        notes.on_round(round);
        spread.link_up(link, rests, round, &InfoLog { infos });
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
        spread.on_life(infos.own_ix());
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
