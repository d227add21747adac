//! Are claims about hostile traffic, and traffic that cannot be, reported?

use expect_test::expect;

use super::{appended, changed};

#[test]
fn sides_of_a_stranger() {
    appended(
        "[[expect]]\nmetric = \"strangers\"\nwhere = \"same-side\"\nmax = 0\n",
        &expect![[r#"
            error: `strangers` does not distinguish sides
              --> crash.toml:37:9
               |
            37 | where = "same-side"
               |         ^^^^^^^^^^^
               |
               = help: `where` goes with `false_positive*` only"#]],
    );
}

#[test]
fn a_mean_of_strangers() {
    appended(
        "[[expect]]\nmetric = \"strangers\"\nstat = \"mean\"\nmax = 0\n",
        &expect![[r#"
            error: `strangers` is a counter and has no `mean`
              --> crash.toml:37:8
               |
            37 | stat = "mean"
               |        ^^^^^^
               |
               = help: leave out `stat`, or write "count""#]],
    );
}

#[test]
fn a_truncation_that_is_no_table() {
    changed(
        "delay = { time",
        "truncate = \"1%\"\ndelay = { time",
        &expect![[r#"
            error: `truncate` in [net] must be a table, not a string
              --> crash.toml:16:12
               |
            16 | truncate = "1%"
               |            ^^^^
               |
               = help: write { random = ... }"#]],
    );
}

#[test]
fn a_truncation_of_some_other_kind() {
    appended(
        "[[fault]]\nid = \"short\"\nkind = \"link\"\nfrom = \"all\"\nat = \"30s\"\ntruncate = { to = \"1B\" }\n",
        &expect![[r#"
            error: unknown key `to` in `truncate`
              --> crash.toml:40:14
               |
            40 | truncate = { to = "1B" }
               |              ^^
               |
               = help: the valid keys are: random"#]],
    );
}

#[test]
fn the_instant_at_which_the_network_begins_to_cut() {
    changed(
        "max = \"8s\"",
        "max = \"8s\"\n[[expect]]\nmetric = \"converged\"\nafter = \"net.truncate.start\"\nmax = \"8s\"",
        &expect![[r#"
            error: no fault has the id `net.truncate`
              --> crash.toml:36:9
               |
            36 | after = "net.truncate.start"
               |         ^^^^^^^^^^^^^^^^^^^^
               |
               = help: the faults are: stop, split"#]],
    );
}
