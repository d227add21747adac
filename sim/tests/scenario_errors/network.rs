//! Are impossible delays and losses reported at the value?

use expect_test::expect;

use super::changed;

#[test]
fn a_share_above_one() {
    changed(
        "delay = { time",
        r#"duplicate = "101%"
delay = { time"#,
        &expect![[r#"
            error: `101%` is too large
              --> crash.toml:16:13
               |
            16 | duplicate = "101%"
               |             ^^^^^^
               |
               = help: a share is at most 100%"#]],
    );
}

#[test]
fn a_share_in_the_wrong_unit() {
    changed(
        "delay = { time",
        r#"loss = { random = "5ppm" }
delay = { time"#,
        &expect![[r#"
            error: a share has no unit `ppm`
              --> crash.toml:16:19
               |
            16 | loss = { random = "5ppm" }
               |                   ^^^^^^
               |
               = help: valid units: %"#]],
    );
}

#[test]
fn a_constant_delay_with_a_jitter() {
    changed(
        r#"jitter = "10ms""#,
        r#"jitter = "10ms", distribution = "constant""#,
        &expect![[r#"
            error: a constant delay has no jitter
              --> crash.toml:16:35
               |
            16 | delay = { time = "25ms", jitter = "10ms", distribution = "constant" }
               |                                   ^^^^^^
               |
               = help: leave out the jitter, or name another distribution"#]],
    );
}

#[test]
fn a_bell_without_a_jitter() {
    changed(
        r#"jitter = "10ms""#,
        r#"distribution = "normal""#,
        &expect![[r#"
            error: a delay with the distribution `normal` needs a jitter
              --> crash.toml:16:41
               |
            16 | delay = { time = "25ms", distribution = "normal" }
               |                                         ^^^^^^^^
               |
               = help: add, for example, `jitter = "10ms"`"#]],
    );
}

#[test]
fn a_jitter_larger_than_the_delay() {
    changed(
        r#"jitter = "10ms""#,
        r#"jitter = "30ms""#,
        &expect![[r#"
            error: the jitter is larger than the delay, so that packets would arrive before they leave
              --> crash.toml:16:35
               |
            16 | delay = { time = "25ms", jitter = "30ms" }
               |                                   ^^^^^^
               |
               = help: it can be at most 25ms"#]],
    );
}

#[test]
fn a_delay_that_is_no_table() {
    changed(
        r#"{ time = "25ms", jitter = "10ms" }"#,
        r#""25ms""#,
        &expect![[r#"
            error: `delay` in [net] must be a table, not a string
              --> crash.toml:16:9
               |
            16 | delay = "25ms"
               |         ^^^^^^
               |
               = help: write { time = ... }"#]],
    );
}

#[test]
fn a_floor_above_the_delay() {
    changed(
        r#"jitter = "10ms""#,
        r#"floor = "26ms""#,
        &expect![[r#"
            error: the floor is higher than the delay itself
              --> crash.toml:16:34
               |
            16 | delay = { time = "25ms", floor = "26ms" }
               |                                  ^^^^^^
               |
               = help: it can be at most 25ms"#]],
    );
}

#[test]
fn a_corruption_that_is_no_table() {
    changed(
        "delay = { time",
        "corrupt = \"1%\"\ndelay = { time",
        &expect![[r#"
        error: `corrupt` in [net] must be a table, not a string
          --> crash.toml:16:11
           |
        16 | corrupt = "1%"
           |           ^^^^
           |
           = help: write { random = ... }"#]],
    );
}

#[test]
fn a_corruption_of_some_other_kind() {
    changed(
        "delay = { time",
        "corrupt = { burst = \"1%\" }\ndelay = { time",
        &expect![[r#"
        error: unknown key `burst` in `corrupt`
          --> crash.toml:16:13
           |
        16 | corrupt = { burst = "1%" }
           |             ^^^^^
           |
           = help: the valid keys are: random"#]],
    );
}

#[test]
fn the_instant_at_which_the_network_itself_goes_bad() {
    changed(
        "max = \"8s\"",
        "max = \"8s\"\n[[expect]]\nmetric = \"converged\"\nafter = \"net.corrupt.start\"\nmax = \"8s\"",
        &expect![[r#"
            error: no fault has the id `net.corrupt`
              --> crash.toml:36:9
               |
            36 | after = "net.corrupt.start"
               |         ^^^^^^^^^^^^^^^^^^^
               |
               = help: the faults are: stop, split"#]],
    );
}
