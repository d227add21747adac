//! How is told what goes on for long?
//!
//! As lines of JSON, each as soon as it is there. A few wait for a slow reader; behind them waits whoever writes, so that what
//! is lost is lost where it is counted. The end of the reader ends the writer; a writer that cannot go on breaks the answer off, so
//! that nobody takes it for whole.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use serde::Serialize;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::timeout;

use crate::hub::{Heard, Watcher};
use crate::model::Reply;

/// How many lines wait for the reader.
const LINES_MAX: usize = 8;

/// Nobody reads any more, or there is nothing to read from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gone;

/// A line, or that there will be none although not all was said.
type Line = Result<Bytes, io::Error>;

/// Where lines are written.
#[derive(Debug)]
pub(super) struct Lines(Sender<Line>);

impl Lines {
    pub(super) async fn say<T: Serialize>(&self, what: T) -> Result<(), Gone> {
        // None of our types fails; if one did, nobody could read on.
        let mut line = serde_json::to_vec(&Reply::new(what)).map_err(|_| Gone)?;
        line.push(b'\n');
        self.0.send(Ok(line.into())).await.map_err(|_| Gone)
    }

    /// Waits for so long, or until nobody reads any more.
    pub(super) async fn pause(&self, time: Duration) -> Result<(), Gone> {
        timeout(time, self.0.closed()).await.map_or(Ok(()), |()| Err(Gone))
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
    let (broken, writing) = (sender.clone(), write(Lines(sender)));
    tokio::spawn(async move {
        if writing.await.is_err() {
            // Whoever reads no more does not hear it.
            let _ = broken.send(Err(io::ErrorKind::BrokenPipe.into())).await;
        }
    });
    let headers = [(CONTENT_TYPE, "application/x-ndjson"), (CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(Told(receiver))).into_response()
}

/// Lines, as the body of an answer.
struct Told(Receiver<Line>);

impl Stream for Told {
    type Item = Line;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Line>> {
        self.0.poll_recv(context)
    }
}

/// What is written, as the body of an answer.
pub(super) struct Written(pub(super) Receiver<Bytes>);

impl Stream for Written {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|line| line.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    #[tokio::test]
    async fn lines_that_break_off_do_not_end_as_if_all_were_said() {
        let body = |broken: bool| {
            told_by(move |lines| async move {
                lines.say(serde_json::json!({ "a": 1 })).await?;
                if broken { Err(Gone) } else { Ok(()) }
            })
            .into_body()
        };
        let whole = body(false).collect().await.expect("all of it").to_bytes();
        assert_eq!(whole.as_ref(), b"{\"schema\":1,\"a\":1}\n");
        assert!(body(true).collect().await.is_err());
    }
}
