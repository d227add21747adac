//! What can be asked of an agent, as a document for programs (OpenAPI 3.1): the routes, and the shapes of what goes in and comes out.
//!
//! `docs/openapi.json` is what is made here of the types themselves: a shape that changes without it fails a test, and so does an
//! answer that does not have its shape.

use std::collections::BTreeMap;

use expect_test::expect_file;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::record::Asked;
use crate::model::{
    Diagnosis, DoctorRequest, Done, Entries, EventLine, EventSend, Fault, GroupRegister, InfoAdd, InfoFilter, Infos,
    JoinRequest, Joined, KeyDone, KeyInstall, KeyStep, Keys, KvDelete, KvFilter, KvLine, KvSet, LeaveLine, LetGo,
    MemberFilter, MemberLine, Members, MonitorFilter, MonitorLine, Nothing, OfMember, Overlay, PingRequest,
    QueryAnswer, QueryAsk, QueryLine, QuestionLine, QuorumReport, Reached, StatusReport, Tags, TagsChange, TopReport,
    WhyReport,
};

const JSON: &str = "application/json";

/// An object on each line, as long as somebody reads or there is something to say.
const LINES: &str = "application/x-ndjson";

/// No JSON at all.
const BYTES: &str = "application/octet-stream";

/// What is answered may get more fields, and is read in other languages.
fn for_readers(shape: &mut Schema) {
    if shape.get("additionalProperties") == Some(&Value::Bool(false)) {
        shape.remove("additionalProperties");
    }
    if let Some(Value::String(text)) = shape.get_mut("description") {
        *text = text.replace("`None`", "`null`");
    }
}

/// The document, while it is made. What is read of a type and what is written may differ.
struct Making {
    asked: SchemaGenerator,
    answered: SchemaGenerator,
    paths: BTreeMap<String, Map<String, Value>>,
}

impl Making {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|it| {
                it.definitions_path = "/components/schemas".into();
                it.meta_schema = None;
            })
        };
        Self {
            asked: settings().for_deserialize().into_generator(),
            answered: settings().for_serialize().with_transform(RecursiveTransform(for_readers)).into_generator(),
            paths: BTreeMap::new(),
        }
    }

    /// A route that reads: what stands behind its question mark, and what it answers.
    fn get<Q: JsonSchema, A: JsonSchema>(&mut self, path: &str, media: &str, summary: &str) {
        let schema = Q::json_schema(&mut self.asked).to_value();
        let is_needed = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|it| it == name));
        let parameter = |(name, schema): (&String, &Value)| {
            let mut schema = schema.clone();
            // What is not wanted is not said at all.
            if let (Some([Value::String(is), _]), false) =
                (schema["type"].as_array().map(Vec::as_slice), is_needed(name))
            {
                schema["type"] = is.clone().into();
                schema.as_object_mut().and_then(|schema| schema.remove("default"));
            }
            json!({ "name": name, "in": "query", "required": is_needed(name), "schema": schema })
        };
        let parameters: Vec<_> = schema["properties"].as_object().into_iter().flatten().map(parameter).collect();
        let operation =
            json!({ "summary": summary, "parameters": parameters, "responses": self.responses::<A>(media) });
        self.paths.entry(path.into()).or_default().insert("get".into(), operation);
    }

    /// A route that changes something: its body, and what it answers.
    fn post<B: JsonSchema, A: JsonSchema>(&mut self, path: &str, media: &str, summary: &str) {
        let body = self.asked.subschema_for::<B>();
        let body = json!({ "required": true, "content": { JSON: { "schema": body } } });
        let operation = json!({ "summary": summary, "requestBody": body, "responses": self.responses::<A>(media) });
        self.paths.entry(path.into()).or_default().insert("post".into(), operation);
    }

    fn responses<A: JsonSchema>(&mut self, media: &str) -> Value {
        let reply = |shape| json!({ "schema": { "allOf": [{ "$ref": "#/components/schemas/Reply" }, shape] } });
        let answer = match media {
            BYTES => json!({}),
            _ => reply(self.answered.subschema_for::<A>()),
        };
        let fault = reply(self.answered.subschema_for::<Fault>());
        json!({
            "200": { "description": "it is so, or it is done", "content": { media: answer } },
            "default": { "description": "why it is not", "content": { JSON: fault } },
        })
    }

    fn finish(mut self) -> Value {
        let mut shapes = self.asked.take_definitions(true);
        for (name, shape) in self.answered.take_definitions(true) {
            let other = shapes.insert(name.clone(), shape.clone());
            assert!(other.is_none_or(|other| other == shape), "{name} is written otherwise than it is read");
        }
        let reply = json!({ "type": "object", "properties": { "schema": { "const": 1 } }, "required": ["schema"] });
        shapes.insert("Reply".into(), reply);
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "quidnunc agent",
                "version": "1",
                "description": "What an agent answers over its control socket and, with --http, over TCP. Fields are added under \
                    schema 1, and never taken away or given another meaning: skip what you do not know.",
            },
            "security": [{}, { "token": [] }],
            "paths": self.paths,
            "components": { "schemas": shapes, "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } } },
        })
    }
}

/// All of it.
fn document() -> Value {
    let mut making = Making::new();
    reads(&mut making);
    watches(&mut making);
    changes(&mut making);
    making.finish()
}

fn reads(it: &mut Making) {
    it.get::<Nothing, StatusReport>("/v1/status", JSON, "How the agent is");
    it.get::<Nothing, TopReport>("/v1/top", JSON, "Members that need a look, and what was counted");
    it.get::<MemberFilter, Members>("/v1/members", JSON, "Who is in the cluster");
    it.get::<OfMember, WhyReport>("/v1/why", JSON, "What is believed of a member, and why");
    it.get::<KvFilter, Entries>("/v1/kv", JSON, "What stands in the maps of the members");
    it.get::<Nothing, Tags>("/v1/tags", JSON, "The tags of this member");
    it.get::<InfoFilter, Infos>("/v1/info", JSON, "What everybody should know");
    it.get::<InfoFilter, Infos>("/v1/info/group", JSON, "The infos of a group, the preferred ones first");
    it.get::<Nothing, Overlay>("/v1/overlay", JSON, "The links of this node");
    it.get::<Nothing, QuorumReport>("/v1/quorum", JSON, "Whether this node may act");
    it.get::<Nothing, Keys>("/v1/keys", JSON, "Which keys the members have, by their fingerprints");
}

fn watches(it: &mut Making) {
    it.get::<MemberFilter, MemberLine>("/v1/members/watch", LINES, "Who is in the cluster, and every change of that");
    it.get::<KvFilter, KvLine>("/v1/kv/watch", LINES, "What stands in the maps, and every change of that");
    it.get::<MonitorFilter, MonitorLine>("/v1/monitor", LINES, "What happens from now on, and why");
    it.get::<Nothing, EventLine>("/v1/event/watch", LINES, "What anybody says to everybody from now on");
    it.get::<Nothing, QuestionLine>("/v1/query/watch", LINES, "What anybody asks everybody from now on");
    it.get::<Asked, ()>(super::RECORD_PATH, BYTES, "What happens to the node, as a recording");
}

fn changes(it: &mut Making) {
    it.post::<JoinRequest, Joined>("/v1/join", JSON, "Becomes a member of the cluster of one of these");
    it.post::<Nothing, LeaveLine>("/v1/leave", LINES, "Says goodbye, and ends the agent");
    it.post::<OfMember, LetGo>("/v1/force-leave", JSON, "Declares that a dead member will not come back");
    it.post::<KvSet, Done>("/v1/kv/set", JSON, "Writes a key of this node's map");
    it.post::<KvDelete, Done>("/v1/kv/delete", JSON, "Deletes a key of this node's map");
    it.post::<TagsChange, Tags>("/v1/tags", JSON, "Changes the tags of this member");
    it.post::<InfoAdd, Done>("/v1/info/add", JSON, "Tells everybody an info");
    it.post::<KvDelete, Done>("/v1/info/delete", JSON, "Takes an info back");
    it.post::<GroupRegister, Done>("/v1/info/group", JSON, "Says which infos of a group are preferred");
    it.post::<EventSend, Done>("/v1/event", JSON, "Says something to everybody, once");
    it.post::<QueryAsk, QueryLine>("/v1/query", LINES, "Asks something of everybody");
    it.post::<QueryAnswer, Done>("/v1/query/answer", JSON, "Answers what somebody asks");
    it.post::<PingRequest, Reached>("/v1/ping", JSON, "How long a member takes to answer");
    it.post::<Nothing, Reached>("/v1/reach", LINES, "How long each member takes to answer");
    it.post::<DoctorRequest, Diagnosis>("/v1/doctor", JSON, "What is wrong with gossip here");
    it.post::<KeyInstall, KeyDone>("/v1/keys/install", JSON, "Gives this node a key to open with");
    it.post::<KeyStep, KeyDone>("/v1/keys/use", JSON, "Seals with a key from now on");
    it.post::<KeyStep, KeyDone>("/v1/keys/remove", JSON, "Forgets a key");
}

#[test]
fn the_document_says_what_there_is() {
    let document = document();
    let text = serde_json::to_string_pretty(&document).expect("a document");
    expect_file!["../../../docs/openapi.json"].assert_eq(&format!("{text}\n"));
    let source = include_str!("mod.rs");
    let paths = document["paths"].as_object().map(Map::len);
    assert_eq!(paths, Some(source.split(".route(").count() - 1), "one of each");
    let routes = source.split(".route(\"").skip(1).filter_map(|rest| rest.split_once("\""));
    for (path, rest) in routes {
        let route = rest.split("\n").next().unwrap_or_default();
        for method in ["get", "post"] {
            let is_there = route.contains(&format!("{method}("));
            assert_eq!(document["paths"][path][method].is_object(), is_there, "{method} {path}");
        }
    }
}
