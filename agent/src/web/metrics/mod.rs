//! What can be drawn over time?
//!
//! Every scrape takes the node's numbers as they are then; nothing is kept beside the node. No label has a value that comes from
//! the cluster, so that there are as many series as there are names here, whatever the cluster's size. `docs/metrics.md` lists them.

mod counted;
mod seen;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, MetricEncoder, prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::api::{Agent, Problem};

/// What all names begin with.
const PREFIX: &str = "quidnunc";

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One name, and what stands under it.
#[derive(Debug)]
struct Family {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    counts: bool,
    /// The label that tells the samples apart; empty where there is one.
    label: &'static str,
    samples: Vec<(&'static str, u64)>,
}

impl Family {
    /// Something that goes up and down.
    fn gauge(name: &'static str, help: &'static str, value: impl Into<u64>) -> Self {
        Self { name, help, unit: None, counts: false, label: "", samples: vec![("", value.into())] }
    }

    /// Something that only goes up.
    fn counter(name: &'static str, help: &'static str, value: u64) -> Self {
        Self { counts: true, ..Self::gauge(name, help, value) }
    }

    /// With one sample per value of a label.
    fn by(self, label: &'static str, samples: &[(&'static str, u64)]) -> Self {
        Self { label, samples: samples.to_vec(), ..self }
    }

    fn in_unit(self, unit: Unit) -> Self {
        Self { unit: Some(unit), ..self }
    }

    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let kind = if self.counts { MetricType::Counter } else { MetricType::Gauge };
        let mut all = encoder.encode_descriptor(self.name, self.help, self.unit.as_ref(), kind)?;
        for (value, number) in &self.samples {
            if self.label.is_empty() {
                self.encode_one(*number, all)?;
                break;
            }
            self.encode_one(*number, all.encode_family(&[(self.label, *value)])?)?;
        }
        Ok(())
    }

    fn encode_one(&self, number: u64, encoder: MetricEncoder<'_>) -> fmt::Result {
        if self.counts { ConstCounter::new(number).encode(encoder) } else { ConstGauge::new(number).encode(encoder) }
    }
}

/// All that is known at one moment.
#[derive(Debug)]
struct Taken(Vec<Family>);

impl Collector for Taken {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|family| family.encode(&mut encoder))
    }
}

/// `GET /metrics`
pub(super) fn router(agent: Arc<Agent>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(agent)
}

async fn metrics(State(agent): State<Arc<Agent>>, headers: HeaderMap) -> Result<Response, Problem> {
    let began = agent.began;
    let take = move |driver: &mut quidnunc::std::Driver| {
        let seal = driver.seal().map(|seal| seal.stats());
        let mut families = seen::families(driver, began.elapsed());
        families.extend(counted::of_node(driver.view().stats()));
        families.push(counted::of_sockets(driver.socket_stats()));
        families.extend(seal.iter().flat_map(counted::of_seal));
        Ok(Taken(families))
    };
    let taken = agent.node.act(take).await?;
    let accepts = headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    let is_open = accepts.into_iter().any(|accept| accept.contains("application/openmetrics-text"));
    let written = written(taken, is_open).map_err(|fmt::Error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "unwritable", "a number cannot be written as a metric")
    })?;
    let kind = if is_open { OPENMETRICS } else { PROMETHEUS_TEXT };
    Ok(([(CONTENT_TYPE, kind)], written).into_response())
}

fn written(taken: Taken, is_open: bool) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    let wire = quidnunc::WIRE_VERSION.to_string();
    let build = Info::new([("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()), ("wire".to_owned(), wire)]);
    registry.register("build", "Which version this is, and which version of the wire format it speaks", build);
    registry.register_collector(Box::new(taken));
    let mut text = String::new();
    if is_open {
        text::encode(&mut text, &registry)?;
    } else {
        prometheus_text::encode(&mut text, &registry)?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn taken() -> Taken {
        let bytes = Family::counter("tx", "Bytes.", 0).by("class", &[("datagram", 7), ("stream", 0)]);
        Taken(vec![Family::gauge("health_score", "Health.", 1_u8), bytes.in_unit(Unit::Bytes)])
    }

    #[test]
    fn both_formats_say_the_same() {
        let strip = |text: Result<String, fmt::Error>| {
            let text = text.unwrap_or_default();
            text.lines().filter(|line| !line.contains("build")).map(|line| format!("{line}\n")).collect::<String>()
        };
        expect![[r##"
            # HELP quidnunc_health_score Health.
            # TYPE quidnunc_health_score gauge
            quidnunc_health_score 1
            # HELP quidnunc_tx_bytes Bytes.
            # TYPE quidnunc_tx_bytes counter
            # UNIT quidnunc_tx_bytes bytes
            quidnunc_tx_bytes_total{class="datagram"} 7
            quidnunc_tx_bytes_total{class="stream"} 0
            # EOF
        "##]]
        .assert_eq(&strip(written(taken(), true)));
        expect![[r##"
            # HELP quidnunc_health_score Health.
            # TYPE quidnunc_health_score gauge
            quidnunc_health_score 1
            # HELP quidnunc_tx_bytes_total Bytes.
            # TYPE quidnunc_tx_bytes_total counter
            quidnunc_tx_bytes_total{class="datagram"} 7
            quidnunc_tx_bytes_total{class="stream"} 0
        "##]]
        .assert_eq(&strip(written(taken(), false)));
    }
}
