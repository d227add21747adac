//! What went wrong with a request, in one shape for all?

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use quidnunc::{Rejected, RequestError};

use crate::model::{Fault, FaultText, Reply};

/// Why a request was not fulfilled.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), hint: None }
    }

    /// Something in the request cannot be.
    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// With the way out.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Whether there is none of what was meant.
    pub(crate) fn is_unknown(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    pub(crate) fn text(self) -> FaultText {
        FaultText { code: self.code.to_owned(), message: self.message, hint: self.hint }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        (status, Json(Reply::new(Fault { error: self.text() }))).into_response()
    }
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        let message = error.to_string();
        match error {
            RequestError::Refused(rejected) => refused(rejected, message),
            RequestError::NotKept => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "not_kept", message)
                .hint("`quidnunc status` says what the disk answered"),
            RequestError::NoSeal => {
                Self::new(StatusCode::CONFLICT, "no_seal", message).hint("start the agent with --key-file")
            }
            RequestError::KeyLacking { .. } => Self::new(StatusCode::CONFLICT, "key_lacking", message),
            RequestError::KeySealing { .. } => Self::new(StatusCode::CONFLICT, "key_sealing", message),
            RequestError::Stopped => Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopped", message),
            RequestError::Seal(_) | RequestError::NotSent(_) | RequestError::StillLeaving | _ => {
                Self::new(StatusCode::CONFLICT, "refused", message)
            }
        }
    }
}

fn refused(rejected: Rejected, message: String) -> Problem {
    let bad = |code| Problem::bad(code, message.clone());
    let conflict = |code| Problem::new(StatusCode::CONFLICT, code, message.clone());
    match rejected {
        Rejected::Key { .. } | Rejected::ReservedKey => bad("bad_key"),
        Rejected::Value { .. } | Rejected::NoteTooLong { .. } => bad("too_long"),
        Rejected::Ttl { .. } => bad("bad_ttl"),
        Rejected::NoSeeds
        | Rejected::TooManySeeds { .. }
        | Rejected::NotAllowed { .. }
        | Rejected::TooManyAddresses { .. }
        | Rejected::Address { .. } => bad("bad_address"),
        Rejected::Info(_) => bad("bad_info"),
        Rejected::NotDead { .. } => {
            conflict("not_dead").hint("only the dead are removed: stop it first, or let it leave")
        }
        Rejected::MapFull { .. } => conflict("map_full").hint("delete keys; what is deleted counts for an hour more"),
        Rejected::Backpressure { .. } => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_fast", message).hint("write less at a time")
        }
        Rejected::HasLeft => conflict("has_left").hint("start the agent again"),
        Rejected::Stopped => conflict("conflict").hint("give every agent another --name, then start this one again"),
        Rejected::ToSelf => bad("is_self"),
        Rejected::NoSuchMember { .. } => {
            Problem::new(StatusCode::NOT_FOUND, "unknown_member", message).hint("it was forgotten a moment ago")
        }
        Rejected::TooManyPings => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_fast", message).hint("ask fewer things at once")
        }
        Rejected::Datagram(_)
        | Rejected::Stream(_)
        | Rejected::FromSelf
        | Rejected::Cookie
        | Rejected::TooManyWatches
        | Rejected::NoReplicas
        | Rejected::TooManyDomains { .. }
        | Rejected::Timeout { .. }
        | Rejected::TooManyWaits
        | Rejected::NotLive { .. }
        | Rejected::TooManyNotes
        | Rejected::Letter(_)
        | Rejected::NoInfos
        | Rejected::NoQuorum
        | Rejected::Quorum(_) => conflict("refused"),
    }
}
