//! Does `verify` tell the same from the different?

use quidnunc_sim::result::ExitCode;
use serde_json::{Value, json};

use crate::stand_in::{file, say};

#[test]
fn the_same_bytes_pass_whatever_the_verdict() {
    for name in ["good", "fails", "panics"] {
        let path = file("the_same_bytes", name);
        let said = say(&["verify", &path]);
        assert_eq!((said.code, said.err.as_str()), (ExitCode::Pass, ""), "{name}");
        assert_eq!(said.out, format!("SAME  {name}  seed 1 · fp 53de64a7c0ffee01\n"));
    }
}

#[test]
fn the_first_key_that_differs_is_named() {
    let fickle = file("the_first_key", "fickle");
    let said = say(&["verify", &fickle]);
    assert_eq!(said.code, ExitCode::NotDeterministic);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], "DIFFERENT  fickle  seed 1 · fp 53de64a7c0ffee01");
    assert_eq!(lines[1], "packets.delivered: first 990, then 989");
    assert!(lines[2].starts_with(&format!("quidnunc-sim verify {fickle}   # commit ")), "{}", lines[2]);
}

#[test]
fn the_same_in_json() {
    let [good, fickle] = ["good", "fickle"].map(|name| file("the_same_in_json", name));
    let said = say(&["verify", "--json", &good, &fickle]);
    assert_eq!(said.code, ExitCode::NotDeterministic);
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["same"], &lines[0]["difference"]), (&json!(true), &Value::Null));
    assert_eq!(lines[1]["same"], false);
    assert_eq!(lines[1]["difference"], json!({ "key": "packets.delivered", "first": 990, "again": 989 }));
}

#[test]
fn a_run_without_a_result_is_no_comparison() {
    let refused = file("no_comparison", "refused");
    assert_eq!(say(&["verify", &refused]).code, ExitCode::Usage);
}
