//! Do heartbeats spread as van Renesse's recursion says, and his subnets as his figure does?
//!
//! The process of the paper (1998, section 3) is played by itself, without nodes. In every micro-round one random
//! member of n sends its table to one random other, and n micro-rounds are one round. The recursion behind
//! `failure_time` bounds the chance of any mistake by the sum over `n − f` sources, so that its `n − f`-th part is the
//! chance that one heartbeat has not reached everybody, which is what is played here.

use core::time::Duration;

use quidnunc_core::heartbeat::{failure_time, mistake_probability};

use super::limits::{Sample, assert_share};

/// Chance from a seed; splitmix64.
struct Dice(u64);

impl Dice {
    const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        usize::try_from((u128::from(self.draw()) * n as u128) >> 64).expect("below n")
    }

    fn hits(&mut self, chance: f64) -> bool {
        (self.draw() as f64) < chance * 18_446_744_073_709_551_616.0
    }
}

/// Whether a heartbeat of member 0 reaches everybody alive within so many micro-rounds; the last `failed` are dead.
fn reaches_all(members: usize, failed: usize, loss: f64, micro_rounds: usize, dice: &mut Dice) -> bool {
    let mut knows = vec![false; members];
    knows[0] = true;
    let mut missing = members - failed - 1;
    for _ in 0..micro_rounds {
        let from = dice.below(members);
        let to = (from + 1 + dice.below(members - 1)) % members;
        if knows[from] && to < members - failed && !knows[to] && !dice.hits(loss) {
            knows[to] = true;
            missing -= 1;
        }
    }
    missing == 0
}

#[test]
fn a_heartbeat_is_late_as_often_as_the_recursion_says() {
    const TRIALS: u64 = 20_000;
    for (members, failed, loss) in [(50, 1, 0.0), (50, 1, 0.25), (100, 1, 0.05), (100, 50, 0.1), (200, 1, 0.0)] {
        // With a tick of n ns a micro-round is one of them. Mistakes in every second time are what can be counted.
        let tick = Duration::from_nanos(members.into());
        let time = failure_time(members, failed, loss, 0.5, tick).expect("in range");
        let bound = mistake_probability(members, failed, loss, time, tick).expect("in range");
        let micro_rounds = usize::try_from(time.as_nanos()).expect("a few thousand");
        let (n, f, mut dice) = (members as usize, failed as usize, Dice(u64::from(members)));
        let late = (0..TRIALS).filter(|_| !reaches_all(n, f, loss, micro_rounds, &mut dice)).count();
        let theory = bound / f64::from(members - failed);
        assert_share(&format!("{members} members, {failed} failed, loss {loss}"), late as u64, TRIALS, theory);
    }
}

/// Rounds until a heartbeat of member 0 has reached all 256 members of one domain of so many subnets.
///
/// By the paper's section 6 a member of a subnet of `n` sends into another subnet with the chance `1/n`, else into
/// its own; whoever is alone in its subnet can only send into another. Rounds are synchronous here: who hears in
/// one tells from the next one on.
fn rounds_over(subnets: usize, dice: &mut Dice) -> f64 {
    const MEMBERS: usize = 256;
    let size = MEMBERS / subnets;
    let mut knows = vec![false; MEMBERS];
    knows[0] = true;
    let mut rounds = 0_u32;
    while knows.contains(&false) {
        rounds += 1;
        let before = knows.clone();
        for from in (0..MEMBERS).filter(|&member| before[member]) {
            let subnet = from / size;
            let to = if subnets > 1 && dice.below(size) == 0 {
                (subnet + 1 + dice.below(subnets - 1)) % subnets * size + dice.below(size)
            } else {
                subnet * size + (from % size + 1 + dice.below(size - 1)) % size
            };
            knows[to] = true;
        }
    }
    f64::from(rounds)
}

#[test]
fn subnets_delay_a_heartbeat_as_in_the_paper() {
    // Read by eye from a figure: half a round by itself, and two where the curve is steep.
    let figure =
        [(1, 15.0), (2, 19.5), (4, 22.0), (8, 22.5), (16, 23.0), (32, 21.0), (64, 19.0), (128, 16.0), (256, 14.8)];
    let mut dice = Dice(5);
    for (subnets, expected) in figure {
        let rounds = Sample::of((0..400).map(|_| rounds_over(subnets, &mut dice)));
        rounds.assert_mean_within(&format!("rounds over {subnets} subnets"), expected, 0.0, 2.0);
    }
}
