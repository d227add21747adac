//! Does `network` show what becomes of a network, and the same every time?

use std::path::PathBuf;

use expect_test::expect;
use quidnunc_sim::result::ExitCode;
use serde_json::Value;

use crate::stand_in::say;

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[test]
fn a_tiny_network_in_lines() {
    let said = say(&["network", "--size", "tiny", "--cycles", "4"]);
    assert_eq!((said.code, said.err.as_str()), (ExitCode::Pass, ""));
    expect![[""]].assert_eq(&said.out);
}

#[test]
fn a_tiny_network_as_graphs() {
    let folder = folder("a_tiny_network_as_graphs");
    let said = say(&["network", "--size", "tiny", "--cycles", "3", "--quiet", "--out", folder.to_str().unwrap()]);
    assert_eq!((said.code, said.err.as_str()), (ExitCode::Pass, ""));
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    expect![[""]].assert_eq(&read("sim-cycle-0.dot"));
    expect![[""]].assert_eq(&read("sim-cycle-2.dot"));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 6, "a graph and a file of JSON per cycle");
    expect![[""]].assert_eq(&read("sim-cycle-2.json"));
}

#[test]
fn as_json_it_is_a_line_per_cycle_and_the_same_every_time() {
    let args = ["network", "--size", "small", "--cycles", "5", "--seed", "7", "--json"];
    let said = say(&args);
    assert_eq!((said.code, said.out.lines().count()), (ExitCode::Pass, 5));
    let last: Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["cycle"], &last["connected"], last["nodes"].as_array().unwrap().len()),
        (&4.into(), &true.into(), 10)
    );
    assert_eq!(said.out, say(&args).out);
    assert_ne!(said.out, say(&["network", "--size", "small", "--cycles", "5", "--seed", "8", "--json"]).out);
}

#[test]
fn a_network_that_has_no_time_to_connect_has_not_settled() {
    let said = say(&["network", "--size", "tiny", "--cycles", "1", "--quiet"]);
    assert_eq!(said.code, ExitCode::Unsettled);
    assert_eq!(said.out, "tiny, seed 1: not all connected after 1 cycles\n");
}

#[test]
fn a_size_that_is_none_and_a_folder_that_cannot_be_are_wrong_usage() {
    assert_eq!(say(&["network", "--size", "giant"]).code, ExitCode::Usage);
    assert_eq!(say(&["network", "--cycles", "0"]).code, ExitCode::Usage);
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("a_folder_that_cannot_be");
    std::fs::write(&file, "").unwrap();
    let said = say(&["network", "--size", "tiny", "--out", file.join("below").to_str().unwrap()]);
    assert_eq!((said.code, said.out.as_str()), (ExitCode::Usage, ""));
    assert!(said.err.starts_with("error: cannot make the folder "), "{}", said.err);
}
