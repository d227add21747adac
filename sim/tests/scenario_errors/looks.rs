//! Are looks that see nothing, goodbyes and partitions that cannot be reported? In the file of the quorum.

use expect_test::expect;

use super::quorum::wrong;

#[test]
fn a_look_that_lacks_something() {
    wrong(
        "at = \"15s\"\nis",
        "is",
        &expect![[r#"
        error: missing key `at` in [[expect]]
          --> crash.toml:61:1
           |
        61 | [[expect]]
           | ^^^^^^^^^^
           |
           = help: add, for example, `at = "30s"`"#]],
    );
    wrong(
        "of = \"node:1\"\n",
        "",
        &expect![[r#"
        error: missing key `of` in [[expect]]
          --> crash.toml:61:1
           |
        61 | [[expect]]
           | ^^^^^^^^^^
           |
           = help: add, for example, `of = "node:0"`"#]],
    );
    wrong(
        "is = \"suspect-down\"\n",
        "",
        &expect![[r#"
        error: missing key `is` in [[expect]]
          --> crash.toml:61:1
           |
        61 | [[expect]]
           | ^^^^^^^^^^
           |
           = help: add, for example, `is = "suspect-down"`"#]],
    );
    wrong(
        "nodes = \"all\"\nof",
        "of",
        &expect![[r#"
        error: missing key `nodes` in [[expect]]
          --> crash.toml:61:1
           |
        61 | [[expect]]
           | ^^^^^^^^^^
           |
           = help: add, for example, `nodes = "all"`"#]],
    );
}

#[test]
fn a_look_at_what_cannot_be_seen() {
    wrong(
        "is = \"suspect-down\"",
        "is = \"in-quorum\"",
        &expect![[r#"
        error: unknown is `in-quorum` in [[expect]]
          --> crash.toml:67:6
           |
        67 | is = "in-quorum"
           |      ^^^^^^^^^^^
           |
           = help: the valid values are: none, down, suspect-down"#]],
    );
    wrong(
        "at = \"60s\"\nis",
        "at = \"61s\"\nis",
        &expect![[r#"
        error: nobody looks then: the run ends at 60s
          --> crash.toml:58:6
           |
        58 | at = "61s"
           |      ^^^^^
           |
           = help: make the run longer, or look earlier"#]],
    );
}

#[test]
fn keys_of_looks_with_other_metrics() {
    wrong(
        "nodes = \"fault:bye.target\"\nafter",
        "nodes = \"fault:bye.target\"\nat = \"3s\"\nafter",
        &expect![[r#"
        error: `quorum.gained` has no `at`
          --> crash.toml:74:6
           |
        74 | at = "3s"
           |      ^^^^
           |
           = help: `at` goes with `standing`, `loss`, `who_goes` and `health` only"#]],
    );
    wrong(
        "nodes = \"fault:bye.target\"\nafter",
        "of = \"fault:bye.target\"\nafter",
        &expect![[r#"
        error: `quorum.gained` has no `of`
          --> crash.toml:73:6
           |
        73 | of = "fault:bye.target"
           |      ^^^^^^^^^^^^^^^^^^
           |
           = help: `of` goes with `loss`, `who_goes` and `health` only"#]],
    );
    wrong(
        "metric = \"quorum.gained\"",
        "metric = \"quorum.overlap\"",
        &expect![[r#"
        error: `quorum.overlap` is not measured of some nodes only
          --> crash.toml:73:9
           |
        73 | nodes = "fault:bye.target"
           |         ^^^^^^^^^^^^^^^^^^
           |
           = help: `nodes` goes with `standing`, `loss`, `who_goes`, `health`, `quorum.changes`, `quorum.lost` and `quorum.gained` only"#]],
    );
}

#[test]
fn a_partition_that_flaps_without_an_end_or_meets_itself() {
    wrong(
        "for = \"2s\"\nevery",
        "every",
        &expect![[r#"
        error: a partition that never ends does not begin again
          --> crash.toml:51:9
           |
        51 | every = "5s"
           |         ^^^^
           |
           = help: say how long it lasts: `for = "3s"`"#]],
    );
    wrong(
        "every = \"5s\"",
        "every = \"2s\"",
        &expect![[r#"
        error: the next partition would begin before this one is over
          --> crash.toml:52:9
           |
        52 | every = "2s"
           |         ^^^^
           |
           = help: a partition lasts 2s; leave more time than that"#]],
    );
    wrong(
        "every = \"5s\"\n",
        "",
        &expect![[r#"
        error: a partition that happens once has no `until`
          --> crash.toml:52:9
           |
        52 | until = "50s"
           |         ^^^^^
           |
           = help: leave out `until`, or add `every`"#]],
    );
}

#[test]
fn a_goodbye_that_takes_what_it_has_not() {
    wrong(
        "restart = \"5s\"",
        "for = \"5s\"",
        &expect![[r#"
        error: unknown key `for` in a leave fault
          --> crash.toml:44:1
           |
        44 | for = "5s"
           | ^^^
           |
           = help: the valid keys are: id, kind, at, target, stagger, restart"#]],
    );
}
