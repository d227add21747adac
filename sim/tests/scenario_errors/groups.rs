//! Are partitions into impossible groups reported?

use expect_test::{Expect, expect};

use super::changed;

/// Makes the partition one into groups and expects this message.
fn groups(keys: &str, message: &Expect) {
    changed("shape = \"halves\"", &format!("shape = \"groups\"\n{keys}"), message);
}

#[test]
fn groups_of_another_shape() {
    changed(
        "shape = \"halves\"",
        "shape = \"halves\"\ngroups = []",
        &expect![[r#"
        error: only a partition with shape = "groups" has groups
          --> crash.toml:28:10
           |
        28 | groups = []
           |          ^^
           |
           = help: leave out `groups`, or write `shape = "groups"`"#]],
    );
}

#[test]
fn no_groups() {
    groups(
        "",
        &expect![[r#"
        error: missing key `groups` in a partition fault
          --> crash.toml:24:1
           |
        24 | [[fault]]
           | ^^^^^^^^^
           |
           = help: add, for example, `groups = ["node:0", { pick = "random", count = "30%" }]`"#]],
    );
}

#[test]
fn groups_that_are_no_list() {
    groups(
        "groups = \"all\"",
        &expect![[r#"
        error: `groups` in a partition fault must be a list, not a string
          --> crash.toml:28:10
           |
        28 | groups = "all"
           |          ^^^^^
           |
           = help: write ["node:0", { pick = "random", count = "30%" }]"#]],
    );
}

#[test]
fn two_nodes_are_two_groups() {
    let text = super::FILE.replacen(
        "shape = \"halves\"",
        "shape = \"groups\"\ngroups = [\"node:1\", \"node:2\", { pick = \"random\", count = 2 }]",
        1,
    );
    assert!(quidnunc_sim::scenario::parse("groups.toml", &text).is_ok());
}

#[test]
fn a_single_group() {
    groups(
        "groups = [\"node:1\"]",
        &expect![[r#"
        error: `groups` in a partition fault has 1 entries
          --> crash.toml:28:10
           |
        28 | groups = ["node:1"]
           |          ^^^^^^^^^^
           |
           = help: it must have 2 to 8"#]],
    );
}

#[test]
fn a_group_that_is_no_selector() {
    groups(
        "groups = [\"node:1\", \"node:100\"]",
        &expect![[r#"
        error: there is no node `100`
          --> crash.toml:28:21
           |
        28 | groups = ["node:1", "node:100"]
           |                     ^^^^^^^^^^
           |
           = help: the nodes are node:0 to node:99"#]],
    );
}

#[test]
fn a_node_in_two_groups() {
    groups(
        "groups = [\"node:1\", { pick = \"random\", count = 9 }, { pick = \"first\", count = 2 }]",
        &expect![[r#"
        error: this group shares nodes with those before it
          --> crash.toml:28:53
           |
        28 | groups = ["node:1", { pick = "random", count = 9 }, { pick = "first", count = 2 }]
           |                                                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           |
           = help: there are 100 nodes, and each can be in one group only"#]],
    );
}

#[test]
fn more_nodes_in_groups_than_there_are() {
    let pick = "{ pick = \"random\", count = \"51%\" }";
    groups(
        &format!("groups = [{pick}, {pick}]"),
        &expect![[r#"
        error: this group shares nodes with those before it
          --> crash.toml:28:47
           |
        28 | groups = [{ pick = "random", count = "51%" }, { pick = "random", count = "51%" }]
           |                                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
           |
           = help: there are 100 nodes, and each can be in one group only"#]],
    );
}

#[test]
fn groups_with_one_direction() {
    groups(
        "groups = [\"node:1\", \"node:2\"]\ndirection = \"a-to-b\"",
        &expect![[r#"
        error: a partition into groups cuts both directions
          --> crash.toml:29:13
           |
        29 | direction = "a-to-b"
           |             ^^^^^^^^
           |
           = help: leave out `direction`, or cut two groups with shape = "isolate""#]],
    );
}

#[test]
fn groups_that_keep_apart() {
    let half = "{ pick = \"random\", count = \"50%\" }";
    groups(&format!("groups = [{half}, {half}]\ndirection = \"both\""), &expect![["accepted"]]);
}
