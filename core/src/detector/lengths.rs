//! The length of a suspicion, and the logarithms behind it, against their table.

use alloc::string::String;
use core::fmt::Write as _;
use core::time::Duration;

use super::length::suspicion_length;
use crate::membership::merge_law::check_table;
use crate::vocab::{log10_ceil, log10_milli};

#[test]
fn lengths_follow_the_table() {
    let mut table = String::new();
    for members in [0, 1, 2, 3, 9, 10, 11, 31, 32, 99, 100, 101, 999, 1000, 1001, 10_000, 65_536, 1_000_000, u32::MAX] {
        let milli = |mult, period| suspicion_length(mult, members, Duration::from_millis(period)).as_millis();
        let [local, lan, wan] = [milli(3, 1000), milli(4, 1000), milli(6, 5000)];
        let (log10, ceil) = (log10_milli(members), log10_ceil(members));
        writeln!(table, "{members:>10} | {log10:>5} {ceil:>4} | {local:>6} {lan:>6} {wan:>6}").expect("a string");
    }
    check_table("suspicion.txt", include_str!("../../tests/tables/suspicion.txt"), &table);
}

#[test]
fn a_length_stays_inside_the_number_line() {
    let longest = Duration::from_nanos(u64::MAX / 1000);
    assert_eq!(suspicion_length(1000, u32::MAX, Duration::MAX), longest);
    assert_eq!(suspicion_length(1, 1, Duration::ZERO), Duration::ZERO);
}
