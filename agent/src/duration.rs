//! How is a time written by people, and shown to them?

use std::time::Duration;

/// The units, the smallest first, in nanoseconds.
const UNITS: [(&str, u64); 6] = [
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Why a text is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time: write a whole number and one of us, ms, s, m, h, d, such as 10s")]
pub(crate) struct NoTime(String);

/// A whole number and its unit, such as `500ms`.
pub(crate) fn parse(text: &str) -> Result<Duration, NoTime> {
    let unit_at = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let scale = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, scale)| *scale);
    let nanos = scale.and_then(|scale| number.parse::<u64>().ok()?.checked_mul(scale));
    nanos.map(Duration::from_nanos).ok_or_else(|| NoTime(text.chars().take(40).collect()))
}

/// Whole milliseconds, as many as there can be at most.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Three digits or so, in the unit that suits.
pub(crate) fn shown(time: Duration) -> String {
    let nanos = time.as_nanos();
    let fits = |&&(_, scale): &&(&str, u64)| nanos >= u128::from(scale);
    let Some((name, scale)) = UNITS.iter().rev().find(fits) else { return format!("{nanos} ns") };
    let scale = u128::from(*scale);
    let (whole, tenths) = (nanos / scale, nanos % scale * 10 / scale);
    if whole < 100 && tenths > 0 { format!("{whole}.{tenths} {name}") } else { format!("{whole} {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        let ok = |text| parse(text).ok();
        assert_eq!(ok("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(ok("2h"), Some(Duration::from_secs(7200)));
        for wrong in ["", "5", "s", "-1s", "1.5s", "1 s", "1y", "99999999999999999999s", "999999999999d", "é"] {
            assert_eq!(ok(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_time_is_shown_in_its_unit() {
        let cases =
            [(0, "0 ns"), (999, "999 ns"), (612_345, "612 us"), (1_900_000, "1.9 ms"), (90_000_000_000, "1.5 m")];
        for (nanos, text) in cases {
            assert_eq!(shown(Duration::from_nanos(nanos)), text);
        }
    }
}
