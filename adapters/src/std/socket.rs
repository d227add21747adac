//! How do datagrams come and go, and from which of the machine's addresses does a node answer?
//!
//! A socket that is bound to all addresses of a machine sends from the one that the system's routes name, which need not be the
//! one that a peer has asked; and a peer, or what stands before it, may take no answer from another one. So such a socket
//! remembers at which of its addresses each of the latest peers has spoken to it, and speaks to it from there.
//!
//! Where the system does not tell, or where the socket is bound to one address, the system decides.

use ::std::io;
use ::std::net::SocketAddr;

use mio::net::{TcpListener, UdpSocket};

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
use super::asked::Asked;
use crate::error::Error;

/// So often another port is tried, when a port that is free for UDP is taken for TCP.
const PORT_TRIES: usize = 16;

/// A UDP socket.
#[derive(Debug)]
pub(super) struct Socket {
    udp: UdpSocket,
    asked: Option<Asked>,
}

impl Socket {
    /// A UDP socket, and a TCP listener at the same address if one is wanted.
    pub(super) fn open(bind: SocketAddr, listens: bool) -> Result<(Self, Option<TcpListener>), Error> {
        let failed = |source| Error::Bind { addr: bind, source };
        let mut tries = if bind.port() == 0 { PORT_TRIES } else { 1 };
        loop {
            tries -= 1;
            let socket = Self::new(UdpSocket::bind(bind).map_err(failed)?).map_err(failed)?;
            if !listens {
                return Ok((socket, None));
            }
            match TcpListener::bind(socket.udp.local_addr().map_err(failed)?) {
                Ok(listener) => return Ok((socket, Some(listener))),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    fn new(udp: UdpSocket) -> io::Result<Self> {
        Ok(Self { asked: Asked::at(&udp)?, udp })
    }

    pub(super) const fn udp(&mut self) -> &mut UdpSocket {
        &mut self.udp
    }

    /// Takes a datagram, if one is there.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        if let Some(asked) = &mut self.asked {
            return asked.receive(&self.udp, buffer);
        }
        self.udp.recv_from(buffer)
    }

    /// Sends a datagram, if the system takes one.
    pub(super) fn send(&mut self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        if let Some(asked) = &mut self.asked {
            return asked.send(&self.udp, bytes, to);
        }
        self.udp.send_to(bytes, to).map(drop)
    }
}

/// No such system tells.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
#[derive(Debug)]
enum Asked {}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
impl Asked {
    #[expect(clippy::unnecessary_wraps, reason = "others may fail")]
    const fn at(_: &UdpSocket) -> io::Result<Option<Self>> {
        Ok(None)
    }

    const fn receive(&mut self, _: &UdpSocket, _: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match *self {}
    }

    const fn send(&mut self, _: &UdpSocket, _: &[u8], _: SocketAddr) -> io::Result<()> {
        match *self {}
    }
}
