//! What survives the end of a process, however it ends?
//!
//! One file per node holds its boot number, the addresses of others, the key ring and, if that is asked for, the
//! node's own map. It is replaced as a whole:
//!
//! * [`format`] — how does a state become bytes, and bytes a state or a damage?
//! * [`disk`] — how does one file replace another so that one of them is always there, whole?
//! * [`kept`] — what is kept?
//! * [`trouble`] — what can be wrong?
//!
//! Invariant: what [`Durable::save`] has acknowledged is what the next [`Durable::open`] returns, and no boot number
//! that it returns, or begins a life with, is smaller than an earlier one. A file that cannot be read is never
//! overwritten and never believed in part.

mod disk;
mod format;
mod kept;
#[cfg(test)]
mod tests;
mod trouble;

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use quidnunc_core::NodeId;

use crate::clock::{boot_after, boot_now};
use disk::{Disk, Names, System, failed};
pub(crate) use kept::KeptRing;
pub use kept::{Kept, KeptMap, KeptValue, Secret, State};
pub use trouble::{Damage, DurableError, Trouble};

/// The longest file of state: 1 GiB.
pub const FILE_BYTES_MAX: u64 = 1 << 30;

/// So many damaged files may lie beside the file of state. After that it takes somebody to look.
pub const DAMAGED_MAX: u32 = 16;

/// A node's file of state, open and locked.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("quidnunc-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// use quidnunc::{Durable, NodeId, State};
///
/// let (mut durable, kept) = Durable::open(&folder.join("n2.state"), NodeId::from_name("n2"))?;
/// if let Some(trouble) = &kept.trouble {
///     eprintln!("{trouble}");
/// }
/// let boot = durable.begin_life()?; // the number is on the disk: a node may start with it
/// durable.save(&State { boot, peers: &["10.0.0.1:7946".parse()?], ..State::default() })?;
/// # drop(durable);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Files
/// Beside the file `NAME` lie `NAME.lock`, which stays and is empty; `NAME.tmp`, while a save runs or after it was
/// killed; and `NAME.damaged-1` to `-16` ([`DAMAGED_MAX`]), if there was damage. What is made here is readable by its
/// owner alone. If `NAME` is a symbolic link, the first save puts a file in its place.
///
/// # Cost
/// A save writes the whole state and waits for the disk twice: one sync of the file, one of its folder. On a virtual
/// machine with ext4 that took 0.6 ms for a small state, 2 ms for 1 MiB and 0.14 s for 64 MiB, and many times that when
/// others used the disk; without the disk 15 µs, 0.7 ms and 0.1 s. The example `save_cost` measures yours.
///
/// A node is deaf while its thread waits, so a driver that saves in that thread should stay below a tenth of the
/// probe timeout in all, or save in another thread: a `Durable` is [`Send`]. One save can acknowledge any number of
/// writes; what comes while it runs goes into the next one, so a save follows the one before at once at the most.
/// Without writes there is a save per new life, raised boot number and new key; for peers alone one a minute is enough.
///
/// # What is not promised
/// A disk that says that it has written, and has not, loses what it wants at a power cut. Some network file systems
/// keep locks per machine only. Keys are not wiped from memory, and lie in the file as they are.
pub struct Durable {
    id: NodeId,
    names: Names,
    /// 0 where none was kept.
    boot: u64,
    /// Holds the lock until it is closed: also by a kill.
    _lock: File,
}

impl fmt::Debug for Durable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, names, boot, _lock } = self;
        f.debug_struct("Durable").field("id", id).field("file", &names.file).field("boot", boot).finish()
    }
}

impl Durable {
    /// Locks a node's file of state and reads it. Its folder must be there; the file need not.
    ///
    /// A file that is torn or corrupt, that a later release wrote in another format, or that belongs to another node
    /// is renamed to `NAME.damaged-1`, or the next number that is free, and [`Kept::trouble`] says so; the rest of
    /// [`Kept`] is empty then. It takes as much memory as the file is long and as its contents take, once each.
    ///
    /// # Errors
    /// [`DurableError::Locked`] while another process has it open, [`DurableError::NotAFile`],
    /// [`DurableError::Crowded`] when [`DAMAGED_MAX`] damaged files lie there already, and [`DurableError::Io`].
    pub fn open(path: &Path, id: NodeId) -> Result<(Self, Kept), DurableError> {
        let names = Names::of(path).ok_or_else(|| DurableError::NotAFile { path: path.to_path_buf() })?;
        let lock = disk::private().create(true).truncate(false).open(&names.lock);
        let lock = lock.map_err(failed("open", &names.lock))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DurableError::Locked { path: names.file }),
            Err(TryLockError::Error(error)) => return Err(failed("lock", &names.lock)(error)),
        }
        disk::remove(&names.temp).map_err(failed("remove", &names.temp))?;
        let bytes = read(&names.file)?;
        let kept = match bytes.map(|bytes| format::decode(&bytes?, id, boot_now())) {
            None => Kept::default(),
            Some(Ok(kept)) => kept,
            Some(Err(damage)) => Kept { trouble: Some(set_aside(&names, damage)?), ..Kept::default() },
        };
        Ok((Self { id, names, boot: kept.boot.unwrap_or(0), _lock: lock }, kept))
    }

    /// Draws the boot number of a new life as [`boot_after`] does, and returns it when it is on the disk. It is
    /// larger than every one that was kept before. The rest of what was kept stays, and is on the disk, too.
    ///
    /// # Errors
    /// [`DurableError`]; no life has begun then. [`DurableError::Changed`] when somebody else wrote to the file.
    pub fn begin_life(&mut self) -> Result<u64, DurableError> {
        let changed = |damage| DurableError::Changed { path: self.names.file.clone(), damage };
        let mut bytes = match read(&self.names.file)? {
            Some(found) => found.map_err(changed)?,
            None => format::encode(self.id, 0, boot_now(), &State::default()),
        };
        let last = self.boot.max(format::opened(&bytes, self.id).map_err(changed)?.0.boot);
        let boot = boot_after(last);
        if boot == last {
            return Err(DurableError::NoBootLeft { path: self.names.file.clone() });
        }
        format::set_boot(&mut bytes, boot);
        disk::replace(&mut System, &self.names, &bytes)?;
        self.boot = boot;
        Ok(boot)
    }

    /// Keeps a state in place of the one before, and returns when it is on the disk.
    ///
    /// # Errors
    /// [`DurableError::Io`] and [`DurableError::TooLarge`]. The state before stands then, but see [`DurableError`].
    /// Saving again is the right answer to an error that passes: nothing of the failed attempt is used.
    pub fn save(&mut self, state: &State<'_>) -> Result<(), DurableError> {
        self.save_on(&mut System, state)
    }

    fn save_on<D: Disk>(&mut self, disk: &mut D, state: &State<'_>) -> Result<(), DurableError> {
        let bytes = format::bytes_most(state);
        if bytes > FILE_BYTES_MAX {
            return Err(DurableError::TooLarge { path: self.names.file.clone(), bytes, most: FILE_BYTES_MAX });
        }
        let boot = self.boot.max(state.boot);
        disk::replace(disk, &self.names, &format::encode(self.id, boot, boot_now(), state))?;
        self.boot = boot;
        Ok(())
    }
}

/// All bytes of a file; `None` if there is none. What cannot be a file of state is not read to its end.
fn read(path: &Path) -> Result<Option<Result<Vec<u8>, Damage>>, DurableError> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed("read", path))?,
    };
    // To open a pipe would wait for whoever writes to it.
    if !metadata.is_file() {
        return Err(DurableError::NotAFile { path: path.to_path_buf() });
    }
    read_all(path).map(Some).map_err(failed("read", path))
}

fn read_all(path: &Path) -> io::Result<Result<Vec<u8>, Damage>> {
    let mut file = File::open(path)?;
    let found = file.metadata()?.len();
    let mut bytes = Vec::with_capacity(format::HEAD_BYTES);
    Read::by_ref(&mut file).take(format::HEAD_BYTES as u64).read_to_end(&mut bytes)?;
    let told = match format::Head::read(&bytes) {
        Ok(head) => head.file_bytes(),
        Err(damage) => return Ok(Err(damage)),
    };
    if told != found {
        return Ok(Err(Damage::Length { bytes: found, told }));
    }
    if found > FILE_BYTES_MAX {
        return Ok(Err(Damage::Long { bytes: found }));
    }
    let rest = usize::try_from(found).unwrap_or(usize::MAX).saturating_sub(bytes.len());
    bytes.try_reserve_exact(rest)?;
    file.take(rest as u64).read_to_end(&mut bytes)?;
    Ok(Ok(bytes))
}

/// Moves a damaged file to the first place that is free.
fn set_aside(names: &Names, damage: Damage) -> Result<Trouble, DurableError> {
    for aside in (1..=DAMAGED_MAX).map(|number| names.damaged(number)) {
        match fs::symlink_metadata(&aside) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::rename(&names.file, &aside).map_err(failed("set aside", &names.file))?;
                System.sync_folder(&names.folder).map_err(failed("sync", &names.folder))?;
                return Ok(Trouble { path: names.file.clone(), aside, damage });
            }
            Err(error) => return Err(failed("look for", &aside)(error)),
        }
    }
    Err(DurableError::Crowded { path: names.file.clone(), damage, most: DAMAGED_MAX })
}
