//! What everybody should know, as people read it?

use std::time::Duration;

use super::args::InfoCommand;
use super::client::{Client, query};
use super::failure::{Code, Failure};
use super::sheet::Sheet;
use super::{Outcome, Streams};
use crate::duration::{millis, shown};
use crate::model::{Done, FaultText, GroupRegister, InfoAdd, InfoRow, InfoText, Infos, KvDelete};

/// `quidnunc info`
pub(super) async fn info(command: InfoCommand, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let path = match command {
        InfoCommand::Add { key, value, text, ttl } => {
            let ttl_ms = ttl.map(millis);
            let value = if text { InfoText::Text(value) } else { read(value) };
            let answer = client.post::<Done>("/v1/info/add", &InfoAdd { key, value, ttl_ms }).await?;
            streams.show(&answer, |_| String::new())?;
            return Ok(Code::Ok);
        }
        InfoCommand::Del { key } => {
            let answer = client.post::<Done>("/v1/info/delete", &KvDelete { key }).await?;
            streams.show(&answer, |_| String::new())?;
            return Ok(Code::Ok);
        }
        InfoCommand::Get { key } => {
            let answer = client.get::<Infos>(&query("/v1/info", &[("key", Some(&key))])).await?;
            if answer.says.infos.is_empty() {
                let message = format!("there is no info `{}`", quidnunc_terminal::plain(&key));
                return Err(Failure::Fault(FaultText { code: "no_value".into(), message, hint: None }));
            }
            streams.show(&answer, |Infos { infos }| infos.iter().map(|info| format!("{}\n", value(info))).collect())?;
            return Ok(Code::Ok);
        }
        InfoCommand::Ls { prefix } => query("/v1/info", &[("prefix", prefix.as_deref())]),
        InfoCommand::Group { prefix, limit, order } => {
            if let (Some(limit), Some(order)) = (limit, order) {
                let group = GroupRegister { prefix: prefix.clone(), limit, order };
                client.post::<Done>("/v1/info/group", &group).await?;
            }
            query("/v1/info/group", &[("prefix", Some(&prefix))])
        }
    };
    let answer = client.get::<Infos>(&path).await?;
    streams.show(&answer, |Infos { infos }| table(infos))?;
    Ok(Code::Ok)
}

/// A number, if it is one.
fn read(text: String) -> InfoText {
    let is_plain = |char: char| char.is_ascii_digit() || matches!(char, '-' | '+' | '.' | 'e' | 'E');
    match (text.parse(), text.parse::<f64>()) {
        (Ok(number), _) => InfoText::Int(number),
        (_, Ok(number)) if text.chars().all(is_plain) && number.is_finite() => InfoText::Float(number),
        _ => InfoText::Text(text),
    }
}

fn value(info: &InfoRow) -> String {
    match &info.value {
        InfoText::Int(number) => number.to_string(),
        InfoText::Float(number) => number.to_string(),
        InfoText::Text(text) => quidnunc_terminal::plain(text),
        InfoText::Hex { hex } => format!("0x{hex}"),
    }
}

fn table(infos: &[InfoRow]) -> String {
    let mut sheet = Sheet::new(["key", "value", "origin", "hops", "ends in"]);
    for info in infos {
        let left = info.left_ms.map_or_else(String::new, |ms| shown(Duration::from_millis(ms)));
        sheet.row([info.key.shown(), value(info), info.origin.shown(), info.hops.to_string(), left]);
    }
    sheet.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one() {
        assert_eq!(read("-7".into()), InfoText::Int(-7));
        assert_eq!(read("0.5".into()), InfoText::Float(0.5));
        for text in ["inf", "nan", "1 s", "", "0x1"] {
            assert_eq!(read(text.into()), InfoText::Text(text.into()));
        }
    }
}
