//! Do keys and tags come where they should, and stay out where they must?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use common::Folder;

#[test]
fn a_key_is_set_read_watched_and_deleted() {
    let folder = Folder::new("kv");
    let n1 = folder.agent("n1", &[]);
    let n2 = folder.agent("n2", &["--seed", &n1.addr()]);
    n1.until_alive(2);
    n2.until_alive(2);
    assert_eq!(n1.ask(&["kv", "get", "role"]).code, 1);
    let mut watch = n2.watch(&["kv", "watch", "--prefix", "ro"]);
    assert_eq!(n1.ask(&["kv", "set", "role", "primary"]).code, 0);
    assert_eq!(n1.ask(&["kv", "set", "other", "x"]).code, 0);
    let line = watch.until(|line| line["entry"]["key"] == "role");
    assert_eq!((&line["entry"]["value"], &line["entry"]["owner"]["name"]), (&"primary".into(), &"n1".into()));
    let got = n2.ask(&["kv", "get", "role", "--of", "n1"]);
    assert_eq!((got.code, got.out.as_str()), (0, "primary\n"));
    n1.ask(&["kv", "set", "odd", "\u{1b}[31m"]);
    for (args, out) in [
        (&["kv", "get", "odd", "--of", "n1"][..], "\u{1b}[31m\n"),
        (&["kv", "get", "odd", "--of", "n1", "--raw"], "\u{1b}[31m"),
    ] {
        assert_eq!(n1.ask(args).out, out, "what goes to no terminal is as it is");
    }
    n1.ask(&["kv", "del", "odd"]);
    n2.ask(&["kv", "set", "role", "replica"]);
    let entries =
        n1.until(&["kv", "get", "role"], |answer| answer["entries"].as_array().is_some_and(|it| it.len() == 2));
    assert_eq!(entries["entries"][1]["value"], "replica");
    let listed = n1.json(&["kv", "ls"]);
    let keys: Vec<_> = listed["entries"].as_array().unwrap().iter().map(|it| it["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["other", "role", "role"], "without what is quidnunc's own");
    assert_eq!(n1.ask(&["kv", "del", "role"]).code, 0);
    watch.until(|line| line["entry"]["owner"]["name"] == "n1" && line["entry"]["value"].is_null());
    assert_eq!(n1.ask(&["kv", "get", "role", "--of", "n1"]).code, 1);

    for (args, fault) in [
        (&["kv", "set", "sys/name", "x"][..], "reserved_key"),
        (&["kv", "del", "tag/role"], "reserved_key"),
        (&["kv", "set", "", "x"], "bad_key"),
        (&["kv", "set", "k", "x", "--ttl", "0s"], "bad_ttl"),
        (&["kv", "get", "role", "--of", "m1"], "unknown_member"),
    ] {
        let said = n1.ask(&[&["--json"], args].concat());
        assert_eq!((said.code, said.fault().as_str()), (2, fault), "{args:?}");
    }
    let said = n1.ask(&["kv", "get", "role", "--of", "m1"]);
    assert!(said.err.contains("did you mean `n1`?"), "{said:?}");
}

#[test]
fn tags_are_set_and_outlive_the_process() {
    let folder = Folder::new("tags");
    let state = folder.0.join("n1.state");
    let args = ["--tag", "role=db", "--state", state.to_str().unwrap()];
    let mut n1 = folder.agent("n1", &args);
    assert_eq!(n1.ask(&["tags", "ls"]).out, "role=db\n");
    assert_eq!(n1.ask(&["tags", "set", "zone=a", "role=web"]).out, "role=web\nzone=a\n");
    assert_eq!(n1.ask(&["tags", "set", "disk=ssd"]).code, 0);
    assert_eq!(n1.ask(&["tags", "unset", "disk"]).out, "role=web\nzone=a\n");
    assert_eq!(n1.ask(&["tags", "set", "a b=c"]).code, 2);
    let said = n1.ask(&["--json", "tags", "set", "a=\u{7}"]);
    assert_eq!((said.code, said.fault().as_str()), (2, "bad_tag"));
    n1.child.kill().unwrap();
    n1.wait();
    drop(n1);
    let n1 = folder.agent("n1", &args);
    assert_eq!(n1.ask(&["tags", "ls"]).out, "role=db\nzone=a\n", "what was given at the start stands");
}
