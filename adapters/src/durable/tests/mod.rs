//! Is it the state that was kept, whole, or else a damage that is told?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod damage;
mod format;
mod store;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use quidnunc_core::{MapSnapshot, MapVersion, NodeId, ValueView, stable_hash};

use super::format::encode;
use super::kept::{Kept, KeptMap, KeptValue, State};
use super::{Damage, DurableError};

/// The wall clock of these tests, in ms since 1970.
const NOW: u64 = 1_800_000_000_000;

const VALUES: [ValueView<'static>; 2] = [
    ValueView { key: b"color", value: b"green", version: 5, left: None },
    ValueView { key: b"lease", value: b"", version: 6, left: Some(Duration::from_millis(300)) },
];

fn id() -> NodeId {
    NodeId::from_u128(0x0102_0304)
}

fn peers() -> [SocketAddr; 2] {
    [SocketAddr::from(([10, 0, 0, 1], 7946)), SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 1))]
}

const fn map() -> MapSnapshot<'static> {
    MapSnapshot { version: MapVersion { epoch: 3, version: 300, watermark: 4 }, values: &VALUES }
}

/// The bytes of a small state with something of everything.
fn sample() -> Vec<u8> {
    let state = State { boot: 0, peers: &peers(), keys: &[b"new", b"old"], map: Some(map()), ..State::default() };
    encode(id(), 1_234, NOW, &state)
}

/// What a state comes back as at once.
fn kept(boot: u64, state: &State<'_>) -> Kept {
    let owned = |&value: &ValueView<'_>| KeptValue::from(value);
    Kept {
        boot: Some(boot),
        peers: state.peers.to_vec(),
        keys: state.keys.iter().map(|&key| key.into()).collect(),
        removed_keys: state.removed_keys.to_vec(),
        seal_mode: state.seal_mode,
        map: state.map.map(|map| KeptMap { version: map.version, values: map.values.iter().map(owned).collect() }),
        trouble: None,
    }
}

/// A file with this boot number and body, whose head and check are right.
fn file_of(boot: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = encode(id(), boot, NOW, &State::default());
    bytes.truncate(41);
    bytes.extend((body.len() as u64).to_le_bytes());
    bytes.extend(body);
    let check = stable_hash(0x7374_6174_652d_6f6b, &bytes);
    bytes.extend(check.to_le_bytes());
    bytes
}

/// A folder of a test's own, removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("quidnunc-{}-{test}", process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("state")
    }

    /// What lies in it, by name.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}
