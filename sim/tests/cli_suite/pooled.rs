//! Do expectations hold over one run and over many as the contract says?

use quidnunc_sim::result::{FaultResult, Measured, Verdict, evaluate, pool};
use quidnunc_sim::scenario::{Across, Expect, Metric, Op, Stat};

use crate::stand_in::{counter, expect, may_miss, run, samples, scenario};

fn value_and_ok(expect: &Expect, measured: &Measured) -> (Option<u64>, Option<bool>) {
    let result = evaluate(expect, measured);
    (result.value, result.ok)
}

#[test]
fn a_value_is_held_against_its_bound() {
    let hops = samples([1, 2, 6]);
    for (op, holds) in
        [(Op::Max, [false, true, true]), (Op::Min, [true, true, false]), (Op::Equals, [false, true, false])]
    {
        for (bound, holds) in [5, 6, 7].into_iter().zip(holds) {
            let expect = expect(Metric::Hops, Stat::Max, op, bound);
            assert_eq!(value_and_ok(&expect, &hops), (Some(6), Some(holds)), "{op:?} {bound}");
        }
    }
}

#[test]
fn without_a_sample_only_their_number_is_known() {
    let nothing = Measured::default();
    assert_eq!(value_and_ok(&expect(Metric::Hops, Stat::Max, Op::Max, 5), &nothing), (None, None));
    assert_eq!(
        value_and_ok(&expect(Metric::FalsePositive, Stat::Count, Op::Max, 0), &counter(0)),
        (Some(0), Some(true)),
    );
    assert_eq!(value_and_ok(&expect(Metric::Hops, Stat::Count, Op::Min, 1), &nothing), (Some(0), Some(false)),);
}

#[test]
fn a_sample_that_never_came_is_beyond_every_max() {
    let max = expect(Metric::DetectionDead, Stat::P50, Op::Max, 10);
    assert_eq!(value_and_ok(&max, &may_miss([5], 0)), (Some(5), Some(true)));
    assert_eq!(value_and_ok(&max, &may_miss([5], 1)), (Some(5), Some(false)));
    assert_eq!(value_and_ok(&max, &may_miss([], 1)), (None, Some(false)));
    let min = expect(Metric::DetectionDead, Stat::P50, Op::Min, 5);
    assert_eq!(value_and_ok(&min, &may_miss([5], 1)), (Some(5), Some(true)));
}

#[test]
fn a_number_of_samples_is_a_plain_count() {
    let expect = expect(Metric::DetectionDead, Stat::Count, Op::Equals, 2);
    assert_eq!(evaluate(&expect, &samples([7, 8])).unit, "count");
}

#[test]
fn pooled_over_all_seeds_one_late_seed_is_allowed() {
    let mut scenario = scenario("crash");
    scenario.expects[0].stat = Stat::P50;
    scenario.expects[0].across = Across::Pooled;
    let late = 9_000_000_000;
    let mut runs = vec![run(&scenario, 1, 5), run(&scenario, 2, late), run(&scenario, 3, 6)];
    assert_eq!(runs[1].verdict, Verdict::Pass, "one seed does not refute what is said of all");
    let pooled = pool(&scenario, &runs);
    assert_eq!((pooled.verdict, pooled.passed, pooled.seeds), (Verdict::Pass, 3, 3));
    assert_eq!((pooled.expectations[0].value, pooled.expectations[0].ok), (Some(6), Some(true)));

    runs.extend([run(&scenario, 4, late), run(&scenario, 5, late)]);
    let pooled = pool(&scenario, &runs);
    assert_eq!((pooled.verdict, pooled.passed, pooled.seeds), (Verdict::Fail, 5, 5));
    assert_eq!((pooled.expectations[0].value, pooled.expectations[0].ok), (Some(late), Some(false)));
}

#[test]
fn pooled_a_missed_sample_of_any_seed_fails() {
    let mut scenario = scenario("crash");
    scenario.expects[0].across = Across::Pooled;
    let mut runs = [run(&scenario, 1, 5), run(&scenario, 2, 5)];
    runs[1].metrics.insert("detection.dead", may_miss([], 1));
    runs[1].to_pool[0] = may_miss([], 1);
    let pooled = pool(&scenario, &runs);
    assert_eq!(pooled.metrics["detection.dead"].missed, Some(1));
    assert_eq!((pooled.verdict, pooled.expectations[0].ok), (Verdict::Fail, Some(false)));
}

#[test]
fn for_every_seed_the_worst_is_shown() {
    let mut scenario = scenario("crash");
    let bound = 6;
    scenario.expects =
        [Op::Max, Op::Min, Op::Equals].map(|op| expect(Metric::DetectionDead, Stat::Max, op, bound)).into();
    let pooled = pool(&scenario, &[run(&scenario, 1, 6), run(&scenario, 2, 7), run(&scenario, 3, 6)]);
    let shown: Vec<_> = pooled.expectations.iter().map(|result| (result.value, result.ok)).collect();
    assert_eq!(shown, [(Some(7), Some(false)), (Some(6), Some(true)), (Some(7), Some(false))]);
    assert_eq!(pooled.verdict, Verdict::Fail);
}

#[test]
fn for_every_seed_one_without_a_sample_is_unknown() {
    let scenario = scenario("crash");
    let mut runs = [run(&scenario, 1, 5), run(&scenario, 2, 5)];
    runs[1].expectations[0].value = None;
    runs[1].expectations[0].ok = None;
    let pooled = pool(&scenario, &runs);
    assert_eq!((pooled.expectations[0].value, pooled.expectations[0].ok), (Some(5), None));
}

#[test]
fn over_all_seeds_an_expectation_is_about_the_samples_that_it_selects() {
    let mut scenario = scenario("crash");
    scenario.expects[0].across = Across::Pooled;
    let mut runs = [run(&scenario, 1, 5), run(&scenario, 2, 5)];
    runs[0].to_pool[0] = may_miss([3], 0);
    runs[1].to_pool[0] = may_miss([4], 0);
    let pooled = pool(&scenario, &runs);
    assert_eq!((pooled.expectations[0].value, pooled.expectations[0].ok), (Some(4), Some(true)));
    assert_eq!(pooled.metrics["detection.dead"].summary().count, 2);
}

#[test]
fn a_fault_that_never_bit_makes_a_run_unknown() {
    let scenario = scenario("crash");
    let results = run(&scenario, 1, 5).expectations;
    let bit = |bit| [FaultResult { id: "stop".to_owned(), bit }];
    assert_eq!(Verdict::of(&scenario.expects, &results, &bit(1)), Verdict::Pass);
    assert_eq!(Verdict::of(&scenario.expects, &results, &bit(0)), Verdict::Unknown);
    let late = run(&scenario, 1, 9_000_000_000).expectations;
    assert_eq!(Verdict::of(&scenario.expects, &late, &bit(0)), Verdict::Fail);
}
