//! Who may ask, how many at once, and for how long?
//!
//! Invariant: nobody keeps others from asking by doing nothing. At most [`CONNECTIONS_MAX`] are served at once. When there are as
//! many, whoever has waited longest without a word makes room, and when all of them have asked something, a newcomer is told to
//! come again. A head that does not come whole, a body that does not, and an answer that nobody reads end a connection, each
//! after its time.

mod socket;
mod stalling;

use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::net::{RecvFlags, recv};
use tokio::io::Interest;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub(crate) use socket::{Control, SocketError, check_socket, live, path_of};
use stalling::Stalling;

/// The most connections at once.
pub(crate) const CONNECTIONS_MAX: usize = 256;

/// A connection that asks nothing, or not the whole head, for so long is over.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);

/// An answer of which nothing is read for so long is over.
const STALL_MAX: Duration = Duration::from_secs(30);

/// When the system is short of files, it is asked again after this.
const SHORTAGE_WAIT: Duration = Duration::from_millis(100);

/// So many newcomers at once are told that there is no room, each within so long; others are cut off.
const REFUSALS_MAX: usize = 64;
const REFUSAL_TIME_MAX: Duration = Duration::from_secs(1);

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
    /// Those that have not said a word yet, whoever has waited longest first; each ends when this does.
    silent: VecDeque<oneshot::Sender<()>>,
    connections: JoinSet<()>,
    /// Those that hear that there is no room.
    refusals: JoinSet<()>,
}

impl Server {
    pub(crate) fn new(router: Router) -> Self {
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self { router, permits, silent: VecDeque::new(), connections: JoinSet::new(), refusals: JoinSet::new() }
    }

    /// Takes one connection after the other. Ends only with an error of the listener that waiting does not mend.
    pub(crate) async fn serve(&mut self, listener: &UnixListener) -> io::Result<()> {
        loop {
            tokio::select! {
                _ = self.connections.join_next(), if !self.connections.is_empty() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => self.admit(stream).await,
                    Err(error) if is_broken(&error) => return Err(error),
                    Err(error) => {
                        tracing::warn!(%error, "control socket");
                        sleep(SHORTAGE_WAIT).await;
                    }
                }
            }
        }
    }

    /// Lets those finish that are being answered, for a while.
    pub(crate) async fn finish(mut self, wait_max: Duration) {
        self.silent.clear();
        let finished = async { while self.connections.join_next().await.is_some() {} };
        // Who has not finished by then is cut off.
        let _ = timeout(wait_max, finished).await;
        self.connections.shutdown().await;
    }

    async fn admit(&mut self, stream: UnixStream) {
        self.silent.retain(|silent| !silent.is_closed());
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                if !self.make_room() {
                    self.turn_away(stream);
                    return;
                }
                // Whoever was told to make room does so as soon as its task runs.
                let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else { return };
                permit
            }
        };
        let (silent, told_to_go) = oneshot::channel();
        self.silent.push_back(silent);
        self.connections.spawn(attend(stream, self.router.clone(), permit, told_to_go));
    }

    /// Tells whoever has waited longest without a word to go, if there is anybody.
    fn make_room(&mut self) -> bool {
        while let Some(silent) = self.silent.pop_front() {
            if silent.send(()).is_ok() {
                return true;
            }
        }
        false
    }

    /// Has a newcomer hear that there is no room: after its request, which it may not have sent yet.
    fn turn_away(&mut self, stream: UnixStream) {
        while self.refusals.try_join_next().is_some() {}
        if self.refusals.len() < REFUSALS_MAX {
            let refused = async move {
                has_spoken(&stream).await;
                refuse(&stream);
            };
            self.refusals.spawn(async {
                // Who says nothing is cut off without a word.
                let _ = timeout(REFUSAL_TIME_MAX, refused).await;
            });
        }
    }
}

/// One connection from its beginning to its end.
async fn attend(stream: UnixStream, router: Router, permit: OwnedSemaphorePermit, told_to_go: oneshot::Receiver<()>) {
    let has_asked = tokio::select! {
        // Who was told to go goes, whatever it has said since: somebody waits for its place.
        biased;
        _ = told_to_go => false,
        has_spoken = timeout(HEAD_TIME_MAX, has_spoken(&stream)) => has_spoken.unwrap_or(false),
    };
    if !has_asked {
        refuse(&stream);
        return;
    }
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX).keep_alive(false);
    let service = TowerToHyperService::new(router);
    let connection = pin!(builder.serve_connection(TokioIo::new(Stalling::new(stream, STALL_MAX)), service));
    if let Err(error) = connection.await {
        tracing::debug!(%error, "control connection");
    }
    drop(permit);
}

/// Whether the other side says something before it ends. Nothing of it is taken.
async fn has_spoken(stream: &UnixStream) -> bool {
    let peek = || {
        let (mut byte, flags) = ([0], RecvFlags::PEEK | RecvFlags::DONTWAIT);
        Ok(recv(stream, &mut byte, flags)?.0)
    };
    loop {
        if stream.readable().await.is_err() {
            return false;
        }
        match stream.try_io(Interest::READABLE, peek) {
            Ok(bytes) => return bytes > 0,
            // That it can be read is only a guess.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return false,
        }
    }
}

fn refuse(stream: &UnixStream) {
    // Whoever does not hear it sees the end.
    let _ = stream.try_write(BUSY.as_bytes());
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
