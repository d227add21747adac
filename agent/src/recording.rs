//! Where do recordings of the node's life go? Into two files that take turns, or to whoever asks.
//!
//! The node never waits for either: what finds no room is left out, and the recording begins anew behind the gap.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use quidnunc::record::{About, Recorder, Taken};
use tokio::sync::mpsc::{Sender, error::TrySendError as NoRoom};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many pieces wait for a disk; each is 64 KiB or so.
const PIECES_MAX: usize = 64;

/// So often what was recorded goes to a file: what a process that is killed loses. A disk that is woken more often costs more.
const FILE_FLUSH: Duration = Duration::from_secs(5);

/// So often it goes to whoever asks.
const ASKED_FLUSH: Duration = Duration::from_secs(1);

/// So many recordings go to whoever asks at a time: each costs what it is worth.
pub(crate) const ASKED_MAX: usize = 4;

/// A part that goes to somebody who asks is no longer than this.
const ASKED_PART_BYTES: usize = 64 << 20;

/// A recording that goes to a file.
#[derive(Debug)]
pub(crate) struct ToFile {
    writer: JoinHandle<()>,
}

/// Bytes, and whether a file may begin with them.
type Piece = (Vec<u8>, bool);

/// Who records: this program.
fn about(name: &str) -> About {
    About { program: concat!("quidnunc ", env!("CARGO_PKG_VERSION")).into(), name: name.into() }
}

/// Records to a file. When it has half of `bytes_max`, it becomes `FILE.1` in place of what was there, and a new one
/// begins; so does what an earlier life has left.
pub(crate) fn to_file(path: &Path, bytes_max: u64, name: &str) -> io::Result<(Recorder, ToFile)> {
    let mut files = Files { path: path.to_owned(), file: None };
    files.begin()?;
    let (sender, pieces) = mpsc::sync_channel(PIECES_MAX);
    let writer = thread::Builder::new().name("recording".into()).spawn(move || files.write_all(&pieces))?;
    let part_bytes = usize::try_from(bytes_max / 2).unwrap_or(usize::MAX);
    Ok((Recorder::new(about(name), part_bytes, FILE_FLUSH, offer_to(sender)), ToFile { writer }))
}

impl ToFile {
    /// Waits until all that was recorded is in the file. The recorder is gone, or this is for ever.
    pub(crate) fn finish(self) {
        // If it has panicked, there is nothing to wait for.
        let _ = self.writer.join();
    }
}

fn offer_to(sender: SyncSender<Piece>) -> impl FnMut(Vec<u8>, bool) -> Taken + Send {
    move |bytes, opens| match sender.try_send((bytes, opens)) {
        Ok(()) => Taken::Yes,
        Err(TrySendError::Full(_)) => Taken::Full,
        Err(TrySendError::Disconnected(_)) => Taken::Closed,
    }
}

/// The file that is written, and the name of both.
struct Files {
    path: PathBuf,
    file: Option<File>,
}

impl Files {
    /// The present file gives way to a new one, unless nothing is in it.
    fn begin(&mut self) -> io::Result<()> {
        if fs::metadata(&self.path).is_ok_and(|file| file.len() > 0) {
            let mut before = self.path.clone().into_os_string();
            before.push(".1");
            fs::rename(&self.path, before)?;
        }
        // It has keys and values in it: nobody else reads them.
        self.file = Some(OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?);
        Ok(())
    }

    fn write_all(mut self, pieces: &Receiver<Piece>) {
        for (bytes, opens) in pieces {
            let begun = if opens { self.begin() } else { Ok(()) };
            if let Err(error) = begun.and_then(|()| self.file.as_mut().map_or(Ok(()), |file| file.write_all(&bytes))) {
                tracing::error!(path = %self.path.display(), "the recording ends: {error}");
                return;
            }
        }
    }
}

/// Records to whoever asks, for so long; `None` when too many do.
pub(crate) fn to_asker(
    asked: &Arc<Semaphore>,
    to: Sender<Bytes>,
    length: Option<Duration>,
    name: &str,
) -> Option<Recorder> {
    let permit = Arc::clone(asked).try_acquire_owned().ok()?;
    Some(Recorder::new(about(name), ASKED_PART_BYTES, ASKED_FLUSH, offer_until(to, length, permit)))
}

fn offer_until(
    to: Sender<Bytes>,
    length: Option<Duration>,
    permit: OwnedSemaphorePermit,
) -> impl FnMut(Vec<u8>, bool) -> Taken + Send {
    let began = Instant::now();
    move |bytes, _| {
        let _held = &permit;
        if length.is_some_and(|length| began.elapsed() > length + ASKED_FLUSH) {
            return Taken::Closed;
        }
        match to.try_send(bytes.into()) {
            Ok(()) => Taken::Yes,
            Err(NoRoom::Full(_)) => Taken::Full,
            Err(NoRoom::Closed(_)) => Taken::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_take_turns_and_what_an_earlier_life_left_is_one_of_them() {
        let folder = std::env::temp_dir().join(format!("quidnunc-recording-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("n1.record");
        fs::write(&path, b"an earlier life").expect("a file");
        let (sender, pieces) = mpsc::sync_channel(8);
        let mut files = Files { path: path.clone(), file: None };
        files.begin().expect("a file");
        for (bytes, opens) in [("a", true), ("b", false), ("c", true), ("d", false)] {
            sender.send((bytes.as_bytes().to_vec(), opens)).expect("there is room");
        }
        assert_eq!(fs::read(folder.join("n1.record.1")).expect("it is kept"), b"an earlier life");
        drop(sender);
        files.write_all(&pieces);
        assert_eq!(fs::read(&path).expect("the second"), b"cd");
        assert_eq!(fs::read(folder.join("n1.record.1")).expect("the first"), b"ab");
        fs::remove_dir_all(&folder).expect("it is ours");
    }
}
