//! A real browser, driven as its makers' programs drive it (WebDriver), without a window.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use axum::http::Method;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::common::programs::{Running, program};
use crate::common::{Folder, PATIENCE};

/// What WebDriver itself does not have, as chromedriver offers it.
#[derive(Debug)]
struct Extra {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extra {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _url: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// A browser; it ends when it is dropped.
pub(crate) struct Browser {
    pub(crate) client: Client,
    shots: PathBuf,
    profile: String,
    _driver: Running,
}

impl Browser {
    /// `None` where there is none.
    pub(crate) async fn start(folder: &Folder) -> Option<Self> {
        let (driver, chromium) = (program("chromedriver", "chromium-driver")?, program("chromium", "chromium")?);
        let mut command = Command::new(driver);
        command
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .current_dir(&folder.0);
        let mut driver = Running::start(&mut command);
        let port = driver.until_says("was started successfully on port ");
        let profile = format!("--user-data-dir={}", folder.0.join("profile").display());
        // The sandbox needs rights that containers do not give; nothing but the agent's own page is opened here.
        let args =
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", &profile];
        let wanted = json!({
            "goog:chromeOptions": { "binary": chromium, "args": args },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(serde_json::from_value::<Capabilities>(wanted).unwrap());
        let client = builder.connect(&format!("http://127.0.0.1:{}", port.trim_end_matches('.'))).await.unwrap();
        let shots = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page");
        std::fs::create_dir_all(&shots).unwrap();
        Some(Self { client, shots, profile, _driver: driver })
    }

    /// The processes that have this browser's profile, which is nobody else's.
    fn processes(&self) -> impl Iterator<Item = Pid> {
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        all.filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            let is_own = line.split(|byte| *byte == 0).any(|word| word == self.profile.as_bytes());
            Pid::from_raw(id).filter(|_| is_own)
        })
    }

    async fn devtools(&self, name: &str, params: Value) {
        let body = json!({ "cmd": name, "params": params });
        self.client.issue_cmd(Extra { path: "goog/cdp/execute", body }).await.unwrap();
    }

    /// So wide, and with these colours.
    pub(crate) async fn shape(&self, width: u32, scheme: &str) {
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// What a script returns.
    pub(crate) async fn eval(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Until a script says yes.
    pub(crate) async fn until(&self, condition: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.eval(&format!("return Boolean({condition})")).await != Value::Bool(true) {
            if Instant::now() >= deadline {
                self.picture("in-vain").await;
                panic!(
                    "waited in vain for {condition}: {:?}\n{}",
                    self.complaints().await,
                    self.eval("return document.body.innerText").await
                );
            }
        }
    }

    /// What the console said that is worse than a remark, since it was asked last.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.client.issue_cmd(Extra { path: "se/log", body: json!({ "type": "browser" }) }).await.unwrap();
        let lines = log.as_array().cloned().unwrap_or_default();
        let is_bad = |line: &&Value| ["SEVERE", "WARNING"].iter().any(|level| line["level"] == *level);
        lines.iter().filter(is_bad).map(|line| line["message"].to_string()).collect()
    }

    /// The whole page, as a file for whoever wants to look.
    pub(crate) async fn picture(&self, name: &str) {
        let size = self.eval("return [innerWidth, document.documentElement.scrollHeight]").await;
        let metrics = json!({ "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0].as_u64() < Some(500) });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let picture = self.client.screenshot().await.unwrap();
        std::fs::write(self.shots.join(format!("{name}.png")), picture).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver is killed, and would leave it behind.
        for process in self.processes() {
            let _ = kill_process(process, Signal::KILL);
        }
    }
}
