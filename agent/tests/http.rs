//! Who may ask an agent over HTTP, and can anybody hurt it so?

#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::PermissionsExt as _;

use common::web::{Heard, connect, exchange, hear};
use common::{Agent, Folder, PATIENCE};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A file that only its owner reads.
fn secret(folder: &Folder, text: &str) -> String {
    let file = folder.file("token", text);
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    file
}

#[test]
fn nothing_listens_unless_asked() {
    let folder = Folder::new("unasked");
    let agent = folder.agent("n1", &[]);
    assert!(agent.ready.get("http").is_none(), "{}", agent.ready);
    let asked = folder.agent("n2", &["--http", "127.0.0.1:0"]);
    assert_eq!(asked.get("/v1/status", &[]).json()["name"], "n2");
    let again = folder.try_agent("n3", &["--http", &asked.http().to_string()]).err().unwrap();
    assert_eq!((again.code, again.err.contains("give another --http")), (2, true), "{again:?}");
}

#[test]
fn what_others_can_reach_has_a_token_that_others_cannot_read() {
    let folder = Folder::new("guarded");
    let refused = |args: &[&str], why: &str| {
        let said = folder.try_agent("n1", args).err().unwrap();
        assert_eq!((said.code, said.err.contains(why)), (2, true), "{why}: {said:?}");
    };
    refused(&["--http", "0.0.0.0:7980"], "--http 0.0.0.0:7980 can be reached from elsewhere");
    refused(&["--http-token-file", &secret(&folder, TOKEN)], "guards nothing");
    refused(&["--http", "0.0.0.0:0", "--http-token-file", "/nowhere"], "cannot read the token file /nowhere");
    refused(&["--http", "0.0.0.0:0", "--http-token-file", &secret(&folder, "short\n")], "16 to 256 bytes");
    let file = secret(&folder, &format!("{TOKEN}\n"));
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    refused(&["--http", "0.0.0.0:0", "--http-token-file", &file], "`chmod 600 ");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();

    let agent = folder.agent("n1", &["--http", "127.0.0.1:0", "--http-token-file", &file]);
    for path in ["/v1/status", "/metrics", "/v1/nothing", "/page/../v1/status"] {
        let said = agent.get(path, &[]);
        assert_eq!(said.verdict(), (401, "unauthorized".into()), "{path}");
        assert!(said.head.contains("www-authenticate: bearer"), "{}", said.head);
    }
    assert_eq!(agent.get("/v1/status", &["authorization: Bearer 0123456789abcdef0123456789abcdeF"]).status, 401);
    let bearer = format!("authorization: Bearer {TOKEN}");
    assert_eq!(agent.get("/v1/status", &[&bearer]).status, 200);
    assert_eq!(agent.get("/v1/status", &[&bearer, "host: cluster.example"]).status, 200, "any name will do");
    assert_eq!(agent.post("/v1/kv/set", r#"{"key":"a","value":"b"}"#, &[]).status, 401);
    assert_eq!(agent.ask(&["kv", "get", "a"]).code, 1, "nothing was done");
    assert_eq!(agent.get("/", &[]).status, 200, "the page asks for the token");
    assert!(!agent.log().contains(TOKEN), "{}", agent.log());
}

#[test]
fn pages_of_other_sites_get_nothing() {
    let folder = Folder::new("sites");
    let agent = folder.agent("n1", &["--http", "127.0.0.1:0"]);
    let port = agent.http().port();
    for host in [format!("localhost:{port}"), "127.0.0.1".into(), format!("[::1]:{port}")] {
        assert_eq!(agent.get("/v1/status", &[&format!("host: {host}")]).status, 200, "{host}");
    }
    for host in ["evil.example", "evil.example:7980", "127.0.0.1.evil.example", ""] {
        let said = agent.get("/v1/status", &[&format!("host: {host}")]);
        assert_eq!(said.verdict(), (403, "wrong_host".into()), "{host}");
    }
    let body = r#"{"key":"a","value":"b"}"#;
    for line in ["origin: http://evil.example", "origin: null", "sec-fetch-site: cross-site"] {
        assert_eq!(agent.post("/v1/kv/set", body, &[line]).verdict(), (403, "foreign_site".into()), "{line}");
    }
    assert_eq!(agent.get("/v1/monitor", &["sec-fetch-site: cross-site"]).status, 403);
    assert_eq!(agent.get("/v1/record", &[]).verdict(), (403, "no_token".into()), "not even a program");
    assert_eq!(agent.ask(&["kv", "get", "a"]).code, 1, "nothing was done");
    let own = [&*format!("origin: http://{}", agent.http()), "sec-fetch-site: same-origin"];
    assert_eq!(agent.post("/v1/kv/set", body, &own).status, 200);
    let page = agent.get("/", &["sec-fetch-site: cross-site", "sec-fetch-mode: navigate"]);
    assert_eq!(page.status, 200, "somebody may follow a link to here");
    for line in
        ["content-security-policy: default-src 'none';", "x-content-type-options: nosniff", "x-frame-options: deny"]
    {
        assert!(page.head.contains(line), "{line} in {}", page.head);
    }
}

#[test]
fn a_head_is_bounded() {
    let folder = Folder::new("head");
    let agent = folder.agent("n1", &["--http", "127.0.0.1:0"]);
    assert_eq!(agent.get("/v1/status", &[&format!("x: {}", "x".repeat(60_000))]).status, 200);
    assert_eq!(agent.get("/v1/status", &[&format!("x: {}", "x".repeat(200_000))]).status, 431);
    assert_eq!(agent.get("/v1/status", &[]).status, 200, "it still answers");
}

/// Streams that are read, as many as there are places.
fn watchers(agent: &Agent<'_>, count: usize) -> Vec<TcpStream> {
    let watch = |_| {
        let mut stream = connect(agent.http());
        write!(stream, "GET /v1/monitor HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut begin = [0; 64];
        stream.read_exact(&mut begin).unwrap();
        assert!(begin.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&begin));
        stream
    };
    (0..count).map(watch).collect()
}

#[test]
fn who_finds_no_place_hears_it() {
    let folder = Folder::new("places");
    let agent = folder.agent("n1", &["--http", "127.0.0.1:0"]);
    let watching = watchers(&agent, 256);
    // More than the agent reads of them: the end must not be a reset that overtakes the words.
    let long = format!("GET /v1/status HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "x".repeat(100_000));
    for request in ["GET /v1/status HTTP/1.1\r\nhost: localhost\r\n\r\n", &long] {
        let said = Heard::new(&exchange(agent.http(), request.as_bytes()));
        assert_eq!(said.verdict(), (503, "busy".into()));
    }
    assert_eq!(agent.ask(&["status"]).code, 0, "who asks at the socket has places of its own");
    for stream in &watching {
        stream.shutdown(Shutdown::Both).unwrap();
    }
    let deadline = std::time::Instant::now() + PATIENCE;
    while agent.get("/v1/status", &[]).status != 200 {
        assert!(std::time::Instant::now() < deadline, "their places are free");
    }
}

#[test]
fn ten_thousand_connections_that_say_nothing_keep_nobody_out() {
    /// What the test needs besides.
    const SPARE: u64 = 200;
    let Rlimit { current: _, maximum } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let files = maximum.unwrap_or(u64::MAX);
    let count = files.saturating_sub(SPARE).min(10_000);
    assert!(count >= 500, "{files} files are too few for this test: raise the limit (`ulimit -Hn`)");

    let folder = Folder::new("many");
    let n1 = folder.agent("n1", &["--http", "127.0.0.1:0"]);
    let n2 = folder.agent("n2", &["--seed", &n1.addr()]);
    n1.until_alive(2);
    let mut idle: Vec<_> = (0..count).map(|_| connect(n1.http())).collect();
    assert_eq!(n1.get("/v1/status", &[]).status, 200, "it still answers");
    // Whoever had waited longest made room, and was told so.
    for stream in idle.iter_mut().take(200) {
        assert_eq!(Heard::new(&hear(stream)).verdict(), (503, "busy".into()));
    }
    assert_eq!(n1.ask(&["status"]).code, 0, "and at the socket");
    let members = n2.json(&["members", "--status", "alive"]);
    assert_eq!(members["members"].as_array().unwrap().len(), 2, "{members}");
}
