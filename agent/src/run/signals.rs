//! What does the system tell an agent?

use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What a signal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGTERM or SIGINT: come to an end.
    End,
    /// SIGHUP: read again what may be changed.
    Reload,
}

/// The signals that mean something.
pub(super) struct Signals {
    terminate: Stream,
    interrupt: Stream,
    hang_up: Stream,
    user: Stream,
    /// How many to end have come.
    ends: u32,
    /// One to read again has come while one to end was waited for.
    again: bool,
}

impl Signals {
    /// Hears signals from now on; none of them ends the process by itself any more.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            user: signal(SignalKind::user_defined1())?,
            ends: 0,
            again: false,
        })
    }

    /// The next one. None is missed when this is cancelled.
    pub(super) async fn next(&mut self) -> Signal {
        if std::mem::take(&mut self.again) { Signal::Reload } else { self.hear().await }
    }

    /// The next one to end; another one is kept for later.
    pub(super) async fn end(&mut self) {
        while self.hear().await != Signal::End {
            self.again = true;
        }
    }

    async fn hear(&mut self) -> Signal {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                _ = self.hang_up.recv() => return Signal::Reload,
                // Serf's agent writes its metrics then; nobody's script ends this one.
                _ = self.user.recv() => tracing::info!("SIGUSR1 writes nothing here: `quidnunc top --plain` does"),
            }
        }
        self.ends = self.ends.saturating_add(1);
        Signal::End
    }

    /// Until two to end have come since the beginning: the second one waits for nothing.
    pub(super) async fn second_end(&mut self) {
        while self.ends < 2 {
            self.end().await;
        }
    }
}
