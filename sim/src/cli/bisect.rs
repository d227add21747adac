//! In which second do two runs first differ?

use std::cmp::min;
use std::io;
use std::path::Display;

use super::Streams;
use super::args::BisectArgs;
use super::fingerprints::{self, Fingerprints};
use crate::report::{counted, quantity};
use crate::result::ExitCode;

/// `quidnunc-sim bisect A B`
pub(super) fn bisect(args: &BisectArgs, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
    let (a, b) = match (fingerprints::read(&args.a), fingerprints::read(&args.b)) {
        (Ok(a), Ok(b)) => (a, b),
        (a, b) => {
            for why in [a.err(), b.err()].into_iter().flatten() {
                writeln!(streams.err, "{why}")?;
            }
            return Ok(ExitCode::Usage);
        }
    };
    let [name_a, name_b] = [&args.a, &args.b].map(|path| path.display());
    if a.of != b.of {
        writeln!(streams.err, "error: {name_b}:1: this is of {}, but {name_a} is of {}", b.of, a.of)?;
        return Ok(ExitCode::Usage);
    }
    let first = first_difference(&a.windows, &b.windows);
    let (one, other) = match (a.windows.get(first), b.windows.get(first)) {
        (Some(one), Some(other)) => (one, other),
        (None, None) => return same(&a, streams),
        (None, Some(_)) => return ended(&a, (name_a, name_b), streams),
        (Some(_), None) => return ended(&b, (name_b, name_a), streams),
    };
    different(&a.of, first, streams)?;
    let begin = first.checked_sub(1).map_or(0, |before| a.windows[before].0);
    let [begin, end] = [begin, min(one.0, other.0)].map(|at| quantity(at, "ns"));
    writeln!(streams.out, "equal until {begin}, first difference between {begin} and {end}")?;
    for (name, (end_ns, fingerprint)) in [(name_a, one), (name_b, other)] {
        writeln!(streams.out, "  {name}: {end_ns} {fingerprint:016x}")?;
    }
    Ok(ExitCode::NotDeterministic)
}

/// The place of the first window that is not the same in both; the length of the shorter if there is none.
///
/// A fingerprint is of everything up to its window, so that runs which have differed once differ in every
/// later window too (but for a chance of 2^-64): the windows that are equal come first, and a binary search
/// finds their end.
fn first_difference(a: &[(u64, u64)], b: &[(u64, u64)]) -> usize {
    let (mut equal, mut different) = (0, min(a.len(), b.len()));
    while equal < different {
        let middle = equal.midpoint(different);
        if a[middle] == b[middle] {
            equal = middle + 1;
        } else {
            different = middle;
        }
    }
    equal
}

fn same(both: &Fingerprints, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
    writeln!(streams.out, "SAME  {} · {}", both.of, counted(both.windows.len() as u64, "window"))?;
    Ok(ExitCode::Pass)
}

fn different(of: &str, equal: usize, streams: &mut Streams<'_>) -> io::Result<()> {
    writeln!(streams.out, "DIFFERENT  {of} · {} equal", counted(equal as u64, "window"))
}

/// One of the two has no window where the other has: it is of a shorter run, or of one that panicked.
fn ended(
    shorter: &Fingerprints,
    (name, other): (Display<'_>, Display<'_>),
    streams: &mut Streams<'_>,
) -> io::Result<ExitCode> {
    different(&shorter.of, shorter.windows.len(), streams)?;
    let end = shorter.windows.last().map_or(0, |last| last.0);
    writeln!(streams.out, "equal until {}, where {name} ends and {other} does not", quantity(end, "ns"))?;
    Ok(ExitCode::NotDeterministic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_finds_what_a_scan_finds() {
        for len in 0..20_u64 {
            for differs in 0..=len {
                let a: Vec<(u64, u64)> = (0..len).map(|n| (n, 0)).collect();
                let b: Vec<(u64, u64)> = (0..len).map(|n| (n, u64::from(n >= differs))).collect();
                assert_eq!(first_difference(&a, &b) as u64, differs);
            }
        }
    }
}
