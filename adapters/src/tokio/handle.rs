//! How does a program talk to a node that runs as a task?

use std::net::SocketAddr;
use std::panic;
use std::time::Duration;

use quidnunc_core::{Farewell, Identity, NodeId, Rejected};
use tokio::task::JoinHandle;

use crate::error::{Error, RequestError};
use crate::std::Driver;
use crate::worker::{Answer, Caller};

/// A node that runs as a task of tokio. May be shared between tasks and threads.
///
/// Dropping it stops the node without a goodbye, as a crash would: soon, since nothing can be awaited then; the address is
/// free a little later. To know that it is, [`stop`](Self::stop); to say goodbye, [`leave`](Self::leave) first.
#[derive(Debug)]
pub struct Handle {
    identity: Identity,
    local_addr: SocketAddr,
    caller: Caller,
    task: Option<JoinHandle<Result<(), Error>>>,
}

impl Handle {
    pub(super) const fn new(
        identity: Identity,
        local_addr: SocketAddr,
        caller: Caller,
        task: JoinHandle<Result<(), Error>>,
    ) -> Self {
        Self { identity, local_addr, caller, task: Some(task) }
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

    /// Does something with the node, between two turns of it: whatever [`Command`](quidnunc_core::Command) there is can be
    /// given so. What comes of it is reported as events.
    ///
    /// `job` should be short: the node is deaf meanwhile. If it panics, the node stops.
    ///
    /// # Errors
    /// [`RequestError::Refused`] when the node refuses; [`RequestError::Stopped`].
    pub async fn act<T, F>(&self, job: F) -> Result<T, RequestError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Driver) -> Result<T, Rejected> + Send + 'static,
    {
        wait(self.caller.act(job)).await
    }

    /// Looks at the node and its sockets, as in `read(|driver| driver.view().live())`.
    ///
    /// # Errors
    /// [`RequestError::Stopped`].
    pub async fn read<T, F>(&self, look: F) -> Result<T, RequestError>
    where
        T: Send + 'static,
        F: FnOnce(&Driver) -> T + Send + 'static,
    {
        wait(self.caller.read(look)).await
    }

    /// Says goodbye, and returns when enough members have confirmed that they know, or after
    /// [`Config::leave_timeout`](quidnunc_core::Config::leave_timeout), with how many have; [`Event::Leaving`] tells of each
    /// meanwhile. The node answers the others until it is stopped, also when this is cancelled.
    ///
    /// # Errors
    /// [`RequestError::Refused`] when the node leaves already, [`RequestError::Stopped`].
    ///
    /// [`Event::Leaving`]: quidnunc_core::Event::Leaving
    pub async fn leave(&self) -> Result<Farewell, RequestError> {
        wait(self.caller.leave()).await
    }

    /// As [`std::Handle::ping`](crate::std::Handle::ping).
    ///
    /// # Errors
    /// As there.
    pub async fn ping(&self, id: NodeId) -> Result<Option<Duration>, RequestError> {
        wait(self.caller.ping(id)).await
    }

    /// As [`std::Handle::send`](crate::std::Handle::send). The letter goes out also when this is cancelled.
    ///
    /// # Errors
    /// As there.
    pub async fn send(&self, to: NodeId, bytes: &[u8]) -> Result<(), RequestError> {
        wait(self.caller.send(to, bytes)).await
    }

    /// Stops the node without a goodbye, and returns when its address is free.
    ///
    /// # Errors
    /// The [`Error`] with which the node had stopped before, if it had.
    ///
    /// # Panics
    /// With the panic of the node's task, if it had one.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.caller.stop();
        let Some(task) = self.task.take() else { return Ok(()) };
        match task.await {
            Ok(ended) => ended,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => panic::resume_unwind(panic),
                // The runtime is going down, and has ended the task before.
                Err(_) => Ok(()),
            },
        }
    }

    /// Where requests go in.
    pub(super) const fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// Awaits an answer.
pub(super) async fn wait<T>(answer: Answer<T>) -> Result<T, RequestError> {
    answer.await.map_err(|_| RequestError::Stopped)?
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.caller.stop();
    }
}
