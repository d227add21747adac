//! Does every mistake in a scenario file end in a message that shows the place and the way out?
//!
//! Each case changes one thing in a valid file and compares the whole message. `UPDATE_EXPECT=1` writes
//! the messages anew.

mod expectations;
mod faults;
mod groups;
mod hostile;
mod infos;
mod keys;
mod looks;
mod network;
mod pauses;
mod properties;
mod quorum;
mod selectors;
mod valid;
mod values;
mod writes;
mod written_values;

use expect_test::Expect;
use quidnunc_sim::scenario::parse;

/// A valid file in which every table occurs.
const FILE: &str = r#"format = 1
name = "crash"
about = "everybody learns of a crash"

[run]
duration = "60s"
warmup = "10s"

[protocol]
period = "1s"

[nodes]
count = 100

[net]
delay = { time = "25ms", jitter = "10ms" }

[[fault]]
id = "stop"
kind = "crash"
target = "node:17"
at = "20s"

[[fault]]
id = "split"
kind = "partition"
shape = "halves"
at = "40s"
for = "10s"

[[expect]]
metric = "detection.dead"
max = "8s"
"#;

/// Puts `new` in the place of `old` in [`FILE`] and expects this message.
fn changed(old: &str, new: &str, message: &Expect) {
    replaced(FILE, old, new, message);
}

/// Puts `new` in the place of `old`, of which there is one, and expects this message.
fn replaced(file: &str, old: &str, new: &str, message: &Expect) {
    assert_eq!(file.matches(old).count(), 1, "{old} must be unique");
    refused(&file.replacen(old, new, 1), message);
}

/// Appends to [`FILE`] and expects this message.
fn appended(more: &str, message: &Expect) {
    refused(&format!("{FILE}\n{more}"), message);
}

fn refused(text: &str, message: &Expect) {
    match parse("crash.toml", text) {
        Ok(_) => message.assert_eq("accepted"),
        Err(diagnostic) => message.assert_eq(&diagnostic.to_string()),
    }
}
