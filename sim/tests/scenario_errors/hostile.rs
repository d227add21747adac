//! Are claims about hostile traffic, and traffic that cannot be, reported?

use expect_test::expect;

use super::appended;

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
