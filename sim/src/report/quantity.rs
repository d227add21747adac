//! How does a number read? Three digits and a unit; the exact integers are in the JSON.

/// A value in words: `8.31 s`, `1.21 KiB/s`, `12 hops`.
///
/// `unit` is the name of a [`crate::scenario::Unit`]; a value of any other unit is a plain count.
#[must_use]
pub fn quantity(value: u64, unit: &str) -> String {
    match unit {
        "ns" => scaled(value, &[(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns")]),
        "bytes/s" => scaled(value, &[(1 << 30, "GiB/s"), (1 << 20, "MiB/s"), (1 << 10, "KiB/s"), (1, "B/s")]),
        "packets/s" => format!("{}/s", grouped(value)),
        _ => grouped(value),
    }
}

/// A count in groups of three digits: `123 456`.
pub(super) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// So many of something: `1 seed`, `12 seeds`.
#[must_use]
pub fn counted(value: u64, noun: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(value))
}

/// How far a value is from its bound: `1.44×` is room, less than `1×` is a failure. Nothing can be said
/// of `equals`, nor of a bound of 0 or a value of 0.
pub(super) fn margin(value: u64, bound: u64, op: &str) -> Option<String> {
    let (large, small) = match op {
        "max" => (bound, value),
        "min" => (value, bound),
        _ => return None,
    };
    if large == 0 || small == 0 {
        return None;
    }
    let hundredths = u128::from(large) * 100 / u128::from(small);
    Some(match hundredths {
        10_000.. => "> 99×".to_owned(),
        _ => format!("{}.{:02}×", hundredths / 100, hundredths % 100),
    })
}

/// Three significant digits in the largest unit that leaves something before the point.
fn scaled(value: u64, units: &[(u64, &str)]) -> String {
    let last = units.last().map_or((1, ""), |&unit| unit);
    let (size, name) = units.iter().copied().find(|&(size, _)| value >= size).unwrap_or(last);
    if value.is_multiple_of(size) {
        return format!("{} {name}", grouped(value / size));
    }
    let decimals = match value / size {
        0..10 => 2,
        10..100 => 1,
        _ => 0,
    };
    let scale = 10_u128.pow(decimals);
    let rounded = (u128::from(value) * scale + u128::from(size) / 2) / u128::from(size);
    // Both halves fit: they are no larger than the value itself.
    let whole = u64::try_from(rounded / scale).unwrap_or(u64::MAX);
    match decimals {
        0 => format!("{} {name}", grouped(whole)),
        1 => format!("{whole}.{:01} {name}", rounded % scale),
        _ => format!("{whole}.{:02} {name}", rounded % scale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_with_three_digits() {
        let cases = [
            (0, "0 ns"),
            (873, "873 ns"),
            (1_500, "1.50 µs"),
            (43_210_000, "43.2 ms"),
            (500_000_000, "500 ms"),
            (999_999_999, "1 000 ms"),
            (8_314_159_265, "8.31 s"),
            (9_999_999_999, "10.00 s"),
            (60_000_000_000, "60 s"),
            (3_600_000_000_001, "3 600 s"),
        ];
        for (value, text) in cases {
            assert_eq!(quantity(value, "ns"), text);
        }
    }

    #[test]
    fn bytes_are_binary_and_counts_are_grouped() {
        assert_eq!(quantity(0, "bytes/s"), "0 B/s");
        assert_eq!(quantity(1_234, "bytes/s"), "1.21 KiB/s");
        assert_eq!(quantity(8 * 1024, "bytes/s"), "8 KiB/s");
        assert_eq!(quantity(2, "packets/s"), "2/s");
        assert_eq!(quantity(12, "hops"), "12");
        assert_eq!(grouped(1_234_567), "1 234 567");
        assert_eq!(grouped(u64::MAX), "18 446 744 073 709 551 615");
        assert_eq!(quantity(u64::MAX, "ns"), "18 446 744 074 s");
    }

    #[test]
    fn a_margin_is_the_room_that_is_left() {
        assert_eq!(margin(8, 12, "max").as_deref(), Some("1.50×"));
        assert_eq!(margin(12, 8, "max").as_deref(), Some("0.66×"));
        assert_eq!(margin(12, 8, "min").as_deref(), Some("1.50×"));
        assert_eq!(margin(1, 1_000, "max").as_deref(), Some("> 99×"));
        assert_eq!(margin(0, 8, "max"), None);
        assert_eq!(margin(8, 8, "equals"), None);
    }
}
