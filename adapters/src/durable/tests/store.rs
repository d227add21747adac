//! Does the file hold what was acknowledged, whatever else fails?

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use quidnunc_core::{MapSnapshot, NodeId, ValueView};

use super::super::disk::{Disk, System};
use super::super::format::opened;
use super::super::{DAMAGED_MAX, Durable, FILE_BYTES_MAX};
use super::{Damage, DurableError, Folder, Kept, State, beside, id, kept, map, peers, sample};

fn state() -> (Vec<std::net::SocketAddr>, [&'static [u8]; 2]) {
    (peers().to_vec(), [b"new", b"old"])
}

/// Reads past the lock.
fn boot_on_disk(path: &Path) -> Option<u64> {
    let bytes = fs::read(path).ok()?;
    Some(opened(&bytes, id()).ok()?.0.boot)
}

/// A disk that notes what is done to it, and fails at one step.
#[derive(Default)]
struct Noting {
    steps: Vec<String>,
    fails_at: Option<usize>,
}

impl Noting {
    fn step(&mut self, what: &str, path: &Path) -> io::Result<()> {
        self.steps.push(format!("{what} {}", path.file_name().unwrap().to_string_lossy()));
        if self.fails_at == Some(self.steps.len() - 1) { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Disk for Noting {
    type Open = (File, PathBuf);

    fn create(&mut self, path: &Path) -> io::Result<Self::Open> {
        self.step("create", path)?;
        Ok((System.create(path)?, path.to_path_buf()))
    }

    fn write(&mut self, (file, path): &mut Self::Open, bytes: &[u8]) -> io::Result<()> {
        let failed = self.step("write", path);
        // A disk that is full takes a part first.
        let part = if failed.is_err() { &bytes[..bytes.len() / 2] } else { bytes };
        System.write(file, part)?;
        failed
    }

    fn sync(&mut self, (file, path): &Self::Open) -> io::Result<()> {
        self.step("sync", path)?;
        System.sync(file)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename", from)?;
        self.steps.last_mut().unwrap().push_str(&format!(" to {}", to.file_name().unwrap().to_string_lossy()));
        System.rename(from, to)
    }

    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        self.step("sync folder", Path::new("f"))?;
        System.sync_folder(folder)
    }
}

#[test]
fn what_was_saved_is_there_after_a_restart() {
    let folder = Folder::new("restart");
    let (mut durable, found) = Durable::open(&folder.path(), id()).unwrap();
    assert_eq!(found, Kept::default());
    let boot = durable.begin_life().unwrap();
    let (peers, keys) = state();
    let state = State { boot, peers: &peers, keys: &keys, map: Some(map()), ..State::default() };
    durable.save(&state).unwrap();
    drop(durable);

    let (_, mut found) = Durable::open(&folder.path(), id()).unwrap();
    // What was left of its time grows less meanwhile.
    found.map.as_mut().unwrap().values[1].left = map().values[1].left;
    assert_eq!(found, kept(boot, &state));
    assert_eq!(folder.names(), ["state", "state.lock"]);
}

#[test]
fn a_life_begins_with_a_larger_number_and_loses_nothing() {
    let folder = Folder::new("lives");
    let far = u64::MAX / 2;
    let (mut durable, _) = Durable::open(&folder.path(), id()).unwrap();
    let (peers, keys) = state();
    durable.save(&State { boot: far, peers: &peers, keys: &keys, ..State::default() }).unwrap();
    drop(durable);
    for life in 1..4 {
        let (mut durable, found) = Durable::open(&folder.path(), id()).unwrap();
        assert_eq!(found, kept(far + life - 1, &State { boot: 0, peers: &peers, keys: &keys, ..State::default() }));
        assert_eq!(durable.begin_life().unwrap(), far + life);
    }
    let (mut durable, _) = Durable::open(&folder.path(), id()).unwrap();
    assert_eq!(durable.begin_life().unwrap(), far + 4);
    assert_eq!(durable.begin_life().unwrap(), far + 5, "also without a restart of the process");
}

#[test]
fn the_first_life_has_the_wall_clock_s_number() {
    let folder = Folder::new("first");
    let (mut durable, _) = Durable::open(&folder.path(), id()).unwrap();
    assert!(durable.begin_life().unwrap() > 1_700_000_000_000, "the wall clock of this machine is off by years");
}

#[test]
fn a_save_never_takes_a_boot_number_back() {
    let folder = Folder::new("back");
    let (mut durable, _) = Durable::open(&folder.path(), id()).unwrap();
    for (boot, expected) in [(5, 5), (9, 9), (7, 9), (0, 9)] {
        durable.save(&State { boot, ..State::default() }).unwrap();
        assert_eq!(boot_on_disk(&folder.path()), Some(expected));
    }
    drop(durable);
    let (mut durable, _) = Durable::open(&folder.path(), id()).unwrap();
    durable.save(&State::default()).unwrap();
    assert_eq!(boot_on_disk(&folder.path()), Some(9));
}

#[test]
fn the_last_number_of_all_begins_no_life_twice() {
    let folder = Folder::new("last");
    let (mut durable, _) = Durable::open(&folder.path(), id()).unwrap();
    durable.save(&State { boot: u64::MAX, ..State::default() }).unwrap();
    assert!(matches!(durable.begin_life(), Err(DurableError::NoBootLeft { .. })));
}

#[test]
fn a_file_has_one_user() {
    let folder = Folder::new("user");
    let (durable, _) = Durable::open(&folder.path(), id()).unwrap();
    let second = Durable::open(&folder.path(), id());
    assert!(matches!(&second, Err(DurableError::Locked { path }) if *path == folder.path()), "{second:?}");
    drop(durable);
    Durable::open(&folder.path(), id()).unwrap();
}

#[test]
fn the_bytes_are_synced_before_the_name_and_the_name_before_the_answer() {
    let folder = Folder::new("order");
    let (mut durable, _) = Durable::open(&folder.path(), id()).unwrap();
    let mut disk = Noting::default();
    durable.save_on(&mut disk, &State::default()).unwrap();
    let (temp, renamed) = ("state.tmp", "rename state.tmp to state");
    let expected = [format!("create {temp}"), format!("write {temp}"), format!("sync {temp}"), renamed.into()];
    assert_eq!(disk.steps, [expected.as_slice(), &["sync folder f".into()]].concat());
}

#[test]
fn whichever_step_fails_a_whole_file_stands_and_nothing_lies_beside_it() {
    let folder = Folder::new("steps");
    let (mut durable, _) = Durable::open(&folder.path(), id()).unwrap();
    durable.save(&State { boot: 1, keys: &[b"first"], ..State::default() }).unwrap();
    let before = fs::read(folder.path()).unwrap();
    let temp = beside(&folder.path(), ".tmp");
    let steps = [("create", &temp), ("write", &temp), ("sync", &temp), ("rename", &temp), ("sync", &folder.0)];
    for (step, (action, path)) in steps.into_iter().enumerate() {
        let mut disk = Noting { fails_at: Some(step), ..Noting::default() };
        let failed = durable.save_on(&mut disk, &State { boot: 2, keys: &[b"second"], ..State::default() });
        let shown = format!("cannot {action} {}: no storage space", path.display());
        assert_eq!(failed.unwrap_err().to_string(), shown);
        assert_eq!(folder.names(), ["state", "state.lock"], "{action}");
        let stands = fs::read(folder.path()).unwrap() == before;
        assert_eq!(stands, step < 4, "only the sync of the folder comes after the rename");
    }
    assert!(durable.begin_life().unwrap() > 2, "a number that may be on the disk is not given again");
    drop(durable);
    let (_, found) = Durable::open(&folder.path(), id()).unwrap();
    assert_eq!(found.keys, [b"second".as_slice().into()]);
}

#[test]
fn a_state_that_is_too_large_is_refused_before_anything_is_done() {
    let folder = Folder::new("large");
    let (mut durable, _) = Durable::open(&folder.path(), id()).unwrap();
    let value = vec![0; 1 << 20];
    let values = [ValueView { key: b"k", value: &value, version: 1, left: None }; 1025];
    let state = State { map: Some(MapSnapshot { values: &values, ..map() }), ..State::default() };
    let mut disk = Noting::default();
    let error = durable.save_on(&mut disk, &state).unwrap_err();
    assert!(
        matches!(error, DurableError::TooLarge { bytes, most: FILE_BYTES_MAX, .. } if bytes >= 1025 << 20),
        "{error}"
    );
    assert_eq!(disk.steps, [""; 0]);
}

#[test]
fn a_real_disk_that_refuses_is_named() {
    let folder = Folder::new("refuses");
    let nowhere = folder.0.join("none").join("state");
    let error = Durable::open(&nowhere, id()).unwrap_err();
    let lock = beside(&nowhere, ".lock");
    assert!(error.to_string().starts_with(&format!("cannot open {}: ", lock.display())), "{error}");

    let (mut durable, _) = Durable::open(&folder.path(), id()).unwrap();
    durable.save(&State { boot: 1, ..State::default() }).unwrap();
    let temp = beside(&folder.path(), ".tmp");
    fs::create_dir(&temp).unwrap();
    let error = durable.save(&State { boot: 2, ..State::default() }).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot remove {}: ", temp.display())), "{error}");
    assert_eq!(boot_on_disk(&folder.path()), Some(1));
    fs::remove_dir(&temp).unwrap();
    durable.save(&State { boot: 2, ..State::default() }).unwrap();
    assert_eq!(boot_on_disk(&folder.path()), Some(2));
}

#[test]
fn what_a_kill_left_half_written_is_removed_and_never_read() {
    let folder = Folder::new("stale");
    for bytes in [sample(), sample()[..60].to_vec()] {
        fs::write(beside(&folder.path(), ".tmp"), bytes).unwrap();
        let (_, found) = Durable::open(&folder.path(), id()).unwrap();
        assert_eq!(found, Kept::default());
        assert_eq!(folder.names(), ["state.lock"]);
    }
}

#[test]
fn damaged_files_are_kept_apart_until_there_are_too_many() {
    let folder = Folder::new("apart");
    for number in 1..=DAMAGED_MAX {
        fs::write(folder.path(), format!("rubbish {number}")).unwrap();
        let (mut durable, found) = Durable::open(&folder.path(), id()).unwrap();
        let aside = beside(&folder.path(), &format!(".damaged-{number}"));
        assert_eq!(found.trouble.unwrap().aside, aside);
        assert_eq!(fs::read(aside).unwrap(), format!("rubbish {number}").into_bytes());
        durable.begin_life().unwrap();
    }
    fs::write(folder.path(), "rubbish and more").unwrap();
    let crowded = Durable::open(&folder.path(), id()).unwrap_err();
    assert!(matches!(crowded, DurableError::Crowded { damage: Damage::Foreign, most: DAMAGED_MAX, .. }), "{crowded}");
    assert_eq!(fs::read(folder.path()).unwrap(), b"rubbish and more", "nothing is touched");

    fs::remove_file(beside(&folder.path(), ".damaged-3")).unwrap();
    let (_, found) = Durable::open(&folder.path(), id()).unwrap();
    let trouble = found.trouble.unwrap();
    let path = folder.path();
    let shown = format!(
        "{0} could not be used (it is no file of state); it lies in {0}.damaged-3 now, and the node knows nothing of \
         earlier lives",
        path.display()
    );
    assert_eq!(trouble.to_string(), shown);
}

#[test]
fn another_node_s_file_is_set_aside_whole() {
    let folder = Folder::new("other");
    fs::write(folder.path(), sample()).unwrap();
    let (_, found) = Durable::open(&folder.path(), NodeId::from_name("somebody")).unwrap();
    let trouble = found.trouble.unwrap();
    assert_eq!(trouble.damage, Damage::OtherNode { id: id() });
    assert_eq!(fs::read(trouble.aside).unwrap(), sample());
}

#[test]
fn a_folder_is_nobody_s_state_and_is_left_alone() {
    let folder = Folder::new("folder");
    fs::create_dir(folder.path()).unwrap();
    for path in [folder.path(), folder.path().join(""), PathBuf::from("/"), PathBuf::from("..")] {
        let error = Durable::open(&path, id()).unwrap_err();
        assert!(matches!(error, DurableError::NotAFile { .. }), "{error}");
    }
    assert!(folder.path().is_dir());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made in it");
}

#[test]
fn who_writes_past_the_lock_is_found_out() {
    let folder = Folder::new("past");
    let (mut durable, _) = Durable::open(&folder.path(), id()).unwrap();
    fs::write(folder.path(), "mine").unwrap();
    let error = durable.begin_life().unwrap_err();
    assert!(matches!(error, DurableError::Changed { damage: Damage::Short { bytes: 4 }, .. }), "{error}");
    fs::remove_file(folder.path()).unwrap();
    durable.begin_life().unwrap();
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_keys() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("mode");
    let (mut durable, _) = Durable::open(&folder.path(), id()).unwrap();
    durable.save(&State::default()).unwrap();
    for name in ["state", "state.lock"] {
        let mode = fs::metadata(folder.0.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
