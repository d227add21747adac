//! What was asked for, and how does it end? The command line: arguments, streams, exit codes.

mod args;
mod batch;
mod bench;
mod bisect;
mod check;
mod fingerprints;
mod job;
mod network;
mod recording;
mod redact;
mod replay;
mod run;
mod source;
mod verify;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process;

use clap::Parser as _;
use quidnunc_terminal::Pipe;

use crate::result::ExitCode;
use args::{Arguments, Command};
pub use args::{SeedRange, SeedRangeError};
pub use job::{Job, RunProblem, Simulator};

/// Where results and where everything else goes.
pub struct Streams<'a> {
    /// Results.
    pub out: &'a mut dyn Write,
    /// Complaints, and the command that runs a failure again when `out` is for a machine.
    pub err: &'a mut dyn Write,
}

/// The whole program: does what the process's own arguments ask for.
#[must_use]
pub fn main(simulator: &dyn Simulator) -> process::ExitCode {
    // Neither stream is locked for long: a node that panics on another thread reports to stderr too.
    let mut out = Pipe(BufWriter::new(io::stdout()));
    let mut err = Pipe(io::stderr());
    let code = execute(std::env::args_os(), simulator, &mut Streams { out: &mut out, err: &mut err });
    process::ExitCode::from(code.number())
}

/// Does what `args` ask for; the first of them is the name of the program.
pub fn execute<A>(args: A, simulator: &dyn Simulator, streams: &mut Streams<'_>) -> ExitCode
where
    A: IntoIterator<Item: Into<OsString> + Clone>,
{
    let done = dispatch(args, simulator, streams).and_then(|code| streams.out.flush().map(|()| code));
    done.unwrap_or_else(|error| {
        // If even this cannot be said, the exit code still says it.
        let _unheard = writeln!(streams.err, "error: cannot write the results: {error}");
        ExitCode::SimulatorFault
    })
}

fn dispatch<A>(args: A, simulator: &dyn Simulator, streams: &mut Streams<'_>) -> io::Result<ExitCode>
where
    A: IntoIterator<Item: Into<OsString> + Clone>,
{
    let arguments = match Arguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(help) if !help.use_stderr() => {
            write!(streams.out, "{}", help.render())?;
            return Ok(ExitCode::Pass);
        }
        Err(error) => {
            write!(streams.err, "{}", error.render())?;
            return Ok(ExitCode::Usage);
        }
    };
    match &arguments.command {
        Command::Run(args) => run::run(args, simulator, streams),
        Command::Check(args) => check::check(args, simulator, streams),
        Command::Verify(args) => verify::verify(args, simulator, streams),
        Command::Bisect(args) => bisect::bisect(args, streams),
        Command::Bench(args) => bench::bench(args, streams),
        Command::Network(args) => network::network(args, streams),
        Command::Replay(args) => replay::replay(args, streams),
        Command::Explain(args) => replay::explain_file(args, streams),
        Command::Redact(args) => redact::redact_file(args, streams),
    }
}
