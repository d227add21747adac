//! Are the metrics what OpenMetrics says, what the documentation says, and what Prometheus reads?

#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use common::programs::{Port, Running, program};
use common::web::{Heard, exchange};
use common::{Agent, Folder, PATIENCE};

const OPENMETRICS: &str = "accept: application/openmetrics-text; version=1.0.0";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A name's type, and its samples by their labels.
type Families = BTreeMap<String, (String, BTreeMap<String, f64>)>;

/// Reads a text as strictly as OpenMetrics 1.0 defines it, as far as an agent uses it: no histograms, no exemplars, no times.
#[track_caller]
fn strict(text: &str) -> Families {
    let (lines, end) = text.split_at(text.len() - 6);
    assert_eq!(end, "# EOF\n");
    let (mut families, mut name) = (Families::new(), String::new());
    let mut described = BTreeSet::new();
    for line in lines.lines() {
        assert_eq!(line.trim(), line);
        if let Some(about) = line.strip_prefix("# ") {
            let [word, of, rest] = *about.splitn(3, ' ').collect::<Vec<_>>() else { panic!("{line}") };
            assert!(described.insert((word.to_owned(), of.to_owned())), "twice: {line}");
            match word {
                "TYPE" => {
                    assert!(["gauge", "counter", "info"].contains(&rest), "{line}");
                    assert!(families.insert(of.to_owned(), (rest.to_owned(), BTreeMap::new())).is_none(), "{line}");
                    name = of.to_owned();
                }
                "HELP" => assert!(rest.ends_with('.') && !rest.ends_with(".."), "{line}"),
                "UNIT" => assert!(of == name && of.ends_with(&format!("_{rest}")), "{line}"),
                _ => panic!("{line}"),
            }
        } else {
            let (series, number) = line.rsplit_once(' ').unwrap();
            let (of, labels) =
                series.split_once('{').map_or((series, ""), |(of, labels)| (of, labels.strip_suffix('}').unwrap()));
            let (kind, samples) = families.get_mut(&name).unwrap();
            let suffix = match kind.as_str() {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            assert_eq!(of, format!("{name}{suffix}"), "samples stand below their name: {line}");
            assert!(described.contains(&("HELP".to_owned(), name.clone())), "{line}");
            labels.split(',').filter(|label| !label.is_empty()).for_each(check_label);
            let number: f64 = number.parse().unwrap();
            assert!(number.is_finite() && number >= 0.0, "{line}");
            assert!(samples.insert(labels.to_owned(), number).is_none(), "twice: {line}");
        }
    }
    assert!(families.values().all(|(_, samples)| !samples.is_empty()), "no name is empty");
    families
}

#[track_caller]
fn check_label(label: &str) {
    let (name, value) = label.split_once('=').unwrap();
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap();
    assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{label}");
    assert!(!value.contains(['"', '\\', '\n']), "{label}");
}

fn series(families: &Families) -> BTreeSet<(String, String)> {
    let all = |(name, (_, samples)): (&String, &(String, BTreeMap<String, f64>))| {
        samples.keys().map(|labels| (name.clone(), labels.clone())).collect::<Vec<_>>()
    };
    families.iter().flat_map(all).collect()
}

fn metrics(agent: &Agent<'_>) -> Families {
    let said = agent.get("/metrics", &[OPENMETRICS]);
    assert!(
        said.head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{}",
        said.head
    );
    strict(&said.body)
}

#[test]
fn metrics_are_as_many_in_a_large_cluster_as_in_a_small_one() {
    let folder = Folder::new("series");
    let key = folder.run(&["keys", "gen"]).out;
    let key_file = folder.file("keys", &key);
    let args = ["--http", "127.0.0.1:0", "--key-file", &key_file, "--voter", "n1,n2"];
    let n1 = folder.agent("n1", &args);
    let alone = metrics(&n1);
    let value = |families: &Families, name: &str, labels: &str| families[name].1[labels];
    assert_eq!(value(&alone, "quidnunc_members", "state=\"alive\""), 1.0);
    let n2 = folder.agent("n2", &["--key-file", &key_file, "--voter", "n1,n2", "--seed", &n1.addr(), "--tag", "a=b"]);
    n1.until_alive(2);
    assert_eq!(n1.ask(&["kv", "set", "some", "thing"]).code, 0);
    n1.until(&["quorum"], |quorum| quorum["seen"] == 2);
    let both = metrics(&n1);
    let new: Vec<_> = series(&both).difference(&series(&alone)).cloned().collect();
    // Of what may be lost nothing is known before enough are seen.
    assert_eq!(new, [("quidnunc_quorum_margin_members".to_owned(), String::new())]);
    assert_eq!(value(&both, "quidnunc_members", "state=\"alive\""), 2.0);
    assert_eq!(value(&both, "quidnunc_quorum_votes", "kind=\"seen\""), 2.0);
    assert_eq!(value(&both, "quidnunc_seal_mode", "mode=\"require\""), 1.0);
    assert!(value(&both, "quidnunc_state_entries", "kind=\"live\"") >= 3.0);
    assert!(value(&both, "quidnunc_tx_bytes", "class=\"datagram\"") > 0.0);

    let written = include_str!("../../docs/metrics.md");
    let row = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    let documented: BTreeSet<String> = written.lines().filter_map(row).collect();
    let named = |(name, (kind, _)): (&String, &(String, BTreeMap<String, f64>))| match kind.as_str() {
        "counter" => format!("{name}_total"),
        "info" => format!("{name}_info"),
        _ => name.clone(),
    };
    assert_eq!(both.iter().map(named).collect::<BTreeSet<_>>(), documented, "docs/metrics.md has every name");
    drop(n2);
}

#[test]
fn promtool_finds_nothing_to_say() {
    let Some(promtool) = program("promtool", "prometheus") else { return };
    let folder = Folder::new("promtool");
    let agent = folder.agent("n1", &["--http", "127.0.0.1:0", "--voter", "n1"]);
    let said = agent.get("/metrics", &[]);
    assert!(said.head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{}", said.head);
    let mut command = Command::new(promtool);
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(said.body.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr)), (Some(0), "".into()), "{}", said.body);
}

/// What Prometheus answers to a query, as instances and values.
fn query(addr: SocketAddr, query: &str) -> BTreeMap<String, String> {
    let request = format!("GET /api/v1/query?query={query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let Ok(_) = std::net::TcpStream::connect(addr) else { return BTreeMap::new() };
    let said = Heard::new(&exchange(addr, request.as_bytes()));
    if said.status != 200 {
        return BTreeMap::new();
    }
    // It may come in chunks.
    let json = &said.body[said.body.find('{').unwrap()..=said.body.rfind('}').unwrap()];
    let answer: serde_json::Value = serde_json::from_str(json).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let results = answer["data"]["result"].as_array().cloned().unwrap_or_default();
    results.iter().map(|result| (text(&result["metric"]["instance"]), text(&result["value"][1]))).collect()
}

#[test]
fn prometheus_reads_three_agents() {
    let Some(prometheus) = program("prometheus", "prometheus") else { return };
    let folder = Folder::new("prometheus");
    let token = folder.file("token", TOKEN);
    std::fs::set_permissions(&token, Permissions::from_mode(0o600)).unwrap();
    let n1 = folder.agent("n1", &["--http", "127.0.0.1:0"]);
    let n2 = folder.agent("n2", &["--http", "127.0.0.1:0", "--seed", &n1.addr()]);
    let n3 = folder.agent("n3", &["--http", "127.0.0.1:0", "--seed", &n1.addr(), "--http-token-file", &token]);
    for agent in [&n1, &n2, &n3] {
        agent.until_alive(3);
    }
    // As in docs/http.md.
    let config = format!(
        "global:\n  scrape_interval: 250ms\n  scrape_timeout: 250ms\nscrape_configs:\n  - job_name: quidnunc\n    authorization:\n      \
         credentials_file: {token}\n    static_configs:\n      - targets: ['{}', '{}', '{}']\n",
        n1.http(),
        n2.http(),
        n3.http(),
    );
    let file = folder.file("prometheus.yml", &config);
    let port = Port::reserve();
    let addr = SocketAddr::from(([127, 0, 0, 1], port.number));
    let mut command = Command::new(prometheus);
    command
        .arg(format!("--config.file={file}"))
        .arg(format!("--storage.tsdb.path={}", folder.0.join("tsdb").display()));
    command.arg(format!("--web.listen-address={addr}")).stdout(Stdio::null()).stderr(Stdio::null());
    let _running = Running::start(&mut command);
    let wanted: BTreeMap<_, _> = [&n1, &n2, &n3].map(|agent| (agent.http().to_string(), "3".to_owned())).into();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = query(addr, "quidnunc_members%7Bstate=%22alive%22%7D");
        if found == wanted {
            break;
        }
        assert!(Instant::now() < deadline, "{found:?}");
        std::thread::yield_now();
    }
    assert_eq!(query(addr, "quidnunc_build_info").len(), 3);
    assert_eq!(query(addr, "sum(quidnunc_datagrams_total)%20%3E%200").len(), 1);
}
