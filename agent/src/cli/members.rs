//! Who is in the cluster, as people read it?

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use hyper::Method;
use quidnunc_terminal::plain;

use super::args::MembersArgs;
use super::client::{Client, query};
use super::failure::Code;
use super::sheet::Sheet;
use super::{Outcome, Streams};
use crate::duration::shown;
use crate::model::{Brief, Member, MemberLine, Members, Status};

/// `quidnunc members`
pub(super) async fn members(args: &MembersArgs, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let statuses: Vec<_> = args.status.iter().map(|status| status.word()).collect();
    let some = |text: String| (!text.is_empty()).then_some(text);
    let (status, tag) = (some(statuses.join(",")), some(args.tag.join(",")));
    let filter = [("status", status.as_deref()), ("domain", args.domain.as_deref()), ("tag", tag.as_deref())];
    if args.watch {
        return watch(client, &query("/v1/members/watch", &filter), streams).await;
    }
    let answer = client.get::<Members>(&query("/v1/members", &filter)).await?;
    streams.show(&answer, |Members { members }| table(members, args.long))?;
    Ok(Code::Ok)
}

async fn watch(client: &Client, path: &str, streams: &mut Streams<'_>) -> Outcome {
    let mut lines = client.lines(Method::GET, path, Default::default()).await?;
    while let Some(line) = lines.next::<MemberLine>().await? {
        streams.show(&line, |line| match line {
            MemberLine::Member(member) => format!("{}\n", sentence(member)),
            MemberLine::Lost(count) => format!("{count} changes were missed; all members again:\n"),
        })?;
    }
    Ok(Code::Ok)
}

fn table(members: &[Member], long: bool) -> String {
    let mut sheet = match long {
        false => Sheet::new(["name", "address", "status", "domain", "tags"]),
        true => Sheet::new(["name", "address", "status", "domain", "tags", "id", "incarnation", "gone for", "version"]),
    };
    for member in members {
        let brief = &member.brief;
        let incarnation = format!("{}.{}", member.boot, member.counter);
        let version = member.version.clone().unwrap_or_default();
        let more = [brief.who.id.clone(), incarnation, gone_for(brief), version];
        let row = cells(brief).into_iter().chain([tags(member)]);
        sheet.row(row.chain(more.into_iter().filter(|_| long)));
    }
    sheet.text()
}

/// Name, address, status and domain.
pub(super) fn cells(brief: &Brief) -> [String; 4] {
    let own = if brief.own { " *" } else { "" };
    [
        format!("{}{own}", brief.who.shown()),
        brief.addr.to_string(),
        brief.status.word().to_owned(),
        brief.domain.clone().unwrap_or_default(),
    ]
}

/// How long ago a member died or left.
pub(super) fn gone_for(brief: &Brief) -> String {
    brief.gone_ms.map_or_else(String::new, |ms| shown(Duration::from_millis(ms.into())))
}

fn sentence(member: &Member) -> String {
    let status = member.brief.status.word();
    let style = style(member.brief.status);
    let domain = member.brief.domain.as_ref().map_or_else(String::new, |domain| format!(" in {domain}"));
    let name = plain(&member.brief.who.shown());
    let tail = plain(&format!("{domain} {}", tags(member)));
    format!("{name} {style}{status}{style:#} {}{}", member.brief.addr, tail.trim_end())
}

fn tags(member: &Member) -> String {
    member.tags.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

/// How a status is set off.
pub(super) const fn style(status: Status) -> Style {
    let color = match status {
        Status::Alive => AnsiColor::Green,
        Status::Suspect => AnsiColor::Yellow,
        Status::Dead => AnsiColor::Red,
        Status::Left | Status::Removed => AnsiColor::BrightBlack,
    };
    color.on_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Who;
    use expect_test::expect;

    fn member(name: Option<&str>, status: Status) -> Member {
        Member {
            brief: Brief {
                who: Who { name: name.map(str::to_owned), id: "00112233445566778899aabbccddeeff".into() },
                addr: ([10, 0, 0, 1], 7946).into(),
                status,
                own: status == Status::Alive,
                domain: Some("rack-1".into()),
                gone_ms: (status == Status::Dead).then_some(90_000),
            },
            boot: 1_790_000_000_000,
            counter: 2,
            version: name.map(|_| "quidnunc 0.1.0, wire version 1".into()),
            tags: [("role".into(), "db\u{7}".into()), ("zone".into(), "a".into())].into(),
        }
    }

    #[test]
    fn members_are_a_table() {
        let rows = [member(Some("n1"), Status::Alive), member(None, Status::Dead)];
        expect![[r#"
             name       address         status   domain   tags
            ──────────────────────────────────────────────────────────────────
             n1 *       10.0.0.1:7946   alive    rack-1   role=db\u{7} zone=a
             00112233   10.0.0.1:7946   dead     rack-1   role=db\u{7} zone=a
        "#]]
        .assert_eq(&table(&rows, false));
        expect![[r#"
             name       address         status   domain   tags                  id                                 incarnation       gone for   version
            ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
             n1 *       10.0.0.1:7946   alive    rack-1   role=db\u{7} zone=a   00112233445566778899aabbccddeeff   1790000000000.2              quidnunc 0.1.0, wire version 1
             00112233   10.0.0.1:7946   dead     rack-1   role=db\u{7} zone=a   00112233445566778899aabbccddeeff   1790000000000.2   1.5 m
        "#]].assert_eq(&table(&rows, true));
        expect![[r#"00112233 dead 10.0.0.1:7946 in rack-1 role=db\u{7} zone=a"#]]
            .assert_eq(&anstream::adapter::strip_str(&sentence(&rows[1])).to_string());
    }
}
