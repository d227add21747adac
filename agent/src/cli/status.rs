//! How is the agent, as people read it?

use quidnunc_terminal::plain;
use std::time::Duration;

use super::client::Client;
use super::failure::Code;
use super::{Outcome, Streams};
use crate::duration::shown;
use crate::model::{QuorumReport, Status, StatusReport};

/// `quidnunc status`
pub(super) async fn status(client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let answer = client.get::<StatusReport>("/v1/status").await?;
    streams.show(&answer, text)?;
    Ok(if answer.says.healthy { Code::Ok } else { Code::Not })
}

fn text(report: &StatusReport) -> String {
    let count = |status| report.members.get(&status).copied().unwrap_or(0);
    let counts: Vec<_> = Status::ALL.iter().map(|&status| format!("{} {}", count(status), status.word())).collect();
    let advertised =
        if report.bound == report.addr { String::new() } else { format!(", advertised as {}", report.addr) };
    let sealed = report.seal.as_deref().unwrap_or("none");
    let lines = [
        (
            "agent",
            format!("{} ({}), version {}, process {}", report.who.shown(), report.who.id, report.version, report.pid),
        ),
        ("address", format!("{}{advertised}", report.bound)),
        ("domain", report.domain.clone().unwrap_or_else(|| "none".into())),
        ("runs for", shown(Duration::from_millis(report.uptime_ms))),
        ("incarnation", format!("{}.{}", report.boot, report.counter)),
        ("members", counts.join(", ")),
        ("seal", sealed.to_owned()),
        (
            "datagrams",
            format!(
                "{} sent, {} received, {} rejected",
                report.datagrams_sent, report.datagrams_received, report.datagrams_rejected
            ),
        ),
        (
            "accusations",
            format!("{} made, {} contradicted, {} freezes", report.suspicions, report.refutations, report.freezes),
        ),
        ("health", if report.healthy { "healthy".into() } else { format!("degraded: {}", report.problems.join("; ")) }),
    ];
    lines.iter().map(|(name, value)| format!("{name:<12} {}\n", plain(value))).collect()
}

/// `quidnunc quorum`
pub(super) async fn quorum(client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let answer = client.get::<QuorumReport>("/v1/quorum").await?;
    streams.show(&answer, standing)?;
    Ok(if answer.says.in_quorum { Code::Ok } else { Code::Not })
}

fn standing(report: &QuorumReport) -> String {
    let QuorumReport { standing, why, all, needed, seen, margin, .. } = report;
    let margin = match margin {
        Some(margin) => format!("; {} more may be lost", margin.members),
        None => String::new(),
    };
    format!("{standing}: {why}\n{seen} of {all} votes are seen, {needed} are needed{margin}\n")
}
