//! Are faults that cannot happen, or contradict each other, reported?

use expect_test::expect;

use super::{appended, changed, refused};

#[test]
fn an_unknown_kind() {
    changed(
        r#"kind = "crash""#,
        r#"kind = "crush""#,
        &expect![[r#"
            error: unknown kind `crush` in [[fault]]
              --> crash.toml:20:8
               |
            20 | kind = "crush"
               |        ^^^^^^^
               |
               = help: did you mean `crash`?"#]],
    );
}

#[test]
fn an_unknown_shape() {
    changed(
        r#"shape = "halves""#,
        r#"shape = "thirds""#,
        &expect![[r#"
            error: unknown shape `thirds` in a partition fault
              --> crash.toml:27:9
               |
            27 | shape = "thirds"
               |         ^^^^^^^^
               |
               = help: the valid values are: halves, random-halves, isolate, groups"#]],
    );
}

#[test]
fn two_faults_with_one_id() {
    changed(
        r#"id = "split""#,
        r#"id = "stop""#,
        &expect![[r#"
            error: two faults have the id `stop`
              --> crash.toml:25:6
               |
            25 | id = "stop"
               |      ^^^^^^
               |
               = help: expectations could not tell them apart; rename one"#]],
    );
}

#[test]
fn an_id_with_a_dot() {
    changed(
        r#"id = "split""#,
        r#"id = "a.b""#,
        &expect![[r#"
            error: `a.b` cannot be an id
              --> crash.toml:25:6
               |
            25 | id = "a.b"
               |      ^^^^^
               |
               = help: an id has only the characters a-z, 0-9, `-` and `_`"#]],
    );
}

#[test]
fn a_fault_that_never_begins() {
    changed(
        r#"at = "40s""#,
        r#"at = "60s""#,
        &expect![[r#"
            error: the fault never begins: the run ends at 60s
              --> crash.toml:28:6
               |
            28 | at = "60s"
               |      ^^^^^
               |
               = help: make the run longer, or the times shorter"#]],
    );
}

#[test]
fn a_fault_that_ends_after_the_run() {
    changed(
        r#"for = "10s""#,
        r#"for = "21s""#,
        &expect![[r#"
            error: the fault would end after the run, which ends at 60s
              --> crash.toml:29:7
               |
            29 | for = "21s"
               |       ^^^^^
               |
               = help: leave out `for` if the fault lasts to the end of the run"#]],
    );
}

#[test]
fn a_fault_during_the_warm_up() {
    changed(
        r#"at = "20s""#,
        r#"at = "9.5s""#,
        &expect![[r#"
            error: the fault begins during the warm-up, in which nothing goes wrong
              --> crash.toml:22:6
               |
            22 | at = "9.5s"
               |      ^^^^^^
               |
               = help: the warm-up ends at 10s; begin then or later"#]],
    );
}

#[test]
fn a_crash_that_never_completes() {
    changed(
        r#"target = "node:17""#,
        r#"target = "all"
stagger = "1s""#,
        &expect![[r#"
            error: the last target never stops: the run ends at 60s
              --> crash.toml:22:11
               |
            22 | stagger = "1s"
               |           ^^^^
               |
               = help: make the run longer, or the times shorter"#]],
    );
}

#[test]
fn a_restart_after_the_end() {
    changed(
        r#"target = "node:17""#,
        r#"target = "node:17"
restart = "40s""#,
        &expect![[r#"
            error: the last target never starts again: the run ends at 60s
              --> crash.toml:22:11
               |
            22 | restart = "40s"
               |           ^^^^^
               |
               = help: make the run longer, or the times shorter"#]],
    );
}

#[test]
fn a_restart_at_once() {
    changed(
        r#"target = "node:17""#,
        r#"target = "node:17"
restart = "0s""#,
        &expect![[r#"
            error: `restart` in a crash fault is no time at all
              --> crash.toml:22:11
               |
            22 | restart = "0s"
               |           ^^^^
               |
               = help: write "200ms" or "200s""#]],
    );
}

#[test]
fn a_link_without_ends() {
    appended(
        r#"[[fault]]
id = "lossy"
kind = "link"
at = "30s"
loss = { random = "80%" }
"#,
        &expect![[r#"
            error: a link fault needs `from`, `to` or both
              --> crash.toml:35:1
               |
            35 | [[fault]]
               | ^^^^^^^^^
               |
               = help: name whose packets suffer: `from = { pick = "random", count = "1%" }`"#]],
    );
}

#[test]
fn a_link_that_changes_nothing() {
    appended(
        r#"[[fault]]
id = "lossy"
kind = "link"
at = "30s"
from = "all"
loss = { random = "0%" }
"#,
        &expect![[r#"
            error: a link fault needs one of `loss`, `delay`, `corrupt` and `truncate` at least
              --> crash.toml:35:1
               |
            35 | [[fault]]
               | ^^^^^^^^^
               |
               = help: say what happens to the packets: `loss = { random = "80%" }`"#]],
    );
}

#[test]
fn isolation_of_everybody() {
    changed(
        r#"shape = "halves""#,
        r#"shape = "isolate"
target = "all""#,
        &expect![[r#"
            error: this partition leaves nobody on the other side
              --> crash.toml:28:10
               |
            28 | target = "all"
               |          ^^^^^
               |
               = help: there are 100 nodes; each side needs one at least"#]],
    );
}

#[test]
fn isolation_of_nobody() {
    changed(
        r#"shape = "halves""#,
        r#"shape = "isolate""#,
        &expect![[r#"
            error: missing key `target` in a partition fault
              --> crash.toml:24:1
               |
            24 | [[fault]]
               | ^^^^^^^^^
               |
               = help: add, for example, `target = "node:17"`"#]],
    );
}

#[test]
fn a_target_of_halves() {
    changed(
        r#"shape = "halves""#,
        r#"shape = "halves"
target = "node:1""#,
        &expect![[r#"
            error: only a partition with shape = "isolate" has target
              --> crash.toml:28:10
               |
            28 | target = "node:1"
               |          ^^^^^^^^
               |
               = help: leave out `target`, or write `shape = "isolate"`"#]],
    );
}

#[test]
fn two_crashes_of_one_node() {
    appended(
        r#"[[fault]]
id = "again"
kind = "crash"
at = "30s"
target = "node:17"
"#,
        &expect![[r#"
            error: `again` stops a node at 30s that `stop` may still hold down
              --> crash.toml:39:10
               |
            39 | target = "node:17"
               |          ^^^^^^^^^
               |
               = help: `stop` has no restart; choose another time or other nodes"#]],
    );
}

#[test]
fn a_crash_of_all_beside_another() {
    appended(
        r#"[[fault]]
id = "again"
kind = "crash"
at = "15s"
target = "all"
"#,
        &expect![[r#"
            error: `stop` stops a node at 20s that `again` may still hold down
              --> crash.toml:39:10
               |
            39 | target = "all"
               |          ^^^^^
               |
               = help: `again` has no restart; choose another time or other nodes"#]],
    );
}

#[test]
fn a_crash_before_the_restart() {
    refused(
        r#"format = 1
name = "a"
about = "b"
run = { duration = "60s" }
nodes = { count = 9 }

[[fault]]
id = "a"
kind = "crash"
target = { pick = "random", count = 5 }
at = "10s"
restart = "10s"

[[fault]]
id = "b"
kind = "crash"
target = { pick = "first", count = 5 }
at = "19s"
"#,
        &expect![[r#"
            error: `b` stops a node at 19s that `a` may still hold down
              --> crash.toml:17:10
               |
            17 | target = { pick = "first", count = 5 }
               |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = help: `a` is over at 20s; choose another time or other nodes"#]],
    );
}

#[test]
fn a_crash_of_the_same_targets() {
    appended(
        r#"[[fault]]
id = "again"
kind = "crash"
at = "30s"
target = "fault:stop.target"
"#,
        &expect![[r#"
            error: `again` stops a node at 30s that `stop` may still hold down
              --> crash.toml:39:10
               |
            39 | target = "fault:stop.target"
               |          ^^^^^^^^^^^^^^^^^^^
               |
               = help: `stop` has no restart; choose another time or other nodes"#]],
    );
}
