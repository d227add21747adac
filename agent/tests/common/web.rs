//! HTTP as bytes: what a test sends is what it says.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use super::{Agent, PATIENCE};

/// An answer.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn new(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The status, and the code of the error.
    #[track_caller]
    pub(crate) fn verdict(&self) -> (u16, String) {
        (self.status, self.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    }
}

impl Agent<'_> {
    /// Where it serves HTTP.
    pub(crate) fn http(&self) -> SocketAddr {
        self.ready["http"].as_str().unwrap().parse().unwrap()
    }

    /// What it answers to a GET, with these lines in the head.
    #[track_caller]
    pub(crate) fn get(&self, path: &str, lines: &[&str]) -> Heard {
        let host = format!("host: {}", self.http());
        let lines = if lines.iter().any(|line| line.starts_with("host:")) {
            lines.to_vec()
        } else {
            [&[&*host], lines].concat()
        };
        Heard::new(&exchange(self.http(), format!("GET {path} HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n")).as_bytes()))
    }

    /// What it answers to a POST.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &str, lines: &[&str]) -> Heard {
        let length =
            format!("host: {}\r\ncontent-type: application/json\r\ncontent-length: {}", self.http(), body.len());
        let head = [&[&*length], lines].concat().join("\r\n");
        Heard::new(&exchange(self.http(), format!("POST {path} HTTP/1.1\r\n{head}\r\n\r\n{body}").as_bytes()))
    }
}

/// What is answered to these bytes, until the end.
pub(crate) fn exchange(addr: SocketAddr, request: &[u8]) -> String {
    let mut stream = connect(addr);
    // It may have been answered, and closed, before all of it was sent.
    let _ = stream.write_all(request);
    hear(&mut stream)
}

pub(crate) fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// All that comes until the other side ends it, which it does without a reset.
#[track_caller]
pub(crate) fn hear(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    stream.read_to_end(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}
