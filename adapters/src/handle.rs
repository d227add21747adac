//! How does a program talk to a node that runs in a thread of its own?
//!
//! Requests go in through one channel, events come out through another. The thread sleeps in its socket,
//! so it looks for requests at least every [`REQUEST_LATENCY_MAX`]; std has no way to wait for a socket and
//! a channel at once, and a second thread or a datagram to oneself would cost more than they save.

use std::any::Any;
use std::net::SocketAddr;
use std::panic;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use quidnunc_core::{Command, Event, Farewell, Identity, MemberView, NodeId, Rejected, Stats};

use crate::error::{Error, RequestError};
use crate::udp::{Options, UdpDriver};

/// An idle node sees a request this much later at most (the system's timer granularity comes on top).
pub const REQUEST_LATENCY_MAX: Duration = Duration::from_millis(20);

/// Starts a node in a thread of its own.
///
/// The events come as the node reports them, at most [`Config::events_max`](quidnunc_core::Config) of them
/// waiting; what does not fit is dropped and reported as [`Event::EventsLost`]. Who does not want events
/// may drop the receiver. The receiver ends when the node has stopped.
///
/// # Errors
/// [`Error`] as from [`UdpDriver::bind`], or [`Error::Thread`].
pub fn spawn(options: Options) -> Result<(Handle, Receiver<Event>), Error> {
    let events_max = options.config.events_max;
    let driver = UdpDriver::bind(options)?;
    let (identity, local_addr) = (driver.identity(), driver.local_addr());
    let (requests, requests_in) = mpsc::channel();
    let (events_out, events) = mpsc::sync_channel(events_max);
    let worker = Worker { driver, requests: requests_in, events: events_out, events_lost: 0, leaver: None };
    let thread = thread::Builder::new()
        .name(format!("quidnunc {}", local_addr.port()))
        .spawn(move || worker.run())
        .map_err(|source| Error::Thread { addr: local_addr, source })?;
    let handle = Handle { identity, local_addr, requests: Some(requests), thread: Some(thread) };
    Ok((handle, events))
}

/// A node that runs in a thread of its own. May be shared between threads.
///
/// Dropping it stops the node without a goodbye, as a crash would, and waits for the thread: about
/// [`REQUEST_LATENCY_MAX`]. The address is free again then. To say goodbye, [`leave`](Self::leave) first.
#[derive(Debug)]
pub struct Handle {
    identity: Identity,
    local_addr: SocketAddr,
    requests: Option<Sender<Request>>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

/// What the thread is asked to do. It answers through the sender.
enum Request {
    Join { seeds: Vec<SocketAddr>, reply: Sender<Result<(), Rejected>> },
    Write { write: Write, reply: Sender<Result<(), Rejected>> },
    Leave { reply: Sender<Result<Farewell, Rejected>> },
    Remove { id: NodeId, reply: Sender<Result<(), Rejected>> },
    Read(Box<dyn FnOnce(&UdpDriver) + Send>),
}

/// Something about keys that the application wants, on its way to the node's thread.
enum Write {
    Put { key: Vec<u8>, value: Vec<u8>, ttl: Option<Duration> },
    PutAndWait { key: Vec<u8>, value: Vec<u8>, replicas: u32, domains: u32, timeout: Duration },
    Delete { key: Vec<u8> },
    Watch { prefix: Vec<u8> },
}

impl Write {
    fn as_command(&self) -> Command<'_> {
        match self {
            Self::Put { key, value, ttl: None } => Command::Put { key, value },
            Self::Put { key, value, ttl: Some(ttl) } => Command::PutWithTtl { key, value, ttl: *ttl },
            Self::PutAndWait { key, value, replicas, domains, timeout } => {
                Command::PutAndWait { key, value, replicas: *replicas, domains: *domains, timeout: *timeout }
            }
            Self::Delete { key } => Command::Delete { key },
            Self::Watch { prefix } => Command::Watch { prefix },
        }
    }
}

impl Handle {
    /// Who the node is at its start, and where the others reach it.
    #[must_use]
    pub const fn identity(&self) -> Identity {
        self.identity
    }

    /// Where the socket listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Asks to become a member of the cluster that one of the seeds belongs to. [`Event::Joined`] follows
    /// when one of them let the node in; until then they are asked in turn, again and again.
    ///
    /// # Errors
    /// [`RequestError::Refused`] without seeds, with too many, or after a [`leave`](Self::leave);
    /// [`RequestError::Stopped`].
    pub fn join(&self, seeds: &[SocketAddr]) -> Result<(), RequestError> {
        self.request(|reply| Request::Join { seeds: seeds.to_vec(), reply })
    }

    /// Lets a key of the node's own map stand for a value, for ever or for a while. All members hear of it.
    ///
    /// # Errors
    /// [`RequestError::Refused`] when key or value is too long, the map is full, the time is none that can be told,
    /// or after a [`leave`](Self::leave); [`RequestError::Stopped`].
    pub fn put(&self, key: &[u8], value: &[u8], ttl: Option<Duration>) -> Result<(), RequestError> {
        self.write(Write::Put { key: key.to_vec(), value: value.to_vec(), ttl })
    }

    /// Lets a key of the node's own map stand for a value for ever, and reports when so many others in so many domains
    /// hold it: [`Event::Replicated`] follows, or [`Event::NotReplicated`] after the timeout. Returns at once.
    ///
    /// # Errors
    /// [`RequestError::Refused`] as from [`put`](Self::put), without replicas, with more domains than replicas, for a
    /// timeout that is too short or too long, or when too many waits are open; [`RequestError::Stopped`].
    pub fn put_and_wait(
        &self,
        key: &[u8],
        value: &[u8],
        (replicas, domains): (u32, u32),
        timeout: Duration,
    ) -> Result<(), RequestError> {
        let (key, value) = (key.to_vec(), value.to_vec());
        self.write(Write::PutAndWait { key, value, replicas, domains, timeout })
    }

    /// Lets a key of the node's own map stand for nothing.
    ///
    /// # Errors
    /// [`RequestError::Refused`] for a key that cannot be, or after a [`leave`](Self::leave);
    /// [`RequestError::Stopped`].
    pub fn delete(&self, key: &[u8]) -> Result<(), RequestError> {
        self.write(Write::Delete { key: key.to_vec() })
    }

    /// Reports from now on what becomes of all keys with a prefix, whoever owns them ([`Event::Value`]).
    ///
    /// # Errors
    /// [`RequestError::Refused`] when too many prefixes are watched, or after a [`leave`](Self::leave);
    /// [`RequestError::Stopped`].
    pub fn watch(&self, prefix: &[u8]) -> Result<(), RequestError> {
        self.write(Write::Watch { prefix: prefix.to_vec() })
    }

    fn write(&self, write: Write) -> Result<(), RequestError> {
        self.request(|reply| Request::Write { write, reply })
    }

    /// Asks for what the node does, or refuses, at once.
    fn request(&self, of: impl FnOnce(Sender<Result<(), Rejected>>) -> Request) -> Result<(), RequestError> {
        let (reply, answer) = mpsc::channel();
        self.ask(of(reply))?;
        Ok(answer.recv().map_err(|_| RequestError::Stopped)??)
    }

    /// Says goodbye and waits until it is over ([`Event::Left`]), at most for `wait_max`: until enough members have
    /// confirmed that they know, or [`Config::leave_timeout`](quidnunc_core::Config::leave_timeout) has passed. Returns
    /// how many have. The node answers the others until it is stopped.
    ///
    /// # Errors
    /// [`RequestError::StillLeaving`] when the wait was too short, [`RequestError::Refused`] when the node
    /// leaves already, [`RequestError::Stopped`].
    pub fn leave(&self, wait_max: Duration) -> Result<Farewell, RequestError> {
        let (reply, answer) = mpsc::channel();
        self.ask(Request::Leave { reply })?;
        match answer.recv_timeout(wait_max) {
            Ok(farewell) => Ok(farewell?),
            Err(RecvTimeoutError::Timeout) => Err(RequestError::StillLeaving),
            Err(RecvTimeoutError::Disconnected) => Err(RequestError::Stopped),
        }
    }

    /// Declares that a dead member will not come back in this life; see [`Command::Remove`].
    ///
    /// # Errors
    /// [`RequestError::Refused`] when the member is not dead, or after a [`leave`](Self::leave);
    /// [`RequestError::Stopped`].
    pub fn remove(&self, id: NodeId) -> Result<(), RequestError> {
        self.request(|reply| Request::Remove { id, reply })
    }

    /// Every member that was ever heard of, the dead included, this node first.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn members(&self) -> Result<Vec<MemberView>, RequestError> {
        self.read(|driver| driver.view().members().collect())
    }

    /// What the node has counted since its start.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn stats(&self) -> Result<Stats, RequestError> {
        self.read(|driver| *driver.view().stats())
    }

    /// Looks at the node and its socket, as in `read(|driver| driver.view().live())`. The events that led to
    /// what is seen are in the receiver already.
    ///
    /// `look` runs in the node's thread: it should be short and must not ask the same node anything, which
    /// would wait for itself. If it panics, the node stops.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub fn read<T, F>(&self, look: F) -> Result<T, RequestError>
    where
        T: Send + 'static,
        F: FnOnce(&UdpDriver) -> T + Send + 'static,
    {
        let (reply, answer) = mpsc::channel();
        self.ask(Request::Read(Box::new(move |driver| {
            let _ = reply.send(look(driver));
        })))?;
        answer.recv().map_err(|_| RequestError::Stopped)
    }

    /// Stops the node without a goodbye.
    ///
    /// # Errors
    /// The [`Error`] with which the node had stopped before, if it had.
    ///
    /// # Panics
    /// With the panic of the node's thread, if it had one.
    pub fn stop(mut self) -> Result<(), Error> {
        self.end().unwrap_or_else(|panic| panic::resume_unwind(panic))
    }

    fn ask(&self, request: Request) -> Result<(), RequestError> {
        let requests = self.requests.as_ref().ok_or(RequestError::Stopped)?;
        requests.send(request).map_err(|_| RequestError::Stopped)
    }

    fn end(&mut self) -> Result<Result<(), Error>, Box<dyn Any + Send>> {
        self.requests = None;
        match self.thread.take() {
            Some(thread) => thread.join(),
            None => Ok(Ok(())),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Who wants to know how it ended calls `stop`.
        let _ = self.end();
    }
}

/// What lives in the thread.
struct Worker {
    driver: UdpDriver,
    requests: Receiver<Request>,
    events: SyncSender<Event>,
    events_lost: u64,
    leaver: Option<Sender<Result<Farewell, Rejected>>>,
}

impl Worker {
    /// Runs until the handle is gone or the socket breaks. One request per turn, so that neither requests
    /// nor datagrams starve the other.
    fn run(mut self) -> Result<(), Error> {
        loop {
            let wait_max = match self.requests.try_recv() {
                Ok(request) => {
                    self.serve(request);
                    Duration::ZERO
                }
                Err(TryRecvError::Empty) => REQUEST_LATENCY_MAX,
                Err(TryRecvError::Disconnected) => return Ok(()),
            };
            self.driver.turn(wait_max)?;
            self.pass_events();
        }
    }

    /// Nobody waits for an answer that cannot be sent.
    fn serve(&mut self, request: Request) {
        match request {
            Request::Join { seeds, reply } => {
                let _ = reply.send(self.driver.command(Command::Join { seeds: &seeds }));
            }
            Request::Write { write, reply } => {
                let _ = reply.send(self.driver.command(write.as_command()));
            }
            Request::Leave { reply } => match self.driver.command(Command::Leave) {
                Ok(()) => self.leaver = Some(reply),
                Err(rejected) => {
                    let _ = reply.send(Err(rejected));
                }
            },
            Request::Remove { id, reply } => {
                let _ = reply.send(self.driver.command(Command::Remove { id }));
            }
            Request::Read(look) => look(&self.driver),
        }
    }

    /// Empties the node's queue in every turn, whether or not anybody reads the events: were they left in
    /// there, `Left` could be among those that the node drops, and a leaver would wait in vain.
    fn pass_events(&mut self) {
        while let Some(event) = self.driver.poll_event() {
            let farewell = if let Event::Left(farewell) = event { Some(farewell) } else { None };
            self.pass(event);
            if let Some(farewell) = farewell
                && let Some(reply) = self.leaver.take()
            {
                let _ = reply.send(Ok(farewell));
            }
        }
        self.tell_lost();
    }

    fn pass(&mut self, event: Event) {
        if let Event::EventsLost { count } = event {
            self.events_lost += count;
        } else if !self.tell_lost() || self.events.try_send(event).is_err() {
            self.events_lost += 1;
        }
    }

    /// Says that events were lost, in the place where they are missing. `false` while there is no room.
    fn tell_lost(&mut self) -> bool {
        if self.events_lost > 0 && self.events.try_send(Event::EventsLost { count: self.events_lost }).is_ok() {
            self.events_lost = 0;
        }
        self.events_lost == 0
    }
}
