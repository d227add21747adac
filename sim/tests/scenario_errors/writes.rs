//! Are writes that nobody can make, or at no time, reported?

use expect_test::{Expect, expect};

use super::{appended, changed};

/// Appends a write with these keys to the file and expects this message.
pub(super) fn written(keys: &str, message: &Expect) {
    appended(&format!("[[write]]\nid = \"load\"\n{keys}\n"), message);
}

#[test]
fn a_write_by_nobody() {
    written(
        "at = \"20s\"\nvalue = \"20B\"",
        &expect![[r#"
        error: missing key `nodes` in [[write]]
          --> crash.toml:35:1
           |
        35 | [[write]]
           | ^^^^^^^^^
           |
           = help: add, for example, `nodes = "all"`"#]],
    );
}

#[test]
fn a_write_by_somebody_unknown() {
    written(
        "nodes = \"fault:spilt.target\"\nat = \"20s\"\nvalue = \"20B\"",
        &expect![[r#"
        error: no earlier fault has the id `spilt`
          --> crash.toml:37:9
           |
        37 | nodes = "fault:spilt.target"
           |         ^^^^^^^^^^^^^^^^^^^^
           |
           = help: did you mean `split`?"#]],
    );
}

#[test]
fn a_write_by_nodes_of_a_fault_that_has_none() {
    written(
        "nodes = \"fault:split.target\"\nat = \"20s\"\nvalue = \"20B\"",
        &expect![[r#"
        error: the fault `split` has no target
          --> crash.toml:37:9
           |
        37 | nodes = "fault:split.target"
           |         ^^^^^^^^^^^^^^^^^^^^
           |
           = help: name a crash, a pause, an injection, a link, or a partition with shape = "isolate""#]],
    );
}

#[test]
fn an_unknown_key_of_a_write() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nevry = \"1s\"\nvalue = \"20B\"",
        &expect![[r#"
        error: unknown key `evry` in [[write]]
          --> crash.toml:39:1
           |
        39 | evry = "1s"
           | ^^^^
           |
           = help: did you mean `every`?"#]],
    );
}

#[test]
fn a_write_without_an_id() {
    appended(
        "[[write]]\nnodes = \"all\"\nat = \"20s\"\nvalue = \"20B\"\n",
        &expect![[r#"
        error: missing key `id` in [[write]]
          --> crash.toml:35:1
           |
        35 | [[write]]
           | ^^^^^^^^^
           |
           = help: add, for example, `id = "load"`"#]],
    );
}

#[test]
fn two_writes_with_one_id() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nvalue = \"20B\"\n[[write]]\nid = \"load\"\nnodes = \"all\"\nat = \"30s\"\nvalue = \"20B\"",
        &expect![[r#"
            error: two writes have the id `load`
              --> crash.toml:41:6
               |
            41 | id = "load"
               |      ^^^^^^
               |
               = help: they would have the same chances; rename one"#]],
    );
}

#[test]
fn a_write_that_is_no_list() {
    changed(
        "[net]",
        "[write]\nid = \"load\"\n[net]",
        &expect![[r#"
        error: `write` in the file must be a list of tables, not a table
          --> crash.toml:15:1
           |
        15 | [write]
           | ^^^^^^^
           |
           = help: write [[write]]"#]],
    );
}

#[test]
fn a_write_at_no_instant() {
    written(
        "nodes = \"all\"\nvalue = \"20B\"",
        &expect![[r#"
        error: missing key `at` in [[write]]
          --> crash.toml:35:1
           |
        35 | [[write]]
           | ^^^^^^^^^
           |
           = help: add, for example, `at = "20s"`"#]],
    );
}

#[test]
fn a_write_after_the_end() {
    written(
        "nodes = \"all\"\nat = \"60s\"\nvalue = \"20B\"",
        &expect![[r#"
        error: the write never happens: the run ends at 60s
          --> crash.toml:38:6
           |
        38 | at = "60s"
           |      ^^^^^
           |
           = help: make the run longer, or the times shorter"#]],
    );
}

#[test]
fn an_end_of_a_write_that_happens_once() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nuntil = \"30s\"\nvalue = \"20B\"",
        &expect![[r#"
            error: what happens once has no end
              --> crash.toml:39:9
               |
            39 | until = "30s"
               |         ^^^^^
               |
               = help: leave out `until`, or add `every`"#]],
    );
}

#[test]
fn writes_that_end_before_they_begin() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nevery = \"1s\"\nuntil = \"20s\"\nvalue = \"20B\"",
        &expect![[r#"
        error: the writes end before they begin
          --> crash.toml:40:9
           |
        40 | until = "20s"
           |         ^^^^^
           |
           = help: they begin at 20s; end later"#]],
    );
}

#[test]
fn writes_that_end_after_the_run() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nevery = \"1s\"\nuntil = \"61s\"\nvalue = \"20B\"",
        &expect![[r#"
            error: the run ends before, at 60s
              --> crash.toml:40:9
               |
            40 | until = "61s"
               |         ^^^^^
               |
               = help: leave out `until` if it goes on to the end of the run"#]],
    );
}

#[test]
fn writes_without_a_pause() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nevery = \"0s\"\nvalue = \"20B\"",
        &expect![[r#"
        error: `every` in [[write]] is no time at all
          --> crash.toml:39:9
           |
        39 | every = "0s"
           |         ^^^^
           |
           = help: write "200ms" or "200s""#]],
    );
}

#[test]
fn an_initial_write_with_an_instant() {
    written(
        "nodes = \"all\"\ninitial = true\nat = \"20s\"\nvalue = \"20B\"",
        &expect![[r#"
            error: an initial write has no `at`: it happens when nodes start
              --> crash.toml:39:6
               |
            39 | at = "20s"
               |      ^^^^^
               |
               = help: leave out `at`, or `initial`"#]],
    );
}

#[test]
fn an_initial_write_that_repeats() {
    written(
        "nodes = \"all\"\ninitial = true\nevery = \"1s\"\nvalue = \"20B\"",
        &expect![[r#"
            error: an initial write has no `every`: it happens when nodes start
              --> crash.toml:39:9
               |
            39 | every = "1s"
               |         ^^^^
               |
               = help: leave out `every`, or `initial`"#]],
    );
}

#[test]
fn an_initial_write_in_words() {
    written(
        "nodes = \"all\"\ninitial = \"yes\"\nvalue = \"20B\"",
        &expect![[r#"
        error: `initial` in [[write]] must be true or false, not a string
          --> crash.toml:38:11
           |
        38 | initial = "yes"
           |           ^^^^^
           |
           = help: write true or false, without quotes"#]],
    );
}

#[test]
fn an_initial_deletion() {
    written(
        "nodes = \"all\"\ninitial = true\nkind = \"delete\"",
        &expect![[r#"
        error: a node has nothing to delete when it starts
          --> crash.toml:39:8
           |
        39 | kind = "delete"
           |        ^^^^^^^^
           |
           = help: leave out `initial`, or `kind`"#]],
    );
}
