//! How does a program talk to a node that runs in a thread of its own?
//!
//! Requests go in through one channel and wake the node; events come out through another. What can be asked is in
//! `requests.rs`.

use ::std::any::Any;
use ::std::collections::{BTreeMap, VecDeque};
use ::std::net::SocketAddr;
use ::std::panic;
use ::std::sync::Arc;
use ::std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError};
use ::std::thread::{self, JoinHandle};
use ::std::time::Duration;

use mio::Waker;
use quidnunc_core::{Command, Event, Farewell, Identity, NodeId, Rejected};

use super::driver::Driver;
use super::keeping::Progress;
use crate::error::{Error, RequestError};
use crate::options::Options;

/// Letters that a handle waits for have numbers from here on; those below are the application's.
const OWN_LETTERS: u64 = 1 << 63;

/// Nothing wakes the thread but what it waits for.
const FOREVER: Duration = Duration::from_secs(3600);

/// Starts a node in a thread of its own.
///
/// The events come as the node reports them, at most [`Config::events_max`](quidnunc_core::Config) of them
/// waiting; what does not fit is dropped and reported as [`Event::EventsLost`], letters of others
/// ([`Event::Message`]) too, though their senders were told that they have arrived. Who does not want events may drop the
/// receiver. The receiver ends when the node has stopped.
///
/// # Errors
/// [`Error`] as from [`Driver::bind`], or [`Error::Thread`].
pub fn spawn(options: Options) -> Result<(Handle, Receiver<Event>), Error> {
    let events_max = options.config.events_max;
    let driver = Driver::bind(options)?;
    let (identity, local_addr, waker) = (driver.identity(), driver.local_addr(), driver.waker());
    let (requests, requests_in) = mpsc::channel();
    let (events_out, events) = mpsc::sync_channel(events_max);
    let worker = Worker::new(driver, events_out);
    let thread = thread::Builder::new()
        .name(format!("quidnunc {}", local_addr.port()))
        .spawn(move || worker.run(&requests_in))
        .map_err(|source| Error::Thread { addr: local_addr, source })?;
    let caller = Caller { requests, waker };
    let handle = Handle { identity, local_addr, caller, thread: Some(thread) };
    Ok((handle, events))
}

/// A node that runs in a thread of its own. May be shared between threads.
///
/// Dropping it stops the node without a goodbye, as a crash would, and waits for the thread. The address is free again
/// then. To say goodbye, [`leave`](Self::leave) first.
#[derive(Debug)]
pub struct Handle {
    identity: Identity,
    local_addr: SocketAddr,
    caller: Caller,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

/// What the thread is asked to do. It answers through a channel of its own.
type Request = Box<dyn FnOnce(&mut Worker) + Send>;

/// Where an answer is awaited.
type Reply<T> = Sender<Result<T, RequestError>>;

/// Where requests go in.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    requests: Sender<Request>,
    waker: Arc<Waker>,
}

impl Caller {
    /// As [`Handle::act`].
    pub(super) fn act<T, F>(&self, job: F) -> Result<T, RequestError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Driver) -> Result<T, Rejected> + Send + 'static,
    {
        let answer = self.begin(move |worker, reply| {
            let _ = reply.send(Ok(job(&mut worker.driver)?));
            Ok(())
        })?;
        answer.recv().map_err(|_| RequestError::Stopped)?
    }

    /// Lets the node do something whose answer may come later: `begin` puts the reply where it will be found then.
    fn begin<T, F>(&self, begin: F) -> Result<Receiver<Result<T, RequestError>>, RequestError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Worker, Reply<T>) -> Result<(), Rejected> + Send + 'static,
    {
        let (reply, answer) = mpsc::channel();
        self.ask(Box::new(move |worker| {
            if let Err(rejected) = begin(worker, reply.clone()) {
                let _ = reply.send(Err(rejected.into()));
            }
        }))?;
        Ok(answer)
    }

    fn ask(&self, request: Request) -> Result<(), RequestError> {
        self.requests.send(request).map_err(|_| RequestError::Stopped)?;
        // Without a wake-up the node looks when something else wakes it.
        let _ = self.waker.wake();
        Ok(())
    }
}

impl Handle {
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

    /// Does something with the node, in its thread and between two turns of it: whatever [`Command`] there is can be given so,
    /// as in `act(|driver| driver.command(Command::RegisterGroup(group)))`. What comes of it is reported as events.
    ///
    /// `job` should be short and must not ask the same node anything, which would wait for itself; nor should it take events
    /// ([`Driver::poll_event`]), which are the receiver's. If it panics, the node stops.
    ///
    /// # Errors
    /// [`RequestError::Refused`] when the node refuses; [`RequestError::Stopped`].
    pub fn act<T, F>(&self, job: F) -> Result<T, RequestError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Driver) -> Result<T, Rejected> + Send + 'static,
    {
        self.caller.act(job)
    }

    /// As [`act`](Self::act) with something that writes to the own map; where that is kept, returns when the disk has it.
    pub(super) fn write<F>(&self, job: F) -> Result<(), RequestError>
    where
        F: FnOnce(&mut Driver) -> Result<(), Rejected> + Send + 'static,
    {
        let answer = self.caller.begin(move |worker, reply| {
            job(&mut worker.driver)?;
            if worker.driver.keeps_map() {
                worker.keepers.push_back((worker.driver.progress().changed, reply));
            } else {
                let _ = reply.send(Ok(()));
            }
            Ok(())
        })?;
        answer.recv().map_err(|_| RequestError::Stopped)?
    }

    /// Looks at the node and its sockets, as in `read(|driver| driver.view().live())`. The events that led to
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
        F: FnOnce(&Driver) -> T + Send + 'static,
    {
        self.act(|driver| Ok(look(driver)))
    }

    /// Says goodbye and waits until it is over ([`Event::Left`]), at most for `wait_max`: until enough members have
    /// confirmed that they know, or [`Config::leave_timeout`](quidnunc_core::Config::leave_timeout) has passed. Returns
    /// how many have; [`Event::Leaving`] tells of each meanwhile. The node answers the others until it is stopped.
    ///
    /// # Errors
    /// [`RequestError::StillLeaving`] when the wait was too short, [`RequestError::Refused`] when the node
    /// leaves already, [`RequestError::Stopped`].
    pub fn leave(&self, wait_max: Duration) -> Result<Farewell, RequestError> {
        let answer = self.caller.begin(|worker, reply| {
            worker.driver.command(Command::Leave)?;
            worker.leaver = Some(reply);
            Ok(())
        })?;
        match answer.recv_timeout(wait_max) {
            Ok(farewell) => farewell,
            Err(RecvTimeoutError::Timeout) => Err(RequestError::StillLeaving),
            Err(RecvTimeoutError::Disconnected) => Err(RequestError::Stopped),
        }
    }

    /// Pings a member and waits for the answer: how long it took, or `None` when there was none within
    /// [`Config::period`](quidnunc_core::Config::period). It is no probe: silence accuses nobody.
    ///
    /// # Errors
    /// [`RequestError::Refused`] for somebody who is no member, for the node itself, when too many pings are open, or
    /// after a [`leave`](Self::leave); [`RequestError::Stopped`].
    pub fn ping(&self, id: NodeId) -> Result<Option<Duration>, RequestError> {
        let answer = self.caller.begin(move |worker, reply| {
            worker.driver.command(Command::Ping { id })?;
            worker.pingers.push((id, reply));
            Ok(())
        })?;
        answer.recv().map_err(|_| RequestError::Stopped)?
    }

    /// Sends a letter to the application of a member over a stream, and waits until that member has taken it. Letters to one
    /// member arrive in the order in which they were sent. Who does not want to wait gives [`Command::Send`] to
    /// [`act`](Self::act), with a number below 2^63, and reads [`Event::Sent`] and [`Event::NotSent`].
    ///
    /// # Errors
    /// [`RequestError::NotSent`] when it is not known to have arrived; [`RequestError::Refused`] without streams, for a letter
    /// that is too long, for somebody who is no live member, when too much waits, or after a [`leave`](Self::leave);
    /// [`RequestError::Stopped`].
    pub fn send(&self, to: NodeId, bytes: &[u8]) -> Result<(), RequestError> {
        let bytes = bytes.to_vec();
        let answer = self.caller.begin(move |worker, reply| {
            let number = worker.next_letter;
            worker.driver.command(Command::Send { to, number, bytes: &bytes })?;
            worker.next_letter += 1;
            worker.writers.insert(number, reply);
            Ok(())
        })?;
        answer.recv().map_err(|_| RequestError::Stopped)?
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

    /// Where requests go in, for whoever asks in the name of this handle.
    pub(super) fn caller(&self) -> Caller {
        self.caller.clone()
    }

    fn end(&mut self) -> Result<Result<(), Error>, Box<dyn Any + Send>> {
        // It may have stopped already.
        let _ = self.caller.ask(Box::new(|worker| worker.stops = true));
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
    driver: Driver,
    events: SyncSender<Event>,
    events_lost: u64,
    leaver: Option<Reply<Farewell>>,
    /// Who waits for the answer to a ping.
    pingers: Vec<(NodeId, Reply<Option<Duration>>)>,
    /// Who waits to hear what became of a letter, by its number.
    writers: BTreeMap<u64, Reply<()>>,
    next_letter: u64,
    /// Who waits until a change is on the disk, in the order of the changes.
    keepers: VecDeque<(u64, Reply<()>)>,
    stops: bool,
}

impl Worker {
    fn new(driver: Driver, events: SyncSender<Event>) -> Self {
        let (pingers, writers, keepers) = (Vec::new(), BTreeMap::new(), VecDeque::new());
        Self {
            driver,
            events,
            events_lost: 0,
            leaver: None,
            pingers,
            writers,
            next_letter: OWN_LETTERS,
            keepers,
            stops: false,
        }
    }

    /// Runs until the handle is gone or a socket breaks. One request per turn, so that neither requests
    /// nor datagrams starve the other.
    fn run(mut self, requests: &Receiver<Request>) -> Result<(), Error> {
        while !self.stops {
            let wait_max = match requests.try_recv() {
                Ok(request) => {
                    request(&mut self);
                    Duration::ZERO
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => FOREVER,
            };
            self.driver.turn(wait_max)?;
            self.pass_events();
            self.pass_progress();
        }
        Ok(())
    }

    /// Empties the node's queue in every turn, whether or not anybody reads the events: whoever waits for an answer
    /// finds it behind them.
    fn pass_events(&mut self) {
        while let Some(event) = self.driver.poll_event() {
            let farewell = if let Event::Left(farewell) = event { Some(farewell) } else { None };
            if !self.answer(&event) {
                self.pass(event);
            }
            if let Some(farewell) = farewell
                && let Some(reply) = self.leaver.take()
            {
                let _ = reply.send(Ok(farewell));
            }
        }
        self.tell_lost();
    }

    /// Answers whoever waits for just this. Returns whether somebody did.
    fn answer(&mut self, event: &Event) -> bool {
        if let Event::Pinged { id, rtt } = *event
            && let Some(place) = self.pingers.iter().position(|&(of, _)| of == id)
        {
            let _ = self.pingers.remove(place).1.send(Ok(rtt));
            return true;
        }
        let (number, end) = if let Event::Sent { number } = *event {
            (number, Ok(()))
        } else if let Event::NotSent { number, why } = *event {
            (number, Err(RequestError::NotSent(why)))
        } else {
            return false;
        };
        let writer = self.writers.remove(&number);
        writer.is_some_and(|reply| {
            let _ = reply.send(end);
            true
        })
    }

    /// Answers whoever waits for the disk.
    fn pass_progress(&mut self) {
        let Progress { kept, failed, .. } = self.driver.progress();
        while self.keepers.front().is_some_and(|&(change, _)| change <= kept.max(failed))
            && let Some((change, reply)) = self.keepers.pop_front()
        {
            let _ = reply.send(if change <= kept { Ok(()) } else { Err(RequestError::NotKept) });
        }
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
