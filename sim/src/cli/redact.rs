//! Which recording has no keys and values of an application in it, and is the same otherwise?

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use quidnunc_record::{RedactError, redact};
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
        if let Err(why) = create(&args.out, args.force).and_then(|file| write(file, &args.out, &redacted)) {
            let way_out = if why.kind() == io::ErrorKind::AlreadyExists { "; --force replaces it" } else { "" };
            writeln!(streams.err, "error: cannot write {}: {why}{way_out}", shown(&args.out))?;
            return Ok(ExitCode::Usage);
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

/// All of it, or nothing.
fn write(mut file: File, path: &Path, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes).inspect_err(|_| {
        // A part of it is of no use.
        let _ = fs::remove_file(path);
    })
}

/// A file for the redacted recording, which its owner may show.
fn create(path: &Path, force: bool) -> io::Result<File> {
    if force
        && let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // Who has it knows the node's chance all the same.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
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
