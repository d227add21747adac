//! Are expectations that measure nothing, or the wrong thing, reported?

use expect_test::expect;

use super::{appended, changed, refused};

#[test]
fn an_unknown_metric() {
    changed(
        r#""detection.dead""#,
        r#""detection.daed""#,
        &expect![[r#"
            error: unknown metric `detection.daed` in [[expect]]
              --> crash.toml:32:10
               |
            32 | metric = "detection.daed"
               |          ^^^^^^^^^^^^^^^^
               |
               = help: did you mean `detection.dead`?"#]],
    );
}

#[test]
fn an_expectation_on_an_unknown_fault() {
    changed(
        r#"max = "8s""#,
        r#"fault = "stpo"
max = "8s""#,
        &expect![[r#"
            error: no fault has the id `stpo`
              --> crash.toml:33:9
               |
            33 | fault = "stpo"
               |         ^^^^^^
               |
               = help: did you mean `stop`?"#]],
    );
}

#[test]
fn an_expectation_on_the_wrong_kind_of_fault() {
    changed(
        r#"max = "8s""#,
        r#"fault = "split"
max = "8s""#,
        &expect![[r#"
            error: `detection.dead` of a fault measures a crash, and `split` is none
              --> crash.toml:33:9
               |
            33 | fault = "split"
               |         ^^^^^^^
               |
               = help: name a fault with kind = "crash""#]],
    );
}

#[test]
fn a_fault_for_a_metric_without_faults() {
    appended(
        r#"[[expect]]
metric = "converged"
fault = "stop"
max = "8s"
"#,
        &expect![[r#"
            error: `converged` is not measured per fault
              --> crash.toml:37:9
               |
            37 | fault = "stop"
               |         ^^^^^^
               |
               = help: `fault` goes with `detection.*` and `hops` only"#]],
    );
}

#[test]
fn detection_without_a_crash() {
    refused(
        r#"format = 1
name = "a"
about = "b"
run = { duration = "1s" }
nodes = { count = 1 }
[[expect]]
metric = "detection.full"
max = "1s"
"#,
        &expect![[r#"
            error: `detection.full` measures crashes, and nothing crashes in this file
             --> crash.toml:7:10
              |
            7 | metric = "detection.full"
              |          ^^^^^^^^^^^^^^^^
              |
              = help: add a [[fault]] with kind = "crash""#]],
    );
}

#[test]
fn after_an_unknown_fault() {
    appended(
        r#"[[expect]]
metric = "converged"
after = "slpit.end"
max = "8s"
"#,
        &expect![[r#"
            error: no fault has the id `slpit`
              --> crash.toml:37:9
               |
            37 | after = "slpit.end"
               |         ^^^^^^^^^^^
               |
               = help: did you mean `split`?"#]],
    );
}

#[test]
fn after_the_end_of_an_endless_fault() {
    appended(
        r#"[[expect]]
metric = "converged"
after = "stop.end"
max = "8s"
"#,
        &expect![[r#"
            error: the fault `stop` has no end: it lasts to the end of the run
              --> crash.toml:37:9
               |
            37 | after = "stop.end"
               |         ^^^^^^^^^^
               |
               = help: give the fault a `restart`, or write "stop.start""#]],
    );
}

#[test]
fn after_no_instant() {
    appended(
        r#"[[expect]]
metric = "converged"
after = "split.heal"
max = "8s"
"#,
        &expect![[r#"
            error: `split.heal` is no instant
              --> crash.toml:37:9
               |
            37 | after = "split.heal"
               |         ^^^^^^^^^^^^
               |
               = help: write "<fault id>.start" or "<fault id>.end""#]],
    );
}

#[test]
fn after_for_another_metric() {
    changed(
        r#"max = "8s""#,
        r#"after = "split.end"
max = "8s""#,
        &expect![[r#"
            error: `detection.dead` is not measured from an instant
              --> crash.toml:33:9
               |
            33 | after = "split.end"
               |         ^^^^^^^^^^^
               |
               = help: `after` goes with `converged`, `agreed`, `links.joined`, `links.last_asked`, `infos.connected`, `quorum.lost` and `quorum.gained` only"#]],
    );
}

#[test]
fn where_for_another_metric() {
    changed(
        r#"max = "8s""#,
        r#"where = "same-side"
max = "8s""#,
        &expect![[r#"
            error: `detection.dead` does not distinguish sides
              --> crash.toml:33:9
               |
            33 | where = "same-side"
               |         ^^^^^^^^^^^
               |
               = help: `where` goes with `false_positive*` only"#]],
    );
}

#[test]
fn a_quantile_of_a_counter() {
    appended(
        r#"[[expect]]
metric = "false_positive"
stat = "p99"
max = 0
"#,
        &expect![[r#"
            error: `false_positive` is a counter and has no `p99`
              --> crash.toml:37:8
               |
            37 | stat = "p99"
               |        ^^^^^
               |
               = help: leave out `stat`, or write "count""#]],
    );
}

#[test]
fn a_time_bound_without_a_unit() {
    changed(
        r#"max = "8s""#,
        "max = 8",
        &expect![[r#"
            error: `max` in [[expect]] must be a duration in quotes, not an integer
              --> crash.toml:33:7
               |
            33 | max = 8
               |       ^
               |
               = help: write "8ms" or "8s""#]],
    );
}

#[test]
fn a_time_bound_in_bytes() {
    changed(
        r#"max = "8s""#,
        r#"max = "8KiB""#,
        &expect![[r#"
            error: a duration has no unit `KiB`
              --> crash.toml:33:7
               |
            33 | max = "8KiB"
               |       ^^^^^^
               |
               = help: valid units: ns, us, ms, s, m, h"#]],
    );
}

#[test]
fn a_rate_bound_without_a_second() {
    appended(
        r#"[[expect]]
metric = "bytes_per_node"
max = "110B"
"#,
        &expect![[r#"
            error: a rate has no unit `B`
              --> crash.toml:37:7
               |
            37 | max = "110B"
               |       ^^^^^^
               |
               = help: valid units: B/s, kB/s, KiB/s, MB/s, MiB/s, GB/s, GiB/s"#]],
    );
}

#[test]
fn a_plain_bound_with_a_unit() {
    appended(
        r#"[[expect]]
metric = "hops"
max = "14hops"
"#,
        &expect![[r#"
            error: `max` in [[expect]] must be an integer, not a string
              --> crash.toml:37:7
               |
            37 | max = "14hops"
               |       ^^^^^^^^
               |
               = help: `hops` is a plain number, such as 3"#]],
    );
}

#[test]
fn a_number_of_samples_with_a_unit() {
    changed(
        r#"max = "8s""#,
        r#"stat = "count"
equals = "1s""#,
        &expect![[r#"
            error: `equals` in [[expect]] must be an integer, not a string
              --> crash.toml:34:10
               |
            34 | equals = "1s"
               |          ^^^^
               |
               = help: a number of samples is a plain number, such as 3"#]],
    );
}

#[test]
fn no_bound() {
    changed(
        r#"max = "8s""#,
        r#"stat = "p99""#,
        &expect![[r#"
            error: this expectation has no bound
              --> crash.toml:31:1
               |
            31 | [[expect]]
               | ^^^^^^^^^^
               |
               = help: add one of `max`, `min` and `equals`"#]],
    );
}

#[test]
fn two_bounds() {
    changed(
        r#"max = "8s""#,
        r#"max = "8s"
min = "1s""#,
        &expect![[r#"
            error: this expectation has two bounds
              --> crash.toml:34:7
               |
            34 | min = "1s"
               |       ^^^^
               |
               = help: write one [[expect]] for each"#]],
    );
}

#[test]
fn two_expectations_with_one_id() {
    changed(
        r#"[[expect]]
"#,
        r#"[[expect]]
metric = "hops"
id = "x"
max = 1

[[expect]]
id = "x"
"#,
        &expect![[r#"
            error: two expectations have the id `x`
              --> crash.toml:37:6
               |
            37 | id = "x"
               |      ^^^
               |
               = help: reports could not tell them apart; rename one"#]],
    );
}

#[test]
fn sides_of_a_flap() {
    appended(
        "[[expect]]\nmetric = \"flaps\"\nwhere = \"same-side\"\nmax = 2\n",
        &expect![[r#"
        error: `flaps` does not distinguish sides
          --> crash.toml:37:9
           |
        37 | where = "same-side"
           |         ^^^^^^^^^^^
           |
           = help: `where` goes with `false_positive*` only"#]],
    );
}

#[test]
fn last_hops_of_a_fault() {
    appended(
        "[[expect]]\nmetric = \"hops.last\"\nfault = \"stop\"\nmax = 2\n",
        &expect![[r#"
        error: `hops.last` is not measured per fault
          --> crash.toml:37:9
           |
        37 | fault = "stop"
           |         ^^^^^^
           |
           = help: `fault` goes with `detection.*` and `hops` only"#]],
    );
}

#[test]
fn a_number_of_flaps_in_seconds() {
    appended(
        "[[expect]]\nmetric = \"flaps\"\nmax = \"2s\"\n",
        &expect![[r#"
        error: `max` in [[expect]] must be an integer, not a string
          --> crash.toml:37:7
           |
        37 | max = "2s"
           |       ^^^^
           |
           = help: `flaps` is a plain number, such as 3"#]],
    );
}
