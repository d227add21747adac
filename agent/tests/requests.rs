//! Does anything that can be sent break the agent?

#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use common::web::exchange;
use common::{Agent, Folder};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// What reads; what goes on for ever is left out, since nothing would end the answer.
const READ: [&str; 9] = [
    "/v1/status",
    "/v1/members",
    "/v1/kv",
    "/v1/tags",
    "/v1/why",
    "/v1/info",
    "/v1/info/group",
    "/v1/overlay",
    "/metrics",
];

/// What changes something; `/v1/leave` is left out, since it ends the agent when it is asked for rightly.
const CHANGE: [&str; 14] = [
    "/v1/join",
    "/v1/kv/set",
    "/v1/kv/delete",
    "/v1/tags",
    "/v1/event",
    "/v1/info/add",
    "/v1/info/delete",
    "/v1/info/group",
    "/v1/ping",
    "/v1/reach",
    "/v1/force-leave",
    "/v1/keys/install",
    "/v1/keys/use",
    "/v1/keys/remove",
];

/// Fields that one of them knows, so that a request gets past the first look at it.
const FIELDS: [&str; 16] = [
    "key",
    "value",
    "ttl_ms",
    "addrs",
    "wait_ms",
    "set",
    "unset",
    "name",
    "payload",
    "prefix",
    "limit",
    "order",
    "member",
    "other",
    "id",
    "everywhere",
];

/// A run of the same requests every time.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        Just(u64::MAX.into()),
        "\\PC{0,40}".prop_map(Into::into),
        select(vec!["n1", "a", "min", "00"]).prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((select(FIELDS.to_vec()), inner), 0..4).prop_map(object),
        ]
    })
}

fn object(fields: Vec<(&str, serde_json::Value)>) -> serde_json::Value {
    serde_json::Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// No answer at all, or one that says whose mistake it was: never the agent's own.
fn judge(answer: &str) -> Result<(), TestCaseError> {
    if answer.is_empty() {
        return Ok(());
    }
    let status: Option<u16> = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    prop_assert!(status.is_some_and(|status| status < 500), "{answer}");
    Ok(())
}

fn agent(folder: &Folder) -> Agent<'_> {
    folder.agent("n1", &["--http", "127.0.0.1:0"])
}

/// It answers, and is the same as before.
fn lives(agent: &mut Agent<'_>) {
    assert_eq!(agent.get("/v1/status", &[]).json()["pid"], agent.child.id());
    assert!(agent.child.try_wait().unwrap().is_none());
}

#[test]
fn any_bytes_are_answered_or_refused() {
    let folder = Folder::new("bytes");
    let mut agent = agent(&folder);
    let addr = agent.http();
    let piece = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..40),
        4 => select(vec![
            "GET ", "POST ", "/v1/kv/set", "/v1/why?member=", " HTTP/1.1\r\n", " HTTP/1.0\r\n", "host: localhost\r\n", "\r\n",
            "content-length: 3\r\n", "content-length: 18446744073709551616\r\n", "transfer-encoding: chunked\r\n", "ffffffffffffffff\r\n",
            "content-type: application/json\r\n", "%", "?", "expect: 100-continue\r\n", "upgrade: h2c\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    let request = prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    let ended = runner(400).run(&request, |mut bytes| {
        // Whatever it was, it is over.
        bytes.extend(b"\r\n\r\n");
        judge(&half_closed(addr, &bytes))
    });
    assert!(ended.is_ok(), "{ended:?}");
    lives(&mut agent);
}

/// What is answered to these bytes and the end.
fn half_closed(addr: std::net::SocketAddr, bytes: &[u8]) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = common::web::connect(addr);
    // It may have been answered, and closed, before all of it was sent.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn any_json_and_any_query_are_answered_or_refused() {
    let folder = Folder::new("json");
    let mut agent = agent(&folder);
    let addr = agent.http();
    let body = prop_oneof![
        3 => prop::collection::vec((select(FIELDS.to_vec()), json()), 0..5).prop_map(object),
        1 => json(),
    ];
    let ended = runner(600).run(&(select(CHANGE.to_vec()), body), |(path, body)| {
        let body = body.to_string();
        let head = format!("host: localhost\r\ncontent-type: application/json\r\ncontent-length: {}", body.len());
        judge(&exchange(addr, format!("POST {path} HTTP/1.1\r\n{head}\r\n\r\n{body}").as_bytes()))
    });
    assert!(ended.is_ok(), "{ended:?}");
    let field = select(vec!["key", "prefix", "of", "all", "status", "domain", "tag", "member", "kind"]);
    let query = prop::collection::vec((field, "[!-~&&[^ #]]{0,30}"), 0..3);
    let ended = runner(300).run(&(select(READ.to_vec()), query), |(path, query)| {
        let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        judge(&exchange(addr, format!("GET {path}?{} HTTP/1.1\r\nhost: localhost\r\n\r\n", query.join("&")).as_bytes()))
    });
    assert!(ended.is_ok(), "{ended:?}");
    lives(&mut agent);
}
