//! Are infos that nobody can issue, or at no time, reported?

use expect_test::{Expect, expect};
use quidnunc_sim::scenario::{Issuers, When, parse};

use super::{changed, replaced};

const FILE: &str = r#"format = 1
name = "infos"
about = "everybody knows everybody"
run = { duration = "60s" }
protocol = { profile = "infos", info_interval = "1s", infos_max = 1000, infos_bytes = "1MiB" }
nodes = { count = 10, clusters = 2 }

[[info]]
id = "own"
nodes = "all"
at = "2s"
every = "2s"
until = "14s"
spread = true
keys = 3
value = "20B"
ttl = "1h"

[[info]]
id = "duty"
nodes = "lowest"
key = "sentinel"
at = "2s"
every = "2s"

[[expect]]
metric = "links.last_asked"
max = "40s"
"#;

fn wrong(old: &str, new: &str, message: &Expect) {
    replaced(FILE, old, new, message);
}

#[test]
fn what_is_right_is_understood() {
    let scenario = parse("infos.toml", FILE).unwrap_or_else(|mistake| panic!("{mistake}"));
    let [own, duty] = scenario.infos.as_slice() else { panic!("there are two tables") };
    assert_eq!((own.keys, own.bytes, own.ttl_ns, own.spread), (3, Some(20), Some(3_600_000_000_000), true));
    assert_eq!((&duty.issuers, duty.key.as_deref(), duty.bytes), (&Issuers::Lowest, Some("sentinel"), None));
    let every = When::Every { at_ns: 2_000_000_000, every_ns: 2_000_000_000, until_ns: 60_000_000_000 };
    assert_eq!((duty.when, scenario.nodes.clusters), (every, 2));
    let protocol = scenario.protocol;
    let set = (protocol.info_interval_ns, protocol.infos_max, protocol.infos_bytes);
    assert_eq!(set, (Some(1_000_000_000), Some(1000), Some(1 << 20)));
}

#[test]
fn infos_of_nodes_that_tell_none() {
    wrong(
        "protocol = { profile = \"infos\", info_interval = \"1s\", infos_max = 1000, infos_bytes = \"1MiB\" }",
        "protocol = { profile = \"lan\" }",
        &expect![[r#"
            error: nodes of the profile `lan` tell no infos
             --> crash.toml:8:1
              |
            8 | [[info]]
              | ^^^^^^^^
              |
              = help: write `profile = "infos"` in [protocol]"#]],
    );
}

#[test]
fn settings_of_infos_of_nodes_that_tell_none() {
    wrong(
        "profile = \"infos\", info_interval",
        "profile = \"wan\", info_interval",
        &expect![[r#"
        error: nodes of the profile `wan` tell no infos
         --> crash.toml:5:47
          |
        5 | protocol = { profile = "wan", info_interval = "1s", infos_max = 1000, infos_bytes = "1MiB" }
          |                                               ^^^^
          |
          = help: the profile `infos` does"#]],
    );
}

#[test]
fn an_unknown_key_of_an_info() {
    wrong(
        "keys = 3",
        "kyes = 3",
        &expect![[r#"
        error: unknown key `kyes` in [[info]]
          --> crash.toml:15:1
           |
        15 | kyes = 3
           | ^^^^
           |
           = help: did you mean `keys`?"#]],
    );
}

#[test]
fn two_infos_of_one_name() {
    wrong(
        "id = \"duty\"",
        "id = \"own\"",
        &expect![[r#"
        error: two infos have the id `own`
          --> crash.toml:20:6
           |
        20 | id = "own"
           |      ^^^^^
           |
           = help: they would have the same keys; rename one"#]],
    );
}

#[test]
fn a_key_and_several_keys() {
    wrong(
        "key = \"sentinel\"",
        "key = \"sentinel\"\nkeys = 2",
        &expect![[r#"
        error: all issue this info under one key
          --> crash.toml:23:8
           |
        23 | keys = 2
           |        ^
           |
           = help: leave out `keys`, or `key`"#]],
    );
}

#[test]
fn a_key_that_may_be_somebody_elses() {
    wrong(
        "key = \"sentinel\"",
        "key = \"own.3.1\"",
        &expect![[r#"
        error: the key `own.3.1` may be somebody else's
          --> crash.toml:22:7
           |
        22 | key = "own.3.1"
           |       ^^^^^^^^^
           |
           = help: a key has no dot, and does not begin with `event/` or `node-`"#]],
    );
}

#[test]
fn a_key_that_is_too_long() {
    wrong(
        "key = \"sentinel\"",
        &format!("key = \"{}\"", "k".repeat(256)),
        &expect![[r#"
        error: a key of 256 bytes is too long
          --> crash.toml:22:7
           |
        22 | key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
           |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           |
           = help: a key has 255 bytes at most"#]],
    );
}

#[test]
fn a_value_that_is_too_large() {
    wrong(
        "value = \"20B\"",
        "value = \"1KiB\"",
        &expect![[r#"
        error: no info is that large
          --> crash.toml:16:9
           |
        16 | value = "1KiB"
           |         ^^^^^^
           |
           = help: the value of an info has 704B at most"#]],
    );
}

#[test]
fn a_duty_at_a_start() {
    wrong(
        "nodes = \"lowest\"\nkey = \"sentinel\"\nat = \"2s\"\nevery = \"2s\"",
        "nodes = \"lowest\"\ninitial = true",
        &expect![[r#"
            error: who runs with the lowest number is asked at an instant, not at a start
              --> crash.toml:21:9
               |
            21 | nodes = "lowest"
               |         ^^^^^^^^
               |
               = help: leave out `initial`, or name the nodes"#]],
    );
}

#[test]
fn one_info_that_is_spread() {
    wrong(
        "every = \"2s\"\nuntil = \"14s\"\nspread",
        "spread",
        &expect![[r#"
        error: what is issued once has no interval to be spread over
          --> crash.toml:12:10
           |
        12 | spread = true
           |          ^^^^
           |
           = help: add `every`"#]],
    );
}

#[test]
fn an_info_that_never_comes() {
    wrong(
        "at = \"2s\"\nevery = \"2s\"\nuntil",
        "at = \"70s\"\nevery = \"2s\"\nuntil",
        &expect![[r#"
        error: the info never happens: the run ends at 60s
          --> crash.toml:11:6
           |
        11 | at = "70s"
           |      ^^^^^
           |
           = help: make the run longer, or the times shorter"#]],
    );
}

#[test]
fn infos_that_end_before_they_begin() {
    wrong(
        "until = \"14s\"",
        "until = \"1s\"",
        &expect![[r#"
        error: the infos end before they begin
          --> crash.toml:13:9
           |
        13 | until = "1s"
           |         ^^^^
           |
           = help: they begin at 2s; end later"#]],
    );
}

#[test]
fn more_clusters_than_nodes() {
    wrong(
        "clusters = 2",
        "clusters = 11",
        &expect![[r#"
        error: `clusters` in [nodes] is out of range: 11
         --> crash.toml:6:34
          |
        6 | nodes = { count = 10, clusters = 11 }
          |                                  ^^
          |
          = help: it must be in 1 ..= 10"#]],
    );
}

#[test]
fn a_metric_of_links_where_there_are_none() {
    changed(
        "metric = \"detection.dead\"",
        "metric = \"links.joined\"",
        &expect![[r#"
        error: `links.joined` measures links and infos, and nodes of this file have none
          --> crash.toml:32:10
           |
        32 | metric = "links.joined"
           |          ^^^^^^^^^^^^^^
           |
           = help: write `profile = "infos"` in [protocol]"#]],
    );
}
