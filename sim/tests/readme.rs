//! Does the README show what the program prints?

use std::process::Command;

#[test]
fn the_main_job_prints_what_the_readme_shows() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).expect("there is a README");
    let mut run = Command::new(env!("CARGO_BIN_EXE_quidnunc-sim"));
    let output = run.args(["run", "scenarios/quickstart.toml"]).current_dir(root).output().expect("it starts");
    let printed = String::from_utf8(output.stdout).expect("it prints text");
    assert!(readme.contains(printed.trim_end()), "README.md does not show this:\n{printed}");
}
