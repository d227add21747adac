//! Both ends of a stream, each with the seal that it belongs to.

use quidnunc_core::seal::{KeyRing, Mode, Refused, Seal, SealError, StreamSeal};

use super::party::Party;

/// One end of a stream.
pub(crate) struct End {
    pub(crate) seal: Seal,
    pub(crate) stream: StreamSeal,
}

impl End {
    pub(crate) fn opener(mut seal: Seal) -> Self {
        let stream = seal.open_stream();
        Self { seal, stream }
    }

    pub(crate) fn accepter(seal: Seal) -> Self {
        let stream = seal.accept_stream();
        Self { seal, stream }
    }

    /// What it says before it is asked, or in answer to a hello.
    #[track_caller]
    pub(crate) fn hello(&mut self) -> Vec<u8> {
        self.stream.take_hello().expect("there is a hello").to_vec()
    }

    #[track_caller]
    pub(crate) fn say(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.stream.seal(&mut self.seal, plain, &mut out).expect("the stream is open");
        out
    }

    #[track_caller]
    pub(crate) fn end(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.stream.end(&self.seal, &mut out).expect("the stream is open");
        out
    }

    /// All plain bytes that are in these.
    pub(crate) fn hear(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut plain = Vec::new();
        while let Some(some) = self.stream.open(&mut self.seal, &mut bytes)? {
            assert!(!some.is_empty());
            plain.extend_from_slice(some);
        }
        assert!(bytes.is_empty(), "all of it is read");
        Ok(plain)
    }

    /// The plain bytes before whatever is refused.
    pub(crate) fn hear_until_refused(&mut self, mut bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        while let Ok(Some(some)) = self.stream.open(&mut self.seal, &mut bytes) {
            plain.extend_from_slice(some);
        }
        plain
    }

    /// Asserts that these bytes end the stream for this reason, that they lead to nothing, and that it is counted once.
    #[track_caller]
    pub(crate) fn refuses(&mut self, bytes: &[u8], refused: Refused) {
        let before = self.seal.stats();
        assert_eq!(self.hear(bytes), Err(refused));
        assert_eq!(self.hear(b"more"), Err(refused), "it stays refused");
        assert_eq!(self.stream.seal(&mut self.seal, b"x", &mut Vec::new()), Err(SealError::Over));
        assert!(self.stream.take_hello().is_none() && !self.stream.is_open());
        let after = self.seal.stats();
        assert_eq!((after.refused(), after.streams_refused), (before.refused() + 1, before.streams_refused + 1));
    }
}

pub(crate) fn seal(number: u8) -> Seal {
    Party::start(number, 1000).seal
}

pub(crate) fn seal_with(number: u8, mode: Mode, ring: KeyRing) -> Seal {
    Party::with(number, 1000, |config| config.mode = mode, ring).seal
}

/// Both ends of a stream whose handshake is over, and all that was said for it.
pub(crate) fn connect(a: Seal, b: Seal) -> (End, End, [Vec<u8>; 2]) {
    let (mut a, mut b) = (End::opener(a), End::accepter(b));
    let there = a.hello();
    assert_eq!(b.hear(&there), Ok(vec![]));
    let back = b.hello();
    assert_eq!(a.hear(&back), Ok(vec![]));
    assert!(a.stream.is_open() && !b.stream.is_open());
    (a, b, [there, back])
}

pub(crate) fn connected() -> (End, End, [Vec<u8>; 2]) {
    connect(seal(1), seal(2))
}
