//! What lies between the nodes: a network that loses some of what it carries.
//!
//! Every node has one socket here, whose address it advertises. What comes to that socket is passed to where the node
//! really listens, from the socket of whoever sent it; so nobody sees another address than the advertised ones, and no
//! datagram finds a way past.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use quidnunc_core::stable_hash;

/// The token of whoever wakes the relay; sockets have the number of their node.
const WAKE: Token = Token(usize::MAX);

/// What the relay did with datagrams.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) passed: AtomicU64,
    pub(crate) dropped: AtomicU64,
    /// Those for a node that does not run, or that a socket did not take.
    pub(crate) lost: AtomicU64,
    /// Those that come from no node.
    pub(crate) strangers: AtomicU64,
}

/// Where the nodes really listen.
#[derive(Debug, Default)]
struct Places {
    of_node: Vec<Option<SocketAddr>>,
    by_addr: BTreeMap<SocketAddr, usize>,
}

/// The network. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    addrs: Vec<SocketAddr>,
    places: Arc<Mutex<Places>>,
    counts: Arc<Counts>,
    ends: Arc<AtomicBool>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// A network for so many nodes that loses so many per cent, the same ones in order for a seed.
    pub(crate) fn start(nodes: usize, seed: u64, loss_percent: u64) -> Self {
        let poll = Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), WAKE).unwrap();
        let mut sockets: Vec<_> = (0..nodes).map(|_| UdpSocket::bind(super::common::LOOPBACK).unwrap()).collect();
        let addrs = sockets.iter().map(|socket| socket.local_addr().unwrap()).collect();
        for (node, socket) in sockets.iter_mut().enumerate() {
            poll.registry().register(socket, Token(node), Interest::READABLE).unwrap();
        }
        let places = Places { of_node: vec![None; nodes], by_addr: BTreeMap::new() };
        let places = Arc::new(Mutex::new(places));
        let (counts, ends) = (Arc::new(Counts::default()), Arc::new(AtomicBool::new(false)));
        let carrier = Carrier {
            sockets,
            places: Arc::clone(&places),
            counts: Arc::clone(&counts),
            seed,
            loss_percent,
            carried: 0,
        };
        let ending = Arc::clone(&ends);
        let thread = thread::Builder::new().name("relay".into()).spawn(move || carrier.run(poll, &ending)).unwrap();
        Self { addrs, places, counts, ends, waker, thread: Some(thread) }
    }

    /// Where a node is reached by others.
    pub(crate) fn addr(&self, node: usize) -> SocketAddr {
        self.addrs[node]
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// A node listens here from now on; with `None` it does not run.
    pub(crate) fn place(&self, node: usize, addr: Option<SocketAddr>) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = places.of_node[node] {
            places.by_addr.remove(&before);
        }
        places.of_node[node] = addr;
        places.by_addr.extend(addr.map(|addr| (addr, node)));
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let woken = self.waker.wake();
        if let Some(thread) = self.thread.take().filter(|_| woken.is_ok()) {
            // If it panicked, the nodes have heard from nobody, and the test has failed by that.
            let _ = thread.join();
        }
    }
}

/// What lives in the relay's thread.
struct Carrier {
    sockets: Vec<UdpSocket>,
    places: Arc<Mutex<Places>>,
    counts: Arc<Counts>,
    seed: u64,
    loss_percent: u64,
    carried: u64,
}

impl Carrier {
    fn run(mut self, mut poll: Poll, ends: &AtomicBool) {
        let mut events = Events::with_capacity(256);
        let mut buffer = vec![0; 1 << 16];
        while !ends.load(Ordering::Relaxed) {
            match poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled.unwrap(),
            }
            for event in events.iter().filter(|event| event.token() != WAKE) {
                self.empty(event.token().0, &mut buffer);
            }
        }
    }

    /// Carries all that waits for a node: the system tells of new datagrams only.
    fn empty(&mut self, to: usize, buffer: &mut [u8]) {
        loop {
            let (len, from) = match self.sockets[to].recv_from(buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // News of an earlier datagram that reached nobody.
                Err(_) => continue,
            };
            let count = self.carry(to, from, &buffer[..len]);
            count(&self.counts).fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Carries one datagram; returns as what it counts.
    fn carry(&mut self, to: usize, from: SocketAddr, bytes: &[u8]) -> fn(&Counts) -> &AtomicU64 {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(&sender) = places.by_addr.get(&from) else { return |counts| &counts.strangers };
        self.carried += 1;
        if stable_hash(self.seed, &self.carried.to_le_bytes()) % 100 < self.loss_percent {
            return |counts| &counts.dropped;
        }
        let Some(place) = places.of_node[to] else { return |counts| &counts.lost };
        if self.sockets[sender].send_to(bytes, place).is_ok() { |counts| &counts.passed } else { |counts| &counts.lost }
    }
}
