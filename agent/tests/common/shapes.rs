//! Answers, held against `docs/openapi.json`.

use std::collections::BTreeSet;

use serde_json::Value;

/// The shapes of answers.
pub(crate) struct Shapes {
    document: Value,
    /// Of which routes something was right.
    seen: BTreeSet<String>,
}

impl Shapes {
    pub(crate) fn new() -> Self {
        let document = serde_json::from_str(include_str!("../../../docs/openapi.json")).expect("it is JSON");
        Self { document, seen: BTreeSet::new() }
    }

    /// Fails unless what was answered is of the shape that it should have: an object, or one on each line.
    #[track_caller]
    pub(crate) fn check(&mut self, (method, path): (&str, &str), status: u16, text: &str) {
        let method = method.to_lowercase();
        let path = path.split('?').next().unwrap_or_default();
        let response = if status == 200 { "200" } else { "default" };
        let content = &self.document["paths"][path][&method]["responses"][response]["content"];
        let media = content.as_object().and_then(|content| content.values().next());
        let media = media.unwrap_or_else(|| panic!("{method} {path} is not in the document"));
        let mut shape = self.document.clone();
        for (key, value) in media["schema"].as_object().into_iter().flatten() {
            shape[key] = value.clone();
        }
        let shape = jsonschema::validator_for(&shape).expect("a schema");
        for line in text.lines() {
            let value = serde_json::from_str(line).expect("JSON");
            let wrong: Vec<_> = shape.iter_errors(&value).map(|it| it.to_string()).collect();
            assert!(wrong.is_empty(), "{method} {path}: {wrong:#?} in {line}");
            if status == 200 {
                self.seen.insert(route(&method, path));
            }
        }
    }

    /// All routes, each a method and a path.
    pub(crate) fn routes(&self) -> impl Iterator<Item = String> {
        let paths = self.document["paths"].as_object().into_iter().flatten();
        paths.flat_map(|(path, methods)| {
            methods.as_object().into_iter().flatten().map(move |(method, _)| route(method, path))
        })
    }

    /// The routes of which nothing was.
    pub(crate) fn unseen(&self) -> Vec<String> {
        self.routes().filter(|route| !self.seen.contains(route)).collect()
    }
}

fn route(method: &str, path: &str) -> String {
    format!("{} {path}", method.to_uppercase())
}
