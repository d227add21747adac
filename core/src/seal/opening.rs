//! What is in a datagram, and may it come in?

use core::net::SocketAddr;

use super::cipher::{Cipher, TAG_BYTES};
use super::compress::{inflate, inflated_len};
use super::error::Refused;
use super::handshake::{Handshake, Proof};
use super::header::{COMPRESSED, HANDSHAKE, HEADER_BYTES, Header, Source, is_sealed};
use super::held::{Held, Place};
use super::stats::up;
use super::{Answer, Mode, Opened, Seal, ToProve};
use crate::vocab::Instant;
use crate::wire::{FRAME_HEAD_BYTES, frame_head};

/// Where the frame of the head begins when its text was opened in place.
const FRAME_START: usize = HEADER_BYTES - FRAME_HEAD_BYTES;

/// Where a frame lies.
enum Found {
    /// It is the datagram as it came.
    Plain,
    /// In the datagram, up to this byte.
    InPlace(usize),
    /// Among the inflated bytes.
    Inflated,
    /// It waits.
    Held,
    /// There is none.
    Handshake,
}

/// A datagram whose tag is right.
struct Letter {
    header: Header,
    from: SocketAddr,
}

impl Seal {
    /// Opens a datagram, in place. Ask for what it leads to with [`Seal::poll_transmit`] and [`Seal::poll_released`].
    ///
    /// # Errors
    /// [`Refused`], counted by kind: the datagram is to be dropped. Never is it answered by more than three times its bytes.
    pub fn open<'a>(&'a mut self, now: Instant, from: SocketAddr, bytes: &'a mut [u8]) -> Result<Opened<'a>, Refused> {
        self.advance(now);
        let found = self.find(from, bytes).inspect_err(|&refused| self.stats.count(refused))?;
        Ok(match found {
            Found::Plain => {
                up(&mut self.stats.let_in_plain, 1);
                Opened::Frame(bytes)
            }
            Found::InPlace(_) | Found::Inflated => {
                up(&mut self.stats.opened, 1);
                Opened::Frame(self.frame(&found, bytes))
            }
            Found::Held => Opened::Held,
            Found::Handshake => Opened::Handshake,
        })
    }

    fn find(&mut self, from: SocketAddr, bytes: &mut [u8]) -> Result<Found, Refused> {
        if !is_sealed(bytes) {
            return if self.config.mode == Mode::Require { Err(Refused::Plaintext) } else { Ok(Found::Plain) };
        }
        let header = Header::read(bytes, self.config.cluster)?;
        let (source, letter) = (header.source, Letter { header, from });
        let key = self.ring.get(source.key).ok_or(Refused::UnknownKey)?;
        if source.sender == self.config.id && source.salt == self.salt {
            return Err(Refused::Reflected);
        }
        if let Some(place) = self.peers.find(&source) {
            if !self.peers.is_new(place, header.counter) {
                return Err(Refused::Replayed);
            }
            open_text(self.peers.cipher(place).ok_or(Refused::Forged)?, &header, bytes)?;
            self.peers.enter(place, header.counter, self.now);
            if header.flags & HANDSHAKE != 0 { self.on_handshake(&letter, bytes) } else { self.unpack(&header, bytes) }
        } else {
            let cipher = key.subkey(source.sender, &source.salt);
            open_text(&cipher, &header, bytes)?;
            if header.flags & HANDSHAKE != 0 {
                self.on_first_handshake(&letter, cipher, bytes)
            } else {
                self.hold(&letter, bytes)
            }
        }
    }

    /// Makes the frame whole again, in place or inflated.
    fn unpack(&mut self, header: &Header, bytes: &mut [u8]) -> Result<Found, Refused> {
        let head = frame_head(header.version, header.cluster);
        if header.flags & COMPRESSED == 0 {
            let place = bytes.get_mut(FRAME_START..).and_then(<[u8]>::first_chunk_mut);
            *place.ok_or(Refused::Truncated)? = head;
            return Ok(Found::InPlace(bytes.len().saturating_sub(TAG_BYTES)));
        }
        let text = text_of(bytes)?;
        let len = inflated_len(text)?;
        self.inflated.clear();
        self.inflated.extend_from_slice(&head);
        self.inflated.resize(len.saturating_add(FRAME_HEAD_BYTES), 0);
        inflate(text, self.inflated.get_mut(FRAME_HEAD_BYTES..).ok_or(Refused::Malformed)?)?;
        Ok(Found::Inflated)
    }

    fn frame<'a>(&'a self, found: &Found, bytes: &'a [u8]) -> &'a [u8] {
        match *found {
            Found::InPlace(end) => bytes.get(FRAME_START..end).unwrap_or_default(),
            Found::Inflated => &self.inflated,
            Found::Plain | Found::Held | Found::Handshake => &[],
        }
    }

    /// A datagram of somebody who has not proven to be no recording: it waits, and its sender is asked.
    fn hold(&mut self, letter: &Letter, bytes: &mut [u8]) -> Result<Found, Refused> {
        let found = self.unpack(&letter.header, bytes)?;
        let Letter { header: Header { source, counter, .. }, from } = *letter;
        let asked = self.waiting.is_to_be_asked(&source, self.now);
        let frame = self.frame(&found, bytes).to_vec();
        let (place, lost) = self.waiting.hold(Held { source, counter, from, at: self.now, asked, frame });
        up(&mut self.stats.held_lost, lost);
        if place == Place::Twice {
            return Err(Refused::Replayed);
        }
        if asked {
            self.answer(Answer { to: from, ask: Some(source), prove: None });
        }
        if place == Place::Full {
            up(&mut self.stats.held_lost, 1);
            return Err(Refused::Unproven);
        }
        up(&mut self.stats.held, 1);
        Ok(Found::Held)
    }

    /// A handshake of a peer that has proven itself: it may want a proof itself.
    fn on_handshake(&mut self, letter: &Letter, bytes: &[u8]) -> Result<Found, Refused> {
        let handshake = Handshake::read(text_of(bytes)?).ok_or(Refused::Malformed)?;
        self.reply(letter.from, &handshake, None);
        Ok(Found::Handshake)
    }

    /// A handshake of somebody who has not proven itself: it may be the proof.
    fn on_first_handshake(&mut self, letter: &Letter, cipher: Cipher, bytes: &[u8]) -> Result<Found, Refused> {
        let handshake = Handshake::read(text_of(bytes)?).ok_or(Refused::Malformed)?;
        let source = letter.header.source;
        let Some(proof) = handshake.proof else {
            // Ask back in the same datagram, so that both are proven after one more.
            self.reply(letter.from, &handshake, Some(source));
            return Ok(Found::Handshake);
        };
        let proven = self.asker.accepts(&source, &proof, self.now);
        if proven {
            self.let_in(letter, cipher, &proof);
        }
        // Who brings a wrong proof is not asked again for it: two that disagree would never end.
        self.reply(letter.from, &handshake, None);
        if proven { Ok(Found::Handshake) } else { Err(Refused::Stale) }
    }

    /// The sender lives, and what it sealed from `floor` on is new.
    fn let_in(&mut self, letter: &Letter, cipher: Cipher, proof: &Proof) {
        let Letter { header: Header { source, counter, .. }, from } = *letter;
        let (place, forgotten) = self.peers.insert(source, cipher, proof.floor, self.now);
        if let Some(opened_last) = forgotten {
            self.asker.forget(opened_last);
            up(&mut self.stats.evicted, 1);
        }
        up(&mut self.stats.proven, 1);
        self.peers.enter(place, counter, self.now);
        let (peers, now) = (&mut self.peers, self.now);
        let is_good = |held: &Held| held.is_fresh(now) && held.from == from && peers.enter(place, held.counter, now);
        let (released, lost) = self.waiting.release(&source, is_good);
        up(&mut self.stats.opened, released);
        up(&mut self.stats.held_lost, lost);
    }

    fn reply(&mut self, to: SocketAddr, handshake: &Handshake, ask: Option<Source>) {
        let prove = handshake.question.map(|question| {
            let since = self.now.before(question.age);
            ToProve { mac: question.mac, issued: question.issued, since }
        });
        if prove.is_some() || ask.is_some() {
            self.answer(Answer { to, ask, prove });
        }
    }

    fn answer(&mut self, answer: Answer) {
        if self.answers.push_back(answer).is_err() {
            up(&mut self.stats.answers_lost, 1);
        }
    }
}

fn open_text(cipher: &Cipher, header: &Header, bytes: &mut [u8]) -> Result<(), Refused> {
    let (head, rest) = bytes.split_first_chunk_mut::<HEADER_BYTES>().ok_or(Refused::Truncated)?;
    let (text, &mut tag) = rest.split_last_chunk_mut::<TAG_BYTES>().ok_or(Refused::Truncated)?;
    if cipher.open(header.nonce(), head, text, tag) { Ok(()) } else { Err(Refused::Forged) }
}

fn text_of(bytes: &[u8]) -> Result<&[u8], Refused> {
    let (_, rest) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(Refused::Truncated)?;
    rest.split_last_chunk::<TAG_BYTES>().map(|(text, _)| text).ok_or(Refused::Truncated)
}
