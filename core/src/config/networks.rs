//! From which networks are members taken?

use core::fmt::{self, Write as _};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// The most networks in one list.
pub const NETWORKS_MAX: usize = 32;

/// All addresses that begin with the same bits (CIDR, RFC 4632), written as in `10.0.0.0/8` or `fd00::/8`.
///
/// An IPv6 address that stands for one of IPv4 (`::ffff:10.0.0.1`, RFC 4291 section 2.5.5.2) is that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Network {
    /// All bits beyond those that count are 0.
    first: IpAddr,
    bits: u8,
}

impl Network {
    /// All addresses of which so many first bits are those of `addr`.
    ///
    /// # Errors
    /// [`NetworkError::Bits`] for more bits than an address has.
    pub fn new(addr: IpAddr, bits: u8) -> Result<Self, NetworkError> {
        let most = width(addr);
        if bits > most {
            return Err(NetworkError::Bits { bits, most });
        }
        let plain = addr.to_canonical();
        // Of a network that holds more than such addresses, only those of IPv6 are meant.
        let (addr, bits) = match bits.checked_sub(most - width(plain)) {
            Some(bits) => (plain, bits),
            None => (addr, bits),
        };
        Ok(Self { first: head(addr, bits), bits })
    }

    /// Whether an address belongs to it.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        width(ip) == width(self.first) && head(ip, self.bits) == self.first
    }
}

/// How many bits an address has.
const fn width(addr: IpAddr) -> u8 {
    match addr {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// An address with all bits 0 but so many first ones.
fn head(addr: IpAddr, bits: u8) -> IpAddr {
    let rest = u32::from(width(addr).saturating_sub(bits));
    match addr {
        IpAddr::V4(addr) => Ipv4Addr::from_bits(addr.to_bits() & u32::MAX.checked_shl(rest).unwrap_or(0)).into(),
        IpAddr::V6(addr) => Ipv6Addr::from_bits(addr.to_bits() & u128::MAX.checked_shl(rest).unwrap_or(0)).into(),
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

/// As in `10.0.0.0/8`; an address alone is a network of one.
impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (addr, bits) = text.split_once('/').map_or((text, None), |(addr, bits)| (addr, Some(bits)));
        let addr: IpAddr = addr.parse().map_err(|_| NetworkError::Text)?;
        let bits = bits.map_or(Ok(width(addr)), str::parse).map_err(|_| NetworkError::Text)?;
        Self::new(addr, bits)
    }
}

/// A list of networks, or all there are; see [`Config::allowed`](super::Config::allowed).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Networks {
    /// Those of the list lie in front.
    list: [Option<Network>; NETWORKS_MAX],
}

impl Networks {
    /// Every address is in it.
    pub const ANY: Self = Self { list: [None; NETWORKS_MAX] };

    /// These networks and no others: IPv4 and IPv6 each need theirs.
    ///
    /// # Errors
    /// [`NetworkError::Empty`] without any, since nobody would be left; [`NetworkError::TooMany`].
    pub fn only(networks: &[Network]) -> Result<Self, NetworkError> {
        let count = networks.len();
        if count == 0 {
            return Err(NetworkError::Empty);
        }
        let mut list = [None; NETWORKS_MAX];
        let places = list.get_mut(..count).ok_or(NetworkError::TooMany { count })?;
        places.iter_mut().zip(networks).for_each(|(place, &network)| *place = Some(network));
        Ok(Self { list })
    }

    /// Whether every address is in it.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.list[0].is_none()
    }

    /// Whether an address is in one of them.
    #[must_use]
    pub fn contain(&self, ip: IpAddr) -> bool {
        self.is_any() || self.iter().any(|network| network.contains(ip))
    }

    /// The networks of the list; none when every address is in it.
    pub fn iter(&self) -> impl Iterator<Item = Network> + '_ {
        self.list.iter().map_while(|&network| network)
    }
}

impl Default for Networks {
    fn default() -> Self {
        Self::ANY
    }
}

/// As [`Networks::from_str`] reads it; `any` for all.
impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_any() {
            return f.write_str("any");
        }
        for (place, network) in self.iter().enumerate() {
            if place > 0 {
                f.write_char(',')?;
            }
            write!(f, "{network}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Networks({self})")
    }
}

/// A list with commas, as in `10.0.0.0/8, fd00::/8`, or `any`.
impl FromStr for Networks {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let text = text.trim();
        if text == "any" {
            return Ok(Self::ANY);
        }
        let mut networks = alloc::vec::Vec::new();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            networks.push(part.trim().parse()?);
        }
        Self::only(&networks)
    }
}

/// What is no network, or no list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The text is neither an address nor a network.
    #[error("neither an address nor a network as in 10.0.0.0/8 or fd00::/8")]
    Text,
    /// An address has fewer bits.
    #[error("{bits} bits of an address that has {most}")]
    Bits {
        /// How many were to count.
        bits: u8,
        /// How many it has.
        most: u8,
    },
    /// A list of none allows nobody.
    #[error("no network is in the list, and nobody could be a member")]
    Empty,
    /// The list is too long.
    #[error("{count} networks, at most {NETWORKS_MAX} are taken: put neighbours together")]
    TooMany {
        /// How many were given.
        count: usize,
    },
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;
    use std::vec;

    use super::*;

    #[track_caller]
    fn network(text: &str) -> Network {
        text.parse().expect("a network")
    }

    #[track_caller]
    fn holds(of: &str, ip: &str) -> bool {
        network(of).contains(ip.parse().expect("an address"))
    }

    #[test]
    fn a_network_is_its_first_bits() {
        for (of, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("10.0.0.0/9", "10.127.255.255", "10.128.0.0"),
            ("192.168.7.9", "192.168.7.9", "192.168.7.8"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("fd00::/8", "fdff::1", "fe80::1"),
            ("2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
            ("::1", "::1", "::2"),
        ] {
            assert!(holds(of, inside), "{of} holds {inside}");
            assert!(!holds(of, outside), "{of} does not hold {outside}");
        }
    }

    #[test]
    fn an_address_of_ipv4_in_ipv6_is_one_of_ipv4() {
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(!holds("::/0", "::ffff:10.1.2.3"), "it gets past no list");
        assert_eq!(network("::ffff:10.1.2.3/104"), network("10.0.0.0/8"));
        assert_eq!(network("::ffff:10.1.2.3/80").to_string(), "::/80", "not only those of IPv4");
    }

    #[test]
    fn what_is_written_can_be_read_and_nothing_else() {
        assert_eq!(network("10.1.2.3/8").to_string(), "10.0.0.0/8");
        assert_eq!(network("10.1.2.3").to_string(), "10.1.2.3/32");
        let bits = |bits, most| Err(NetworkError::Bits { bits, most });
        for (text, error) in [("10.0.0.0/33", bits(33, 32)), ("::/129", bits(129, 128))] {
            assert_eq!(text.parse::<Network>(), error, "{text}");
        }
        for text in ["", "/", "10.0.0.0/", "/8", "10.0.0/8", "10.0.0.0/8/8", "10.0.0.0/-1", "10.0.0.0/256", "a::b::/8"]
        {
            assert_eq!(text.parse::<Network>(), Err(NetworkError::Text), "{text}");
        }
    }

    #[test]
    fn a_list_holds_what_one_of_its_networks_holds() {
        let list: Networks = " 10.0.0.0/8, fd00::/8".parse().expect("two networks");
        assert_eq!(list.to_string(), "10.0.0.0/8,fd00::/8");
        assert_eq!(list.to_string().parse(), Ok(list));
        let contains = |ip: &str| list.contain(ip.parse().expect("an address"));
        assert_eq!(["10.1.1.1", "fd01::1", "11.1.1.1", "::1"].map(contains), [true, true, false, false]);
    }

    #[test]
    fn all_there_are_is_no_list_of_none() {
        assert_eq!("any".parse(), Ok(Networks::ANY));
        assert_eq!((Networks::default(), Networks::ANY.to_string().as_str()), (Networks::ANY, "any"));
        assert!(Networks::ANY.contain(Ipv4Addr::LOCALHOST.into()));
        assert_eq!("".parse::<Networks>(), Err(NetworkError::Empty));
        assert_eq!("10.0.0.0/8,".parse::<Networks>(), Err(NetworkError::Text));
        let many = vec![network("::1"); NETWORKS_MAX + 1];
        assert_eq!(Networks::only(&many), Err(NetworkError::TooMany { count: NETWORKS_MAX + 1 }));
        assert_eq!(Networks::only(&many[1..]).map(|list| list.iter().count()), Ok(NETWORKS_MAX));
    }
}
