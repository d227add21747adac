//! What a datagram says besides records: its sender, and one thing that it asks or answers.

use serde::{Deserialize, Serialize};

use super::claim::Claim;
use super::heads::HeadGroups;
use super::kind;
use super::links::LinkBody;
use super::prefixes::Prefixes;
use crate::vocab::{Cookie, Incarnation, NodeId, Nonce, Prefix};

/// Who sent a datagram, and what it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sender {
    pub(crate) id: NodeId,
    pub(crate) incarnation: Incarnation,
    /// Wrapping sum of the stable hashes of the sender's live members.
    pub(crate) fingerprint: u64,
    /// Wrapping sum of the stable hashes of the sender's copies of the maps of live members; 0, and not sent, without any.
    pub(crate) state: u64,
}

/// The one thing that a datagram asks or answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    /// Nothing: the datagram only carries records.
    None,
    /// "Are you there?"
    Ping { nonce: Nonce },
    /// "I am", with the nonce of the ping.
    Ack { nonce: Nonce },
    /// "Ask this member for me." In so many milliseconds the asker judges; 0 if it wants no [`Body::Nack`].
    PingRequest { nonce: Nonce, target: NodeId, left_ms: u32 },
    /// "It answered me", with the nonce of the request.
    Relayed { nonce: Nonce, target: NodeId },
    /// "It has not answered me so far", with the nonce of the request.
    Nack { nonce: Nonce },
    /// "May I join?"; the second time with the cookie from the challenge.
    Join { nonce: Nonce, cookie: Option<Cookie> },
    /// "Show that you receive this."
    Challenge { nonce: Nonce, cookie: Cookie },
    /// "You are in", with the nonce of the proven request.
    Welcome { nonce: Nonce },
    /// "This identity is mine." Only for whoever has the same one.
    Claim(Claim),
    /// A step of the life of a link.
    Link(LinkBody<'a>),
    /// "This is for your application." Over streams only.
    Letter(Letter<'a>),
    /// "This is for your application", of which nothing hears whether it arrives.
    Note(Note<'a>),
    /// "This is what my roster sums up to; where does yours differ?"
    Summary(Summary<'a>),
    /// "Here it differs, and this is what I have there."
    Digest(Digest<'a>),
    /// "Send me these."
    Wants(Wants<'a>),
    /// "This is what my copies of maps sum up to; where do yours differ?"
    StateSummary(Summary<'a>),
    /// "Here they differ, and this is how far mine have come."
    StateDigest(StateDigest<'a>),
}

/// What one application has to say to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letter<'a> {
    /// To be repeated by the ack.
    pub(crate) nonce: Nonce,
    /// Of two letters of one life of the sender, the earlier one has the lower number.
    pub(crate) serial: u64,
    /// Whom it is for, and which life of it: an address may have got another owner.
    pub(crate) to: NodeId,
    pub(crate) boot: u64,
    pub(crate) bytes: &'a [u8],
}

/// What one application has to say to another one in passing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Note<'a> {
    /// Whom it is for: an address may have got another owner.
    pub(crate) to: NodeId,
    pub(crate) bytes: &'a [u8],
}

/// What stands before the bytes of a note, at most: an identity and a length.
pub(super) const NOTE_HEAD_BYTES_MAX: usize = 16 + 3;

/// What stands before the bytes of a letter, at most: a nonce, a number, an identity, a boot and a length.
pub(super) const LETTER_HEAD_BYTES_MAX: usize = 8 + 10 + 16 + 10 + 3;

/// Sums of the sender's live members over consecutive prefixes of the hashed identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary<'a> {
    /// To be repeated by the digests that answer.
    pub(crate) nonce: Nonce,
    /// Whether digests shall name whole states.
    pub(crate) exact: bool,
    /// There are `2^level` prefixes in all.
    pub(crate) level: u8,
    /// Index of the first prefix of this page. Below the level of buckets a page lies in one bucket.
    pub(crate) first: u16,
    /// The sums of this page, eight bytes each, little-endian.
    #[serde(borrow)]
    pub(crate) sums: &'a [u8],
}

impl Summary<'_> {
    /// The most sums of one page.
    pub(crate) const PAGE_MAX: usize = 1 << Prefix::BUCKET_LEVEL;

    /// The sums of this page in order.
    pub(crate) fn sums(&self) -> impl Iterator<Item = u64> + '_ {
        self.sums.chunks_exact(8).map(|chunk| u64::from_le_bytes(chunk.try_into().unwrap_or_default()))
    }
}

/// Short hashes of everything that the sender has below some prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest<'a> {
    /// The nonce of the summary.
    pub(crate) nonce: Nonce,
    /// Drawn for this digest, so that a collision of short hashes does not last.
    pub(crate) salt: u32,
    /// Whether the hashes are of whole states, not only of those halves that an index keeps.
    pub(crate) exact: bool,
    /// To be sent back with what is wanted.
    pub(crate) cookie: Cookie,
    pub(crate) prefixes: Prefixes<'a>,
}

/// Short hashes of what the sender lacks, as the digest named them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wants<'a> {
    /// The salt of the digest.
    pub(crate) salt: u32,
    /// As the digest had it.
    pub(crate) exact: bool,
    /// The cookie of the digest.
    pub(crate) cookie: Cookie,
    pub(crate) prefixes: Prefixes<'a>,
}

/// How far the sender's copies below some prefixes have come; what a prefix does not name, the sender lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StateDigest<'a> {
    /// The nonce of the summary.
    pub(crate) nonce: Nonce,
    /// To be sent back with what is asked for.
    pub(crate) cookie: Cookie,
    pub(crate) groups: HeadGroups<'a>,
}

#[derive(Serialize, Deserialize)]
struct SenderWire {
    id: [u8; 16],
    boot: u64,
    counter: u32,
    fingerprint: [u8; 8],
}

impl Sender {
    pub(super) fn encode(&self, buffer: &mut [u8]) -> Option<usize> {
        let Incarnation { boot, counter } = self.incarnation;
        let fingerprint = self.fingerprint.to_le_bytes();
        let wire = SenderWire { id: self.id.to_bytes(), boot, counter, fingerprint };
        if self.state == 0 { encode(&wire, buffer) } else { encode(&(wire, self.state.to_le_bytes()), buffer) }
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (wire, rest) = postcard::take_from_bytes::<SenderWire>(bytes).ok()?;
        Some(Self {
            id: NodeId::from_bytes(wire.id),
            incarnation: Incarnation { boot: wire.boot, counter: wire.counter },
            fingerprint: u64::from_le_bytes(wire.fingerprint),
            state: rest.first_chunk().map_or(0, |sum| u64::from_le_bytes(*sum)),
        })
    }
}

impl<'a> Body<'a> {
    /// The section kind; `None` for a datagram without body.
    pub(super) const fn kind(&self) -> Option<u8> {
        Some(match self {
            Body::None => return None,
            Body::Ping { .. } => kind::PING,
            Body::Ack { .. } => kind::ACK,
            Body::PingRequest { .. } => kind::PING_REQUEST,
            Body::Relayed { .. } => kind::RELAYED,
            Body::Nack { .. } => kind::NACK,
            Body::Join { .. } => kind::JOIN,
            Body::Challenge { .. } => kind::CHALLENGE,
            Body::Welcome { .. } => kind::WELCOME,
            Body::Claim(_) => kind::CLAIM,
            Body::Link(_) => kind::LINK,
            Body::Letter(_) => kind::LETTER,
            Body::Note(_) => kind::NOTE,
            Body::Summary(_) => kind::SUMMARY,
            Body::Digest(_) => kind::DIGEST,
            Body::Wants(_) => kind::WANTS,
            Body::StateSummary(_) => kind::STATE_SUMMARY,
            Body::StateDigest(_) => kind::STATE_DIGEST,
        })
    }

    pub(super) fn encode(&self, buffer: &mut [u8]) -> Option<usize> {
        match *self {
            Body::None => Some(0),
            Body::Ping { nonce } | Body::Ack { nonce } | Body::Welcome { nonce } | Body::Nack { nonce } => {
                encode(&nonce, buffer)
            }
            Body::Relayed { nonce, target } => encode(&(nonce, target.to_bytes()), buffer),
            Body::PingRequest { nonce, target, left_ms } => encode(&(nonce, target.to_bytes(), left_ms), buffer),
            Body::Join { nonce, cookie } => encode(&(nonce, cookie), buffer),
            Body::Challenge { nonce, cookie } => encode(&(nonce, cookie), buffer),
            Body::Claim(claim) => encode(&claim, buffer),
            Body::Link(link) => encode(&link, buffer),
            Body::Letter(Letter { nonce, serial, to, boot, bytes }) => {
                encode(&(nonce, serial, to.to_bytes(), boot, bytes), buffer)
            }
            Body::Note(Note { to, bytes }) => encode(&(to.to_bytes(), bytes), buffer),
            Body::Summary(summary) | Body::StateSummary(summary) => encode(&summary, buffer),
            Body::StateDigest(StateDigest { nonce, cookie, groups }) => {
                encode(&(nonce, cookie, groups.as_bytes()), buffer)
            }
            Body::Digest(Digest { nonce, salt, exact, cookie, prefixes }) => {
                encode(&(nonce, salt, exact, cookie, prefixes.as_bytes()), buffer)
            }
            Body::Wants(Wants { salt, exact, cookie, prefixes }) => {
                encode(&(salt, exact, cookie, prefixes.as_bytes()), buffer)
            }
        }
    }

    /// Decodes the body of a known kind; `None` when the bytes are not one.
    pub(super) fn decode(kind: u8, bytes: &'a [u8]) -> Option<Self> {
        Some(match kind {
            kind::PING => Body::Ping { nonce: decode(bytes)? },
            kind::ACK => Body::Ack { nonce: decode(bytes)? },
            kind::WELCOME => Body::Welcome { nonce: decode(bytes)? },
            kind::NACK => Body::Nack { nonce: decode(bytes)? },
            kind::PING_REQUEST => {
                let ((nonce, target), rest) = postcard::take_from_bytes(bytes).ok()?;
                let left_ms = if rest.is_empty() { 0 } else { decode(rest)? };
                Body::PingRequest { nonce, target: NodeId::from_bytes(target), left_ms }
            }
            kind::RELAYED => {
                let (nonce, target) = decode(bytes)?;
                Body::Relayed { nonce, target: NodeId::from_bytes(target) }
            }
            kind::JOIN => {
                let (nonce, cookie) = decode(bytes)?;
                Body::Join { nonce, cookie }
            }
            kind::CHALLENGE => {
                let (nonce, cookie) = decode(bytes)?;
                Body::Challenge { nonce, cookie }
            }
            kind::CLAIM => Body::Claim(decode(bytes)?),
            kind::LINK => Body::Link(decode(bytes)?),
            kind::LETTER => {
                let (nonce, serial, to, boot, bytes) = decode(bytes)?;
                Body::Letter(Letter { nonce, serial, to: NodeId::from_bytes(to), boot, bytes })
            }
            kind::NOTE => {
                let (to, bytes) = decode(bytes)?;
                Body::Note(Note { to: NodeId::from_bytes(to), bytes })
            }
            kind::SUMMARY => Body::Summary(decode_summary(bytes)?),
            kind::STATE_SUMMARY => {
                Body::StateSummary(decode_summary(bytes).filter(|summary| summary.level <= Prefix::BUCKET_LEVEL)?)
            }
            kind::STATE_DIGEST => {
                let (nonce, cookie, groups) = decode(bytes)?;
                Body::StateDigest(StateDigest { nonce, cookie, groups: HeadGroups::validate(groups)? })
            }
            kind::DIGEST => {
                let (nonce, salt, exact, cookie, prefixes) = decode(bytes)?;
                Body::Digest(Digest { nonce, salt, exact, cookie, prefixes: Prefixes::validate(prefixes)? })
            }
            kind::WANTS => {
                let (salt, exact, cookie, prefixes) = decode(bytes)?;
                Body::Wants(Wants { salt, exact, cookie, prefixes: Prefixes::validate(prefixes)? })
            }
            _ => return None,
        })
    }
}

/// A summary whose page lies within its level and, if that is a deep one, within one bucket.
fn decode_summary(bytes: &[u8]) -> Option<Summary<'_>> {
    let summary: Summary<'_> = decode(bytes)?;
    let whole = summary.sums.len().is_multiple_of(8) && summary.level <= Prefix::LEVEL_MAX;
    let count = summary.sums.len().checked_div(8).filter(|count| whole && (1..=Summary::PAGE_MAX).contains(count))?;
    let first = usize::from(summary.first);
    let last = first.checked_add(count)?.checked_sub(1)?;
    let deeper = summary.level.saturating_sub(Prefix::BUCKET_LEVEL);
    let one_bucket = deeper == 0 || first >> deeper == last >> deeper;
    (one_bucket && last < 1 << summary.level).then_some(summary)
}

fn encode<T: Serialize>(value: &T, buffer: &mut [u8]) -> Option<usize> {
    Some(postcard::to_slice(value, buffer).ok()?.len())
}

/// A value, and what a later release writes behind it.
pub(super) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    postcard::take_from_bytes(bytes).ok().map(|(value, _later)| value)
}
