//! What was asked for, how is it shown, and how does it end?

mod args;
mod client;
mod config;
mod doctor;
mod events;
mod failure;
mod info;
mod keys;
mod kv;
mod leave;
mod members;
mod query;
mod reach;
mod record;
mod rotate;
mod sheet;
mod status;
mod top;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process;
use std::thread;
use std::time::Duration;

use clap::builder::{FalseyValueParser, Resettable, TypedValueParser as _};
use clap::{CommandFactory as _, FromArgMatches as _};
use quidnunc_terminal::Pipe;

use crate::api::JOIN_WAIT_MAX;
use crate::duration;
use crate::model::{Fault, JoinRequest, Joined, Reply};
use crate::names;
use crate::run::{self, Orders};
use args::{Arguments, Command, Common, ConfigCommand, JoinArgs, KeysCommand, TIMEOUT};
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
    let arguments = match parse() {
        Ok(arguments) => arguments,
        Err(wrong) if wrong.use_stderr() => {
            last_words(misuse(&wrong));
            return Code::Usage.into();
        }
        Err(help) => {
            let _unheard = help.print();
            return Code::Ok.into();
        }
    };
    let Arguments { common, command } = arguments;
    let is_agent = matches!(command, Command::Agent(_));
    let mut streams = Streams { out: &mut out, err: &mut err, json: common.json };
    let ended = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let ended = runtime.block_on(dispatch(command, &common, &mut streams));
            // Who still waits for a disk is waited for no longer.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(error.into()),
    };
    ended
        .unwrap_or_else(|failure| {
            let complaint = complaint(&failure, streams.json);
            if is_agent {
                last_words(complaint);
            } else {
                // If even this cannot be said, the exit code still says it.
                let _unheard = writeln!(streams.err, "{complaint}");
            }
            failure.code()
        })
        .into()
}

/// An environment variable that is set and empty says nothing, as one that is not set.
fn parse() -> Result<Arguments, clap::Error> {
    let command = without_empty(Arguments::command());
    Arguments::from_arg_matches(&command.try_get_matches()?)
}

fn without_empty(command: clap::Command) -> clap::Command {
    let is_empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let heard = |arg: clap::Arg| if arg.get_env().is_some_and(is_empty) { arg.env(Resettable::Reset) } else { arg };
    command.mut_args(heard).mut_subcommands(without_empty)
}

/// What is wrong with the arguments, as it is asked for: whoever asks for JSON gets it even so.
fn misuse(wrong: &clap::Error) -> String {
    let is_flag = std::env::args_os().skip(1).take_while(|word| word != "--").any(|word| word == "--json");
    let is_set = || {
        let value = std::env::var_os("QUIDNUNC_JSON").filter(|value| !value.is_empty());
        value.is_some_and(|value| {
            FalseyValueParser::new().parse_ref(&Arguments::command(), None, &value).unwrap_or(true)
        })
    };
    let text = wrong.render();
    if is_flag || is_set() {
        return complaint(&Failure::arguments(&text.to_string()), true);
    }
    text.ansi().to_string().trim_end().to_owned()
}

fn complaint(failure: &Failure, json: bool) -> String {
    let fault = || serde_json::to_string(&Reply::new(Fault { error: failure.fault() })).ok();
    json.then(fault).flatten().unwrap_or_else(|| format!("error: {failure}"))
}

/// Says what an agent has ended with, as far as somebody hears it in time: whoever starts agents may read none of what they say,
/// and waits for their end.
fn last_words(complaint: String) {
    let (said, is_said) = std::sync::mpsc::sync_channel(1);
    let say = move || {
        let _unheard = writeln!(Pipe(anstream::stderr()), "{complaint}");
        let _ = said.send(());
    };
    if thread::Builder::new().name("quidnunc end".into()).spawn(say).is_ok() {
        let _ = is_said.recv_timeout(LAST_WORDS_MAX);
    }
}

async fn dispatch(command: Command, common: &Common, streams: &mut Streams<'_>) -> Outcome {
    let client = || Client::new(common.socket.as_deref(), common.timeout.unwrap_or(TIMEOUT));
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
        Command::Top { plain } => top::top(plain, &client()?, streams).await,
        Command::Join(args) => join(args, client()?, common.timeout.unwrap_or(TIMEOUT), streams).await,
        Command::Leave => leave::leave(&client()?, streams).await,
        Command::Kv(command) => kv::kv(command, &client()?, streams).await,
        Command::Tags(command) => kv::tags(command, &client()?, streams).await,
        Command::Monitor { kind } => events::monitor(&kind, &client()?, streams).await,
        Command::Event(command) => events::event(command, &client()?, streams).await,
        // How long answers are taken is for the agent to keep.
        Command::Query(args) => {
            query::query(args, common.timeout.unwrap_or(TIMEOUT), &client()?.patient(TIMEOUT), streams).await
        }
        Command::Info(command) => info::info(command, &client()?, streams).await,
        Command::Why { node } => reach::why(&node, &client()?, streams).await,
        Command::Rtt { a, b } => reach::rtt(a, b, &client()?, streams).await,
        Command::Reach => reach::reach(&client()?, streams).await,
        Command::ForceLeave { node, yes, prune } => reach::force_leave(node, (yes, prune), &client()?, streams).await,
        Command::Overlay { dot } => reach::overlay(dot, &client()?, streams).await,
        Command::Record(args) => record::record(args, &client()?, streams).await,
        Command::Doctor { helper } => doctor::doctor(helper, client()?, streams).await,
        Command::Quorum => status::quorum(&client()?, streams).await,
        Command::Keys(KeysCommand::Gen { bits, out }) => keys::generate(&bits, out.as_deref(), streams),
        Command::Keys(command) => keys::keys(command, client()?, common.timeout, streams).await,
        Command::Config(ConfigCommand::Check { file }) => config::check(&file, streams),
        Command::Config(ConfigCommand::Schema) => config::schema(streams),
        Command::Config(ConfigCommand::Show(args)) => config::show(*args, streams),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "quidnunc", &mut streams.out);
            Ok(Code::Ok)
        }
        Command::Man { out } => man(out.as_deref(), streams),
        Command::Version => version(streams),
    }
}

/// `quidnunc man`
fn man(folder: Option<&Path>, streams: &mut Streams<'_>) -> Outcome {
    let Some(folder) = folder else {
        clap_mangen::Man::new(Arguments::command()).render(&mut streams.out)?;
        return Ok(Code::Ok);
    };
    fs::create_dir_all(folder)
        .map_err(|error| Failure::Usage(format!("cannot write pages into {}: {error}", folder.display())))?;
    clap_mangen::generate_to(Arguments::command(), folder)?;
    Ok(Code::Ok)
}

fn version(streams: &mut Streams<'_>) -> Outcome {
    if streams.json {
        let (version, wire) = (env!("CARGO_PKG_VERSION"), quidnunc::WIRE_VERSION);
        let fields = serde_json::json!({ "schema": 1, "version": version, "wire": wire });
        writeln!(streams.out, "{fields}")?;
    } else {
        writeln!(streams.out, "{}", names::version())?;
    }
    Ok(Code::Ok)
}

/// Somebody who reads the last words of an agent has so long to begin with it.
const LAST_WORDS_MAX: Duration = Duration::from_secs(1);

/// What an answer takes besides what it waits for.
const MARGIN: Duration = Duration::from_secs(10);

async fn join(JoinArgs { addrs }: JoinArgs, client: Client, wait: Duration, streams: &mut Streams<'_>) -> Outcome {
    let client = client.patient(wait.min(JOIN_WAIT_MAX).saturating_add(MARGIN));
    let mut left = wait;
    let answer: Answered<Joined> = loop {
        // An agent waits so long at a time.
        let part = left.min(JOIN_WAIT_MAX);
        left = left.saturating_sub(part);
        let request = JoinRequest { addrs: addrs.clone(), wait_ms: duration::millis(part) };
        let answer: Answered<Joined> = client.post("/v1/join", &request).await?;
        if answer.says.joined || left.is_zero() {
            break answer;
        }
    };
    streams.show(&answer, joined)?;
    Ok(if answer.says.joined { Code::Ok } else { Code::Not })
}

fn joined(Joined { joined, live, unresolved }: &Joined) -> String {
    let known = match joined {
        true => format!("joined: {live} live members are known\n"),
        false => "nobody has let this node in yet; it goes on asking\n".to_owned(),
    };
    let unknown = |name: &String| format!("no address is known of {}\n", quidnunc_terminal::plain(name));
    unresolved.iter().map(unknown).chain([known]).collect()
}
