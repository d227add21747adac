//! Where do the heartbeats of members stand? 48 bits that name a life, and the last 16 bits of its heartbeat.

/// What one heartbeat takes.
const ROW_BYTES: usize = 8;

/// Writes one row; `None` when the buffer is too small.
pub(super) fn encode((life, count): (u64, u16), buffer: &mut [u8]) -> Option<usize> {
    let [l0, l1, l2, l3, l4, l5, _, _] = life.to_le_bytes();
    let [c0, c1] = count.to_le_bytes();
    *buffer.first_chunk_mut()? = [l0, l1, l2, l3, l4, l5, c0, c1];
    Some(ROW_BYTES)
}

/// Rows as they came in, each `(life, heartbeat)`. Any bytes are some; less than a row at the end is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Heartbeats<'a> {
    rows: &'a [[u8; ROW_BYTES]],
}

impl<'a> Heartbeats<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rows: bytes.as_chunks().0 }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Iterator for Heartbeats<'_> {
    type Item = (u64, u16);

    fn next(&mut self) -> Option<(u64, u16)> {
        let (&[l0, l1, l2, l3, l4, l5, c0, c1], rest) = self.rows.split_first()?;
        self.rows = rest;
        Some((u64::from_le_bytes([l0, l1, l2, l3, l4, l5, 0, 0]), u16::from_le_bytes([c0, c1])))
    }
}
