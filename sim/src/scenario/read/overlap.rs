//! Do two crash faults stop a node that is down already?

use super::mistake::{Mistake, Outcome};
use super::table::Field;
use super::units::duration_text;
use crate::scenario::{Fault, FaultKind, Selector};

/// Refuses a crash, just read from `target`, if it is certain to share a node with an earlier one while
/// that one, or this one, may still hold it down. Random picks may miss each other and are let pass.
pub(super) fn check(target: &Field<'_>, fault: &Fault, earlier: &[Fault], nodes: u32) -> Outcome<()> {
    let is_over = |end: Option<u64>, at| end.is_some_and(|end| end <= at);
    let end = fault.end_ns(earlier, nodes);
    for (index, other) in earlier.iter().enumerate() {
        let (FaultKind::Crash { target: mine, .. }, FaultKind::Crash { target: theirs, .. }) =
            (&fault.kind, &other.kind)
        else {
            continue;
        };
        let before = &earlier[..index];
        let other_end = other.end_ns(before, nodes);
        let apart = is_over(other_end, fault.at_ns) || is_over(end, other.at_ns);
        if !apart && surely_share(mine, earlier, theirs, before, nodes) {
            return Err(contradiction(target, (fault, end), (other, other_end)));
        }
    }
    Ok(())
}

/// Whether two selectors, each with the faults before its own, name some node together in every run.
fn surely_share(a: &Selector, before_a: &[Fault], b: &Selector, before_b: &[Fault], nodes: u32) -> bool {
    let (owner_a, origin_a) = a.origin(before_a);
    let (owner_b, origin_b) = b.origin(before_b);
    let (size_a, size_b) = (a.size(before_a, nodes), b.size(before_b, nodes));
    if owner_a == owner_b || u64::from(size_a) + u64::from(size_b) > u64::from(nodes) {
        return true;
    }
    match (origin_a, origin_b) {
        (Selector::Node(x), Selector::Node(y)) => x == y,
        (Selector::Node(x), Selector::First(count)) | (Selector::First(count), Selector::Node(x)) => {
            *x < count.of(nodes)
        }
        (Selector::First(_), Selector::First(_)) => true,
        (Selector::Random(_) | Selector::All | Selector::SameAs(_), _)
        | (_, Selector::Random(_) | Selector::All | Selector::SameAs(_)) => false,
    }
}

/// Two crashes that meet, told in the order of time, in which the file need not have them.
fn contradiction(
    target: &Field<'_>,
    (fault, end): (&Fault, Option<u64>),
    (other, other_end): (&Fault, Option<u64>),
) -> Mistake {
    let (first, end, second) = if other.at_ns <= fault.at_ns { (other, other_end, fault) } else { (fault, end, other) };
    let until = match end {
        Some(end) => format!("`{}` is over at {}", first.id, duration_text(end)),
        None => format!("`{}` has no restart", first.id),
    };
    let at = duration_text(second.at_ns);
    target.wrong(
        format!("`{}` stops a node at {at} that `{}` may still hold down", second.id, first.id),
        format!("{until}; choose another time or other nodes"),
    )
}
