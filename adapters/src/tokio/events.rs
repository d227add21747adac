//! What does a node report, to a task?

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use quidnunc_core::Event;
use tokio::sync::mpsc::Receiver;

/// The events of a node, oldest first, as [`recv`](Self::recv) or as a [`Stream`]. They end when the node has stopped.
///
/// At most [`Config::events_max`](quidnunc_core::Config) wait here; while there is no room, the node keeps them and joins those
/// that say something of the same member or key, and what finds no place then is reported as [`Event::EventsLost`]. Who does
/// not want events drops this.
#[derive(Debug)]
pub struct Events(pub(super) Receiver<Event>);

impl Events {
    /// The next event; `None` when the node has stopped. Nothing is lost when this is cancelled.
    pub async fn recv(&mut self) -> Option<Event> {
        self.0.recv().await
    }

    /// The next event if there is one now.
    pub fn try_recv(&mut self) -> Option<Event> {
        self.0.try_recv().ok()
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.0.poll_recv(context)
    }
}
