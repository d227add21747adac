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
    expect![[r#"
        tiny: 3 nodes, cycles of 150 ms, seed 1
        cycle  lack somebody  max hops  oldest sentinel  links  new  lost  refused
            0              3         1             none      3    3     0        0
            1              0         1                1      3    0     0        0
            2              0         1                1      3    0     0        0
            3              0         1                1      3    0     0        0
        tiny, seed 1: all connected at cycle 1, 0 refused
    "#]]
    .assert_eq(&said.out);
}

#[test]
fn a_tiny_network_as_graphs() {
    let folder = folder("a_tiny_network_as_graphs");
    let said = say(&["network", "--size", "tiny", "--cycles", "3", "--quiet", "--out", folder.to_str().unwrap()]);
    assert_eq!((said.code, said.err.as_str()), (ExitCode::Pass, ""));
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    expect![[r#"
        digraph G {
          node [shape=record];
          "10.0.0.1:7946" [fontsize=24, label="{Node0|MH=1|missing 2|SA=0}", color=red];
          "10.0.0.2:7946" [fontsize=18, label="{Node1|MH=1|missing 2|SA=none}", color=red];
          "10.0.0.3:7946" [fontsize=12, label="{Node2|MH=1|missing 2|SA=none}", color=red];
          "10.0.0.2:7946" -> "10.0.0.1:7946" [color=green];
          "10.0.0.3:7946" -> "10.0.0.1:7946" [color=green];
          "10.0.0.3:7946" -> "10.0.0.2:7946" [color=green];
        }
    "#]]
    .assert_eq(&read("sim-cycle-0.dot"));
    expect![[r#"
        digraph G {
          node [shape=record];
          "10.0.0.1:7946" [fontsize=24, label="{Node0|MH=1|AA=1.00|SA=0}"];
          "10.0.0.2:7946" [fontsize=18, label="{Node1|MH=1|AA=1.00|SA=1}"];
          "10.0.0.3:7946" [fontsize=12, label="{Node2|MH=1|AA=1.00|SA=1}"];
          "10.0.0.2:7946" -> "10.0.0.1:7946";
          "10.0.0.3:7946" -> "10.0.0.1:7946";
          "10.0.0.3:7946" -> "10.0.0.2:7946";
        }
    "#]]
    .assert_eq(&read("sim-cycle-2.dot"));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 6, "a graph and a file of JSON per cycle");
    expect![[r#"
        {"connected":true,"cycle":2,"links":[{"from":1,"state":"kept","to":0},{"from":2,"state":"kept","to":0},{"from":2,"state":"kept","to":1}],"nodes":[{"addr":"10.0.0.1:7946","age_hundredths":100,"incoming":2,"max_hops":1,"missing":0,"name":"Node0","outgoing":0,"refused":0,"sentinel_age":0},{"addr":"10.0.0.2:7946","age_hundredths":100,"incoming":1,"max_hops":1,"missing":0,"name":"Node1","outgoing":1,"refused":0,"sentinel_age":1},{"addr":"10.0.0.3:7946","age_hundredths":100,"incoming":0,"max_hops":1,"missing":0,"name":"Node2","outgoing":2,"refused":0,"sentinel_age":1}],"schema":1}
    "#]].assert_eq(&read("sim-cycle-2.json"));
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
