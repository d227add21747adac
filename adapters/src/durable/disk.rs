//! How does one file replace another so that at any instant the old one or the new one is there, whole?
//!
//! The new one is written beside the old one, synced, and renamed onto it; then the folder is synced. A rename is
//! atomic to every other process, also to one that comes after a kill. After a power cut it is so on file systems
//! that do not let a rename overtake the data that was synced before it: ext4, XFS, btrfs, ZFS, APFS.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::trouble::DurableError;

/// What is done to a disk, step by step, so that a test can let each of them fail.
pub(super) trait Disk {
    /// An open file.
    type Open;
    /// Makes a file that only its owner may read. There is none of that name.
    fn create(&mut self, path: &Path) -> io::Result<Self::Open>;
    /// Writes all bytes.
    fn write(&mut self, file: &mut Self::Open, bytes: &[u8]) -> io::Result<()>;
    /// Returns when the bytes are on the disk.
    fn sync(&mut self, file: &Self::Open) -> io::Result<()>;
    /// Gives a file another name, and takes that from whoever had it.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// Returns when the names in a folder are on the disk.
    fn sync_folder(&mut self, folder: &Path) -> io::Result<()>;
}

/// The disk of this machine.
pub(super) struct System;

impl Disk for System {
    type Open = File;

    fn create(&mut self, path: &Path) -> io::Result<File> {
        private().create_new(true).open(path)
    }

    fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[cfg(unix)]
    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    /// Windows cannot sync a folder; its file systems keep a journal of names.
    #[cfg(not(unix))]
    fn sync_folder(&mut self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// Opens for writing; what it creates is for its owner alone.
pub(super) fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The file of state, and what lies beside it.
#[derive(Debug)]
pub(super) struct Names {
    /// The file itself.
    pub(super) file: PathBuf,
    /// The next one, while it is being written.
    pub(super) temp: PathBuf,
    /// What tells that somebody uses the file. It stays, because who removes a lock removes another one's.
    pub(super) lock: PathBuf,
    /// Where all of them lie.
    pub(super) folder: PathBuf,
}

impl Names {
    /// `None` if the path has no file name.
    pub(super) fn of(path: &Path) -> Option<Self> {
        // Without a slash at its end, which a name beside it would stand behind.
        let path = &path.with_file_name(path.file_name()?);
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let (temp, lock) = (beside(path, ".tmp"), beside(path, ".lock"));
        Some(Self { file: path.to_path_buf(), temp, lock, folder: folder.to_path_buf() })
    }

    /// The place for a damaged file.
    pub(super) fn damaged(&self, number: u32) -> PathBuf {
        beside(&self.file, &format!(".damaged-{number}"))
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// An error that says what was tried on which file.
pub(super) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DurableError {
    let path = path.to_path_buf();
    move |source| DurableError::Io { action, path, source }
}

/// Removes a file that need not be there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Lets the file hold these bytes, and returns when they are on the disk.
pub(super) fn replace<D: Disk>(disk: &mut D, names: &Names, bytes: &[u8]) -> Result<(), DurableError> {
    let replaced = write_beside(disk, &names.temp, bytes)
        .and_then(|()| disk.rename(&names.temp, &names.file).map_err(failed("rename", &names.temp)));
    if replaced.is_err() {
        // If it stays, the next replacement or the next start removes it; what is told is the first error.
        let _ = remove(&names.temp);
    }
    replaced?;
    disk.sync_folder(&names.folder).map_err(failed("sync", &names.folder))
}

fn write_beside<D: Disk>(disk: &mut D, temp: &Path, bytes: &[u8]) -> Result<(), DurableError> {
    remove(temp).map_err(failed("remove", temp))?;
    let mut file = disk.create(temp).map_err(failed("create", temp))?;
    disk.write(&mut file, bytes).map_err(failed("write", temp))?;
    disk.sync(&file).map_err(failed("sync", temp))
}
