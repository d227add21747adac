//! Does the real program hand its exit code to the shell?

use std::fs;
use std::path::Path;
use std::process::Command;

fn exit_code(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_quidnunc-sim")).args(args).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
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
