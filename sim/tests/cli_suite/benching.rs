//! Does `bench` say what it measured? Not how fast it is: that depends on the machine.

use quidnunc_sim::result::ExitCode;
use serde_json::Value;

use crate::stand_in::say;

#[test]
fn the_numbers_are_there_and_the_events_are_the_same_every_time() {
    let args = ["bench", "--nodes", "100", "--pending", "1000", "--seconds", "2", "--json"];
    let json = || {
        let said = say(&args);
        assert_eq!((said.code, said.err.as_str(), said.out.lines().count()), (ExitCode::Pass, "", 1));
        serde_json::from_str::<Value>(&said.out).unwrap()
    };
    let (one, again) = (json(), json());
    for key in ["nodes", "pending", "simulated_s", "events", "packets", "timers"] {
        assert_eq!(one[key], again[key], "{key}");
        assert!(one[key].as_u64().unwrap() > 0, "{key}");
    }
    let keys: Vec<&String> = one.as_object().unwrap().keys().collect();
    assert!(
        ["cpu_ns", "events_per_cpu_second", "memory_bytes", "bytes_per_node"]
            .iter()
            .all(|key| { keys.iter().any(|known| known == key) })
    );
}

#[test]
fn the_text_says_how() {
    let said = say(&["bench", "--pending", "900", "--seconds", "1"]);
    assert_eq!(said.code, ExitCode::Pass);
    let begin = "null protocol: 300 nodes, 900 events waiting, 1 s simulated after 6 s to warm up\n";
    assert!(said.out.starts_with(begin), "{}", said.out);
    assert!(said.out.contains(" events per processor second\n"), "{}", said.out);
    assert!(said.out.contains(" bytes per node: "), "{}", said.out);
}

#[test]
fn sizes_that_cannot_be_end_with_64() {
    for args in [["--nodes", "1"], ["--nodes", "1000001"], ["--pending", "0"], ["--seconds", "0"]] {
        assert_eq!(say(&["bench", args[0], args[1]]).code, ExitCode::Usage, "{args:?}");
    }
}
