//! Who may read and write a stream?
//!
//! A [`StreamSeal`] stands between a node and one TCP connection of its driver: bytes of the socket go in and plain bytes
//! come out, and the other way round. Like the rest of the seal it does no I/O and knows no time: that a handshake takes
//! too long is noticed by the node, to which the stream is open meanwhile and silent.
//!
//! ```text
//! opener                                             accepter
//!   hello: key, id, cluster, a fresh salt, tag  ──▶  looks the key up; a tag that is wrong gets no answer
//!   ◀──  hello: id, a fresh salt, tag over both
//!   record*, an end                             ──▶  the first record proves that the opener is alive
//!   ◀──                            record*, an end
//! ```
//!
//! * **A recording is worth nothing**, to whomever and whenever it is played, after a restart as well: each side's salt is in
//!   every subkey, and is drawn anew for each stream. A recorded hello gets 61 bytes for its 61, and whoever played it
//!   can make no record.
//! * **Nothing comes back as something else.** Role, direction, cluster and both ids are in the derivation.
//! * **Nothing is left out, moved or cut.** Records are counted by their nonces. An end is a record of its own, so that a
//!   connection that broke is not taken for one that was ended.
//! * **Whoever has no key makes nobody allocate**: 61 bytes are held before a tag was checked, and one record after.
//!
//! Modes mean what they mean for datagrams. Whoever accepts a stream sees by its first four bytes whether it is sealed, and
//! answers in kind; whoever opens one seals it unless its mode is [`Mode::Off`], and takes no plain answer then. A change of
//! the mode holds for streams that are open: with [`Mode::Require`] a plain one is over.
//!
//! A stream keeps the key that it was opened with. [`Seal::use_key`] leaves it alone; once that key is removed from the ring
//! ([`Seal::remove`]) it is over, since whoever made others remove it may have it. After [`Seal::resume`] all earlier streams are
//! over: a copy of this process would seal under the same nonces.

mod hello;
mod incoming;
mod record;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::error::Refused;
use super::key::{Key, KeyId, Salt, hkdf};
use super::stats::up;
use super::{Mode, Seal, SealError};
use crate::vocab::NodeId;

pub use hello::HELLO_BYTES;
use hello::{Hello, Role, write_opener};
use incoming::Step;
use record::{Half, Kind};
pub use record::{RECORD_SEAL_BYTES, RECORD_TEXT_BYTES_MAX};

const SALT_LABEL: &[u8] = b"quidnunc seal v1 stream salt";

/// How far a stream has come.
enum Phase {
    /// Accepted, and silent so far.
    Fresh,
    Plain,
    /// Opened, and not answered yet.
    Asking(Hello, [u8; HELLO_BYTES]),
    Sealed(Box<Pair>),
    Refused(Refused),
}

/// Both directions of a sealed stream.
struct Pair {
    key: KeyId,
    other: NodeId,
    says: Half,
    hears: Half,
    /// Whether the other side has shown that it holds the key now, and not only when something was recorded.
    is_proven: bool,
    has_heard_end: bool,
}

/// The seal of one stream. Its start is [`Seal::open_stream`] or [`Seal::accept_stream`].
///
/// ```
/// # use quidnunc_core::{Instant, NodeId};
/// # use quidnunc_core::seal::{Key, KeyRing, Refused, Seal, SealConfig};
/// # let ring = KeyRing::new(Key::new(&[1; 32]).expect("32 bytes"));
/// # let new = |id, entropy| {
/// #     let config = SealConfig::new(7, NodeId::from_u128(id));
/// #     Seal::new(config, ring.clone(), &[entropy; 32], Instant::from_nanos(1)).expect("it is valid")
/// # };
/// # let (mut ada, mut bob) = (new(1, 1), new(2, 2));
/// let (mut to_bob, mut of_ada) = (ada.open_stream(), bob.accept_stream());
/// let hello = to_bob.take_hello().expect("an opener speaks first");
/// assert!(of_ada.open(&mut bob, &mut &hello[..])?.is_none());
/// let hello = of_ada.take_hello().expect("an accepter answers");
/// assert!(to_bob.open(&mut ada, &mut &hello[..])?.is_none());
///
/// let mut sent = Vec::new();
/// to_bob.seal(&mut ada, b"what now?", &mut sent).expect("the stream is open");
/// assert_eq!(of_ada.open(&mut bob, &mut &sent[..])?, Some(&b"what now?"[..]));
/// # Ok::<(), Refused>(())
/// ```
pub struct StreamSeal {
    phase: Phase,
    /// The salt of the seal when this stream began.
    start: Salt,
    hello: Option<[u8; HELLO_BYTES]>,
    /// What came of a hello or a record.
    held: Vec<u8>,
    /// Whether `held` was handed out.
    is_taken: bool,
    has_ended: bool,
}

impl Seal {
    /// The seal of a stream that this node opens. It speaks first: [`StreamSeal::take_hello`].
    pub fn open_stream(&mut self) -> StreamSeal {
        let key = self.ring.used().and_then(|id| self.ring.get(id)).filter(|_| self.config.mode != Mode::Off);
        let Some(key) = key.cloned() else {
            up(&mut self.stats.streams_plain, 1);
            return StreamSeal::new(Phase::Plain, self);
        };
        let hello = self.hello(Role::Opener, &key);
        let bytes = write_opener(&key, &hello);
        StreamSeal { hello: Some(bytes), ..StreamSeal::new(Phase::Asking(hello, bytes), self) }
    }

    /// The seal of a stream that somebody else has opened.
    #[must_use]
    pub fn accept_stream(&self) -> StreamSeal {
        StreamSeal::new(Phase::Fresh, self)
    }

    /// A hello with a salt that was never used.
    fn hello(&mut self, role: Role, key: &Key) -> Hello {
        let mut salt = Salt::default();
        hkdf(&*self.pool, &[], &[SALT_LABEL, &self.stream_salts.to_le_bytes()], &mut salt);
        up(&mut self.stream_salts, 1);
        Hello { role, cluster: self.config.cluster, key: key.id(), sender: self.config.id, salt }
    }
}

impl StreamSeal {
    const fn new(phase: Phase, seal: &Seal) -> Self {
        Self { phase, start: seal.salt, hello: None, held: Vec::new(), is_taken: false, has_ended: false }
    }

    /// What is to be sent before anything else, once: ask for it at the start and after every [`StreamSeal::open`].
    pub const fn take_hello(&mut self) -> Option<[u8; HELLO_BYTES]> {
        self.hello.take()
    }

    /// Whether plain bytes can be sealed: the handshake is over, and so is not the stream. Whoever accepted it waits until the
    /// opener has said something.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !self.has_ended
            && match &self.phase {
                Phase::Plain => true,
                Phase::Sealed(pair) => pair.is_proven,
                Phase::Fresh | Phase::Asking(..) | Phase::Refused(_) => false,
            }
    }

    /// Who is at the other end of a sealed stream, and under which key, once both have proven themselves. All holders of a
    /// key are trusted: they can claim to be each other.
    #[must_use]
    pub fn other(&self) -> Option<(NodeId, KeyId)> {
        match &self.phase {
            Phase::Sealed(pair) if pair.is_proven => Some((pair.other, pair.key)),
            Phase::Fresh | Phase::Plain | Phase::Asking(..) | Phase::Sealed(_) | Phase::Refused(_) => None,
        }
    }

    /// Reads bytes of the socket up to the next plain ones, which are returned. `None` when all of the bytes were read; ask
    /// [`StreamSeal::take_hello`] then.
    ///
    /// # Errors
    /// [`Refused`]: the stream is over, and is to be closed without a further word. Each kind is counted in
    /// [`SealStats`](super::SealStats), once per stream.
    pub fn open<'s, 'b: 's>(&'s mut self, seal: &mut Seal, bytes: &mut &'b [u8]) -> Result<Option<&'s [u8]>, Refused> {
        if core::mem::take(&mut self.is_taken) {
            self.held.clear();
        }
        self.check(seal).or_else(|refused| self.refuse(refused, seal))?;
        loop {
            match self.step(seal, bytes).or_else(|refused| self.refuse(refused, seal))? {
                Step::More => {}
                Step::Dry => return Ok(None),
                Step::Through => return Ok(Some(core::mem::take(bytes))),
                Step::Held(range) => {
                    self.is_taken = true;
                    return Ok(self.held.get(range));
                }
            }
        }
    }

    /// Puts what is to be sent for these plain bytes behind `out`: as many records as they need, each
    /// [`RECORD_SEAL_BYTES`] longer than what it holds of them, which is [`RECORD_TEXT_BYTES_MAX`] at most.
    ///
    /// # Errors
    /// [`SealError::Handshake`] before [`StreamSeal::is_open`], [`SealError::Over`], and [`SealError::Exhausted`] after 2^32
    /// records. Nothing is put there then.
    pub fn seal(&mut self, seal: &mut Seal, plain: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        let before = out.len();
        let Some(pair) = self.speaks(seal)? else {
            out.extend_from_slice(plain);
            return Ok(());
        };
        for text in plain.chunks(RECORD_TEXT_BYTES_MAX) {
            if pair.says.seal(Kind::Data, text, out).is_none() {
                out.truncate(before);
                return Err(SealError::Exhausted);
            }
            up(&mut seal.stats.records_sealed, 1);
        }
        Ok(())
    }

    /// Puts behind `out` what tells the other side that nothing more comes; on a plain stream that is nothing. From then on
    /// nothing is sealed.
    ///
    /// # Errors
    /// As [`StreamSeal::seal`].
    pub fn end(&mut self, seal: &Seal, out: &mut Vec<u8>) -> Result<(), SealError> {
        if let Some(pair) = self.speaks(seal)? {
            pair.says.seal(Kind::End, &[], out).ok_or(SealError::Exhausted)?;
        }
        self.has_ended = true;
        Ok(())
    }

    /// The socket says that nothing more comes.
    ///
    /// # Errors
    /// [`Refused::Truncated`] when the other side has not said so: somebody cut the connection, or it broke. What has come
    /// until then is genuine, and may be half of something. It is counted, too.
    pub fn finish(&mut self, seal: &mut Seal) -> Result<(), Refused> {
        let is_whole = match &self.phase {
            // The beginning of a hello is nothing whole.
            Phase::Fresh => self.held.is_empty(),
            Phase::Plain => true,
            Phase::Asking(..) => false,
            Phase::Sealed(pair) => pair.has_heard_end,
            Phase::Refused(refused) => return Err(*refused),
        };
        if is_whole { Ok(()) } else { self.refuse(Refused::Truncated, seal) }
    }

    /// Whether the stream may go on at all. What a seal was told since it began holds for it, too.
    fn check(&self, seal: &Seal) -> Result<(), Refused> {
        let key = match &self.phase {
            Phase::Fresh => return Ok(()),
            Phase::Plain if seal.config.mode == Mode::Require => return Err(Refused::Plaintext),
            Phase::Plain => return Ok(()),
            Phase::Refused(refused) => return Err(*refused),
            Phase::Asking(hello, _) => hello.key,
            Phase::Sealed(pair) => pair.key,
        };
        if self.start != seal.salt {
            return Err(Refused::Resumed);
        }
        if seal.ring.get(key).is_none() { Err(Refused::UnknownKey) } else { Ok(()) }
    }

    /// What seals the next plain bytes; `None` when nothing does.
    fn speaks(&mut self, seal: &Seal) -> Result<Option<&mut Pair>, SealError> {
        if self.has_ended || self.check(seal).is_err() {
            return Err(SealError::Over);
        }
        match &mut self.phase {
            Phase::Plain => Ok(None),
            Phase::Sealed(pair) if pair.is_proven => Ok(Some(pair)),
            Phase::Fresh | Phase::Asking(..) | Phase::Sealed(_) | Phase::Refused(_) => Err(SealError::Handshake),
        }
    }

    #[cfg(test)]
    pub(super) fn skip_to_last(&mut self) {
        let Phase::Sealed(pair) = &mut self.phase else { panic!("it is not sealed") };
        pair.says.skip_to_last();
    }

    fn refuse<T>(&mut self, refused: Refused, seal: &mut Seal) -> Result<T, Refused> {
        if !matches!(self.phase, Phase::Refused(_)) {
            seal.stats.count(refused);
            up(&mut seal.stats.streams_refused, 1);
            (self.phase, self.held, self.hello) = (Phase::Refused(refused), Vec::new(), None);
        }
        Err(refused)
    }
}

impl fmt::Debug for StreamSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match &self.phase {
            Phase::Fresh => "fresh",
            Phase::Plain => "plain",
            Phase::Asking(..) => "asking",
            Phase::Sealed(_) => "sealed",
            Phase::Refused(_) => "refused",
        };
        f.debug_struct("StreamSeal").field("phase", &phase).field("other", &self.other()).finish_non_exhaustive()
    }
}
