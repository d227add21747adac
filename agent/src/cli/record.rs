//! How is what happens to a node kept, to be looked at later?

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, Instant};

use quidnunc::record::{Tape, TapeError, create, redact, write};
use quidnunc_terminal::plain;

use super::args::RecordArgs;
use super::client::{Client, Pieces, query};
use super::failure::{Code, Failure};
use super::{Outcome, Streams};
use crate::duration::{millis, shown};
use crate::model::StatusReport;

/// A recording that is to be redacted is no longer, in bytes: it is kept in memory, and redacting takes several times as much.
const REDACTED_BYTES_MAX: usize = 64 << 20;

/// What to do where a recording finds a file.
const FORCE: &str = "; --force replaces it";

/// Where a recording goes.
enum Target {
    Out,
    File(PathBuf),
}

/// `quidnunc record`
pub(super) async fn record(args: RecordArgs, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let target = match args.out {
        Some(out) if out.as_os_str() == "-" => Target::Out,
        Some(out) => Target::File(out),
        None => Target::File(PathBuf::from(format!("{}.record", own_name(client).await?))),
    };
    let for_ms = args.length.map(|length| millis(length).to_string());
    let path = query("/v1/record", &[("for_ms", for_ms.as_deref())]);
    let body = client.bytes(&path).await?;
    let mut place = match &target {
        Target::Out => Place::Out,
        // What is kept until the end takes nobody's place before.
        Target::File(path) if args.redact => Place::Later(path, args.force),
        Target::File(path) => {
            Place::File(create(path, args.force).map_err(|error| Failure::unmade(path, &error, FORCE))?)
        }
    };
    place.is_free()?;
    if let Target::File(path) = &target {
        let until = args.length.map_or_else(|| "interrupted".into(), shown);
        writeln!(streams.err, "recording to {} until {until}", plain(&path.display().to_string()))?;
    }
    let began = Instant::now();
    let len = if args.redact {
        let (kept, ended) = keep(body, streams).await?;
        let redacted = redacted(kept, streams).await?;
        place.write(&redacted, streams)?;
        // What came before the agent was gone is there.
        ended?;
        redacted.len() as u64
    } else {
        pass_on(body, &mut place, streams).await?
    };
    streams.out.flush()?;
    tell(&target, len, began.elapsed(), streams)?;
    Ok(Code::Ok)
}

/// Where bytes are put.
enum Place<'p> {
    Out,
    File(File),
    /// A file that is made when there is all of it; whether it may take the place of another one.
    Later(&'p Path, bool),
}

impl Place<'_> {
    /// Whether a file can be made later on, as far as can be seen now.
    fn is_free(&self) -> Result<(), Failure> {
        match *self {
            Self::Later(path, false) if path.exists() => {
                Err(Failure::unmade(path, &io::ErrorKind::AlreadyExists.into(), FORCE))
            }
            Self::Out | Self::File(_) | Self::Later(..) => Ok(()),
        }
    }

    fn write(&mut self, bytes: &[u8], streams: &mut Streams<'_>) -> Result<(), Failure> {
        match self {
            Self::Out => streams.out.write_all(bytes)?,
            Self::File(file) => file.write_all(bytes)?,
            Self::Later(path, force) => {
                write(path, *force, bytes).map_err(|error| Failure::unwritten(path, error, FORCE))?;
            }
        }
        Ok(())
    }
}

/// Writes what comes, until it ends or somebody interrupts it. Returns how much that was.
async fn pass_on(mut body: Pieces, place: &mut Place<'_>, streams: &mut Streams<'_>) -> Result<u64, Failure> {
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    let mut len = 0_u64;
    loop {
        let bytes = tokio::select! {
            bytes = body.next() => bytes?,
            _ = &mut interrupted => None,
        };
        let Some(bytes) = bytes else { return Ok(len) };
        place.write(&bytes, streams)?;
        len += bytes.len() as u64;
    }
}

/// Keeps what comes, until it ends or somebody interrupts it, with how it has ended. What this build cannot read it says at once.
async fn keep(mut body: Pieces, streams: &mut Streams<'_>) -> Result<(Vec<u8>, Result<(), Failure>), Failure> {
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    let (mut kept, mut is_read) = (Vec::new(), false);
    loop {
        let bytes = tokio::select! {
            bytes = body.next() => bytes,
            _ = &mut interrupted => Ok(None),
        };
        match bytes {
            Ok(Some(bytes)) if kept.len() + bytes.len() > REDACTED_BYTES_MAX => {
                writeln!(streams.err, "this is as much as is redacted at once: the recording ends here")?;
                return Ok((kept, Ok(())));
            }
            Ok(Some(bytes)) => kept.extend_from_slice(&bytes),
            Ok(None) => return Ok((kept, Ok(()))),
            Err(error) if kept.is_empty() => return Err(error),
            Err(error) => return Ok((kept, Err(error))),
        }
        if !is_read {
            is_read = match Tape::read(&kept) {
                Err(error @ TapeError::Layout { .. }) => return Err(Failure::Redact(error.to_string())),
                read => read.is_ok(),
            };
        }
    }
}

/// A recording without keys and values. It takes its time, and can be interrupted.
async fn redacted(kept: Vec<u8>, streams: &mut Streams<'_>) -> Result<Vec<u8>, Failure> {
    writeln!(streams.err, "taking keys and values out of {} bytes", kept.len())?;
    let redacting = tokio::task::spawn_blocking(move || {
        let tape = Tape::read(&kept).map_err(|error| error.to_string())?;
        redact(&tape).map_err(|error| error.to_string())
    });
    tokio::select! {
        redacted = redacting => redacted.map_err(|error| error.to_string()).and_then(|redacted| redacted),
        _ = tokio::signal::ctrl_c() => Err("interrupted; nothing is written".to_owned()),
    }
    .map_err(Failure::Redact)
}

fn tell(target: &Target, len: u64, took: Duration, streams: &mut Streams<'_>) -> io::Result<()> {
    let Target::File(path) = target else { return Ok(()) };
    let path = path.display().to_string();
    if streams.json {
        let told = serde_json::json!({ "schema": 1, "file": path, "bytes": len, "took_ms": millis(took) });
        return writeln!(streams.out, "{told}");
    }
    let path = plain(&path);
    writeln!(streams.out, "{len} bytes in {}: {path}", shown(took))?;
    writeln!(
        streams.out,
        "`quidnunc-sim replay {path}` does it again, `quidnunc-sim explain {path} --about NODE` says why"
    )
}

async fn own_name(client: &Client) -> Result<String, Failure> {
    let status = client.get::<StatusReport>("/v1/status").await?.says;
    Ok(status.who.name.unwrap_or(status.who.id))
}
