//! What is in an Ethernet frame: whose is it, for whom, and is it a datagram or a part of a stream?
//!
//! Nodes have hardware addresses that say their number, so that nothing has to be learnt. A kernel that thinks that its frames
//! stay on the machine leaves their checksums to nobody; here they do not stay, so they are [mended](mend).

use core::ops::Range;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};

/// The longest frame of an Ethernet whose packets have 1500 bytes.
pub const FRAME_BYTES_MAX: usize = 1514;

/// What comes before the number in a hardware address: locally given, of one station.
const PREFIX: [u8; 5] = [0x02, 0x71, 0x6e, 0x00, 0x00];

/// The hardware address of a node.
///
/// # Panics
/// When there are more than 255.
#[must_use]
pub fn hardware_address(node: u32) -> [u8; 6] {
    let [a, b, c, d, e] = PREFIX;
    [a, b, c, d, e, u8::try_from(node).expect("a handful of nodes")]
}

/// For whom a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// This node.
    Node(u32),
    /// All but its sender.
    All,
}

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// A UDP datagram with so many bytes in it.
    Datagram(usize),
    /// A part of a TCP stream.
    Segment,
    /// What the systems need to find each other and to complain; no scenario is about it.
    Other,
}

/// Who sent a frame, and for whom it is; `None` when it is no node's, or for no node.
#[must_use]
pub fn ends(frame: &[u8]) -> Option<(u32, For)> {
    let (to, from) = (frame.get(..6)?, frame.get(6..12)?);
    let receiver = if to[0] & 1 == 1 { For::All } else { For::Node(number(to)?) };
    Some((number(from)?, receiver))
}

fn number(address: &[u8]) -> Option<u32> {
    address.strip_prefix(&PREFIX).and_then(|rest| rest.first()).copied().map(u32::from)
}

/// What a frame carries.
#[must_use]
pub fn load(frame: &[u8]) -> Load {
    match SlicedPacket::from_ethernet(frame).ok().and_then(|packet| packet.transport) {
        Some(TransportSlice::Udp(udp)) => Load::Datagram(udp.payload().len()),
        Some(TransportSlice::Tcp(_)) => Load::Segment,
        _ => Load::Other,
    }
}

/// Gives a UDP or TCP packet the checksum that belongs to it.
pub fn mend(frame: &mut [u8]) {
    if let Some((place, [high, low])) = right_checksum(frame)
        && let Some(field) = frame.get_mut(place)
    {
        field.copy_from_slice(&[high, low]);
    }
}

/// Where the checksum of a frame's transport stands, and what it should be.
fn right_checksum(frame: &[u8]) -> Option<(Range<usize>, [u8; 2])> {
    let SlicedPacket { net: Some(net), transport: Some(transport), .. } = SlicedPacket::from_ethernet(frame).ok()?
    else {
        return None;
    };
    let (inner, offset, sum) = match (&transport, &net) {
        (TransportSlice::Udp(udp), NetSlice::Ipv4(ip)) => {
            let (from, to) = (ip.header().source(), ip.header().destination());
            (udp.slice(), 6, udp.to_header().calc_checksum_ipv4_raw(from, to, udp.payload()).ok()?)
        }
        (TransportSlice::Udp(udp), NetSlice::Ipv6(ip)) => {
            let (from, to) = (ip.header().source(), ip.header().destination());
            (udp.slice(), 6, udp.to_header().calc_checksum_ipv6_raw(from, to, udp.payload()).ok()?)
        }
        (TransportSlice::Tcp(tcp), NetSlice::Ipv4(ip)) => {
            let (from, to) = (ip.header().source(), ip.header().destination());
            (tcp.slice(), 16, tcp.to_header().calc_checksum_ipv4_raw(from, to, tcp.payload()).ok()?)
        }
        (TransportSlice::Tcp(tcp), NetSlice::Ipv6(ip)) => {
            let (from, to) = (ip.header().source(), ip.header().destination());
            (tcp.slice(), 16, tcp.to_header().calc_checksum_ipv6_raw(from, to, tcp.payload()).ok()?)
        }
        _ => return None,
    };
    // Where the packet ends, there ends what it carries; a short frame is padded behind it.
    let end = ETHERNET_BYTES + ip_bytes(frame, &net)?;
    let place = end.checked_sub(inner.len())? + offset;
    Some((place..place + 2, sum.to_be_bytes()))
}

/// Two addresses and a kind.
const ETHERNET_BYTES: usize = 14;

/// The length of the IP packet in a frame.
fn ip_bytes(frame: &[u8], net: &NetSlice<'_>) -> Option<usize> {
    match net {
        NetSlice::Ipv4(ip) => Some(ip.header().total_len().into()),
        NetSlice::Ipv6(ip) => Some(40 + usize::from(ip.header().payload_length())),
        NetSlice::Arp(_) => None,
    }
    .filter(|&bytes| ETHERNET_BYTES + bytes <= frame.len())
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;

    use super::*;

    const LOAD: [u8; 5] = [1, 2, 3, 4, 5];

    /// A datagram or a segment between two nodes in each family, as they should be.
    fn frames() -> Vec<(Load, Vec<u8>)> {
        let (from, to) = (hardware_address(3), hardware_address(4));
        let four = || PacketBuilder::ethernet2(from, to).ipv4([10, 0, 0, 3], [10, 0, 0, 4], 64);
        let six = || PacketBuilder::ethernet2(from, to).ipv6([0xfd; 16], [0xfe; 16], 64);
        let mut written = Vec::new();
        for builder in [four().udp(7, 8), six().udp(7, 8)] {
            let mut frame = Vec::new();
            builder.write(&mut frame, &LOAD).expect("a vector takes everything");
            written.push((Load::Datagram(LOAD.len()), frame));
        }
        for builder in [four().tcp(7, 8, 9, 10), six().tcp(7, 8, 9, 10)] {
            let mut frame = Vec::new();
            builder.write(&mut frame, &LOAD).expect("a vector takes everything");
            written.push((Load::Segment, frame));
        }
        written
    }

    #[test]
    fn a_frame_says_whose_it_is_for_whom_and_what() {
        for (carried, mut frame) in frames() {
            assert_eq!((ends(&frame), load(&frame)), (Some((3, For::Node(4))), carried));
            frame[..6].copy_from_slice(&[0xff; 6]);
            assert_eq!(ends(&frame), Some((3, For::All)));
            frame[6] = 0x06;
            assert_eq!(ends(&frame), None, "no node sent it");
        }
        assert_eq!((ends(&[0; 11]), load(&[0; 11])), (None, Load::Other));
    }

    #[test]
    fn a_checksum_is_mended_even_in_front_of_padding() {
        for (_, right) in frames() {
            for padding in [0, 30] {
                let padded: Vec<u8> = right.iter().copied().chain([0x55; 30].into_iter().take(padding)).collect();
                let (place, sum) = right_checksum(&padded).expect("it has one");
                assert_eq!(padded[place.clone()], sum, "as the builder computed it");
                let mut broken = padded.clone();
                broken[place.start] ^= 0xff;
                broken[place.start + 1] ^= 0x0f;
                mend(&mut broken);
                assert_eq!(broken, padded);
            }
        }
    }

    #[test]
    fn nothing_else_is_touched() {
        let arp = [[0xff; 6], hardware_address(1), [0x08, 0x06, 0, 1, 8, 0]].concat();
        for frame in [arp, vec![], vec![0x45; 40]] {
            let mut mended = frame.clone();
            mend(&mut mended);
            assert_eq!(mended, frame);
        }
    }
}
