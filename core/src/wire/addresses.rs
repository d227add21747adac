//! At which addresses does a node listen? The value of a reserved key of its own map, if it has several.
//!
//! ```text
//! value    version u8 (1) · address*
//! address  family u8 (0: IPv4, 1: IPv6) · 4 or 16 bytes · port u16 be, as in a record
//! ```

use core::net::SocketAddr;

use super::record::{AddrWire, can_listen};

/// The key of a node's own map under which stand all addresses at which it can be reached, if they are several
/// ([`Command::Addresses`](crate::Command::Addresses)). What begins with `sys/` is the library's own; whoever watches all keys
/// sees it, too.
pub const ADDRESSES_KEY: &[u8] = b"sys/addresses";

/// The most further addresses that a node is given ([`Command::Addresses`](crate::Command::Addresses)).
pub const ADDRESSES_MAX: usize = 4;

/// A list has those, the one with which the life began, and the one that the record tells.
const PLACES: usize = ADDRESSES_MAX + 2;

/// What the value begins with. A node takes the list of a version that it does not know for none.
const VERSION: u8 = 1;

/// No value is longer.
pub(crate) const ADDRESSES_BYTES_MAX: usize = 1 + PLACES * (1 + 16 + 2);

/// A few addresses, each once, in the order in which they were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Addresses {
    all: [Option<SocketAddr>; PLACES],
}

impl Addresses {
    /// Appends an address. Returns whether there was room; one that is there already needs none.
    pub(crate) fn add(&mut self, addr: SocketAddr) -> bool {
        let place = self.all.iter_mut().find(|place| place.is_none_or(|known| known == addr));
        place.is_some_and(|place| {
            *place = Some(addr);
            true
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = SocketAddr> + use<> {
        self.all.into_iter().flatten()
    }

    /// Writes the value. Returns its length; the buffer has room for any.
    pub(crate) fn encode(&self, buffer: &mut [u8; ADDRESSES_BYTES_MAX]) -> usize {
        let (version, mut free) = buffer.split_at_mut(1);
        version.fill(VERSION);
        for addr in self.iter() {
            let Ok(written) = postcard::to_slice(&AddrWire::of(addr), free) else { break };
            let len = written.len();
            free = free.get_mut(len..).unwrap_or_default();
        }
        ADDRESSES_BYTES_MAX.saturating_sub(free.len())
    }

    /// Reads a value; none where the bytes are no list of addresses at which somebody can listen, or of too many.
    pub(crate) fn decode(value: &[u8]) -> Self {
        Self::read(value).unwrap_or_default()
    }

    fn read(value: &[u8]) -> Option<Self> {
        let mut rest = value.strip_prefix(&[VERSION])?;
        let mut addresses = Self::default();
        while !rest.is_empty() {
            let (wire, tail) = postcard::take_from_bytes::<AddrWire>(rest).ok()?;
            let addr = Some(wire.addr()).filter(|&addr| can_listen(addr))?;
            rest = addresses.add(addr).then_some(tail)?;
        }
        Some(addresses)
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may panic")]
mod tests {
    use alloc::vec::Vec;

    use expect_test::expect;

    use super::super::golden::hex_of;
    use super::*;

    fn v4(last: u8) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, last], 7946))
    }

    fn v6(last: u16) -> SocketAddr {
        SocketAddr::from(([0xfd00, 0, 0, 0, 0, 0, 0, last], 7946))
    }

    fn list(all: &[SocketAddr]) -> Addresses {
        let mut addresses = Addresses::default();
        all.iter().for_each(|&addr| assert!(addresses.add(addr), "{addr} has room"));
        addresses
    }

    fn value(addresses: &Addresses) -> Vec<u8> {
        let mut buffer = [0xee; ADDRESSES_BYTES_MAX];
        let len = addresses.encode(&mut buffer);
        buffer[..len].to_vec()
    }

    /// Pinned for ever, as the bytes of datagrams are.
    #[test]
    fn a_list_has_these_bytes_and_comes_back() {
        let lists = [
            ("nothing", list(&[])),
            ("two networks", list(&[v4(1), v4(2)])),
            ("as_many_as_can_be", list(&[v6(1), v6(2), v6(3), v6(4), v6(5), v6(6)])),
        ];
        for (name, list) in &lists {
            assert_eq!(Addresses::decode(&value(list)), *list, "{name}");
        }
        let bytes = lists.map(|(name, list)| (name, value(&list)));
        assert_eq!(bytes[2].1.len(), ADDRESSES_BYTES_MAX);
        expect![[r#"
            nothing
            01
            two networks
            01000a0000011f0a000a0000021f0a
            as_many_as_can_be
            0101fd0000000000000000000000000000011f0a01fd00000000000000000000
            00000000021f0a01fd0000000000000000000000000000031f0a01fd00000000
            00000000000000000000041f0a01fd0000000000000000000000000000051f0a
            01fd0000000000000000000000000000061f0a
        "#]]
        .assert_eq(&hex_of(&bytes));
    }

    /// Decoding is total: whatever is no list is none, and nothing is believed in part.
    #[test]
    fn what_is_no_list_is_none() {
        let whole = value(&list(&[v4(1), v6(2)]));
        for len in 0..whole.len() {
            // A list may end behind an address.
            let ends = len == 1 + 7;
            assert_eq!(Addresses::decode(&whole[..len]).is_empty(), !ends, "{len} bytes");
        }
        let version = [&[2], &whole[1..]].concat();
        let family = [&[1, 2], &whole[2..]].concat();
        let all: Vec<SocketAddr> = (1..7).map(v4).collect();
        let seven = [value(&list(&all)), value(&list(&[v4(7)]))[1..].to_vec()].concat();
        let nobody = [1, 0, 0, 0, 0, 0, 0x1f, 0x0a];
        let port = [1, 0, 10, 0, 0, 1, 0, 0];
        for bytes in [&version[..], &family, &seven, &nobody, &port, &[], &[0xff; 200]] {
            assert!(Addresses::decode(bytes).is_empty(), "{bytes:?}");
        }
    }

    #[test]
    fn each_is_there_once() {
        let mut addresses = list(&[v4(1), v4(2), v4(1), v4(3), v4(4), v4(5), v4(6)]);
        assert!(!addresses.add(v4(7)), "there are enough");
        assert!(addresses.add(v4(6)), "it is there already");
        assert!(addresses.iter().eq((1..7).map(v4)));
    }
}
