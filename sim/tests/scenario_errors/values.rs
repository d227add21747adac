//! Are values of the wrong type, unit or range reported at the value?

use expect_test::expect;

use super::{changed, refused};

#[test]
fn a_duration_without_quotes() {
    changed(
        r#"duration = "60s""#,
        "duration = 60",
        &expect![[r#"
            error: `duration` in [run] must be a duration in quotes, not an integer
             --> crash.toml:6:12
              |
            6 | duration = 60
              |            ^^
              |
              = help: write "60ms" or "60s""#]],
    );
}

#[test]
fn a_duration_without_a_unit() {
    changed(
        r#"duration = "60s""#,
        r#"duration = "60""#,
        &expect![[r#"
            error: a duration needs a unit
             --> crash.toml:6:12
              |
            6 | duration = "60"
              |            ^^^^
              |
              = help: write "60ms" or "60s""#]],
    );
}

#[test]
fn a_duration_with_an_unknown_unit() {
    changed(
        r#"duration = "60s""#,
        r#"duration = "60sec""#,
        &expect![[r#"
            error: a duration has no unit `sec`
             --> crash.toml:6:12
              |
            6 | duration = "60sec"
              |            ^^^^^^^
              |
              = help: valid units: ns, us, ms, s, m, h"#]],
    );
}

#[test]
fn a_negative_duration() {
    changed(
        r#"period = "1s""#,
        r#"period = "-1s""#,
        &expect![[r#"
            error: `-1s` is negative
              --> crash.toml:10:10
               |
            10 | period = "-1s"
               |          ^^^^^
               |
               = help: a duration cannot be negative"#]],
    );
}

#[test]
fn a_duration_of_no_time() {
    changed(
        r#"for = "10s""#,
        r#"for = "0s""#,
        &expect![[r#"
            error: `for` in a partition fault is no time at all
              --> crash.toml:29:7
               |
            29 | for = "0s"
               |       ^^^^
               |
               = help: write "200ms" or "200s""#]],
    );
}

#[test]
fn an_integer_in_quotes() {
    changed(
        "count = 100",
        r#"count = "100""#,
        &expect![[r#"
            error: `count` in [nodes] must be an integer, not a string
              --> crash.toml:13:9
               |
            13 | count = "100"
               |         ^^^^^
               |
               = help: leave out the quotes"#]],
    );
}

#[test]
fn too_many_nodes() {
    changed(
        "count = 100",
        "count = 2_000_000",
        &expect![[r#"
            error: `count` in [nodes] is out of range: 2000000
              --> crash.toml:13:9
               |
            13 | count = 2_000_000
               |         ^^^^^^^^^
               |
               = help: it must be in 1 ..= 1000000"#]],
    );
}

#[test]
fn a_negative_count() {
    changed(
        "count = 100",
        "count = -1",
        &expect![[r#"
            error: `count` in [nodes] is out of range: -1
              --> crash.toml:13:9
               |
            13 | count = -1
               |         ^^
               |
               = help: it must be in 1 ..= 1000000"#]],
    );
}

#[test]
fn a_table_that_is_none() {
    changed(
        r#"[nodes]
count = 100"#,
        r#"[[nodes]]
count = 100"#,
        &expect![[r#"
            error: `nodes` in the file must be a table, not an array
              --> crash.toml:12:1
               |
            12 | [[nodes]]
               | ^^^^^^^^^
               |
               = help: write { count = ... }"#]],
    );
}

#[test]
fn a_fault_in_single_brackets() {
    refused(
        r#"format = 1
name = "a"
about = "b"
run = { duration = "1s" }
nodes = { count = 1 }
[fault]
id = "stop"
"#,
        &expect![[r#"
            error: `fault` in the file must be a list of tables, not a table
             --> crash.toml:6:1
              |
            6 | [fault]
              | ^^^^^^^
              |
              = help: write [[fault]]"#]],
    );
}

#[test]
fn an_unknown_word() {
    changed(
        r#"period = "1s""#,
        r#"profile = "wlan""#,
        &expect![[r#"
            error: unknown profile `wlan` in [protocol]
              --> crash.toml:10:11
               |
            10 | profile = "wlan"
               |           ^^^^^^
               |
               = help: did you mean `lan`?"#]],
    );
}

#[test]
fn an_unknown_protocol() {
    changed(
        r#"period = "1s""#,
        r#"name = "rapid""#,
        &expect![[r#"
            error: unknown protocol `rapid`
              --> crash.toml:10:8
               |
            10 | name = "rapid"
               |        ^^^^^^^
               |
               = help: the only protocol is `swim`"#]],
    );
}

#[test]
fn a_number_that_is_not_whole() {
    changed(
        "count = 100",
        "count = 0.5",
        &expect![[r#"
            error: `count` in [nodes] must be an integer, not a float
              --> crash.toml:13:9
               |
            13 | count = 0.5
               |         ^^^
               |
               = help: write a whole number"#]],
    );
}

#[test]
fn a_name_without_quotes() {
    changed(
        r#"name = "crash""#,
        "name = 7",
        &expect![[r#"
            error: `name` in the file must be a string, not an integer
             --> crash.toml:2:8
              |
            2 | name = 7
              |        ^
              |
              = help: put it in quotes"#]],
    );
}

#[test]
fn an_empty_name() {
    changed(
        r#"name = "crash""#,
        r#"name = " ""#,
        &expect![[r#"
            error: `name` in the file is empty
             --> crash.toml:2:8
              |
            2 | name = " "
              |        ^^^
              |
              = help: say it in a few words"#]],
    );
}

#[test]
fn too_many_seeds() {
    changed(
        r#"warmup = "10s""#,
        "seeds = { base = 18446744073709551614, count = 2 }",
        &expect![[r#"
            error: `count` in `seeds` is out of range: 2
             --> crash.toml:7:48
              |
            7 | seeds = { base = 18446744073709551614, count = 2 }
              |                                                ^
              |
              = help: it must be in 1 ..= 1"#]],
    );
}

#[test]
fn a_warm_up_as_long_as_the_run() {
    changed(
        r#"warmup = "10s""#,
        r#"warmup = "60s""#,
        &expect![[r#"
            error: the warm-up leaves nothing to measure
             --> crash.toml:7:10
              |
            7 | warmup = "60s"
              |          ^^^^^
              |
              = help: it must be shorter than the run, which lasts 60s"#]],
    );
}

#[test]
fn nodes_that_start_after_the_end() {
    changed(
        "count = 100",
        "count = 10_000",
        &expect![[r#"
            error: 10000 nodes, one every 10ms, are not all started when the run ends at 60s
              --> crash.toml:13:9
               |
            13 | count = 10_000
               |         ^^^^^^
               |
               = help: make the run longer, or start the nodes faster: `join = { stagger = "1ms" }`"#]],
    );
}

#[test]
fn a_datagram_beyond_all_bounds() {
    changed(
        r#"period = "1s""#,
        r#"datagram = "5GiB""#,
        &expect![[r#"
            error: no datagram is that large
              --> crash.toml:10:12
               |
            10 | datagram = "5GiB"
               |            ^^^^^^
               |
               = help: UDP carries at most 65507B"#]],
    );
}

#[test]
fn a_switch_in_quotes() {
    changed(
        r#"warmup = "10s""#,
        r#"warmup = "10s"
steady = "yes""#,
        &expect![[r#"
            error: `steady` in [run] must be true or false, not a string
             --> crash.toml:8:10
              |
            8 | steady = "yes"
              |          ^^^^^
              |
              = help: write true or false, without quotes"#]],
    );
}

#[test]
fn a_switch_that_is_a_number() {
    changed(
        r#"warmup = "10s""#,
        r#"warmup = "10s"
steady = 1"#,
        &expect![[r#"
            error: `steady` in [run] must be true or false, not an integer
             --> crash.toml:8:10
              |
            8 | steady = 1
              |          ^
              |
              = help: write true or false, without quotes"#]],
    );
}
