//! Where is an agent asked, and is one there already?
//!
//! Only the agent's own user may ask: the socket has mode 0600, and the folder that is made for it 0700. A lock beside the socket
//! tells a living agent from one that was killed, and goes with the process however that ends; so a socket is only ever removed
//! by who holds the lock.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::io::Errno;
use rustix::process::{getuid, umask};
use tokio::net::UnixListener;

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    /// An agent answers there.
    #[error("an agent runs at {path} already: give this one another --name or --socket")]
    Taken { path: PathBuf },
    /// Something else is there.
    #[error("{path} is no socket: remove it, or give another --socket")]
    NoSocket { path: PathBuf },
    /// Somebody else could put a socket there.
    #[error("{path} is not a folder of this user alone: remove it, or give another --socket")]
    Folder { path: PathBuf },
    /// The system refuses.
    #[error("cannot {action} {path}: {source}")]
    System { action: &'static str, path: PathBuf, source: io::Error },
}

impl SocketError {
    /// Whether it is for whoever said where to mend.
    pub(crate) const fn is_usage(&self) -> bool {
        match self {
            Self::Taken { .. } | Self::NoSocket { .. } | Self::Folder { .. } => true,
            Self::System { .. } => false,
        }
    }
}

/// A control socket that listens; it goes with this.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) listener: UnixListener,
    pub(crate) path: PathBuf,
    _lock: File,
}

/// Where sockets are unless somebody says otherwise.
pub(crate) fn default_folder() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => Path::new(&folder).join("quidnunc"),
        None => PathBuf::from(format!("/tmp/quidnunc-{}", getuid().as_raw())),
    }
}

/// What `--socket` means: a path, if there is a slash in it, and else the name of an agent.
pub(crate) fn path_of(text: &str) -> PathBuf {
    if text.contains('/') { PathBuf::from(text) } else { default_folder().join(format!("{text}.sock")) }
}

/// The sockets in the default folder at which somebody listens, in order.
pub(crate) fn live() -> Result<Vec<PathBuf>, SocketError> {
    let folder = default_folder();
    if folder.exists() {
        check_folder(&folder)?;
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_socket()))
        .map(|entry| entry.path())
        .filter(|path| !is_stale(path))
        .collect();
    found.sort();
    Ok(found)
}

/// Whether a socket was left behind by an agent that was killed.
fn is_stale(path: &Path) -> bool {
    StdStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

impl Control {
    /// Listens at a path; its folder is made if it is the default one. Call it where no other thread makes files: it sets the
    /// process's mask for a moment.
    pub(crate) fn listen(path: &Path) -> Result<Self, SocketError> {
        let failed = |action| move |source| SocketError::System { action, path: path.to_path_buf(), source };
        if path.parent() == Some(&default_folder()) {
            make_folder(&default_folder())?;
        }
        let lock = lock(path)?;
        match fs::symlink_metadata(path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(path).map_err(failed("remove"))?,
            Ok(_) => return Err(SocketError::NoSocket { path: path.to_path_buf() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("look at")(error)),
        }
        let before = umask(Mode::from_raw_mode(0o177));
        let bound = StdListener::bind(path);
        umask(before);
        let listener = bound.and_then(|listener| {
            listener.set_nonblocking(true)?;
            UnixListener::from_std(listener)
        });
        let listener = listener.map_err(failed("listen at"))?;
        Ok(Self { listener, path: path.to_path_buf(), _lock: lock })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // The lock is still held. A socket that stays is replaced by the next agent.
        let _ = fs::remove_file(&self.path);
    }
}

fn lock(path: &Path) -> Result<File, SocketError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let failed = |source| SocketError::System { action: "lock", path: name.clone(), source };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(&name).map_err(failed)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(Errno::WOULDBLOCK) => Err(SocketError::Taken { path: path.to_path_buf() }),
        Err(errno) => Err(failed(errno.into())),
    }
}

fn make_folder(folder: &Path) -> Result<(), SocketError> {
    let made = DirBuilder::new().mode(0o700).create(folder);
    match made {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(source) => return Err(SocketError::System { action: "make", path: folder.to_path_buf(), source }),
    }
    check_folder(folder)
}

/// Whether nobody but this user can have put a socket into a folder.
fn check_folder(folder: &Path) -> Result<(), SocketError> {
    let is_own = fs::symlink_metadata(folder)
        .is_ok_and(|found| found.is_dir() && found.uid() == getuid().as_raw() && found.mode().trailing_zeros() >= 6);
    if is_own { Ok(()) } else { Err(SocketError::Folder { path: folder.to_path_buf() }) }
}

/// Whether what listens at a path may be told secrets. Of a folder that somebody names that is the business of who names it.
pub(crate) fn check_socket(path: &Path) -> Result<(), SocketError> {
    let folder = default_folder();
    if path.parent() == Some(&folder) && folder.exists() { check_folder(&folder) } else { Ok(()) }
}
