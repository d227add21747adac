//! Who answers, whom does this node talk to, and why is something believed, as people read it?

use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::time::Duration;

use hyper::Method;
use quidnunc_terminal::plain;

use super::client::{Client, json, query};
use super::failure::{Code, Failure};
use super::sheet::Sheet;
use super::{Outcome, Streams};
use crate::duration::shown;
use crate::model::{FaultText, LetGo, Nothing, OfMember, Overlay, PingRequest, Reached, Status, Who, WhyReport};

/// `quidnunc why`
pub(super) async fn why(node: &str, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let answer = client.get::<WhyReport>(&query("/v1/why", &[("member", Some(node))])).await?;
    streams.show(&answer, |WhyReport { who, status, because, .. }| {
        let because: String = because.iter().map(|sentence| format!("  {}\n", plain(sentence))).collect();
        format!("{} is {}\n{because}", plain(&who.shown()), status.word())
    })?;
    Ok(Code::Ok)
}

/// `quidnunc rtt`
pub(super) async fn rtt(member: String, other: Option<String>, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let answer = client.post::<Reached>("/v1/ping", &PingRequest { member, other }).await?;
    streams.show(&answer, |reached| format!("{}: {}\n", plain(&reached.who.shown()), time(reached)))?;
    Ok(if answer.says.rtt_us.is_some() { Code::Ok } else { Code::Not })
}

fn time(reached: &Reached) -> String {
    reached.rtt_us.map_or_else(|| "no answer".into(), |micros| shown(Duration::from_micros(micros)))
}

/// `quidnunc reach`
pub(super) async fn reach(client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let mut lines = client.lines(Method::POST, "/v1/reach", json(&Nothing {})?).await?;
    let mut rows = Vec::new();
    while let Some(line) = lines.next::<Reached>().await? {
        if streams.json {
            streams.show(&line, |_| String::new())?;
        }
        rows.push(line.says);
    }
    let missing = rows.iter().filter(|row| row.status == Status::Alive && row.rtt_us.is_none()).count();
    if !streams.json {
        rows.sort_by(|a, b| a.who.cmp(&b.who));
        let mut sheet = Sheet::new(["name", "address", "status", "answer"]);
        for row in &rows {
            sheet.row([row.who.shown(), row.addr.to_string(), row.status.word().to_owned(), time(row)]);
        }
        let answered = rows.iter().filter(|row| row.rtt_us.is_some()).count();
        write!(streams.out, "{}", sheet.text())?;
        writeln!(streams.out, "{answered} of {} answered", rows.len())?;
    }
    Ok(if missing == 0 { Code::Ok } else { Code::Not })
}

/// `quidnunc force-leave`
pub(super) async fn force_leave(
    member: String,
    (yes, prune): (bool, bool),
    client: &Client,
    streams: &mut Streams<'_>,
) -> Outcome {
    // By its id from here on, so that it is the one that was shown.
    let found = client.get::<WhyReport>(&query("/v1/why", &[("member", Some(&member))])).await?.says;
    let member = found.who.id.clone();
    match found.status {
        Status::Alive | Status::Suspect if !yes => return Err(Failure::Fault(lives(&found))),
        Status::Dead if !yes => confirm(&found, streams)?,
        Status::Alive | Status::Suspect | Status::Dead | Status::Left | Status::Removed => {}
    }
    let answer = client.post::<LetGo>("/v1/force-leave", &OfMember { member }).await?;
    streams.show(&answer, |gone| {
        let forgotten = shown(Duration::from_millis(gone.forgotten_in_ms));
        let forgotten = if prune { format!("; forgotten in {forgotten}") } else { String::new() };
        let who = shown_as(&gone.who, gone.addr);
        match gone.was == gone.status {
            true => format!("{who} had {} already{forgotten}\n", gone_word(gone.status)),
            false => format!("{who}, which was {}, is {}{forgotten}\n", gone.was.word(), gone.status.word()),
        }
    })?;
    Ok(Code::Ok)
}

const fn gone_word(status: Status) -> &'static str {
    match status {
        Status::Removed => "been removed",
        Status::Alive | Status::Suspect | Status::Dead | Status::Left => "left",
    }
}

fn shown_as(who: &Who, addr: SocketAddr) -> String {
    format!("{} at {addr}", plain(&who.shown()))
}

fn lives(found: &WhyReport) -> FaultText {
    let message = format!("{} is {}", shown_as(&found.who, found.addr), found.status.word());
    let hint = "only the dead are removed: stop it first, or let it leave".into();
    FaultText { code: "not_dead".into(), message, hint: Some(hint) }
}

/// Asks whether that is meant, whoever sees the question and can answer it.
fn confirm(found: &WhyReport, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let who = shown_as(&found.who, found.addr);
    let stays = format!("{who}, which is dead, stays");
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::Usage(format!("{stays}\n  help: say that it is meant with --yes")));
    }
    write!(streams.err, "{who}, which is dead, will never come back in this life. Type yes if that is meant: ")?;
    streams.err.flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    match line.trim() {
        "yes" => Ok(()),
        _ => Err(Failure::Fault(FaultText { code: "not_confirmed".into(), message: stays, hint: None })),
    }
}

/// `quidnunc overlay`
pub(super) async fn overlay(dot: bool, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let answer = client.get::<Overlay>("/v1/overlay").await?;
    streams.show(&answer, if dot { graph } else { links })?;
    Ok(Code::Ok)
}

fn links(Overlay { standing, max_hops, links, .. }: &Overlay) -> String {
    let mut sheet = Sheet::new(["name", "address", "link"]);
    for link in links {
        let direction = if link.outgoing { "outgoing" } else { "incoming" };
        sheet.row([link.who.shown(), link.addr.to_string(), direction.to_owned()]);
    }
    format!("{}{standing}, infos come over {max_hops} links at most\n", sheet.text())
}

fn graph(Overlay { own, links, .. }: &Overlay) -> String {
    let name = |text: String| format!("{:?}", plain(&text));
    let own = name(own.shown());
    let edge = |link: &crate::model::LinkRow| match (name(link.who.shown()), link.outgoing) {
        (other, true) => format!("  {own} -> {other};\n"),
        (other, false) => format!("  {other} -> {own};\n"),
    };
    format!("digraph overlay {{\n{}}}\n", links.iter().map(edge).collect::<String>())
}
