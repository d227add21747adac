//! Are writes that cannot be, and claims about writes that are not there, reported?

use expect_test::{Expect, expect};

use super::{appended, changed};

/// Appends a write with these keys to the file and expects this message.
fn written(keys: &str, message: &Expect) {
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
        error: a write that happens once has no end
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
           = help: leave out `until` if nodes write to the end of the run"#]],
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
        error: an initial write has no `at`: nodes write when they start
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
        error: an initial write has no `every`: nodes write when they start
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

#[test]
fn a_write_of_another_kind() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nkind = \"delte\"",
        &expect![[r#"
        error: unknown kind `delte` in [[write]]
          --> crash.toml:39:8
           |
        39 | kind = "delte"
           |        ^^^^^^^
           |
           = help: did you mean `delete`?"#]],
    );
}

#[test]
fn a_write_to_no_key() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nkeys = 0\nvalue = \"20B\"",
        &expect![[r#"
        error: `keys` in [[write]] is out of range: 0
          --> crash.toml:39:8
           |
        39 | keys = 0
           |        ^
           |
           = help: it must be in 1 ..= 10000"#]],
    );
}

#[test]
fn a_put_of_nothing() {
    written(
        "nodes = \"all\"\nat = \"20s\"",
        &expect![[r#"
        error: missing key `value` in [[write]]
          --> crash.toml:35:1
           |
        35 | [[write]]
           | ^^^^^^^^^
           |
           = help: add, for example, `value = "20B"`"#]],
    );
}

#[test]
fn a_value_without_a_unit() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nvalue = 20",
        &expect![[r#"
        error: `value` in [[write]] must be a size in quotes, not an integer
          --> crash.toml:39:9
           |
        39 | value = 20
           |         ^^
           |
           = help: write "20B" or "20KiB""#]],
    );
}

#[test]
fn a_value_that_no_datagram_carries() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nvalue = \"2MiB\"",
        &expect![[r#"
        error: no value is that large
          --> crash.toml:39:9
           |
        39 | value = "2MiB"
           |         ^^^^^^
           |
           = help: a value has 1024KiB at most, and must fit into a datagram"#]],
    );
}

#[test]
fn a_deletion_with_a_value() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nkind = \"delete\"\nvalue = \"20B\"",
        &expect![[r#"
        error: a deletion has no value
          --> crash.toml:40:9
           |
        40 | value = "20B"
           |         ^^^^^
           |
           = help: leave out `value`, or write `kind = "put"`"#]],
    );
}

#[test]
fn a_deletion_with_an_end() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nkind = \"delete\"\nttl = \"20s\"",
        &expect![[r#"
        error: a deletion has no ttl
          --> crash.toml:40:7
           |
        40 | ttl = "20s"
           |       ^^^^^
           |
           = help: leave out `ttl`, or write `kind = "put"`"#]],
    );
}

#[test]
fn a_value_that_ends_at_once() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nvalue = \"20B\"\nttl = \"0s\"",
        &expect![[r#"
        error: `ttl` in [[write]] is no time at all
          --> crash.toml:40:7
           |
        40 | ttl = "0s"
           |       ^^^^
           |
           = help: write "200ms" or "200s""#]],
    );
}

#[test]
fn a_grace_without_a_unit() {
    changed(
        "period = \"1s\"",
        "state_grace = 60",
        &expect![[r#"
        error: `state_grace` in [protocol] must be a duration in quotes, not an integer
          --> crash.toml:10:15
           |
        10 | state_grace = 60
           |               ^^
           |
           = help: write "60ms" or "60s""#]],
    );
}

#[test]
fn a_claim_about_writes_where_there_are_none() {
    appended(
        "[[expect]]\nmetric = \"delivery\"\nmax = \"5s\"\n",
        &expect![[r#"
        error: `delivery` measures writes, and nothing is written in this file
          --> crash.toml:36:10
           |
        36 | metric = "delivery"
           |          ^^^^^^^^^^
           |
           = help: add a [[write]] with nodes = "all""#]],
    );
}

#[test]
fn a_mean_of_refused_writes() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nvalue = \"20B\"\n[[expect]]\nmetric = \"writes.refused\"\nstat = \"mean\"\nmax = 0",
        &expect![[r#"
            error: `writes.refused` is a counter and has no `mean`
              --> crash.toml:42:8
               |
            42 | stat = "mean"
               |        ^^^^^^
               |
               = help: leave out `stat`, or write "count""#]],
    );
}

#[test]
fn a_delivery_after_an_instant() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nvalue = \"20B\"\n[[expect]]\nmetric = \"delivery\"\nafter = \"split.end\"\nmax = \"1s\"",
        &expect![[r#"
            error: `delivery` is not measured from an instant
              --> crash.toml:42:9
               |
            42 | after = "split.end"
               |         ^^^^^^^^^^^
               |
               = help: `after` goes with `converged` and `agreed` only"#]],
    );
}

#[test]
fn a_delivery_without_a_unit() {
    written(
        "nodes = \"all\"\nat = \"20s\"\nvalue = \"20B\"\n[[expect]]\nmetric = \"agreed\"\nmax = 5",
        &expect![[r#"
        error: `max` in [[expect]] must be a duration in quotes, not an integer
          --> crash.toml:42:7
           |
        42 | max = 5
           |       ^
           |
           = help: write "5ms" or "5s""#]],
    );
}
