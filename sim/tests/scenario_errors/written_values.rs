//! Are values that cannot be written, and claims about writes that are not there, reported?

use expect_test::expect;

use super::writes::written;
use super::{appended, changed};

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
               = help: `after` goes with `converged`, `agreed`, `links.joined`, `links.last_asked`, `infos.connected`, `quorum.lost` and `quorum.gained` only"#]],
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
