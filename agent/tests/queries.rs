//! Is everybody asked, and are all answers heard?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use common::Folder;

#[test]
fn everybody_is_asked_and_answers() {
    let folder = Folder::new("queries");
    let n1 = folder.agent("n1", &["--domain", "rack-1"]);
    let n2 = folder.agent("n2", &["--seed", &n1.addr(), "--tag", "role=db"]);
    let n3 = folder.agent("n3", &["--seed", &n1.addr(), "--domain", "rack-1"]);
    for agent in [&n1, &n2, &n3] {
        agent.until_alive(3);
        agent.until(&["overlay"], |answer| !answer["links"].as_array().unwrap().is_empty());
    }
    let said = n1.ask(&["query", "ping", "--timeout", "60s"]);
    let mut lines: Vec<_> = said.out.lines().collect();
    assert_eq!((said.code, lines.pop()), (0, Some("3 of 3")), "{said:?}");
    lines.sort_unstable();
    assert_eq!(lines, ["n1: pong", "n2: pong", "n3: pong"]);
    n1.until(&["members", "--tag", "role=db"], |answer| answer["members"].as_array().unwrap().len() == 1);
    n1.until(&["members", "--domain", "rack-1"], |answer| answer["members"].as_array().unwrap().len() == 2);
    for (args, last) in
        [(["--tag", "role=db"], "1 of 1"), (["--domain", "rack-1"], "2 of 2"), (["--tag", "none"], "0 of 0")]
    {
        let said = n1.ask(&[&["query", "ping", "--timeout", "60s"], &args[..]].concat());
        assert_eq!((said.code, said.out.lines().next_back()), (0, Some(last)), "{said:?}");
    }
}

#[test]
fn a_program_hears_a_query_and_answers_it() {
    let folder = Folder::new("programs");
    let n1 = folder.agent("n1", &[]);
    let n2 = folder.agent("n2", &["--seed", &n1.addr()]);
    for agent in [&n1, &n2] {
        agent.until_alive(2);
        agent.until(&["overlay"], |answer| !answer["links"].as_array().unwrap().is_empty());
    }
    let mut watch = n2.watch(&["query", "watch"]);
    watch.until(|line| line["watching"] == true);
    let mut asking = n1.watch(&["query", "uptime", "since", "--timeout", "2s"]);
    assert_eq!(asking.until(|line| line["asked"].is_object())["asked"]["of"], 2);
    let query = watch.until(|line| line["query"]["name"] == "uptime")["query"].clone();
    assert_eq!(
        (&query["asker"]["name"], &query["payload"], &query["window_ms"]),
        (&"n1".into(), &"since".into(), &2000.into())
    );
    assert_eq!(n2.ask(&["query", "answer", query["token"].as_str().unwrap(), "3 days"]).code, 0);
    let answer = asking.until(|line| line["answer"].is_object())["answer"].clone();
    assert_eq!((&answer["name"], &answer["payload"]), (&"n2".into(), &"3 days".into()));
    // Nobody answers at n1 itself.
    let ended = asking.until(|line| line["ended"].is_object())["ended"].clone();
    assert_eq!((&ended["answers"], &ended["of"], &ended["missing"][0]["name"]), (&1.into(), &2.into(), &"n1".into()));
    for (args, fault) in [
        (&["query", "answer", "nonsense"][..], "bad_token"),
        (&["query", "long", &"x".repeat(641)], "bad_info"),
        (&["query", "never", "--timeout", "0s"], "bad_info"),
    ] {
        let said = n1.ask(&[&["--json"], args].concat());
        assert_eq!((said.code, said.fault().as_str()), (2, fault), "{said:?}");
    }
}
