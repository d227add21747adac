//! How far has the goodbye come, as people read it?

use hyper::Method;

use super::client::{Client, json};
use super::failure::{Code, Failure};
use super::{Outcome, Streams};
use crate::model::{Goodbye, LeaveLine, Nothing};

/// `quidnunc leave`
pub(super) async fn leave(client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let mut lines = client.lines(Method::POST, "/v1/leave", json(&Nothing {})?).await?;
    let mut code = None;
    while let Some(line) = lines.next::<LeaveLine>().await? {
        match &line.says {
            LeaveLine::Leaving(Goodbye { peers, of, .. }) => {
                if !streams.json {
                    writeln!(streams.err, "{peers} of {of} have confirmed")?;
                    continue;
                }
            }
            LeaveLine::Left(Goodbye { peers, of, .. }) => code = Some(if peers < of { Code::Not } else { Code::Ok }),
            LeaveLine::Error(fault) => return Err(Failure::Fault(fault.clone())),
        }
        streams.show(&line, |line| match line {
            LeaveLine::Left(Goodbye { peers, domains, of }) => match domains {
                0 | 1 => format!("left: {peers} of {of} have confirmed\n"),
                _ => format!("left: {peers} of {of} have confirmed, in {domains} domains\n"),
            },
            LeaveLine::Leaving(_) | LeaveLine::Error(_) => String::new(),
        })?;
    }
    code.ok_or_else(|| Failure::Broken("it had not left yet".into()))
}
