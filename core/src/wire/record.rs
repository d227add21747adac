//! One member's record in bytes, and lists of them.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::vocab::{Accusers, Domain, Health, Incarnation, NodeId, Record};

#[derive(Serialize, Deserialize)]
struct RecordWire {
    id: [u8; 16],
    boot: u64,
    counter: u32,
    health: u8,
    hops: u8,
    addr: AddrWire,
}

#[derive(Serialize, Deserialize)]
pub(super) enum AddrWire {
    V4([u8; 4], [u8; 2]),
    V6([u8; 16], [u8; 2]),
}

impl AddrWire {
    pub(super) const fn of(addr: SocketAddr) -> Self {
        let port = addr.port().to_be_bytes();
        match addr.ip() {
            IpAddr::V4(ip) => Self::V4(ip.octets(), port),
            IpAddr::V6(ip) => Self::V6(ip.octets(), port),
        }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        let (ip, port) = match *self {
            Self::V4(ip, port) => (IpAddr::V4(Ipv4Addr::from(ip)), port),
            Self::V6(ip, port) => (IpAddr::V6(Ipv6Addr::from(ip)), port),
        };
        SocketAddr::new(ip, u16::from_be_bytes(port))
    }
}

/// Stands behind the domain of whoever left: not by itself, it was removed. Whoever does not know the mark takes the
/// record for a goodbye, which is as final.
const REMOVED: u8 = 1;

/// What the next revision may say of a member, in a build that speaks as it may.
const NEXT: u8 = 0xee;

/// Encodes a record without its length; `None` when the buffer is too small. Behind the rest stands what its
/// health needs (the age of whoever has gone, the accusers of a suspect), and behind that the domain, if there is one
/// or a mark follows.
pub(super) fn encode(record: &Record, accusers: &Accusers, buffer: &mut [u8]) -> Option<usize> {
    let addr = AddrWire::of(record.addr);
    let health = match record.health {
        Health::Alive => 0,
        Health::Suspect => 1,
        Health::Dead => 2,
        Health::Left | Health::Removed => 3,
    };
    let Incarnation { boot, counter } = record.incarnation;
    let wire = RecordWire { id: record.id.to_bytes(), boot, counter, health, hops: record.hops, addr };
    let len = match record.health {
        Health::Alive => postcard::to_slice(&wire, buffer).ok()?.len(),
        Health::Dead | Health::Left | Health::Removed => postcard::to_slice(&(wire, record.age_ms), buffer).ok()?.len(),
        Health::Suspect => {
            let len = postcard::to_slice(&wire, buffer).ok()?.len();
            len.checked_add(encode_accusers(accusers, buffer.get_mut(len..)?)?)?
        }
    };
    let is_marked = record.health == Health::Removed;
    if record.domain == Domain::NONE && !is_marked && !cfg!(quidnunc_next_wire) {
        return Some(len);
    }
    let domain = record.domain.number().to_le_bytes();
    *buffer.get_mut(len..)?.first_chunk_mut()? = domain;
    let len = len.checked_add(domain.len())?;
    if cfg!(quidnunc_next_wire) {
        *buffer.get_mut(len..)?.first_chunk_mut()? = [if is_marked { REMOVED } else { 0 }, NEXT];
        return len.checked_add(2);
    }
    if is_marked {
        *buffer.get_mut(len)? = REMOVED;
    }
    len.checked_add(usize::from(is_marked))
}

/// Decodes a record without its length; `None` when it is not one, or when nobody can listen at its address.
pub(super) fn decode(bytes: &[u8]) -> Option<(Record, Accusers)> {
    let (wire, rest) = postcard::take_from_bytes::<RecordWire>(bytes).ok()?;
    let health = match wire.health {
        0 => Health::Alive,
        1 => Health::Suspect,
        2 => Health::Dead,
        3 => Health::Left,
        _ => return None,
    };
    let addr = wire.addr.addr();
    if !can_listen(addr) {
        return None;
    }
    let (age_ms, rest) = if health.is_live() { (0, rest) } else { postcard::take_from_bytes(rest).ok()? };
    let (accusers, rest) = if health == Health::Suspect { decode_accusers(rest)? } else { (Accusers::default(), rest) };
    let (domain, rest) = rest.split_first_chunk().unwrap_or((&[0; 8], &[]));
    let domain = Domain::from_number(u64::from_le_bytes(*domain));
    let is_removed = health == Health::Left && rest.first() == Some(&REMOVED);
    let health = if is_removed { Health::Removed } else { health };
    let incarnation = Incarnation { boot: wire.boot, counter: wire.counter };
    let record = Record { id: NodeId::from_bytes(wire.id), incarnation, health, hops: wire.hops, age_ms, addr, domain };
    Some((record, accusers))
}

/// Writes a count and so many hashed identities.
fn encode_accusers(accusers: &Accusers, buffer: &mut [u8]) -> Option<usize> {
    let hashes = accusers.as_slice();
    let (count, places) = buffer.split_first_mut()?;
    *count = u8::try_from(hashes.len()).ok()?;
    for (place, hash) in places.get_mut(..size_of_val(hashes))?.chunks_exact_mut(8).zip(hashes) {
        place.copy_from_slice(&hash.to_le_bytes());
    }
    size_of_val(hashes).checked_add(1)
}

/// A count and so many hashed identities, and what stands behind; nothing at all stands for nobody. Who finds no
/// room is left out.
fn decode_accusers(bytes: &[u8]) -> Option<(Accusers, &[u8])> {
    let mut accusers = Accusers::default();
    let Some((&count, rest)) = bytes.split_first() else { return Some((accusers, bytes)) };
    let (hashes, later) = rest.split_at_checked(usize::from(count).checked_mul(8)?)?;
    for hash in hashes.as_chunks::<8>().0 {
        accusers.add(u64::from_le_bytes(*hash));
    }
    Some((accusers, later))
}

/// Whether somebody can listen at an address.
pub(crate) fn can_listen(addr: SocketAddr) -> bool {
    let ip = addr.ip();
    let broadcast = ip == IpAddr::V4(Ipv4Addr::BROADCAST);
    addr.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && !broadcast
}

/// A validated list of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Records<'a> {
    bytes: &'a [u8],
}

impl<'a> Records<'a> {
    /// Accepts bytes that are whole records, every one of them valid.
    pub(super) fn validate(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (record, tail) = split(rest)?;
            decode(record)?;
            rest = tail;
        }
        Some(Self { bytes })
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next record, and who accuses if it is a suspect's.
    pub(crate) fn next_told(&mut self) -> Option<(Record, Accusers)> {
        let (record, tail) = split(self.bytes)?;
        self.bytes = tail;
        decode(record)
    }

    /// Passes over a record without decoding it.
    pub(crate) fn pass(&mut self) {
        self.bytes = split(self.bytes).map_or_else(Default::default, |(_, rest)| rest);
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        self.next_told().map(|(record, _)| record)
    }
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&len, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(len))
}
