//! How do the streams of a node become TCP connections?
//!
//! The node says which to open, what to write and which to end; here they are connected, taken, read and written as far as
//! they go without waiting. What is in the bytes is the node's matter.
//!
//! Invariant: every connection has a name that the node knows, or is being closed and has an end. Their number is bounded:
//! by the node, and for those that are being closed here.

use ::std::collections::BTreeMap;
use ::std::io::{self, Read, Write};
use ::std::net::{Shutdown, SocketAddr};
use ::std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use quidnunc_core::{Input, Instant, Node, StreamId, StreamRequest};

use crate::clock::Clock;
use crate::kinds::is_silence;
use crate::options::SocketStats;

/// So much is asked of the node at a time.
const CHUNK_BYTES: usize = 16 * 1024;

/// So often one stream is read in a turn, and so many are taken; then others have theirs.
const READS_PER_TURN: usize = 4;
const ACCEPTS_PER_TURN: usize = 16;

/// When nobody could be taken, it is tried again after this.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A stream that is over is kept for so long at most, so that what was sent last arrives.
const LINGER: Duration = Duration::from_secs(5);

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connecting,
    Open,
    /// The node has forgotten it. It is dropped then, or when the other side ends it.
    Closing(Instant),
}

#[derive(Debug)]
struct Link {
    id: StreamId,
    socket: TcpStream,
    phase: Phase,
    may_read: bool,
    may_write: bool,
    /// Bytes wait in the node.
    has_bytes: bool,
    unsent: Vec<u8>,
}

/// All connections of a node.
#[derive(Debug)]
pub(super) struct Streams {
    listener: TcpListener,
    registry: Registry,
    may_accept: bool,
    /// When somebody may be taken again, after the system could not.
    accept_again: Option<Instant>,
    links: BTreeMap<usize, Link>,
    tokens: BTreeMap<StreamId, usize>,
    next_token: usize,
    accepted: u64,
    links_max: usize,
}

impl Streams {
    /// `most` is how many the node opens, and as many that others open.
    pub(super) fn new(listener: TcpListener, registry: Registry, first_token: usize, most: u32) -> Self {
        Self {
            listener,
            registry,
            may_accept: true,
            accept_again: None,
            links: BTreeMap::new(),
            tokens: BTreeMap::new(),
            next_token: first_token,
            accepted: 0,
            // As many again may be on their way out.
            links_max: usize::try_from(most).unwrap_or(usize::MAX).saturating_mul(2),
        }
    }

    /// Somebody connects.
    pub(super) fn may_accept(&mut self) {
        self.may_accept = true;
    }

    /// A connection has something to read, or can take more.
    pub(super) fn may_go_on(&mut self, token: usize, reads: bool, writes: bool) {
        if let Some(link) = self.links.get_mut(&token) {
            link.may_read |= reads;
            link.may_write |= writes;
        }
    }

    /// When a connection that is being closed is dropped, or somebody may be taken again.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.closing().map(|(at, _)| at).chain(self.accept_again).min()
    }

    fn closing(&self) -> impl Iterator<Item = (Instant, StreamId)> {
        let end = |link: &Link| if let Phase::Closing(at) = link.phase { Some((at, link.id)) } else { None };
        self.links.values().filter_map(end)
    }

    /// Whether something is left to do that needs no waiting.
    pub(super) fn has_more(&self) -> bool {
        self.may_accept || self.links.values().any(|link| link.may_read)
    }

    /// Does whatever can be done without waiting, for the node and for every connection.
    pub(super) fn turn(&mut self, node: &mut Node, clock: Clock, buffer: &mut [u8], stats: &mut SocketStats) {
        self.accept(node, clock, stats);
        let tokens: Vec<usize> = self.links.keys().copied().collect();
        for token in tokens {
            self.go_on(token, node, clock, buffer, stats);
        }
        self.serve(node, clock, stats);
    }

    fn accept(&mut self, node: &mut Node, clock: Clock, stats: &mut SocketStats) {
        self.may_accept |= self.accept_again.take_if(|at| *at <= clock.now()).is_some();
        for _ in 0..ACCEPTS_PER_TURN {
            if !self.may_accept {
                return;
            }
            match self.listener.accept() {
                Ok((socket, _)) => {
                    let id = StreamId::Accepted(self.accepted);
                    self.accepted += 1;
                    let open = self.links.len() - self.closing().count();
                    let is_taken = open < self.links_max && self.insert(id, socket, Phase::Open).is_ok();
                    if !is_taken || node.handle(clock.now(), Input::StreamOpened { id }).is_err() {
                        stats.streams_failed += 1;
                        self.remove(id);
                    }
                }
                Err(error) if is_silence(&error) => self.may_accept = false,
                // Whoever connected is gone already.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => stats.streams_failed += 1,
                // There are no files left. Those who wait are not told of again.
                Err(_) => {
                    stats.streams_failed += 1;
                    self.may_accept = false;
                    self.accept_again = Some(clock.now().after(ACCEPT_AGAIN));
                }
            }
        }
    }

    /// Does what the node asks for.
    fn serve(&mut self, node: &mut Node, clock: Clock, stats: &mut SocketStats) {
        while let Some(request) = node.poll_stream_request() {
            match request {
                StreamRequest::Open { id, to } => {
                    if self.connect(id, to).is_err() {
                        stats.streams_failed += 1;
                        let _ = node.handle(clock.now(), Input::StreamClosed { id });
                    }
                }
                StreamRequest::Write { id } => {
                    if let Some(token) = self.tokens.get(&id).copied() {
                        if let Some(link) = self.links.get_mut(&token) {
                            link.has_bytes = true;
                        }
                        self.write(token, node, clock, stats);
                    }
                }
                StreamRequest::Close { id } => self.close(id, clock.now().after(LINGER)),
            }
        }
    }

    fn connect(&mut self, id: StreamId, to: SocketAddr) -> io::Result<()> {
        self.insert(id, TcpStream::connect(to)?, Phase::Connecting)
    }

    fn insert(&mut self, id: StreamId, mut socket: TcpStream, phase: Phase) -> io::Result<()> {
        let token = self.next_token;
        self.registry.register(&mut socket, Token(token), Interest::READABLE | Interest::WRITABLE)?;
        self.next_token += 1;
        let may_write = phase == Phase::Open;
        let link = Link { id, socket, phase, may_read: false, may_write, has_bytes: false, unsent: Vec::new() };
        self.links.insert(token, link);
        self.tokens.insert(id, token);
        Ok(())
    }

    fn remove(&mut self, id: StreamId) {
        if let Some(mut link) = self.tokens.remove(&id).and_then(|token| self.links.remove(&token)) {
            // It is closed with the socket in any case.
            let _ = self.registry.deregister(&mut link.socket);
        }
    }

    /// The node has ended a stream.
    fn close(&mut self, id: StreamId, until: Instant) {
        let Some(link) = self.tokens.get(&id).and_then(|token| self.links.get_mut(token)) else { return };
        if link.phase == Phase::Connecting {
            self.remove(id);
            return;
        }
        link.phase = Phase::Closing(until);
        if link.unsent.is_empty() {
            let _ = link.socket.shutdown(Shutdown::Write);
        }
        if self.closing().count() > self.links_max
            && let Some((_, oldest)) = self.closing().min()
        {
            self.remove(oldest);
        }
    }

    /// One connection goes as far as it can.
    fn go_on(&mut self, token: usize, node: &mut Node, clock: Clock, buffer: &mut [u8], stats: &mut SocketStats) {
        let Some(link) = self.links.get_mut(&token) else { return };
        let id = link.id;
        if let Phase::Closing(until) = link.phase
            && until <= clock.now()
        {
            self.remove(id);
            return;
        }
        if link.phase == Phase::Connecting && (link.may_read || link.may_write) {
            match is_connected(&link.socket) {
                Ok(false) => (link.may_read, link.may_write) = (false, false),
                Ok(true) => {
                    link.phase = Phase::Open;
                    if node.handle(clock.now(), Input::StreamOpened { id }).is_err() {
                        self.remove(id);
                    }
                }
                Err(_) => self.fail(id, node, clock, stats),
            }
        }
        self.read(token, node, clock, buffer, stats);
        self.write(token, node, clock, stats);
    }

    fn read(&mut self, token: usize, node: &mut Node, clock: Clock, buffer: &mut [u8], stats: &mut SocketStats) {
        for _ in 0..READS_PER_TURN {
            let Some(link) = self.links.get_mut(&token).filter(|link| link.may_read) else { return };
            let (id, is_open) = (link.id, link.phase == Phase::Open);
            match link.socket.read(buffer) {
                Ok(0) if is_open => {
                    let _ = node.handle(clock.now(), Input::StreamClosed { id });
                    self.remove(id);
                }
                Ok(0) => self.remove(id),
                // Of what is being closed nothing is wanted, but that it was read lets what was sent arrive.
                Ok(_) if !is_open => {}
                Ok(len) => {
                    if node.handle(clock.now(), Input::StreamBytes { id, bytes: &buffer[..len] }).is_err() {
                        self.remove(id);
                    }
                }
                Err(error) if is_silence(&error) => link.may_read = false,
                Err(_) => self.fail(id, node, clock, stats),
            }
        }
    }

    fn write(&mut self, token: usize, node: &mut Node, clock: Clock, stats: &mut SocketStats) {
        loop {
            let Some(link) = self.links.get_mut(&token).filter(|link| link.may_write) else { return };
            let id = link.id;
            if link.unsent.is_empty() && link.has_bytes && link.phase == Phase::Open {
                link.unsent.resize(CHUNK_BYTES, 0);
                let len = node.poll_stream(clock.now(), id, &mut link.unsent);
                link.unsent.truncate(len);
                link.has_bytes = len > 0;
            }
            if link.unsent.is_empty() {
                return;
            }
            match link.socket.write(&link.unsent) {
                Ok(len) => {
                    link.unsent.drain(..len);
                    if link.unsent.is_empty() && matches!(link.phase, Phase::Closing(_)) {
                        let _ = link.socket.shutdown(Shutdown::Write);
                    }
                }
                Err(error) if is_silence(&error) => link.may_write = false,
                Err(_) => self.fail(id, node, clock, stats),
            }
        }
    }

    /// A connection broke, or never came about.
    fn fail(&mut self, id: StreamId, node: &mut Node, clock: Clock, stats: &mut SocketStats) {
        stats.streams_failed += 1;
        self.remove(id);
        // Refused of one that the node has ended already.
        let _ = node.handle(clock.now(), Input::StreamClosed { id });
    }
}

/// Whether a connection is there. Not yet is no error.
fn is_connected(socket: &TcpStream) -> io::Result<bool> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    match socket.peer_addr() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}
