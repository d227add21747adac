//! How does a task of tokio wait for a node?

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use quidnunc_core::Event;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc::{self, Sender, error::TrySendError};
use tokio::task::{JoinError, spawn_blocking};

use super::{Events, Handle};
use crate::error::Error;
use crate::options::Options;
use crate::std::Driver;
use crate::worker::{Outlet, Worker};

/// Nothing is due.
const FOREVER: Duration = Duration::from_secs(3600);

/// Starts a node as a task of the runtime that this is called in.
///
/// What the system may take its time for, as it does for a disk, is done where it holds no other task up.
///
/// # Errors
/// [`Error`] as from [`Driver::bind`].
///
/// # Panics
/// Outside of a runtime with I/O and time enabled.
pub async fn spawn(options: Options) -> Result<(Handle, Events), Error> {
    let events_max = options.config.events_max;
    let driver = elsewhere(move || Driver::bind(options)).await?;
    let (identity, local_addr) = (driver.identity(), driver.local_addr());
    let (events_out, events) = mpsc::channel(events_max);
    let readiness = watch(&driver).map_err(|source| failed(local_addr, source))?;
    let (worker, caller) = Worker::new(driver, outlet(events_out.clone()));
    let task = tokio::spawn(run(worker, readiness, events_out));
    Ok((Handle::new(identity, local_addr, caller, task), Events(events)))
}

/// Tells the runtime of the driver's file: of a name of its own for it, that stays open as long as it is watched.
#[expect(
    deprecated,
    reason = "what replaces it is unsafe, since a file may be closed while it is watched; this one cannot"
)]
fn watch(driver: &Driver) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(driver.as_fd().try_clone_to_owned()?, Interest::READABLE)
}

fn outlet(events: Sender<Event>) -> Outlet {
    Box::new(move |event| match events.try_send(event) {
        Ok(()) | Err(TrySendError::Closed(_)) => None,
        Err(TrySendError::Full(event)) => Some(event),
    })
}

/// One turn after the other, until the node is told to stop or a socket breaks.
async fn run(mut worker: Worker, readiness: AsyncFd<OwnedFd>, events: Sender<Event>) -> Result<(), Error> {
    let local_addr = worker.driver().local_addr();
    while !worker.stops() {
        tokio::select! {
            // What has come is read before the deadline that would judge it late.
            biased;
            ready = readiness.readable() => {
                // Forgotten before the driver asks the system, so that what comes meanwhile is told again.
                ready.map_err(|source| failed(local_addr, source))?.clear_ready();
            }
            _ = events.reserve(), if worker.holds_event() => {}
            () = tokio::time::sleep(worker.wait().unwrap_or(FOREVER)) => {}
        }
        worker.turn(Duration::ZERO)?;
    }
    // The state's last save may take its time.
    elsewhere(move || drop(worker)).await;
    Ok(())
}

/// Does something that may take its time.
async fn elsewhere<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(job).await.map_err(JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => std::future::pending().await,
    }
}

fn failed(addr: SocketAddr, source: io::Error) -> Error {
    Error::Socket { action: "watch", addr, source }
}
