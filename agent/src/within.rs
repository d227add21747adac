//! How is an agent asked without a socket? A real node, and the router that all listeners serve.

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use quidnunc::tokio::{Events, spawn};
use quidnunc::{Config, InfoSettings, NAME_KEY, NodeId, Options, StreamLimits};

use crate::api::{self, Agent};

/// An agent whose node is alone at a port of loopback.
#[derive(Debug)]
pub(crate) struct Within {
    pub(crate) agent: Arc<Agent>,
    router: Router,
    /// The node stops when nobody hears it.
    _events: Events,
}

impl Within {
    pub(crate) async fn start(name: &str, config: Config) -> Self {
        let config = Config { streams: Some(StreamLimits::default()), infos: Some(InfoSettings::default()), ..config };
        let tombstone_life = config.tombstone_life;
        let options = Options { config, ..Options::new(NodeId::from_name(name), (Ipv4Addr::LOCALHOST, 0).into()) };
        let (node, events) = spawn(options).await.expect("a port is free");
        let agent = Arc::new(Agent::new(node, name.into(), tombstone_life, Vec::new()));
        agent.node.put(NAME_KEY, name.as_bytes(), None).await.expect("it fits");
        let router = api::router(Arc::clone(&agent));
        Self { agent, router, _events: events }
    }

    /// What is answered.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response {
        let Ok(response) = TowerToHyperService::new(self.router.clone()).call(request).await;
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;
    use serde_json::Value;

    impl Within {
        /// The status and the body of what is answered to a GET.
        pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
            let (status, text) = self.text(Request::get(path).body(Body::empty()).expect("a path")).await;
            (status, serde_json::from_str(&text).expect("JSON"))
        }

        /// The status and the lines of what is answered to a POST.
        pub(crate) async fn post(&self, path: &str, body: &'static str) -> (u16, Vec<Value>) {
            let request = Request::post(path).header("content-type", "application/json").body(body.into());
            let (status, text) = self.text(request.expect("a path")).await;
            (status, text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
        }

        async fn text(&self, request: Request<Body>) -> (u16, String) {
            let response = self.answer(request).await;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            (status, String::from_utf8(body.into()).expect("a text"))
        }
    }

    #[tokio::test]
    async fn it_answers_as_over_a_socket() {
        let within = Within::start("n1", Config::local()).await;
        let (status, body) = within.get("/v1/status").await;
        assert_eq!((status, &body["schema"], &body["name"]), (200, &1.into(), &"n1".into()));
    }
}
