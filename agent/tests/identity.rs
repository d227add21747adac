//! Does nobody bear the name of another, and does only one of two with the same name live?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use common::Folder;
use quidnunc::{Config, InfoSettings, NodeId, Options, StreamLimits};

#[test]
fn of_two_agents_with_one_name_the_second_one_ends_and_says_why() {
    let folder = Folder::new("twins");
    let n1 = folder.agent("n1", &[]);
    let n2 = folder.agent("n2", &["--seed", &n1.addr()]);
    n1.until_alive(2);
    n2.until_alive(2);
    let socket = folder.0.join("twin.sock");
    let mut twin = folder.agent("n1", &["--socket", socket.to_str().unwrap(), "--seed", &n2.addr()]);
    assert_eq!(twin.wait(), Some(1));
    let log = twin.log();
    assert!(log.contains("has the identity of `n1`") && log.contains("--name"), "{log}");
    assert!(!socket.exists());
    // The others notice nothing.
    for agent in [&n1, &n2] {
        let members = agent.until_alive(2);
        assert_eq!(members["members"][0]["addr"], n1.addr());
        agent.until_code(&["status"], 0);
    }
}

#[test]
fn whoever_claims_the_name_of_another_is_not_called_so() {
    let folder = Folder::new("spoof");
    let n1 = folder.agent("n1", &[]);
    let config =
        Config { streams: Some(StreamLimits::default()), infos: Some(InfoSettings::default()), ..Config::local() };
    let options = Options { config, ..Options::new(NodeId::from_name("evil"), "127.0.0.1:0".parse().unwrap()) };
    let (evil, _events) = quidnunc::std::spawn(options).unwrap();
    evil.put(b"sys/name", b"n1", None).unwrap();
    evil.put(b"tag/role", b"db", None).unwrap();
    evil.join(&[n1.addr().parse().unwrap()]).unwrap();
    let members = n1.until(&["members"], |answer| {
        answer["members"].as_array().unwrap().iter().any(|member| member["tags"]["role"] == "db")
    });
    let other = members["members"].as_array().unwrap().iter().find(|member| member["own"] == false).unwrap();
    assert_eq!(
        (&other["name"], other["id"].as_str()),
        (&serde_json::Value::Null, Some(&*evil.identity().id.to_string()))
    );
    let why = n1.json(&["why", "n1"]);
    assert_eq!(why["id"], n1.id(), "the name means the one whose id is made of it");
}
