//! What does chance say? Keyed random draws: a pure function of seed, purpose, entity and counter.
//!
//! Invariant: a draw depends on its four keys and on nothing else, not on what was drawn before. Hence a
//! fault that is taken out of a scenario moves no draw of the rest. The values are pinned by a test; to
//! change them is to change every result ever recorded.

#[cfg(test)]
mod tests;

/// Odd step between two counters; with [`TWIST`] and [`step`] this is the generator `wyrand`.
const STEP: u64 = 0xa076_1d64_78bd_642f;
const TWIST: u64 = 0xe703_7ed1_a0b4_28db;

/// What a draw is for. Each purpose has draws of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)] // The discriminants are digits of pi: far apart, and nobody's choice.
pub enum Purpose {
    /// Where nodes are: addresses, contacts.
    Placement = 0x243f_6a88_85a3_08d3,
    /// How long a packet takes.
    LinkDelay = 0x1319_8a2e_0370_7344,
    /// Whether a packet vanishes.
    LinkLoss = 0xa409_3822_299f_31d0,
    /// Whether a packet arrives twice.
    LinkDuplicate = 0x082e_fa98_ec4e_6c89,
    /// How long the second copy of a packet takes.
    LinkDuplicateDelay = 0x4528_21e6_38d0_1377,
    /// Whether a packet is held back.
    LinkReorder = 0xbe54_66cf_34e9_0c6c,
    /// The seed of a node's own generator.
    NodeSeed = 0xc0ac_29b7_c97c_50dd,
    /// The identity of a node.
    NodeId = 0x3f84_d5b5_b547_0917,
    /// Whom a fault hits.
    FaultPlan = 0x9216_d5d9_8979_fb1b,
    /// Whether a packet vanishes by a fault.
    FaultLoss = 0xd131_0ba6_98df_b5ac,
    /// How long a fault delays a packet.
    FaultDelay = 0x2ffd_72db_d01a_dfb7,
    /// What the nodes are asked to do.
    Workload = 0xb8e1_afed_6a26_7e96,
    /// When a datagram from outside comes.
    InjectTime = 0xba7c_9045_f12c_7f99,
    /// What is in it.
    InjectBytes = 0x24a1_9947_b391_6cf7,
    /// What a node writes.
    WriteBytes = 0x0801_f2e2_858e_fc16,
}

/// All chance of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    key: u64,
}

impl Draws {
    /// The draws of the run with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { key: step(0, seed) }
    }

    /// A uniform 64-bit number: the `counter`-th draw about `entity` (a node, a pair, a fault) for `purpose`.
    #[must_use]
    pub const fn draw(&self, purpose: Purpose, entity: u64, counter: u64) -> u64 {
        step(step(self.key ^ purpose as u64, entity), counter)
    }

    /// `k` distinct numbers below `n`, ascending; all of them when `k` is `n` or more. Every set is equally
    /// likely. Takes `n / 8` bytes and the first `k` counters of `entity`.
    #[must_use]
    pub fn pick(&self, purpose: Purpose, entity: u64, k: u32, n: u32) -> Vec<u32> {
        let k = k.min(n);
        let mut chosen = vec![0_u64; (n as usize).div_ceil(64)];
        // Floyd: the i-th draw is among the first n - k + i + 1 numbers, and one that is already chosen
        // stands for the last of them, which cannot be chosen yet.
        for (counter, last) in (n - k..n).enumerate() {
            let drawn = below(self.draw(purpose, entity, counter as u64), last + 1);
            let (word, bit) = place(drawn);
            let (word, bit) = if chosen[word] & bit == 0 { (word, bit) } else { place(last) };
            chosen[word] |= bit;
        }
        (0..n)
            .filter(|&number| {
                let (word, bit) = place(number);
                chosen[word] & bit != 0
            })
            .collect()
    }
}

/// A number below `n`, as uniform as the 64-bit draw (no number is likelier than another by more than
/// 2^-32 of its share); 0 when `n` is 0.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "the product of a fraction of 2^64 and n, by 2^64, is below n")]
pub const fn below(draw: u64, n: u32) -> u32 {
    ((draw as u128 * n as u128) >> 64) as u32
}

/// The number by which something with a name is an entity of [`Draws::draw`]: FNV-1a of the name. A fault
/// known by its name keeps its draws when another is taken out of the file; one known by its place does not.
#[must_use]
pub const fn entity_of(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let (mut hash, mut i) = (0xcbf2_9ce4_8422_2325_u64, 0);
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}

/// The `n`-th number of the sequence that `state` begins: a 64 x 64 bit product, its halves folded.
#[expect(clippy::cast_possible_truncation, reason = "the two halves of the product are the point")]
const fn step(state: u64, n: u64) -> u64 {
    let x = state.wrapping_add(n.wrapping_add(1).wrapping_mul(STEP));
    let product = x as u128 * (x ^ TWIST) as u128;
    product as u64 ^ (product >> 64) as u64
}

/// Word and bit of a number in a bit set.
const fn place(number: u32) -> (usize, u64) {
    (number as usize / 64, 1 << (number % 64))
}
