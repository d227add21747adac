//! What stands in maps, as people read it?

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use hyper::Method;
use quidnunc_terminal::{Pipe, plain};

use super::args::{KvCommand, KvFilterArgs, TagsCommand};
use super::client::{Client, query};
use super::failure::{Code, Failure};
use super::sheet::Sheet;
use super::{Outcome, Streams};
use crate::duration::{millis, shown};
use crate::model::{Bytes, Done, Entries, Entry, FaultText, KvDelete, KvLine, KvSet, Tags, TagsChange};

/// A longer value is cut in a list, in characters.
const SHOWN_MAX: usize = 60;

/// `quidnunc kv`
pub(super) async fn kv(command: KvCommand, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    match command {
        KvCommand::Get { key, of, raw } => get(&key, (of.as_deref(), raw), client, streams).await,
        KvCommand::Set { key, value, ttl } => {
            let ttl_ms = ttl.map(millis);
            let answer = client.post::<Done>("/v1/kv/set", &KvSet { key, value: Bytes::Text(value), ttl_ms }).await?;
            streams.show(&answer, |_| String::new())?;
            Ok(Code::Ok)
        }
        KvCommand::Del { key } => {
            let answer = client.post::<Done>("/v1/kv/delete", &KvDelete { key }).await?;
            streams.show(&answer, |_| String::new())?;
            Ok(Code::Ok)
        }
        KvCommand::Ls(filter) => {
            let answer = client.get::<Entries>(&path("/v1/kv", &filter)).await?;
            streams.show(&answer, |Entries { entries, .. }| table(entries))?;
            Ok(Code::Ok)
        }
        KvCommand::Watch(filter) => watch(&path("/v1/kv/watch", &filter), client, streams).await,
    }
}

fn path(path: &str, KvFilterArgs { prefix, of, all }: &KvFilterArgs) -> String {
    query(path, &[("prefix", prefix.as_deref()), ("of", of.as_deref()), ("all", all.then_some("true"))])
}

async fn get(key: &str, (of, raw): (Option<&str>, bool), client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let answer = client.get::<Entries>(&query("/v1/kv", &[("key", Some(key)), ("of", of)])).await?;
    if answer.says.entries.is_empty() {
        let message =
            format!("`{}` stands for nothing{}", plain(key), of.map_or_else(String::new, |of| format!(" at {of}")));
        return Err(Failure::Fault(FaultText { code: "no_value".into(), message, hint: None }));
    }
    match &answer.says.entries[..] {
        // One owner was asked for: its value alone, as a script wants it.
        [entry] if of.is_some() && !streams.json => {
            // Past what takes escape sequences out on the way to a file: they may be part of the value.
            let mut out = Pipe(io::stdout().lock());
            out.write_all(&alone(entry.value.as_ref(), raw, io::stdout().is_terminal()))?;
            out.flush()?;
        }
        _ => streams.show(&answer, |Entries { entries, .. }| table(entries))?,
    }
    Ok(Code::Ok)
}

/// A value by itself: its bytes, unless they go to a terminal, to which they might do something.
fn alone(value: Option<&Bytes>, raw: bool, to_terminal: bool) -> Vec<u8> {
    let bytes = value.and_then(Bytes::bytes).unwrap_or_default();
    match (raw, to_terminal) {
        (true, _) => bytes,
        (false, false) => [&bytes, &b"\n"[..]].concat(),
        (false, true) => format!("{}\n", plain(&Bytes::new(&bytes).shown())).into_bytes(),
    }
}

async fn watch(path: &str, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let mut lines = client.lines(Method::GET, path, Default::default()).await?;
    while let Some(line) = lines.next::<KvLine>().await? {
        streams.show(&line, |line| match line {
            KvLine::Entry(entry) => {
                format!("{} {} = {}\n", plain(&entry.owner.shown()), plain(&entry.key.shown()), value(entry))
            }
            KvLine::Lost(count) => format!("{count} changes were missed; all keys again:\n"),
        })?;
    }
    Ok(Code::Ok)
}

fn table(entries: &[Entry]) -> String {
    let mut sheet = Sheet::new(["key", "owner", "version", "size", "ends in", "value"]);
    for entry in entries {
        let left = entry.left_ms.map_or_else(String::new, |ms| shown(Duration::from_millis(ms)));
        let (version, size) = (entry.version.to_string(), format!("{} B", entry.size));
        sheet.row([entry.key.shown(), entry.owner.shown(), version, size, left, value(entry)]);
    }
    sheet.text()
}

/// Enough of a value to know it.
fn value(entry: &Entry) -> String {
    match &entry.value {
        None if entry.size == 0 => "(nothing)".into(),
        None => "(too long to be shown)".into(),
        Some(value) => {
            let text = plain(&value.shown());
            match text.char_indices().nth(SHOWN_MAX) {
                Some((cut, _)) => format!("{}…", &text[..cut]),
                None => text,
            }
        }
    }
}

/// `quidnunc tags`
pub(super) async fn tags(command: TagsCommand, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let change = match command {
        TagsCommand::Set { tags } => {
            TagsChange { set: tags.into_iter().map(crate::run::Tag::into_pair).collect(), ..TagsChange::default() }
        }
        TagsCommand::Unset { names } => TagsChange { unset: names, ..TagsChange::default() },
        TagsCommand::Ls => {
            let answer = client.get::<Tags>("/v1/tags").await?;
            streams.show(&answer, tag_lines)?;
            return Ok(Code::Ok);
        }
    };
    let answer = client.post::<Tags>("/v1/tags", &change).await?;
    streams.show(&answer, tag_lines)?;
    Ok(Code::Ok)
}

fn tag_lines(Tags { tags }: &Tags) -> String {
    tags.iter().map(|(name, value)| format!("{}={}\n", plain(name), plain(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_does_nothing_to_a_terminal_unless_that_is_meant() {
        let alone = |bytes: &[u8], raw, to_terminal| alone(Some(&Bytes::new(bytes)), raw, to_terminal);
        let (odd, binary) = (b"a\x1b[31m\n", b"\xff\x07");
        assert_eq!(alone(odd, false, true), b"a\\u{1b}[31m\\n\n");
        assert_eq!(alone(odd, false, false), b"a\x1b[31m\n\n");
        assert_eq!(alone(binary, false, true), b"0xff07\n");
        assert_eq!(alone(binary, false, false), b"\xff\x07\n");
        for to_terminal in [false, true] {
            assert_eq!(alone(odd, true, to_terminal), odd);
            assert_eq!(alone(binary, true, to_terminal), binary);
        }
    }
}
