//! Where are the members kept? In rows of 40 bytes, in chunks, so that growing never moves a row and never
//! copies more than one chunk. Addresses of IPv6 members lie in a side table, which grows in the same way. The row of a forgotten member
//! is vacant until a new member takes it; until then it can be read like any other, so that what still points
//! at it does no harm.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};

use serde::{Deserialize, Serialize};

use super::domains::Domains;
use crate::vocab::{Chunks, Domain, Health, Incarnation, NodeId, Reason, Record, Slot, fold, mix};

const CHUNK: usize = 512;

/// One member. Compact, because a cluster of n nodes holds n² of them.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Row {
    id: NodeId,
    boot: u64,
    counter: u32,
    /// The IPv4 address, or the place in the side table.
    ip: u32,
    port: u16,
    telling: u16,
    /// The place of the member's domain in the table of domains.
    domain: u16,
    hops: u8,
    /// The health, the two flags and the reason.
    bits: u8,
}

const HEALTH_MASK: u8 = 0b0_0111;
/// The address lies in the side table.
const V6: u8 = 0b0_1000;
/// Nobody has the row.
const VACANT: u8 = 0b1_0000;
/// From this bit on: why the row says what it says.
const REASON_BIT: u8 = 5;

const _: () = assert!(size_of::<Row>() == 40, "a row is 40 bytes");

impl Row {
    pub(super) const fn id(&self) -> NodeId {
        self.id
    }

    pub(super) const fn incarnation(&self) -> Incarnation {
        Incarnation { boot: self.boot, counter: self.counter }
    }

    pub(super) const fn health(&self) -> Health {
        match self.bits & HEALTH_MASK {
            0 => Health::Alive,
            1 => Health::Suspect,
            2 => Health::Dead,
            3 => Health::Left,
            _ => Health::Removed,
        }
    }

    const fn set_health(&mut self, health: Health) {
        self.bits = self.bits & !HEALTH_MASK | health as u8;
    }

    pub(super) const fn reason(&self) -> Reason {
        Reason::from_number(self.bits >> REASON_BIT)
    }

    const fn is_v6(&self) -> bool {
        self.bits & V6 != 0
    }

    const fn set_flag(&mut self, flag: u8, on: bool) {
        self.bits = if on { self.bits | flag } else { self.bits & !flag };
    }

    pub(super) const fn hops(&self) -> u8 {
        self.hops
    }

    /// The place of the domain in the table of domains.
    pub(super) const fn domain(&self) -> u16 {
        self.domain
    }

    pub(super) const fn telling(&self) -> u16 {
        self.telling
    }

    pub(super) const fn is_vacant(&self) -> bool {
        self.bits & VACANT != 0
    }

    pub(super) const fn id_hash(&self) -> u64 {
        id_hash(self.id)
    }
}

/// The hash of an identity: its top bits choose the bucket, on every node the same.
pub(super) const fn id_hash(id: NodeId) -> u64 {
    let (high, low) = id.words();
    mix([high, low, 0, 0])
}

/// All rows, addressed by slot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Roster {
    rows: u32,
    chunks: Vec<Vec<Row>>,
    vacant: Chunks<Slot>,
    v6: Chunks<SocketAddrV6>,
    v6_free: Chunks<u32>,
    domains: Domains,
}

impl Roster {
    pub(super) const fn new(hash_seed: u64) -> Self {
        let domains = Domains::new(hash_seed);
        Self { rows: 0, chunks: Vec::new(), vacant: Chunks::new(), v6: Chunks::new(), v6_free: Chunks::new(), domains }
    }

    /// How many rows there are, vacant ones included.
    pub(super) const fn len(&self) -> u32 {
        self.rows
    }

    /// How many rows hold a member.
    pub(super) fn members(&self) -> u32 {
        self.rows - u32::try_from(self.vacant.len()).unwrap_or(self.rows)
    }

    pub(super) fn get(&self, slot: Slot) -> &Row {
        &self.chunks[slot.index() / CHUNK][slot.index() % CHUNK]
    }

    fn get_mut(&mut self, slot: Slot) -> &mut Row {
        &mut self.chunks[slot.index() / CHUNK][slot.index() % CHUNK]
    }

    /// Gives a member a row: a vacant one, or a new one at the end.
    pub(super) fn insert(&mut self, record: &Record) -> Slot {
        if let Some(slot) = self.vacant.pop() {
            let domain = self.domains.hold(record.domain);
            let row = self.get_mut(slot);
            (row.id, row.domain) = (record.id, domain);
            row.set_flag(VACANT, false);
            // The domain is the new member's, whatever life the one before had come to.
            (row.boot, row.counter) = (record.incarnation.boot, record.incarnation.counter);
            self.set(slot, record);
            return slot;
        }
        let slot = Slot(self.len());
        let (ip, v6) = self.store_ip(record.addr);
        let Incarnation { boot, counter } = record.incarnation;
        let mut row = Row {
            id: record.id,
            boot,
            counter,
            ip,
            port: record.addr.port(),
            telling: 0,
            domain: self.domains.hold(record.domain),
            hops: record.hops,
            bits: 0,
        };
        row.set_health(record.health);
        row.set_flag(V6, v6);
        if slot.index().is_multiple_of(CHUNK) {
            // The first chunk grows with a small cluster; later ones are full soon and are laid out whole.
            self.chunks.push(if self.chunks.is_empty() { Vec::new() } else { Vec::with_capacity(CHUNK) });
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(row);
        }
        self.rows += 1;
        slot
    }

    /// Gives a row up. Every telling of it is an old one from now on.
    pub(super) fn vacate(&mut self, slot: Slot) {
        self.tell_anew(slot);
        let row = self.get_mut(slot);
        row.set_flag(VACANT, true);
        let domain = core::mem::take(&mut row.domain);
        self.domains.release(domain);
        self.vacant.push(slot);
    }

    /// Makes a row say what the record says. The domain belongs to the incarnation: the first word about it counts.
    pub(super) fn set(&mut self, slot: Slot, record: &Record) {
        if self.addr(slot) != record.addr {
            let old = *self.get(slot);
            if old.is_v6() {
                self.v6_free.push(old.ip);
            }
            let (ip, v6) = self.store_ip(record.addr);
            let row = self.get_mut(slot);
            (row.ip, row.port) = (ip, record.addr.port());
            row.set_flag(V6, v6);
        }
        let old = *self.get(slot);
        if old.incarnation() != record.incarnation {
            // The new one first: most often it is the same, and keeps its place.
            let domain = self.domains.hold(record.domain);
            self.domains.release(old.domain);
            self.get_mut(slot).domain = domain;
        }
        let row = self.get_mut(slot);
        (row.boot, row.counter) = (record.incarnation.boot, record.incarnation.counter);
        row.set_health(record.health);
        row.hops = record.hops;
    }

    /// Keeps why a row says what it says.
    pub(super) fn set_reason(&mut self, slot: Slot, reason: Reason) {
        let row = self.get_mut(slot);
        row.bits = row.bits & !(u8::MAX << REASON_BIT) | (reason as u8) << REASON_BIT;
    }

    /// Numbers a new telling; 0 stands for "never told".
    pub(super) fn tell_anew(&mut self, slot: Slot) -> u16 {
        let row = self.get_mut(slot);
        row.telling = row.telling.checked_add(1).unwrap_or(1);
        row.telling
    }

    pub(super) fn addr(&self, slot: Slot) -> SocketAddr {
        let row = self.get(slot);
        if row.is_v6() {
            self.v6[row.ip as usize].into()
        } else {
            SocketAddr::new(IpAddr::V4(Ipv4Addr::from(row.ip)), row.port)
        }
    }

    /// What the member in a row shares its fate with.
    pub(super) fn domain(&self, slot: Slot) -> Domain {
        self.domains.get(self.get(slot).domain)
    }

    /// How many places the tables beside the rows have: of IPv6 addresses and of domains.
    #[cfg(test)]
    pub(super) fn beside(&self) -> (usize, usize) {
        (self.v6.len(), self.domains.len())
    }

    /// Asserts that the table of domains holds what the rows point at.
    pub(super) fn check(&self) {
        self.domains.check(self.chunks.iter().flatten().map(|row| row.domain));
    }

    /// Returns what a row keeps of an address, and whether that is a place in the side table.
    fn store_ip(&mut self, addr: SocketAddr) -> (u32, bool) {
        match addr {
            SocketAddr::V4(addr) => (u32::from(*addr.ip()), false),
            SocketAddr::V6(addr) => {
                let place = self.v6_free.pop().unwrap_or_else(|| {
                    self.v6.push(addr);
                    u32::try_from(self.v6.len() - 1).unwrap_or(u32::MAX)
                });
                self.v6[place as usize] = addr;
                (place, true)
            }
        }
    }

    /// The row's part of the fingerprint.
    pub(super) fn state_hash(&self, slot: Slot) -> u64 {
        let row = self.get(slot);
        state_hash(row.id, row.incarnation(), row.health(), self.addr(slot))
    }
}

/// The part of the fingerprint of a row that says this. A suspect counts as alive: a doubt is not a fact.
pub(super) fn state_hash(id: NodeId, incarnation: Incarnation, health: Health, addr: SocketAddr) -> u64 {
    let class = match health {
        Health::Alive | Health::Suspect => 0,
        Health::Dead => 1,
        Health::Left => 2,
        Health::Removed => 3,
    };
    let port = u64::from(addr.port());
    let place = match addr.ip() {
        IpAddr::V4(ip) => u64::from(u32::from(ip)) << 16 | port,
        IpAddr::V6(ip) => {
            let octets = u128::from_be_bytes(ip.octets());
            #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
            let (high, low) = ((octets >> 64) as u64, octets as u64);
            mix([high, low, port, 6])
        }
    };
    let (high, low) = id.words();
    fold(mix([high, low, incarnation.boot, place]), u64::from(incarnation.counter) << 2 | class | 1 << 40)
}
