//! How does a sender prove that its salt is alive, and which of its datagrams are not old?
//!
//! ```text
//! text   what u8 (1: a question, 2: a proof) · question 24 · proof 24         what is absent is zero
//! question  mac 8 · issued u64 le · age u64 le
//! proof     mac 8 · issued u64 le · floor u64 le
//! ```
//!
//! Questions cost no memory: the mac is a keyed function of source and time, which only the asker can make, and which
//! its proof brings back. `age` is for how long the asker has remembered everything that it opened. The asked one
//! answers with the first counter that it used since then: nobody can have opened what it sealed from there on and
//! forgotten it.

use core::time::Duration;

use zeroize::Zeroizing;

use super::header::Source;
use super::key::hkdf;
use crate::vocab::{Instant, nanos};

/// Bytes of a handshake's text: always the same, so that nothing is to be read from it.
pub(super) const HANDSHAKE_TEXT_BYTES: usize = 1 + 2 * PART_BYTES;

const PART_BYTES: usize = 24;
const LABEL: &[u8] = b"quidnunc seal v1 question";

/// A proof that took longer is none.
const QUESTION_LIFE: Duration = Duration::from_secs(10);

/// A number that only the asker can make for a source and an instant.
pub(super) type Mac = [u8; 8];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) mac: Mac,
    pub(super) issued: u64,
    pub(super) age: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) mac: Mac,
    pub(super) issued: u64,
    pub(super) floor: u64,
}

/// The text of a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handshake {
    pub(super) question: Option<Question>,
    pub(super) proof: Option<Proof>,
}

impl Handshake {
    pub(super) fn write(&self) -> [u8; HANDSHAKE_TEXT_BYTES] {
        let what = u8::from(self.question.is_some()) | u8::from(self.proof.is_some()) << 1;
        let question = self.question.map(|it| part(it.mac, it.issued, nanos(it.age))).unwrap_or_default();
        let proof = self.proof.map(|it| part(it.mac, it.issued, it.floor)).unwrap_or_default();
        let mut text = [what; HANDSHAKE_TEXT_BYTES];
        let behind = text.iter_mut().skip(1);
        behind.zip(question.into_iter().chain(proof)).for_each(|(to, from)| *to = from);
        text
    }

    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let (&what, parts) = text.split_first()?;
        let (question, proof) = parts.split_first_chunk::<PART_BYTES>()?;
        let proof: &[u8; PART_BYTES] = proof.try_into().ok()?;
        let read = |bytes: &[u8; PART_BYTES], bit: u8| (what & bit != 0).then(|| numbers(bytes));
        let question = read(question, 1);
        let proof = read(proof, 2);
        Some(Self {
            question: question.map(|(mac, issued, age)| Question { mac, issued, age: Duration::from_nanos(age) }),
            proof: proof.map(|(mac, issued, floor)| Proof { mac, issued, floor }),
        })
    }
}

fn part(mac: Mac, issued: u64, number: u64) -> [u8; PART_BYTES] {
    let mut bytes = [0; PART_BYTES];
    let numbers = mac.into_iter().chain(issued.to_le_bytes()).chain(number.to_le_bytes());
    bytes.iter_mut().zip(numbers).for_each(|(to, from)| *to = from);
    bytes
}

fn numbers(bytes: &[u8; PART_BYTES]) -> (Mac, u64, u64) {
    let number = |from: usize| {
        let bytes = bytes.get(from..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes: &[u8; 8]| u64::from_le_bytes(*bytes))
    };
    (number(0).to_le_bytes(), number(8), number(16))
}

/// Makes questions, and knows again what it has asked.
pub(super) struct Asker {
    secret: Zeroizing<[u8; 32]>,
    /// Since when everything that was opened is remembered.
    remembers_since: Instant,
    /// When a datagram was opened last by a peer that was forgotten since.
    forgot: Option<Instant>,
}

impl Asker {
    pub(super) const fn new(secret: Zeroizing<[u8; 32]>, now: Instant) -> Self {
        Self { secret, remembers_since: now, forgot: None }
    }

    pub(super) fn ask(&self, source: &Source, now: Instant) -> Question {
        let issued = now.as_nanos();
        Question { mac: self.mac(source, issued), issued, age: now.since(self.remembers_since) }
    }

    /// Whether this proof answers a question to the source that was put lately, and after everything that is forgotten.
    pub(super) fn accepts(&self, source: &Source, proof: &Proof, now: Instant) -> bool {
        let issued = Instant::from_nanos(proof.issued);
        let in_time = issued <= now && now.since(issued) <= QUESTION_LIFE;
        let after_all = self.forgot.is_none_or(|forgot| issued > forgot);
        in_time && after_all && proof.mac == self.mac(source, proof.issued)
    }

    /// A peer was forgotten, from which a datagram was opened last at this instant.
    pub(super) fn forget(&mut self, opened_last: Instant) {
        self.forgot = self.forgot.max(Some(opened_last));
        self.remembers_since = self.remembers_since.max(opened_last);
    }

    fn mac(&self, source: &Source, issued: u64) -> Mac {
        let mut mac = Mac::default();
        let Source { key, sender, salt } = source;
        let parts = [LABEL, &key.to_bytes(), &sender.to_bytes(), salt, &issued.to_le_bytes()];
        hkdf(&*self.secret, &[], &parts, &mut mac);
        mac
    }
}
