//! Does anything that can be sent break the agent?

#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::cell::RefCell;
use std::collections::BTreeSet;

use common::web::exchange;
use common::{Agent, Folder};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

/// What reads; what goes on for ever is left out, since nothing would end the answer. A recording has an end that cannot be.
const READ: [(&str, &[&str]); 13] = [
    ("/v1/status", &["none"]),
    ("/v1/members", &["status", "domain", "tag"]),
    ("/v1/kv", &["key", "prefix", "of", "all", "limit", "value_max"]),
    ("/v1/tags", &["none"]),
    ("/v1/why", &["member"]),
    ("/v1/info", &["key", "prefix"]),
    ("/v1/info/group", &["prefix"]),
    ("/v1/overlay", &["none"]),
    ("/v1/top", &["none"]),
    ("/v1/quorum", &["none"]),
    ("/v1/keys", &["none"]),
    ("/v1/record?for_ms=soon", &["for_ms", "none"]),
    ("/metrics", &["none"]),
];

/// What changes something, with the fields that it knows; `/v1/leave` is left out, since it ends the agent when it is asked for rightly.
const CHANGE: [(&str, &[&str]); 17] = [
    ("/v1/join", &["addrs", "wait_ms"]),
    ("/v1/kv/set", &["key", "value", "ttl_ms"]),
    ("/v1/kv/delete", &["key"]),
    ("/v1/tags", &["set", "unset"]),
    ("/v1/event", &["name", "payload", "ttl_ms"]),
    (QUERY, &["name", "payload", "wait_ms", "tag"]),
    ("/v1/query/answer", &["token", "payload"]),
    ("/v1/info/add", &["key", "value", "ttl_ms"]),
    ("/v1/info/delete", &["key"]),
    ("/v1/info/group", &["prefix", "limit", "order"]),
    ("/v1/ping", &["member", "other"]),
    ("/v1/reach", &[]),
    ("/v1/doctor", &["member"]),
    ("/v1/force-leave", &["member"]),
    ("/v1/keys/install", &["key", "everywhere"]),
    ("/v1/keys/use", &["id", "force", "everywhere"]),
    ("/v1/keys/remove", &["id", "force", "everywhere"]),
];

/// A query goes on until all have answered whose answers count: here nobody's does.
const QUERY: &str = "/v1/query";
const OF_NOBODY: (&str, &str) = ("domain", "nowhere");

/// Words that mean something to one of them. None is an address: a join would wait for an answer.
const WORDS: [&str; 8] = [
    "n1",
    "n2",
    "key",
    "min",
    "00000000",
    "000102030405060708090a0b0c0d0e0f",
    "000102030405060708090a0b0c0d0e0f-0000000000000001-3e8",
    "hex",
];

/// A run of the same requests every time.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        select(vec![0, 1, 1000, u64::MAX]).prop_map(Into::into),
        "\\PC{0,40}".prop_map(Into::into),
        select(WORDS.to_vec()).prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((select(WORDS.to_vec()), inner), 0..4).prop_map(object),
        ]
    })
}

/// A path, and a body that has most of its fields, with a value that suits half of the time.
fn change() -> impl Strategy<Value = (&'static str, Value)> {
    select(CHANGE.to_vec()).prop_flat_map(|(path, fields)| {
        let value = prop_oneof![
            3 => select(WORDS.to_vec()).prop_map(Into::into),
            2 => select(vec![1000, 60_000]).prop_map(Value::from),
            1 => any::<bool>().prop_map(Into::into),
            2 => json(),
        ];
        let field = |name: &&'static str| (Just(*name), prop::option::weighted(0.85, value.clone()));
        let fields: Vec<_> = fields.iter().map(field).collect();
        let whole = fields
            .prop_map(|fields| object(fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()));
        (Just(path), prop_oneof![9 => whole, 1 => json()])
    })
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The statuses of answers, to see how far requests get.
#[derive(Default)]
struct Statuses(RefCell<BTreeSet<u16>>);

impl Statuses {
    /// No answer at all, or one that says whose mistake it was: never the agent's own.
    fn judge(&self, answer: &str) -> Result<(), TestCaseError> {
        if answer.is_empty() {
            return Ok(());
        }
        let status: Option<u16> = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        prop_assert!(status.is_some_and(|status| status < 500), "{answer}");
        self.0.borrow_mut().extend(status);
        Ok(())
    }

    #[track_caller]
    fn have(self, wanted: &[u16]) {
        let seen = self.0.into_inner();
        assert!(wanted.iter().all(|status| seen.contains(status)), "{seen:?} lacks one of {wanted:?}");
    }
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
    let statuses = Statuses::default();
    let ended = runner(400).run(&request, |mut bytes| {
        // Whatever it was, it is over.
        bytes.extend(b"\r\n\r\n");
        statuses.judge(&half_closed(addr, &bytes))
    });
    assert!(ended.is_ok(), "{ended:?}");
    statuses.have(&[400]);
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
    let statuses = Statuses::default();
    let ended = runner(1000).run(&change(), |(path, mut body)| {
        if let (QUERY, Value::Object(fields)) = (path, &mut body) {
            fields.insert(OF_NOBODY.0.into(), OF_NOBODY.1.into());
        }
        let body = body.to_string();
        let head = format!("host: localhost\r\ncontent-type: application/json\r\ncontent-length: {}", body.len());
        statuses.judge(&exchange(addr, format!("POST {path} HTTP/1.1\r\n{head}\r\n\r\n{body}").as_bytes()))
    });
    assert!(ended.is_ok(), "{ended:?}");
    statuses.have(&[200, 400, 404, 409, 422]);
    let statuses = Statuses::default();
    let query = select(READ.to_vec()).prop_flat_map(|(path, fields)| {
        let value = prop_oneof![select(WORDS.to_vec()).prop_map(str::to_owned), "[!-~&&[^ #]]{0,30}"];
        (Just(path), prop::collection::vec((select(fields.to_vec()), value), 0..3))
    });
    let ended = runner(500).run(&query, |(path, query)| {
        let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if path.contains('?') { '&' } else { '?' };
        let query = query.join("&");
        statuses
            .judge(&exchange(addr, format!("GET {path}{mark}{query} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()))
    });
    assert!(ended.is_ok(), "{ended:?}");
    statuses.have(&[200, 400, 404]);
    lives(&mut agent);
}
