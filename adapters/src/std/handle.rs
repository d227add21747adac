//! How does a program talk to a node that runs in a thread of its own?
//!
//! Requests go in through one channel and wake the node; events come out through another. What can be asked is in
//! `requests.rs`.

use ::std::any::Any;
use ::std::net::SocketAddr;
use ::std::panic;
use ::std::sync::mpsc::{self, Receiver, TrySendError};
use ::std::thread::{self, JoinHandle};
use ::std::time::Duration;

use oneshot::RecvTimeoutError;
use quidnunc_core::{Event, Farewell, Identity, NodeId, Rejected};

use super::driver::Driver;
use crate::error::{Error, RequestError};
use crate::options::Options;
use crate::worker::{Answer, Caller, Worker};

/// Nothing wakes the thread but what it waits for.
const FOREVER: Duration = Duration::from_secs(3600);

/// Starts a node in a thread of its own.
///
/// The events come as the node reports them, at most [`Config::events_max`](quidnunc_core::Config) of them waiting. While there
/// is no room, the node keeps as many again, joins those that say something of the same member or key, and takes no letters
/// of others; what finds no place then is reported as [`Event::EventsLost`](quidnunc_core::Event::EventsLost). Who does not
/// want events drops the receiver. The receiver ends when the node has stopped.
///
/// # Errors
/// [`Error`] as from [`Driver::bind`], or [`Error::Thread`].
pub fn spawn(options: Options) -> Result<(Handle, Receiver<Event>), Error> {
    let events_max = options.config.events_max;
    let driver = Driver::bind(options)?;
    let (identity, local_addr) = (driver.identity(), driver.local_addr());
    let (events_out, events) = mpsc::sync_channel(events_max);
    let outlet = move |event| match events_out.try_send(event) {
        Ok(()) | Err(TrySendError::Disconnected(_)) => None,
        Err(TrySendError::Full(event)) => Some(event),
    };
    let (mut worker, caller) = Worker::new(driver, Box::new(outlet));
    let run = move || {
        while !worker.stops() {
            worker.turn(FOREVER)?;
        }
        Ok(())
    };
    let thread = thread::Builder::new()
        .name(format!("quidnunc {}", local_addr.port()))
        .spawn(run)
        .map_err(|source| Error::Thread { addr: local_addr, source })?;
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

    /// Does something with the node, in its thread and between two turns of it: whatever
    /// [`Command`](quidnunc_core::Command) there is can be given so, as in
    /// `act(|driver| driver.command(Command::RegisterGroup(group)))`. What comes of it is reported as events.
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
        wait(self.caller.act(job))
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
        wait(self.caller.read(look))
    }

    /// Says goodbye and waits until it is over ([`Event::Left`]), at most for `wait_max`: until enough members have
    /// confirmed that they know, or [`Config::leave_timeout`](quidnunc_core::Config::leave_timeout) has passed. Returns
    /// how many have; [`Event::Leaving`] tells of each meanwhile. The node answers the others until it is stopped.
    ///
    /// # Errors
    /// [`RequestError::StillLeaving`] when the wait was too short, [`RequestError::Refused`] when the node
    /// leaves already, [`RequestError::Stopped`].
    pub fn leave(&self, wait_max: Duration) -> Result<Farewell, RequestError> {
        self.caller.leave().recv_timeout(wait_max).map_err(|error| match error {
            RecvTimeoutError::Timeout => RequestError::StillLeaving,
            RecvTimeoutError::Disconnected => RequestError::Stopped,
        })?
    }

    /// Pings a member and waits for the answer: how long it took, or `None` when there was none within
    /// [`Config::period`](quidnunc_core::Config::period). It is no probe: silence accuses nobody.
    ///
    /// # Errors
    /// [`RequestError::Refused`] for somebody who is no member, for the node itself, when too many pings are open, or
    /// after a [`leave`](Self::leave); [`RequestError::Stopped`].
    pub fn ping(&self, id: NodeId) -> Result<Option<Duration>, RequestError> {
        wait(self.caller.ping(id))
    }

    /// Sends a letter to the application of a member over a stream, and waits until that member has taken it. Letters to one
    /// member arrive in the order in which they were sent. Who does not want to wait gives
    /// [`Command::Send`](quidnunc_core::Command::Send) to [`act`](Self::act), with a number below 2^63, and reads
    /// [`Event::Sent`] and [`Event::NotSent`].
    ///
    /// # Errors
    /// [`RequestError::NotSent`] when it is not known to have arrived; [`RequestError::Refused`] without streams, for a letter
    /// that is too long, for somebody who is no live member, when too much waits, or after a [`leave`](Self::leave);
    /// [`RequestError::Stopped`].
    pub fn send(&self, to: NodeId, bytes: &[u8]) -> Result<(), RequestError> {
        wait(self.caller.send(to, bytes))
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

    /// Where requests go in.
    pub(super) const fn caller(&self) -> &Caller {
        &self.caller
    }

    fn end(&mut self) -> Result<Result<(), Error>, Box<dyn Any + Send>> {
        self.caller.stop();
        match self.thread.take() {
            Some(thread) => thread.join(),
            None => Ok(Ok(())),
        }
    }
}

/// Waits for an answer on this thread.
pub(super) fn wait<T>(answer: Answer<T>) -> Result<T, RequestError> {
    answer.recv().map_err(|_| RequestError::Stopped)?
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Who wants to know how it ended calls `stop`.
        let _ = self.end();
    }
}
