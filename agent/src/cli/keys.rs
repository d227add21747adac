//! Who has which key, as people read it? No key is ever shown but a new one.

use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use quidnunc::record::write;
use quidnunc::seal::Key;
use quidnunc_terminal::plain;
use serde_json::json;

use super::args::KeysCommand;
use super::client::Client;
use super::failure::{Code, Failure};
use super::sheet::Sheet;
use super::{Outcome, Streams};
use crate::model::{KeyDone, KeyInstall, KeyStep, Keys};
use crate::run::{parse_keys, read_keys};

/// What to do where a new key finds a file.
const TAKEN: &str = "\n  help: no key is ever replaced by another one; give a file that is not there yet";

/// `quidnunc keys gen`
pub(super) fn generate(bits: &str, out: Option<&Path>, streams: &mut Streams<'_>) -> Outcome {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| Failure::Output(io::Error::other(error)))?;
    let secret = match bits {
        "128" => &secret[..16],
        "192" => &secret[..24],
        _ => &secret[..],
    };
    let id = Key::new(secret).map_err(|error| Failure::Usage(error.to_string()))?.id().to_string();
    let key = hex::encode(secret);
    let (told, text) = match out {
        Some(path) => {
            // Into a new file only, as private as that of a recording: what another one holds may be all that opens a cluster.
            write(path, false, format!("{key}\n").as_bytes())
                .map_err(|error| Failure::unwritten(path, error, TAKEN))?;
            let file = path.display().to_string();
            (json!({ "schema": 1, "id": id, "file": file }), format!("{id} in {}", plain(&file)))
        }
        None => (json!({ "schema": 1, "id": id, "key": key }), key),
    };
    writeln!(streams.out, "{}", if streams.json { told.to_string() } else { text })?;
    Ok(Code::Ok)
}

/// The other ones.
pub(super) async fn keys(
    command: KeysCommand,
    client: Client,
    wait: Option<Duration>,
    streams: &mut Streams<'_>,
) -> Outcome {
    match command {
        KeysCommand::Gen { bits, out } => return generate(&bits, out.as_deref(), streams),
        KeysCommand::List => {
            let answer = client.get::<Keys>("/v1/keys").await?;
            streams.show(&answer, table)?;
            // Not all of it is done while members differ.
            let Keys { members, keys, .. } = answer.says;
            return Ok(if keys.iter().all(|key| key.have == members) { Code::Ok } else { Code::Not });
        }
        KeysCommand::Install { file } => {
            for key in read(&file)? {
                let install = KeyInstall { key: hex::encode(key.secret()), everywhere: false };
                let answer = client.post::<KeyDone>("/v1/keys/install", &install).await?;
                streams.show(&answer, |_| format!("installed {}\n", key.id()))?;
            }
        }
        KeysCommand::Use { id, force } => {
            let answer = client.post::<KeyDone>("/v1/keys/use", &KeyStep { id, force, everywhere: false }).await?;
            streams.show(&answer, |_| String::new())?;
        }
        KeysCommand::Remove { id, force } => {
            let answer = client.post::<KeyDone>("/v1/keys/remove", &KeyStep { id, force, everywhere: false }).await?;
            streams.show(&answer, |_| String::new())?;
        }
        KeysCommand::Rotate { file, force } => {
            return super::rotate::rotate(&read(&file)?, force, (client, wait), streams).await;
        }
    }
    Ok(Code::Ok)
}

fn read(file: &Path) -> Result<Vec<Key>, Failure> {
    let keys = if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().take(64 << 10).read_to_string(&mut text)?;
        parse_keys(&text).map_err(|(line, why)| Failure::Usage(format!("stdin, line {line}: {why}")))?
    } else {
        read_keys(file).map_err(|error| Failure::Usage(error.to_string()))?
    };
    if keys.is_empty() { Err(Failure::Usage(format!("{} has no key", file.display()))) } else { Ok(keys) }
}

pub(super) fn table(Keys { members, keys, holders, withheld }: &Keys) -> String {
    let mut sheet = Sheet::new(["key", "installed", "seals", "here"]);
    for key in keys {
        let of = |count| format!("{count}/{members}");
        let here = if key.own { "seals" } else { "" };
        sheet.row([&key.id, &of(key.have), &of(key.seal), here]);
    }
    let mut text = sheet.text();
    let silent: Vec<_> =
        holders.iter().filter(|holder| holder.mode.is_none()).map(|holder| holder.who.shown()).collect();
    if !silent.is_empty() {
        text.push_str(&format!("nothing has come of {}\n", plain(&silent.join(", "))));
    }
    if !withheld.is_empty() {
        text.push_str(&format!("given at the start, but removed before: {}\n", withheld.join(", ")));
    }
    text
}
