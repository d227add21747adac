//! Is the JSON that of the contract, byte for byte?

use expect_test::expect;
use quidnunc_sim::result::{many_to_json, pool};
use quidnunc_sim::scenario::{Metric, Op, Stat};
use serde_json::Value;

use crate::stand_in::{counter, expect as expectation, may_miss, run, samples, scenario};

#[test]
fn one_run_is_the_contracts_object() {
    let mut scenario = scenario("crash");
    scenario.expects.push(expectation(Metric::Converged, Stat::Max, Op::Max, 5));
    let mut run = run(&scenario, 1, 8_000_000_000);
    run.metrics.retain(|&name, _| name == "detection.dead");
    run.metrics.insert("false_positive", counter(3));
    run.metrics.insert("hops", samples([]));
    run.metrics.insert("detection.full", may_miss([], 1));
    let json = run.to_json();
    assert_eq!(json.to_string().lines().count(), 1);
    expect![[r#"
        {
          "bytes": {
            "sent": 40000
          },
          "events": 123456,
          "expectations": [
            {
              "bound": 8000000000,
              "id": "detection.dead.p99#1",
              "metric": "detection.dead",
              "ok": true,
              "op": "max",
              "stat": "p99",
              "unit": "ns",
              "value": 8000000000
            },
            {
              "bound": 5,
              "id": "converged.max#1",
              "metric": "converged",
              "ok": null,
              "op": "max",
              "stat": "max",
              "unit": "ns",
              "value": null
            }
          ],
          "faults": [
            {
              "bit": 1,
              "id": "stop"
            }
          ],
          "fingerprint": "53de64a7c0ffee01",
          "metrics": {
            "detection.dead": {
              "count": 1,
              "max": 8000000000,
              "mean": 8000000000,
              "min": 8000000000,
              "missed": 0,
              "p50": 8000000000,
              "p90": 8000000000,
              "p99": 8000000000,
              "p999": 8000000000
            },
            "detection.full": {
              "count": 0,
              "missed": 1
            },
            "false_positive": {
              "count": 3
            },
            "hops": {
              "count": 0
            }
          },
          "nodes": 100,
          "packets": {
            "delivered": 990,
            "dropped": 15,
            "duplicated": 5,
            "in_flight": 0,
            "sent": 1000
          },
          "scenario": "crash",
          "schema": 1,
          "seed": 1,
          "sim_ns": 60000000000,
          "stats": {
            "acks": 5990,
            "probes": 6000
          },
          "verdict": "unsettled"
        }"#]]
    .assert_eq(&pretty(&json));
}

#[test]
fn packets_from_outside_are_counted_if_there_can_be_any() {
    let mut run = run(&scenario("crash"), 1, 1);
    assert!(run.to_json()["packets"].get("injected").is_none());
    run.packets.injected = Some(0);
    assert_eq!(run.to_json()["packets"]["injected"], 0);
}

#[test]
fn small_fingerprints_keep_their_digits_and_panics_their_text() {
    let mut run = run(&scenario("crash"), 1, 1);
    assert!(run.to_json().get("panic").is_none());
    run.fingerprint = 0xff;
    run.panic = Some("node 3: \"no\"".to_owned());
    let json = run.to_json();
    assert_eq!(json["fingerprint"], "00000000000000ff");
    assert_eq!(json["panic"], "node 3: \"no\"");
}

#[test]
fn many_runs_are_followed_by_all_of_them_pooled() {
    let mut scenario = scenario("crash");
    let mut runs = [run(&scenario, 5, 7_000_000_000), run(&scenario, 6, 9_000_000_000)];
    for run in &mut runs {
        run.metrics.retain(|&name, _| name == "detection.dead");
    }
    scenario.expects[0].bound = 8_000_000_000;
    let pooled = pool(&scenario, &runs);
    let json = many_to_json(&runs, &[&pooled]);
    assert_eq!(json["runs"][0], runs[0].to_json());
    assert_eq!(json["runs"][1], runs[1].to_json());
    assert_eq!(json["schema"], 1);
    expect![[r#"
        {
          "crash": {
            "expectations": [
              {
                "bound": 8000000000,
                "id": "detection.dead.p99#1",
                "metric": "detection.dead",
                "ok": false,
                "op": "max",
                "stat": "p99",
                "unit": "ns",
                "value": 9000000000
              }
            ],
            "metrics": {
              "detection.dead": {
                "count": 2,
                "max": 9000000000,
                "mean": 8000000000,
                "min": 7000000000,
                "missed": 0,
                "p50": 7000000000,
                "p90": 9000000000,
                "p99": 9000000000,
                "p999": 9000000000
              }
            },
            "passed": 1,
            "seeds": 2,
            "verdict": "fail"
          }
        }"#]]
    .assert_eq(&pretty(&json["pooled"]));
}

fn pretty(json: &Value) -> String {
    serde_json::to_string_pretty(json).unwrap()
}
