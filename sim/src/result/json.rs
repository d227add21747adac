//! How does a result look to a machine? Schema 1 of the contract, byte-identical from run to run.
//!
//! `serde_json` keeps the keys of an object sorted, and nothing in here knows of clocks, hosts or paths.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{ExpectResult, FaultResult, Measured, Packets, Pooled, RunResult};

const SCHEMA: u64 = 1;

impl RunResult {
    /// The run as one JSON object; its `Display` is the one line of the contract.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut run = json!({
            "schema": SCHEMA,
            "scenario": self.scenario,
            "seed": self.seed,
            "verdict": self.verdict.name(),
            "fingerprint": self.fingerprint_hex(),
            "nodes": self.nodes,
            "sim_ns": self.sim_ns,
            "events": self.events,
            "packets": packets(&self.packets),
            "bytes": { "sent": self.bytes_sent },
            "metrics": metrics(&self.metrics),
            "faults": self.faults.iter().map(fault).collect::<Vec<_>>(),
            "expectations": expectations(&self.expectations),
            "stats": self.stats,
        });
        if let Some(object) = run.as_object_mut() {
            object.extend(self.panic.as_ref().map(|panic| ("panic".to_owned(), json!(panic))));
            object.extend(self.steady.map(|steady| ("steady".to_owned(), json!(steady))));
        }
        run
    }

    /// The fingerprint as people and JSON see it: 16 hex digits.
    #[must_use]
    pub fn fingerprint_hex(&self) -> String {
        format!("{:016x}", self.fingerprint)
    }
}

impl Pooled {
    /// All runs of one scenario together as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "verdict": self.verdict.name(),
            "seeds": self.seeds,
            "passed": self.passed,
            "metrics": metrics(&self.metrics),
            "expectations": expectations(&self.expectations),
        })
    }
}

/// Many runs as one JSON object: each of them, and under the name of each scenario its runs pooled.
#[must_use]
pub fn many_to_json<'a>(runs: impl IntoIterator<Item = &'a RunResult>, pooled: &[&Pooled]) -> Value {
    let runs: Vec<Value> = runs.into_iter().map(RunResult::to_json).collect();
    let pooled: Map<String, Value> = pooled.iter().map(|pooled| (pooled.scenario.clone(), pooled.to_json())).collect();
    json!({ "schema": SCHEMA, "runs": runs, "pooled": pooled })
}

fn metrics(metrics: &BTreeMap<&'static str, Measured>) -> Value {
    metrics.iter().map(|(&name, measured)| (name.to_owned(), metric(measured))).collect()
}

fn metric(measured: &Measured) -> Value {
    let summary = measured.summary();
    let mut fields = vec![("count", summary.count)];
    fields.extend(measured.missed.map(|missed| ("missed", missed)));
    if let (false, Some(stats)) = (measured.counter, summary.stats) {
        fields.extend([
            ("min", stats.min),
            ("mean", stats.mean),
            ("p50", stats.p50),
            ("p90", stats.p90),
            ("p99", stats.p99),
            ("p999", stats.p999),
            ("max", stats.max),
        ]);
    }
    fields.into_iter().collect()
}

fn packets(packets: &Packets) -> Value {
    let mut fields = vec![
        ("sent", packets.sent),
        ("duplicated", packets.duplicated),
        ("delivered", packets.delivered),
        ("dropped", packets.dropped),
        ("in_flight", packets.in_flight),
    ];
    fields.extend(packets.injected.map(|injected| ("injected", injected)));
    fields.into_iter().collect()
}

fn fault(fault: &FaultResult) -> Value {
    json!({ "id": fault.id, "bit": fault.bit })
}

fn expectations(results: &[ExpectResult]) -> Value {
    results.iter().map(expectation).collect()
}

fn expectation(result: &ExpectResult) -> Value {
    json!({
        "id": result.id,
        "metric": result.metric,
        "stat": result.stat,
        "op": result.op,
        "bound": result.bound,
        "unit": result.unit,
        "value": result.value,
        "ok": result.ok,
    })
}
