//! Does a recorded node do again what it did, and why did it believe what it believed?

use std::io;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use quidnunc_record::{Opening, PlayError, Played, Tape, play};
use quidnunc_terminal::plain;
use serde_json::{Value, json};

use super::Streams;
use super::args::{ExplainArgs, ReplayArgs};
use crate::replay::{Explained, Line, explain};
use crate::result::ExitCode;

/// The longest recording that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 30;

/// `quidnunc-sim replay`
pub(super) fn replay(args: &ReplayArgs, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
    let mut worst = ExitCode::Pass;
    for file in &args.files {
        let code = with_tape(file, streams, |tape, opening, streams| {
            let played = play(tape, &mut ());
            if args.json {
                writeln!(streams.out, "{}", played_json(file, tape, opening, &played))?;
            } else {
                writeln!(streams.out, "{}", played_text(tape, opening, &played))?;
            }
            Ok(code_of(&played))
        })?;
        worst = worst.max(code);
    }
    Ok(worst)
}

/// `quidnunc-sim explain`
pub(super) fn explain_file(args: &ExplainArgs, streams: &mut Streams<'_>) -> io::Result<ExitCode> {
    with_tape(&args.file, streams, |tape, opening, streams| {
        let Explained { played, lines } = match explain(tape, &args.about) {
            Ok(explained) => explained,
            Err(unknown) => {
                writeln!(streams.err, "error: {}", plain(&unknown.to_string()))?;
                return Ok(ExitCode::Failed);
            }
        };
        if args.json {
            let line = |line: &Line| json!({ "at_ms": line.unix_ms, "kind": line.kind.name(), "text": line.text });
            let lines: Vec<Value> = lines.iter().map(line).collect();
            let mut told = played_json(&args.file, tape, opening, &played);
            told["about"] = args.about.as_str().into();
            told["lines"] = lines.into();
            writeln!(streams.out, "{told}")?;
        } else {
            writeln!(streams.out, "{} as {} saw it", plain(&args.about), plain(opening.name))?;
            for line in &lines {
                writeln!(streams.out, "{}  {:<9}  {}", wall(line.unix_ms), line.kind.name(), plain(&line.text))?;
            }
            if let Err(error) = &played {
                writeln!(streams.err, "error: it is not told further: {error}")?;
            }
        }
        Ok(code_of(&played))
    })
}

/// Reads a recording and does something with it, or says why it cannot be read.
pub(super) fn with_tape(
    path: &Path,
    streams: &mut Streams<'_>,
    act: impl FnOnce(&Tape<'_>, &Opening<'_>, &mut Streams<'_>) -> io::Result<ExitCode>,
) -> io::Result<ExitCode> {
    let shown = plain(&path.display().to_string());
    let bytes = match std::fs::metadata(path) {
        Ok(file) if file.len() > FILE_BYTES_MAX => Err(io::Error::from(io::ErrorKind::FileTooLarge)),
        Ok(_) => std::fs::read(path),
        Err(error) => Err(error),
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => {
            writeln!(streams.err, "error: cannot read {shown}: {error}")?;
            return Ok(ExitCode::Usage);
        }
    };
    match Tape::read(&bytes) {
        Ok(tape) => match tape.opening() {
            Some(opening) => act(&tape, opening, streams),
            // A tape that was read has one.
            None => Ok(ExitCode::Usage),
        },
        Err(error) => {
            writeln!(streams.err, "error: {shown}: {}", plain(&error.to_string()))?;
            Ok(ExitCode::Usage)
        }
    }
}

const fn code_of(played: &Result<Played, PlayError>) -> ExitCode {
    match played {
        Ok(_) => ExitCode::Pass,
        Err(error) => code_of_error(error),
    }
}

pub(super) const fn code_of_error(error: &PlayError) -> ExitCode {
    match error {
        PlayError::Differs(_) => ExitCode::NotDeterministic,
        PlayError::Thaw(_) => ExitCode::Usage,
        PlayError::Panicked { .. } => ExitCode::Panicked,
    }
}

fn played_text(tape: &Tape<'_>, opening: &Opening<'_>, played: &Result<Played, PlayError>) -> String {
    let began = wall(opening.unix_ms);
    let mut text = format!("{}, recorded by {} from {began}Z on: ", plain(opening.name), plain(opening.program));
    text += &match played {
        Ok(Played { calls, parts, took }) => {
            let took = humantime::format_duration(Duration::from_secs(took.as_secs()));
            let parts = if *parts == 1 { String::new() } else { format!(" in {parts} parts") };
            format!("{took}, {calls} calls{parts}, and every answer is the same")
        }
        Err(error) => error.to_string(),
    };
    if tape.cut > 0 {
        text += &format!("; the last {} bytes are no whole part, as when a recording is cut short", tape.cut);
    }
    text
}

fn played_json(file: &Path, tape: &Tape<'_>, opening: &Opening<'_>, played: &Result<Played, PlayError>) -> Value {
    let mut told = json!({
        "schema": 1,
        "file": file.display().to_string(),
        "node": opening.name,
        "program": opening.program,
        "began_ms": opening.unix_ms,
        "recorded_calls": tape.steps(),
        "cut_bytes": tape.cut,
        "same": played.is_ok(),
    });
    match played {
        Ok(Played { calls, parts, took }) => {
            told["calls"] = (*calls).into();
            told["parts"] = (*parts).into();
            told["took_ms"] = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).into();
        }
        Err(error) => told["error"] = error.to_string().into(),
    }
    told
}

/// A time of the wall's clock, UTC.
fn wall(unix_ms: u64) -> String {
    // Past the year 9999 there is no text.
    let ms = unix_ms.min(253_402_300_799_000);
    let text = humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(ms)).to_string();
    text.trim_end_matches('Z').replace('T', " ")
}
