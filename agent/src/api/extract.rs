//! What does a request say, and what is wrong with it if it says nothing?

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Problem;
use crate::model::Bytes;

/// A body must have come by then.
const BODY_TIME_MAX: Duration = Duration::from_secs(5);

/// A body of JSON.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

/// What stands behind the question mark.
#[derive(Debug)]
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = Json::<T>::from_request(request, state);
        let read = tokio::time::timeout(BODY_TIME_MAX, read).await.map_err(|_| {
            Problem::new(StatusCode::REQUEST_TIMEOUT, "slow_request", "the request did not come whole in time")
        })?;
        read.map(|Json(body)| Self(body)).map_err(|rejection| wrong_body(&rejection))
    }
}

/// The bytes of a field that may be a text or a hexadecimal number.
pub(super) fn bytes_of(field: &str, given: &Bytes) -> Result<Vec<u8>, Problem> {
    given.bytes().ok_or_else(|| {
        let message = format!("{field}: `hex` is no hexadecimal number");
        Problem::bad("bad_field", message).hint("write two digits per byte")
    })
}

fn wrong_body(rejection: &JsonRejection) -> Problem {
    let (status, text) = (rejection.status(), rejection.body_text());
    let code = match status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "not_json",
        StatusCode::UNPROCESSABLE_ENTITY => "bad_field",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        _ => "bad_json",
    };
    Problem::new(status, code, text)
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        read.map(|Query(params)| Self(params)).map_err(|rejection| Problem::bad("bad_field", rejection.body_text()))
    }
}
