//! Are claims about hostile traffic, and traffic that cannot be, reported?

use expect_test::{Expect, expect};

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

/// Appends an injection with these keys to the file and expects this message.
fn injected(keys: &str, message: &Expect) {
    appended(&format!("[[fault]]\nid = \"flood\"\nkind = \"inject\"\nat = \"30s\"\n{keys}\n"), message);
}

#[test]
fn an_injection_into_nobody() {
    injected(
        "rate = \"10/s\"\nwhat = \"noise\"",
        &expect![[r#"
        error: missing key `target` in an inject fault
          --> crash.toml:35:1
           |
        35 | [[fault]]
           | ^^^^^^^^^
           |
           = help: add, for example, `target = "all"`"#]],
    );
}

#[test]
fn an_injection_without_a_rate() {
    injected(
        "target = \"all\"\nwhat = \"noise\"",
        &expect![[r#"
        error: missing key `rate` in an inject fault
          --> crash.toml:35:1
           |
        35 | [[fault]]
           | ^^^^^^^^^
           |
           = help: add, for example, `rate = "10/s"`"#]],
    );
}

#[test]
fn an_injection_of_nothing() {
    injected(
        "target = \"all\"\nrate = \"10/s\"",
        &expect![[r#"
        error: missing key `what` in an inject fault
          --> crash.toml:35:1
           |
        35 | [[fault]]
           | ^^^^^^^^^
           |
           = help: add, for example, `what = "noise"`"#]],
    );
}

#[test]
fn an_injection_of_something_unknown() {
    injected(
        "target = \"all\"\nrate = \"10/s\"\nwhat = \"reply\"",
        &expect![[r#"
        error: unknown what `reply` in an inject fault
          --> crash.toml:41:8
           |
        41 | what = "reply"
           |        ^^^^^^^
           |
           = help: did you mean `replay`?"#]],
    );
}

#[test]
fn a_rate_without_quotes() {
    injected(
        "target = \"all\"\nrate = 10\nwhat = \"noise\"",
        &expect![[r#"
        error: `rate` in an inject fault must be a frequency in quotes, not an integer
          --> crash.toml:40:8
           |
        40 | rate = 10
           |        ^^
           |
           = help: write "10/s""#]],
    );
}

#[test]
fn a_rate_in_bytes() {
    injected(
        "target = \"all\"\nrate = \"10B/s\"\nwhat = \"noise\"",
        &expect![[r#"
        error: a frequency has no unit `B/s`
          --> crash.toml:40:8
           |
        40 | rate = "10B/s"
           |        ^^^^^^^
           |
           = help: valid units: /s"#]],
    );
}

#[test]
fn a_rate_of_nothing() {
    injected(
        "target = \"all\"\nrate = \"0/s\"\nwhat = \"noise\"",
        &expect![[r#"
        error: this injects nothing
          --> crash.toml:40:8
           |
        40 | rate = "0/s"
           |        ^^^^^
           |
           = help: write more than 0/s, or leave out the fault"#]],
    );
}

#[test]
fn a_rate_that_is_too_high() {
    injected(
        "target = \"all\"\nrate = \"10_001/s\"\nwhat = \"noise\"",
        &expect![[r#"
        error: `10_001/s` is too large
          --> crash.toml:40:8
           |
        40 | rate = "10_001/s"
           |        ^^^^^^^^^^
           |
           = help: a frequency is at most 10000/s"#]],
    );
}

#[test]
fn an_injection_with_a_loss() {
    injected(
        "target = \"all\"\nrate = \"1/s\"\nwhat = \"noise\"\nloss = { random = \"1%\" }",
        &expect![[r#"
        error: unknown key `loss` in an inject fault
          --> crash.toml:42:1
           |
        42 | loss = { random = "1%" }
           | ^^^^
           |
           = help: the valid keys are: id, kind, at, for, target, rate, what"#]],
    );
}
