//! Which recording has no keys and values of an application in it, and is the same otherwise?

use std::io;
use std::path::Path;

use quidnunc_record::{RedactError, WriteError, redact, write};
use quidnunc_terminal::plain;
use serde_json::json;

use super::Streams;
use super::args::RedactArgs;
use super::replay::{code_of_error, with_tape};
use crate::result::ExitCode;

/// `quidnunc-sim redact`
pub(super) fn redact_file(args: &RedactArgs, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
    with_tape(&args.file, streams, |tape, _, streams| {
        let redacted = match redact(tape) {
            Ok(redacted) => redacted,
            Err(error) => {
                writeln!(streams.err, "error: {}: {error}; nothing is written", shown(&args.file))?;
                return Ok(code_of(&error));
            }
        };
        // Nothing was lost for it until here.
        match write(&args.out, args.force, &redacted) {
            Ok(()) => {}
            Err(WriteError::Create(why)) => {
                let way_out = if why.kind() == io::ErrorKind::AlreadyExists { "; --force replaces it" } else { "" };
                writeln!(streams.err, "error: cannot make {}: {why}{way_out}", shown(&args.out))?;
                return Ok(ExitCode::Usage);
            }
            Err(WriteError::Write(why)) => return Err(why),
        }
        let (bytes, calls) = (redacted.len(), tape.steps());
        if args.json {
            let file = args.out.display().to_string();
            let told = json!({ "schema": 1, "file": file, "bytes": bytes, "calls": calls, "cut_bytes": tape.cut });
            writeln!(streams.out, "{told}")?;
        } else {
            let out = shown(&args.out);
            writeln!(streams.out, "{bytes} bytes in {out}: {calls} calls that are the same but for keys and values")?;
        }
        Ok(ExitCode::Pass)
    })
}

fn shown(path: &Path) -> String {
    plain(&path.display().to_string()).to_string()
}

const fn code_of(error: &RedactError) -> ExitCode {
    match error {
        RedactError::Play(error) => code_of_error(error),
        RedactError::Differs { .. } => ExitCode::NotDeterministic,
    }
}
