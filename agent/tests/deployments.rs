//! Do the files in `deploy/` work with this very program?

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::Folder;
use common::programs::program;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Service;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn deployed(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)).unwrap()
}

/// The agent's arguments in the unit, with another place for what it reads and writes.
fn arguments_of_the_unit(folder: &Folder) -> Vec<String> {
    let unit = deployed("quidnunc.service");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/quidnunc agent ")).unwrap();
    let here = |place: &str| folder.0.join(place.rsplit('/').next().unwrap()).to_str().unwrap().to_owned();
    line.split(' ').map(|word| if word.starts_with('/') { here(word) } else { word.to_owned() }).collect()
}

#[test]
fn systemd_takes_the_unit() {
    let Some(analyze) = program("systemd-analyze", "systemd") else { return };
    let folder = Folder::new("unit");
    let unit = deployed("quidnunc.service").replace("/usr/bin/quidnunc", env!("CARGO_BIN_EXE_quidnunc"));
    // With keys, as it says.
    let sealed = unit.replace("#LoadCredential=", "LoadCredential=").replace("#Environment=", "Environment=");
    assert!(sealed.contains("\nLoadCredential=keys:") && sealed.contains("\nEnvironment=QUIDNUNC_KEY_FILE=%d/keys\n"));
    for unit in [unit, sealed] {
        let file = folder.file("quidnunc.service", &unit);
        let said = Command::new(&analyze).args(["verify", "--man=no", &file]).output().unwrap();
        let complaints = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success() && !complaints.contains("quidnunc"), "{complaints}");
    }
}

#[test]
fn the_command_of_the_unit_starts_an_agent_and_reads_its_config_file() {
    let folder = Folder::new("unit-command");
    folder.file("agent.toml", &deployed("agent.toml"));
    let arguments = arguments_of_the_unit(&folder);
    let agent = folder.agent("unit", &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let socket = folder.0.join("agent.sock");
    let said = folder.run(&["members", "--json", "--socket", socket.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{said:?}");
    let member = &said.json()["members"][0];
    assert_eq!((&member["name"], &member["tags"]["role"]), (&"unit".into(), &"web".into()));
    assert!(folder.0.join("state").exists(), "the state is kept where the unit says");
    drop(agent);
}

/// An engine builds it in the gate, where there is one; what can be wrong without one is looked at here.
#[test]
fn the_image_starts_what_it_is_built_of() {
    let file = deployed("Dockerfile").replace("\\\n", " ");
    let lines: Vec<_> = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let of = |word: &'static str| lines.iter().filter_map(move |line| line.strip_prefix(word)?.strip_prefix(' '));
    assert!(of("RUN").any(|run| run.contains("cargo build --release --locked --package quidnunc-agent ")));
    let list = |word: &'static str| serde_json::from_str::<Vec<String>>(of(word).next_back().unwrap()).unwrap();
    let program = format!("--from=build /src/target/release/quidnunc {}", list("ENTRYPOINT")[0]);
    assert!(of("COPY").any(|copy| copy == program), "{program}");
    assert_eq!((of("FROM").count(), of("STOPSIGNAL").collect::<Vec<_>>()), (2, vec!["SIGTERM"]));
    assert_eq!(list("CMD"), ["agent"]);
    let help = Folder::new("image").run(&["agent", "--help"]).out;
    let port = help.split_once("0.0.0.0:").unwrap().1.split_whitespace().next().unwrap();
    assert!(of("EXPOSE").any(|exposed| exposed == format!("{port}/udp {port}/tcp")), "{port}");
}

/// Whether a value has everything that another one has.
fn has_all(value: &Value, other: &Value) -> bool {
    match (value, other) {
        (Value::Object(value), Value::Object(other)) => {
            other.iter().all(|(key, other)| value.get(key).is_some_and(|value| has_all(value, other)))
        }
        (Value::Array(value), Value::Array(other)) => {
            value.len() == other.len() && value.iter().zip(other).all(|(value, other)| has_all(value, other))
        }
        (value, other) => value == other,
    }
}

/// Whether a document is a whole `T`: what a `T` does not have is missing in what is written again.
fn is_all<T: DeserializeOwned + Serialize>(document: &Value) {
    let typed: T = serde_json::from_value(document.clone()).unwrap();
    let written = serde_json::to_value(typed).unwrap();
    assert!(has_all(&written, document), "{written}\nlacks something of\n{document}");
}

#[test]
fn kubernetes_knows_everything_that_the_manifests_say() {
    let documents: Vec<Value> = serde_saphyr::from_multiple(&deployed("kubernetes.yaml")).unwrap();
    for document in &documents {
        match document["kind"].as_str() {
            Some("Service") => is_all::<Service>(document),
            Some("StatefulSet") => is_all::<StatefulSet>(document),
            kind => panic!("nobody has checked a {kind:?}"),
        }
    }
    assert_eq!(documents.len(), 2);
}

#[test]
fn the_pod_s_commands_run_and_find_its_agent() {
    let folder = Folder::new("pod");
    let documents: Vec<Value> = serde_saphyr::from_multiple(&deployed("kubernetes.yaml")).unwrap();
    let set = documents.iter().find(|document| document["kind"] == "StatefulSet").unwrap();
    let container = &set["spec"]["template"]["spec"]["containers"][0];
    let words = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let state = folder.0.join("state").to_str().unwrap().to_owned();
    let args: Vec<String> = words(&container["args"])
        .into_iter()
        .skip_while(|word| word == "agent")
        .map(|word| if word.starts_with('/') { state.clone() } else { word })
        .collect();
    let agent = folder.agent("quidnunc-0", &args.iter().map(String::as_str).collect::<Vec<_>>());
    for probe in ["livenessProbe", "readinessProbe"] {
        let command = words(&container[probe]["exec"]["command"]);
        let said = folder.run(&command.iter().map(String::as_str).skip(1).collect::<Vec<_>>());
        assert_eq!(said.code, 0, "{probe}: {said:?}");
    }
    drop(agent);
}
