//! Does the real program hand its exit code to the shell, and does it say where a mistake is?

use std::fs;
use std::path::Path;
use std::process::Command;

use expect_test::expect;

/// Exit code, results and complaints of the real program.
fn program(args: &[&str]) -> (Option<i32>, String, String) {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let output = Command::new(env!("CARGO_BIN_EXE_quidnunc-sim")).args(args).current_dir(folder).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn exit_code(args: &[&str]) -> (Option<i32>, String) {
    let (code, _, err) = program(args);
    (code, err)
}

#[test]
fn mistakes_end_with_64_and_help_with_0() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("not-a-scenario.toml");
    fs::write(&path, "format = ").unwrap();
    let path = path.to_str().unwrap();

    let (code, err) = exit_code(&["check", path]);
    assert_eq!(code, Some(64));
    assert!(err.contains("not-a-scenario.toml"), "{err}");

    let (code, err) = exit_code(&["check", "no/such/file.toml"]);
    assert_eq!(code, Some(64));
    assert!(err.contains("no/such/file.toml"), "{err}");

    assert_eq!(exit_code(&["run"]).0, Some(64));
    assert_eq!(exit_code(&["--help"]).0, Some(0));
}

/// A scenario with this line in `[protocol]` is refused by every command, with one and the same complaint,
/// which is returned, and nothing else: no result, and no file of fingerprints, which is made before a run.
fn refused(name: &str, line: &str) -> String {
    let (file, fingerprints) = (format!("{name}.toml"), format!("{name}.fp"));
    let text = format!(
        "format = 1\nname = \"refused\"\nabout = \"nobody can run this\"\n\n[run]\nduration = \"5s\"\n\n\
         [protocol]\n{line}\n\n[nodes]\ncount = 3\n"
    );
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(&file), text).unwrap();
    let mut complaints = Vec::new();
    for args in [&["run", &file, "--fingerprints", &fingerprints][..], &["check", &file], &["verify", &file]] {
        let (code, out, err) = program(args);
        assert_eq!((code, out.as_str()), (Some(64), ""), "{args:?}");
        complaints.push(err);
    }
    assert!(!Path::new(env!("CARGO_TARGET_TMPDIR")).join(&fingerprints).exists());
    complaints.dedup();
    complaints.concat()
}

#[test]
fn a_timeout_that_outlasts_its_period_is_shown() {
    expect![[r#"
        error: probe_timeout 2s is not below period 1s
         --> timeout.toml:9:17
          |
        9 | probe_timeout = "2s"
          |                 ^^^^
    "#]]
    .assert_eq(&refused("timeout", "probe_timeout = \"2s\""));
}

#[test]
fn a_period_below_the_profiles_timeout_is_shown() {
    expect![[r#"
        error: probe_timeout 500ms is not below period 400ms
         --> period.toml:9:10
          |
        9 | period = "400ms"
          |          ^^^^^^^
    "#]]
    .assert_eq(&refused("period", "period = \"400ms\""));
}

#[test]
fn a_datagram_that_nothing_fits_into_is_shown() {
    expect![[r#"
        error: datagram_bytes_max 100 is not between 512 and 65507
         --> datagram.toml:9:12
          |
        9 | datagram = "100B"
          |            ^^^^^^
    "#]]
    .assert_eq(&refused("datagram", "datagram = \"100B\""));
}

#[test]
fn an_unknown_key_is_shown_with_the_nearest_name() {
    expect![[r#"
        error: unknown key `indirect_probs` in [protocol]
         --> unknown.toml:9:1
          |
        9 | indirect_probs = 3
          | ^^^^^^^^^^^^^^
          |
          = help: did you mean `indirect_probes`?
    "#]]
    .assert_eq(&refused("unknown", "indirect_probs = 3"));
}
