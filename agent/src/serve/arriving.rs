//! Has a request come whole?

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::Router;
use hyper::Request;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::Service;
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use tokio::sync::oneshot;

/// Goes when the request has come whole, or is read no further.
type Whole = oneshot::Sender<()>;

/// A connection's one request, on its way to the router.
pub(super) struct Arrival {
    service: TowerToHyperService<Router>,
    whole: Cell<Option<Whole>>,
}

impl Arrival {
    /// What is served, and what ends when the request has come whole.
    pub(super) fn new(router: Router) -> (Self, oneshot::Receiver<()>) {
        let (whole, is_whole) = oneshot::channel();
        (Self { service: TowerToHyperService::new(router), whole: Cell::new(Some(whole)) }, is_whole)
    }
}

impl Service<Request<Incoming>> for Arrival {
    type Response = <TowerToHyperService<Router> as Service<Request<Arriving>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Arriving>>>::Error;
    type Future = TowerToHyperServiceFuture<Router, Request<Arriving>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let whole = self.whole.take();
        self.service.call(request.map(|body| Arriving { whole: whole.filter(|_| !body.is_end_stream()), body }))
    }
}

/// A body that tells when it has come whole.
pub(super) struct Arriving {
    body: Incoming,
    whole: Option<Whole>,
}

impl Body for Arriving {
    type Data = <Incoming as Body>::Data;
    type Error = <Incoming as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) || self.body.is_end_stream() {
            self.whole = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
