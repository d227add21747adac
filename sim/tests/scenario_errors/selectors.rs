//! Are selectors that name no nodes, or nodes that do not exist, reported?

use expect_test::expect;

use super::{appended, changed};

#[test]
fn a_node_that_does_not_exist() {
    changed(
        r#""node:17""#,
        r#""node:100""#,
        &expect![[r#"
            error: there is no node `100`
              --> crash.toml:21:10
               |
            21 | target = "node:100"
               |          ^^^^^^^^^^
               |
               = help: the nodes are node:0 to node:99"#]],
    );
}

#[test]
fn a_selector_that_names_nobody() {
    changed(
        r#""node:17""#,
        r#""zone:a""#,
        &expect![[r#"
            error: `zone:a` names no nodes
              --> crash.toml:21:10
               |
            21 | target = "zone:a"
               |          ^^^^^^^^
               |
               = help: a selector is "all", "node:17", "fault:<id>.target", "fault:<id>.from" or { pick = "random", count = "1%" }"#]],
    );
}

#[test]
fn a_pick_of_too_many() {
    changed(
        r#""node:17""#,
        r#"{ pick = "first", count = 101 }"#,
        &expect![[r#"
            error: `count` in a selector is out of range: 101
              --> crash.toml:21:36
               |
            21 | target = { pick = "first", count = 101 }
               |                                    ^^^
               |
               = help: it must be in 1 ..= 100"#]],
    );
}

#[test]
fn a_pick_of_nobody() {
    changed(
        r#""node:17""#,
        r#"{ pick = "random", count = "0%" }"#,
        &expect![[r#"
            error: this picks nobody
              --> crash.toml:21:37
               |
            21 | target = { pick = "random", count = "0%" }
               |                                     ^^^^
               |
               = help: pick more than 0%, or a number"#]],
    );
}

#[test]
fn a_later_fault_as_target() {
    changed(
        r#""node:17""#,
        r#""fault:splt.target""#,
        &expect![[r#"
            error: no earlier fault has the id `splt`
              --> crash.toml:21:10
               |
            21 | target = "fault:splt.target"
               |          ^^^^^^^^^^^^^^^^^^^
               |
               = help: there are no earlier faults"#]],
    );
}

#[test]
fn an_unknown_earlier_fault() {
    appended(
        r#"[[fault]]
id = "lossy"
kind = "link"
at = "30s"
from = "fault:stpo.target"
loss = { random = "80%" }
"#,
        &expect![[r#"
            error: no earlier fault has the id `stpo`
              --> crash.toml:39:8
               |
            39 | from = "fault:stpo.target"
               |        ^^^^^^^^^^^^^^^^^^^
               |
               = help: did you mean `stop`?"#]],
    );
}

#[test]
fn a_crash_that_lends_no_from() {
    appended(
        r#"[[fault]]
id = "lossy"
kind = "link"
at = "30s"
from = "fault:stop.from"
loss = { random = "80%" }
"#,
        &expect![[r#"
            error: the fault `stop` has no nodes called `from`
              --> crash.toml:39:8
               |
            39 | from = "fault:stop.from"
               |        ^^^^^^^^^^^^^^^^^
               |
               = help: write "fault:stop.target""#]],
    );
}

#[test]
fn a_number_for_a_selector() {
    changed(
        r#""node:17""#,
        "17",
        &expect![[r#"
            error: `target` in a crash fault must be a selector, not an integer
              --> crash.toml:21:10
               |
            21 | target = 17
               |          ^^
               |
               = help: a selector is "all", "node:17", "fault:<id>.target", "fault:<id>.from" or { pick = "random", count = "1%" }"#]],
    );
}

#[test]
fn a_node_with_a_sign() {
    changed(
        r#""node:17""#,
        r#""node:+1""#,
        &expect![[r#"
            error: there is no node `+1`
              --> crash.toml:21:10
               |
            21 | target = "node:+1"
               |          ^^^^^^^^^
               |
               = help: the nodes are node:0 to node:99"#]],
    );
}

#[test]
fn a_fault_without_a_part() {
    changed(
        r#""node:17""#,
        r#""fault:stop""#,
        &expect![[r#"
            error: this does not say which nodes of the fault are meant
              --> crash.toml:21:10
               |
            21 | target = "fault:stop"
               |          ^^^^^^^^^^^^
               |
               = help: write "fault:<id>.target" or "fault:<id>.from""#]],
    );
}

#[test]
fn a_fault_without_a_target() {
    appended(
        r#"[[fault]]
id = "again"
kind = "crash"
at = "30s"
target = "fault:split.target"
"#,
        &expect![[r#"
            error: the fault `split` has no target
              --> crash.toml:39:10
               |
            39 | target = "fault:split.target"
               |          ^^^^^^^^^^^^^^^^^^^^
               |
               = help: name a crash, a pause, an injection, a link, or a partition with shape = "isolate""#]],
    );
}
