//! What takes the place of keys and values?
//!
//! Something of the same length, the same for the same, and another one for another. Of keys and of the values of infos that
//! have an order it has the same order, and begins alike where they do: at each place of all texts that begin alike the first
//! letter there is becomes an `a`, the second one a `b`. So nothing is drawn, and what is seen of a text is its shape.

use std::collections::{BTreeMap, BTreeSet};

use quidnunc_core::redaction::Lent;

/// Everything that was handed in.
#[derive(Debug, Default)]
pub(super) struct Seen {
    keys: BTreeSet<Vec<u8>>,
    kept: BTreeSet<Vec<u8>>,
    texts: BTreeSet<Vec<u8>>,
    records: BTreeSet<Vec<u8>>,
    /// By their length, and as the how manieth of that each came first.
    values: BTreeMap<usize, BTreeMap<Vec<u8>, u64>>,
    ints: BTreeSet<i64>,
    /// In total order.
    floats: BTreeSet<i64>,
}

impl Seen {
    pub(super) fn note(&mut self, lent: Lent<'_>) {
        match lent {
            Lent::Key(key) => note(&mut self.keys, key),
            Lent::Kept(key) => note(&mut self.kept, key),
            Lent::Value(value) => {
                let of_len = self.values.entry(value.len()).or_default();
                if !of_len.contains_key(&*value) {
                    of_len.insert(value.to_vec(), of_len.len() as u64);
                }
            }
            Lent::Text(text) => note(&mut self.texts, text),
            Lent::Record(record) => note(&mut self.records, record),
            Lent::Int(number) => _ = self.ints.insert(*number),
            Lent::Float(number) => _ = self.floats.insert(in_order(*number)),
        }
    }
}

fn note(seen: &mut BTreeSet<Vec<u8>>, bytes: &[u8]) {
    if !seen.contains(bytes) {
        seen.insert(bytes.to_vec());
    }
}

/// What takes the place of each.
#[derive(Debug)]
pub(super) struct Renames {
    keys: BTreeMap<Vec<u8>, Vec<u8>>,
    texts: BTreeMap<Vec<u8>, Vec<u8>>,
    records: BTreeMap<Vec<u8>, Vec<u8>>,
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    ints: BTreeMap<i64, i64>,
    floats: BTreeMap<i64, f64>,
    /// Whether something was lent that was not seen.
    missed: bool,
}

impl Renames {
    pub(super) fn new(seen: Seen) -> Self {
        let by_byte = |strings: BTreeSet<Vec<u8>>, kept: &BTreeSet<Vec<u8>>| {
            let kept: Vec<Vec<u32>> = kept.iter().map(|key| of_bytes(key)).collect();
            let others = in_shape(strings.iter().map(|string| of_bytes(string)), &kept);
            // None is larger than what it takes the place of.
            let bytes = |other: Vec<u32>| other.into_iter().filter_map(|symbol| u8::try_from(symbol).ok()).collect();
            strings.into_iter().zip(others.into_iter().map(bytes)).collect()
        };
        // Nothing may come to lie where something is kept.
        let keys = seen.keys.union(&seen.kept).cloned().collect();
        let texts = in_shape(seen.texts.iter().map(|text| of_text(text)), &[]);
        let texts = texts.into_iter().map(|text| {
            let text: String = text.into_iter().filter_map(char::from_u32).collect();
            text.into_bytes()
        });
        Self {
            keys: by_byte(keys, &seen.kept),
            texts: seen.texts.iter().cloned().zip(texts).collect(),
            records: by_byte(seen.records, &BTreeSet::new()),
            values: seen.values.into_iter().flat_map(|(len, values)| numbered(len, values)).collect(),
            ints: of_ints(&seen.ints),
            floats: (0_u32..).map(f64::from).zip(seen.floats).map(|(number, float)| (float, number)).collect(),
            missed: false,
        }
    }

    /// Puts into its place what takes it.
    pub(super) fn apply(&mut self, lent: Lent<'_>) {
        let seen = match lent {
            Lent::Key(key) => apply(&self.keys, key),
            Lent::Kept(_) => true,
            Lent::Value(value) => apply(&self.values, value),
            Lent::Text(text) => apply(&self.texts, text),
            Lent::Record(record) => apply(&self.records, record),
            Lent::Int(number) => self.ints.get(number).map(|other| *number = *other).is_some(),
            Lent::Float(number) => self.floats.get(&in_order(*number)).map(|other| *number = *other).is_some(),
        };
        self.missed |= !seen;
    }

    /// Whether something was lent that was not seen: it is as it was.
    pub(super) const fn has_missed(&self) -> bool {
        self.missed
    }
}

fn apply(others: &BTreeMap<Vec<u8>, Vec<u8>>, bytes: &mut [u8]) -> bool {
    if bytes.is_empty() {
        return true;
    }
    let other = others.get(bytes).filter(|other| other.len() == bytes.len());
    other.map(|other| bytes.copy_from_slice(other)).is_some()
}

fn of_bytes(bytes: &[u8]) -> Vec<u32> {
    bytes.iter().map(|&byte| byte.into()).collect()
}

/// The letters of a text, which are in the order of its bytes.
fn of_text(text: &[u8]) -> Vec<u32> {
    String::from_utf8_lossy(text).chars().map(u32::from).collect()
}

/// Another string for each of these, which are in order: of the same shape, in the same order, and two begin alike as far as
/// those do whose places they take. What begins as those do that are kept, which are in order and among them, stays so.
fn in_shape(strings: impl Iterator<Item = Vec<u32>>, kept: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let is_kept = |beginning: &[u32]| {
        let place = kept.partition_point(|kept| kept.as_slice() < beginning);
        kept.get(place).is_some_and(|kept| kept.starts_with(beginning))
    };
    let (mut before, mut others) = (Vec::new(), Vec::<Vec<u32>>::new());
    for string in strings {
        let alike = string.iter().zip(&before).take_while(|(a, b)| a == b).count();
        let last = others.last().map_or(&[][..], Vec::as_slice);
        let mut other = last.get(..alike).unwrap_or_default().to_vec();
        for (place, &symbol) in string.iter().enumerate().skip(alike) {
            // The one before is the last of those that are alike so far.
            let sibling = before.get(place).zip(last.get(place)).filter(|_| place == alike);
            other.push(match sibling {
                _ if is_kept(&string[..=place]) => symbol,
                Some((&before, &other)) if first_like(before) == first_like(symbol) => other + 1,
                _ => first_like(symbol),
            });
        }
        others.push(other);
        before = string;
    }
    others
}

/// The first of all symbols of a sort: those of one sort follow each other, and have as many bytes. What parts keys is a sort by
/// itself.
const fn first_like(symbol: u32) -> u32 {
    const SORTS: [u32; 21] = [
        0,
        0x20,
        0x2d,
        0x2e,
        0x2f,
        0x30,
        0x3a,
        0x3b,
        0x41,
        0x5b,
        0x5f,
        0x60,
        0x61,
        0x7b,
        0x80,
        0x800,
        0xd800,
        0xe000,
        0x1_0000,
        u32::MAX,
        u32::MAX,
    ];
    let mut sort = 0;
    while sort + 1 < SORTS.len() && SORTS[sort + 1] <= symbol {
        sort += 1;
    }
    SORTS[sort]
}

/// Another value for each of those of one length: letters, or any bytes where there are too many for that.
fn numbered(len: usize, values: BTreeMap<Vec<u8>, u64>) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let digits = u32::try_from(len).unwrap_or(u32::MAX);
    let fits = 26_u64.checked_pow(digits).is_none_or(|most| values.len() as u64 <= most);
    let (base, zero) = if fits { (26, b'a') } else { (256, 0) };
    values.into_iter().map(move |(value, mut number)| {
        let mut other = vec![zero; len];
        for digit in other.iter_mut().rev() {
            *digit += u8::try_from(number % base).unwrap_or_default();
            number /= base;
        }
        (value, other)
    })
}

/// Another number for each: of those that are as long the first one is as small as can be, and each further one is one larger.
fn of_ints(ints: &BTreeSet<i64>) -> BTreeMap<i64, i64> {
    let mut before = None::<(i64, i64)>;
    let numbers = ints.iter().map(|&number| {
        let least = least_as_long(number);
        let other = before.filter(|&(of_before, _)| of_before == least).map_or(least, |(_, other)| other + 1);
        before = Some((least, other));
        (number, other)
    });
    numbers.collect()
}

/// The least number of the same sign that takes as many bytes on the wire: in zigzag, seven bits in each.
const fn least_as_long(number: i64) -> i64 {
    let zigzag = (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned();
    let bits = u64::BITS - zigzag.leading_zeros();
    // One bit is the sign.
    let bits_before = if bits <= 7 { 0 } else { (bits - 1) / 7 * 7 - 1 };
    match number < 0 {
        false if bits_before == 0 => 0,
        false => 1 << bits_before,
        true if bits > 63 => i64::MIN,
        true => -1 << (if bits <= 7 { 6 } else { bits_before + 7 }),
    }
}

/// A number as one in whose order floating-point numbers are, all of them.
const fn in_order(number: f64) -> i64 {
    let bits = number.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}
