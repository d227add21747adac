//! A node begins: with itself, with what its settings ask for, and with what a snapshot tells it.

use alloc::boxed::Box;
use core::net::SocketAddr;

use crate::config::{Config, ConfigError, Targets};
use crate::detector::helpers::Helpers;
use crate::detector::local_health::LocalHealth;
use crate::detector::order::Order;
use crate::detector::probe::Prober;
use crate::detector::suspicion::Suspicions;
use crate::membership::book::Book;
use crate::membership::cookie::Cookies;
use crate::membership::joining::Joining;
use crate::membership::repair::Repairs;
use crate::membership::rival::Rival;
use crate::membership::takeovers::Takeovers;
use crate::membership::{BOOT_MAX, Change, Membership};
use crate::packing::backlog::Backlog;
use crate::packing::{Gossip, Urgency};
use crate::state::State;
use crate::state::flow::{Flow, Pace};
use crate::state::waits::Waits;
use crate::vocab::{Health, Instant, Reason, Record, Rng, Slot};
use crate::wire::can_listen;

use super::addresses::Elsewhere;
use super::beating::Beating;
use super::cases::Cases;
use super::clock::Clock;
use super::events::Events;
use super::exchanges::Exchanges;
use super::favours::Relays;
use super::healing::Healing;
use super::intents::Intents;
use super::io::{Identity, Snapshot};
use super::leaving::Goodbye;
use super::limits::{flow_limits_of, instance_of, limits_of, state_limits_of};
use super::mail::{Inbox, Mail};
use super::noting::notes;
use super::pinging::Pings;
use super::repairing::Conversation;
use super::standing::FIRST_VOTER;
use super::stats::Stats;
use super::streams::Streams;
use super::timers::Deadlines;
use super::writing::Watches;
use super::{Cold, Leaving, Node, receive};

/// The most rumours of one class that wait to be told.
pub(super) const RUMOURS_MAX: usize = 4096;

impl Node {
    /// A node that knows itself and what a snapshot tells it.
    ///
    /// `seed` is all the chance that it will ever have: the same config, identity, seed and inputs give the
    /// same bytes on every platform.
    ///
    /// # Errors
    /// [`ConfigError`] when settings contradict each other, or nobody can listen at the address, or it is not allowed.
    pub fn new(
        config: Config,
        identity: Identity,
        seed: u64,
        now: Instant,
        snapshot: Option<Snapshot<'_>>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let Identity { id, boot, addr, domain } = identity;
        check_identity(&config, boot, addr)?;
        let own = Record { domain, ..Record::of_new_life(id, boot, addr) };
        let mut rng = Rng::new(seed, id, boot);
        let rival = Rival::new(boot, instance_of(seed, &own), now);
        let cold = Cold::new(config, (rival, addr), &mut rng, now);
        let config = &cold.config;
        let mut node = Self {
            id,
            incarnation: own.incarnation,
            cluster: config.cluster,
            budget: u32::try_from(config.datagram_bytes_max).unwrap_or(u32::MAX),
            leaving: Leaving::Stays,
            deadlines: Deadlines::new(),
            clock: Clock::new(now, config.period / 2),
            overdue: 0,
            has_events: false,
            allows_any: config.allowed.is_any(),
            has_quorum: config.quorum.is_some(),
            has_stream_requests: false,
            stream_only: false,
            says_where: false,
            state_differs: false,
            tells_left: receive::TELLS_PER_PERIOD,
            stats: Stats::default(),
            membership: Membership::new(&own, limits_of(config), now),
            prober: Prober::new(config.period, config.probe_timeout, now, &mut rng),
            health: LocalHealth::new(u8::try_from(config.local_health_max).unwrap_or(u8::MAX)),
            order: Order::new(config.probe_order),
            suspicions: Suspicions::new(config.probe_timeout, config.period, config.hash_seed),
            gossip: Gossip::new(RUMOURS_MAX),
            gossip_next: now,
            pinged: now,
            repairs: Repairs::new(config.repair_interval, now),
            intents: Intents::new(config.intents_max),
            replies_waiting: 0,
            exchanges_waiting: 0,
            state_sum: 0,
            heads_waiting: 0,
            rng,
            cold: Box::new(cold),
        };
        node.membership.note_reason(Slot::SELF, Reason::Own);
        if node.cold.config.detector.relay().is_some_and(|relay| relay.targets == Targets::Subnets) {
            node.membership.index_subnets();
        }
        let announced = snapshot.is_some_and(|snapshot| node.load(&own, snapshot, now));
        if !announced {
            node.tell(Slot::SELF, Urgency::Urgent, now);
        }
        node.schedule_forgetting(now);
        node.start_timers(now);
        node.start_links(addr, now);
        node.start_quorum(domain, now);
        Ok(node)
    }

    /// Believes a snapshot. Returns whether it shows that the node itself is known already.
    fn load(&mut self, own: &Record, snapshot: Snapshot<'_>, now: Instant) -> bool {
        self.membership.reserve(snapshot.members.len());
        if let Some(map) = snapshot.map {
            self.restore_map(map, now);
        }
        let mut announced = false;
        for record in snapshot.members {
            if record.id == self.id {
                announced = (record.incarnation, record.addr) == (own.incarnation, own.addr);
                continue;
            }
            if !self.allows(record.addr) {
                self.stats.records_refused += 1;
                continue;
            }
            let health = if record.health == Health::Suspect { Health::Alive } else { record.health };
            match self.membership.apply(&Record { health, ..*record }, now) {
                Change::New(slot) | Change::Changed { slot, .. } => self.membership.note_reason(slot, Reason::Snapshot),
                Change::Old => {}
                Change::Refused(_) => self.stats.records_refused += 1,
            }
        }
        announced
    }
}

/// Whether somebody may begin with this boot at this address.
fn check_identity(config: &Config, boot: u64, addr: SocketAddr) -> Result<(), ConfigError> {
    if !can_listen(addr) {
        return Err(ConfigError::Address { addr });
    }
    if !config.allowed.contain(addr.ip()) {
        return Err(ConfigError::NotAllowed { addr });
    }
    if boot > BOOT_MAX {
        return Err(ConfigError::Boot { boot, most: BOOT_MAX });
    }
    Ok(())
}

impl Cold {
    fn new(config: Config, (rival, born): (Rival, SocketAddr), rng: &mut Rng, now: Instant) -> Self {
        Self {
            events: Events::new(config.events_max, config.hash_seed),
            relays: Relays::new(),
            helpers: Helpers::none(),
            cases: Cases::none(),
            beating: Beating::new(&config, rng),
            contacts: None,
            joining: Joining::idle(),
            book: Book::default(),
            healing: Healing::none(now),
            goodbye: Goodbye::unsaid(),
            cookies: Cookies::new(rng),
            conversation: Conversation::new(),
            state: State::new(state_limits_of(&config)),
            heads: Backlog::new(RUMOURS_MAX),
            state_repairs: Repairs::new(config.repair_interval, now),
            exchanges: Exchanges::new(),
            flow: Flow::new(flow_limits_of(&config), now),
            pace: Pace::new(flow_limits_of(&config), now),
            watches: Watches::default(),
            waits: Waits::default(),
            mail: Mail::default(),
            inbox: Inbox::default(),
            pings: Pings::new(config.hash_seed),
            notes: notes(),
            takeovers: Takeovers::default(),
            elsewhere: Elsewhere::never(born),
            rival,
            linking: None,
            streams: Streams::new(config.streams),
            quorum: None,
            voters_told: FIRST_VOTER,
            config,
        }
    }
}
