//! How does an agent begin, live and end?
//!
//! It begins with its control socket, so that a second one of the same name ends before it has touched anything. It lives until
//! somebody lets it leave, by a signal or over the socket, or until the node stops by itself. A second signal ends it at once.

mod ending;
mod file;
mod given;
mod log;
mod orders;
mod reload;
mod secret;
mod settings;
mod signals;
mod words;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quidnunc::std::Driver;
use quidnunc::tokio::{Events, spawn};
use quidnunc::{Command, KeyPattern, NAME_KEY, RequestError, Voters};
use sd_notify::NotifyState;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::api::{self, Agent};
use crate::doctor;
use crate::model::{Reply, TagsChange, Who};
use crate::names::{DOMAIN_KEY, VERSION_KEY, version};
use crate::recording::{self, ToFile};
use crate::serve::{Control, Server, SocketError};
use crate::web::{Open, Web, WebError};
pub(crate) use file::{FileError, read_file};
pub(crate) use given::{Given, LogLevel};
use log::Logging;
pub(crate) use orders::KeyOrder;
use reload::Reload;
pub(crate) use settings::{Settings, SettingsError, parse_key, parse_keys, read_keys};
use signals::Signals;
use words::Mib;
pub(crate) use words::Tag;

/// Who is being answered when the agent ends has so long to read.
const FINISH_MAX: Duration = Duration::from_secs(1);

/// How much of a recording is kept unless somebody says otherwise, in bytes.
const RECORD_MAX: u64 = 64 << 20;

/// So many letters of other agents wait to be read.
const LETTERS_WAIT_MAX: usize = 64;

/// Why an agent did not start, or ended otherwise than by leaving.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AgentError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error(transparent)]
    Web(#[from] WebError),
    #[error("{0}{help}", help = way_out(.0))]
    Node(quidnunc::Error),
    #[error("the node refused at its start: {0}")]
    Start(#[from] RequestError),
    #[error("the tags: {0}")]
    Tags(String),
    #[error("cannot record to {path}: {source}")]
    Record { path: PathBuf, source: io::Error },
    #[error("cannot say where the agent is: {0}")]
    Banner(io::Error),
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
    #[error("the node stopped: {0}")]
    Stopped(quidnunc::Error),
    #[error("the node stopped")]
    StoppedSilently,
    #[error(
        "another node, at {addr}, has the identity of `{name}`, and this one has stopped\n  help: give every agent another \
         --name, then start this one again"
    )]
    Replaced { name: String, addr: String },
    #[error("cannot start the thread that writes the log: {0}")]
    Log(io::Error),
    #[error("the control socket, or that of HTTP, broke: {0}")]
    Broken(io::Error),
}

/// What whoever started the agent can do about it, where the error does not say so itself.
fn way_out(error: &quidnunc::Error) -> &'static str {
    if let quidnunc::Error::SealLost { .. } = error {
        "\n  help: give it one of them with --key-file; to go on in the clear and forget them, --seal none"
    } else {
        ""
    }
}

impl AgentError {
    /// What it is called for programs.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Settings(_) => "settings",
            Self::File(_) => "config_file",
            Self::Socket(_) | Self::Broken(_) => "control_socket",
            Self::Web(_) => "http",
            Self::Node(_) | Self::Start(_) => "start",
            Self::Tags(_) => "tags",
            Self::Record { .. } => "record",
            Self::Banner(_) => "output",
            Self::Signals(_) | Self::Log(_) => "system",
            Self::Stopped(_) | Self::StoppedSilently => "stopped",
            Self::Replaced { .. } => "conflict",
        }
    }

    /// Whether it is for whoever started the agent to mend. What the system refuses now, it may grant later.
    pub(crate) const fn is_usage(&self) -> bool {
        use quidnunc::Error::{Addresses, Config, Seal, SealLost};
        match self {
            Self::Settings(_) | Self::File(_) | Self::Tags(_) | Self::Web(_) | Self::Record { .. } => true,
            Self::Start(error) => matches!(error, RequestError::Refused(_)),
            Self::Socket(error) => error.is_usage(),
            Self::Node(error) => matches!(error, Config(_) | Addresses(_) | Seal(_) | SealLost { .. }),
            Self::Banner(_)
            | Self::Signals(_)
            | Self::Stopped(_)
            | Self::StoppedSilently
            | Self::Replaced { .. }
            | Self::Log(_)
            | Self::Broken(_) => false,
        }
    }
}

/// What an agent is told about itself from outside.
pub(crate) struct Orders<'a> {
    pub(crate) given: Given,
    pub(crate) config: Option<PathBuf>,
    pub(crate) socket: Option<&'a str>,
    pub(crate) json: bool,
    /// Where the one line goes that says where the agent is.
    pub(crate) out: &'a mut dyn Write,
}

/// The line that says where the agent is.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    ready: Banner<'a>,
}

#[derive(Debug, Serialize)]
struct Banner<'a> {
    #[serde(flatten)]
    who: Who,
    bound: std::net::SocketAddr,
    addr: std::net::SocketAddr,
    socket: &'a Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<std::net::SocketAddr>,
    sealed: bool,
    pid: u32,
}

/// Runs an agent from its beginning to its end.
pub(crate) async fn run(orders: Orders<'_>) -> Result<(), AgentError> {
    let Orders { given, config: file, socket, json, out } = orders;
    let current = match &file {
        Some(file) => given.clone().or(read_file(file)?),
        None => given.clone(),
    };
    let settings = Settings::new(&current)?;
    let logging = Logging::start(current.log_level.unwrap_or(LogLevel::Info)).map_err(AgentError::Log)?;
    let keys = settings.options.seal.iter().flat_map(|seal| seal.ring.fingerprints()).collect();
    let mut reload = Reload { given, file, current, logging, keys };
    let control = Control::listen(&crate::serve::path_of(socket.unwrap_or(&settings.name)))?;
    let open = settings.web.clone().map(Web::listen).transpose()?;
    let mut signals = Signals::listen().map_err(AgentError::Signals)?;
    tracing::debug!("beginning");
    let mut recording = None;
    let (agent, events) = tokio::select! {
        begun = begin(&settings, &reload.current, &mut recording) => begun?,
        () = signals.end() => {
            tracing::warn!("ended before it had begun");
            // What has happened until then is in it.
            tokio::select! {
                () = finish(recording) => {}
                () = signals.second_end() => tracing::warn!("not waiting for the disk"),
            }
            return Ok(());
        }
    };
    let identity = agent.node.identity();
    let who = Who { name: Some(settings.name.clone()), id: identity.id.to_string() };
    let (bound, socket, sealed) = (agent.node.local_addr(), control.path.as_path(), agent.seals().await?);
    let http = open.as_ref().map(|open| open.addr);
    let banner = Banner { who, bound, addr: identity.addr, socket, http, sealed, pid: std::process::id() };
    announce(&banner, json, out).map_err(AgentError::Banner)?;
    let ended = live(&agent, (&control, open.as_ref()), events, (&mut signals, &mut reload)).await;
    let stopped = tokio::select! {
        stopped = stop(agent, recording) => stopped,
        () = signals.second_end() => {
            tracing::warn!("not waiting for the disk");
            Ok(())
        }
    };
    match (ended, stopped) {
        (Err(AgentError::StoppedSilently), Err(error)) => Err(AgentError::Stopped(error)),
        (ended, _) => ended,
    }
}

/// Starts the node, which says who it is, and records it if that is wanted. A recording that has begun is there also when this is
/// cancelled.
async fn begin(
    settings: &Settings,
    given: &Given,
    recording: &mut Option<ToFile>,
) -> Result<(Arc<Agent>, Events), AgentError> {
    let (node, events) = spawn(settings.options.clone()).await.map_err(AgentError::Node)?;
    let seeds = settings.seeds.clone();
    let agent = Agent::new(node, settings.name.clone(), settings.options.config.tombstone_life, seeds);
    record(&agent, given, recording).await?;
    introduce(&agent, settings).await?;
    Ok((Arc::new(agent), events))
}

/// Records to a file from now on, if that is wanted.
async fn record(agent: &Agent, given: &Given, recording: &mut Option<ToFile>) -> Result<(), AgentError> {
    let Some(path) = &given.record else { return Ok(()) };
    let bytes_max = given.record_max_mib.map_or(RECORD_MAX, Mib::bytes);
    let (file, name) = (path.clone(), agent.name.clone());
    // The disk may take its time, and signals are heard meanwhile.
    let made = tokio::task::spawn_blocking(move || recording::to_file(&file, bytes_max, &name)).await;
    let made = made.map_err(io::Error::other).flatten();
    let (recorder, file) = made.map_err(|source| AgentError::Record { path: path.clone(), source })?;
    *recording = Some(file);
    Ok(agent.record(recorder).await?)
}

/// All that was recorded is in its file when this returns. The node has stopped, or does so meanwhile.
async fn finish(recording: Option<ToFile>) {
    if let Some(file) = recording {
        // The disk may take its time, and signals are heard meanwhile.
        let _ = tokio::task::spawn_blocking(|| file.finish()).await;
    }
}

/// The node has its own address again when this returns, and all that was recorded is in its file.
async fn stop(agent: Arc<Agent>, recording: Option<ToFile>) -> Result<(), quidnunc::Error> {
    let stopped = match Arc::into_inner(agent) {
        Some(agent) => agent.node.stop().await,
        None => Ok(()),
    };
    finish(recording).await;
    stopped
}

/// Has the node say who it is, report everything, and join.
async fn introduce(agent: &Agent, settings: &Settings) -> Result<(), AgentError> {
    let node = &agent.node;
    node.put(NAME_KEY, settings.name.as_bytes(), None).await?;
    node.put(VERSION_KEY, version().as_bytes(), None).await?;
    match &settings.domain {
        Some(domain) => node.put(DOMAIN_KEY, domain.as_bytes(), None).await?,
        // An earlier life may have had one.
        None => node.delete(DOMAIN_KEY).await?,
    }
    if !settings.voters.is_empty() {
        let (voters, epoch) = (settings.voters.clone(), settings.epoch);
        let tell = move |driver: &mut Driver| {
            driver.command(Command::Configure { epoch, voters: Voters::All(&voters), domains: None })
        };
        node.act(tell).await?;
    }
    let tags = TagsChange { set: settings.tags.clone(), unset: Vec::new() };
    agent.change_tags(&tags).await.map_err(|problem| AgentError::Tags(problem.text().message))?;
    node.watch(b"").await?;
    node.watch_infos(KeyPattern::prefix(b""), false).await?;
    if !settings.seeds.is_empty() {
        node.join_names(settings.seeds.iter().cloned())?;
    }
    Ok(())
}

fn announce(banner: &Banner<'_>, json: bool, out: &mut dyn Write) -> io::Result<()> {
    let Banner { who, bound, addr, socket, http, sealed, .. } = banner;
    if json {
        serde_json::to_writer(&mut *out, &Reply::new(Ready { ready: Banner { who: who.clone(), ..*banner } }))?;
        writeln!(out)?;
    } else {
        let advertised = if bound == addr { String::new() } else { format!(", advertised as {addr}") };
        let sealed = if *sealed { "sealed" } else { "not sealed" };
        let name = who.shown();
        let page = http.map_or_else(String::new, |http| format!("; page at http://{http}/"));
        writeln!(out, "{name} listens at {bound}{advertised}, {sealed}; control socket {}{page}", socket.display())?;
    }
    out.flush()?;
    tracing::info!(id = %who.id, %bound, %addr, socket = %socket.display(), "started");
    // Without systemd there is nobody to tell.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    Ok(())
}

/// Until the end, and then lets go of all that holds the agent.
async fn live(
    agent: &Arc<Agent>,
    (control, open): (&Control, Option<&Open>),
    events: Events,
    (signals, reload): (&mut Signals, &mut Reload),
) -> Result<(), AgentError> {
    let mut server = Server::new(api::router(Arc::clone(agent)));
    let mut web = open.map(|open| (Server::new(open.router(Arc::clone(agent))), open));
    let (letters, taken) = mpsc::channel(LETTERS_WAIT_MAX);
    let watcher = agent.hub.watch();
    let obeying = tokio::spawn(orders::obey(Arc::clone(agent), taken));
    let answering = tokio::spawn(api::attend_queries(Arc::clone(agent), agent.hub.watch()));
    let attending = tokio::spawn(doctor::attend(Arc::clone(agent), agent.hub.watch()));
    let mut hearing = tokio::spawn(agent.hub.clone().pass_on(events, letters));
    let ended = tokio::select! {
        broken = server.serve(&control.listener) => broken.map_err(AgentError::Broken),
        broken = serve_web(web.as_mut()) => broken.map_err(AgentError::Broken),
        _ = &mut hearing => Err(AgentError::StoppedSilently),
        () = agent.gone.notified() => Ok(()),
        addr = ending::replaced(agent, watcher) => Err(AgentError::Replaced { name: agent.name.clone(), addr }),
        () = ending::told_to_leave(agent, signals, reload) => Ok(()),
    };
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    tracing::info!("ending");
    // Whoever reads one has its end then. A node that has stopped has none.
    let _ = agent.stop_recording().await;
    let web_finished = async {
        if let Some((web, _)) = web {
            web.finish(FINISH_MAX).await;
        }
    };
    tokio::join!(server.finish(FINISH_MAX), web_finished);
    agent.doctor.finish().await;
    for task in [hearing, obeying, answering, attending] {
        task.abort();
        // Its end is what is waited for.
        let _ = task.await;
    }
    ended
}

/// Serves HTTP over TCP where that was asked for; else it waits for ever.
async fn serve_web(web: Option<&mut (Server, &Open)>) -> io::Result<()> {
    match web {
        Some((server, open)) => server.serve(&open.listener).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quidnunc::record::{Tape, play};
    use std::fs;

    /// An agent that is told to end while it begins has a beginning, too.
    #[tokio::test]
    async fn what_happened_until_an_early_end_is_in_the_recording() {
        let folder = std::env::temp_dir().join(format!("quidnunc-early-end-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let (state, path) = (folder.join("state"), folder.join("record"));
        let given = Given { state: Some(state.clone()), record: Some(path.clone()), ..Given::default() };
        let given = Given { bind: Some(([127, 0, 0, 1], 0).into()), name: "n1".parse().ok(), ..given };
        let settings = Settings::new(&given).expect("they fit");
        // That comes behind the beginning of the recording.
        let has_its_name = async {
            while !fs::read(&state).is_ok_and(|kept| kept.windows(NAME_KEY.len()).any(|window| window == NAME_KEY)) {
                tokio::task::yield_now().await;
            }
        };
        let mut recording = None;
        tokio::select! {
            biased;
            () = has_its_name => {}
            begun = begin(&settings, &given, &mut recording) => drop(begun),
        }
        finish(recording).await;
        let tape = fs::read(&path).expect("a file");
        let tape = Tape::read(&tape).expect("a recording");
        assert!(play(&tape, &mut ()).expect("it replays").calls > 0);
        fs::remove_dir_all(&folder).expect("it is ours");
    }
}
