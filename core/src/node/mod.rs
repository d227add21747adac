//! The wiring: the only place where rooms meet.
//!
//! * [`birth`] — what a node knows at first;
//! * [`io`], [`outputs`], [`refusals`], [`changes`], [`maps`], [`stream_types`], [`mail_types`] — everything that goes in and comes out, as types;
//! * [`receive`] — a datagram in: decode, learn, answer;
//! * [`learn`] — a belief changes: rumour, suspicion, event;
//! * [`timers`] — a deadline passes: which room is asked;
//! * [`suspecting`], [`favours`] — who accuses whom, and pings for somebody else; [`cases`], [`evidence`] — what is
//!   remembered of it for the application;
//! * [`leaving`], [`healing`] — who goes for good, and who was only cut off;
//! * [`beating`] — heartbeats, where the detector wants them; [`contacting`] — or contacts of the next ones in a ring;
//! * [`standing`] — whether this node may act, where it is asked that;
//! * [`joining`], [`repairing`], [`repair_packets`] — the two conversations with more than one step;
//! * [`identity`] — who else uses the identity of this node, or of a member; [`addresses`] — where else a node is reached;
//! * [`commanding`] — the application wants something: who does it;
//! * [`writing`] — the application's own keys, and who watches which; [`waiting`] — who holds what was written;
//! * [`reconciling`], [`state_packets`] — how copies of maps are brought up to their owners; [`asking_again`] — and
//!   whoever was asked in vain;
//! * [`streams`], [`streaming`] — which streams are there, and what is said on them; [`mail`], [`mailing`] — letters of the
//!   application; [`noting`] — its notes; [`pinging`] — and its pings;
//! * [`transmit`] — what waits becomes a packet, at the last moment;
//! * [`intents`], [`exchanges`] — what waits; [`events`] — what is reported; [`stats`] — what is counted;
//!   [`checking`] — what holds always;
//! * [`redacting`], [`redacted_packets`], [`redacted_commands`] — where lies what the application has handed in?
//! * [`clock`] — what time it is; [`limits`] — what the settings mean to each room.
//!
//! Invariant: what waits inside is what is *wished* ("ping this member"), never a packet; so what is sent
//! is what is believed when it is sent.

mod addresses;
#[cfg(test)]
mod alone;
mod asking_again;
mod beating;
mod birth;
#[cfg(test)]
mod bounds;
mod calling;
mod cases;
mod changes;
mod checking;
mod clock;
mod commanding;
mod commands;
mod contacting;
mod events;
mod evidence;
mod exchanges;
mod favours;
#[cfg(test)]
mod hazards;
mod healing;
mod identity;
mod info_types;
mod info_view;
mod informing;
mod intents;
pub(crate) mod io;
mod joining;
mod learn;
mod leaving;
mod limits;
mod link_steps;
mod linking;
mod mail;
mod mail_types;
mod mailing;
mod maps;
#[cfg(test)]
mod moves;
mod noting;
mod outlook;
mod outputs;
mod pinging;
mod receive;
mod reconciling;
mod redacted_commands;
mod redacted_packets;
pub(crate) mod redacting;
mod refusals;
mod repair_packets;
mod repairing;
mod standing;
mod standing_view;
mod state_packets;
pub(crate) mod stats;
mod stream_types;
mod streaming;
mod streams;
mod suspecting;
mod telling;
mod timers;
mod transmit;
mod view;
mod waiting;
mod writing;

use alloc::boxed::Box;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::detector::helpers::Helpers;
use crate::detector::local_health::LocalHealth;
use crate::detector::order::Order;
use crate::detector::probe::Prober;
use crate::detector::ring::Contacts;
use crate::detector::suspicion::Suspicions;
use crate::membership::Membership;
use crate::membership::book::Book;
use crate::membership::cookie::Cookies;
use crate::membership::joining::Joining;
use crate::membership::repair::Repairs;
use crate::membership::rival::Rival;
use crate::membership::takeovers::Takeovers;
use crate::packing::Gossip;
use crate::packing::backlog::Backlog;
use crate::quorum::Quorum;
use crate::state::State;
use crate::state::flow::{Flow, Pace};
use crate::state::waits::Waits;
use crate::vocab::{Domain, Incarnation, Instant, NodeId, Rng};
use crate::wire::DecodeError;
use addresses::Elsewhere;
use beating::Beating;
use cases::Cases;
use clock::Clock;
use events::Events;
pub use evidence::{Evidence, HelperView, ProbeView, Said, Why};
use exchanges::Exchanges;
use favours::Relays;
use healing::Healing;
pub use info_view::{InfoView, LinkView};
use intents::Intents;
use io::{Event, Input, Rejected, Wakeup};
use leaving::Goodbye;
use mail::{Inbox, Mail};
use noting::Notes;
use pinging::Pings;
use repairing::Conversation;
use stats::Stats;
use streams::Streams;
use timers::Deadlines;
pub use view::{MemberView, SuspicionView, View};
use writing::Watches;

/// A datagram is handled before the timers that it may answer, but after so many overdue ones the timers
/// run all the same, so that no flood can stop them.
const OVERDUE_DATAGRAMS_MAX: u32 = 64;

/// One member of a cluster, as a state machine: time and bytes in, bytes and events out.
///
/// A driver does four things, in any order and as often as it likes: it hands in what happened
/// ([`handle`](Self::handle)), sends what [`poll_transmit`](Self::poll_transmit) gives, shows what
/// [`poll_event`](Self::poll_event) gives, and comes back at [`poll_timeout`](Self::poll_timeout).
///
/// ```
/// use quidnunc_core::{Config, Domain, Identity, Instant, Node, NodeId};
/// # use core::net::SocketAddr;
///
/// let addr: SocketAddr = "10.0.0.1:7946".parse().unwrap();
/// let identity = Identity { id: NodeId::from_name("n1"), boot: 1, addr, domain: Domain::from_name("rack-1") };
/// let start = Instant::from_nanos(0);
/// let mut node = Node::new(Config::lan(), identity, 42, start, None)?;
///
/// let mut buffer = [0; 1232];
/// assert!(node.poll_transmit(start, &mut buffer).is_none(), "alone, it has nobody to talk to");
/// assert!(node.poll_timeout().is_some(), "but it will look around");
/// assert_eq!(node.view().live(), 1);
/// # Ok::<(), quidnunc_core::ConfigError>(())
/// ```
///
/// With serde a node is written as everything that it is: what it knows and waits for, its settings and its chance. One that is
/// read from that does with the same inputs what this one does, to the byte, in the very same version of this crate; whoever has
/// it knows the node's next random numbers. What can be told from the rest, such as orders and indices, is made anew. What
/// somebody made up may be read as a node that contradicts itself: it may panic later, and does nothing worse.
// In the order of use, so that a steady packet touches as few cache lines as can be.
#[repr(C, align(64))]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Node {
    deadlines: Deadlines,
    overdue: u32,
    tells_left: u8,
    /// Kept here, so that a steady node is not asked for events where they lie.
    has_events: bool,
    /// Kept here, so that a datagram costs no look at an empty list.
    allows_any: bool,
    has_quorum: bool,
    /// The same of what the driver is asked to do with streams, and of members that answer over streams only.
    has_stream_requests: bool,
    stream_only: bool,
    /// Whether others may not know where this node is, so that its answers say it.
    says_where: bool,
    /// Whether the last packet's sender had other copies of maps.
    state_differs: bool,
    leaving: Leaving,
    clock: Clock,
    id: NodeId,
    /// What the own row says, kept here because every packet carries it.
    incarnation: Incarnation,
    cluster: u32,
    budget: u32,
    /// The sum of all copies of maps, kept here because every packet carries it.
    state_sum: u64,
    /// Heads of maps that wait to be told.
    heads_waiting: u32,
    intents: Intents,
    /// Replies of repairs, and exchanges of maps, that wait and may be sent; they are when no intent is.
    replies_waiting: u32,
    exchanges_waiting: u32,
    prober: Prober,
    health: LocalHealth,
    membership: Membership,
    repairs: Repairs,
    stats: Stats,
    gossip: Gossip,
    /// No gossip tick comes before this.
    gossip_next: Instant,
    /// When somebody last pinged this node at the address of its record.
    pinged: Instant,
    suspicions: Suspicions,
    order: Order,
    rng: Rng,
    cold: Box<Cold>,
}

/// What a steady node does not touch.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Cold {
    config: Config,
    events: Events,
    relays: Relays,
    helpers: Helpers,
    cases: Cases,
    beating: Option<Beating>,
    contacts: Option<Contacts>,
    joining: Joining,
    book: Book,
    healing: Healing,
    goodbye: Goodbye,
    cookies: Cookies,
    conversation: Conversation,
    state: State,
    /// Owners whose maps have changed lately.
    heads: Backlog,
    state_repairs: Repairs,
    exchanges: Exchanges,
    flow: Flow,
    pace: Pace,
    watches: Watches,
    waits: Waits,
    mail: Mail,
    inbox: Inbox,
    pings: Pings,
    notes: Notes,
    takeovers: Takeovers,
    elsewhere: Elsewhere,
    rival: Rival,
    linking: Option<Box<linking::Linking>>,
    streams: Streams,
    quorum: Option<Box<Quorum>>,
    /// Which voter is told of next.
    voters_told: (Domain, NodeId),
}

/// Whether the node is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Leaving {
    Stays,
    /// The goodbye is being told.
    Leaves,
    HasLeft,
    /// Another node has this identity.
    Stopped,
}

impl Node {
    /// Takes in something that happened at `now`. A `now` before an earlier one counts as that one.
    ///
    /// # Errors
    /// [`Rejected`] when the input is refused; then nothing but a counter has changed.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) -> Result<(), Rejected> {
        let now = self.node_time(now);
        match input {
            Input::Datagram { from, bytes } => {
                let result = self.on_datagram(from, bytes, now);
                match result {
                    Ok(()) => self.mark_input(now),
                    Err(why) => {
                        self.stats.datagrams_rejected += 1;
                        let foreign = matches!(why, Rejected::Datagram(DecodeError::Cluster { .. }));
                        self.stats.datagrams_foreign += u64::from(foreign);
                        self.stats.datagrams_outside += u64::from(matches!(why, Rejected::NotAllowed { .. }));
                    }
                }
                self.let_timers_in(now);
                result
            }
            Input::StreamOpened { .. } | Input::StreamBytes { .. } | Input::StreamClosed { .. } => {
                let result = self.on_stream(input, now);
                match result {
                    Ok(()) => self.mark_input(now),
                    Err(_) => self.stats.streams_refused += 1,
                }
                self.schedule_streams();
                self.let_timers_in(now);
                result
            }
            Input::Timeout => {
                self.on_timeout(now);
                Ok(())
            }
            Input::Command(command) => {
                self.on_command(command, now)?;
                self.mark_input(now);
                Ok(())
            }
        }
    }

    /// So many inputs from outside come before timers that are overdue, and no more.
    fn let_timers_in(&mut self, now: Instant) {
        if self.deadlines.earliest().0 <= now {
            self.overdue += 1;
            if self.overdue >= OVERDUE_DATAGRAMS_MAX {
                self.on_timeout(now);
            }
        }
    }

    /// Whether somebody at this address may be a member.
    fn allows(&self, addr: SocketAddr) -> bool {
        self.allows_any || self.cold.config.allowed.contain(addr.ip())
    }

    /// The next event, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        if !self.has_events {
            return None;
        }
        let event = self.cold.events.pop();
        // Now, not when the next one is looked for in vain: that changes nothing, so that nobody need record it.
        self.has_events = self.cold.events.is_waiting();
        event
    }

    /// Drops the waiting events that are not wanted any more, such as answers that somebody has had already; the rest keeps
    /// its order. Costs as much as there are events.
    pub fn retain_events(&mut self, wanted: impl FnMut(&Event) -> bool) {
        self.cold.events.retain(wanted);
        self.has_events = self.cold.events.is_waiting();
    }

    /// Lets an event wait for the application.
    fn report(&mut self, event: Event) {
        self.has_events = true;
        self.cold.events.push(event);
    }

    /// The one deadline, in the embedder's time; `None` when only an input can change anything.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Wakeup> {
        let (at, timer) = self.deadlines.earliest();
        (at != Instant::NEVER).then(|| Wakeup { at: self.clock.outside(at), timer })
    }

    /// What the node knows, to be read.
    #[must_use]
    pub const fn view(&self) -> View<'_> {
        View::new(self)
    }
}
