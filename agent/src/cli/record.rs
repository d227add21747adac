//! How is what happens to a node kept, to be looked at later?

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, Instant};

use quidnunc::record::{Tape, redact};
use quidnunc_terminal::plain;

use super::args::RecordArgs;
use super::client::{Client, query};
use super::failure::{Code, Failure};
use super::{Outcome, Streams};
use crate::duration::{millis, shown};
use crate::model::StatusReport;

/// A recording that is to be redacted is no longer, in bytes: it is kept in memory.
const REDACTED_BYTES_MAX: usize = 256 << 20;

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
    let mut body = client.bytes(&path).await?;
    let mut file = match &target {
        Target::Out => None,
        Target::File(path) => Some(create(path, args.force)?),
    };
    if let Target::File(path) = &target {
        let until = args.length.map_or_else(|| "interrupted".into(), shown);
        writeln!(streams.err, "recording to {} until {until}", plain(&path.display().to_string()))?;
    }
    let (began, mut len, mut kept) = (Instant::now(), 0_u64, args.redact.then(Vec::new));
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    loop {
        let bytes = tokio::select! {
            bytes = body.next() => bytes?,
            _ = &mut interrupted => None,
        };
        let Some(bytes) = bytes else { break };
        match (&mut kept, &mut file) {
            (Some(kept), _) if kept.len() + bytes.len() > REDACTED_BYTES_MAX => {
                writeln!(streams.err, "this is as much as is redacted at once: the recording ends here")?;
                break;
            }
            (Some(kept), _) => kept.extend_from_slice(&bytes),
            (None, Some(file)) => file.write_all(&bytes)?,
            (None, None) => streams.out.write_all(&bytes)?,
        }
        len += bytes.len() as u64;
    }
    if let Some(kept) = kept {
        len = write_redacted(&kept, &target, file.as_mut(), streams)?;
    }
    streams.out.flush()?;
    tell(&target, len, began.elapsed(), streams)?;
    Ok(Code::Ok)
}

/// Writes a recording without keys and values, or nothing at all. Returns how long it is.
fn write_redacted(
    kept: &[u8],
    target: &Target,
    file: Option<&mut std::fs::File>,
    streams: &mut Streams<'_>,
) -> Result<u64, Failure> {
    let redacted = Tape::read(kept).map_err(|error| error.to_string());
    let redacted = redacted.and_then(|tape| redact(&tape).map_err(|error| error.to_string()));
    let redacted = redacted.map_err(|why| {
        if let Target::File(path) = target {
            // It is empty, and was made here.
            let _ = std::fs::remove_file(path);
        }
        Failure::Redact(why)
    })?;
    match file {
        Some(file) => file.write_all(&redacted)?,
        None => streams.out.write_all(&redacted)?,
    }
    Ok(redacted.len() as u64)
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

/// A file that nobody else reads: keys and values are in it.
fn create(path: &Path, force: bool) -> Result<std::fs::File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    // A new file each time, so that it is nobody else's to read.
    if force
        && let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(Failure::Usage(format!("cannot replace {}: {error}", path.display())));
    }
    options.create_new(true).open(path).map_err(|error| {
        let way_out = if error.kind() == io::ErrorKind::AlreadyExists { "; --force replaces it" } else { "" };
        Failure::Usage(format!("cannot make {}: {error}{way_out}", path.display()))
    })
}

async fn own_name(client: &Client) -> Result<String, Failure> {
    let status = client.get::<StatusReport>("/v1/status").await?.says;
    Ok(status.who.name.unwrap_or(status.who.id))
}
