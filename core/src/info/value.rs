//! How does a value lie in memory? As bytes whose order is the order of the values, whatever their kind.

use alloc::vec::Vec;

use crate::vocab::{InfoKind, InfoMut, InfoValue};

const SIGN: u64 = 1 << 63;

/// How many bytes a value takes.
pub(super) const fn len(value: InfoValue<'_>) -> usize {
    match value {
        InfoValue::Int(_) | InfoValue::Float(_) => size_of::<u64>(),
        InfoValue::Text(text) => text.len(),
        InfoValue::Bytes(bytes) => bytes.len(),
    }
}

/// Appends the bytes of a value.
pub(super) fn append(bytes: &mut Vec<u8>, value: InfoValue<'_>) {
    match value {
        InfoValue::Int(number) => bytes.extend((number.cast_unsigned() ^ SIGN).to_be_bytes()),
        InfoValue::Float(number) => {
            let bits = number.to_bits();
            // Of negative numbers the one with the larger bits is smaller.
            let ordered = if bits & SIGN == 0 { bits | SIGN } else { !bits };
            bytes.extend(ordered.to_be_bytes());
        }
        InfoValue::Text(text) => bytes.extend(text.as_bytes()),
        InfoValue::Bytes(other) => bytes.extend(other),
    }
}

/// The value of that kind with these bytes, which [`append`] wrote.
pub(super) fn read(kind: InfoKind, bytes: &[u8]) -> InfoValue<'_> {
    match kind {
        InfoKind::Int => InfoValue::Int((number(bytes) ^ SIGN).cast_signed()),
        InfoKind::Float => {
            let ordered = number(bytes);
            InfoValue::Float(f64::from_bits(if ordered & SIGN == 0 { !ordered } else { ordered & !SIGN }))
        }
        InfoKind::Text => InfoValue::Text(core::str::from_utf8(bytes).unwrap_or_default()),
        InfoKind::Bytes => InfoValue::Bytes(bytes),
    }
}

/// Lends the value of that kind with these bytes, and writes what has taken its place.
pub(super) fn lend(kind: InfoKind, bytes: &mut [u8], take: impl FnOnce(InfoMut<'_>)) {
    let mut written = Vec::new();
    match (kind, read(kind, bytes)) {
        (InfoKind::Text, _) => return take(InfoMut::Text(bytes)),
        (_, InfoValue::Int(mut number)) => {
            take(InfoMut::Int(&mut number));
            append(&mut written, InfoValue::Int(number));
        }
        (_, InfoValue::Float(mut number)) => {
            take(InfoMut::Float(&mut number));
            append(&mut written, InfoValue::Float(number));
        }
        (_, InfoValue::Text(_) | InfoValue::Bytes(_)) => return take(InfoMut::Bytes(bytes)),
    }
    bytes.iter_mut().zip(written).for_each(|(place, byte)| *place = byte);
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(value: InfoValue<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        append(&mut bytes, value);
        assert_eq!(bytes.len(), len(value));
        bytes
    }

    #[test]
    fn bytes_are_in_the_order_of_values_and_read_as_the_same() {
        let ints = [i64::MIN, -256, -1, 0, 1, 255, 256, i64::MAX].map(InfoValue::Int);
        let floats = [-f64::NAN, f64::NEG_INFINITY, -1e300, -1.5, -1e-300, -0.0, 0.0, f64::MIN_POSITIVE];
        let more = [0.1, 1.0, 1.5, f64::MAX, f64::INFINITY, f64::NAN];
        let floats: Vec<_> = floats.into_iter().chain(more).map(InfoValue::Float).collect();
        let texts = ["", "a", "a\0", "ab", "b", "ü"].map(InfoValue::Text);
        let records = [&b""[..], b"\0", b"\0\0", b"\x7f", b"\xff"].map(InfoValue::Bytes);
        for values in [&ints[..], &floats, &texts, &records] {
            for pair in values.windows(2) {
                assert!(bytes_of(pair[0]) < bytes_of(pair[1]), "{pair:?}");
                assert_eq!(pair[0].compare(pair[1]), Some(core::cmp::Ordering::Less), "{pair:?}");
            }
            for &value in values {
                assert_eq!(read(value.kind(), &bytes_of(value)), value);
                assert_eq!(value.to_owned().borrowed(), value);
            }
        }
        assert_eq!(InfoValue::Int(0).compare(InfoValue::Float(0.0)), None, "kinds do not compare");
        assert_ne!(InfoValue::Text("a"), InfoValue::Bytes(b"a"));
    }
}
