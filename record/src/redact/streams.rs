//! Which messages came in over streams, however they were cut?
//!
//! A message can be redacted only when it is whole, and may come in many calls and across parts. So all that came over a stream
//! is put together first, and given out again as it came. Of what never became whole only its length means anything.

use std::collections::{BTreeMap, VecDeque};

use quidnunc_core::StreamId;

/// What stands before a message: its length.
const HEAD_BYTES: usize = 4;

/// Bytes of one stream that follow each other.
#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    /// If they are a message, to which node's life it came.
    message_to: Option<usize>,
}

/// What came over all streams.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// What belongs to a message that is not whole.
    open: BTreeMap<StreamId, Vec<u8>>,
    done: BTreeMap<StreamId, VecDeque<Chunk>>,
    /// Which node is being played.
    node: usize,
}

impl Came {
    /// What comes now comes to another node.
    pub(super) const fn of_node(&mut self, node: usize) {
        self.node = node;
    }

    /// Bytes came over a stream. Every message that is whole now is shown, without its length.
    pub(super) fn take(&mut self, id: StreamId, bytes: &[u8], mut show: impl FnMut(&[u8])) {
        let open = self.open.entry(id).or_default();
        open.extend_from_slice(bytes);
        while let Some(len) = open.first_chunk::<HEAD_BYTES>().map(|&len| u32::from_le_bytes(len))
            && let Ok(len) = usize::try_from(len)
            && len > 0
            && let Some(message) = open.get(HEAD_BYTES..).and_then(|bytes| bytes.get(..len))
        {
            show(message);
            let bytes: Vec<u8> = open.drain(..HEAD_BYTES + len).collect();
            self.done.entry(id).or_default().push_back(Chunk { bytes, message_to: Some(self.node) });
        }
    }

    /// What has not become whole does not any more.
    pub(super) fn cut(&mut self, id: StreamId) {
        if let Some(bytes) = self.open.remove(&id).filter(|bytes| !bytes.is_empty()) {
            self.done.entry(id).or_default().push_back(Chunk { bytes, message_to: None });
        }
    }

    /// The same of all streams.
    pub(super) fn cut_all(&mut self) {
        while let Some(&id) = self.open.keys().next() {
            self.cut(id);
        }
    }

    /// The same without contents, to be given out: `redact` is called with every message, without its length, and to which node it
    /// came.
    pub(super) fn redacted(mut self, mut redact: impl FnMut(usize, &mut [u8])) -> Comes {
        self.cut_all();
        for chunk in self.done.values_mut().flatten() {
            let content = chunk.bytes.get_mut(HEAD_BYTES..).unwrap_or_default();
            match chunk.message_to {
                Some(node) => redact(node, content),
                None => content.fill(0),
            }
        }
        Comes { chunks: self.done, given: BTreeMap::new() }
    }
}

/// What comes over all streams again.
#[derive(Debug)]
pub(super) struct Comes {
    chunks: BTreeMap<StreamId, VecDeque<Chunk>>,
    /// How much of the first chunk was given out.
    given: BTreeMap<StreamId, usize>,
}

impl Comes {
    /// Writes what comes next over a stream. There is as much of it as came.
    pub(super) fn give(&mut self, id: StreamId, place: &mut [u8]) {
        let (given, chunks) = (self.given.entry(id).or_default(), self.chunks.entry(id).or_default());
        for byte in place {
            if chunks.front().is_some_and(|chunk| chunk.bytes.len() <= *given) {
                chunks.pop_front();
                *given = 0;
            }
            *byte = chunks.front().and_then(|chunk| chunk.bytes.get(*given)).copied().unwrap_or_default();
            *given += 1;
        }
    }

    /// What was given out of the message that is not whole.
    pub(super) fn beginning(&self, id: StreamId) -> &[u8] {
        let chunk = self.chunks.get(&id).and_then(VecDeque::front);
        let given = self.given.get(&id).copied().unwrap_or_default();
        chunk.and_then(|chunk| chunk.bytes.get(..given)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_comes_again_as_it_was_cut() {
        let (id, other) = (StreamId::Accepted(1), StreamId::Opened(1));
        let mut stream = [&3_u32.to_le_bytes()[..], b"abc", &2_u32.to_le_bytes(), b"de"].concat();
        let (mut came, mut messages) = (Came::default(), Vec::new());
        came.of_node(3);
        for bytes in stream.chunks(5) {
            came.take(id, bytes, |message| messages.push(message.to_vec()));
        }
        assert_eq!(messages, [b"abc".to_vec(), b"de".to_vec()]);
        came.take(id, &[9, 0, 0, 0, 7, 7], |_| panic!("it is not whole"));
        came.cut(id);
        came.take(id, &[0, 0, 0, 0, 8], |_| panic!("no message is empty"));
        came.take(other, &[1, 0], |_| panic!("not even its length is whole"));
        let mut comes = came.redacted(|node, message| {
            assert_eq!(node, 3);
            message.make_ascii_uppercase();
        });
        stream.extend([9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        stream.make_ascii_uppercase();
        for (place, expected) in stream.chunks(5).enumerate() {
            let mut bytes = vec![0; expected.len()];
            comes.give(id, &mut bytes);
            assert_eq!(bytes, expected, "chunk {place}");
        }
        let mut bytes = [0; 2];
        comes.give(other, &mut bytes);
        assert_eq!((bytes, comes.beginning(other)), ([1, 0], &[1, 0][..]));
    }
}
