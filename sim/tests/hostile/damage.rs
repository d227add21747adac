//! Is a damaged packet the same as a lost one?

use quidnunc_sim::world::Damaged;

use super::log::{CHANCE, STANDSTILL, TROUBLE, assert_same_but_for_refusals, play};

/// Plays a network that damages packets, and the same one in which exactly these packets are lost.
fn damaged_is_lost(damage: &str, id: &str) {
    let rest = format!("[net]\n{damage}\n{CHANCE}\n{TROUBLE}{STANDSTILL}");
    for seed in 1..=6 {
        let [damaged, lost] = [Damaged::Arrives, Damaged::Vanishes].map(|damaged| play(&rest, seed, damaged));
        assert_same_but_for_refusals(&damaged, &lost, seed);
        assert!(damaged.bit(id) > 50 && damaged.bit(id) == lost.bit(id), "seed {seed}: the same packets are hit");
    }
}

#[test]
fn a_packet_with_a_flipped_bit_is_a_lost_packet() {
    damaged_is_lost("corrupt = { random = \"5%\" }", "net.corrupt");
}

#[test]
fn a_packet_without_its_end_is_a_lost_packet() {
    damaged_is_lost("truncate = { random = \"5%\" }", "net.truncate");
}
