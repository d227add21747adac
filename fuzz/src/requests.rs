//! What the fuzz targets of an agent's requests do with their bytes, as a function that an ordinary test can call too.
//!
//! The bytes are a request as text: a line with the method and the target, lines of the head, an empty line, the body. Lines end with a
//! line feed. What is no request is not answered: hyper has read it before the agent does.

use serde_json::Value;

use super::{Answered, Target};

/// What answers may be, as docs/http.md says.
const STATUSES: [u16; 13] = [200, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 503];

/// Any request is answered: with a status that is documented, and with JSON of schema 1 wherever it is JSON.
pub(crate) fn request(target: &mut Target, bytes: &[u8]) {
    let Some(answered) = target.ask(bytes) else { return };
    let Answered { status, kind, text } = &answered;
    assert!(STATUSES.contains(status), "{answered:?}");
    match kind.as_str() {
        "application/json" | "application/x-ndjson" => {
            for line in text.lines() {
                let said: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {answered:?}"));
                assert_eq!(said["schema"], 1, "{answered:?}");
                let is_error = said["error"]["code"].is_string() && said["error"]["message"].is_string();
                assert!(is_error || *status == 200, "an error says what it is: {answered:?}");
            }
        }
        // A page, metrics, a recording: none of them is an error.
        _ => assert!(*status == 200, "{answered:?}"),
    }
}
