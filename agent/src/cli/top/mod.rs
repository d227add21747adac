//! What does a node do at present, as people read it?

#[cfg(feature = "top")]
mod live;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use quidnunc_terminal::plain;

use super::client::Client;
use super::failure::Code;
use super::sheet::Sheet;
use super::{Outcome, Streams, members};
use crate::duration::shown;
use crate::model::{Counters, Status, TopReport, TopRow};

/// `quidnunc top`
pub(super) async fn top(once: bool, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    if once || streams.json || !io::stdout().is_terminal() {
        let answer = client.get::<TopReport>("/v1/top").await?;
        streams.show(&answer, |report| screen(report, None))?;
        return Ok(Code::Ok);
    }
    #[cfg(feature = "top")]
    return live::show(client).await;
    #[cfg(not(feature = "top"))]
    Err(super::Failure::Usage("this program was built without the feature `top`\n  help: say --plain".into()))
}

/// One screen. Rates are those since the one before, and without that since the node's start.
fn screen(now: &TopReport, before: Option<&TopReport>) -> String {
    let (counters, uptime) = before.map_or((Counters::default(), 0), |before| (before.counters, before.uptime_ms));
    let elapsed_ms = now.uptime_ms.saturating_sub(uptime);
    let rate = |of: fn(&Counters) -> u64| {
        let counted = of(&now.counters).saturating_sub(of(&counters));
        per_second(counted, elapsed_ms)
    };
    let count = |status| now.members.get(&status).copied().unwrap_or(0);
    let counts: Vec<_> = Status::ALL.iter().map(|&status| format!("{} {}", count(status), status.word())).collect();
    let uptime = shown(Duration::from_millis(now.uptime_ms));
    let health = match now.local_health {
        0 => String::new(),
        held => format!(", {held} held against its own health"),
    };
    let Counters { suspicions, refutations, freezes, .. } = now.counters;
    let head = [
        format!("{}, up {uptime}: {}{health}", plain(&now.who.shown()), counts.join(", ")),
        format!(
            "datagrams/s  {} sent, {} received, {} rejected",
            rate(|it| it.datagrams_sent),
            rate(|it| it.datagrams_received),
            rate(|it| it.datagrams_rejected)
        ),
        format!(
            "bytes/s      {} in datagrams, {} over streams; queues without room: {}/s",
            rate(|it| it.bytes_sent),
            rate(|it| it.stream_bytes_sent),
            rate(|it| it.no_room)
        ),
        format!("accusations  {suspicions} made, {refutations} contradicted, {freezes} freezes"),
    ];
    let mut sheet = Sheet::new(["name", "address", "status", "domain", "dead in", "accusers", "gone for", ""]);
    for row in &now.rows {
        sheet.row(cells(row));
    }
    format!("{}\n\n{}", head.join("\n"), sheet.text())
}

fn cells(row: &TopRow) -> [String; 8] {
    let (dead_in, accusers) = match row.suspicion {
        Some(suspicion) => (shown(Duration::from_millis(suspicion.left_ms)), suspicion.accusers.to_string()),
        None => (String::new(), String::new()),
    };
    let [name, addr, status, domain] = members::cells(&row.brief);
    let note = if row.stream_only { "streams only".into() } else { String::new() };
    [name, addr, status, domain, dead_in, accusers, members::gone_for(&row.brief), note]
}

/// With one digit behind the point where that says something.
fn per_second(count: u64, elapsed_ms: u64) -> String {
    let tenths = u128::from(count).saturating_mul(10_000) / u128::from(elapsed_ms.max(1));
    let (whole, tenth) = (tenths / 10, tenths % 10);
    if whole < 10 && tenth > 0 { format!("{whole}.{tenth}") } else { whole.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Brief, Suspicion, Who};
    use expect_test::expect;

    fn row(name: &str, status: Status) -> TopRow {
        TopRow {
            brief: Brief {
                who: Who { name: Some(name.into()), id: "00".into() },
                addr: ([10, 0, 0, 1], 7946).into(),
                status,
                own: name == "n1",
                domain: (name != "n3").then(|| "rack-1".into()),
                gone_ms: (status == Status::Dead).then_some(90_000),
            },
            suspicion: (status == Status::Suspect).then_some(Suspicion { accusers: 2, left_ms: 3400 }),
            stream_only: name == "n3",
        }
    }

    fn report(uptime_ms: u64, sent: u64) -> TopReport {
        let counters = Counters { datagrams_sent: sent, bytes_sent: sent * 100, suspicions: 1, ..Counters::default() };
        TopReport {
            who: Who { name: Some("n1".into()), id: "00".into() },
            uptime_ms,
            members: [(Status::Alive, 1), (Status::Suspect, 1), (Status::Dead, 1)].into(),
            local_health: 2,
            counters,
            rows: vec![
                row("n2", Status::Suspect),
                row("n\u{1b}4", Status::Dead),
                row("n1", Status::Alive),
                row("n3", Status::Alive),
            ],
        }
    }

    #[test]
    fn a_screen_shows_rates_and_whoever_needs_a_look() {
        expect![[r#"
            n1, up 10 s: 1 alive, 1 suspect, 1 dead, 0 left, 0 removed, 2 held against its own health
            datagrams/s  3.5 sent, 0 received, 0 rejected
            bytes/s      350 in datagrams, 0 over streams; queues without room: 0/s
            accusations  1 made, 0 contradicted, 0 freezes

             name       address         status    domain   dead in   accusers   gone for
            ────────────────────────────────────────────────────────────────────────────────────────────
             n2         10.0.0.1:7946   suspect   rack-1   3.4 s     2
             n\u{1b}4   10.0.0.1:7946   dead      rack-1                        1.5 m
             n1 *       10.0.0.1:7946   alive     rack-1
             n3         10.0.0.1:7946   alive                                              streams only
        "#]]
        .assert_eq(&screen(&report(10_000, 35), None));
        let later = screen(&report(12_000, 65), Some(&report(10_000, 35)));
        expect!["datagrams/s  15 sent, 0 received, 0 rejected"].assert_eq(later.lines().nth(1).unwrap_or_default());
        let same = screen(&report(10_000, 35), Some(&report(10_000, 35)));
        expect!["datagrams/s  0 sent, 0 received, 0 rejected"].assert_eq(same.lines().nth(1).unwrap_or_default());
    }
}
