//! What would an agent start with, and what is wrong with that?

use std::path::Path;

use super::args::AgentArgs;
use super::failure::{Code, Failure};
use super::{Outcome, Streams};
use crate::run::{Given, Settings, read_file};

/// `quidnunc config check`
pub(super) fn check(file: &Path, streams: &mut Streams<'_>) -> Outcome {
    let given = read_file(file).map_err(|error| Failure::Usage(error.to_string()))?;
    // What only goes wrong together, or with what lies elsewhere.
    Settings::new(&given).map_err(|error| Failure::Usage(error.to_string()))?;
    if streams.json {
        writeln!(streams.out, "{}", serde_json::json!({ "schema": 1, "ok": true }))?;
    } else {
        writeln!(streams.out, "{}: nothing is wrong", file.display())?;
    }
    Ok(Code::Ok)
}

/// `quidnunc config show`
pub(super) fn show(AgentArgs { given, config }: AgentArgs, streams: &mut Streams<'_>) -> Outcome {
    let given = match config {
        Some(file) => given.or(read_file(&file).map_err(|error| Failure::Usage(error.to_string()))?),
        None => given,
    };
    let unsaid = |error: &dyn std::error::Error| Failure::Usage(error.to_string());
    if streams.json {
        let reply = crate::model::Reply::new(&given);
        let text = serde_json::to_string(&reply).map_err(|error| unsaid(&error))?;
        writeln!(streams.out, "{text}")?;
    } else {
        write!(streams.out, "{}", toml::to_string(&given).map_err(|error| unsaid(&error))?)?;
    }
    Ok(Code::Ok)
}

/// `quidnunc config schema`
pub(super) fn schema(streams: &mut Streams<'_>) -> Outcome {
    let mut schema = schemars::schema_for!(Given);
    schema.insert("title".into(), "quidnunc agent".into());
    let text = serde_json::to_string_pretty(&schema).map_err(|error| Failure::Usage(error.to_string()))?;
    writeln!(streams.out, "{text}")?;
    Ok(Code::Ok)
}
