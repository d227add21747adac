//! Does the page show a cluster in a real browser, live, to everybody, and without a word of complaint?

#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

#[path = "common/browser.rs"]
mod browser;
mod common;

use std::fs::Permissions;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use browser::Browser;
use common::{Agent, Folder};
use fantoccini::Locator;
use rustix::process::Signal;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// What would run if it were taken for HTML.
const HOSTILE: &str = "<img src=x onerror=\"document.title='taken over'\"><script>alert(1)</script>";

/// Three agents that know each other, each with something to show.
fn three(folder: &Folder) -> [Agent<'_>; 3] {
    let voters = ["--voter", "n1,n2"];
    let n1 = folder.agent("n1", &[&voters[..], &["--http", "127.0.0.1:0", "--tag", "role=db"]].concat());
    let seed = n1.addr();
    let n2 = folder.agent("n2", &[&voters[..], &["--seed", &seed, "--tag", "role=web"]].concat());
    let n3 = folder.agent("n3", &["--seed", &seed, "--domain", "rack-b"]);
    for agent in [&n1, &n2, &n3] {
        agent.until_alive(3);
    }
    n1.until(&["quorum"], |quorum| quorum["seen"] == 2);
    for (agent, args) in [
        (&n1, ["kv", "set", "role", "primary"]),
        (&n2, ["kv", "set", "motd", HOSTILE]),
        (&n3, ["kv", "set", "listen", "10.0.3.1:5432"]),
        (&n3, ["kv", "set", "reversed", "\u{202e}lmth.\u{200b}exe"]),
        (&n2, ["info", "add", "load/n2", "0.42"]),
    ] {
        assert_eq!(agent.ask(&args).code, 0, "{args:?}");
    }
    [n1, n2, n3]
}

async fn open(browser: &Browser, agent: &Agent<'_>) {
    browser.client.goto(&format!("http://{}/", agent.http())).await.unwrap();
}

/// What reaches beyond the page, or out of its cell: a part of the page may cut it off, so that the page alone does not tell.
const OUTSIDE: &str = "const { clientWidth, scrollWidth } = document.documentElement;
const isOut = (it) => it.getBoundingClientRect().right > clientWidth + 1
    || it.matches('td, th, dd, dt, h1, h2') && it.scrollWidth > it.clientWidth + 1;
const out = [...document.querySelectorAll('body *')].filter((it) => it.clientWidth > 1 && isOut(it));
return [innerWidth, scrollWidth <= clientWidth, out.map((it) => it.outerHTML.slice(0, 120))];";

/// That nothing is wider than the page, in any shape; with pictures.
async fn fits(browser: &Browser, name: &str) {
    for (width, scheme) in [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")] {
        browser.shape(width, scheme).await;
        assert_eq!(browser.eval(OUTSIDE).await, serde_json::json!([width, true, []]), "{name} {scheme}");
        browser.picture(&format!("{name}-{width}-{scheme}")).await;
    }
    browser.shape(1280, "light").await;
}

/// Counts how often all members are drawn from now on.
const DRAWN: &str = "window.drawn = 0;
new MutationObserver(() => window.drawn += 1).observe(document.getElementById('members-table'), { childList: true });";

/// Remembers what a member's row says from now on.
const WATCH: &str = "window.seen = []; const look = () => {
    const now = document.querySelector('[data-member=n3]')?.dataset.status;
    if (now && now !== 'alive' && window.seen.at(-1) !== now) window.seen.push(now);
};
new MutationObserver(look).observe(document.getElementById('members-table'), { childList: true, subtree: true });";

#[tokio::test]
async fn it_shows_a_cluster_and_sees_a_member_die() {
    let folder = Folder::new("page");
    let Some(browser) = Browser::start(&folder).await else { return };
    let [n1, _n2, n3] = three(&folder);
    open(&browser, &n1).await;
    browser.until("document.querySelectorAll('[data-member][data-status=alive]').length === 3").await;
    browser.until("document.querySelectorAll('#kv-table tbody tr').length === 4").await;
    browser.until("document.querySelector('#kv-table').innerText.includes('\\\\u{202e}lmth.\\\\u{200b}exe')").await;
    browser.until("document.querySelectorAll('#infos-table tbody tr').length === 1").await;
    browser
        .until("document.querySelectorAll('.graph .node').length === 3 && document.querySelector('.graph .link')")
        .await;
    browser.until("document.getElementById('quorum-body').innerText.includes('2 of 2 votes are seen')").await;
    browser.until("document.querySelector('tr.group').innerText.includes('rack-b')").await;
    assert_eq!(
        browser
            .eval("return document.querySelector('#kv-table').textContent")
            .await
            .as_str()
            .map(|text| text.contains(HOSTILE)),
        Some(true)
    );
    assert_eq!(
        browser.eval("return [document.title, document.querySelectorAll('img[src=x], main script').length]").await,
        serde_json::json!(["n1", 0])
    );

    // By keys alone, and the focus stays where it was when the page is drawn anew.
    browser.client.active_element().await.unwrap().send_keys("\u{e004}").await.unwrap();
    assert_eq!(browser.eval("return document.activeElement.className").await, "skip");
    browser.eval(DRAWN).await;
    browser.eval("document.querySelector('[data-member=n2] button').focus()").await;
    browser.client.active_element().await.unwrap().send_keys("\u{e007}").await.unwrap();
    browser.until("document.querySelector('[data-member=n2] button').ariaExpanded === 'true'").await;
    browser.until("!['asking why', undefined].includes(document.querySelector('.reasons li')?.textContent)").await;
    assert_eq!(browser.eval("return window.drawn").await, 1, "an answer changes no more than what it says");
    assert_eq!(n1.ask(&["tags", "set", "zone=x"]).code, 0);
    browser.until("document.querySelector('[data-member=n1]').innerText.includes('zone=x')").await;
    assert_eq!(browser.eval("return document.activeElement.innerText").await, "n2");
    fits(&browser, "well").await;

    browser.eval(WATCH).await;
    n3.signal(Signal::KILL);
    browser.until("document.querySelector('[data-member=n3][data-status=dead]')").await;
    assert_eq!(browser.eval("return window.seen").await, serde_json::json!(["suspect", "dead"]));
    browser.until("document.querySelector('.reasons[data-status=dead]')?.innerText.includes('accused by')").await;
    browser.until("document.title.includes('1 dead') && !document.getElementById('problems').hidden").await;
    browser.until("document.getElementById('events-list').innerText.includes('n3 at')").await;
    browser.until("document.getElementById('said').innerText.includes('is dead')").await;
    fits(&browser, "dead").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

/// Answers to what is asked of the status from now on: three times such as no agent gives.
const NONSENSE: &str = "window.left = 3; const real = window.fetch;
window.fetch = (path, how) => path === '/v1/status' && window.left > 0
    ? (window.left -= 1, Promise.resolve(new Response('{}'))) : real(path, how);";

#[tokio::test]
async fn it_outlives_a_busy_agent_and_an_answer_that_it_does_not_understand() {
    let folder = Folder::new("busy-page");
    let Some(browser) = Browser::start(&folder).await else { return };
    let n1 = folder.agent("n1", &["--http", "127.0.0.1:0"]);
    let is_live = "document.getElementById('contact').dataset.state === 'live'";
    open(&browser, &n1).await;
    browser.until(is_live).await;
    let request = format!("GET /v1/members/watch HTTP/1.1\r\nhost: {}\r\n\r\n", n1.http());
    let watch = || {
        let mut stream = TcpStream::connect(n1.http()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    };
    let watching: Vec<_> = (0..300).map(|_| watch()).collect();
    browser.until("document.getElementById('contact').innerText.trim() === 'Agent busy'").await;
    assert_eq!(browser.eval("return document.getElementById('gone').hidden").await, true, "it is there");
    drop(watching);
    browser.until(is_live).await;
    browser.eval(NONSENSE).await;
    browser.until("document.getElementById('contact').innerText.trim() === 'Page error'").await;
    browser.until(&format!("window.left === 0 && {is_live}")).await;
}

#[tokio::test]
async fn it_asks_for_the_token_and_says_when_the_agent_is_gone() {
    let folder = Folder::new("token-page");
    let Some(browser) = Browser::start(&folder).await else { return };
    let file = folder.file("token", TOKEN);
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let n1 = folder.agent("n1", &["--http", "127.0.0.1:0", "--http-token-file", &file]);
    let http = n1.http().to_string();
    open(&browser, &n1).await;
    browser.until("document.getElementById('token').open").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new(), "nothing is asked without a token");
    let enter = async |word: &str| {
        let field = browser.client.find(Locator::Css("#token-word")).await.unwrap();
        field.send_keys(&format!("{word}\u{e007}")).await.unwrap();
    };
    enter("another-token-altogether").await;
    browser
        .until("document.getElementById('token-wrong').innerText !== '' && document.getElementById('token').open")
        .await;
    fits(&browser, "token").await;
    enter(TOKEN).await;
    browser.until("document.querySelector('[data-member=n1]')").await;
    browser.client.refresh().await.unwrap();
    browser.until("document.querySelector('[data-member=n1]')").await;
    assert!(browser.complaints().await.iter().all(|line| line.contains("401")), "the wrong token, and nothing else");

    drop(n1);
    browser
        .until("document.getElementById('contact').dataset.state === 'gone' && !document.getElementById('gone').hidden")
        .await;
    browser.picture("gone").await;
    let _n1 = folder.agent("n1", &["--http", &http, "--http-token-file", &file]);
    browser
        .until("document.getElementById('contact').dataset.state === 'live' && document.getElementById('gone').hidden")
        .await;
    browser.until("document.getElementById('events-list').innerText.includes('Listening again')").await;
}
