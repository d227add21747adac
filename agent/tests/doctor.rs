//! `quidnunc doctor`, each time in a network in which one thing is broken: it is found, and nothing else is.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]
#![cfg(target_os = "linux")]

mod common;

use common::net::{Net, is_skipped};
use common::{Agent, Folder};
use serde_json::Value;

/// What a doctor says, by what it is about: the verdict, and the sentences.
struct Said {
    code: i32,
    answer: Value,
}

impl Said {
    fn of(agent: &Agent<'_>) -> Self {
        Self::to(agent, &["--json", "doctor"])
    }

    fn to(agent: &Agent<'_>, args: &[&str]) -> Self {
        let said = agent.ask(args);
        let said = Self { code: said.code, answer: said.json() };
        let flags = agent.ask(&["agent", "--help"]).out;
        let text = said.answer.to_string();
        for flag in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| word.starts_with("--")) {
            assert!(flags.contains(&format!("{flag} ")), "an agent has no {flag}: {text}");
        }
        said
    }

    fn finding(&self, check: &str) -> &Value {
        let all = self.answer["findings"].as_array().unwrap();
        all.iter().find(|it| it["check"] == check).unwrap_or_else(|| panic!("nothing about {check}: {}", self.answer))
    }

    #[track_caller]
    fn says(&self, check: &str, verdict: &str, words: &str) {
        let finding = self.finding(check);
        assert_eq!(finding["verdict"], verdict, "{check}: {}", self.answer);
        let all: Vec<_> = finding["says"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        assert!(all.iter().any(|says| says.contains(words)), "{check} does not say `{words}`: {all:?}");
    }

    /// What is not as it should be. A machine that has much to do stands still at times, and is
    /// accused: that is left out.
    fn wrong(&self) -> Vec<&str> {
        let all = self.answer["findings"].as_array().unwrap();
        let of_load =
            |it: &&Value| ["members", "clock", "accusers", "health"].iter().all(|of_load| it["check"] != *of_load);
        all.iter()
            .filter(of_load)
            .filter(|it| it["verdict"] != "good")
            .map(|it| it["check"].as_str().unwrap())
            .collect()
    }
}

/// Machines 1 and 2, whose agents know each other.
fn pair<'f>(net: &Net, folder: &'f Folder) -> [Agent<'f>; 2] {
    let n2 = net.agent(folder, 2, &[]);
    let n1 = net.agent(folder, 1, &["--seed", &net.addr(2)]);
    n1.until_alive(2);
    n2.until_alive(2);
    [n1, n2]
}

#[test]
fn a_cluster_that_is_well() {
    if is_skipped("a_cluster_that_is_well") {
        return;
    }
    let (net, folder) = (Net::new(3), Folder::new("doctor-well"));
    let [n1, n2] = pair(&net, &folder);
    let n3 = net.agent(&folder, 3, &["--seed", &net.addr(2)]);
    for agent in [&n1, &n2, &n3] {
        agent.until_alive(3);
    }
    let said = Said::of(&n1);
    assert_eq!((said.code, said.wrong()), (0, Vec::new()), "{}", said.answer);
    said.says("datagrams-in", "good", "they come from n2 and n3");
    let text = n1.ask(&["doctor", "n2"]);
    assert!(text.out.contains("✓ mtu ") && text.out.ends_with("nothing is broken; asked n2\n"), "{text:?}");
    let own = n1.ask(&["--json", "doctor", "n1"]);
    assert_eq!((own.code, &*own.fault()), (2, "own"));
}

/// What n1's doctor says when n2 drops, or n1, what is like this.
fn with_dropped(test: &str, machine: u32, what: &str) -> Option<Said> {
    if is_skipped(test) {
        return None;
    }
    let (net, folder) = (Net::new(2), Folder::new(test));
    let [n1, _n2] = pair(&net, &folder);
    net.drop_at(machine, what);
    Some(Said::of(&n1))
}

#[test]
fn datagrams_that_do_not_get_out() {
    let Some(said) = with_dropped("doctor-datagrams-out", 2, "udp dport 7946") else { return };
    said.says("datagrams-out", "bad", "they do not arrive at n2");
    said.says("datagrams-in", "good", "they come from n2");
    assert_eq!((said.code, said.wrong()), (1, vec!["datagrams-out", "mtu"]), "{}", said.answer);
}

#[test]
fn datagrams_that_do_not_get_in() {
    let Some(said) = with_dropped("doctor-datagrams-in", 1, "udp dport 7946") else { return };
    said.says("datagrams-in", "bad", "none comes from n2");
    said.says("datagrams-out", "good", "they arrive at n2");
    said.says("advertise", "good", "others reach this node at 10.78.0.1:7946");
    assert_eq!((said.code, said.wrong()), (1, vec!["datagrams-in", "mtu"]), "{}", said.answer);
}

#[test]
fn streams_that_do_not_get_out() {
    let Some(said) = with_dropped("doctor-streams-out", 2, "tcp dport 7946") else { return };
    said.says("streams-out", "bad", "none reaches n2: no answer within 4 s");
    assert_eq!((said.code, said.wrong()), (1, vec!["streams-out"]), "{}", said.answer);
}

#[test]
fn streams_that_do_not_get_in() {
    let Some(said) = with_dropped("doctor-streams-in", 1, "tcp dport 7946") else { return };
    said.says("streams-in", "bad", "none comes from n2: no answer within 4 s");
    assert_eq!((said.code, said.wrong()), (1, vec!["streams-in"]), "{}", said.answer);
}

#[test]
fn packets_that_are_too_long_one_way() {
    let Some(said) = with_dropped("doctor-mtu-there", 2, "udp dport 7946 meta length > 1000") else { return };
    said.says("mtu", "bad", "long ones do not to n2");
    assert_eq!((said.code, said.wrong()), (1, vec!["mtu"]), "{}", said.answer);
}

#[test]
fn packets_that_are_too_long_the_other_way() {
    let Some(said) = with_dropped("doctor-mtu-back", 1, "udp dport 7946 meta length > 1000") else { return };
    said.says("mtu", "bad", "long ones do not from n2");
    assert_eq!((said.code, said.wrong()), (1, vec!["mtu"]), "{}", said.answer);
}

#[test]
fn an_address_at_which_nobody_is_reached() {
    if is_skipped("an_address_at_which_nobody_is_reached") {
        return;
    }
    let (net, folder) = (Net::new(2), Folder::new("doctor-advertise"));
    let n2 = net.agent(&folder, 2, &[]);
    let n1 = net.agent(&folder, 1, &["--advertise", "10.78.0.99:7946", "--seed", &net.addr(2)]);
    n1.until(&["members"], |answer| answer["members"].as_array().unwrap().len() == 2);
    let said = Said::of(&n1);
    said.says(
        "advertise",
        "bad",
        "nothing that others send to 10.78.0.99:7946 arrives, which is none of this machine's",
    );
    assert!(said.finding("advertise")["help"].as_str().unwrap().contains("--advertise"));
    assert_eq!((said.code, said.wrong()), (1, vec!["datagrams-out", "datagrams-in", "streams-in", "advertise", "mtu"]));
    drop(n2);
}

#[test]
fn answers_that_get_in_and_nothing_else() {
    let state = "udp dport 7946 ct state new";
    let Some(said) = with_dropped("doctor-answers-only", 1, state) else { return };
    said.says("datagrams-in", "odd", "n2: answers to what this node sends come from there, and nothing");
    assert_eq!((said.code, said.wrong()), (0, vec!["datagrams-in"]), "{}", said.answer);
}

#[test]
fn a_helper_whose_datagrams_leave_from_another_address() {
    if is_skipped("a_helper_whose_datagrams_leave_from_another_address") {
        return;
    }
    let (net, folder) = (Net::new(2), Folder::new("doctor-second-address"));
    let file = key_file(&folder, "key");
    let sealed = ["--key-file", &file, "--seal", "require"];
    net.add_addr(2, "10.78.0.102");
    let n2 = net.agent(&folder, 2, &[&["--bind", "10.78.0.102:7946"], &sealed[..]].concat());
    let n1 = net.agent(&folder, 1, &[&["--seed", "10.78.0.102:7946"], &sealed[..]].concat());
    n1.until_alive(2);
    n2.until_alive(2);
    n1.until(&["keys", "list"], |answer| answer["keys"][0]["have"] == 2);
    let said = Said::of(&n1);
    assert_eq!((said.code, said.wrong()), (0, Vec::new()), "{}", said.answer);
}

#[test]
fn a_second_doctor_beside_one_that_runs() {
    if is_skipped("a_second_doctor_beside_one_that_runs") {
        return;
    }
    let (net, folder) = (Net::new(2), Folder::new("doctor-second"));
    let [n1, _n2] = pair(&net, &folder);
    // Either takes as long as a connection is waited for.
    net.drop_at(2, "tcp dport 7946");
    let ask = || n1.ask(&["--json", "doctor"]);
    let mut both = std::thread::scope(|scope| {
        let other = scope.spawn(ask);
        [ask(), other.join().unwrap()]
    });
    both.sort_by_key(|said| said.out.len());
    let [told, ran] = both;
    assert_eq!((told.code, &*told.fault()), (1, "doctor_busy"));
    assert_eq!((ran.code, &ran.json()["sound"]), (1, &Value::Bool(false)));
}

#[test]
fn a_member_that_nothing_reaches() {
    let Some(said) = with_dropped("doctor-cut-off", 2, "ip saddr 10.78.0.1") else { return };
    said.says("streams-out", "bad", "none reaches n2: no answer within 4 s");
    said.says("members", "bad", "n2 at 10.78.0.2:7946 is reached in no way");
    assert_eq!(
        (said.code, said.wrong()),
        (1, vec!["datagrams-out", "datagrams-in", "streams-out", "streams-in", "advertise", "mtu"])
    );
}

#[test]
fn everybody_is_dead() {
    if is_skipped("everybody_is_dead") {
        return;
    }
    let (net, folder) = (Net::new(2), Folder::new("doctor-dead"));
    let [n1, n2] = pair(&net, &folder);
    drop(n2);
    n1.until(&["members"], |answer| answer["members"].to_string().contains("dead"));
    let said = Said::of(&n1);
    said.says("members", "bad", "nobody else lives; suspected or dead: 1");
    said.says("members", "bad", "there is no way to the seed 10.78.0.2:7946: Connection refused");
    said.says("streams-out", "bad", "none reaches n2: Connection refused");
    assert_eq!(said.code, 1);
}

/// What both doctors say of two that do not fit: the one that comes, and the one to which it comes.
fn strangers(test: &str, [comes, stays]: [&[&str]; 2], folder: &Folder, check: &str) -> Option<[Said; 2]> {
    if is_skipped(test) {
        return None;
    }
    let net = Net::new(2);
    let n2 = net.agent(folder, 2, stays);
    let n1 = net.agent(folder, 1, &[&["--seed", &net.addr(2)], comes].concat());
    // It comes again and again.
    n2.until(&["doctor"], |answer| {
        let all = answer["findings"].as_array().unwrap();
        all.iter().any(|it| it["check"] == check && it["verdict"] == "bad")
    });
    let said = [Said::of(&n1), Said::of(&n2)];
    said[0].says("members", "bad", "the seed 10.78.0.2:7946 takes connections, but does not answer");
    assert_eq!((said[0].code, said[1].code), (1, 1));
    Some(said)
}

/// A file with a new key.
fn key_file(folder: &Folder, name: &str) -> String {
    let key = folder.run(&["keys", "gen"]);
    assert_eq!(key.code, 0, "{key:?}");
    folder.file(name, &key.out)
}

#[test]
fn keys_that_are_not_the_same() {
    let folder = Folder::new("doctor-keys");
    let [one, other] = ["one", "other"].map(|name| key_file(&folder, name));
    let of = |file| ["--key-file", file, "--seal", "require"];
    let Some([_, said]) = strangers("keys_that_are_not_the_same", [&of(&one), &of(&other)], &folder, "keys") else {
        return;
    };
    said.says("keys", "bad", "10.78.0.1:7946 sends what is sealed with a key that is not here");
}

#[test]
fn a_seal_that_only_one_has() {
    let folder = Folder::new("doctor-plain");
    let file = key_file(&folder, "key");
    let sealed = ["--key-file", &file, "--seal", "require"];
    let Some([_, said]) = strangers("a_seal_that_only_one_has", [&[], &sealed], &folder, "keys") else { return };
    said.says("keys", "bad", "10.78.0.1:7946 sends what is not sealed, and here everything must be");
    let Some([_, said]) = strangers("a_seal_that_only_one_has", [&sealed, &[]], &folder, "keys") else { return };
    said.says("keys", "bad", "10.78.0.1:7946 sends what is sealed, and this node has no keys");
}

#[test]
fn clusters_that_are_not_the_same() {
    let folder = Folder::new("doctor-cluster");
    let [of_one, of_other] = ["one", "other"].map(|name| ["--cluster", name]);
    let Some([_, said]) = strangers("clusters_that_are_not_the_same", [&of_one, &of_other], &folder, "cluster") else {
        return;
    };
    said.says("cluster", "bad", "10.78.0.1:7946 sends what is of another cluster");
}

#[test]
fn a_clock_that_is_set() {
    if is_skipped("a_clock_that_is_set") {
        return;
    }
    let (net, folder) = (Net::new(2), Folder::new("doctor-clock"));
    let clock = folder.file("clock", "+0");
    let n2 = net.agent(&folder, 2, &[]);
    let settings = ["LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1", "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1"];
    let file = format!("FAKETIME_TIMESTAMP_FILE={clock}");
    let before = [&["env"], &settings[..], &[&*file]].concat();
    let n1 = net.agent_with(&folder, 1, &before, &["--seed", &net.addr(2)]).unwrap();
    n1.until_alive(2);
    n2.until_alive(2);
    let is_of_clocks = |said: &Said| said.answer.to_string().contains("was set");
    assert!(!is_of_clocks(&Said::of(&n1)), "it is right until it is set");
    folder.file("clock", "+7200");
    let said = Said::of(&n1);
    said.says("clock", "odd", "this machine's clock was set forth by 2 h since the agent began");
    said.says("clock", "odd", "h behind this one's");
    let said = Said::of(&n2);
    said.says("clock", "odd", "h ahead of this one's");
    assert!(!is_of_clocks(&said), "nobody has set this one: {}", said.answer);
}

#[test]
fn a_member_of_another_version() {
    if is_skipped("a_member_of_another_version") {
        return;
    }
    let (net, folder) = (Net::new(3), Folder::new("doctor-versions"));
    let n3 = net.agent(&folder, 3, &[]);
    let n1 = net.agent(&folder, 1, &["--seed", &net.addr(3)]);
    let options = quidnunc::Options {
        config: quidnunc::Config::local(),
        ..quidnunc::Options::new(quidnunc::NodeId::from_name("n2"), net.addr(2).parse().unwrap())
    };
    let (n2, _events) = net.on(2, || quidnunc::std::spawn(options)).unwrap();
    n2.put(b"sys/name", b"n2", None).unwrap();
    n2.put(b"sys/version", b"quidnunc 0.0.9, wire version 1", None).unwrap();
    n2.join(&[n1.addr().parse().unwrap()]).unwrap();
    n1.until_alive(3);
    n3.until_alive(3);
    n1.until(&["members"], |answer| answer["members"].as_array().unwrap().iter().all(|it| it["version"].is_string()));
    // What is called n2 says a version only, and knows no doctor's words: the other one is asked.
    let said = Said::to(&n1, &["--json", "doctor", "n3"]);
    said.says("versions", "odd", "wire version 1: n1 and n3");
    said.says("versions", "odd", "quidnunc 0.0.9, wire version 1: n2");
    assert_eq!((said.code, said.wrong()), (0, vec!["versions"]), "{}", said.answer);
}

#[test]
fn who_accuses_and_why() {
    if is_skipped("who_accuses_and_why") {
        return;
    }
    let (net, folder) = (Net::new(2), Folder::new("doctor-accusers"));
    let [n1, n2] = pair(&net, &folder);
    let of_n1 = |answer: &Value| {
        let all = answer["members"].as_array().unwrap();
        all.iter().find(|it| it["name"] == "n1").map(|it| it["status"].as_str().unwrap().to_owned())
    };
    n1.signal(rustix::process::Signal::STOP);
    n2.until(&["members"], |answer| of_n1(answer).is_none_or(|status| status != "alive"));
    n1.signal(rustix::process::Signal::CONT);
    n2.until(&["members"], |answer| of_n1(answer).is_some_and(|status| status == "alive"));
    n1.until_alive(2);
    let said = Said::of(&n1);
    let accusers = said.finding("accusers");
    assert_ne!(accusers["verdict"], "good", "{accusers}");
    for words in ["n2 suspected this node ", "a ping had no answer within"] {
        assert!(accusers["says"].to_string().contains(words), "{accusers}");
    }
}
