//! What an application hands in with a command: lent where it was copied to.

use alloc::vec::Vec;

use crate::vocab::{GroupDef, InfoMut, InfoValue, KeyPattern, Lend, lend_entry};

use super::io::Command;
use super::redacted_packets::{lend_info, lend_info_key, lend_plain};

impl Command<'_> {
    /// The same command with what takes the place of its contents, which lies in the buffers then.
    #[must_use]
    pub fn redacted<'b>(&'b self, buffers: &'b mut [Vec<u8>; 2], lend: &mut Lend<'_>) -> Command<'b> {
        match *self {
            Command::Put { key, value } => {
                let (key, value) = entry(buffers, (key, value), lend);
                Command::Put { key, value }
            }
            Command::PutWithTtl { key, value, ttl } => {
                let (key, value) = entry(buffers, (key, value), lend);
                Command::PutWithTtl { key, value, ttl }
            }
            Command::PutAndWait { key, value, replicas, domains, timeout } => {
                let (key, value) = entry(buffers, (key, value), lend);
                Command::PutAndWait { key, value, replicas, domains, timeout }
            }
            Command::Delete { key } => Command::Delete { key: entry(buffers, (key, &[]), lend).0 },
            Command::Watch { prefix } => Command::Watch { prefix: entry(buffers, (prefix, &[]), lend).0 },
            Command::Unwatch { prefix } => Command::Unwatch { prefix: entry(buffers, (prefix, &[]), lend).0 },
            Command::Send { to, number, bytes } => {
                Command::Send { to, number, bytes: plain(buffers, (bytes, &[]), lend).0 }
            }
            Command::Note { to, bytes } => Command::Note { to, bytes: plain(buffers, (bytes, &[]), lend).0 },
            Command::AddInfo { key, value, ttl } => {
                let (key, value) = info(buffers, (key, value), lend);
                Command::AddInfo { key, value, ttl }
            }
            Command::DeleteInfo { key } => Command::DeleteInfo { key: info_key(buffers, key, lend) },
            Command::RegisterGroup(GroupDef { pattern, limit, order }) => {
                Command::RegisterGroup(GroupDef { pattern: keys(buffers, pattern, lend), limit, order })
            }
            Command::WatchInfos { pattern, repeats } => {
                Command::WatchInfos { pattern: keys(buffers, pattern, lend), repeats }
            }
            Command::UnwatchInfos { pattern } => Command::UnwatchInfos { pattern: keys(buffers, pattern, lend) },
            Command::SendEvent { name, payload, ttl } => {
                let (name, payload) = plain(buffers, (name, payload), lend);
                Command::SendEvent { name, payload, ttl }
            }
            Command::Query { number, name, payload, window } => {
                let (name, payload) = plain(buffers, (name, payload), lend);
                Command::Query { number, name, payload, window }
            }
            Command::Answer { question, payload } => {
                Command::Answer { question, payload: plain(buffers, (payload, &[]), lend).0 }
            }
            Command::Leave
            | Command::Remove { .. }
            | Command::Ping { .. }
            | Command::Join { .. }
            | Command::Addresses { .. }
            | Command::Configure { .. } => *self,
        }
    }
}

type Buffers = [Vec<u8>; 2];

fn copied<'b>([first, second]: &'b mut Buffers, (one, other): (&[u8], &[u8])) -> (&'b mut [u8], &'b mut [u8]) {
    (*first, *second) = (one.to_vec(), other.to_vec());
    (first, second)
}

fn entry<'b>(buffers: &'b mut Buffers, pair: (&[u8], &[u8]), lend: &mut Lend<'_>) -> (&'b [u8], &'b [u8]) {
    let (key, value) = copied(buffers, pair);
    lend_entry(key, value, lend);
    (key, value)
}

fn plain<'b>(buffers: &'b mut Buffers, pair: (&[u8], &[u8]), lend: &mut Lend<'_>) -> (&'b [u8], &'b [u8]) {
    let (one, other) = copied(buffers, pair);
    lend_plain(one, lend);
    lend_plain(other, lend);
    (one, other)
}

fn info_key<'b>(buffers: &'b mut Buffers, key: &[u8], lend: &mut Lend<'_>) -> &'b [u8] {
    let (key, _) = copied(buffers, (key, &[]));
    lend_info_key(key, lend);
    key
}

fn keys<'b>(
    buffers: &'b mut Buffers,
    KeyPattern { rule, text }: KeyPattern<'_>,
    lend: &mut Lend<'_>,
) -> KeyPattern<'b> {
    KeyPattern { rule, text: info_key(buffers, text, lend) }
}

fn info<'b>(
    buffers: &'b mut Buffers,
    (key, value): (&[u8], InfoValue<'_>),
    lend: &mut Lend<'_>,
) -> (&'b [u8], InfoValue<'b>) {
    match value {
        InfoValue::Int(mut number) => {
            let (key, _) = copied(buffers, (key, &[]));
            lend_info(key, InfoMut::Int(&mut number), lend);
            (key, InfoValue::Int(number))
        }
        InfoValue::Float(mut number) => {
            let (key, _) = copied(buffers, (key, &[]));
            lend_info(key, InfoMut::Float(&mut number), lend);
            (key, InfoValue::Float(number))
        }
        InfoValue::Text(text) => {
            let (key, text) = copied(buffers, (key, text.as_bytes()));
            lend_info(key, InfoMut::Text(text), lend);
            (key, InfoValue::Text(core::str::from_utf8(text).unwrap_or_default()))
        }
        InfoValue::Bytes(bytes) => {
            let (key, bytes) = copied(buffers, (key, bytes));
            lend_info(key, InfoMut::Bytes(bytes), lend);
            (key, InfoValue::Bytes(bytes))
        }
    }
}
