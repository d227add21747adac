//! At which address of this machine did a peer speak to it? (RFC 3542, section 6; `IP_PKTINFO` and `IPV6_PKTINFO`.)

use ::std::io::{self, IoSlice, IoSliceMut};
use ::std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use ::std::num::NonZeroUsize;
use ::std::os::fd::AsRawFd;

use lru::LruCache;
use mio::net::UdpSocket;
use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, SockaddrIn6, SockaddrStorage, recvmsg, sendmsg,
    setsockopt, sockopt,
};

/// So many peers are remembered.
const PEERS_MAX: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// One of the machine's addresses, and the number of its interface where the address alone does not name one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Own {
    ip: IpAddr,
    interface: u32,
}

/// Where the latest peers have spoken to this machine.
#[derive(Debug)]
pub(super) struct Asked {
    latest: LruCache<SocketAddr, Own>,
    control: Vec<u8>,
}

impl Asked {
    /// Has the system tell from now on; `None` for a socket that has one address.
    pub(super) fn at(socket: &UdpSocket) -> io::Result<Option<Self>> {
        let local = socket.local_addr()?;
        if !local.ip().is_unspecified() {
            return Ok(None);
        }
        if local.is_ipv4() {
            setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?;
        } else {
            setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true)?;
        }
        Ok(Some(Self { latest: LruCache::new(PEERS_MAX), control: nix::cmsg_space!(in_pktinfo, in6_pktinfo) }))
    }

    pub(super) fn receive(&mut self, socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let mut parts = [IoSliceMut::new(buffer)];
        let flags = MsgFlags::empty();
        let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut self.control), flags)?;
        let from = message.address.as_ref().and_then(std_addr).ok_or(io::ErrorKind::InvalidData)?;
        let own = message.cmsgs()?.find_map(own_of);
        let len = message.bytes;
        if let Some(own) = own {
            self.latest.put(from, own);
        }
        Ok((len, from))
    }

    pub(super) fn send(&mut self, socket: &UdpSocket, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        let (fd, parts, flags) = (socket.as_raw_fd(), [IoSlice::new(bytes)], MsgFlags::empty());
        let addr = SockaddrStorage::from(to);
        let sent = match self.latest.get(&to) {
            None => return socket.send_to(bytes, to).map(drop),
            Some(&Own { ip: IpAddr::V4(ip), .. }) => {
                let (own, none) = (in_addr { s_addr: u32::from_ne_bytes(ip.octets()) }, in_addr { s_addr: 0 });
                let info = in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: own, ipi_addr: none };
                sendmsg(fd, &parts, &[ControlMessage::Ipv4PacketInfo(&info)], flags, Some(&addr))
            }
            Some(&Own { ip: IpAddr::V6(ip), interface }) => {
                let info = in6_pktinfo { ipi6_addr: in6_addr { s6_addr: ip.octets() }, ipi6_ifindex: interface };
                sendmsg(fd, &parts, &[ControlMessage::Ipv6PacketInfo(&info)], flags, Some(&addr))
            }
        };
        if sent.is_err_and(|error| error != nix::errno::Errno::EAGAIN) {
            // The address may be this machine's no more.
            self.latest.pop(&to);
            return socket.send_to(bytes, to).map(drop);
        }
        Ok(sent.map(drop)?)
    }
}

/// The address at which a datagram came in.
fn own_of(message: ControlMessageOwned) -> Option<Own> {
    if let ControlMessageOwned::Ipv4PacketInfo(info) = message {
        // That by which this machine would be reached, also where the datagram was for a whole network.
        return Some(Own { ip: Ipv4Addr::from(info.ipi_spec_dst.s_addr.to_ne_bytes()).into(), interface: 0 });
    }
    let ControlMessageOwned::Ipv6PacketInfo(info) = message else { return None };
    let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
    if ip.is_multicast() {
        return None;
    }
    Some(Own { ip: ip.into(), interface: if ip.is_unicast_link_local() { info.ipi6_ifindex } else { 0 } })
}

fn std_addr(addr: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = |addr: &SockaddrIn| SocketAddr::V4((*addr).into());
    let v6 = |addr: &SockaddrIn6| SocketAddr::V6((*addr).into());
    addr.as_sockaddr_in().map(v4).or_else(|| addr.as_sockaddr_in6().map(v6))
}
