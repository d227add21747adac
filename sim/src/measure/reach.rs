//! Who could have heard from whom?
//!
//! Two nodes are connected when a path of hops, each open both ways, leads from one to the other. The
//! network changes rarely, so each state of it is kept as one label per node, and two nodes were connected
//! throughout a stretch of time when their labels agree in every state that the stretch touches.

use std::collections::BTreeMap;

/// Something that closes the way between every member of `a` and every member of `b`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Barrier<'a> {
    pub(crate) a: &'a [bool],
    pub(crate) b: &'a [bool],
    /// Whether it is a partition; a dead link only separates what no detour connects.
    pub(crate) partition: bool,
}

impl Barrier<'_> {
    fn closes(&self, one: usize, other: usize) -> bool {
        (self.a[one] && self.b[other]) || (self.a[other] && self.b[one])
    }
}

/// One state of the network.
#[derive(Debug)]
struct State {
    since: u64,
    /// Equal labels: connected.
    label: Vec<u32>,
    /// Equal sides: no partition between them.
    side: Vec<u32>,
}

/// The states of the network so far, the present one last. No state, or empty labels: everything is open.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    states: Vec<State>,
}

impl Reach {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn on_change<'a>(
        &mut self,
        barriers: impl Iterator<Item = Barrier<'a>>,
        runs: impl Fn(usize) -> bool,
        now: u64,
    ) {
        let barriers: Vec<Barrier<'_>> = barriers.collect();
        let partitions: Vec<Barrier<'_>> = barriers.iter().copied().filter(|barrier| barrier.partition).collect();
        let state = State { since: now, label: components(&barriers, runs), side: components(&partitions, |_| true) };
        match self.states.last_mut() {
            Some(last) if last.label == state.label && last.side == state.side => {}
            Some(last) if last.since == now => *last = state,
            _ => self.states.push(state),
        }
    }

    /// Whether two nodes were connected without a gap from `since` to now.
    pub(super) fn connected(&self, one: u32, other: u32, since: u64) -> bool {
        // The state in which the stretch began counts too: the last one that began at or before it.
        let began = self.states.partition_point(|state| state.since <= since).saturating_sub(1);
        self.states.iter().skip(began).all(|state| same(&state.label, one, other))
    }

    /// The side of every node now: equal ones have no partition between them. Empty: there is none.
    pub(super) fn sides(&self) -> &[u32] {
        self.states.last().map_or(&[], |state| &state.side)
    }

    /// Whether no partition stands between two nodes now.
    pub(super) fn same_side(&self, one: u32, other: u32) -> bool {
        self.states.last().is_none_or(|state| same(&state.side, one, other))
    }
}

fn same(labels: &[u32], one: u32, other: u32) -> bool {
    labels.is_empty() || labels[one as usize] == labels[other as usize]
}

/// Labels the connected components that barriers leave of the nodes that run. Nodes that every barrier treats
/// alike form a class, and the search runs over classes, of which there are few. Who does not run is alone.
fn components(barriers: &[Barrier<'_>], runs: impl Fn(usize) -> bool) -> Vec<u32> {
    let Some(first) = barriers.first() else { return Vec::new() };
    let nodes = first.a.len();
    let mut classes: BTreeMap<Vec<(bool, bool)>, Vec<usize>> = BTreeMap::new();
    for node in (0..nodes).filter(|&node| runs(node)) {
        let treatment = barriers.iter().map(|barrier| (barrier.a[node], barrier.b[node])).collect();
        classes.entry(treatment).or_default().push(node);
    }
    let classes: Vec<Vec<usize>> = classes.into_values().collect();
    let open = |one: usize, other: usize| !barriers.iter().any(|barrier| barrier.closes(one, other));
    let mut labels = vec![u32::MAX; nodes];
    let mut next = 0;
    for (number, class) in classes.iter().enumerate() {
        if labels[class[0]] != u32::MAX {
            continue;
        }
        let mut reached = vec![number];
        let mut place = 0;
        while let Some(&here) = reached.get(place) {
            let there = (0..classes.len()).filter(|&there| there != here && open(classes[here][0], classes[there][0]));
            let new: Vec<usize> = there.filter(|there| !reached.contains(there)).collect();
            reached.extend(new);
            place += 1;
        }
        // A class that is closed even to itself and has no neighbour is a set of hermits.
        let hermits = reached.len() == 1 && !open(class[0], class[0]);
        for &node in reached.iter().flat_map(|&class| &classes[class]) {
            labels[node] = next;
            next += u32::from(hermits);
        }
        next += u32::from(!hermits);
    }
    for label in labels.iter_mut().filter(|label| **label == u32::MAX) {
        *label = next;
        next += 1;
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> Vec<bool> {
        text.chars().map(|letter| letter == 'x').collect()
    }

    #[test]
    fn a_dead_link_leaves_a_detour_and_a_cut_does_not() {
        let (a, b) = (set("x..."), set(".x.."));
        let link = Barrier { a: &a, b: &b, partition: false };
        assert_eq!(components(&[link], |_| true), [0, 0, 0, 0]);
        assert_eq!(components(&[link], |node| node < 2), [1, 0, 2, 3], "whoever could relay does not run");
        let (half, rest) = (set("xx.."), set("..xx"));
        let cut = Barrier { a: &half, b: &rest, partition: true };
        assert_eq!(components(&[cut], |_| true), [1, 1, 0, 0]);
        let (everyone, also) = (set("xxxx"), set("xxxx"));
        let silence = Barrier { a: &everyone, b: &also, partition: false };
        assert_eq!(components(&[silence], |_| true), [0, 1, 2, 3]);
    }

    #[test]
    fn a_gap_anywhere_in_the_stretch_counts() {
        let (half, rest) = (set("xx.."), set("..xx"));
        let cut = || core::iter::once(Barrier { a: &half, b: &rest, partition: true });
        let mut reach = Reach::new();
        assert!(reach.connected(0, 3, 0));
        reach.on_change(cut(), |_| true, 10);
        assert!(!reach.connected(0, 3, 5), "the cut came after the suspicion");
        assert!(reach.connected(0, 1, 5) && !reach.same_side(0, 3));
        reach.on_change(core::iter::empty(), |_| true, 20);
        assert!(!reach.connected(0, 3, 15), "it began during the cut");
        assert!(!reach.connected(0, 3, 5), "the cut lies between");
        assert!(reach.connected(0, 3, 20) && reach.same_side(0, 3));
    }
}
