//! Are pauses that cannot happen, or contradict another fault, reported?

use expect_test::{Expect, expect};

use super::appended;

/// Appends a pause to the file and expects this message.
fn pause(keys: &str, message: &Expect) {
    appended(&format!("[[fault]]\nid = \"gc\"\nkind = \"pause\"\n{keys}\n"), message);
}

#[test]
fn a_pause_without_an_end() {
    pause(
        "target = \"node:1\"\nat = \"30s\"",
        &expect![[r#"
        error: missing key `for` in a pause fault
          --> crash.toml:35:1
           |
        35 | [[fault]]
           | ^^^^^^^^^
           |
           = help: add, for example, `for = "3s"`"#]],
    );
}

#[test]
fn a_pause_of_nobody() {
    pause(
        "at = \"30s\"\nfor = \"3s\"",
        &expect![[r#"
        error: missing key `target` in a pause fault
          --> crash.toml:35:1
           |
        35 | [[fault]]
           | ^^^^^^^^^
           |
           = help: add, for example, `target = "node:17"`"#]],
    );
}

#[test]
fn a_pause_with_a_restart() {
    pause(
        "target = \"node:1\"\nat = \"30s\"\nfor = \"3s\"\nrestart = \"3s\"",
        &expect![[r#"
        error: unknown key `restart` in a pause fault
          --> crash.toml:41:1
           |
        41 | restart = "3s"
           | ^^^^^^^
           |
           = help: the valid keys are: id, kind, at, for, target, stops, every, until"#]],
    );
}

#[test]
fn a_pause_of_a_node_that_is_down() {
    pause(
        "target = \"node:17\"\nat = \"30s\"\nfor = \"3s\"",
        &expect![[r#"
        error: `gc` pauses a node at 30s that `stop` holds down
          --> crash.toml:38:10
           |
        38 | target = "node:17"
           |          ^^^^^^^^^
           |
           = help: `stop` has no restart; choose another time or other nodes"#]],
    );
}

#[test]
fn a_crash_before_a_pause_that_stands_first() {
    let crash =
        "[[fault]]\nid = \"again\"\nkind = \"crash\"\ntarget = \"fault:gc.target\"\nat = \"20s\"\nrestart = \"20s\"";
    pause(
        &format!("target = \"node:1\"\nat = \"30s\"\nfor = \"3s\"\n{crash}"),
        &expect![[r#"
        error: `gc` pauses a node at 30s that `again` holds down
          --> crash.toml:44:10
           |
        44 | target = "fault:gc.target"
           |          ^^^^^^^^^^^^^^^^^
           |
           = help: `again` is over at 40s; choose another time or other nodes"#]],
    );
}

#[test]
fn a_pause_of_a_paused_node() {
    let more = "[[fault]]\nid = \"again\"\nkind = \"pause\"\ntarget = { pick = \"first\", count = 9 }\nat = \"32s\"\nfor = \"3s\"";
    pause(
        &format!("target = \"node:1\"\nat = \"30s\"\nfor = \"3s\"\n{more}"),
        &expect![[r#"
            error: `again` pauses a node at 32s that `gc` has paused already
              --> crash.toml:44:10
               |
            44 | target = { pick = "first", count = 9 }
               |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = help: `gc` ends at 33s; choose another time or other nodes"#]],
    );
}

#[test]
fn pauses_that_need_not_contradict_anything() {
    let accepted = expect![["accepted"]];
    pause("target = \"node:17\"\nat = \"19s\"\nfor = \"3s\"", &accepted);
    pause("target = { pick = \"random\", count = 99 }\nat = \"30s\"\nfor = \"3s\"", &accepted);
    let more = "[[fault]]\nid = \"again\"\nkind = \"pause\"\ntarget = \"node:1\"\nat = \"33s\"\nfor = \"3s\"";
    pause(&format!("target = \"node:1\"\nat = \"30s\"\nfor = \"3s\"\n{more}"), &accepted);
    pause(
        "target = \"node:1\"\nat = \"30s\"\nfor = \"3s\"\n[[expect]]\nmetric = \"converged\"\nafter = \"gc.end\"\nmax = \"9s\"",
        &accepted,
    );
}

#[test]
fn a_single_pause_with_until() {
    pause(
        "target = \"node:1\"\nat = \"30s\"\nfor = \"3s\"\nuntil = \"40s\"",
        &expect![[r#"
            error: a pause that happens once has no `until`
              --> crash.toml:41:9
               |
            41 | until = "40s"
               |         ^^^^^
               |
               = help: leave out `until`, or add `every`"#]],
    );
}

#[test]
fn pauses_that_overlap_their_next() {
    pause(
        "target = \"node:1\"\nat = \"30s\"\nfor = \"3s\"\nevery = \"3s\"",
        &expect![[r#"
            error: the next pause would begin before this one is over
              --> crash.toml:41:9
               |
            41 | every = "3s"
               |         ^^^^
               |
               = help: a pause lasts 3s; leave more time than that"#]],
    );
}

#[test]
fn pauses_that_outlast_the_run() {
    pause(
        "target = \"node:1\"\nat = \"30s\"\nfor = \"3s\"\nevery = \"4s\"\nuntil = \"2h\"",
        &expect![[r#"
            error: the run ends before, at 60s
              --> crash.toml:42:9
               |
            42 | until = "2h"
               |         ^^^^
               |
               = help: leave out `until` if the pauses go on to the end of the run"#]],
    );
}

#[test]
fn pauses_that_end_before_the_first_is_over() {
    pause(
        "target = \"node:1\"\nat = \"30s\"\nfor = \"3s\"\nevery = \"4s\"\nuntil = \"32s\"",
        &expect![[r#"
            error: the pauses end before the first one is over
              --> crash.toml:42:9
               |
            42 | until = "32s"
               |         ^^^^^
               |
               = help: it is over at 33s; end then or later"#]],
    );
}

#[test]
fn a_pause_of_something_else() {
    pause(
        "target = \"node:1\"\nat = \"30s\"\nfor = \"3s\"\nstops = \"disk\"",
        &expect![[r#"
            error: unknown stops `disk` in a pause fault
              --> crash.toml:41:9
               |
            41 | stops = "disk"
               |         ^^^^^^
               |
               = help: the valid values are: process, network"#]],
    );
}
