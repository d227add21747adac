//! What does an agent write to stderr, and how much?
//!
//! A thread of its own writes, so that a terminal or a pipe that takes no more holds nobody up. So many lines wait for it; what
//! finds no room is lost, and how much that was is written where it was lost, as soon as something is written again.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt, reload};

use super::given::LogLevel;

/// So many lines wait to be written,
const LINES_MAX: usize = 1024;

/// each of so many bytes at most; the rest of a longer one is cut off.
const LINE_BYTES_MAX: usize = 16 << 10;

/// At the end the last lines have so long to be written.
const FLUSH_MAX: Duration = Duration::from_secs(1);

/// Changes how much is logged while the agent runs; when it is dropped, what was logged is written.
pub(crate) struct Logging {
    filter: reload::Handle<LevelFilter, Registry>,
    outlet: Outlet,
}

impl Logging {
    /// Logs from now on.
    pub(crate) fn start(level: LogLevel) -> io::Result<Self> {
        let (filter, handle) = reload::Layer::new(filter(level));
        let is_coloured =
            io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let (outlet, said) = Outlet::new();
        let lost = Arc::clone(&outlet.lost);
        thread::Builder::new().name("quidnunc log".into()).spawn(move || write(&mut io::stderr(), &said, &lost))?;
        let writer = outlet.clone();
        let lines = fmt::layer().with_writer(move || writer.clone()).with_ansi(is_coloured).with_target(false);
        // Only a second agent in one process would find a logger there already; it shares that.
        let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
        Ok(Self { filter: handle, outlet })
    }

    pub(crate) fn set(&self, level: LogLevel) {
        // It fails only when the logger is gone.
        let _ = self.filter.reload(filter(level));
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        let (done, is_done) = sync_channel(1);
        if self.outlet.said.try_send(Said::Flush(done)).is_ok() {
            // What is not written by then is lost.
            let _ = is_done.recv_timeout(FLUSH_MAX);
        }
    }
}

/// What the thread that writes is told.
enum Said {
    /// A line, and how many were lost before it.
    Line(u64, Box<[u8]>),
    /// Say when all before this is written.
    Flush(SyncSender<()>),
}

/// Where lines go in. It never waits.
#[derive(Clone)]
struct Outlet {
    said: SyncSender<Said>,
    lost: Arc<AtomicU64>,
}

impl Outlet {
    fn new() -> (Self, Receiver<Said>) {
        let (said, receiver) = sync_channel(LINES_MAX);
        (Self { said, lost: Arc::default() }, receiver)
    }
}

impl Write for Outlet {
    /// Takes one whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        let kept = match line.get(..LINE_BYTES_MAX) {
            Some(cut) => [cut, b"\n"].concat().into(),
            None => line.into(),
        };
        if self.said.try_send(Said::Line(lost, kept)).is_err() {
            self.lost.fetch_add(lost.saturating_add(1), Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what is said, until nobody can say anything any more.
fn write(out: &mut impl Write, said: &Receiver<Said>, lost: &AtomicU64) {
    loop {
        let next = said.try_recv().or_else(|end| match end {
            TryRecvError::Empty => {
                tell_lost(out, lost.swap(0, Ordering::Relaxed));
                said.recv().map_err(|_| TryRecvError::Disconnected)
            }
            TryRecvError::Disconnected => Err(end),
        });
        // Who does not read the log misses it; there is nobody else to tell.
        match next {
            Ok(Said::Line(lost, line)) => {
                tell_lost(out, lost);
                let _ = out.write_all(&line);
            }
            Ok(Said::Flush(done)) => {
                tell_lost(out, lost.swap(0, Ordering::Relaxed));
                let _ = (out.flush(), done.send(()));
            }
            Err(_) => {
                tell_lost(out, lost.swap(0, Ordering::Relaxed));
                return;
            }
        }
    }
}

fn tell_lost(out: &mut impl Write, lost: u64) {
    if lost > 0 {
        let _ = writeln!(out, "{lost} lines of the log were lost here: they were not read in time");
    }
}

const fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(said: &Receiver<Said>, lost: &AtomicU64) -> String {
        let mut out = Vec::new();
        write(&mut out, said, lost);
        String::from_utf8(out).unwrap_or_default()
    }

    #[test]
    fn what_finds_no_room_is_counted_and_told_where_it_was_lost() {
        let (mut outlet, said) = Outlet::new();
        // Nobody reads, and nobody waits.
        for number in 0..LINES_MAX + 5 {
            assert!(outlet.write_all(format!("{number}\n").as_bytes()).is_ok());
        }
        assert!(said.try_recv().is_ok());
        assert!(outlet.write_all(b"after\n").is_ok());
        assert!(outlet.write_all(b"lost again\n").is_ok());
        let lost = Arc::clone(&outlet.lost);
        drop(outlet);
        let text = written(&said, &lost);
        let lines: Vec<_> = text.lines().collect();
        let told = |lost| format!("{lost} lines of the log were lost here: they were not read in time");
        assert_eq!(lines.len(), LINES_MAX - 1 + 3);
        assert_eq!((lines[0], lines[LINES_MAX - 2]), ("1", "1023"));
        assert_eq!(lines[LINES_MAX - 1..], [&told(5), "after", &told(1)]);
    }

    #[test]
    fn a_long_line_is_cut() {
        let (mut outlet, said) = Outlet::new();
        assert!(outlet.write_all(&[b'x'; LINE_BYTES_MAX + 1]).is_ok());
        let lost = Arc::clone(&outlet.lost);
        drop(outlet);
        assert_eq!(written(&said, &lost), "x".repeat(LINE_BYTES_MAX) + "\n");
    }
}
