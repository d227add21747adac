//! How does one node live on one thread?
//!
//! One UDP socket, one deadline, and a TCP listener where the config has streams. The core says what to send and when it
//! wants to be woken; the loop sends, sleeps until something comes, somebody wakes it or the deadline is there, and hands over
//! which of them it was.
//!
//! Invariant: whatever the network does, a turn ends in bounded time, and only a broken socket ends the loop.

use ::std::io;
use ::std::net::SocketAddr;
#[cfg(unix)]
use ::std::os::fd::{AsFd, BorrowedFd};
use ::std::sync::Arc;
use ::std::time::Duration;

use mio::{Events, Interest, Poll, Token, Waker};
use quidnunc_core::{Command, Event, Identity, Input, Instant, Rejected, SEEDS_MAX, View};

use super::keeping::{Keeper, Progress, recall, remember};
use super::socket::Socket;
use super::sources::Sources;
use super::streams::{FIRST_TOKEN, Host, Streams};
use crate::clock::Clock;
use crate::durable::{DurableError, Trouble};
use crate::error::Error;
use crate::kinds::{is_silence, is_transient};
use crate::options::{Options, SocketStats};
use crate::subject::Subject;
use crate::transport::Transport;

/// Room for any UDP payload there is, so that none comes in cut short.
const INCOMING_BYTES: usize = 1 << 16;

/// So many datagrams are read in one turn; then the deadline, streams and whoever asks for something have theirs.
const DATAGRAMS_PER_TURN: usize = 64;

/// So much the system tells at a time.
const EVENTS_PER_TURN: usize = 128;

const UDP: Token = Token(0);
const WAKE: Token = Token(1);
const ACCEPT: Token = Token(FIRST_TOKEN - 1);

/// A node and its sockets, for a loop on a thread of your own. [`spawn`](super::spawn) is that loop.
///
/// ```no_run
/// use quidnunc::{Command, NodeId, Options, std::Driver};
/// use std::time::Duration;
///
/// let mut driver = Driver::bind(Options::new(NodeId::from_name("n2"), "10.0.0.2:7946".parse()?))?;
/// driver.command(Command::Join { seeds: &["10.0.0.1:7946".parse()?] })?;
/// loop {
///     driver.turn(Duration::from_millis(100))?;
///     while let Some(event) = driver.poll_event() {
///         println!("{event:?}, {} live", driver.view().live());
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Driver {
    node: Subject,
    clock: Clock,
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    socket: Socket,
    /// Whether datagrams may wait in the socket: the system tells of new ones only.
    may_read: bool,
    /// Whether the system may have more to tell than it did.
    may_poll: bool,
    streams: Option<Streams>,
    keeper: Option<Keeper>,
    trouble: Option<Trouble>,
    identity: Identity,
    local_addr: SocketAddr,
    stats: SocketStats,
    transport: Transport,
    pub(super) sources: Sources,
    incoming: Vec<u8>,
}

impl Driver {
    /// Opens the sockets and makes the node, which knows only itself, and what it has kept with [`Options::state`]: then it
    /// begins a new life that is on the disk, and joins those whom the life before knew.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that cannot work, an address that others cannot reach among them; [`Error::Addresses`];
    /// `Error::Seal` for a seal that cannot work, [`Error::SealLost`] for one that is missing; [`Error::Bind`], [`Error::Socket`], [`Error::Seed`] and [`Error::Thread`]
    /// when the system refuses; [`Error::State`] when what is kept cannot be read or written.
    pub fn bind(mut options: Options) -> Result<Self, Error> {
        let clock = Clock::start();
        let (durable, kept) = recall(&options)?;
        let transport = Transport::new(&mut options, &kept, clock.now())?;
        options.config.validate()?;
        let (bind, limits) = (options.bind, options.config.streams);
        let failed = |action| move |source| Error::Socket { action, addr: bind, source };
        let (mut socket, listener) = Socket::open(bind, limits.is_some())?;
        let local_addr = socket.udp().local_addr().map_err(failed("ask the address of"))?;
        let poll = Poll::new().map_err(failed("watch"))?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE).map_err(failed("watch"))?);
        poll.registry().register(socket.udp(), UDP, Interest::READABLE).map_err(failed("watch"))?;
        let registry = poll.registry().try_clone().map_err(failed("watch"))?;
        let streams = match (listener, limits) {
            (Some(mut listener), Some(limits)) => {
                registry.register(&mut listener, ACCEPT, Interest::READABLE).map_err(failed("watch"))?;
                Some(Streams::new(listener, registry, limits.most))
            }
            _ => None,
        };
        let keeper = durable.map(|durable| remember((durable, &kept), &mut options, local_addr, &waker)).transpose()?;
        let (values, also) = (kept.values(), options.also_at(local_addr));
        let (mut node, identity) = options.start(local_addr, clock.now(), Some(kept.snapshot(&values)))?;
        node.handle(clock.now(), Input::Command(Command::Addresses { also: &also })).map_err(Error::Addresses)?;
        let mut seeds = kept.peers;
        seeds.retain(|&seed| node.view().allows(seed));
        seeds.truncate(SEEDS_MAX);
        // None are refused, and that is right then.
        let _ = node.handle(clock.now(), Input::Command(Command::Join { seeds: &seeds }));
        Ok(Self {
            node: Subject::from(node),
            clock,
            poll,
            events: Events::with_capacity(EVENTS_PER_TURN),
            waker,
            socket,
            may_read: true,
            may_poll: false,
            streams,
            keeper,
            trouble: kept.trouble,
            identity,
            local_addr,
            stats: SocketStats::default(),
            transport,
            sources: Sources::default(),
            incoming: vec![0; INCOMING_BYTES],
        })
    }

    /// Who the node is at its start, and where the others reach it.
    #[must_use]
    pub const fn identity(&self) -> Identity {
        self.identity
    }

    /// Where the sockets listen.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// What the node knows.
    #[must_use]
    pub const fn view(&self) -> View<'_> {
        self.node.view()
    }

    /// What time it is for the node: by this clock are the instants that the view shows.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// What the sockets did not do.
    #[must_use]
    pub const fn socket_stats(&self) -> SocketStats {
        self.stats
    }

    /// The node's seal: its keys, its mode, what it refused. `None` when nothing is sealed. What is changed here is kept and told
    /// to the others by the next [`turn`](Self::turn), and is on the disk when [`progress`](Self::progress) says so of all that has
    /// changed until then.
    #[cfg(feature = "crypto")]
    pub fn seal(&mut self) -> Option<&mut quidnunc_core::seal::Seal> {
        self.transport.seal()
    }

    /// Who in the cluster has which key, as far as it has come here. `None` when nothing is sealed.
    #[cfg(feature = "crypto")]
    #[must_use]
    pub fn keys(&self) -> Option<crate::ClusterKeys> {
        self.transport.keys(self.node.view(), self.identity.id)
    }

    /// Has the disk keep a key ring that has changed, and tells the others of it once it is kept.
    #[cfg(feature = "crypto")]
    pub(crate) fn follow_seal(&mut self) {
        let now = self.clock.now();
        let Some(sealed) = self.transport.sealed() else { return };
        if let Some(ring) = sealed.changed_ring() {
            if let Some(keeper) = &mut self.keeper {
                keeper.note_ring(ring, now);
            }
            sealed.tell_after(now, self.keeper.as_ref().map_or(0, |keeper| keeper.progress().changed));
        }
        let kept = self.keeper.as_ref().map_or(0, |keeper| keeper.progress().kept);
        if let Some(report) = sealed.report_due(now, kept) {
            let is_taken = self.command(Command::Put { key: crate::SEAL_KEY, value: &report }).is_ok();
            self.transport.sealed().into_iter().for_each(|sealed| sealed.told(now, is_taken));
        }
    }

    /// What ends the sleep of a [`turn`](Self::turn) from another thread.
    #[must_use]
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Tells the node what you want of it. It acts in the next [`turn`](Self::turn).
    ///
    /// # Errors
    /// [`Rejected`] when the node refuses.
    pub fn command(&mut self, command: Command<'_>) -> Result<(), Rejected> {
        let now = self.clock.now();
        self.node.handle(now, Input::Command(command))?;
        let writes = matches!(
            command,
            Command::Put { .. }
                | Command::PutWithTtl { .. }
                | Command::PutAndWait { .. }
                | Command::Delete { .. }
                | Command::Addresses { .. }
        );
        if let Some(keeper) = self.keeper.as_mut().filter(|_| writes) {
            keeper.note_map(now);
        }
        Ok(())
    }

    /// Records from the end of the next [`turn`](Self::turn) on what happens to the node, besides whoever records already. It ends
    /// with the driver, or when the recorder's sink takes nothing any more.
    #[cfg(feature = "record")]
    pub fn record(&mut self, recorder: quidnunc_record::Recorder) {
        self.node.record(recorder);
    }

    /// Ends every recording; what was recorded last is let out.
    #[cfg(feature = "record")]
    pub fn stop_recording(&mut self) {
        self.node.stop_recording();
    }

    /// The next event, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.node.poll_event()
    }

    /// Drops the waiting events that are not wanted any more; see [`Node::retain_events`](quidnunc_core::Node::retain_events).
    pub fn retain_events(&mut self, wanted: impl FnMut(&Event) -> bool) {
        self.node.retain_events(wanted);
    }

    /// How far what must survive is on the disk; always all of it without [`Options::state`].
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.keeper.as_ref().map_or_else(Progress::default, Keeper::progress)
    }

    /// Whether the own map survives the process.
    pub(crate) fn keeps_map(&self) -> bool {
        self.keeper.as_ref().is_some_and(Keeper::keeps_map)
    }

    /// Why the latest save failed, if it did. It is tried again every second.
    #[must_use]
    pub fn state_error(&self) -> Option<&DurableError> {
        self.keeper.as_ref().and_then(Keeper::error)
    }

    /// What was wrong with the file of state at the start, if anything was: it was set aside then.
    #[must_use]
    pub const fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Sends what waits, sleeps until something comes, the driver is woken or the node's deadline is there, but not longer
    /// than `wait_max`, hands over what it was, and sends what the node answers.
    ///
    /// Call it again soon: between two turns nobody answers for this node, and others may think it dead.
    ///
    /// # Errors
    /// [`Error::Socket`] when a socket is broken. Errors that pass by themselves are counted instead.
    pub fn turn(&mut self, wait_max: Duration) -> Result<(), Error> {
        self.transport.wake(self.clock.now());
        self.send_all();
        self.sleep(wait_max).map_err(|source| self.failed("wait for", source))?;
        self.transport.wake(self.clock.now());
        // An answer that lies in the socket already is read before the deadline that would judge it late.
        self.read_datagrams()?;
        if self.node.poll_timeout().is_some_and(|wakeup| wakeup.at <= self.clock.now()) {
            // A timeout is never refused.
            let _ = self.node.handle(self.clock.now(), Input::Timeout);
        }
        if let Some(keeper) = &mut self.keeper {
            keeper.turn(self.node.view(), self.clock.now());
        }
        #[cfg(feature = "crypto")]
        self.follow_seal();
        self.send_all();
        #[cfg(feature = "record")]
        if self.node.is_recorded() {
            self.node.turn(self.clock.now(), crate::clock::boot_now);
        }
        Ok(())
    }

    /// The machine sleeps, as far as the node can tell.
    #[cfg(test)]
    pub(super) fn suspend(&mut self, slept: Duration) {
        self.clock.skip(slept);
    }

    /// For how long no [`turn`](Self::turn) is due unless something comes; `None` for ever. For a loop that waits by other
    /// means: where there are files, the driver is one that can be read when something has come ([`AsFd`](::std::os::fd::AsFd)).
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        let streams = self.streams.as_ref();
        if self.may_read || self.may_poll || streams.is_some_and(Streams::has_more) {
            return Some(Duration::ZERO);
        }
        let deadlines = [
            self.node.poll_timeout().map(|wakeup| wakeup.at),
            streams.and_then(Streams::next_deadline),
            self.keeper.as_ref().and_then(Keeper::next_deadline),
        ];
        let now = self.clock.now();
        deadlines.into_iter().flatten().map(|at| at.since(now)).min()
    }

    /// Sleeps, and notes what has come.
    fn sleep(&mut self, wait_max: Duration) -> io::Result<()> {
        let wait = self.wait().map_or(wait_max, |wait| wait.min(wait_max));
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if !is_silence(&error) => return Err(error),
            Ok(()) | Err(_) => {}
        }
        self.may_poll = self.events.iter().count() == EVENTS_PER_TURN;
        for event in &self.events {
            match (event.token(), &mut self.streams) {
                (UDP, _) => self.may_read = true,
                (ACCEPT, Some(streams)) => streams.may_accept(),
                (WAKE, _) | (_, None) => {}
                (stream, Some(streams)) => streams.may_go_on(stream, event.is_readable(), event.is_writable()),
            }
        }
        Ok(())
    }

    fn read_datagrams(&mut self) -> Result<(), Error> {
        for _ in 0..DATAGRAMS_PER_TURN {
            if !self.may_read {
                break;
            }
            match self.socket.receive(&mut self.incoming) {
                Ok((len, from)) => {
                    let now = self.clock.now();
                    let taken = self.transport.open(now, from, &mut self.incoming[..len], &mut self.node);
                    self.sources.note(from, taken, now);
                }
                Err(error) if is_silence(&error) => self.may_read = false,
                Err(error) if is_transient(&error) => self.stats.receives_failed += 1,
                Err(source) => return Err(self.failed("receive on", source)),
            }
        }
        Ok(())
    }

    fn send_all(&mut self) {
        if let Some(streams) = &mut self.streams {
            let (node, transport, clock) = (&mut self.node, &mut self.transport, self.clock);
            streams.turn(&mut Host { node, transport, clock, stats: &mut self.stats, buffer: &mut self.incoming });
        }
        while let Some((to, bytes)) = self.transport.poll_transmit(self.clock.now(), &mut self.node) {
            if self.socket.send(bytes, to).is_err() {
                self.stats.sends_failed += 1;
            }
        }
    }

    fn failed(&self, action: &'static str, source: io::Error) -> Error {
        Error::Socket { action, addr: self.local_addr, source }
    }
}

#[cfg(unix)]
impl AsFd for Driver {
    /// A file that can be read when something has come.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poll.registry().as_fd()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            keeper.finish(self.node.view(), self.clock.now());
        }
    }
}
