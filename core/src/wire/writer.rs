//! Writes one datagram into the caller's bytes.

use core::net::SocketAddr;

use super::body::{Body, Sender};
use super::datagram::RecordKind;
use super::heads::HeadOf;
use super::pieces::Piece;
use super::record::AddrWire;
use super::{FRAME_BYTES, FRAME_HEAD_BYTES, WIRE_VERSION, ages, frame_head, heartbeats, kind, record, spans};
use crate::vocab::{ACCUSERS_MAX, Accusers, Cookie, Item, NodeId, Rates, Record};

/// No record is longer than this, its length byte included, but for what a suspect or somebody removed adds.
pub(crate) const RECORD_BYTES_MAX: usize = 1 + 16 + 10 + 5 + 1 + 1 + 1 + 16 + 2 + 5 + 8;

/// The most that the accusers of a suspect take.
pub(crate) const ACCUSERS_BYTES_MAX: usize = 1 + 8 * ACCUSERS_MAX;

/// The mark of whoever was removed.
pub(crate) const MARK_BYTES: usize = 1;

/// Head of a section whose length is only known at its end: the kind and a length of fixed size.
const OPEN_HEAD_BYTES: usize = 4;

/// A datagram being written. What does not fit is refused and leaves no trace.
#[derive(Debug)]
pub(crate) struct Writer<'b> {
    buffer: &'b mut [u8],
    len: usize,
    /// The open list, if one is open: where its content begins, and where it would end if it were empty.
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    start: usize,
    empty_end: usize,
}

impl<'b> Writer<'b> {
    /// Begins a datagram; `None` when not even frame and sender fit.
    pub(crate) fn begin(buffer: &'b mut [u8], cluster: u32, sender: &Sender) -> Option<Self> {
        let (head, rest) = buffer.split_first_chunk_mut()?;
        *head = frame_head(WIRE_VERSION, cluster);
        // The checksum comes last.
        *rest.first_chunk_mut()? = [0; FRAME_BYTES - FRAME_HEAD_BYTES];
        let mut writer = Self { buffer, len: FRAME_BYTES, open: None };
        writer.section(kind::SENDER, |free| sender.encode(free)).then_some(writer)
    }

    /// Appends the body; `false`, and nothing written, when it does not fit.
    #[must_use]
    pub(crate) fn body(&mut self, body: &Body<'_>) -> bool {
        match body.kind() {
            Some(kind) => self.section(kind, |free| body.encode(free)),
            None => true,
        }
    }

    /// Opens a list of records; every [`Writer::record`] until the end goes into it. Returns the length of
    /// the datagram with an empty list, which is closed again if it stays empty.
    pub(crate) fn open_records(&mut self, records: RecordKind) -> usize {
        self.open(records.number(), &[]);
        self.len
    }

    /// Opens a list of heads, which the receiver may send back with this cookie.
    pub(crate) fn open_heads(&mut self, cookie: Cookie) {
        self.open(kind::HEADS, &cookie.0);
    }

    /// Opens a list of heads of which the receiver shall ask for more, with this cookie.
    pub(crate) fn open_more(&mut self, cookie: Cookie) {
        self.open(kind::MORE, &cookie.0);
    }

    /// Opens a list of heads of which the rest is asked for, with the cookie that they came with.
    pub(crate) fn open_asks(&mut self, cookie: Cookie) {
        self.open(kind::ASKS, &cookie.0);
    }

    /// Opens a list of changes.
    pub(crate) fn open_changes(&mut self) {
        self.open(kind::CHANGES, &[]);
    }

    /// Asks how far the receiver's copy of the sender's own map has come; `false`, and nothing written, when there is
    /// no room.
    #[must_use]
    pub(crate) fn confirm(&mut self) -> bool {
        self.close();
        self.section(kind::CONFIRM, |_| Some(0))
    }

    /// Says at which of its addresses the receiver is asked; `false`, and nothing written, when there is no room.
    #[must_use]
    pub(crate) fn asked_at(&mut self, addr: SocketAddr) -> bool {
        self.close();
        self.section(kind::ASKED_AT, |free| Some(postcard::to_slice(&AddrWire::of(addr), free).ok()?.len()))
    }

    /// Ends the list that is open and begins another one; does nothing when there is no room for its beginning.
    fn open(&mut self, kind: u8, beginning: &[u8]) {
        self.close();
        let start = self.len.saturating_add(OPEN_HEAD_BYTES);
        let empty_end = start.saturating_add(beginning.len());
        let Some(section) = self.buffer.get_mut(self.len..empty_end) else { return };
        if let Some((head, content)) = section.split_first_chunk_mut::<OPEN_HEAD_BYTES>() {
            *head = [kind, 0x80, 0x80, 0x00];
            content.copy_from_slice(beginning);
            self.open = Some(Open { start, empty_end });
            self.len = empty_end;
        }
    }

    /// Appends a head to the open list; `false`, and nothing written, when it does not fit.
    #[must_use]
    pub(crate) fn head(&mut self, head: HeadOf) -> bool {
        self.listed(|free| head.encode(free))
    }

    /// Opens a list of heartbeats.
    pub(crate) fn open_heartbeats(&mut self) {
        self.open(kind::HEARTBEATS, &[]);
    }

    /// Appends a life and where its heartbeat stands to the open list; `false`, and nothing written, when it does not
    /// fit.
    #[must_use]
    pub(crate) fn heartbeat(&mut self, row: (u64, u16)) -> bool {
        self.listed(|free| heartbeats::encode(row, free))
    }

    /// Opens a list of what goes over a link.
    pub(crate) fn open_pieces(&mut self) {
        self.open(kind::PIECES, &[]);
    }

    /// Appends a piece to the open list; `false`, and nothing written, when it does not fit.
    #[must_use]
    pub(crate) fn piece(&mut self, piece: &Piece<'_>) -> bool {
        self.listed(|free| piece.encode(free))
    }

    /// The same if so many bytes stay free behind it.
    #[must_use]
    pub(crate) fn piece_within(&mut self, piece: &Piece<'_>, kept: usize) -> bool {
        self.listed(|free| {
            let most = free.len().saturating_sub(kept);
            piece.encode(free.get_mut(..most)?)
        })
    }

    /// Opens a list of ages of voters from the first one on; the order of voters is what the sum says.
    pub(crate) fn open_ages(&mut self, sum: u64, first: NodeId) {
        self.open(kind::AGES, &ages::head(sum, first));
    }

    /// Appends an age to the open list; `false`, and nothing written, when it does not fit.
    #[must_use]
    pub(crate) fn age(&mut self, age: u8) -> bool {
        self.listed(|free| {
            *free.first_mut()? = age;
            Some(1)
        })
    }

    /// Ends the open list, so that something else may follow.
    pub(crate) fn end_list(&mut self) {
        self.close();
    }

    /// Appends an entry without a length of its own to the open list. Returns whether it fits.
    fn listed(&mut self, encode: impl FnOnce(&mut [u8]) -> Option<usize>) -> bool {
        let free = self.buffer.get_mut(self.len..).filter(|_| self.open.is_some());
        let Some(len) = free.and_then(encode) else { return false };
        self.len = self.len.saturating_add(len);
        true
    }

    /// Appends what the sender desires to write and is permitted to; nothing when it does not fit.
    pub(crate) fn rates(&mut self, Rates { desired, permitted }: Rates) -> bool {
        self.section(kind::RATES, |free| Some(postcard::to_slice(&(desired, permitted), free).ok()?.len()))
    }

    /// Appends how much more the receiver is permitted to write, or less. Returns whether it fits.
    #[must_use]
    pub(crate) fn share(&mut self, more: i64) -> bool {
        self.section(kind::SHARE, |free| Some(postcard::to_slice(&more, free).ok()?.len()))
    }

    /// Appends changes of one owner's map after `from`, as many as fit into so many bytes. Returns up to which
    /// version they go; `None`, and nothing written, when they bring the receiver no further.
    #[must_use]
    pub(crate) fn span<'a>(
        &mut self,
        of: HeadOf,
        from: u64,
        items: impl Iterator<Item = Item<'a>>,
        bytes_max: usize,
    ) -> Option<u64> {
        self.open?;
        let end = self.len.saturating_add(bytes_max).min(self.buffer.len());
        let (len, to) = spans::write_span(self.buffer.get_mut(self.len..end)?, of, from, items)?;
        self.len = self.len.saturating_add(len);
        Some(to)
    }

    /// Appends a record to the open list; `false`, and nothing written, when it does not fit.
    #[must_use]
    pub(crate) fn record(&mut self, record: &Record) -> bool {
        self.record_with(record, &Accusers::default())
    }

    /// The same with those who accuse, if it is a suspect's.
    #[must_use]
    pub(crate) fn record_with(&mut self, record: &Record, accusers: &Accusers) -> bool {
        let Some((length, free)) = self.buffer.get_mut(self.len..).and_then(<[u8]>::split_first_mut) else {
            return false;
        };
        let Some(len) = record::encode(record, accusers, free) else { return false };
        let Ok(byte) = u8::try_from(len) else { return false };
        *length = byte;
        self.len = self.len.saturating_add(len).saturating_add(1);
        true
    }

    /// How many bytes are left for records, the head of their list already taken off while none is open.
    pub(crate) fn free(&self) -> usize {
        let free = self.buffer.len().saturating_sub(self.len);
        if self.open.is_some() { free } else { free.saturating_sub(OPEN_HEAD_BYTES) }
    }

    /// How many bytes were written so far.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Fills the rest of the buffer with bytes that the receiver skips.
    pub(crate) fn pad(&mut self) {
        self.close();
        let free = self.buffer.len().saturating_sub(self.len);
        let Some(zeros) = free.checked_sub(OPEN_HEAD_BYTES) else { return };
        let Some(rest) = self.buffer.get_mut(self.len..) else { return };
        rest.fill(0);
        if let Some(head) = rest.first_chunk_mut::<OPEN_HEAD_BYTES>() {
            *head = open_head(kind::PADDING, zeros);
        }
        self.len = self.buffer.len();
    }

    /// Ends the datagram and returns its length in bytes.
    pub(crate) fn finish(mut self) -> usize {
        self.close();
        if cfg!(quidnunc_next_wire) {
            let _ = self.section(kind::NEXT, |free| free.first_chunk_mut().map(|place| *place = *b"next").map(|()| 4));
        }
        if let Some(datagram) = self.buffer.get_mut(..self.len) {
            super::fit_checksum(datagram);
        }
        self.len
    }

    /// Writes the length of the open list, or takes back the head of an empty one.
    fn close(&mut self) {
        let Some(Open { start, empty_end }) = self.open.take() else { return };
        let Some(head_at) = start.checked_sub(OPEN_HEAD_BYTES) else { return };
        if self.len == empty_end {
            self.len = head_at;
            return;
        }
        let len = self.len.saturating_sub(start);
        if let Some(head) = self.buffer.get_mut(head_at..).and_then(<[u8]>::first_chunk_mut::<OPEN_HEAD_BYTES>) {
            let [kind, ..] = *head;
            *head = open_head(kind, len);
        }
    }

    fn section(&mut self, kind: u8, encode: impl FnOnce(&mut [u8]) -> Option<usize>) -> bool {
        let Some(free) = self.buffer.get_mut(self.len..) else { return false };
        let Some((head, content)) = free.split_first_chunk_mut::<2>() else { return false };
        let Some(len) = encode(content) else { return false };
        if let Ok(short @ 0..=0x7f) = u8::try_from(len) {
            *head = [kind, short];
            self.len = self.len.saturating_add(len).saturating_add(2);
            return true;
        }
        // The content was written behind a short head; move it behind a long one.
        let end = len.saturating_add(OPEN_HEAD_BYTES);
        let Some(section) = free.get_mut(..end) else { return false };
        section.copy_within(2..len.saturating_add(2), OPEN_HEAD_BYTES);
        if let Some(head) = section.first_chunk_mut::<OPEN_HEAD_BYTES>() {
            *head = open_head(kind, len);
        }
        self.len = self.len.saturating_add(end);
        true
    }
}

/// A section head with a three-byte length: room for any datagram, known before its content is.
fn open_head(kind: u8, len: usize) -> [u8; OPEN_HEAD_BYTES] {
    let seven_bits = |shift: u32| u8::try_from((len >> shift) & 0x7f).unwrap_or_default();
    [kind, seven_bits(0) | 0x80, seven_bits(7) | 0x80, seven_bits(14)]
}
