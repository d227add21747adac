//! How is the agent, as people read it?

use std::time::Duration;

use quidnunc_terminal::plain;

use super::client::Client;
use super::failure::Code;
use super::sheet::Sheet;
use super::{Outcome, Streams};
use crate::duration::shown;
use crate::model::{DomainRow, QuorumMargin, QuorumReport, Status, StatusReport};

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
    let QuorumReport { standing, why, all, needed, seen, margin, domains, .. } = report;
    let lost = |count: u32, what: &str| match count {
        0 => format!("no {what}"),
        1 => format!("1 more {what}"),
        count => format!("{count} more {what}s"),
    };
    let margin = match margin {
        Some(QuorumMargin { members, domains: whole }) if domains.len() > 1 => {
            format!("; {} may be lost, or {}", lost(*members, "member"), lost(*whole, "whole domain"))
        }
        Some(QuorumMargin { members, .. }) => format!("; {} may be lost", lost(*members, "member")),
        None => String::new(),
    };
    let text = format!("{standing}: {why}\n{seen} of {all} votes are seen, {needed} are needed{margin}\n");
    if domains.len() < 2 {
        return text;
    }
    let mut sheet = Sheet::new(["domain", "votes", "seen"]);
    for DomainRow { domain, votes, seen } in domains {
        let domain = domain.as_deref().unwrap_or("none");
        sheet.row([domain, &votes.to_string(), &seen.to_string()]);
    }
    text + &sheet.text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn what_may_be_lost_is_said() {
        let row = |domain: &str, seen| DomainRow { domain: Some(domain.into()), votes: 2, seen };
        let mut report = QuorumReport {
            in_quorum: true,
            standing: "in-quorum".into(),
            why: "enough votes are seen".into(),
            all: 6,
            needed: 4,
            seen: 5,
            margin: Some(QuorumMargin { members: 1, domains: 0 }),
            domains: vec![row("a", 2), row("b", 2), row("c", 1)],
            epoch: None,
        };
        expect![[r#"
            in-quorum: enough votes are seen
            5 of 6 votes are seen, 4 are needed; 1 more member may be lost, or no whole domain
             domain   votes   seen
            ───────────────────────
             a        2       2
             b        2       2
             c        2       1
        "#]]
        .assert_eq(&standing(&report));
        report.domains.truncate(1);
        expect![[r#"
            in-quorum: enough votes are seen
            5 of 6 votes are seen, 4 are needed; 1 more member may be lost
        "#]]
        .assert_eq(&standing(&report));
    }
}
