//! Does a sealed cluster get another key, and does nobody see one?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use common::Folder;
use rustix::process::Signal;

/// The fingerprints that an agent has, that with which it seals marked.
fn fingerprints(answer: &serde_json::Value) -> Vec<(String, bool)> {
    let keys = answer["keys"].as_array().unwrap().iter();
    keys.map(|key| (key["id"].as_str().unwrap().to_owned(), key["own"] == true)).collect()
}

#[test]
fn a_key_is_changed_step_by_step() {
    let folder = Folder::new("rotation");
    let made = [folder.run(&["keys", "gen"]), folder.run(&["keys", "gen", "--bits", "128"])];
    assert_eq!(made.each_ref().map(|said| (said.code, said.out.trim().len())), [(0, 64), (0, 32)]);
    let [old_file, new_file] = [folder.file("old.key", &made[0].out), folder.file("new.key", &made[1].out)];
    let n1 = folder.agent("n1", &["--key-file", &old_file]);
    let n2 = folder.agent("n2", &["--key-file", &old_file, "--seed", &n1.addr()]);
    assert_eq!(n1.ready["sealed"], true);
    n1.until_alive(2);
    n2.until_alive(2);
    let everywhere = |answer: &serde_json::Value, count: usize| {
        let keys = answer["keys"].as_array().unwrap();
        keys.len() == count && keys.iter().all(|key| key["have"] == 2)
    };
    let listed = n1.until(&["keys", "list"], |answer| everywhere(answer, 1));
    let old = fingerprints(&listed)[0].0.clone();

    assert_eq!(n1.ask(&["keys", "install", &new_file]).code, 0);
    let new = fingerprints(&n1.json(&["keys", "list"])).into_iter().find(|(id, _)| *id != old).unwrap().0;
    assert_eq!(n1.ask(&["keys", "list"]).code, 1, "n2 lacks it");
    let said = n1.ask(&["--json", "keys", "use", &new]);
    assert_eq!((said.code, said.fault().as_str()), (1, "key_lacking"));
    assert_eq!(n2.ask(&["keys", "install", &new_file]).code, 0);
    for agent in [&n1, &n2] {
        agent.until(&["keys", "list"], |answer| everywhere(answer, 2));
    }
    for agent in [&n1, &n2] {
        assert_eq!(agent.ask(&["keys", "use", &new]).code, 0);
    }
    for agent in [&n1, &n2] {
        agent.until(&["keys", "list"], |answer| {
            answer["keys"].as_array().unwrap().iter().all(|key| key["id"] != new.as_str() || key["seal"] == 2)
        });
        assert_eq!(agent.ask(&["keys", "remove", &old]).code, 0);
    }
    for agent in [&n1, &n2] {
        let listed = agent.until(&["keys", "list"], |answer| everywhere(answer, 1));
        assert_eq!(fingerprints(&listed), [(new.clone(), true)]);
        agent.until_code(&["status"], 0);
        for said in &made {
            assert!(!agent.log().contains(said.out.trim()), "no key is logged");
        }
    }
    for (args, code, fault) in [
        (&["keys", "remove", &new][..], 1, "refused"),
        (&["keys", "use", "0"], 2, "bad_key"),
        (&["keys", "use", "00000000"], 1, "refused"),
    ] {
        let said = n1.ask(&[&["--json"], args].concat());
        assert_eq!((said.code, said.fault().as_str()), (code, fault), "{args:?}");
    }
}

#[test]
fn without_a_seal_there_are_no_keys() {
    let folder = Folder::new("unsealed");
    let n1 = folder.agent("n1", &[]);
    for args in [&["keys", "list"][..], &["keys", "use", "00000000"]] {
        let said = n1.ask(&[&["--json"], args].concat());
        assert_eq!((said.code, said.fault().as_str()), (1, "no_seal"), "{args:?}");
    }
    let file = folder.file("bad.key", "not a key\n");
    let said = n1.ask(&["keys", "install", &file]);
    assert_eq!((said.code, said.err.contains("line 1")), (2, true), "{said:?}");
    let said = folder.try_agent("n2", &["--seal", "require"]).err().unwrap();
    assert_eq!((said.code, said.err.contains("--key-file")), (2, true), "{said:?}");
}

#[test]
fn a_whole_cluster_is_given_another_key_at_one_agent() {
    let folder = Folder::new("everywhere");
    let made = [folder.run(&["keys", "gen"]), folder.run(&["keys", "gen"])];
    let [old_file, new_file] = [folder.file("old.key", &made[0].out), folder.file("new.key", &made[1].out)];
    let n1 = folder.agent("n1", &["--key-file", &old_file]);
    let n2 = folder.agent("n2", &["--key-file", &old_file, "--seed", &n1.addr()]);
    let n3 = folder.agent("n3", &["--key-file", &old_file, "--seed", &n1.addr()]);
    for agent in [&n1, &n2, &n3] {
        agent.until_alive(3);
    }
    let old = fingerprints(&n1.json(&["keys", "list"]))[0].0.clone();
    let said = n2.ask(&["--json", "keys", "rotate", &new_file]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("3 of 3 have it") && said.err.contains("3 of 3 seal with it"), "{said:?}");
    let left = fingerprints(&said.json());
    assert_eq!(left.len(), 1);
    assert_ne!(left[0].0, old);
    for agent in [&n1, &n2, &n3] {
        agent.until(&["keys", "list"], |answer| fingerprints(answer) == left);
        agent.until_alive(3);
        assert!(!agent.log().contains(made[1].out.trim()), "no key is logged");
    }
    assert!(!said.err.contains(made[1].out.trim()) && !said.out.contains(made[1].out.trim()), "no key is shown");
}

/// Its file still names the old key when it is read again, for whatever reason.
#[test]
fn a_key_that_was_removed_does_not_come_back_with_the_file() {
    let folder = Folder::new("reread");
    let made: [String; 3] = std::array::from_fn(|_| folder.run(&["keys", "gen"]).out);
    let (key_file, new_file) = (folder.file("old.key", &made[0]), folder.file("new.key", &made[1]));
    let config = folder.file("agent.toml", &format!("key_file = '{key_file}'\n"));
    let n1 = folder.agent("n1", &["--config", &config]);
    assert_eq!(n1.ask(&["keys", "rotate", &new_file]).code, 0);
    let rotated = fingerprints(&n1.json(&["keys", "list"]));
    n1.signal(Signal::HUP);
    n1.until_logged("read again");
    assert_eq!(fingerprints(&n1.json(&["keys", "list"])), rotated);
    // A key that is new to the file is taken, and used as its first one.
    folder.file("old.key", &format!("{}{}", made[2], made[0]));
    n1.signal(Signal::HUP);
    let listed = n1.until(&["keys", "list"], |answer| answer["keys"].as_array().unwrap().len() == 2);
    let uses_other = |answer: &serde_json::Value| fingerprints(answer).iter().any(|key| key.1 && key.0 != rotated[0].0);
    assert!(fingerprints(&listed).iter().any(|key| key.0 == rotated[0].0));
    n1.until(&["keys", "list"], uses_other);
}

#[test]
fn no_key_goes_around_unsealed() {
    let folder = Folder::new("plain");
    let file = folder.file("a.key", &folder.run(&["keys", "gen"]).out);
    let n1 = folder.agent("n1", &["--key-file", &file, "--seal", "accept"]);
    let said = n1.ask(&["--json", "keys", "rotate", &file]);
    assert_eq!((said.code, said.fault().as_str()), (1, "seal_not_required"));
}

#[test]
fn an_agent_that_had_keys_does_not_start_in_the_clear_unless_that_is_meant() {
    let folder = Folder::new("lost-file");
    let made = folder.run(&["keys", "gen"]).out;
    let file = folder.file("a.key", &made);
    let state = folder.0.join("n1.state");
    let kept = ["--state", state.to_str().unwrap()];
    drop(folder.agent("n1", &[&kept[..], &["--key-file", &file]].concat()));
    let said = folder.try_agent("n1", &kept).err().unwrap();
    assert_eq!((said.code, said.err.contains("--seal none")), (2, true), "{said:?}");
    assert!(!said.err.contains(made.trim()), "no key is shown");
    let both = [&kept[..], &["--seal", "none", "--key-file", &file]].concat();
    assert_eq!(folder.try_agent("n1", &both).err().unwrap().code, 2, "what is meant?");
    // With the keys that were kept it is sealed, whatever is said of the mode.
    let n1 = folder.agent("n1", &[&kept[..], &["--seal", "off"]].concat());
    assert_eq!((n1.ready["sealed"].as_bool(), &n1.json(&["status"])["seal"]), (Some(true), &"require".into()));
    drop(n1);
    let n1 = folder.agent("n1", &[&kept[..], &["--seal", "none"]].concat());
    assert_eq!(n1.ready["sealed"], false);
    drop(n1);
    assert_eq!(folder.agent("n1", &kept).ready["sealed"], false, "they are forgotten");
}

#[test]
fn whoever_is_dead_and_would_miss_the_new_key_is_named() {
    let folder = Folder::new("absent");
    let [old_file, new_file] = ["old.key", "new.key"].map(|file| folder.file(file, &folder.run(&["keys", "gen"]).out));
    let n1 = folder.agent("n1", &["--key-file", &old_file]);
    let n2 = folder.agent("n2", &["--key-file", &old_file, "--seed", &n1.addr()]);
    let mut n3 = folder.agent("n3", &["--key-file", &old_file, "--seed", &n1.addr()]);
    n1.until_alive(3);
    n3.child.kill().unwrap();
    n3.wait();
    n1.until(&["members", "--status", "dead"], |answer| answer["members"][0]["name"] == "n3");
    let before = fingerprints(&n1.json(&["keys", "list"]));
    let said = n1.ask(&["--json", "keys", "rotate", &new_file]);
    assert_eq!((said.code, said.fault().as_str()), (1, "members_absent"));
    assert!(said.err.contains("n3") && !said.err.contains("n2"), "{said:?}");
    assert_eq!(fingerprints(&n1.json(&["keys", "list"])), before, "nothing was done");

    let said = n1.ask(&["--json", "keys", "rotate", "--force", &new_file]);
    assert_eq!((said.code, said.err.contains("may have missed the new key: n3")), (0, true), "{said:?}");
    let left = fingerprints(&said.json());
    assert_ne!(left, before);
    n2.until(&["keys", "list"], |answer| fingerprints(answer) == left);
}

#[test]
fn whoever_stands_still_is_waited_for_and_named() {
    let folder = Folder::new("hung");
    let [old_file, new_file] = ["old.key", "new.key"].map(|file| folder.file(file, &folder.run(&["keys", "gen"]).out));
    // Slow enough to hold whoever stands still for alive.
    let args = ["--profile", "wan", "--key-file", &old_file];
    let n1 = folder.agent("n1", &args);
    let n2 = folder.agent("n2", &[&args[..], &["--seed", &n1.addr()]].concat());
    n1.until(&["keys", "list"], |answer| answer["keys"][0]["have"] == 2);
    n2.signal(Signal::STOP);
    let said = n1.ask(&["--json", "keys", "rotate", "--timeout", "1ms", &new_file]);
    n2.signal(Signal::CONT);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("not done within 1 ms by n2"), "{said:?}");
    let said = n1.ask(&["keys", "rotate", &new_file]);
    assert_eq!(said.code, 0, "what was done stays done: {said:?}");
}

#[test]
fn a_key_that_others_may_read_is_none() {
    let folder = Folder::new("modes");
    let file = folder.file("keys", &folder.run(&["keys", "gen"]).out);
    for mode in [0o644, 0o602, 0o620] {
        std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let said = folder.run(&["agent", "--name", "n1", "--bind", "127.0.0.1:0", "--key-file", &file]);
        assert_eq!((said.code, said.err.contains("chmod 600")), (2, true), "{mode:o}: {said:?}");
    }
    // As systemd hands on a credential.
    for mode in [0o440, 0o400] {
        std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        assert_eq!(folder.agent("n1", &["--key-file", &file]).ready["sealed"], true);
    }
}

#[test]
fn a_new_key_comes_in_a_file_that_an_agent_takes() {
    let folder = Folder::new("gen");
    let file = folder.0.join("keys").display().to_string();
    let said = folder.run(&["keys", "gen", "--out", &file]);
    assert_eq!(said.code, 0, "{said:?}");
    let key = std::fs::read_to_string(&file).unwrap();
    assert!(key.trim().len() == 64 && !said.out.contains(key.trim()), "only its fingerprint is shown: {said:?}");
    let agent = folder.agent("n1", &["--key-file", &file]);
    let own = fingerprints(&agent.json(&["keys", "list"]));
    assert_eq!(own, [(said.out.split(' ').next().unwrap().to_owned(), true)]);

    let said = folder.run(&["keys", "gen", "--out", &file]);
    assert_eq!((said.code, said.err.contains("no key is ever replaced")), (2, true), "{said:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), key);

    let told: serde_json::Value =
        serde_json::from_str(&folder.run(&["--json", "keys", "gen", "--bits", "192"]).out).unwrap();
    assert_eq!((told["schema"].as_u64(), told["key"].as_str().unwrap().len()), (Some(1), 48));
}
