//! Which integer does a quantity such as `"1m30s"` or `"0.1%"` stand for?
//!
//! Decimals are read digit by digit into integers. A float would round before anyone could see whether
//! the value is exact.

use super::mistake::{Refusal, shown};
use crate::scenario::Share;

/// A kind of quantity, counted in its smallest step.
pub(super) struct Quantity {
    /// With its article, for messages.
    pub(super) noun: &'static str,
    /// Every unit, and how many steps it is.
    units: &'static [(&'static str, u64)],
    /// The units that a suggestion uses.
    usual: &'static [&'static str],
    /// The smallest step, as the author would write it.
    step: &'static str,
    /// The largest value, in steps and as the author would write it.
    limit: (u64, &'static str),
}

/// A time, in nanoseconds. The limit keeps sums of a few durations, and products with a node count that
/// fit into a run, far from overflow.
pub(super) const DURATION: Quantity = Quantity {
    noun: "a duration",
    units: &[
        ("ns", 1),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ],
    usual: &["ms", "s"],
    step: "1ns",
    limit: (8_760 * 3_600_000_000_000, "8760h"),
};

/// A size, in bytes.
pub(super) const SIZE: Quantity = Quantity {
    noun: "a size",
    units: &[
        ("B", 1),
        ("kB", 1_000),
        ("KiB", 1 << 10),
        ("MB", 1_000_000),
        ("MiB", 1 << 20),
        ("GB", 1_000_000_000),
        ("GiB", 1 << 30),
    ],
    usual: &["B", "KiB"],
    step: "1B",
    limit: (1 << 40, "1024GiB"),
};

/// A rate, in bytes per second.
pub(super) const RATE: Quantity = Quantity {
    noun: "a rate",
    units: &[
        ("B/s", 1),
        ("kB/s", 1_000),
        ("KiB/s", 1 << 10),
        ("MB/s", 1_000_000),
        ("MiB/s", 1 << 20),
        ("GB/s", 1_000_000_000),
        ("GiB/s", 1 << 30),
    ],
    usual: &["B/s", "KiB/s"],
    step: "1B/s",
    limit: (1 << 40, "1024GiB/s"),
};

/// How often something happens, in times per 1000 s.
pub(super) const FREQUENCY: Quantity = Quantity {
    noun: "a frequency",
    units: &[("/s", 1_000)],
    usual: &["/s"],
    step: "0.001/s",
    limit: (10_000_000, "10000/s"),
};

/// A probability, in 10^-14.
pub(super) const SHARE: Quantity = Quantity {
    noun: "a share",
    units: &[("%", WHOLE / 100)],
    usual: &["%"],
    step: "0.000000000001%",
    limit: (WHOLE, "100%"),
};

/// A part of the nodes, in millionths.
pub(super) const PART: Quantity = Quantity {
    noun: "a part of the nodes",
    units: &[("%", 10_000)],
    usual: &["%"],
    step: "0.0001%",
    limit: (1_000_000, "100%"),
};

/// How many steps of [`SHARE`] a certainty has.
const WHOLE: u64 = 100_000_000_000_000;

/// More decimals than this are finer than any step, and 10 to this power still fits into 64 bits.
const MAX_DECIMALS: u32 = 18;

impl Quantity {
    /// The number of steps that a text such as `"1m30s"` says.
    pub(super) fn read(&self, text: &str) -> Result<u64, Refusal> {
        if text.starts_with('-') {
            return Err(self.refuse(text, "is negative", "cannot be negative"));
        }
        let mut total = 0;
        let mut last = u64::MAX;
        let mut rest = text;
        while !rest.is_empty() || last == u64::MAX {
            let (number, tail) = split(rest, |c| c.is_ascii_digit() || matches!(c, '.' | '_'));
            let (unit, tail) = split(tail, |c| !c.is_ascii_digit());
            let number = Decimal::read(number).ok_or_else(|| self.not_a_number(text))?;
            let steps = self.steps_of(unit, text)?;
            if steps >= last {
                return Err(Refusal {
                    message: format!("the units in {} do not fall", shown(text)),
                    help: "each unit may stand once, the larger before the smaller".to_owned(),
                });
            }
            total = number.times(steps).ok_or_else(|| self.too_fine(text))?.saturating_add(total);
            if total > u128::from(self.limit.0) {
                let limit = format!("is at most {}", self.limit.1);
                return Err(self.refuse(text, "is too large", &limit));
            }
            last = steps;
            rest = tail;
        }
        Ok(u64::try_from(total).unwrap_or(self.limit.0))
    }

    /// How a number without a unit, or outside of quotes, should have been written.
    pub(super) fn suggest(&self, number: &str) -> String {
        let ways: Vec<String> = self.usual.iter().map(|unit| format!("\"{number}{unit}\"")).collect();
        format!("write {}", ways.join(" or "))
    }

    fn steps_of(&self, unit: &str, text: &str) -> Result<u64, Refusal> {
        if unit.is_empty() {
            return Err(Refusal { message: format!("{} needs a unit", self.noun), help: self.suggest(text) });
        }
        match self.units.iter().find(|(name, _)| *name == unit) {
            Some((_, steps)) => Ok(*steps),
            None => {
                let names: Vec<&str> = self.units.iter().map(|(name, _)| *name).collect();
                Err(Refusal {
                    message: format!("{} has no unit {}", self.noun, shown(unit)),
                    help: format!("valid units: {}", names.join(", ")),
                })
            }
        }
    }

    fn not_a_number(&self, text: &str) -> Refusal {
        Refusal {
            message: format!("{} is not {}", shown(text), self.noun),
            help: format!("{} begins with a number: {}", self.noun, self.suggest("2")),
        }
    }

    fn too_fine(&self, text: &str) -> Refusal {
        let step = format!("comes in steps of {}", self.step);
        self.refuse(text, "has too many decimals", &step)
    }

    fn refuse(&self, text: &str, what: &str, rule: &str) -> Refusal {
        Refusal { message: format!("{} {what}", shown(text)), help: format!("{} {rule}", self.noun) }
    }
}

/// The probability that so many steps of [`SHARE`] are, rounded down to a 64-bit threshold.
pub(super) fn threshold(steps: u64) -> Share {
    let threshold = (u128::from(steps) << 64) / u128::from(WHOLE);
    u64::try_from(threshold).map_or(Share::ALWAYS, Share)
}

/// A duration as most authors write it: in seconds, or the largest unit below that leaves a whole number.
pub(super) fn duration_text(ns: u64) -> String {
    let units = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)];
    match units.iter().find(|(_, steps)| ns.is_multiple_of(*steps)) {
        Some((unit, steps)) => format!("{}{unit}", ns / steps),
        None => format!("{ns}ns"),
    }
}

/// A decimal number: `digits / 10^decimals`.
struct Decimal {
    digits: u128,
    decimals: u32,
}

impl Decimal {
    /// Reads `12`, `1_000` or `1.25`. A number with more digits than fit is as large as fits.
    fn read(text: &str) -> Option<Self> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let sound = |part: &str| part.split('_').all(|run| !run.is_empty() && run.bytes().all(|b| b.is_ascii_digit()));
        if !sound(whole) || !fraction.is_none_or(sound) {
            return None;
        }
        let fraction = fraction.unwrap_or_default().trim_end_matches(['0', '_']);
        let mut number = Self { digits: 0, decimals: 0 };
        for digit in whole.bytes().filter(u8::is_ascii_digit) {
            number.push(digit);
        }
        for digit in fraction.bytes().filter(u8::is_ascii_digit) {
            number.push(digit);
            number.decimals = number.decimals.saturating_add(1);
        }
        Some(number)
    }

    fn push(&mut self, digit: u8) {
        self.digits = self.digits.saturating_mul(10).saturating_add(u128::from(digit - b'0'));
    }

    /// This number times `steps`, if that is a whole number.
    fn times(&self, steps: u64) -> Option<u128> {
        if self.decimals > MAX_DECIMALS {
            return None;
        }
        let divisor = 10_u128.pow(self.decimals);
        // Far beyond every limit, so that a saturated product is refused as too large.
        let product = self.digits.saturating_mul(u128::from(steps));
        (product == u128::MAX || product.is_multiple_of(divisor)).then(|| product / divisor)
    }
}

/// Splits off the longest beginning whose characters all satisfy `belongs`.
fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at(end)
}
