//! Into which file goes a recording?
//!
//! Into a new one, which its owner alone reads: a recording holds the node's chance, and keys and values unless they were taken out.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::tape::{MAGIC, is_recording};

/// So many names are tried for a file beside another one. They are taken only by what was killed.
const NAMES: u8 = 100;

/// A recording is not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// No file can be made there, whatever room there is; [`io::ErrorKind::AlreadyExists`] where one is there that is not to be replaced.
    #[error("cannot make it: {0}")]
    Create(#[source] io::Error),
    /// It cannot be written to its end, as where a disk is full.
    #[error("cannot write it to its end: {0}")]
    Write(#[source] io::Error),
}

/// Makes a file for a recording, which takes the place of another one only if `replaces`.
///
/// # Errors
/// Of the system; [`io::ErrorKind::AlreadyExists`] where one is there that is not to be replaced.
pub fn create(path: &Path, replaces: bool) -> io::Result<File> {
    if replaces
        && let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    create_new(path)
}

/// A new file, so that it is nobody else's to read, and no link leads elsewhere.
fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes a recording that is there as a whole: all of it, or no file is left, and what it was to replace stays.
///
/// # Errors
/// [`WriteError`], by what has failed.
pub fn write(path: &Path, replaces: bool, bytes: &[u8]) -> Result<(), WriteError> {
    write_with(path, replaces, |file| file.write_all(bytes))
}

fn write_with(path: &Path, replaces: bool, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), WriteError> {
    // What is replaced is so by what is whole: that is written beside it.
    let made = if replaces { create_beside(path) } else { create_new(path).map(|file| (file, path.to_owned())) };
    let (mut file, made) = made.map_err(unmade)?;
    let filled = fill(&mut file).and_then(|()| file.sync_all()).map_err(WriteError::Write);
    let place = || if replaces { fs::rename(&made, path) } else { Ok(()) };
    let placed = filled.and_then(|()| place().map_err(unmade));
    placed.inspect_err(|_| {
        // A part of it is of no use.
        let _ = fs::remove_file(&made);
    })
}

/// A disk that is full at the beginning is no wrong place.
fn unmade(error: io::Error) -> WriteError {
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return WriteError::Write(error);
    }
    WriteError::Create(error)
}

/// A new file in the same folder, which becomes that of the path by a rename.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    for number in 0..NAMES {
        let beside = path.with_file_name(format!(".quidnunc-record-{}-{number}", std::process::id()));
        match create_new(&beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (file, beside)),
        }
    }
    Err(io::Error::other("the names of all files beside it are taken"))
}

/// How many bytes are in a file that a recording may take the place of or go on in: a recording, or an empty file. 0 where there
/// is none.
///
/// # Errors
/// Of the system, or that something else is there, which is not to be lost.
pub fn recorded_len(path: &Path) -> io::Result<u64> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut head = Vec::new();
    // Whoever opens a pipe waits for its other end.
    if found.is_file() {
        File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut head)?;
        if head.is_empty() || is_recording(&head) {
            return Ok(found.len());
        }
    }
    Err(io::Error::other(format!("{} is something else than a recording", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of a test's own, with a recording that may be replaced.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("quidnunc-record-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join("old"), "old").expect("a file");
            Self(folder)
        }

        /// What is in which file.
        fn files(&self) -> Vec<(String, String)> {
            let entries = fs::read_dir(&self.0).expect("it is there").map(|entry| entry.expect("it is there").path());
            let text = |path: &Path| fs::read_to_string(path).expect("a text");
            let name = |path: &Path| path.file_name().expect("it has one").to_string_lossy().into_owned();
            let mut files: Vec<_> = entries.map(|path| (name(&path), text(&path))).collect();
            files.sort();
            files
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).expect("it is ours");
        }
    }

    fn row(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn what_is_not_written_to_its_end_leaves_everything_as_it_was() {
        let folder = Folder::new("full");
        let full = |file: &mut File| {
            file.write_all(b"ne")?;
            Err(io::ErrorKind::StorageFull.into())
        };
        for (name, replaces) in [("old", true), ("new", true), ("new", false)] {
            let error = write_with(&folder.0.join(name), replaces, full).expect_err("it is full");
            assert!(matches!(error, WriteError::Write(error) if error.kind() == io::ErrorKind::StorageFull));
            assert_eq!(folder.files(), [row("old", "old")]);
        }
        let error = write(&folder.0.join("nowhere/new"), true, b"new").expect_err("there is no such folder");
        assert!(matches!(error, WriteError::Create(error) if error.kind() == io::ErrorKind::NotFound));
    }

    #[test]
    fn a_file_is_replaced_only_if_it_is_to_be() {
        let folder = Folder::new("replaces");
        let (old, new) = (folder.0.join("old"), folder.0.join("new"));
        let error = write(&old, false, b"new").expect_err("it is there");
        assert!(matches!(error, WriteError::Create(error) if error.kind() == io::ErrorKind::AlreadyExists));
        assert_eq!(folder.files(), [row("old", "old")]);
        write(&old, true, b"newer").expect("it may");
        write(&new, false, b"new").expect("it may");
        assert_eq!(folder.files(), [row("new", "new"), row("old", "newer")]);
        assert!(write(&folder.0, true, b"new").is_err(), "a folder is no file");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_it_and_no_link_leads_it_elsewhere() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let folder = Folder::new("links");
        let (link, beside) = (folder.0.join("link"), format!(".quidnunc-record-{}-0", std::process::id()));
        symlink(folder.0.join("old"), &link).expect("a link");
        symlink(folder.0.join("old"), folder.0.join(&beside)).expect("a link");
        write(&link, true, b"new").expect("it may");
        assert_eq!(folder.files(), [row(&beside, "old"), row("link", "new"), row("old", "old")]);
        let file = fs::symlink_metadata(&link).expect("it is there");
        assert_eq!(file.permissions().mode(), 0o100_600);
    }

    #[test]
    fn what_is_no_recording_is_told_apart() {
        let folder = Folder::new("other");
        let [old, none, empty, recording] = ["old", "none", "empty", "recording"].map(|name| folder.0.join(name));
        fs::write(&empty, "").expect("a file");
        fs::write(&recording, [MAGIC.as_slice(), b"cut"].concat()).expect("a file");
        assert_eq!([&none, &empty, &recording].map(|path| recorded_len(path).expect("nothing is lost")), [0, 0, 19]);
        for path in [&old, &folder.0] {
            let error = recorded_len(path).expect_err("it would be lost");
            assert!(error.to_string().ends_with("is something else than a recording"), "{error}");
        }
    }
}
