//! How is an agent asked without a socket? A real node, and the routers that its listeners serve: for the tests of this crate and for
//! fuzzing.

use std::collections::VecDeque;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use quidnunc::tokio::{Events, spawn};
use quidnunc::{Config, InfoSettings, NAME_KEY, NodeId, Options, StreamLimits};
use tokio::runtime::Runtime;

use crate::api::{self, Agent, is_address};
use crate::model::JoinRequest;
#[cfg(feature = "http")]
use crate::web::Web;

/// An agent whose node is alone at a port of loopback.
pub(crate) struct Within {
    pub(crate) agent: Arc<Agent>,
    router: Router,
    /// The node stops when nobody hears it.
    _events: Events,
}

impl Within {
    /// One that answers what the control socket answers.
    pub(crate) async fn start(name: &str, config: Config) -> Self {
        let config = Config { streams: Some(StreamLimits::default()), infos: Some(InfoSettings::default()), ..config };
        let tombstone_life = config.tombstone_life;
        let options = Options { config, ..Options::new(NodeId::from_name(name), (Ipv4Addr::LOCALHOST, 0).into()) };
        let (node, events) = spawn(options).await.expect("a port is free");
        let agent = Arc::new(Agent::new(node, name.into(), tombstone_life, Vec::new()));
        agent.node.put(NAME_KEY, name.as_bytes(), None).await.expect("it fits");
        let router = api::router(Arc::clone(&agent));
        Self { agent, router, _events: events }
    }

    /// The same with what is answered over TCP at loopback.
    #[cfg(feature = "http")]
    async fn start_web(name: &str, config: Config) -> Self {
        let within = Self::start(name, config).await;
        let web = Web::new(Some((Ipv4Addr::LOCALHOST, 0).into()), None).expect("loopback needs no token");
        let open = web.expect("there is an address").listen().expect("a port is free");
        Self { router: open.router(Arc::clone(&within.agent)), ..within }
    }

    /// What is answered.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response {
        let Ok(response) = TowerToHyperService::new(self.router.clone()).call(request).await;
        response
    }
}

/// Something to throw bytes at.
pub struct Target {
    runtime: Runtime,
    within: Within,
    is_web: bool,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("is_web", &self.is_web).finish_non_exhaustive()
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answered {
    /// Its status.
    pub status: u16,
    /// Its media type, without parameters.
    pub kind: String,
    /// All of it if it is JSON; of what goes on, or is none, no more than what came at once.
    pub text: String,
}

/// Somebody who tells lines has told the first ones after so many turns of the other tasks.
const TURNS: usize = 64;

impl Target {
    /// What the control socket takes.
    ///
    /// # Panics
    /// When the system has no port for it.
    #[must_use]
    pub fn control() -> Self {
        Self::start(false)
    }

    /// What is taken over TCP at loopback, without a token.
    ///
    /// # Panics
    /// When the system has no port for it.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http() -> Self {
        Self::start(true)
    }

    fn start(is_web: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there is a thread");
        let within = runtime.block_on(async {
            #[cfg(feature = "http")]
            if is_web {
                return Within::start_web("n1", Config::local()).await;
            }
            Within::start("n1", Config::local()).await
        });
        Self { runtime, within, is_web }
    }

    /// What is answered to a request that is written as a text; `None` if it is none, or would make somebody else be asked.
    pub fn ask(&mut self, bytes: &[u8]) -> Option<Answered> {
        let (request, leaves) = request(bytes)?;
        let answered = self.runtime.block_on(async {
            let response = self.within.answer(request).await;
            let status = response.status().as_u16();
            let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let kind = kind.split(';').next().unwrap_or_default().to_owned();
            let text = text(response.into_body(), kind == "application/json").await;
            Answered { status, kind, text }
        });
        if leaves && answered.status == 200 {
            *self = Self::start(self.is_web);
        }
        Some(answered)
    }
}

/// All of a body, or what comes of it at once.
async fn text(mut body: Body, is_whole: bool) -> String {
    let mut bytes = Vec::new();
    let mut turns = 0..TURNS;
    loop {
        let frame = tokio::select! {
            biased;
            frame = body.frame() => frame,
            () = tokio::task::yield_now(), if !is_whole => match turns.next() {
                Some(_) => continue,
                None => break,
            },
        };
        let Some(Ok(frame)) = frame else { break };
        bytes.extend(frame.into_data().iter().flatten());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A request, and whether the node leaves if it is answered.
fn request(bytes: &[u8]) -> Option<(Request<Body>, bool)> {
    let mut lines: VecDeque<&[u8]> = bytes.splitn(HEAD_LINES_MAX, |&byte| byte == b'\n').collect();
    let first = str::from_utf8(lines.pop_front()?).ok()?;
    let mut words = first.split(' ');
    let (method, uri) = (Method::from_bytes(words.next()?.as_bytes()).ok()?, words.next()?.parse::<Uri>().ok()?);
    let mut read = bytes.len().min(first.len() + 1);
    let mut builder = Request::builder();
    for line in lines {
        read = bytes.len().min(read + line.len() + 1);
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|&byte| byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        builder = builder.header(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?);
    }
    let body = &bytes[read..];
    // Somebody would be asked, or a name looked up, and waited for.
    let asks = |request: JoinRequest| request.addrs.iter().any(|addr| is_address(addr));
    if uri.path() == "/v1/join" && serde_json::from_slice(body).is_ok_and(asks) {
        return None;
    }
    let leaves = method == Method::POST && uri.path() == "/v1/leave";
    Some((builder.method(method).uri(uri).body(Body::from(body.to_vec())).ok()?, leaves))
}

/// A head has fewer lines.
const HEAD_LINES_MAX: usize = 100;

/// What a fuzzer does with its bytes.
#[cfg(test)]
#[path = "../../fuzz/src/requests.rs"]
mod requests;

#[cfg(test)]
#[path = "../tests/common/shapes.rs"]
#[expect(dead_code, reason = "a cluster's answers are looked at as a whole, a lone node's are not")]
mod shapes;

#[cfg(test)]
mod tests {
    use super::shapes::Shapes;
    use super::*;
    use serde_json::Value;
    use std::fs;
    use std::path::Path;

    impl Within {
        /// The status and the body of what is answered to a GET.
        pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
            let (status, text) = self.text(Request::get(path).body(Body::empty()).expect("a path")).await;
            (status, serde_json::from_str(&text).expect("JSON"))
        }

        /// The status and the lines of what is answered to a POST.
        pub(crate) async fn post(&self, path: &str, body: &'static str) -> (u16, Vec<Value>) {
            let request = Request::post(path).header("content-type", "application/json").body(body.into());
            let (status, text) = self.text(request.expect("a path")).await;
            (status, text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
        }

        async fn text(&self, request: Request<Body>) -> (u16, String) {
            let response = self.answer(request).await;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            (status, String::from_utf8(body.into()).expect("a text"))
        }
    }

    /// Numbers that are the same in every run (SplitMix64; Steele, Lea and Flood 2014).
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap_or_default() % end.max(1)
        }
    }

    /// Every file of a corpus, and mutations of it: other bytes here and there, a piece of another file in the middle, an early end.
    fn replay(corpus: &str, mut target: Target) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(corpus);
        let mut paths: Vec<_> =
            fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        let files: Vec<_> = paths.iter().map(|path| fs::read(path).expect("a file")).collect();
        let (mut chance, mut shapes) = (Chance(1), Shapes::new());
        for route in shapes.routes() {
            let asks = |bytes: &Vec<u8>| {
                bytes.strip_prefix(route.as_bytes()).is_some_and(|rest| [b' ', b'?'].contains(&rest[0]))
            };
            assert!(files.iter().any(asks), "no file asks for {route}");
        }
        for (path, bytes) in paths.iter().zip(&files) {
            let answered = target.ask(bytes).unwrap_or_else(|| panic!("{} is no request", path.display()));
            // The others are meant to be wrong.
            let is_meant = path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with("x_"));
            let is_wrong = [405, 415, 422].contains(&answered.status) || answered.text.contains("no_such_path");
            assert!(!(is_meant && is_wrong), "{}: {answered:?}", path.display());
            if is_meant && answered.kind.ends_with("json") {
                let (request, _) = request(bytes).expect("it was answered");
                shapes.check((request.method().as_str(), request.uri().path()), answered.status, &answered.text);
            }
            requests::request(&mut target, bytes);
            for _ in 0..400 {
                let mut mutated = bytes.clone();
                for _ in 0..chance.below(3) {
                    let place = chance.below(mutated.len());
                    mutated[place] = chance.below(256).to_le_bytes()[0];
                }
                if chance.below(3) == 0 {
                    let other = &files[chance.below(files.len())];
                    let (start, place) = (chance.below(other.len()), chance.below(mutated.len()));
                    let end = other.len().min(start + chance.below(40));
                    mutated.splice(place..place, other[start..end].iter().copied());
                }
                mutated.truncate(chance.below(2 * mutated.len() + 1));
                requests::request(&mut target, &mutated);
            }
        }
    }

    #[test]
    fn any_request_over_the_control_socket_is_answered() {
        replay("control", Target::control());
    }

    #[cfg(feature = "http")]
    #[test]
    fn any_request_over_tcp_is_answered() {
        replay("http", Target::http());
    }
}
