//! Where do recordings of the node's life go? Into two files that take turns, or to whoever asks.
//!
//! The node never waits for either: what finds no room is left out, and the recording begins anew behind the gap.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use quidnunc::RequestError;
use quidnunc::record::{About, Recorder, Sink, Taken, recorded_len};
use quidnunc::std::Driver;
use rustix::fs::OFlags;
use tokio::sync::mpsc::{Sender, error::TrySendError as NoRoom};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api::Agent;

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

impl Agent {
    /// Records from now on.
    pub(crate) async fn record(&self, recorder: Recorder) -> Result<(), RequestError> {
        let begin = |driver: &mut Driver| {
            driver.record(recorder);
            Ok(())
        };
        self.node.act(begin).await
    }

    /// Ends every recording.
    pub(crate) async fn stop_recording(&self) -> Result<(), RequestError> {
        let end = |driver: &mut Driver| {
            driver.stop_recording();
            Ok(())
        };
        self.node.act(end).await
    }
}

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
/// begins. What an earlier life has left is gone on with.
///
/// # Errors
/// When the system refuses, or when something else than a recording would be lost.
pub(crate) fn to_file(path: &Path, bytes_max: u64, name: &str) -> io::Result<(Recorder, ToFile)> {
    let files = Files::open(path, bytes_max / 2)?;
    let (sender, pieces) = mpsc::sync_channel(PIECES_MAX);
    let waiting = Arc::new(AtomicUsize::new(0));
    let taken = Arc::clone(&waiting);
    let writer = thread::Builder::new().name("recording".into()).spawn(move || files.write_all(&pieces, &taken))?;
    let part_bytes = usize::try_from(bytes_max / 2).unwrap_or(usize::MAX);
    Ok((Recorder::new(about(name), part_bytes, FILE_FLUSH, Queue { sender, waiting }), ToFile { writer }))
}

impl ToFile {
    /// Waits until all that was recorded is in the file. The recorder is gone, or this is for ever.
    pub(crate) fn finish(self) {
        // If it has panicked, there is nothing to wait for.
        let _ = self.writer.join();
    }
}

/// What waits for the disk.
struct Queue {
    sender: SyncSender<Piece>,
    waiting: Arc<AtomicUsize>,
}

impl Sink for Queue {
    fn has_room(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) <= PIECES_MAX / 2
    }

    fn take(&mut self, bytes: Vec<u8>, opens: bool) -> Taken {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let Err(error) = self.sender.try_send((bytes, opens)) else { return Taken::Yes };
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        match error {
            TrySendError::Full(_) => Taken::Full,
            TrySendError::Disconnected(_) => Taken::Closed,
        }
    }
}

/// The file that is written, and the one before it.
struct Files {
    path: PathBuf,
    before: PathBuf,
    file: Option<File>,
    len: u64,
    /// So long a file gets, about, besides the node that it begins with, which may be larger by itself.
    half: u64,
    /// So long the present one gets.
    len_max: u64,
}

impl Files {
    fn open(path: &Path, half: u64) -> io::Result<Self> {
        let mut before = path.to_owned().into_os_string();
        before.push(".1");
        let mut files = Self { path: path.to_owned(), before: before.into(), file: None, len: 0, half, len_max: half };
        files.begin()?;
        Ok(files)
    }

    /// Opens the file: what there is, or a new one where that is long enough.
    fn begin(&mut self) -> io::Result<()> {
        self.len = recorded_len(&self.path)?;
        if self.len >= self.len_max {
            recorded_len(&self.before)?;
            fs::rename(&self.path, &self.before)?;
            self.len = 0;
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true).mode(0o600);
        // It has keys and values in it: nobody else reads them. What has become a pipe meanwhile is not waited for.
        let file = options.custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(&self.path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other(format!("{} is no file any more", self.path.display())));
        }
        file.set_permissions(Permissions::from_mode(0o600))?;
        self.file = Some(file);
        Ok(())
    }

    fn write_all(mut self, pieces: &Receiver<Piece>, waiting: &AtomicUsize) {
        for (bytes, opens) in pieces {
            waiting.fetch_sub(1, Ordering::Relaxed);
            // Behind a gap a part begins in the same file: else a disk that is slow would wipe out what it has.
            let begun = if opens && self.len >= self.len_max { self.begin() } else { Ok(()) };
            let written = begun.and_then(|()| self.file.as_mut().map_or(Ok(()), |file| file.write_all(&bytes)));
            if let Err(error) = written {
                tracing::error!(path = %self.path.display(), "the recording ends: {error}");
                return;
            }
            if self.len == 0 {
                self.len_max = self.half.saturating_add(bytes.len() as u64);
            }
            self.len += bytes.len() as u64;
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
    let (began, length) = (Instant::now(), length.map(|length| length + ASKED_FLUSH));
    let asker = Asker { to, began, length, _permit: permit };
    Some(Recorder::new(about(name), ASKED_PART_BYTES, ASKED_FLUSH, asker))
}

/// Somebody who asks.
struct Asker {
    to: Sender<Bytes>,
    began: Instant,
    /// For how long.
    length: Option<Duration>,
    _permit: OwnedSemaphorePermit,
}

impl Sink for Asker {
    fn has_room(&self) -> bool {
        self.to.is_closed() || self.to.capacity() >= self.to.max_capacity() / 2
    }

    fn take(&mut self, bytes: Vec<u8>, _opens: bool) -> Taken {
        if self.length.is_some_and(|length| self.began.elapsed() > length) {
            return Taken::Closed;
        }
        match self.to.try_send(bytes.into()) {
            Ok(()) => Taken::Yes,
            Err(NoRoom::Full(_)) => Taken::Full,
            Err(NoRoom::Closed(_)) => Taken::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of a test's own.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("quidnunc-recording-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).expect("a folder");
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).expect("it is ours");
        }
    }

    const HEAD: &str = "quidnunc record\n";

    /// Writes these openings, each with a step behind it, to files of sixty bytes at most in all.
    fn write(path: &Path, texts: &[&str]) -> io::Result<()> {
        let (files, (sender, pieces)) = (Files::open(path, 30)?, mpsc::sync_channel(8));
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut queue = Queue { sender, waiting: Arc::clone(&waiting) };
        for text in texts {
            assert_eq!(queue.take(format!("{HEAD}{text}").into_bytes(), true), Taken::Yes);
            assert_eq!(queue.take(b".".to_vec(), false), Taken::Yes);
        }
        drop(queue);
        files.write_all(&pieces, &waiting);
        assert_eq!(waiting.load(Ordering::Relaxed), 0);
        Ok(())
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).expect("it is there")
    }

    #[test]
    fn two_files_take_turns_and_neither_a_gap_nor_a_new_life_wipes_them_out() {
        let folder = Folder::new("turns");
        let (path, before) = (folder.0.join("n1.record"), folder.0.join("n1.record.1"));
        write(&path, &["a"]).expect("it may");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
        write(&path, &["b", "c"]).expect("it may");
        assert_eq!((read(&before), read(&path)), (format!("{HEAD}a.{HEAD}b."), format!("{HEAD}c.")));
        write(&path, &["d", "e"]).expect("it may");
        assert_eq!((read(&before), read(&path)), (format!("{HEAD}c.{HEAD}d."), format!("{HEAD}e.")));
    }

    #[test]
    fn a_node_that_is_larger_than_a_file_wipes_nothing_out_behind_a_gap() {
        let folder = Folder::new("large");
        let (path, before) = (folder.0.join("n1.record"), folder.0.join("n1.record.1"));
        let [a, b, c] = ["a", "b", "c"].map(|text| text.repeat(40));
        write(&path, &[&a, &b, &c]).expect("it may");
        assert_eq!((read(&before), read(&path)), (format!("{HEAD}{a}.{HEAD}{b}."), format!("{HEAD}{c}.")));
    }

    #[test]
    fn what_is_no_recording_is_not_lost() {
        let folder = Folder::new("other");
        let path = folder.0.join("n1.toml");
        fs::write(&path, "name = 'n1'").expect("a file");
        assert!(write(&path, &["a"]).is_err_and(|error| error.to_string().contains("something else")));
        assert_eq!(read(&path), "name = 'n1'");
        assert!(write(&folder.0, &[]).is_err(), "a folder is no file");
    }
}
