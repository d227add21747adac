//! What lives where a node runs: it does what is asked of the node, and passes on what the node reports.
//!
//! A thread of std and a task of tokio differ in how they wait, and in nothing else: requests come in through one channel and
//! wake the node, every answer goes back through a channel of its own, events come out through one that is bounded.
//!
//! Invariant: whoever asks has an answer, whether or not anybody reads the events. What nobody reads stays in the core, which
//! joins what belongs together, takes no more letters of others, and counts what is lost.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use mio::Waker;
use quidnunc_core::{Command, Event, Farewell, NodeId, Rejected};

use crate::error::{Error, RequestError};
use crate::seeds::Lookups;
use crate::std::{Driver, Progress};

/// Letters that a handle waits for have numbers from here on; those below are the application's.
const OWN_LETTERS: u64 = 1 << 63;

/// What a worker is asked to do. It answers through a channel of its own.
type Request = Box<dyn FnOnce(&mut Worker) + Send>;

/// Where an answer is awaited, and from where it comes: on a thread with `recv`, in a task with `await`.
type Reply<T> = oneshot::Sender<Result<T, RequestError>>;
pub(crate) type Answer<T> = oneshot::Receiver<Result<T, RequestError>>;

/// Where requests go in.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    requests: Sender<Request>,
    waker: Arc<Waker>,
    pub(crate) lookups: Lookups,
}

impl Caller {
    /// Does something with the driver, between two turns of it.
    pub(crate) fn act<T, F>(&self, job: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Driver) -> Result<T, Rejected> + Send + 'static,
    {
        self.ask(move |worker, reply| answer(reply, job(&mut worker.driver).map_err(RequestError::from)))
    }

    /// As [`act`](Self::act) with something that writes to the own map; where that is kept, answers when the disk has it.
    pub(crate) fn write<F>(&self, job: F) -> Answer<()>
    where
        F: FnOnce(&mut Driver) -> Result<(), Rejected> + Send + 'static,
    {
        self.ask(move |worker, reply| {
            let done = job(&mut worker.driver);
            if !worker.driver.keeps_map() {
                answer(reply, done.map_err(RequestError::from));
            } else if let Some(reply) = unless_refused(done, reply) {
                worker.keepers.push_back((worker.driver.progress().changed, reply));
            }
        })
    }

    /// As [`write`](Self::write) with something that is kept wherever anything is.
    #[cfg(feature = "crypto")]
    pub(crate) fn keep<F>(&self, job: F) -> Answer<()>
    where
        F: FnOnce(&mut Driver) -> Result<(), RequestError> + Send + 'static,
    {
        self.ask(move |worker, reply| match job(&mut worker.driver) {
            Ok(()) => worker.keepers.push_back((worker.driver.progress().changed, reply)),
            Err(error) => answer(reply, Err(error)),
        })
    }

    /// Says goodbye; answers when that is over.
    pub(crate) fn leave(&self) -> Answer<Farewell> {
        self.ask(|worker, reply| {
            if let Some(reply) = unless_refused(worker.driver.command(Command::Leave), reply) {
                worker.waiting.leaver = Some(reply);
            }
        })
    }

    /// Pings a member; answers with how long that took.
    pub(crate) fn ping(&self, id: NodeId) -> Answer<Option<Duration>> {
        self.ask(move |worker, reply| {
            if let Some(reply) = unless_refused(worker.driver.command(Command::Ping { id }), reply) {
                worker.waiting.pingers.push((id, reply));
            }
        })
    }

    /// Sends a letter; answers when it has arrived.
    pub(crate) fn send(&self, to: NodeId, bytes: &[u8]) -> Answer<()> {
        let bytes = bytes.to_vec();
        self.ask(move |worker, reply| {
            let number = worker.next_letter;
            let done = worker.driver.command(Command::Send { to, number, bytes: &bytes });
            if let Some(reply) = unless_refused(done, reply) {
                worker.next_letter += 1;
                worker.waiting.writers.insert(number, reply);
            }
        })
    }

    /// Ends the worker, without a goodbye.
    pub(crate) fn stop(&self) {
        // It may have stopped already.
        let _ = self.ask::<(), _>(|worker, _| worker.stops = true);
    }

    /// Lets the worker do something whose answer may come later: `begin` puts the reply where it is found then. If the worker
    /// has stopped, the reply is dropped with the request, and that ends the wait.
    fn ask<T, F>(&self, begin: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Worker, Reply<T>) + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        if self.requests.send(Box::new(move |worker| begin(worker, reply))).is_ok() {
            // Without a wake-up the node looks when something else wakes it.
            let _ = self.waker.wake();
        }
        answer
    }
}

/// Answers. Nobody may wait any more.
fn answer<T>(reply: Reply<T>, what: Result<T, RequestError>) {
    let _ = reply.send(what);
}

/// The reply, unless it has just been told that the node refused.
fn unless_refused<T>(done: Result<(), Rejected>, reply: Reply<T>) -> Option<Reply<T>> {
    match done {
        Ok(()) => Some(reply),
        Err(rejected) => {
            answer(reply, Err(rejected.into()));
            None
        }
    }
}

/// Where events go out: takes one, or gives it back while there is no room. Whoever wants none takes all.
pub(crate) type Outlet = Box<dyn FnMut(Event) -> Option<Event> + Send>;

/// The driver, and whoever waits for something of it.
pub(crate) struct Worker {
    driver: Driver,
    requests: Receiver<Request>,
    outlet: Outlet,
    /// The event that found no room.
    held: Option<Event>,
    waiting: Waiting,
    next_letter: u64,
    /// Who waits until a change is on the disk, in the order of the changes.
    keepers: VecDeque<(u64, Reply<()>)>,
    /// Whether the latest turn found a request: there may be more.
    was_asked: bool,
    stops: bool,
}

impl Worker {
    pub(crate) fn new(driver: Driver, outlet: Outlet) -> (Self, Caller) {
        let (requests_in, requests) = mpsc::channel();
        let caller = Caller { requests: requests_in, waker: driver.waker(), lookups: Lookups::default() };
        let worker = Self {
            driver,
            requests,
            outlet,
            held: None,
            waiting: Waiting::default(),
            next_letter: OWN_LETTERS,
            keepers: VecDeque::new(),
            was_asked: false,
            stops: false,
        };
        (worker, caller)
    }

    #[cfg(all(unix, feature = "tokio"))]
    pub(crate) const fn driver(&self) -> &Driver {
        &self.driver
    }

    /// Whether it was told to stop.
    pub(crate) const fn stops(&self) -> bool {
        self.stops
    }

    /// For how long no turn is due, unless something comes.
    #[cfg(all(unix, feature = "tokio"))]
    pub(crate) fn wait(&self) -> Option<Duration> {
        if self.was_asked { Some(Duration::ZERO) } else { self.driver.wait() }
    }

    /// Whether an event waits for room.
    #[cfg(all(unix, feature = "tokio"))]
    pub(crate) const fn holds_event(&self) -> bool {
        self.held.is_some()
    }

    /// One request and one turn, so that neither requests nor datagrams starve the other. Sleeps for `wait_max` at most, and
    /// not while there is something to do.
    pub(crate) fn turn(&mut self, wait_max: Duration) -> Result<(), Error> {
        let request = self.requests.try_recv().ok();
        self.was_asked = request.is_some();
        if let Some(request) = request {
            request(self);
        }
        self.driver.turn(if self.was_asked { Duration::ZERO } else { wait_max })?;
        self.pass_events();
        self.pass_progress();
        Ok(())
    }

    fn pass_events(&mut self) {
        while let Some(event) = self.held.take().or_else(|| self.driver.poll_event()) {
            if self.waiting.answer(&event) {
                continue;
            }
            self.held = (self.outlet)(event);
            if self.held.is_some() {
                break;
            }
        }
        // What somebody waits for may lie behind it.
        if self.held.is_some() && !self.waiting.is_empty() {
            self.driver.retain_events(|event| !self.waiting.answer(event));
        }
    }

    /// Answers whoever waits for the disk.
    fn pass_progress(&mut self) {
        let Progress { kept, failed, .. } = self.driver.progress();
        while self.keepers.front().is_some_and(|&(change, _)| change <= kept.max(failed))
            && let Some((change, reply)) = self.keepers.pop_front()
        {
            answer(reply, if change <= kept { Ok(()) } else { Err(RequestError::NotKept) });
        }
    }
}

/// Who waits for an event.
#[derive(Default)]
struct Waiting {
    leaver: Option<Reply<Farewell>>,
    /// For the answer to a ping.
    pingers: Vec<(NodeId, Reply<Option<Duration>>)>,
    /// For what becomes of a letter, by its number.
    writers: BTreeMap<u64, Reply<()>>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.leaver.is_none() && self.pingers.is_empty() && self.writers.is_empty()
    }

    /// Answers whoever waits for just this. Returns whether it was for nobody else: that the node has left is told to all.
    fn answer(&mut self, event: &Event) -> bool {
        if let Event::Pinged { id, rtt } = *event
            && let Some(place) = self.pingers.iter().position(|&(of, _)| of == id)
        {
            answer(self.pingers.remove(place).1, Ok(rtt));
            return true;
        }
        if let Event::Left(farewell) = *event
            && let Some(reply) = self.leaver.take()
        {
            answer(reply, Ok(farewell));
            return false;
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
            answer(reply, end);
            true
        })
    }
}
