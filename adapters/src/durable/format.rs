//! How does a state become bytes, and how do bytes become a state, or else a damage?
//!
//! ```text
//! file     magic 8 · version u8 · node id 16 · boot u64 · written u64 · body length u64 · body · check u64
//! body     sections, each: kind u8 · length u32 · postcard
//! ```
//!
//! Numbers outside postcard are little endian. `written` is the wall clock in ms since 1970: the time that has
//! passed since is taken off the values that end. The check is [`stable_hash`] of all bytes before it.
//!
//! Sections of an unknown kind, and what stands behind the known part of a section, are skipped: so a later release
//! may say more, and this one still reads the rest. What cannot be read without knowing that needs a new version.
//!
//! Decoding is total: any bytes give a state or a [`Damage`], and nothing is allocated by what a length claims.

use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

use quidnunc_core::{MapSnapshot, MapVersion, NodeId, ValueView, stable_hash};
use serde::{Deserialize, Serialize, Serializer};

use super::kept::{Kept, KeptMap, KeptValue, State};
use super::trouble::Damage;

/// The newest format that this release reads, and the one that it writes.
pub(super) const VERSION: u8 = 1;

/// The bytes before the body.
pub(super) const HEAD_BYTES: usize = 49;

const MAGIC: [u8; 8] = *b"QNSTATE\0";
const BOOT_AT: usize = 25;
const CHECK_BYTES: usize = 8;
const CHECK_SEED: u64 = 0x7374_6174_652d_6f6b;

const SECTION_HEAD_BYTES: usize = 5;
/// The longest `u64` of postcard.
const NUMBER_BYTES_MAX: usize = 10;
/// Family, an IPv6 address, and the longest port.
const PEER_BYTES_MAX: usize = 1 + 16 + 3;

const PEERS: u8 = 1;
const KEYS: u8 = 2;
const MAP: u8 = 3;
const SEAL: u8 = 4;

/// A list takes room for so many items at most before it has seen them.
const ITEMS_RESERVED_MAX: usize = 1 << 10;

/// What stands before the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) id: NodeId,
    pub(super) boot: u64,
    written_ms: u64,
    body_bytes: u64,
}

impl Head {
    /// Reads the head of a file, of which `bytes` are the first ones.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Damage> {
        let mut rest = bytes;
        let short = Damage::Short { bytes: bytes.len() };
        if take(&mut rest).ok_or(short)? != MAGIC {
            return Err(Damage::Foreign);
        }
        let [version] = take(&mut rest).ok_or(short)?;
        if version == 0 {
            return Err(Damage::Foreign);
        }
        if version > VERSION {
            return Err(Damage::LaterVersion { version });
        }
        let id = NodeId::from_bytes(take(&mut rest).ok_or(short)?);
        let mut number = || Some(u64::from_le_bytes(take(&mut rest)?));
        let (boot, written_ms) = (number().ok_or(short)?, number().ok_or(short)?);
        Ok(Self { id, boot, written_ms, body_bytes: number().ok_or(short)? })
    }

    /// How long the whole file is.
    pub(super) const fn file_bytes(&self) -> u64 {
        self.body_bytes.saturating_add((HEAD_BYTES + CHECK_BYTES) as u64)
    }
}

/// The bytes that stand for a state, of which [`bytes_most`] has said that they are not too many.
pub(super) fn encode(id: NodeId, boot: u64, written_ms: u64, state: &State<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(usize::try_from(bytes_most(state)).unwrap_or(0));
    bytes.extend(MAGIC);
    bytes.push(VERSION);
    bytes.extend(id.to_bytes());
    for number in [boot, written_ms, 0] {
        bytes.extend(number.to_le_bytes());
    }
    if !state.peers.is_empty() {
        section(&mut bytes, PEERS, |bytes| put(bytes, &state.peers));
    }
    if !state.keys.is_empty() {
        section(&mut bytes, KEYS, |bytes| {
            put(bytes, &(state.keys.len() as u64));
            state.keys.iter().for_each(|key| put(bytes, &Bytes(key)));
        });
    }
    if state.seal_mode.is_some() || !state.removed_keys.is_empty() {
        section(&mut bytes, SEAL, |bytes| put(bytes, &(state.seal_mode, state.removed_keys)));
    }
    if let Some(map) = &state.map {
        section(&mut bytes, MAP, |bytes| put_map(bytes, map));
    }
    let body_bytes = (bytes.len() - HEAD_BYTES) as u64;
    bytes[HEAD_BYTES - 8..HEAD_BYTES].copy_from_slice(&body_bytes.to_le_bytes());
    bytes.extend(check_of(&bytes));
    bytes
}

/// Puts another boot number into a file that [`opened`] has found whole, and leaves everything else.
pub(super) fn set_boot(bytes: &mut Vec<u8>, boot: u64) {
    bytes.truncate(bytes.len() - CHECK_BYTES);
    bytes[BOOT_AT..BOOT_AT + 8].copy_from_slice(&boot.to_le_bytes());
    let check = check_of(bytes);
    bytes.extend(check);
}

/// The head and the body of a whole file of this node.
pub(super) fn opened(bytes: &[u8], id: NodeId) -> Result<(Head, &[u8]), Damage> {
    let head = Head::read(bytes)?;
    if head.file_bytes() != bytes.len() as u64 {
        return Err(Damage::Length { bytes: bytes.len() as u64, told: head.file_bytes() });
    }
    let (checked, check) = bytes.split_last_chunk::<CHECK_BYTES>().ok_or(Damage::Checksum)?;
    if check_of(checked) != *check {
        return Err(Damage::Checksum);
    }
    if head.id != id {
        return Err(Damage::OtherNode { id: head.id });
    }
    Ok((head, &checked[HEAD_BYTES..]))
}

/// The state that bytes stand for, when they are read at this wall clock time.
pub(super) fn decode(bytes: &[u8], id: NodeId, now_ms: u64) -> Result<Kept, Damage> {
    let (head, mut rest) = opened(bytes, id)?;
    let passed = Duration::from_millis(now_ms.saturating_sub(head.written_ms));
    let mut kept = Kept { boot: Some(head.boot), ..Kept::default() };
    while let Some([kind]) = take(&mut rest) {
        let damage = Damage::Section { kind };
        let body = take(&mut rest).and_then(|len| rest.split_off(..usize::try_from(u32::from_le_bytes(len)).ok()?));
        let body = &mut body.ok_or(damage)?;
        match kind {
            PEERS => kept.peers = list(body, get::<SocketAddr>).ok_or(damage)?,
            KEYS => kept.keys = list(body, |rest| Some(get::<&[u8]>(rest)?.into())).ok_or(damage)?,
            SEAL => {
                kept.seal_mode = get(body).ok_or(damage)?;
                kept.removed_keys = list(body, get::<[u8; 4]>).ok_or(damage)?;
            }
            MAP => kept.map = Some(get_map(body, passed).ok_or(damage)?),
            _ => {}
        }
    }
    Ok(kept)
}

fn check_of(bytes: &[u8]) -> [u8; CHECK_BYTES] {
    stable_hash(CHECK_SEED, bytes).to_le_bytes()
}

/// Bytes that postcard copies at once; a slice it takes for a list of numbers.
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// As many bytes as a state takes at most, every number at its longest.
pub(super) fn bytes_most(state: &State<'_>) -> u64 {
    const FRAME: usize =
        HEAD_BYTES + CHECK_BYTES + 4 * (SECTION_HEAD_BYTES + NUMBER_BYTES_MAX) + 3 * NUMBER_BYTES_MAX + 2;
    let keys = state.keys.iter().map(|key| key.len() + NUMBER_BYTES_MAX);
    let values = state.map.iter().flat_map(|map| map.values);
    let values = values.map(|value| value.key.len() + value.value.len() + 4 * NUMBER_BYTES_MAX + 1);
    [FRAME, state.peers.len() * PEER_BYTES_MAX, state.removed_keys.len() * 4]
        .into_iter()
        .chain(keys)
        .chain(values)
        .map(|bytes| bytes as u64)
        .sum()
}

fn section(bytes: &mut Vec<u8>, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
    bytes.push(kind);
    let start = bytes.len();
    bytes.extend([0; 4]);
    body(bytes);
    let len = u32::try_from(bytes.len() - start - 4).expect("a file is shorter than that");
    bytes[start..start + 4].copy_from_slice(&len.to_le_bytes());
}

fn put(bytes: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let written = postcard::to_extend(value, mem::take(bytes));
    *bytes = written.expect("a vector takes everything, and all that is written knows its length");
}

fn put_map(bytes: &mut Vec<u8>, map: &MapSnapshot<'_>) {
    let MapVersion { epoch, version, watermark } = map.version;
    put(bytes, &(epoch, version, watermark));
    put(bytes, &(map.values.len() as u64));
    for &ValueView { key, value, version, left } in map.values {
        let left_ms = left.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
        put(bytes, &(Bytes(key), Bytes(value), version, left_ms));
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, later) = rest.split_first_chunk()?;
    *rest = later;
    Some(*taken)
}

fn get<'a, T: Deserialize<'a>>(rest: &mut &'a [u8]) -> Option<T> {
    let (value, later) = postcard::take_from_bytes(rest).ok()?;
    *rest = later;
    Some(value)
}

/// A count and as many items. What is reserved for them does not depend on what the count claims.
fn list<'a, T>(rest: &mut &'a [u8], item: impl Fn(&mut &'a [u8]) -> Option<T>) -> Option<Vec<T>> {
    let count = usize::try_from(get::<u64>(rest)?).ok()?;
    if count > rest.len() {
        return None;
    }
    let mut items = Vec::with_capacity(count.min(ITEMS_RESERVED_MAX));
    for _ in 0..count {
        items.push(item(rest)?);
    }
    Some(items)
}

fn get_map(rest: &mut &[u8], passed: Duration) -> Option<KeptMap> {
    let (epoch, version, watermark) = get(rest)?;
    let values = list(rest, |rest| {
        let (key, value, version, left_ms) = get::<(&[u8], &[u8], u64, Option<u64>)>(rest)?;
        let left = left_ms.map(|left| Duration::from_millis(left).saturating_sub(passed));
        Some(KeptValue { key: key.into(), value: value.into(), version, left })
    })?;
    Some(KeptMap { version: MapVersion { epoch, version, watermark }, values })
}
