//! Does an agent answer as `docs/openapi.json` says?

#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::io::{BufRead as _, BufReader, Write as _};

use common::shapes::Shapes;
use common::web::{Heard, connect};
use common::{Agent, Folder};
use serde_json::{Value, json};

/// An agent, and what its answers should be like.
struct Asking<'a, 'f> {
    agent: &'a Agent<'f>,
    shapes: Shapes,
}

impl Asking<'_, '_> {
    #[track_caller]
    fn get(&mut self, path: &str) {
        let heard = self.agent.get(path, &[]);
        self.hold("GET", path, &heard);
    }

    #[track_caller]
    fn post(&mut self, path: &str, body: &Value) {
        let heard = self.agent.post(path, &body.to_string(), &[]);
        self.hold("POST", path, &heard);
    }

    /// The first line of what goes on.
    #[track_caller]
    fn watch(&mut self, path: &str) {
        let mut stream = connect(self.agent.http());
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
        let line = lines.find(|line| line.starts_with('{')).unwrap();
        self.shapes.check(("GET", path), 200, &line);
    }

    #[track_caller]
    fn hold(&mut self, method: &str, path: &str, heard: &Heard) {
        assert_eq!(heard.status, 200, "{method} {path}: {}", heard.body);
        // Between lines stand the sizes of the chunks in which they come.
        let lines: Vec<_> = heard.body.lines().filter(|line| line.starts_with('{')).collect();
        self.shapes.check((method, path), heard.status, &lines.join("\n"));
    }
}

fn maps_and_infos(asking: &mut Asking<'_, '_>) {
    asking.post("/v1/kv/set", &json!({ "key": "role", "value": "primary", "ttl_ms": 600_000 }));
    asking.post("/v1/tags", &json!({ "set": { "rack": "r1" } }));
    asking.post("/v1/info/group", &json!({ "prefix": "load.", "limit": 3, "order": "min" }));
    for (key, value) in [("load.n1", json!(3)), ("motto", json!({ "hex": "ff00" }))] {
        asking.post("/v1/info/add", &json!({ "key": key, "value": value }));
    }
    for path in ["/v1/kv", "/v1/kv?all=true", "/v1/tags", "/v1/info", "/v1/info/group?prefix=load."] {
        asking.get(path);
    }
    asking.watch("/v1/kv/watch");
    asking.post("/v1/kv/delete", &json!({ "key": "role" }));
    asking.post("/v1/info/delete", &json!({ "key": "motto" }));
}

fn questions(asking: &mut Asking<'_, '_>, other: &Agent<'_>) {
    asking.post("/v1/query", &json!({ "name": "ping", "payload": "" }));
    let mut heard = asking.agent.watch(&["query", "watch"]);
    heard.until(|line| line["watching"] == true);
    let asked = other.watch(&["query", "colour", "--timeout", "60s"]);
    let token = heard.until(|line| line["query"]["name"] == "colour")["query"]["token"].clone();
    asking.post("/v1/query/answer", &json!({ "token": token, "payload": "red" }));
    asking.post("/v1/event", &json!({ "name": "deploy", "payload": "42" }));
    drop(asked);
}

#[test]
fn every_answer_has_its_shape() {
    let folder = Folder::new("shapes");
    let keys = ["old", "new"].map(|name| folder.0.join(name).display().to_string());
    for key in &keys {
        assert_eq!(folder.run(&["keys", "gen", "--out", key]).code, 0);
    }
    let args = ["--key-file", &keys[0], "--voter", "a/n1,a/n2,a/n3", "--domain", "a"];
    let n1 = folder.agent("n1", &[&args[..], &["--http", "127.0.0.1:0"]].concat());
    let seed = n1.addr();
    let n2 = folder.agent("n2", &[&args[..], &["--seed", &seed]].concat());
    let n3 = folder.agent("n3", &[&args[..], &["--seed", &seed]].concat());
    n1.until_alive(3);
    let mut asking = Asking { agent: &n1, shapes: Shapes::new() };
    for path in ["/v1/status", "/v1/members", "/v1/top", "/v1/overlay", "/v1/quorum", "/v1/keys", "/v1/why?member=n2"] {
        asking.get(path);
    }
    for path in ["/v1/members/watch", "/v1/monitor", "/v1/event/watch", "/v1/query/watch"] {
        asking.watch(path);
    }
    maps_and_infos(&mut asking);
    questions(&mut asking, &n2);
    asking.post("/v1/join", &json!({ "addrs": [n2.addr()] }));
    asking.post("/v1/ping", &json!({ "member": "n2" }));
    for path in ["/v1/reach", "/v1/doctor"] {
        asking.post(path, &json!({}));
    }
    drop(n3);
    n1.until(&["members", "--status", "dead"], |answer| answer["members"][0]["name"] == "n3");
    asking.post("/v1/force-leave", &json!({ "member": "n3" }));
    let new = std::fs::read_to_string(&keys[1]).unwrap();
    asking.post("/v1/keys/install", &json!({ "key": new.trim(), "everywhere": true }));
    let ids = n1.until(&["keys", "list"], |answer| {
        let keys = answer["keys"].as_array().unwrap();
        keys.len() == 2 && keys.iter().all(|key| key["have"] == 2)
    });
    let keys = ids["keys"].as_array().unwrap();
    let id = |own: bool| keys.iter().find(|key| key["own"] == own).unwrap()["id"].clone();
    asking.post("/v1/keys/use", &json!({ "id": id(false), "everywhere": true }));
    asking.post("/v1/keys/remove", &json!({ "id": id(true), "force": true }));
    asking.post("/v1/leave", &json!({}));
    assert_eq!(asking.shapes.unseen(), ["GET /v1/record"], "which is no JSON");
}
