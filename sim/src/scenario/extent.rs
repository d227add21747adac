//! How many nodes does a fault act on, and until when?

use quidnunc_core::Config;

use super::{Count, Fault, FaultKind, Profile, Scenario, Selector, Shape};

impl Count {
    /// How many of `nodes` nodes this is.
    #[must_use]
    pub fn of(self, nodes: u32) -> u32 {
        match self {
            Self::Nodes(count) => count.min(nodes),
            Self::Millionths(part) => {
                let share = u64::from(nodes) * u64::from(part) / 1_000_000;
                u32::try_from(share).unwrap_or(nodes).clamp(1, nodes.max(1))
            }
        }
    }
}

impl Scenario {
    /// When a fault is over, in nanoseconds from the start of the run: the end of its `for`, or the
    /// restart of a crash's last target. `None` if it lasts to the end of the run.
    #[must_use]
    pub fn fault_end_ns(&self, fault: usize) -> Option<u64> {
        self.faults.get(fault)?.end_ns(&self.faults[..fault], self.nodes.count)
    }

    /// The fault of the file that begins first; of several that begin at once, the one that stands first.
    #[must_use]
    pub fn first_fault(&self) -> Option<&Fault> {
        self.faults_of_file().map(|(_, fault)| fault).min_by_key(|fault| fault.at_ns)
    }

    /// The faults of the file, each with its place among all.
    pub(crate) fn faults_of_file(&self) -> impl Iterator<Item = (usize, &Fault)> {
        self.faults.iter().enumerate().filter(|(_, fault)| !matches!(fault.kind, FaultKind::Noise { .. }))
    }

    /// Whether nodes have links, over which infos go.
    pub(crate) fn has_links(&self) -> bool {
        self.protocol.profile == Profile::Infos
    }

    /// Whether datagrams come from outside.
    #[must_use]
    pub fn injects(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault.kind, FaultKind::Inject { .. }))
    }

    /// The instant at which a run must be steady if its file asks for it, in nanoseconds from the start: when the
    /// first fault begins, and without one at the end of the warm-up.
    #[must_use]
    pub fn steady_at_ns(&self) -> u64 {
        self.first_fault().map_or(self.run.warmup_ns, |fault| fault.at_ns)
    }

    /// The time at rest, where nodes have links: the last 20 intervals before the first fault that does not hold from
    /// the start, or before the end, in nanoseconds from the start.
    #[must_use]
    pub fn rest_ns(&self) -> Option<(u64, u64)> {
        let later = self.faults_of_file().map(|(_, fault)| fault.at_ns).filter(|&at_ns| at_ns > 0);
        let end_ns = later.min().unwrap_or(self.run.duration_ns);
        let standard = Config::infos().infos?.interval.as_nanos();
        let interval_ns = self.protocol.info_interval_ns.or_else(|| u64::try_from(standard).ok())?;
        let begin_ns = end_ns.saturating_sub(interval_ns.saturating_mul(20));
        self.has_links().then_some((begin_ns, end_ns))
    }
}

impl Fault {
    /// When this fault, which stands behind `earlier` in the file, is over.
    pub(super) fn end_ns(&self, earlier: &[Self], nodes: u32) -> Option<u64> {
        match &self.kind {
            FaultKind::Crash { target, stagger_ns, restart_after_ns, .. } => {
                let last = last_start_ns(self.at_ns, *stagger_ns, target.size(earlier, nodes));
                last.checked_add((*restart_after_ns)?)
            }
            FaultKind::Link { .. } | FaultKind::Noise { .. } | FaultKind::Inject { .. } => {
                self.at_ns.checked_add(self.for_ns?)
            }
            FaultKind::Pause { repeats, .. } | FaultKind::Partition { repeats, .. } => {
                repeats.last_ns(self.at_ns).checked_add(self.for_ns?)
            }
        }
    }

    /// The nodes that `"fault:<id>.target"` or `"fault:<id>.from"` name, if this fault has such.
    pub(super) fn lends(&self) -> Option<&Selector> {
        match &self.kind {
            FaultKind::Crash { target, .. } | FaultKind::Inject { target, .. } | FaultKind::Pause { target, .. } => {
                Some(target)
            }
            FaultKind::Link { from, .. } => Some(from),
            FaultKind::Noise { .. } => None,
            FaultKind::Partition { shape, .. } => match shape {
                Shape::Isolate(target) => Some(target),
                Shape::Halves | Shape::RandomHalves | Shape::Groups(_) => None,
            },
        }
    }
}

impl Selector {
    /// How many nodes this names in a fault that stands behind `earlier` in the file.
    pub(super) fn size(&self, earlier: &[Fault], nodes: u32) -> u32 {
        match self.origin(earlier).1 {
            Self::All | Self::SameAs(_) => nodes,
            Self::Node(_) => 1,
            Self::Random(count) | Self::First(count) => count.of(nodes),
        }
    }

    /// The selector that this one borrows from in the end, and the index of the fault that has it.
    ///
    /// Each step looks at a shorter beginning of the file, so that this ends whatever the data are.
    pub(super) fn origin<'a>(&'a self, earlier: &'a [Fault]) -> (usize, &'a Self) {
        let (mut owner, mut origin) = (earlier.len(), self);
        while let Self::SameAs(index) = origin {
            match earlier[..owner].get(*index).and_then(Fault::lends) {
                Some(lent) => (owner, origin) = (*index, lent),
                None => break,
            }
        }
        (owner, origin)
    }
}

/// When the last of `count` things begins, one every `stagger_ns` from `at_ns` on.
pub(crate) fn last_start_ns(at_ns: u64, stagger_ns: u64, count: u32) -> u64 {
    stagger_ns.saturating_mul(u64::from(count.saturating_sub(1))).saturating_add(at_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_nodes_is_rounded_down_but_never_nobody() {
        assert_eq!(Count::Millionths(10_000).of(199), 1);
        assert_eq!(Count::Millionths(10_000).of(200), 2);
        assert_eq!(Count::Millionths(1).of(5), 1);
        assert_eq!(Count::Millionths(1_000_000).of(1_000_000), 1_000_000);
        assert_eq!(Count::Nodes(3).of(5), 3);
    }
}
