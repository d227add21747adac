//! Who answers, whom does this node talk to, and why is something believed, as people read it?

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use hyper::Method;
use quidnunc_terminal::plain;

use super::client::{Client, json, query};
use super::failure::{Code, Failure};
use super::sheet::Sheet;
use super::{Outcome, Streams};
use crate::duration::shown;
use crate::model::{Done, Nothing, OfMember, Overlay, PingRequest, Reached, Status, WhyReport};

/// `quidnunc why`
pub(super) async fn why(node: &str, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let answer = client.get::<WhyReport>(&query("/v1/why", &[("member", Some(node))])).await?;
    streams.show(&answer, |WhyReport { who, status, because }| {
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
        rows.sort_by(|a, b| (&a.who.name, &a.who.id).cmp(&(&b.who.name, &b.who.id)));
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
pub(super) async fn force_leave(member: String, yes: bool, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    if !yes && !confirmed(&member, streams)? {
        return Err(Failure::Usage(format!("{} stays\n  help: say that it is meant with --yes", plain(&member))));
    }
    let answer = client.post::<Done>("/v1/force-leave", &OfMember { member }).await?;
    streams.show(&answer, |_| String::new())?;
    Ok(Code::Ok)
}

/// Whether somebody at a terminal means it.
fn confirmed(member: &str, streams: &mut Streams<'_>) -> io::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    write!(streams.err, "{} will never come back in this life. Type yes if that is meant: ", plain(member))?;
    streams.err.flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim() == "yes")
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
