//! Are quantities read exactly, and refused with a way out?

use proptest::prelude::*;

use super::mistake::Refusal;
use super::units::{DURATION, PART, Quantity, RATE, SHARE, SIZE, duration_text, threshold};
use crate::scenario::Share;

fn refused(kind: &Quantity, text: &str) -> String {
    match kind.read(text) {
        Ok(steps) => panic!("{text} is read as {steps}"),
        Err(Refusal { message, help }) => format!("{message}; {help}"),
    }
}

fn share(text: &str) -> Option<Share> {
    SHARE.read(text).ok().map(threshold)
}

#[test]
fn durations_are_nanoseconds() {
    for (text, ns) in [
        ("200ms", 200_000_000),
        ("1m30s", 90_000_000_000),
        ("1.5s", 1_500_000_000),
        ("10us", 10_000),
        ("250ns", 250),
        ("2h", 7_200_000_000_000),
        ("1_000ms", 1_000_000_000),
        ("0s", 0),
        ("0.000000001s", 1),
        ("1.500_000_000_000s", 1_500_000_000),
        ("1h0m0.25s", 3_600_250_000_000),
        ("8760h", 31_536_000_000_000_000),
    ] {
        assert_eq!(DURATION.read(text), Ok(ns), "{text}");
    }
}

#[test]
fn sizes_and_rates_are_bytes() {
    assert_eq!(SIZE.read("64KiB"), Ok(65_536));
    assert_eq!(SIZE.read("1232B"), Ok(1_232));
    assert_eq!(SIZE.read("1MB"), Ok(1_000_000));
    assert_eq!(SIZE.read("0.5KiB"), Ok(512));
    assert_eq!(RATE.read("110B/s"), Ok(110));
    assert_eq!(RATE.read("8KiB/s"), Ok(8_192));
}

#[test]
fn shares_are_thresholds_rounded_down() {
    assert_eq!(share("0%"), Some(Share::NEVER));
    assert_eq!(share("50%"), Some(Share(1 << 63)));
    assert_eq!(share("0.5%"), Some(Share(92_233_720_368_547_758)));
    assert_eq!(share("0.001%"), Some(Share(184_467_440_737_095)));
    assert_eq!(share("100%"), Some(Share::ALWAYS));
    assert_eq!(share("0.000000000001%"), Some(Share(184_467)));
    assert_eq!(PART.read("1%"), Ok(10_000));
    assert_eq!(PART.read("0.25%"), Ok(2_500));
    assert_eq!(PART.read("100%"), Ok(1_000_000));
}

#[test]
fn a_missing_or_unknown_unit_is_refused() {
    assert_eq!(refused(&DURATION, "200"), "a duration needs a unit; write \"200ms\" or \"200s\"");
    assert_eq!(refused(&DURATION, "1m30"), "a duration needs a unit; write \"1m30ms\" or \"1m30s\"");
    assert_eq!(refused(&DURATION, "3 sec"), "a duration has no unit ` sec`; valid units: ns, us, ms, s, m, h");
    assert_eq!(
        refused(&RATE, "8KiB"),
        "a rate has no unit `KiB`; valid units: B/s, kB/s, KiB/s, MB/s, MiB/s, GB/s, GiB/s"
    );
    assert_eq!(refused(&SHARE, "0.5"), "a share needs a unit; write \"0.5%\"");
}

#[test]
fn what_is_no_number_is_refused() {
    for text in ["", "s", "fast", ".5s", "5.s", "1__0s", "_1s", "1_s", "1.2.3s", "+1s", "1e3s", "٣s"] {
        assert!(DURATION.read(text).is_err(), "{text}");
    }
    assert_eq!(
        refused(&DURATION, "fast"),
        "`fast` is not a duration; a duration begins with a number: write \"2ms\" or \"2s\""
    );
    assert_eq!(refused(&DURATION, "-1s"), "`-1s` is negative; a duration cannot be negative");
}

#[test]
fn what_does_not_fit_is_refused() {
    assert_eq!(refused(&DURATION, "0.5ns"), "`0.5ns` has too many decimals; a duration comes in steps of 1ns");
    assert_eq!(
        refused(&PART, "0.00001%"),
        "`0.00001%` has too many decimals; a part of the nodes comes in steps of 0.0001%"
    );
    assert_eq!(refused(&SHARE, "100.1%"), "`100.1%` is too large; a share is at most 100%");
    let huge = format!("{}h", "9".repeat(60));
    assert!(refused(&DURATION, &huge).ends_with("too large; a duration is at most 8760h"));
    let fine = format!("0.{}1s", "0".repeat(60));
    assert!(refused(&DURATION, &fine).ends_with("a duration comes in steps of 1ns"));
    assert_eq!(
        refused(&DURATION, "30s1m"),
        "the units in `30s1m` do not fall; each unit may stand once, the larger before the smaller"
    );
}

proptest! {
    #[test]
    fn every_duration_is_read_back(ns in 0_u64..=31_536_000_000_000_000) {
        prop_assert_eq!(DURATION.read(&duration_text(ns)), Ok(ns));
        let seconds = format!("{}.{:09}s", ns / 1_000_000_000, ns % 1_000_000_000);
        prop_assert_eq!(DURATION.read(&seconds), Ok(ns));
    }

    #[test]
    fn shares_grow_with_their_text(a in 0_u64..=100_000_000, b in 0_u64..=100_000_000) {
        let text = |x: u64| format!("{}.{:06}%", x / 1_000_000, x % 1_000_000);
        prop_assert_eq!(a.cmp(&b), share(&text(a)).cmp(&share(&text(b))));
    }

    #[test]
    fn no_text_breaks_the_reader(text in "[0-9._a-zA-Z%/ -]{0,60}") {
        for kind in [&DURATION, &SIZE, &RATE, &SHARE, &PART] {
            let _ = kind.read(&text);
        }
    }
}
