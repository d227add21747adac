//! What was asked for, how is it shown, and how does it end?

mod args;
mod client;
mod config;
mod events;
mod failure;
mod info;
mod keys;
mod kv;
mod leave;
mod members;
mod reach;
mod record;
mod rotate;
mod sheet;
mod status;

use std::io::{self, Write};
use std::process;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};
use quidnunc_terminal::Pipe;

use crate::duration;
use crate::model::{JoinRequest, Joined, Reply};
use crate::run::{self, Orders};
use args::{Arguments, Command, Common, ConfigCommand, JoinArgs, KeysCommand};
use client::{Answered, Client};
use failure::{Code, Failure};

/// How a command ends, or why it does not.
type Outcome = Result<Code, Failure>;

/// Where results go, and where everything else.
struct Streams<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    json: bool,
}

impl Streams<'_> {
    /// Shows an answer: as it came, or as people read it.
    fn show<T>(&mut self, answered: &Answered<T>, text: impl FnOnce(&T) -> String) -> io::Result<()> {
        if self.json {
            writeln!(self.out, "{}", answered.text.trim_end())?;
        } else {
            write!(self.out, "{}", text(&answered.says))?;
        }
        self.out.flush()
    }
}

/// The whole program: does what the process's own arguments ask for.
#[must_use]
pub fn main() -> process::ExitCode {
    let (mut out, mut err) = (Pipe(anstream::stdout()), Pipe(anstream::stderr()));
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(help) => {
            let is_wrong = help.use_stderr();
            // If even this cannot be said, the exit code still says it.
            let _unheard = help.print();
            return if is_wrong { Code::Usage } else { Code::Ok }.into();
        }
    };
    let Arguments { common, command } = arguments;
    let mut streams = Streams { out: &mut out, err: &mut err, json: common.json };
    let ended = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(dispatch(command, &common, &mut streams)),
        Err(error) => Err(error.into()),
    };
    ended
        .unwrap_or_else(|failure| {
            complain(&failure, &mut streams);
            failure.code()
        })
        .into()
}

fn complain(failure: &Failure, streams: &mut Streams<'_>) {
    let fault = match failure {
        Failure::Fault(fault) if streams.json => {
            serde_json::to_string(&Reply::new(crate::model::Fault { error: fault.clone() })).ok()
        }
        Failure::Fault(_)
        | Failure::Unreachable { .. }
        | Failure::NoAgent
        | Failure::Several { .. }
        | Failure::Timeout { .. }
        | Failure::Broken(_)
        | Failure::Usage(_)
        | Failure::Agent(_)
        | Failure::Output(_) => None,
    };
    // If even this cannot be said, the exit code still says it.
    let _unheard = match fault {
        Some(fault) => writeln!(streams.err, "{fault}"),
        None => writeln!(streams.err, "error: {failure}"),
    };
}

async fn dispatch(command: Command, common: &Common, streams: &mut Streams<'_>) -> Outcome {
    let client = || Client::new(common.socket.as_deref(), common.timeout);
    match command {
        Command::Agent(args) => {
            let Streams { out, json, .. } = streams;
            let args::AgentArgs { given, config } = *args;
            let orders = Orders { given, config, socket: common.socket.as_deref(), json: *json, out: *out };
            run::run(orders).await?;
            Ok(Code::Ok)
        }
        Command::Members(args) => members::members(&args, &client()?, streams).await,
        Command::Status => status::status(&client()?, streams).await,
        Command::Join(args) => join(args, client()?, common.timeout, streams).await,
        Command::Leave => leave::leave(&client()?, streams).await,
        Command::Kv(command) => kv::kv(command, &client()?, streams).await,
        Command::Tags(command) => kv::tags(command, &client()?, streams).await,
        Command::Monitor { kind } => events::monitor(&kind, &client()?, streams).await,
        Command::Event(command) => events::event(command, &client()?, streams).await,
        Command::Info(command) => info::info(command, &client()?, streams).await,
        Command::Why { node } => reach::why(&node, &client()?, streams).await,
        Command::Rtt { a, b } => reach::rtt(a, b, &client()?, streams).await,
        Command::Reach => reach::reach(&client()?, streams).await,
        Command::ForceLeave { node, yes } => reach::force_leave(node, yes, &client()?, streams).await,
        Command::Overlay { dot } => reach::overlay(dot, &client()?, streams).await,
        Command::Record(args) => record::record(args, &client()?, streams).await,
        Command::Quorum => status::quorum(&client()?, streams).await,
        Command::Keys(KeysCommand::Gen { bits }) => keys::generate(&bits, streams),
        Command::Keys(command) => keys::keys(command, &client()?, streams).await,
        Command::Config(ConfigCommand::Check { file }) => config::check(&file, streams),
        Command::Config(ConfigCommand::Show(args)) => config::show(*args, streams),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "quidnunc", &mut streams.out);
            Ok(Code::Ok)
        }
        Command::Man => {
            clap_mangen::Man::new(Arguments::command()).render(&mut streams.out)?;
            Ok(Code::Ok)
        }
        Command::Version => version(streams),
    }
}

fn version(streams: &mut Streams<'_>) -> Outcome {
    let (version, wire) = (env!("CARGO_PKG_VERSION"), quidnunc::WIRE_VERSION);
    if streams.json {
        let fields = serde_json::json!({ "schema": 1, "version": version, "wire": wire });
        writeln!(streams.out, "{fields}")?;
    } else {
        writeln!(streams.out, "quidnunc {version}, wire version {wire}")?;
    }
    Ok(Code::Ok)
}

/// What an answer takes besides what it waits for.
const MARGIN: Duration = Duration::from_secs(5);

async fn join(JoinArgs { addrs }: JoinArgs, client: Client, wait: Duration, streams: &mut Streams<'_>) -> Outcome {
    let wait_ms = duration::millis(wait);
    let client = client.patient(wait.saturating_add(MARGIN));
    let answer: Answered<Joined> = client.post("/v1/join", &JoinRequest { addrs, wait_ms }).await?;
    streams.show(&answer, |Joined { joined, live }| match joined {
        true => format!("joined: {live} live members are known\n"),
        false => "nobody has let this node in yet; it goes on asking\n".to_owned(),
    })?;
    Ok(if answer.says.joined { Code::Ok } else { Code::Not })
}
