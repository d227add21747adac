//! What do people see in a browser?
//!
//! One page of plain files that lie in the program. They hold nothing of the cluster: what they show they ask for as every
//! other program does. So they are there for everybody, and the page asks for the token where one is needed.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

/// A file of the page: where it is, what it is, and what it says.
type Part = (&'static str, &'static str, &'static str);

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// All but the page itself.
const PARTS: [Part; 10] = [
    ("/page/style.css", "text/css; charset=utf-8", include_str!("../page/style.css")),
    ("/page/icon.svg", "image/svg+xml", include_str!("../page/icon.svg")),
    ("/page/main.js", SCRIPT, include_str!("../page/main.js")),
    ("/page/ask.js", SCRIPT, include_str!("../page/ask.js")),
    ("/page/show.js", SCRIPT, include_str!("../page/show.js")),
    ("/page/members.js", SCRIPT, include_str!("../page/members.js")),
    ("/page/links.js", SCRIPT, include_str!("../page/links.js")),
    ("/page/maps.js", SCRIPT, include_str!("../page/maps.js")),
    ("/page/standing.js", SCRIPT, include_str!("../page/standing.js")),
    ("/page/events.js", SCRIPT, include_str!("../page/events.js")),
];

const PAGE: &str = include_str!("../page/index.html");

/// How the page is told that it has to ask for a token: a page that tried would leave an error in the browser's console.
const UNGUARDED: &str = "data-token=\"no\"";
const GUARDED: &str = "data-token=\"yes\"";

/// Whether something is there for whoever asks.
pub(super) fn is_open(path: &str) -> bool {
    path == "/" || PARTS.iter().any(|(at, ..)| *at == path)
}

/// `GET /` and what it loads.
pub(super) fn router(is_guarded: bool) -> Router {
    let page = Bytes::from(if is_guarded { PAGE.replacen(UNGUARDED, GUARDED, 1) } else { PAGE.to_owned() });
    let router =
        Router::new().route("/", get(move || async move { ([(CONTENT_TYPE, "text/html; charset=utf-8")], page) }));
    PARTS.into_iter().fold(router, |router, (path, kind, text)| {
        router.route(path, get(move || async move { ([(CONTENT_TYPE, kind)], text) }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_what_is_there_and_nothing_from_elsewhere() {
        assert_eq!(PAGE.matches(UNGUARDED).count(), 1);
        let texts = || PARTS.iter().map(|(.., text)| *text).chain([PAGE]);
        for text in texts() {
            // A name of a namespace is no address.
            let text = text.replace("http://www.w3.org/2000/svg", "");
            for word in ["http://", "https://", "//cdn", "innerHTML", "outerHTML", "insertAdjacentHTML", "eval("] {
                assert!(!text.contains(word), "{word}");
            }
        }
        for (path, ..) in PARTS {
            let name = path.trim_start_matches("/page/");
            assert!(texts().any(|text| text.contains(name)), "{name} is never loaded");
        }
    }
}
