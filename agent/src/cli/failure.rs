//! Why did a command fail, and with which exit code does it end?

use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use quidnunc::record::WriteError;

use crate::duration;
use crate::model::FaultText;
use crate::run::AgentError;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// It is so, or it is done.
    Ok,
    /// It is not so, or not all of it is done.
    Not,
    /// Wrong usage, or a mistake in a file.
    Usage,
    /// There is no agent to ask.
    Unreachable,
    /// There was no answer in time.
    Timeout,
}

impl From<Code> for process::ExitCode {
    fn from(code: Code) -> Self {
        Self::from(match code {
            Code::Ok => 0_u8,
            Code::Not => 1,
            Code::Usage => 2,
            Code::Unreachable => 3,
            Code::Timeout => 4,
        })
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("no agent answers at {}: {source}\n  help: start one with `quidnunc agent`, or say where with --socket", path.display())]
    Unreachable { path: PathBuf, source: io::Error },
    #[error("no agent of this user runs\n  help: start one with `quidnunc agent`, or say where with --socket")]
    NoAgent,
    #[error("several agents run\n  help: say which with --socket: {}", names.join(", "))]
    Several { names: Vec<String> },
    #[error("the agent did not answer within {}\n  help: give it longer with --timeout", duration::shown(*after))]
    Timeout { after: Duration },
    #[error("the agent's answer broke off: {0}")]
    Broken(String),
    #[error("{}", fault_text(.0))]
    Fault(FaultText),
    #[error("{0}")]
    Usage(String),
    #[error("nothing is written, because keys and values cannot be kept out: {0}")]
    Redact(String),
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error("cannot write the results: {0}")]
    Output(#[from] io::Error),
}

fn fault_text(fault: &FaultText) -> String {
    match &fault.hint {
        Some(hint) => format!("{}{HELP}{hint}", fault.message),
        None => fault.message.clone(),
    }
}

/// What stands before the way out, in what people read.
const HELP: &str = "\n  help: ";

impl Failure {
    /// Arguments that cannot be, in the words of their parser: what is wrong, and below it what would be right.
    pub(super) fn arguments(text: &str) -> Self {
        let text = text.trim().trim_start_matches("error: ");
        let (message, hint) = text.split_once("\n\n").map_or((text, None), |(message, hint)| (message, Some(hint)));
        let hint = hint.map(|hint| hint.trim().to_owned());
        Self::Fault(FaultText { code: "usage".to_owned(), message: message.to_owned(), hint })
    }

    /// A file is not written, for want of room or of a place.
    pub(super) fn unwritten(path: &Path, error: WriteError, way_out: &str) -> Self {
        match error {
            WriteError::Create(error) => Self::unmade(path, &error, way_out),
            WriteError::Write(error) => Self::Output(error),
        }
    }

    /// No file can be made there; with the way out where one is there already.
    pub(super) fn unmade(path: &Path, error: &io::Error, way_out: &str) -> Self {
        let way_out = if error.kind() == io::ErrorKind::AlreadyExists { way_out } else { "" };
        Self::Usage(format!("cannot make {}: {error}{way_out}", path.display()))
    }

    /// The same for programs.
    pub(super) fn fault(&self) -> FaultText {
        let code = match self {
            Self::Fault(fault) => return fault.clone(),
            Self::Unreachable { .. } => "unreachable",
            Self::NoAgent => "no_agent",
            Self::Several { .. } => "several_agents",
            Self::Timeout { .. } => "timeout",
            Self::Broken(_) => "broken",
            Self::Usage(_) => "usage",
            Self::Redact(_) => "not_redacted",
            Self::Agent(error) => error.code(),
            Self::Output(_) => "output",
        };
        let text = self.to_string();
        let (message, hint) = match text.split_once(HELP) {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => (text, None),
        };
        FaultText { code: code.to_owned(), message, hint }
    }

    /// Whether whoever asks again may have an answer.
    #[cfg(feature = "top")]
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Timeout { .. } => true,
            Self::Fault(fault) => ["busy", "too_fast", "timeout"].contains(&fault.code.as_str()),
            Self::Unreachable { .. }
            | Self::NoAgent
            | Self::Several { .. }
            | Self::Broken(_)
            | Self::Usage(_)
            | Self::Agent(_)
            | Self::Redact(_)
            | Self::Output(_) => false,
        }
    }

    pub(super) fn code(&self) -> Code {
        match self {
            Self::Unreachable { .. } | Self::NoAgent | Self::Broken(_) => Code::Unreachable,
            Self::Several { .. } | Self::Usage(_) => Code::Usage,
            Self::Timeout { .. } => Code::Timeout,
            Self::Fault(fault) => code_of(&fault.code),
            Self::Agent(error) if error.is_usage() => Code::Usage,
            Self::Agent(_) | Self::Output(_) | Self::Redact(_) => Code::Not,
        }
    }
}

/// What an agent's refusal means for whoever asked.
fn code_of(fault: &str) -> Code {
    match fault {
        "timeout" | "slow_request" => Code::Timeout,
        "busy" | "stopped" => Code::Unreachable,
        "refused"
        | "too_many_recordings"
        | "doctor_busy"
        | "no_value"
        | "not_confirmed"
        | "not_kept"
        | "not_dead"
        | "map_full"
        | "too_fast"
        | "has_left"
        | "conflict"
        | "no_seal"
        | "seal_not_required"
        | "no_quorum"
        | "key_lacking"
        | "key_sealing"
        | "members_absent"
        | "unresolved" => Code::Not,
        _ => Code::Usage,
    }
}
