//! A node, and whoever records it.

use quidnunc_core::{Event, Input, Instant, Node, Rejected, StreamId, StreamRequest, Transmit, View, Wakeup};

use crate::calls::{Answer, Call};
use crate::recorder::Recorder;

/// A node with the interface of [`Node`], every call of which is recorded while it [is to be](Self::record).
#[derive(Debug)]
pub struct Recorded {
    node: Node,
    recorders: Vec<Recorder>,
}

/// A node that nobody records yet.
impl From<Node> for Recorded {
    fn from(node: Node) -> Self {
        Self { node, recorders: Vec::new() }
    }
}

impl Recorded {
    /// Records from now on, besides those that do already.
    pub fn record(&mut self, recorder: Recorder) {
        self.recorders.push(recorder);
    }

    /// Ends every recording; what was recorded last is let out.
    pub fn stop_recording(&mut self) {
        self.recorders.clear();
    }

    /// Between two calls: lets recordings go on; those that nobody takes any more end. `unix_ms` is asked for what the wall's
    /// clock says.
    pub fn turn(&mut self, now: Instant, unix_ms: impl Fn() -> u64) {
        self.recorders.iter_mut().for_each(|recorder| recorder.turn(&self.node, now, &unix_ms));
        self.recorders.retain(|recorder| !recorder.is_closed());
    }

    /// The node itself.
    #[must_use]
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// Whether anybody records.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        !self.recorders.is_empty()
    }

    /// See [`Node::handle`].
    ///
    /// # Errors
    /// [`Rejected`] when the input is refused.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) -> Result<(), Rejected> {
        let done = self.node.handle(now, input);
        if self.is_recorded() {
            self.note(now, done.is_err(), &Call::input(input));
        }
        done
    }

    /// See [`Node::poll_transmit`].
    pub fn poll_transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<Transmit> {
        let transmit = self.node.poll_transmit(now, buffer);
        if self.is_recorded() {
            let call = Call::Transmit(size(buffer), Answer::transmit(transmit.as_ref(), buffer));
            self.note(now, false, &call);
        }
        transmit
    }

    /// See [`Node::poll_stream_request`].
    pub fn poll_stream_request(&mut self) -> Option<StreamRequest> {
        let request = self.node.poll_stream_request();
        if self.is_recorded() && request.is_some() {
            self.note_at_last(&Call::StreamRequest(Answer::request(request.as_ref())));
        }
        request
    }

    /// See [`Node::poll_stream`].
    pub fn poll_stream(&mut self, now: Instant, id: StreamId, buffer: &mut [u8]) -> usize {
        let len = self.node.poll_stream(now, id, buffer);
        if self.is_recorded() {
            let said = buffer.get(..len).unwrap_or_default();
            self.note(now, false, &Call::Stream(id, size(buffer), Answer::stream(said)));
        }
        len
    }

    /// See [`Node::poll_event`].
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.node.poll_event();
        if self.is_recorded() && event.is_some() {
            self.note_at_last(&Call::Event(Answer::event(event.as_ref())));
        }
        event
    }

    /// See [`Node::retain_events`].
    pub fn retain_events(&mut self, mut wanted: impl FnMut(&Event) -> bool) {
        if !self.is_recorded() {
            return self.node.retain_events(wanted);
        }
        let mut kept = Vec::new();
        self.node.retain_events(|event| {
            let keeps = wanted(event);
            kept.push(keeps);
            keeps
        });
        self.note_at_last(&Call::Retain(kept));
    }

    /// See [`Node::poll_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Wakeup> {
        self.node.poll_timeout()
    }

    /// See [`Node::view`].
    #[must_use]
    pub const fn view(&self) -> View<'_> {
        self.node.view()
    }

    fn note(&mut self, now: Instant, refused: bool, call: &Call<'_>) {
        self.recorders.iter_mut().for_each(|recorder| recorder.note(now, refused, call));
    }

    fn note_at_last(&mut self, call: &Call<'_>) {
        self.recorders.iter_mut().for_each(|recorder| recorder.note(recorder.last(), false, call));
    }
}

fn size(buffer: &[u8]) -> u32 {
    u32::try_from(buffer.len()).unwrap_or(u32::MAX)
}
