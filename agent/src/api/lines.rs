//! How is told what goes on for long?
//!
//! As lines of JSON, each as soon as it is there. A few wait for a slow reader; behind them waits whoever writes, so that what
//! is lost is lost where it is counted. The end of the reader ends the writer.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use serde::Serialize;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::hub::{Heard, Watcher};
use crate::model::Reply;

/// How many lines wait for the reader.
const LINES_MAX: usize = 8;

/// Nobody reads any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gone;

/// Where lines are written.
#[derive(Debug)]
pub(super) struct Lines(Sender<Bytes>);

impl Lines {
    pub(super) async fn say<T: Serialize>(&self, what: T) -> Result<(), Gone> {
        // None of our types fails; if one did, nobody could read on.
        let mut line = serde_json::to_vec(&Reply::new(what)).map_err(|_| Gone)?;
        line.push(b'\n');
        self.0.send(line.into()).await.map_err(|_| Gone)
    }

    /// The next thing to write of, which is the end when nobody reads any more.
    pub(super) async fn hear(&self, watcher: &mut Watcher) -> Heard {
        tokio::select! {
            () = self.0.closed() => Heard::End,
            heard = watcher.next() => heard,
        }
    }
}

/// Answers with the lines that a task of its own writes.
pub(super) fn told_by<F>(write: impl FnOnce(Lines) -> F) -> Response
where
    F: Future<Output = Result<(), Gone>> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(LINES_MAX);
    let writing = write(Lines(sender));
    tokio::spawn(async move {
        // Both ends are the end.
        let _ = writing.await;
    });
    let headers = [(CONTENT_TYPE, "application/x-ndjson"), (CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(Written(receiver))).into_response()
}

/// What is written, as the body of an answer.
pub(super) struct Written(pub(super) Receiver<Bytes>);

impl Stream for Written {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|line| line.map(Ok))
    }
}
