//! How do the streams of a node become TCP connections?
//!
//! The node says which to open, what to write and which to end; here they are connected, taken, read and written as far as
//! they go without waiting. What is in the bytes is the node's matter, and how they are sealed that of the passage between.
//!
//! Invariant: every connection has a name that the node knows, or is being closed and has an end. Their number is bounded:
//! by the node, and for those that are being closed here.

use ::std::collections::BTreeMap;
use ::std::io::{self, Read, Write};
use ::std::net::{Shutdown, SocketAddr};
use ::std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use quidnunc_core::{Input, Instant, StreamId, StreamRequest};

use crate::clock::Clock;
use crate::kinds::is_silence;
use crate::options::SocketStats;
use crate::passage::{Barred, Passage};
use crate::subject::Subject;
use crate::transport::Transport;

/// The names of streams begin here; those before are the driver's.
pub(super) const FIRST_TOKEN: usize = 3;

/// So much is asked of the node at a time: what one sealed record holds.
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
    socket: TcpStream,
    passage: Passage,
    phase: Phase,
    may_read: bool,
    may_write: bool,
    /// Bytes wait in the node.
    has_bytes: bool,
    unsent: Vec<u8>,
}

/// Whom the streams belong to, and what they share with datagrams.
pub(super) struct Host<'a> {
    pub(super) node: &'a mut Subject,
    /// The seal, if there is one, is there.
    pub(super) transport: &'a mut Transport,
    pub(super) clock: Clock,
    pub(super) stats: &'a mut SocketStats,
    /// What is read goes through here, and what the node says. It has room for [`CHUNK_BYTES`].
    pub(super) buffer: &'a mut [u8],
}

impl Host<'_> {
    /// Tells the node something of a stream. Returns whether it is taken.
    fn tell(&mut self, input: Input<'_>) -> bool {
        self.node.handle(self.clock.now(), input).is_ok()
    }
}

/// All connections of a node.
#[derive(Debug)]
pub(super) struct Streams {
    listener: TcpListener,
    registry: Registry,
    may_accept: bool,
    /// When somebody may be taken again, after the system could not.
    accept_again: Option<Instant>,
    links: BTreeMap<StreamId, Link>,
    accepted: u64,
    links_max: usize,
}

impl Streams {
    /// `most` is how many the node opens, and as many that others open.
    pub(super) fn new(listener: TcpListener, registry: Registry, most: u32) -> Self {
        Self {
            listener,
            registry,
            may_accept: true,
            accept_again: None,
            links: BTreeMap::new(),
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
    pub(super) fn may_go_on(&mut self, token: Token, reads: bool, writes: bool) {
        if let Some(link) = self.links.get_mut(&stream_of(token)) {
            link.may_read |= reads;
            link.may_write |= writes;
        }
    }

    /// When a connection that is being closed is dropped, or somebody may be taken again.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.closing().map(|(at, _)| at).chain(self.accept_again).min()
    }

    fn closing(&self) -> impl Iterator<Item = (Instant, StreamId)> {
        let end = |(&id, link): (&StreamId, &Link)| match link.phase {
            Phase::Closing(at) => Some((at, id)),
            Phase::Connecting | Phase::Open => None,
        };
        self.links.iter().filter_map(end)
    }

    /// Whether something is left to do that needs no waiting.
    pub(super) fn has_more(&self) -> bool {
        self.may_accept || self.links.values().any(|link| link.may_read)
    }

    /// Does whatever can be done without waiting, for the node and for every connection.
    pub(super) fn turn(&mut self, host: &mut Host<'_>) {
        self.accept(host);
        let ids: Vec<StreamId> = self.links.keys().copied().collect();
        for id in ids {
            self.go_on(id, host);
        }
        self.serve(host);
    }

    fn accept(&mut self, host: &mut Host<'_>) {
        self.may_accept |= self.accept_again.take_if(|at| *at <= host.clock.now()).is_some();
        for _ in 0..ACCEPTS_PER_TURN {
            if !self.may_accept {
                return;
            }
            match self.listener.accept() {
                Ok((socket, from)) => {
                    let id = StreamId::Accepted(self.accepted);
                    self.accepted += 1;
                    let open = self.links.len() - self.closing().count();
                    let may_come = open < self.links_max && host.node.view().allows(from);
                    let passage = Passage::accepted(host.transport);
                    let is_taken = may_come && self.insert(id, socket, passage, Phase::Open).is_ok();
                    if !is_taken || !host.tell(Input::StreamOpened { id }) {
                        host.stats.streams_failed += 1;
                        self.remove(id);
                    }
                }
                Err(error) if is_silence(&error) => self.may_accept = false,
                // Whoever connected is gone already.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => host.stats.streams_failed += 1,
                // There are no files left. Those who wait are not told of again.
                Err(_) => {
                    host.stats.streams_failed += 1;
                    self.may_accept = false;
                    self.accept_again = Some(host.clock.now().after(ACCEPT_AGAIN));
                }
            }
        }
    }

    /// Does what the node asks for.
    fn serve(&mut self, host: &mut Host<'_>) {
        while let Some(request) = host.node.poll_stream_request() {
            match request {
                StreamRequest::Open { id, to } => {
                    if self.connect(id, to, Passage::opened(host.transport)).is_err() {
                        self.fail(id, host);
                    }
                }
                StreamRequest::Write { id } => {
                    if let Some(link) = self.links.get_mut(&id) {
                        link.has_bytes = true;
                        self.write(id, host);
                    }
                }
                StreamRequest::Close { id } => self.close(id, host),
            }
        }
    }

    fn connect(&mut self, id: StreamId, to: SocketAddr, passage: Passage) -> io::Result<()> {
        self.insert(id, TcpStream::connect(to)?, passage, Phase::Connecting)
    }

    fn insert(&mut self, id: StreamId, mut socket: TcpStream, mut passage: Passage, phase: Phase) -> io::Result<()> {
        let token = token_of(id).ok_or(io::ErrorKind::QuotaExceeded)?;
        self.registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        let (may_write, mut unsent) = (phase == Phase::Open, Vec::new());
        passage.greet(&mut unsent);
        let link = Link { socket, passage, phase, may_read: false, may_write, has_bytes: false, unsent };
        self.links.insert(id, link);
        Ok(())
    }

    fn remove(&mut self, id: StreamId) {
        if let Some(mut link) = self.links.remove(&id) {
            // It is closed with the socket in any case.
            let _ = self.registry.deregister(&mut link.socket);
        }
    }

    /// The node has ended a stream.
    fn close(&mut self, id: StreamId, host: &mut Host<'_>) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.phase == Phase::Connecting {
            self.remove(id);
            return;
        }
        link.phase = Phase::Closing(host.clock.now().after(LINGER));
        link.passage.end(host.transport, &mut link.unsent);
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
    fn go_on(&mut self, id: StreamId, host: &mut Host<'_>) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if let Phase::Closing(until) = link.phase
            && until <= host.clock.now()
        {
            self.remove(id);
            return;
        }
        if link.phase == Phase::Connecting && (link.may_read || link.may_write) {
            match is_connected(&link.socket) {
                Ok(false) => (link.may_read, link.may_write) = (false, false),
                Ok(true) => {
                    link.phase = Phase::Open;
                    if !host.tell(Input::StreamOpened { id }) {
                        self.remove(id);
                    }
                }
                Err(_) => self.fail(id, host),
            }
        }
        self.read(id, host);
        self.write(id, host);
    }

    fn read(&mut self, id: StreamId, host: &mut Host<'_>) {
        for _ in 0..READS_PER_TURN {
            let Some(link) = self.links.get_mut(&id).filter(|link| link.may_read) else { return };
            let is_open = link.phase == Phase::Open;
            match link.socket.read(host.buffer) {
                Ok(0) if is_open => {
                    let end = link.passage.finish(host.transport);
                    host.stats.streams_failed += u64::from(end.is_err());
                    host.tell(Input::StreamClosed { id });
                    self.remove(id);
                }
                Ok(0) => self.remove(id),
                // Of what is being closed nothing is wanted, but that it was read lets what was sent arrive.
                Ok(_) if !is_open => {}
                Ok(len) => {
                    let Host { node, transport, clock, buffer, .. } = &mut *host;
                    let now = clock.now();
                    let take = |bytes: &[u8]| node.handle(now, Input::StreamBytes { id, bytes }).is_ok();
                    let heard = link.passage.hear(transport, &buffer[..len], take);
                    link.passage.greet(&mut link.unsent);
                    match heard {
                        Ok(true) => {}
                        Ok(false) => self.remove(id),
                        Err(Barred) => self.fail(id, host),
                    }
                }
                Err(error) if is_silence(&error) => link.may_read = false,
                Err(_) => self.fail(id, host),
            }
        }
    }

    fn write(&mut self, id: StreamId, host: &mut Host<'_>) {
        loop {
            let Some(link) = self.links.get_mut(&id).filter(|link| link.may_write) else { return };
            if link.unsent.is_empty() && link.has_bytes && link.phase == Phase::Open && link.passage.is_open() {
                let chunk = &mut host.buffer[..CHUNK_BYTES];
                let len = host.node.poll_stream(host.clock.now(), id, chunk);
                link.has_bytes = len > 0;
                if link.passage.say(host.transport, &chunk[..len], &mut link.unsent).is_err() {
                    self.fail(id, host);
                    return;
                }
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
                Err(_) => self.fail(id, host),
            }
        }
    }

    /// A connection broke, or never came about.
    fn fail(&mut self, id: StreamId, host: &mut Host<'_>) {
        host.stats.streams_failed += 1;
        self.remove(id);
        // Refused of one that the node has ended already.
        host.tell(Input::StreamClosed { id });
    }
}

/// By what name the system tells of a stream; `None` once there were more of them than names.
fn token_of(id: StreamId) -> Option<Token> {
    let (number, side) = match id {
        StreamId::Opened(number) => (number, 0),
        StreamId::Accepted(number) => (number, 1),
    };
    let name = number.checked_mul(2)?.checked_add(side + FIRST_TOKEN as u64)?;
    usize::try_from(name).ok().map(Token)
}

/// The stream of that name, which is [`FIRST_TOKEN`] at least.
fn stream_of(Token(name): Token) -> StreamId {
    let name = name.saturating_sub(FIRST_TOKEN) as u64;
    if name.is_multiple_of(2) { StreamId::Opened(name / 2) } else { StreamId::Accepted(name / 2) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_has_a_name_of_its_own() {
        let streams = [0, 1, 7, u64::from(u32::MAX)].map(|it| [StreamId::Opened(it), StreamId::Accepted(it)]).concat();
        for id in streams {
            let token = token_of(id).expect("there are enough");
            assert!(token.0 >= FIRST_TOKEN);
            assert_eq!(stream_of(token), id);
        }
        assert_eq!(token_of(StreamId::Opened(u64::MAX)), None);
    }
}
