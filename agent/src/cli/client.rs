//! How is an agent asked?

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::failure::Failure;
use crate::model::{Fault, Reply};
use crate::run::AgentError;
use crate::serve;

/// The longest answer, and the longest line of a stream, in bytes: more than any agent sends.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Somebody to ask.
#[derive(Debug)]
pub(super) struct Client {
    path: PathBuf,
    timeout: Duration,
}

/// An answer as it came, and what it says.
#[derive(Debug)]
pub(super) struct Answered<T> {
    pub(super) text: String,
    pub(super) says: T,
}

impl<T: DeserializeOwned> Answered<T> {
    fn new(text: String) -> Result<Self, Failure> {
        match serde_json::from_str::<Reply<T>>(&text) {
            Ok(Reply { body: says, .. }) => Ok(Self { text, says }),
            Err(error) => Err(Failure::Broken(format!("it says what this version does not understand: {error}"))),
        }
    }
}

impl Client {
    /// The agent that `--socket` means; without it the only one that runs.
    pub(super) fn new(socket: Option<&str>, timeout: Duration) -> Result<Self, Failure> {
        let path = match socket {
            Some(socket) => serve::path_of(socket),
            None => sole(serve::live().map_err(AgentError::Socket)?)?,
        };
        serve::check_socket(&path).map_err(AgentError::Socket)?;
        Ok(Self { path, timeout })
    }

    /// The same with more patience.
    pub(super) fn patient(self, timeout: Duration) -> Self {
        Self { timeout: self.timeout.max(timeout), ..self }
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answered<T>, Failure> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Answered<T>, Failure> {
        self.ask(Method::POST, path, json(body)?).await
    }

    /// Asks for lines. Until the first byte the patience is as everywhere; then there is no end to it.
    pub(super) async fn lines(&self, method: Method, path: &str, body: Bytes) -> Result<Lines, Failure> {
        let response = self.in_time(self.send(method, path, body)).await?;
        Ok(Lines { body: response.into_body(), rest: Vec::new(), seen: 0 })
    }

    /// Asks for bytes without an end, as [`lines`](Self::lines) for lines.
    pub(super) async fn bytes(&self, path: &str) -> Result<Pieces, Failure> {
        let response = self.in_time(self.send(Method::GET, path, Bytes::new())).await?;
        Ok(Pieces(response.into_body()))
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, path: &str, body: Bytes) -> Result<Answered<T>, Failure> {
        let whole = async { text(self.send(method, path, body).await?).await };
        let text = self.in_time(whole).await?;
        Answered::new(text)
    }

    async fn in_time<T>(&self, asking: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        timeout(self.timeout, asking).await.map_err(|_| Failure::Timeout { after: self.timeout })?
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>, Failure> {
        let stream = UnixStream::connect(&self.path).await;
        let stream = stream.map_err(|source| Failure::Unreachable { path: self.path.clone(), source })?;
        let broken = |error: hyper::Error| Failure::Broken(error.to_string());
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // It ends with the answer.
        tokio::spawn(connection);
        let request = Request::builder().method(method).uri(path).header("host", "quidnunc");
        let request = request.header("content-type", "application/json").body(Full::new(body));
        let request = request.map_err(|error| Failure::Usage(error.to_string()))?;
        let response = sender.send_request(request).await.map_err(broken)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let text = text(response).await?;
        let fault = serde_json::from_str::<Fault>(&text).map_err(|error| Failure::Broken(error.to_string()))?;
        Err(Failure::Fault(fault.error))
    }
}

/// The only one of several sockets.
fn sole(found: Vec<PathBuf>) -> Result<PathBuf, Failure> {
    match <[PathBuf; 1]>::try_from(found) {
        Ok([path]) => Ok(path),
        Err(found) if found.is_empty() => Err(Failure::NoAgent),
        Err(found) => Err(Failure::Several { names: found.iter().map(|path| name(path)).collect() }),
    }
}

fn name(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// What is asked, written.
pub(super) fn json(body: &impl Serialize) -> Result<Bytes, Failure> {
    serde_json::to_vec(body).map(Bytes::from).map_err(|error| Failure::Usage(error.to_string()))
}

async fn text(response: Response<Incoming>) -> Result<String, Failure> {
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
    let bytes = body.map_err(|error| Failure::Broken(error.to_string()))?.to_bytes();
    String::from_utf8(bytes.into()).map_err(|error| Failure::Broken(error.to_string()))
}

/// Lines of JSON, as they come.
#[derive(Debug)]
pub(super) struct Lines {
    body: Incoming,
    rest: Vec<u8>,
    /// So many bytes of the rest have no end of a line among them.
    seen: usize,
}

impl Lines {
    /// The next line; `None` when the agent has said all.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<Answered<T>>, Failure> {
        loop {
            if let Some(end) = self.rest[self.seen..].iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=self.seen + end).collect();
                self.seen = 0;
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                return Answered::new(text).map(Some);
            }
            self.seen = self.rest.len();
            if self.seen > ANSWER_BYTES_MAX {
                let why = format!("a line is longer than {} MiB", ANSWER_BYTES_MAX >> 20);
                return Err(Failure::Broken(why));
            }
            match pin!(&mut self.body).frame().await {
                Some(Ok(frame)) => self.rest.extend(frame.into_data().iter().flatten()),
                Some(Err(error)) => return Err(Failure::Broken(error.to_string())),
                None if self.rest.is_empty() => return Ok(None),
                None => return Err(Failure::Broken("it ends in the middle of a line".into())),
            }
        }
    }
}

/// Bytes, as they come.
#[derive(Debug)]
pub(super) struct Pieces(Incoming);

impl Pieces {
    /// The next ones; `None` when the agent has sent all.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            match self.0.frame().await {
                Some(Ok(frame)) => {
                    // Else it is trailers, of which there are none to be read.
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
                Some(Err(error)) => return Err(Failure::Broken(error.to_string())),
                None => return Ok(None),
            }
        }
    }
}

/// A path with what stands behind the question mark; whatever is `None` is left out.
pub(super) fn query(path: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let mut text = path.to_owned();
    let given = pairs.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    for (mark, (name, value)) in std::iter::once('?').chain(std::iter::repeat('&')).zip(given) {
        text.push(mark);
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(byte.into()),
                _ => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_written_so_that_it_is_read() {
        assert_eq!(query("/v1/kv", &[("key", None)]), "/v1/kv");
        let asked = query("/v1/kv", &[("key", Some("a b&é")), ("of", None), ("all", Some("true"))]);
        assert_eq!(asked, "/v1/kv?key=a%20b%26%C3%A9&all=true");
    }
}
