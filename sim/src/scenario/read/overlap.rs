//! Do two faults contradict each other: a crash of a node that is down, a pause of one that is down or
//! stands still?

use super::mistake::{Mistake, Outcome};
use super::table::Field;
use super::units::duration_text;
use crate::scenario::extent::last_start_ns;
use crate::scenario::{Fault, FaultKind, Selector};

/// Refuses a fault, just read from `target`, that is certain to share a node with an earlier one which
/// leaves it nothing to act on. Random picks may miss each other and are let pass.
pub(super) fn check(target: &Field<'_>, fault: &Fault, earlier: &[Fault], nodes: u32) -> Outcome<()> {
    let Some(mine) = stopped(fault) else { return Ok(()) };
    let end = fault.end_ns(earlier, nodes);
    for (index, other) in earlier.iter().enumerate() {
        let before = &earlier[..index];
        let Some(theirs) = stopped(other) else { continue };
        if !surely_share(mine, earlier, theirs, before, nodes) {
            continue;
        }
        let ended = (other, other.end_ns(before, nodes));
        let mistake = match (&fault.kind, &other.kind) {
            (FaultKind::Pause { .. }, FaultKind::Crash { .. }) if surely_down(other, before, fault.at_ns, nodes) => {
                paused_while_down(target, fault, ended)
            }
            (FaultKind::Crash { .. }, FaultKind::Pause { .. }) if surely_down(fault, earlier, other.at_ns, nodes) => {
                paused_while_down(target, other, (fault, end))
            }
            (FaultKind::Pause { .. }, FaultKind::Pause { .. }) if meet((fault, end), ended) => {
                paused_twice(target, (fault, end), ended)
            }
            (FaultKind::Crash { .. }, FaultKind::Crash { .. }) if meet((fault, end), ended) => {
                contradiction(target, (fault, end), ended)
            }
            _ => continue,
        };
        return Err(mistake);
    }
    Ok(())
}

/// Whom a fault stops or holds, if it does either.
const fn stopped(fault: &Fault) -> Option<&Selector> {
    match &fault.kind {
        FaultKind::Crash { target, .. } | FaultKind::Pause { target, .. } => Some(target),
        FaultKind::Link { .. } | FaultKind::Noise { .. } | FaultKind::Inject { .. } | FaultKind::Partition { .. } => {
            None
        }
    }
}

/// Whether two faults, each with its end, act at one time.
fn meet((fault, end): (&Fault, Option<u64>), (other, other_end): (&Fault, Option<u64>)) -> bool {
    let is_over = |end: Option<u64>, at| end.is_some_and(|end| end <= at);
    !is_over(other_end, fault.at_ns) && !is_over(end, other.at_ns)
}

/// Whether every target of a crash is down at an instant: the last one stopped, none started again.
fn surely_down(crash: &Fault, before: &[Fault], at_ns: u64, nodes: u32) -> bool {
    let FaultKind::Crash { target, stagger_ns, restart_after_ns, .. } = &crash.kind else { return false };
    let last = last_start_ns(crash.at_ns, *stagger_ns, target.size(before, nodes));
    last < at_ns && restart_after_ns.is_none_or(|after| at_ns < crash.at_ns.saturating_add(after))
}

/// Whether two selectors, each with the faults before its own, name some node together in every run.
pub(super) fn surely_share(a: &Selector, before_a: &[Fault], b: &Selector, before_b: &[Fault], nodes: u32) -> bool {
    let (owner_a, origin_a) = a.origin(before_a);
    let (owner_b, origin_b) = b.origin(before_b);
    let (size_a, size_b) = (a.size(before_a, nodes), b.size(before_b, nodes));
    // Whoever borrows names the nodes of the owner; two that stand side by side are two, even if they look alike.
    let borrows = |selector: &Selector| matches!(selector, Selector::SameAs(_));
    let same = owner_a == owner_b && (borrows(a) || borrows(b));
    if same || u64::from(size_a) + u64::from(size_b) > u64::from(nodes) {
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

fn paused_while_down(target: &Field<'_>, pause: &Fault, (crash, end): (&Fault, Option<u64>)) -> Mistake {
    let until = match end {
        Some(end) => format!("`{}` is over at {}", crash.id, duration_text(end)),
        None => format!("`{}` has no restart", crash.id),
    };
    let at = duration_text(pause.at_ns);
    target.wrong(
        format!("`{}` pauses a node at {at} that `{}` holds down", pause.id, crash.id),
        format!("{until}; choose another time or other nodes"),
    )
}

/// Two pauses that meet, told in the order of time.
fn paused_twice(
    target: &Field<'_>,
    (fault, end): (&Fault, Option<u64>),
    (other, other_end): (&Fault, Option<u64>),
) -> Mistake {
    let (first, end, second) = if other.at_ns <= fault.at_ns { (other, other_end, fault) } else { (fault, end, other) };
    let until = end.map_or_else(String::new, |end| format!("`{}` ends at {}; ", first.id, duration_text(end)));
    let at = duration_text(second.at_ns);
    target.wrong(
        format!("`{}` pauses a node at {at} that `{}` has paused already", second.id, first.id),
        format!("{until}choose another time or other nodes"),
    )
}
