//! Who is let through?
//!
//! Where there is a token, whoever has it. Without one only this machine can connect, and the danger are its browsers, which
//! do what any page of the world says: so a name that the agent does not have is refused (a page whose name was made to point
//! here after it was loaded, DNS rebinding), and so is what a page of another site asks for.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::page;
use super::token::Token;
use crate::api::{Problem, RECORD_PATH};

/// What browsers are told of every answer: it is not kept, not guessed at, not framed, and loads nothing from elsewhere.
const HEADERS: [(HeaderName, &str); 7] = [
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
];

const FETCH_SITE: &str = "sec-fetch-site";
const FETCH_MODE: &str = "sec-fetch-mode";

/// What is asked of whoever asks.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) addr: SocketAddr,
    pub(super) token: Option<Token>,
}

/// Lets a request through, or answers why not.
pub(super) async fn guarded(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.judge(request.method(), request.uri().path(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"quidnunc\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

impl Guard {
    fn judge(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Problem> {
        let forbidden = |code, message| Problem::new(StatusCode::FORBIDDEN, code, message);
        if self.token.is_none() && !self.is_own(headers) {
            return Err(forbidden("wrong_host", "the request was meant for a name that this agent does not have")
                .hint("ask at 127.0.0.1 or localhost, or start the agent with --http-token-file"));
        }
        if is_foreign(method, path, headers) {
            return Err(forbidden("foreign_site", "a page of another site asks")
                .hint("the agent is asked by its own page, and by programs that are no browsers"));
        }
        match &self.token {
            Some(token) if !page::is_open(path) && !shows(headers, token) => {
                Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "the token is missing, or is another one")
                    .hint("send `Authorization: Bearer TOKEN`, with what the agent's --http-token-file has"))
            }
            None if path == RECORD_PATH => {
                let message = "a recording has the node's chance, keys and values in it: over HTTP it takes a token";
                Err(forbidden("no_token", message).hint(
                    "ask over the control socket, as `quidnunc record` does, or start the agent with --http-token-file",
                ))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether it is this agent that a request without a token is meant for.
    fn is_own(&self, headers: &HeaderMap) -> bool {
        let host = sole(headers, &HOST).and_then(|host| host.parse::<Authority>().ok());
        host.is_some_and(|host| {
            let host = host.host();
            let addr = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
            host.eq_ignore_ascii_case("localhost")
                || addr.is_ok_and(|addr| addr.to_canonical().is_loopback() || addr == self.addr.ip())
        })
    }
}

/// Whether a browser says that a page of elsewhere has it ask. Somebody who follows a link to the page is let in.
fn is_foreign(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let is_safe = matches!(*method, Method::GET | Method::HEAD);
    let text = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    let is_from_elsewhere = text(FETCH_SITE).is_some_and(|site| site != b"same-origin" && site != b"none");
    let is_visit = is_safe && page::is_open(path) && text(FETCH_MODE) == Some(b"navigate");
    // Browsers that do not say so yet name the page's origin wherever something is changed.
    let is_other_origin = headers.contains_key(ORIGIN) && !is_same_origin(headers);
    is_from_elsewhere && !is_visit || is_other_origin && !is_safe
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    let origin = sole(headers, &ORIGIN).and_then(|origin| origin.split_once("://"));
    // A proxy before the agent may speak another scheme than the agent does.
    matches!((origin, sole(headers, &HOST)), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

fn shows(headers: &HeaderMap, token: &Token) -> bool {
    let given = sole(headers, &AUTHORIZATION).and_then(|given| given.split_once(' '));
    given.is_some_and(|(scheme, word)| scheme.eq_ignore_ascii_case("bearer") && token.is(word.trim().as_bytes()))
}

/// What a header says that is there once.
fn sole<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    all.next().filter(|_| all.next().is_none()).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let header = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
        };
        list.iter().map(header).collect()
    }

    #[test]
    fn only_own_names_are_asked_for_without_a_token() {
        let guard = Guard { addr: SocketAddr::from(([127, 0, 0, 3], 7980)), token: None };
        for own in ["localhost", "LocalHost:7980", "127.0.0.1:7980", "127.0.0.3", "[::1]:9", "[::ffff:127.0.0.1]"] {
            assert!(guard.is_own(&headers(&[("host", own)])), "{own}");
        }
        let foreign =
            ["", "evil.example", "evil.example:7980", "localhost.evil.example", "10.0.0.1", "127.0.0.1.nip.io"];
        for other in foreign {
            assert!(!guard.is_own(&headers(&[("host", other)])), "{other}");
        }
        assert!(!guard.is_own(&headers(&[])));
        let mut two = headers(&[("host", "localhost")]);
        two.append(HOST, HeaderValue::from_static("evil.example"));
        assert!(!guard.is_own(&two));
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let site = |method, list: &[(&'static str, &str)]| is_foreign(&method, "/", &headers(list));
        assert!(!site(Method::POST, &[]), "a program");
        assert!(!site(Method::POST, &[("origin", "http://localhost:1"), ("host", "localhost:1")]));
        assert!(!site(Method::GET, &[("sec-fetch-site", "same-origin")]));
        assert!(!site(Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]));
        let visit = headers(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]);
        assert!(is_foreign(&Method::GET, "/v1/members", &visit), "only the page is visited");
        assert!(site(Method::POST, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]));
        assert!(site(Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]));
        assert!(site(Method::GET, &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors")]));
        for origin in ["http://evil.example", "null", "http://localhost:2"] {
            assert!(site(Method::POST, &[("origin", origin), ("host", "localhost:1")]), "{origin}");
        }
    }

    #[test]
    fn a_token_is_shown_once_and_as_a_bearer() {
        let token_file = "0123456789abcdef";
        let folder = std::env::temp_dir().join(format!("quidnunc-guard-{}", std::process::id()));
        std::fs::write(&folder, token_file).expect("it is written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode;
        std::fs::set_permissions(&folder, mode(0o644)).expect("it is set");
        assert!(matches!(Token::read(&folder), Err(super::super::WebError::Readable { .. })));
        std::fs::set_permissions(&folder, mode(0o600)).expect("it is set");
        let token = Token::read(&folder).expect("a token");
        std::fs::remove_file(&folder).expect("it is removed");
        for good in ["Bearer 0123456789abcdef", "bearer  0123456789abcdef "] {
            assert!(shows(&headers(&[("authorization", good)]), &token), "{good}");
        }
        for bad in ["", "0123456789abcdef", "Basic 0123456789abcdef", "Bearer", "Bearer 0123456789abcde"] {
            assert!(!shows(&headers(&[("authorization", bad)]), &token), "{bad}");
        }
    }
}
