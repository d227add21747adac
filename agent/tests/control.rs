//! Does the control socket stand what a careless or a hostile user sends?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};

use common::{Agent, Folder, PATIENCE};

/// What is answered to these bytes, until the end.
fn answer(agent: &Agent<'_>, request: &[u8]) -> String {
    let mut stream = UnixStream::connect(agent.socket()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // It may have been answered, and closed, before all of it was sent.
    let _ = stream.write_all(request);
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    String::from_utf8(text).unwrap()
}

fn post(path: &str, body: &str) -> Vec<u8> {
    let head = "host: x\r\ncontent-type: application/json";
    format!("POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()
}

/// The status and the code of the error.
fn verdict(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body: serde_json::Value = serde_json::from_str(body.trim()).unwrap_or_default();
    assert_eq!(body["schema"], 1, "{answer}");
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_wrong_request_is_told_what_is_wrong() {
    let folder = Folder::new("wrong");
    let agent = folder.agent("n1", &[]);
    let cases: &[(Vec<u8>, u16, &str)] = &[
        (get("/v1/status"), 200, ""),
        (get("/v1/nothing"), 404, "no_such_path"),
        (get("/"), 404, "no_such_path"),
        (get("/v1/leave"), 405, "wrong_method"),
        (post("/v1/status", "{}"), 405, "wrong_method"),
        (get("/v1/members?stauts=dead"), 400, "bad_field"),
        (get("/v1/members?status=ded"), 400, "bad_status"),
        (get("/v1/members/watch?status=ded"), 400, "bad_status"),
        (get("/v1/kv?of=nobody"), 404, "unknown_member"),
        (get("/v1/kv?of=127.0.0.1:1"), 404, "unknown_member"),
        (get("/v1/kv?all=perhaps"), 400, "bad_field"),
        (post("/v1/kv/set", ""), 400, "bad_json"),
        (post("/v1/kv/set", "{\"key\":"), 400, "bad_json"),
        (post("/v1/kv/set", "\u{0}"), 400, "bad_json"),
        (post("/v1/kv/set", &"[".repeat(10_000)), 422, "bad_field"),
        (post("/v1/kv/set", &format!("{{\"key\":{}", "[".repeat(10_000))), 422, "bad_field"),
        (post("/v1/kv/set", "[]"), 422, "bad_field"),
        (post("/v1/kv/set", "{\"key\":\"a\"}"), 422, "bad_field"),
        (post("/v1/kv/set", "{\"key\":\"a\",\"value\":\"b\",\"tll_ms\":1}"), 422, "bad_field"),
        (post("/v1/kv/set", "{\"key\":\"a\",\"value\":\"b\",\"ttl_ms\":-1}"), 422, "bad_field"),
        (post("/v1/kv/set", "{\"key\":\"a\",\"value\":{\"hex\":\"0g\"}}"), 400, "bad_field"),
        (post("/v1/kv/set", "{\"key\":\"sys/name\",\"value\":\"b\"}"), 400, "reserved_key"),
        (post("/v1/kv/set", &format!("{{\"key\":\"{}\",\"value\":\"\"}}", "k".repeat(129))), 400, "bad_key"),
        (post("/v1/kv/set", &"x".repeat((1 << 20) + 1)), 413, "too_large"),
        (post("/v1/join", "{\"addrs\":[]}"), 400, "bad_address"),
        (post("/v1/join", "{\"addrs\":[\"n1\"]}"), 400, "bad_address"),
        (post("/v1/tags", "{\"set\":{\"a/b\":\"c\"}}"), 400, "bad_tag"),
        (post("/v1/leave", "{\"now\":true}"), 422, "bad_field"),
        (b"POST /v1/leave HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}".to_vec(), 415, "not_json"),
    ];
    for (request, status, code) in cases {
        let said = answer(&agent, request);
        let shown = String::from_utf8_lossy(&request[..request.len().min(200)]);
        assert_eq!(verdict(&said), (*status, (*code).to_owned()), "{shown}\n{said}");
    }
    let said = answer(&agent, &post("/v1/kv/set", "{\"key\":\"a\",\"value\":\"b\",\"tll_ms\":1}"));
    assert!(said.contains("tll_ms"), "the field is named: {said}");
    for noise in
        [&b"\x16\x03\x01\x02\x00"[..], b"GET\r\n\r\n", b"quidnunc\r\n\r\n", b"GET / HTTP/1.1\r\nx y: z\r\n\r\n"]
    {
        let said = answer(&agent, noise);
        // What is no HTTP is answered below the router, and has no body.
        assert!(said.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{said}");
    }
    assert_eq!(agent.ask(&["status"]).code, 0, "it still answers");
}

#[test]
fn half_a_request_ends_by_itself() {
    let folder = Folder::new("half");
    let agent = folder.agent("n1", &[]);
    let whole = post("/v1/kv/set", "{\"key\":\"a\",\"value\":\"b\"}");
    let begin = |cut: usize| {
        let mut stream = UnixStream::connect(agent.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&whole[..cut]).unwrap();
        stream
    };
    let (mut in_head, mut in_body) = (begin(4), begin(whole.len() - 5));
    for cut in [4, whole.len() - 5] {
        begin(cut).shutdown(Shutdown::Write).unwrap();
    }
    let mut text = String::new();
    in_head.read_to_string(&mut text).unwrap();
    assert_eq!(text, "", "half a head has no answer");
    in_body.read_to_string(&mut text).unwrap();
    assert_eq!(verdict(&text), (408, "slow_request".into()));
    assert_eq!(agent.ask(&["kv", "get", "a"]).code, 1, "nothing was done");
}

#[test]
fn connections_that_ask_nothing_whole_keep_nobody_out() {
    let folder = Folder::new("idle");
    let half = post("/v1/tags", "{\"set\":{}}");
    for (name, began) in [("silent", &b""[..]), ("head", b"G"), ("body", &half[..half.len() - 1])] {
        idle_ones_make_room(&folder.agent(name, &[]), began);
    }
}

/// Whoever has sent no more than this of a request.
fn idle_ones_make_room(agent: &Agent<'_>, began: &[u8]) {
    let connect = |_| {
        let mut stream = UnixStream::connect(agent.socket()).unwrap();
        // The first ones may be told to go before they have said it.
        let _ = stream.write_all(began);
        stream
    };
    let idle: Vec<_> = (0..300).map(connect).collect();
    assert_eq!(agent.ask(&["status"]).code, 0, "it still answers");
    let told = |mut stream: &UnixStream| {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        verdict(&text)
    };
    // Whoever had waited longest made room.
    for stream in &idle[..45] {
        assert_eq!(told(stream), (503, "busy".into()));
    }
}

/// Whoever else can put a socket there would be told keys.
#[test]
fn a_socket_in_a_folder_of_others_is_told_nothing() {
    let folder = Folder::new("others");
    let sockets = folder.0.join("quidnunc");
    fs::create_dir(&sockets).unwrap();
    fs::set_permissions(&sockets, Permissions::from_mode(0o777)).unwrap();
    let listener = UnixListener::bind(sockets.join("n1.sock")).unwrap();
    listener.set_nonblocking(true).unwrap();
    for args in [&["members"][..], &["members", "--socket", "n1"]] {
        let said = folder.run(args);
        assert!(said.code == 2 && said.err.contains("is not a folder of this user alone"), "{said:?}");
    }
    assert_eq!(listener.accept().map(|_| ()).unwrap_err().kind(), ErrorKind::WouldBlock, "nobody came");
}

#[test]
fn connections_that_all_ask_something_leave_a_newcomer_out() {
    let folder = Folder::new("busy");
    let agent = folder.agent("n1", &[]);
    let watching: Vec<_> = (0..256)
        .map(|_| {
            let mut stream = UnixStream::connect(agent.socket()).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.write_all(&get("/v1/members/watch")).unwrap();
            let mut head = [0; 15];
            stream.read_exact(&mut head).unwrap();
            assert_eq!(&head, b"HTTP/1.1 200 OK");
            stream
        })
        .collect();
    let said = agent.ask(&["--json", "status"]);
    assert_eq!((said.code, said.fault().as_str()), (3, "busy"), "{said:?}");
    drop(watching);
    agent.until_code(&["status"], 0);
}

/// Whatever stands at the other end: what it has not said whole is not shown as if that were all.
#[test]
fn a_line_that_breaks_off_is_an_error() {
    let folder = Folder::new("broken");
    let path = folder.0.join("other.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let long = format!("{{\"schema\":1,\"entry\":\"{}", "x".repeat(64 << 20));
    for (line, why) in [("{\"schema\":1,\"entry\":", "in the middle of a line"), (&*long, "longer than 64 MiB")] {
        let mut command = folder.program();
        command.args(["kv", "watch", "--socket", path.to_str().unwrap()]);
        let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let request = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
        assert!(request.count() > 1, "it has asked");
        // It ends the connection when it has heard enough.
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{line}").as_bytes());
        stream.shutdown(Shutdown::Write).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.contains(why)), (Some(3), true), "{said}");
    }
}
