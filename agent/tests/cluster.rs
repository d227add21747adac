//! Do three agents find each other, and is a killed one missed?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use common::Folder;

#[test]
fn three_agents_know_each_other_and_miss_the_one_that_is_killed() {
    let folder = Folder::new("three");
    let n1 = folder.agent("n1", &["--tag", "role=db", "--domain", "rack-1"]);
    let n2 = folder.agent("n2", &["--seed", &n1.addr(), "--domain", "rack-2"]);
    let mut n3 = folder.agent("n3", &["--seed", &n1.addr()]);
    for agent in [&n1, &n2, &n3] {
        agent.until_alive(3);
    }
    let members = n2.until(&["members"], |answer| answer["members"][0]["tags"]["role"] == "db");
    assert_eq!(members["schema"], 1);
    let names: Vec<_> = members["members"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["n1", "n2", "n3"]);
    assert_eq!(members["members"][0]["domain"], "rack-1");
    assert_eq!(members["members"][0]["addr"], n1.addr());
    let of = |args: &[&str]| n2.json(args)["members"].as_array().unwrap().len();
    assert_eq!(of(&["members", "--tag", "role=db"]), 1);
    assert_eq!(of(&["members", "--tag", "role=web"]), 0);
    assert_eq!(of(&["members", "--domain", "rack-2"]), 1);
    assert_eq!(of(&["members", "--status", "dead,left"]), 0);
    n1.until_code(&["status"], 0);

    let mut watch = n1.watch(&["members", "--watch"]);
    watch.until(|line| line["member"]["name"] == "n3" && line["member"]["status"] == "alive");
    let mut watch_dead = n1.watch(&["members", "--watch", "--status", "dead"]);
    n3.child.kill().unwrap();
    watch.until(|line| line["member"]["name"] == "n3" && line["member"]["status"] == "dead");
    let first = watch_dead.until(|_| true);
    assert_eq!(first["member"]["name"], "n3", "nobody else is wanted");
    let status = n1.ask(&["status"]);
    assert_eq!(status.code, 1);
    assert!(status.out.contains("degraded: 1 dead"), "{}", status.out);
    n2.until(&["members", "--status", "dead"], |answer| answer["members"][0]["name"] == "n3");

    // It comes back as itself, through the socket that it left behind.
    assert_eq!(folder.run(&["--socket", "n3", "status"]).code, 3);
    let n3 = folder.agent("n3", &["--seed", &n1.addr()]);
    n3.until_alive(3);
    let second = watch_dead.until(|_| true);
    assert_eq!((&second["member"]["name"], &second["member"]["status"]), (&"n3".into(), &"alive".into()));
    n1.until_alive(3);
}

#[test]
fn whoever_asks_nobody_is_told_so() {
    let folder = Folder::new("nobody");
    let said = folder.run(&["members"]);
    assert_eq!((said.code, said.err.contains("quidnunc agent")), (3, true), "{said:?}");
    let said = folder.run(&["--json", "members"]);
    assert_eq!((said.code, said.fault().as_str()), (3, "no_agent"), "{said:?}");
    let mut n1 = folder.agent("n1", &[]);
    assert_eq!(folder.run(&["members"]).code, 0, "the only one is meant");
    let n2 = folder.agent("n2", &[]);
    let said = folder.run(&["members"]);
    assert_eq!((said.code, said.err.contains("n1, n2")), (2, true), "{said:?}");
    let taken = folder.try_agent("n1", &[]).err().unwrap();
    assert_eq!((taken.code, taken.err.contains("already")), (2, true), "{taken:?}");
    let port = n1.ready["bound"].as_str().unwrap().to_owned();
    let mut command = folder.program();
    let bound = command.args(["agent", "--name", "n3", "--bind", &port]).output().unwrap();
    assert_eq!(bound.status.code(), Some(1), "what the system refuses is no wrong usage");
    let misspelt = ["members", "--stauts", "dead"];
    let said = folder.run(&misspelt);
    assert!(said.code == 2 && said.err.starts_with("error: unexpected argument '--stauts'"), "{said:?}");
    let asked = folder.program().args(misspelt).env("QUIDNUNC_JSON", "1").output().unwrap();
    let said: serde_json::Value = serde_json::from_slice(&asked.stderr).unwrap();
    assert_eq!(said["error"]["message"], "unexpected argument '--stauts' found");
    assert!(said["error"]["hint"].as_str().unwrap().contains("'--status'"), "{said}");
    assert!(folder.run(&["version", "--json"]).json()["wire"].is_number());
    for (args, code, fault) in [
        (&["members"][..], 2, "several_agents"),
        (&["members", "--socket", "n9"], 3, "unreachable"),
        (&["keys", "install", "/nowhere/a.key"], 2, "several_agents"),
        (&["keys", "install", "/nowhere/a.key", "--socket", "n1"], 2, "usage"),
        (&["config", "check", "/nowhere/agent.toml"], 2, "usage"),
        (&["members", "--stauts", "dead"], 2, "usage"),
        (&["--timeout", "soon", "status"], 2, "usage"),
    ] {
        let said = folder.run(&[&["--json"], args].concat());
        assert_eq!((said.code, said.fault().as_str()), (code, fault), "{said:?}");
    }
    // A socket that was left behind is no agent.
    n1.child.kill().unwrap();
    n1.wait();
    assert!(n1.socket().exists());
    assert_eq!(folder.run(&["--json", "status"]).json()["name"], "n2");
    drop(n2);
}

#[test]
fn the_socket_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new("modes");
    let agent = folder.agent("n1", &[]);
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(agent.socket()), 0o600);
    assert_eq!(mode(agent.socket().parent().unwrap()), 0o700);
    let file = folder.file("there", "something");
    let said = folder.try_agent("n2", &["--socket", &file]).err().unwrap();
    assert_eq!((said.code, said.err.contains("no socket")), (2, true), "{said:?}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "something");
}
