//! Are wrong, missing and repeated keys reported at the key, with the nearest valid name?

use expect_test::expect;

use super::{changed, refused};

#[test]
fn an_unknown_key() {
    changed(
        r#"duration = "60s""#,
        r#"duraton = "60s""#,
        &expect![[r#"
            error: unknown key `duraton` in [run]
             --> crash.toml:6:1
              |
            6 | duraton = "60s"
              | ^^^^^^^
              |
              = help: did you mean `duration`?"#]],
    );
}

#[test]
fn an_unknown_table() {
    changed(
        "[protocol]",
        "[protocl]",
        &expect![[r#"
            error: unknown key `protocl` in the file
             --> crash.toml:9:2
              |
            9 | [protocl]
              |  ^^^^^^^
              |
              = help: did you mean `protocol`?"#]],
    );
}

#[test]
fn an_unknown_key_that_resembles_none() {
    changed(
        r#"period = "1s""#,
        r#"matrix = ["1s", "2s"]"#,
        &expect![[r#"
            error: unknown key `matrix` in [protocol]
              --> crash.toml:10:1
               |
            10 | matrix = ["1s", "2s"]
               | ^^^^^^
               |
               = help: the valid keys are: name, profile, period, probe_timeout, indirect_probes, probe_order, suspicion_mult, suspicion_max_mult, local_health_max, gossip_interval, gossip_fanout, retransmit_mult, repair_interval, reconnect_interval, tombstone_life, state_grace, state_rate, write_burst, relay_interval, relay_fanout, relay_rate, relay_targets, ring_interval, ring_successors, info_interval, infos_max, infos_bytes, quorum, streams, datagram"#]],
    );
}

#[test]
fn a_key_of_another_detector() {
    changed(
        r#"period = "1s""#,
        "ring_successors = 5",
        &expect![[r#"
            error: nodes of the profile `lan` watch no ring
              --> crash.toml:10:19
               |
            10 | ring_successors = 5
               |                   ^
               |
               = help: the profile `phi-ring` does"#]],
    );
    changed(
        r#"period = "1s""#,
        r#"relay_fanout = 5"#,
        &expect![[r#"
            error: nodes of the profile `lan` pass no heartbeats on
              --> crash.toml:10:16
               |
            10 | relay_fanout = 5
               |                ^
               |
               = help: the profiles `heartbeat` and `scuttlebutt-lan` do"#]],
    );
}

#[test]
fn an_unknown_key_in_braces() {
    changed(
        r#"jitter = "10ms""#,
        r#"jiter = "10ms""#,
        &expect![[r#"
            error: unknown key `jiter` in `delay`
              --> crash.toml:16:26
               |
            16 | delay = { time = "25ms", jiter = "10ms" }
               |                          ^^^^^
               |
               = help: did you mean `jitter`?"#]],
    );
}

#[test]
fn a_key_that_is_not_implemented() {
    changed(
        r#"shape = "halves""#,
        r#"shape = "halves"
mode = "hold""#,
        &expect![[r#"
            error: unknown key `mode` in [[fault]]
              --> crash.toml:28:1
               |
            28 | mode = "hold"
               | ^^^^
               |
               = help: the valid keys are: id, kind, at, for, target, stagger, restart, from, to, direction, loss, delay, corrupt, truncate, datagrams_only, shape, groups, rate, what, stops, every, until"#]],
    );
}

#[test]
fn a_key_of_another_kind() {
    changed(
        r#"target = "node:17""#,
        r#"target = "node:17"
loss = { random = "1%" }"#,
        &expect![[r#"
            error: unknown key `loss` in a crash fault
              --> crash.toml:22:1
               |
            22 | loss = { random = "1%" }
               | ^^^^
               |
               = help: the valid keys are: id, kind, at, target, stagger, restart"#]],
    );
}

#[test]
fn a_missing_key() {
    changed(
        r#"count = 100
"#,
        "",
        &expect![[r#"
            error: missing key `count` in [nodes]
              --> crash.toml:12:1
               |
            12 | [nodes]
               | ^^^^^^^
               |
               = help: add, for example, `count = 100`"#]],
    );
}

#[test]
fn a_missing_table() {
    changed(
        r#"[run]
duration = "60s"
warmup = "10s"
"#,
        "",
        &expect![[r#"
            error: missing key `run` in the file
             --> crash.toml:1:1
              |
            1 | format = 1
              | ^
              |
              = help: add, for example, `run = { duration = "60s" }`"#]],
    );
}

#[test]
fn a_missing_format() {
    changed(
        r#"format = 1
"#,
        "",
        &expect![[r#"
            error: missing key `format` in the file
             --> crash.toml:1:1
              |
            1 | name = "crash"
              | ^
              |
              = help: add, for example, `format = 1`"#]],
    );
}

#[test]
fn another_format() {
    changed(
        "format = 1",
        "format = 2",
        &expect![[r#"
            error: this file has format 2
             --> crash.toml:1:10
              |
            1 | format = 2
              |          ^
              |
              = help: this version understands format 1 only"#]],
    );
}

#[test]
fn an_empty_file() {
    refused(
        "",
        &expect![[r#"
            error: missing key `format` in the file
             --> crash.toml:1:1
              |
            1 |
              | ^
              |
              = help: add, for example, `format = 1`"#]],
    );
}

#[test]
fn a_repeated_key() {
    changed(
        r#"warmup = "10s""#,
        r#"duration = "50s""#,
        &expect![[r#"
            error: this is not TOML: duplicate key
             --> crash.toml:7:1
              |
            7 | duration = "50s"
              | ^^^^^^^^"#]],
    );
}

#[test]
fn not_toml() {
    changed(
        r#"period = "1s""#,
        "period = 1s",
        &expect![[r#"
            error: this is not TOML: string values must be quoted, expected literal string
              --> crash.toml:10:10
               |
            10 | period = 1s
               |          ^^"#]],
    );
}

#[test]
fn a_string_without_an_end() {
    changed(
        r#"name = "crash""#,
        r#"name = "crash"#,
        &expect![[r#"
            error: this is not TOML: invalid basic string, expected `"`
             --> crash.toml:2:14
              |
            2 | name = "crash
              |              ^"#]],
    );
}
