//! Does one expectation hold over some samples?

use super::{ExpectResult, Measured};
use crate::scenario::{Expect, Op, Stat, Unit};

/// Holds an expectation against samples, be they of one run or of many.
///
/// A sample that never came counts as beyond every `max`: a crash that nobody noticed was not noticed in
/// time. Without a sample nothing can be said, except about their number, which is 0.
#[must_use]
pub fn evaluate(expect: &Expect, measured: &Measured) -> ExpectResult {
    let value =
        if expect.stat == Stat::Count { Some(measured.samples.count()) } else { measured.samples.stat(expect.stat) };
    let missed = measured.missed.is_some_and(|missed| missed > 0);
    let ok = if missed && expect.op == Op::Max {
        Some(false)
    } else {
        value.map(|value| holds(expect.op, value, expect.bound))
    };
    outcome(expect, value, ok)
}

/// The result of an expectation, with the names that people and JSON see.
pub(super) fn outcome(expect: &Expect, value: Option<u64>, ok: Option<bool>) -> ExpectResult {
    ExpectResult {
        id: expect.id.clone(),
        metric: expect.metric.name(),
        stat: expect.stat.name(),
        op: expect.op.name(),
        bound: expect.bound,
        unit: unit_of(expect),
        value,
        ok,
    }
}

/// The number of samples is a plain count whatever they are samples of.
fn unit_of(expect: &Expect) -> &'static str {
    let unit = if expect.stat == Stat::Count { Unit::Count } else { expect.metric.unit() };
    unit.name()
}

const fn holds(op: Op, value: u64, bound: u64) -> bool {
    match op {
        Op::Max => value <= bound,
        Op::Min => value >= bound,
        Op::Equals => value == bound,
    }
}
