//! Do the tables read well?

use expect_test::expect;
use quidnunc_sim::report::{many, one};
use quidnunc_sim::result::{FaultResult, RunResult, Verdict, pool};
use quidnunc_sim::scenario::{Across, Metric, Op, Scenario, Stat};

use crate::stand_in::{counter, expect as expectation, may_miss, run, samples, scenario};

#[test]
fn one_run_that_passes() {
    let mut scenario = scenario("crash");
    scenario.expects.push(expectation(Metric::FalsePositive, Stat::Count, Op::Max, 0));
    scenario.expects.push(expectation(Metric::BytesPerNode, Stat::P99, Op::Max, 8 << 10));
    let mut run = run(&scenario, 1, 5_271_000_000);
    run.metrics.insert("converged", samples([35_582_000_000]));
    expect![[r#"
        PASS  crash  seed 1 · 100 nodes · 60 s simulated · 123 456 events · fp 53de64a7c0ffee01

         measured              samples          p50          p99          max
        ──────────────────────────────────────────────────────────────────────
         first dead                  1       5.27 s       5.27 s       5.27 s
         dead, each observer        98       5.42 s       5.58 s       5.58 s
         all agree since             1       35.6 s       35.6 s       35.6 s
         hops to each node          98            2            4            4
         bytes per node              3   1.17 KiB/s   1.21 KiB/s   1.21 KiB/s
         false positives             0

             expected                      value       bound   margin
        ──────────────────────────────────────────────────────────────
         ✓   detection.dead.p99#1         5.27 s       ≤ 8 s    1.51×
         ✓   false_positive.count#1            0         ≤ 0
         ✓   bytes_per_node.p99#1     1.21 KiB/s   ≤ 8 KiB/s    6.63×

        faults: stop bit once
    "#]]
    .assert_eq(&one(&scenario, &run));
}

#[test]
fn a_metric_of_detail_is_shown_when_an_expectation_names_it() {
    let mut scenario = scenario("crash");
    let mut run = run(&scenario, 1, 5);
    for (name, value) in [("bytes_per_node.repair", 12), ("bytes_per_node.probe", 93)] {
        run.metrics.insert(name, samples([value]));
    }
    let rows = |scenario: &Scenario| {
        let text = one(scenario, &run);
        text.lines().filter(|line| line.starts_with("   for ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(rows(&scenario), [""; 0]);
    scenario.expects.push(expectation(Metric::BytesPerNodeRepair, Stat::Mean, Op::Max, 20));
    assert_eq!(rows(&scenario), ["   for repairs               1       12 B/s       12 B/s       12 B/s"]);
}

#[test]
fn strangers_are_shown_when_there_are_any() {
    let scenario = scenario("crash");
    let rows = |strangers| {
        let mut run = run(&scenario, 1, 5);
        run.metrics.insert("strangers", counter(strangers));
        one(&scenario, &run).lines().filter(|line| line.starts_with(" strangers")).count()
    };
    assert_eq!((rows(0), rows(1)), (0, 1));
}

#[test]
fn one_run_that_fails_in_many_ways() {
    let mut scenario = scenario("crash");
    scenario.expects.push(expectation(Metric::Converged, Stat::Max, Op::Max, 5));
    scenario.expects.push(expectation(Metric::Hops, Stat::Max, Op::Min, 1));
    scenario.expects.push(expectation(Metric::DetectionFull, Stat::Max, Op::Max, 5_000_000_000));
    scenario.expects.push(expectation(Metric::DetectionSuspect, Stat::Max, Op::Max, 5_000_000_000));
    scenario.expects[2].across = Across::Pooled;
    let mut run = run(&scenario, 1, 8_000_000_001);
    run.metrics.insert("detection.suspect", may_miss([4_000_000_000], 1));
    run.metrics.insert("detection.full", may_miss([], 1));
    run.metrics.insert("false_positive", counter(1_200));
    run.metrics.insert("rmr", samples([12_345]));
    for (index, name) in [(3, "detection.full"), (4, "detection.suspect")] {
        run.expectations[index] = quidnunc_sim::result::evaluate(&scenario.expects[index], &run.metrics[name]);
    }
    run.faults.push(FaultResult { id: "split".to_owned(), bit: 0 });
    run.faults.push(FaultResult { id: "lossy".to_owned(), bit: 12_034 });
    run.verdict = Verdict::Panic;
    run.panic = Some("node 3: index out of bounds".to_owned());
    expect![[r#"
        PANIC  crash  seed 1 · 100 nodes · 60 s simulated · 123 456 events · fp 53de64a7c0ffee01
        panic: node 3: index out of bounds

         measured                   samples          p50          p99          max
        ───────────────────────────────────────────────────────────────────────────
         first suspect         1 + 1 missed          4 s          4 s          4 s
         first dead                       1       8.00 s       8.00 s       8.00 s
         dead, each observer             98       8.15 s       8.30 s       8.30 s
         dead, all observers   0 + 1 missed
         hops to each node               98            2            4            4
         bytes per node                   3   1.17 KiB/s   1.21 KiB/s   1.21 KiB/s
         false positives              1 200
         rmr                              1       12 345       12 345       12 345

             expected                                        value                bound   margin
        ─────────────────────────────────────────────────────────────────────────────────────────
         ✗   detection.dead.p99#1                 8 000 000 001 ns   ≤ 8 000 000 000 ns    0.99×
         ?   converged.max#1                             no sample               ≤ 5 ns
         ·   hops.max#1 (judged over all seeds)                  4                  ≥ 1    4.00×
         ✗   detection.full.max#1                           missed                ≤ 5 s
         ✗   detection.suspect.max#1              4 s, some missed                ≤ 5 s

        faults: stop bit once, split never bit, lossy bit 12 034 times
    "#]]
    .assert_eq(&one(&scenario, &run));
}

#[test]
fn a_few_seeds() {
    let (scenario, runs) = seeds(4);
    expect![[r#"
        PANIC  crash  3 of 4 seeds passed

         seed   verdict   dead p99   hops p99    bytes p99   false pos.   why
        ──────────────────────────────────────────────────────────────────────────────────────
         2      pass        5.30 s          4   1.21 KiB/s            0
         3      pass        5.30 s          4   1.21 KiB/s            0
         4      pass        5.30 s          4   1.21 KiB/s            0
         5      panic       12.6 s          4   1.21 KiB/s            0   index out of bounds

         measured              samples          p50          p99          max
        ──────────────────────────────────────────────────────────────────────
         first dead                  4       5.00 s       12.3 s       12.3 s
         dead, each observer       392       5.20 s       12.6 s       12.6 s
         hops to each node         392            2            4            4
         bytes per node             12   1.17 KiB/s   1.21 KiB/s   1.21 KiB/s
         false positives             0

             expected                value   bound   margin
        ────────────────────────────────────────────────────
         ✗   detection.dead.p99#1   12.3 s   ≤ 8 s    0.64×
         ✓   hops.p99#1 (pooled)         4     ≤ 4    1.00×
    "#]]
    .assert_eq(&many(&scenario, &pool(&scenario, &runs), &runs));
}

#[test]
fn of_many_seeds_only_those_that_fail() {
    let (scenario, runs) = seeds(150);
    expect![[r#"
        PANIC  crash  120 of 150 seeds passed

         seed   verdict   dead p99   hops p99    bytes p99   false pos.   why
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────
         5      panic       12.6 s          4   1.21 KiB/s            0   index out of bounds
         10     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         15     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         20     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         25     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         30     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         35     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         40     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         45     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         50     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         55     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         60     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         65     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         70     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         75     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         80     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         85     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         90     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         95     fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         100    fail        12.6 s          4   1.21 KiB/s            0   detection.dead.p99#1: 12.3 s, not ≤ 8 s
         and 10 seeds more that did not pass

         measured              samples          p50          p99          max
        ──────────────────────────────────────────────────────────────────────
         first dead                150       5.00 s       12.3 s       12.3 s
         dead, each observer    14 700       5.19 s       12.6 s       12.6 s
         hops to each node      14 700            2            4            4
         bytes per node            450   1.17 KiB/s   1.21 KiB/s   1.21 KiB/s
         false positives             0

             expected                value   bound   margin
        ────────────────────────────────────────────────────
         ✗   detection.dead.p99#1   12.3 s   ≤ 8 s    0.64×
         ✓   hops.p99#1 (pooled)         4     ≤ 4    1.00×
    "#]]
    .assert_eq(&many(&scenario, &pool(&scenario, &runs), &runs));
}

/// Seeds of which every fifth fails, the first of those by a panic.
fn seeds(count: u64) -> (Scenario, Vec<RunResult>) {
    let mut scenario = scenario("crash");
    let mut pooled = expectation(Metric::Hops, Stat::P99, Op::Max, 4);
    pooled.across = Across::Pooled;
    scenario.expects.push(pooled);
    let dead_ns = |seed: u64| {
        if seed.is_multiple_of(5) { 12_340_000_000 } else { 5_000_000_000 + seed }
    };
    let mut runs: Vec<_> = (2..count + 2).map(|seed| run(&scenario, seed, dead_ns(seed))).collect();
    runs[3].verdict = Verdict::Panic;
    runs[3].panic = Some("index out of bounds\nat node 3".to_owned());
    (scenario, runs)
}
