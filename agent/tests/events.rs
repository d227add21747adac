//! Is what happens told, with its reason, and are members asked one by one?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use common::Folder;

#[test]
fn a_death_is_told_with_its_reasons() {
    let folder = Folder::new("why");
    let n1 = folder.agent("n1", &[]);
    let n2 = folder.agent("n2", &["--seed", &n1.addr()]);
    let mut n3 = folder.agent("n3", &["--seed", &n1.addr()]);
    for agent in [&n1, &n2, &n3] {
        agent.until_alive(3);
    }
    let said = n1.ask(&["why", "n1"]);
    assert_eq!((said.code, said.out.as_str()), (0, "n1 is alive\n  it is this node itself\n"));
    let said = n1.ask(&["--json", "force-leave", "n3", "--yes"]);
    assert_eq!((said.code, said.fault().as_str()), (1, "not_dead"));
    let said = n1.ask(&["force-leave", "n3"]);
    let is_alive = format!("n3 at {} is alive", n3.addr());
    assert_eq!((said.code, said.err.contains(&is_alive)), (1, true), "{said:?}");
    let reached = n1.ask(&["reach"]);
    assert_eq!((reached.code, reached.out.contains("2 of 2 answered")), (0, true), "{reached:?}");

    let mut monitor = n1.watch(&["monitor", "--kind", "member"]);
    monitor.until(|line| line["watching"] == true);
    n3.child.kill().unwrap();
    n3.wait();
    let is_of = |line: &serde_json::Value, word: &str| {
        line["event"]["about"]["name"] == "n3" && line["event"]["text"].as_str().is_some_and(|text| text.contains(word))
    };
    let suspect = monitor.until(|line| is_of(line, "is suspect"));
    assert!(suspect["event"]["because"].as_array().is_some_and(|it| it.len() > 1), "{suspect}");
    let event = &suspect["event"];
    for (field, value) in [("status", "suspect"), ("was", "alive"), ("addr", &n3.addr())] {
        assert_eq!(event[field], value, "{field}: {event}");
    }
    assert!(event["boot"].is_u64() && event["counter"].is_u64() && event["hops"].is_u64(), "{event}");
    assert!(event["reason"].is_string() && event["moved_from"].is_null() && event["domain"].is_null(), "{event}");
    let top = n1.until(&["top"], |answer| answer["rows"][0]["name"] == "n3");
    let accused = &top["rows"][0];
    assert!(accused["status"] != "alive" && top["counters"]["datagrams_sent"].as_u64() > Some(0), "{top}");
    let screen = n2.ask(&["top", "--plain"]);
    assert_eq!((screen.code, screen.out.starts_with("n2, up ")), (0, true), "{screen:?}");
    let dead = monitor.until(|line| is_of(line, "is dead"));
    assert_eq!((&dead["event"]["status"], &dead["event"]["was"]), (&"dead".into(), &"suspect".into()));
    let why = n1.ask(&["why", "n3"]);
    assert_eq!((why.code, why.out.starts_with("n3 is dead\n")), (0, true), "{why:?}");
    assert_eq!(n1.ask(&["rtt", "n3"]).code, 1, "no answer");
    let reached = n1.ask(&["reach"]);
    assert_eq!(
        (reached.code, reached.out.contains("1 of 2 answered")),
        (0, true),
        "who is dead is not missing: {reached:?}"
    );

    let (said, addr) = (n1.ask(&["force-leave", "n3"]), n3.addr());
    let is_dead = said.err.contains(&format!("n3 at {addr}, which is dead"));
    assert_eq!((said.code, is_dead), (2, true), "nobody is there to say that it is meant: {said:?}");
    let said = n1.ask(&["force-leave", "n3", "--yes", "--prune"]);
    let is_told = said.out.starts_with(&format!("n3 at {addr}, which was dead, is removed; forgotten in "));
    assert_eq!((said.code, is_told), (0, true), "{said:?}");
    assert_eq!(n1.json(&["members"])["members"].as_array().unwrap().len(), 2, "it is listed no more");
    let again = n1.json(&["force-leave", "n3"]);
    assert_eq!((&again["was"], &again["status"]), (&"removed".into(), &"removed".into()));
    n2.until(&["members", "--status", "removed"], |answer| answer["members"][0]["name"] == "n3");
    let said = n1.ask(&["--json", "monitor", "--kind", "memebr"]);
    assert_eq!((said.code, said.fault().as_str()), (2, "bad_kind"));
}

#[test]
fn events_and_infos_come_to_everybody() {
    let folder = Folder::new("infos");
    let n1 = folder.agent("n1", &[]);
    let n2 = folder.agent("n2", &["--seed", &n1.addr()]);
    n1.until_alive(2);
    n2.until(&["overlay"], |answer| !answer["links"].as_array().unwrap().is_empty());
    let dot = n2.ask(&["overlay", "--dot"]);
    assert_eq!((dot.code, dot.out.contains("\"n1\"")), (0, true), "{dot:?}");

    let mut watch = n2.watch(&["event", "watch"]);
    watch.until(|line| line["watching"] == true);
    assert_eq!(n1.ask(&["event", "send", "deploy", "v1.2"]).code, 0);
    let line = watch.until(|line| line["event"]["name"] == "deploy");
    assert_eq!((&line["event"]["payload"], &line["event"]["origin"]["name"]), (&"v1.2".into(), &"n1".into()));
    let said = n1.ask(&["--json", "event", "send", "long", &"x".repeat(641)]);
    assert_eq!((said.code, said.fault().as_str()), (2, "bad_info"));

    for (key, value) in [("load.n1", "0.75"), ("load.n2", "0.5"), ("motto", "quid nunc")] {
        assert_eq!(n1.ask(&["info", "add", key, value]).code, 0);
    }
    n2.until(&["info", "ls"], |answer| {
        answer["infos"].as_array().unwrap().iter().filter(|info| info["key"] == "motto").count() == 1
    });
    assert_eq!(n2.ask(&["info", "get", "motto"]).out, "quid nunc\n");
    assert_eq!(n2.ask(&["info", "group", "load."]).code, 2, "nobody has registered it");
    let best = n1.json(&["info", "group", "load.", "--limit", "1", "--order", "min"]);
    assert_eq!((&best["infos"][0]["key"], &best["infos"][0]["value"]), (&"load.n2".into(), &0.5.into()));
    assert_eq!(n2.ask(&["info", "del", "motto"]).code, 0);
    n1.until(&["info", "ls", "--prefix", "motto"], |answer| answer["infos"].as_array().unwrap().is_empty());
    assert_eq!(n1.ask(&["info", "get", "motto"]).code, 1);
}

#[test]
fn a_way_is_measured_from_where_it_begins() {
    let folder = Folder::new("rtt");
    let n1 = folder.agent("n1", &[]);
    let n2 = folder.agent("n2", &["--seed", &n1.addr()]);
    let n3 = folder.agent("n3", &["--seed", &n1.addr()]);
    for agent in [&n1, &n2, &n3] {
        agent.until_alive(3);
    }
    for args in
        [&["rtt", "n2"][..], &["rtt", "n1", "n2"], &["rtt", "n2", "n1"], &["rtt", &n2.id()[..12]], &["rtt", &n2.addr()]]
    {
        let reached = n1.json(args);
        assert_eq!((&reached["name"], reached["rtt_us"].is_number()), (&"n2".into(), true), "{args:?}: {reached}");
    }
    for (args, code, fault) in [
        (&["rtt", "n2", "n3"][..], 2, "not_from_here"),
        (&["rtt", "n1"], 2, "is_self"),
        (&["rtt", "n1", "n1"], 2, "is_self"),
        (&["rtt", "n4"], 2, "unknown_member"),
    ] {
        let said = n1.ask(&[&["--json"], args].concat());
        assert_eq!((said.code, said.fault().as_str()), (code, fault), "{args:?}");
    }
}
