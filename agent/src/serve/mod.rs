//! Who may ask, how many at once, and for how long?
//!
//! Invariant: nobody keeps others from asking without asking something. At most [`CONNECTIONS_MAX`] are served at once. When there
//! are as many, the oldest of those makes room whose request has not come whole, and when all have asked, a newcomer is told to
//! come again. A head that does not come whole, a body that does not, and an answer that nobody reads end a connection, each
//! after its time.

mod arriving;
mod door;
mod socket;
mod stalling;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::{RecvFlags, recv};
use tokio::io::Interest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use arriving::Arrival;
pub(crate) use door::Door;
use door::Line;
pub(crate) use socket::{Control, SocketError, check_socket, live, path_of};
use stalling::Stalling;

/// The most connections at once.
pub(crate) const CONNECTIONS_MAX: usize = 256;

/// A connection that asks nothing, or not the whole head, for so long is over.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);

/// About the most bytes of a head; so many are also read and written ahead.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// An answer of which nothing is read for so long is over.
const STALL_MAX: Duration = Duration::from_secs(30);

/// When the system is short of files, it is asked again after this.
const SHORTAGE_WAIT: Duration = Duration::from_millis(100);

/// So many newcomers at once are told that there is no room, each within so long; others are cut off.
const REFUSALS_MAX: usize = 64;
const REFUSAL_TIME_MAX: Duration = Duration::from_secs(1);

/// So often what comes from whoever is turned away is taken; whoever goes on is cut off.
const TAKES_MAX: usize = 64;

/// So many bytes of somebody for whom there is no room are taken at a time.
const TAKEN_BYTES_MAX: usize = 16 << 10;

/// What somebody hears for whom there is no room. It is short enough to be sent without waiting.
const BUSY: &str = concat!(
    "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 118\r\n",
    "connection: close\r\nretry-after: 1\r\n\r\n",
    r#"{"schema":1,"error":{"code":"busy","message":"too many connections are open","#,
    r#""hint":"close some, or try again soon"}}"#,
    "\n"
);

/// Serves connections until it is dropped.
pub(crate) struct Server {
    router: Router,
    permits: Arc<Semaphore>,
    /// Those whose request has not come whole yet, the oldest first.
    unasked: VecDeque<oneshot::Sender<()>>,
    connections: JoinSet<()>,
    /// Those that hear that there is no room.
    refusals: JoinSet<()>,
}

impl Server {
    pub(crate) fn new(router: Router) -> Self {
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self { router, permits, unasked: VecDeque::new(), connections: JoinSet::new(), refusals: JoinSet::new() }
    }

    /// Takes one connection after the other. Ends only with an error of the listener that waiting does not mend.
    pub(crate) async fn serve(&mut self, door: &impl Door) -> io::Result<()> {
        loop {
            tokio::select! {
                _ = self.connections.join_next(), if !self.connections.is_empty() => {}
                accepted = door.accept() => match accepted {
                    Ok(line) => self.admit(line).await,
                    Err(error) if is_broken(&error) => return Err(error),
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not taken");
                        sleep(SHORTAGE_WAIT).await;
                    }
                }
            }
        }
    }

    /// Lets those finish that are being answered, for a while.
    pub(crate) async fn finish(mut self, wait_max: Duration) {
        self.unasked.clear();
        let finished = async { while self.connections.join_next().await.is_some() {} };
        // Who has not finished by then is cut off.
        let _ = timeout(wait_max, finished).await;
        self.connections.shutdown().await;
    }

    async fn admit(&mut self, line: impl Line) {
        self.unasked.retain(|unasked| !unasked.is_closed());
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                if !self.make_room() {
                    self.turn_away(line);
                    return;
                }
                // Whoever was told to make room does so as soon as its task runs.
                let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else { return };
                permit
            }
        };
        let (unasked, told_to_go) = oneshot::channel();
        self.unasked.push_back(unasked);
        self.connections.spawn(attend(line, self.router.clone(), permit, told_to_go));
    }

    /// Tells the oldest of those to go whose request has not come whole, if there is one.
    fn make_room(&mut self) -> bool {
        while let Some(unasked) = self.unasked.pop_front() {
            if unasked.send(()).is_ok() {
                return true;
            }
        }
        false
    }

    /// Has a newcomer hear that there is no room: after its request, which it may not have sent yet.
    fn turn_away(&mut self, mut line: impl Line) {
        while self.refusals.try_join_next().is_some() {}
        if self.refusals.len() < REFUSALS_MAX {
            let refused = async move {
                has_spoken(&line).await;
                refuse(&mut line).await;
                // Until the other side has read it, which ends the connection, too.
                for _ in 0..TAKES_MAX {
                    if !has_spoken(&line).await {
                        break;
                    }
                    take(&line);
                    // Whoever sends without end is not what everybody else waits for.
                    tokio::task::yield_now().await;
                }
            };
            self.refusals.spawn(async {
                // Who says nothing is cut off without a word.
                let _ = timeout(REFUSAL_TIME_MAX, refused).await;
            });
        }
    }
}

/// One connection from its beginning to its end.
async fn attend(
    mut line: impl Line,
    router: Router,
    permit: OwnedSemaphorePermit,
    mut told_to_go: oneshot::Receiver<()>,
) {
    let has_spoken = tokio::select! {
        // Who was told to go goes, whatever it has said since: somebody waits for its place.
        biased;
        _ = &mut told_to_go => false,
        has_spoken = timeout(HEAD_TIME_MAX, has_spoken(&line)) => has_spoken.unwrap_or(false),
    };
    if !has_spoken {
        refuse(&mut line).await;
        return;
    }
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX).max_buf_size(HEAD_BYTES_MAX).keep_alive(false);
    let (arrival, is_whole) = Arrival::new(router);
    let mut connection = builder.serve_connection(TokioIo::new(Stalling::new(line, STALL_MAX)), arrival);
    let ended = tokio::select! {
        biased;
        // At the end of all, whoever is in the middle of its request may go on for a while.
        Ok(()) = &mut told_to_go => {
            refuse(&mut connection.into_parts().io.into_inner().into_inner()).await;
            return;
        }
        ended = &mut connection => ended,
        // It is what comes next to a request that is whole: nothing is done for one that could still be told to go.
        _ = is_whole => {
            drop(told_to_go);
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection");
    }
    drop(permit);
}

/// Whether the other side says something before it ends. Nothing of it is taken.
async fn has_spoken(line: &impl Line) -> bool {
    let peek = || {
        let (mut byte, flags) = ([0], RecvFlags::PEEK | RecvFlags::DONTWAIT);
        Ok(recv(line, &mut byte, flags)?.0)
    };
    loop {
        if line.readable().await.is_err() {
            return false;
        }
        match line.try_io(Interest::READABLE, peek) {
            Ok(bytes) => return bytes > 0,
            // That it can be read is only a guess.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return false,
        }
    }
}

/// Says that there is no room, and nothing more after that.
async fn refuse(line: &mut impl Line) {
    // A connection that ends with something unread is reset, and the reset may overtake the words (RFC 9112, section 9.6).
    take(line);
    // Whoever does not hear it sees the end.
    let _ = line.try_write(BUSY.as_bytes());
    let _ = poll_fn(|context| Pin::new(&mut *line).poll_shutdown(context)).await;
}

/// Takes what has come, as far as a request without a body would, and forgets it.
fn take(line: &impl Line) {
    let _ = line.try_read(&mut [0; TAKEN_BYTES_MAX]);
}

/// Whether an error is the listener's own, and not that of one connection or of a system that is short of something.
fn is_broken(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let broken = [Errno::BADF, Errno::INVAL, Errno::NOTSOCK];
    Errno::from_io_error(error).is_some_and(|errno| broken.contains(&errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_is_as_long_as_it_says() {
        let (head, body) = BUSY.split_once("\r\n\r\n").unwrap_or_default();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        assert!(serde_json::from_str::<crate::model::Fault>(body).is_ok());
    }
}
