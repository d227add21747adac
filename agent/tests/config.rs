//! Does a config file say what flags say, and is it read again when it should be?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use common::Folder;
use rustix::process::Signal;

#[test]
fn a_file_is_weaker_than_the_environment_and_that_than_flags() {
    let folder = Folder::new("strength");
    let file = folder.file("agent.toml", "name = 'file'\ndomain = 'file'\nprofile = 'wan'\n");
    let mut command = folder.program();
    command.env("QUIDNUNC_DOMAIN", "env").env("QUIDNUNC_PROFILE", "lan").env("QUIDNUNC_CONFIG", &file);
    let output = command.args(["config", "show", "--profile", "local"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for line in ["name = \"file\"", "domain = \"env\"", "profile = \"local\""] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn a_mistake_in_a_file_is_shown() {
    let folder = Folder::new("mistakes");
    let good = folder.file("good.toml", "name = 'n1'\nbind = '127.0.0.1:7946'\ntag = { role = 'db' }\n");
    assert_eq!(folder.run(&["config", "check", &good]).code, 0);
    for text in [
        "nmae = 'n1'",
        "bind = 7946",
        "seal = 'require'\nbind = '127.0.0.1:0'",
        "name = 'a b'",
        "name",
        "tag = { a = \"\\u0007\" }",
        "tag = { 'a=b' = 'c' }",
    ] {
        let bad = folder.file("bad.toml", text);
        let said = folder.run(&["config", "check", &bad]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{text}: {said:?}");
        let said = folder.try_agent("n1", &["--config", &bad, "--bind", "127.0.0.1:0"]);
        // A flag stands for what the file says wrong together, never for what it says wrong by itself.
        assert_eq!(said.err().unwrap().code, 2, "{text}");
    }
    assert_eq!(folder.run(&["config", "check", "/nowhere/agent.toml"]).code, 2);
}

#[test]
fn a_file_that_has_changed_is_read_again() {
    let folder = Folder::new("reload");
    let file = folder.file("agent.toml", "domain = 'a'\ntag = { role = 'db', zone = 'x' }\n");
    let n1 = folder.agent("n1", &["--config", &file]);
    n1.ask(&["tags", "set", "own=1"]);
    assert_eq!(n1.ask(&["tags", "ls"]).out, "own=1\nrole=db\nzone=x\n");
    folder.file("agent.toml", "domain = 'b'\nlog_level = 'debug'\ntag = { role = 'web' }\n");
    n1.signal(Signal::HUP);
    n1.until_logged("read again");
    assert_eq!(n1.ask(&["tags", "ls"]).out, "own=1\nrole=web\n");
    assert!(n1.log().contains("`domain` is not changed"), "{}", n1.log());
    folder.file("agent.toml", "domain = 3\n");
    n1.signal(Signal::HUP);
    n1.until_logged("nothing is changed");
    assert_eq!(n1.ask(&["tags", "ls"]).out, "own=1\nrole=web\n");
}

#[test]
fn there_is_a_page_and_there_are_completions() {
    let folder = Folder::new("pages");
    let page = folder.run(&["man"]);
    assert_eq!((page.code, page.out.contains(".TH quidnunc")), (0, true));
    let pages = folder.0.join("man/man1");
    assert_eq!(folder.run(&["man", "--out", pages.to_str().unwrap()]).code, 0);
    for (page, flag) in [("quidnunc", "socket"), ("quidnunc-agent", "seed"), ("quidnunc-keys-rotate", "force")] {
        let text = std::fs::read_to_string(pages.join(format!("{page}.1"))).unwrap();
        assert!(text.contains(&format!(".TH {page} 1")) && text.contains(flag), "{page}: {text}");
    }
    let file = folder.file("full", "");
    assert_eq!(folder.run(&["man", "--out", &file]).code, 2);
    for shell in ["bash", "zsh", "fish"] {
        let said = folder.run(&["completions", shell]);
        assert_eq!((said.code, said.out.contains("force-leave")), (0, true), "{shell}");
    }
    for command in ["agent", "members", "kv", "keys", "event", "info", "config"] {
        let said = folder.run(&[command, "--help"]);
        assert_eq!((said.code, said.out.contains("QUIDNUNC_SOCKET")), (0, true), "{command}");
    }
}

#[test]
fn what_is_set_and_empty_says_nothing() {
    let folder = Folder::new("empty");
    let mut command = folder.program();
    for name in ["SEED", "BIND", "NAME", "CONFIG", "TAG", "TIMEOUT", "SOCKET"] {
        command.env(format!("QUIDNUNC_{name}"), "");
    }
    let output = command.args(["config", "show", "--domain", "a"]).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""));
    assert!(out.contains("seed = []") && out.contains("domain = \"a\""), "{out}");
}

#[test]
fn a_key_that_stands_where_it_should_not_is_not_shown() {
    let folder = Folder::new("misplaced");
    let made = folder.run(&["keys", "gen"]).out;
    let file = folder.file("a.key", &made);
    for args in [&["config", "check", &file][..], &["agent", "--config", &file], &["agent", "--key-file", made.trim()]]
    {
        for args in [args, &[&["--json"], args].concat()] {
            let said = folder.run(args);
            assert_eq!(said.code, 2, "{said:?}");
            assert!(!said.err.contains(&made[..16]) && said.err.contains("****"), "{said:?}");
        }
    }
}

/// What an editor holds for right or wrong is what the agent does.
#[test]
fn the_schema_takes_what_the_agent_takes() {
    let folder = Folder::new("schema");
    let said = folder.run(&["config", "schema"]);
    assert_eq!(said.code, 0, "{said:?}");
    let schema = jsonschema::validator_for(&said.json()).unwrap();
    let example = include_str!("../../docs/agent.toml");
    let commented = ["key_file =", "seal =", "http_token_file =", "record ="];
    let full = commented.iter().fold(example.to_owned(), |text, key| text.replace(&format!("# {key}"), key));
    let value = |text: &str| toml::from_str::<serde_json::Value>(text).unwrap();
    let keys: Vec<_> = said.json()["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        value(&full).as_object().unwrap().keys().cloned().collect::<Vec<_>>(),
        keys,
        "the example has every key"
    );
    let (long, whole) = ("x".repeat(65), ["name = 'n1'", "", example, "tag = { role = 'db' }", "also = ['[::1]:0']"]);
    let wrong = [
        "nmae = 'n1'",
        "bind = 7946",
        "name = 'a b'",
        "seed = 'a:1'",
        "seed = ['a']",
        "seal = 'on'",
        "epoch = '1'",
        "record_max_mib = 0",
    ];
    let named = [format!("name = '{long}'"), format!("tag = {{ a = '{}' }}", "x".repeat(257))];
    let cases = whole.into_iter().map(|text| (text, 0)).chain(wrong.into_iter().map(|text| (text, 2)));
    for (text, code) in cases.chain(named.iter().map(|text| (text.as_str(), 2))) {
        assert_eq!(schema.is_valid(&value(text)), code == 0, "{text}");
        let file = folder.file("agent.toml", text);
        let said = folder.run(&["config", "check", &file]);
        assert_eq!(said.code, code, "{text}: {said:?}");
    }
    assert!(schema.is_valid(&value(&full)));
}
