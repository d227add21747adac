//! Into which file goes a recording?
//!
//! Into a new one, which its owner alone reads: a recording holds the node's chance, and keys and values unless they were taken out.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Makes a file for a recording, which takes the place of another one only if `replaces`.
///
/// # Errors
/// Of the system; [`io::ErrorKind::AlreadyExists`] where one is there that is not to be replaced.
pub fn create(path: &Path, replaces: bool) -> io::Result<File> {
    // A new file each time, so that it is nobody else's to read.
    if replaces
        && let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes a recording that is there as a whole: all of it, or no file is left.
///
/// # Errors
/// As [`create`].
pub fn write(path: &Path, replaces: bool, bytes: &[u8]) -> io::Result<()> {
    create(path, replaces)?.write_all(bytes).inspect_err(|_| {
        // A part of it is of no use.
        let _ = fs::remove_file(path);
    })
}
