//! What do the bytes of a stream's other side lead to?

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::super::error::Refused;
use super::super::key::Key;
use super::super::stats::up;
use super::super::{Mode, Seal};
use super::hello::{Ends, HELLO_BYTES, Hello, Role, check_opener, is_hello};
use super::record::{HEAD_BYTES, Head, Kind, RECORD_SEAL_BYTES};
use super::{Pair, Phase, StreamSeal};

/// What a step has led to.
pub(super) enum Step {
    /// Go on.
    More,
    /// All bytes are read.
    Dry,
    /// The bytes are plain as they are.
    Through,
    /// The plain bytes lie among those that are held.
    Held(core::ops::Range<usize>),
}

impl StreamSeal {
    /// Goes on by a hello or a record at most.
    pub(super) fn step(&mut self, seal: &mut Seal, bytes: &mut &[u8]) -> Result<Step, Refused> {
        match &self.phase {
            Phase::Fresh => self.on_first(seal, bytes),
            Phase::Plain => Ok(if bytes.is_empty() { Step::Dry } else { Step::Through }),
            Phase::Asking(..) => self.on_answer(seal, bytes),
            Phase::Sealed(_) => self.on_record(seal, bytes),
            Phase::Refused(refused) => Err(*refused),
        }
    }

    /// The first bytes of a stream that somebody has opened.
    fn on_first(&mut self, seal: &mut Seal, bytes: &mut &[u8]) -> Result<Step, Refused> {
        let Some(hello) = self.fetch_hello(bytes) else {
            return match is_hello(&self.held) {
                Some(false) => self.on_plain(seal),
                Some(true) | None => Ok(Step::Dry),
            };
        };
        let opener = Hello::read(&hello, Role::Opener, seal.config.cluster)?;
        let key = known_key(&opener, seal)?;
        check_opener(&key, &opener, &hello)?;
        let ends = Ends { opener, accepter: seal.hello(Role::Accepter, &key) };
        self.hello = Some(ends.write_answer(&key, &hello));
        self.begin(&ends, Role::Accepter, &key);
        Ok(Step::More)
    }

    fn on_plain(&mut self, seal: &mut Seal) -> Result<Step, Refused> {
        if seal.config.mode == Mode::Require {
            return Err(Refused::Plaintext);
        }
        up(&mut seal.stats.streams_plain, 1);
        self.phase = Phase::Plain;
        Ok(if self.held.is_empty() { Step::More } else { Step::Held(0..self.held.len()) })
    }

    /// The first bytes of whoever was asked.
    fn on_answer(&mut self, seal: &mut Seal, bytes: &mut &[u8]) -> Result<Step, Refused> {
        let answer = self.fetch_hello(bytes);
        if is_hello(answer.as_ref().map_or(&self.held, |answer| &answer[..])) == Some(false) {
            return Err(Refused::Plaintext);
        }
        let Some(answer) = answer else { return Ok(Step::Dry) };
        let Phase::Asking(opener, hello) = self.phase else { return Ok(Step::Dry) };
        let ends = Ends { opener, accepter: Hello::read(&answer, Role::Accepter, seal.config.cluster)? };
        let key = known_key(&ends.accepter, seal)?;
        ends.check_answer(&key, &hello, &answer)?;
        self.begin(&ends, Role::Opener, &key);
        up(&mut seal.stats.streams_sealed, 1);
        Ok(Step::More)
    }

    fn begin(&mut self, ends: &Ends, role: Role, key: &Key) {
        let (opener, accepter) = (ends.half(key, Role::Opener), ends.half(key, Role::Accepter));
        let (says, hears, other) = match role {
            Role::Opener => (opener, accepter, ends.accepter.sender),
            Role::Accepter => (accepter, opener, ends.opener.sender),
        };
        let is_proven = role == Role::Opener;
        self.phase =
            Phase::Sealed(Box::new(Pair { key: key.id(), other, says, hears, is_proven, has_heard_end: false }));
    }

    fn on_record(&mut self, seal: &mut Seal, bytes: &mut &[u8]) -> Result<Step, Refused> {
        let Phase::Sealed(pair) = &mut self.phase else { return Ok(Step::Dry) };
        if pair.has_heard_end {
            return if bytes.is_empty() { Ok(Step::Dry) } else { Err(Refused::Malformed) };
        }
        fill(&mut self.held, HEAD_BYTES, bytes);
        let Some(head) = self.held.first_chunk() else { return Ok(Step::Dry) };
        let whole = Head::read(head)?.record_bytes();
        fill(&mut self.held, whole, bytes);
        if self.held.len() < whole {
            return Ok(Step::Dry);
        }
        let kind = pair.hears.open(&mut self.held)?;
        up(&mut seal.stats.records_opened, 1);
        if !core::mem::replace(&mut pair.is_proven, true) {
            up(&mut seal.stats.streams_sealed, 1);
        }
        match kind {
            Kind::Data => Ok(Step::Held(HEAD_BYTES..whole.saturating_sub(RECORD_SEAL_BYTES - HEAD_BYTES))),
            Kind::End => {
                pair.has_heard_end = true;
                self.held = Vec::new();
                Ok(Step::More)
            }
        }
    }

    /// A whole hello, as soon as there is one. Of what is none no more is taken than it takes to see that.
    fn fetch_hello(&mut self, bytes: &mut &[u8]) -> Option<[u8; HELLO_BYTES]> {
        while is_hello(&self.held).is_none() && !bytes.is_empty() {
            let next = self.held.len().saturating_add(1);
            fill(&mut self.held, next, bytes);
        }
        if is_hello(&self.held) == Some(true) {
            fill(&mut self.held, HELLO_BYTES, bytes);
        }
        let hello = *self.held.first_chunk()?;
        self.held.clear();
        Some(hello)
    }
}

/// The key of a hello of somebody else.
fn known_key(hello: &Hello, seal: &Seal) -> Result<Key, Refused> {
    if hello.sender == seal.config.id {
        return Err(Refused::Reflected);
    }
    seal.ring.get(hello.key).cloned().ok_or(Refused::UnknownKey)
}

/// Moves bytes until so many are held, or none are left.
fn fill(held: &mut Vec<u8>, to: usize, bytes: &mut &[u8]) {
    let missing = to.saturating_sub(held.len()).min(bytes.len());
    if let Some((taken, rest)) = bytes.split_at_checked(missing) {
        held.extend_from_slice(taken);
        *bytes = rest;
    }
}
