//! What can go wrong, and for whom?

use super::{Delay, Share};

/// The id of the fault that `corrupt` in `[net]` stands for; no fault of a file can have it.
pub const NET_CORRUPT: &str = "net.corrupt";

/// The id of the fault that `truncate` in `[net]` stands for; no fault of a file can have it.
pub const NET_TRUNCATE: &str = "net.truncate";

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Name by which expectations and selectors refer to it; unique in the file.
    pub id: String,
    /// When it begins, in nanoseconds from the start of the run.
    pub at_ns: u64,
    /// How long it lasts, in nanoseconds; `None` is to the end of the run.
    pub for_ns: Option<u64>,
    /// What it is.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The targets stop without a word (`kind = "crash"`), or say goodbye first and stop once that is heard
    /// (`kind = "leave"`).
    Crash {
        /// Who stops.
        target: Selector,
        /// Time between two targets, in nanoseconds.
        stagger_ns: u64,
        /// How long after its crash a target starts again with an empty memory; `None` is never.
        restart_after_ns: Option<u64>,
        /// Whether they say goodbye. Whoever stands still does not.
        says_goodbye: bool,
    },
    /// Packets from one set of nodes to another suffer (`kind = "link"`).
    Link {
        /// Whose packets.
        from: Selector,
        /// To whom.
        to: Selector,
        /// Whether the opposite direction suffers too.
        direction: Direction,
        /// Share of packets lost, in addition to the network's own.
        loss: Share,
        /// Delay added to the network's own.
        delay: Option<Delay>,
        /// How packets arrive damaged.
        damage: Damage,
        /// Whether streams between them are spared (`datagrams_only`), as by a firewall for one of the two.
        datagrams_only: bool,
    },
    /// The network itself damages packets from the end of the warm-up on (`[net]` with `corrupt` or `truncate`).
    /// Each of the two comes behind every fault of the file, under the id [`NET_CORRUPT`] or [`NET_TRUNCATE`],
    /// so that results say how often it happened; no node counts as touched by it.
    Noise {
        /// How packets arrive damaged.
        damage: Damage,
    },
    /// Datagrams that nobody in the cluster sends reach the targets (`kind = "inject"`). No other fault and no
    /// chance of the network acts on them.
    Inject {
        /// Whom they reach.
        target: Selector,
        /// How many reach each target in 1000 s, each at a random instant of its share of the time.
        per_1000_s: u64,
        /// What they are.
        what: Injected,
    },
    /// The targets stand still: whatever comes in waits for the end (`kind = "pause"`). [`Fault::for_ns`]
    /// is never `None`.
    Pause {
        /// Who stands still.
        target: Selector,
        /// What of them does.
        stops: Stops,
        /// How often, and how far apart.
        repeats: Repeats,
    },
    /// No packet passes between groups (`kind = "partition"`).
    Partition {
        /// How the groups are formed.
        shape: Shape,
        /// Which direction is cut; both if there are more than two groups.
        direction: Direction,
        /// How often, and how far apart. What a group is picked from at random is picked anew each time.
        repeats: Repeats,
    },
}

/// What of a paused node stands still.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stops {
    /// The process: its timers wait as well, as in a collection of garbage or a migration (`"process"`).
    #[default]
    Process,
    /// Its network: nothing can be sent, nothing comes in, and its timers run (`"network"`).
    Network,
}

/// How often something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeats {
    /// From one beginning to the next, in nanoseconds.
    pub every_ns: u64,
    /// How often it happens in all; once at least.
    pub times: u64,
}

impl Repeats {
    /// It happens once.
    pub const ONCE: Self = Self { every_ns: 0, times: 1 };

    /// When it happens for the last time, if the first time is at `at_ns`.
    #[must_use]
    pub const fn last_ns(self, at_ns: u64) -> u64 {
        at_ns.saturating_add(self.every_ns.saturating_mul(self.times.saturating_sub(1)))
    }
}

/// Which shares of packets arrive damaged, each copy by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Damage {
    /// Share in which one random bit is flipped (`corrupt`).
    pub corrupt: Share,
    /// Share that is cut to a random shorter length, which may be none at all (`truncate`).
    pub truncate: Share,
}

/// What datagrams from outside the cluster are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injected {
    /// Random bytes of a random length up to 1300, from an address that no node has (`"noise"`).
    Noise,
    /// A datagram that some node sent before, as if it were of another cluster: the cluster's four bytes are
    /// others and the checksum fits them. From an address that no node has (`"foreign"`).
    Foreign,
    /// A datagram that some node sent before to anybody, as it was, from its sender's address (`"replay"`). Of
    /// all that were sent 4096 are there to be replayed, mostly late ones.
    Replay,
}

/// Which direction between two groups of nodes a fault acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both (`"both"`).
    Both,
    /// Only from the first group to the second (`"a-to-b"`).
    AToB,
    /// Only from the second group to the first (`"b-to-a"`).
    BToA,
}

/// How a partition forms its groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// The lower half of the node numbers is group a (`"halves"`).
    Halves,
    /// A random half is group a (`"random-halves"`).
    RandomHalves,
    /// The targets are group a, everybody else is group b (`"isolate"`).
    Isolate(Selector),
    /// No packet passes between two of these groups (`"groups"`). No node is in two of them: whoever is
    /// picked at random is picked from those that no other selector named. Nodes in none form one more group.
    Groups(Vec<Selector>),
}

/// Which nodes a fault acts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Every node (`"all"`).
    All,
    /// One node by its number (`"node:17"`).
    Node(u32),
    /// Some nodes, drawn from the seed (`{ pick = "random", count = "1%" }`).
    Random(Count),
    /// The nodes with the lowest numbers (`{ pick = "first", count = 3 }`).
    First(Count),
    /// The targets of an earlier crash or pause fault, or the `from` of an earlier link fault, by index in
    /// [`Scenario::faults`](super::Scenario::faults) (`"fault:stop.target"`, `"fault:lossy.from"`).
    SameAs(usize),
}

/// How many nodes a selector takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Nodes(u32),
    /// So large a part of all nodes, rounded down, at least one. In millionths.
    Millionths(u32),
}
