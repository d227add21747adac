//! The house rules that a machine can check: sizes, directions of imports, what may not stand in code.
//!
//! The scan is of text: strings, comments and character literals are blanked first, then braces are
//! counted. That is enough for formatted code, and it needs no parser.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// What each room of the core may import besides itself and `config`.
const ROOMS: [(&str, &[&str]); 11] = [
    ("vocab", &[]),
    ("wire", &["vocab"]),
    ("packing", &["wire", "vocab"]),
    ("membership", &["vocab"]),
    ("detector", &["vocab"]),
    ("state", &["vocab"]),
    ("quorum", &["vocab"]),
    ("info", &["vocab"]),
    ("overlay", &["vocab"]),
    ("seal", &["vocab", "wire"]),
    ("node", &["vocab", "wire", "packing", "membership", "detector", "state", "info", "overlay", "quorum"]),
];

/// A file of the repository: where it is, its text, and its code with everything else blanked.
struct Source {
    path: String,
    text: String,
    code: String,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository").to_path_buf()
}

fn sources() -> Vec<Source> {
    let (root, mut found) = (repository(), Vec::new());
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("an entry can be read").path();
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source can be read");
                let path = path.strip_prefix(&root).expect("it lies in the repository").to_string_lossy().into_owned();
                found.push(Source { path, code: blanked(&text), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 20, "the walk finds the sources");
    found
}

/// The text with comments and the insides of literals replaced by spaces, line by line as before.
fn blanked(text: &str) -> String {
    let (chars, mut code) = (text.chars().collect::<Vec<_>>(), String::new());
    let mut at = 0;
    while at < chars.len() {
        let len = skipped(&chars[at..], at > 0 && is_word(chars[at - 1])).max(1);
        let skip = len > 1;
        for &char in &chars[at..at + len] {
            code.push(if skip && char != '\n' { ' ' } else { char });
        }
        at += len;
    }
    code
}

const fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

/// The length of the comment or literal that begins here; 0 when none does.
fn skipped(rest: &[char], in_word: bool) -> usize {
    let starts = |text: &str| text.chars().enumerate().all(|(place, char)| rest.get(place) == Some(&char));
    let until = |from: usize, end: &str| {
        let end: Vec<char> = end.chars().collect();
        (from..rest.len()).find(|&at| rest[at..].starts_with(&end)).map_or(rest.len(), |at| at + end.len())
    };
    if starts("//") {
        return rest.iter().position(|&char| char == '\n').unwrap_or(rest.len());
    }
    if starts("/*") {
        return until(2, "*/");
    }
    let raw = usize::from(starts("b") || starts("c"));
    let hashes = rest.iter().skip(raw + 1).take_while(|char| **char == '#').count();
    if !in_word && rest.get(raw) == Some(&'r') && rest.get(raw + 1 + hashes) == Some(&'"') {
        return until(raw + 2 + hashes, &format!("\"{}", "#".repeat(hashes)));
    }
    if starts("\"") {
        return quoted(rest, '"');
    }
    // A character has its closing quote right behind it; a lifetime has not.
    let is_char = starts("'") && (rest.get(1) == Some(&'\\') || rest.get(2) == Some(&'\''));
    if is_char { quoted(rest, '\'') } else { 0 }
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += 1 + usize::from(rest[at] == '\\');
    }
    (at + 1).min(rest.len())
}

/// The words of a line, with their places.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|char| !is_word(char)).filter(|word| !word.is_empty())
}

/// Each item that a word opens (`fn`, `mod`) with its first and last line, counted from 1.
fn bodies<'a>(code: &'a str, keyword: &str) -> Vec<(&'a str, usize, usize)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (first, line) in lines.iter().enumerate() {
        let mut rest = words(line);
        let Some(name) = rest.by_ref().find(|word| *word == keyword).and_then(|_| rest.next()) else { continue };
        let (mut depth, mut round, mut opened) = (0_i32, 0_i32, false);
        let start = line.find(name).unwrap_or(0);
        'item: for (last, line) in lines.iter().enumerate().skip(first) {
            for char in line.chars().skip(if last == first { start } else { 0 }) {
                match char {
                    '{' => (depth, opened) = (depth + 1, true),
                    '}' => depth -= 1,
                    '(' | '[' => round += 1,
                    ')' | ']' => round -= 1,
                    ';' if !opened && round == 0 => break 'item,
                    _ => {}
                }
                if opened && depth == 0 {
                    found.push((name, first + 1, last + 1));
                    break 'item;
                }
            }
        }
    }
    found
}

/// The lines that lie wholly inside a literal: pinned text in a test is data, not code.
fn lines_of_data(source: &Source) -> Vec<usize> {
    let lines = (1..).zip(source.code.lines().zip(source.text.lines()));
    let inside = |code: &str, text: &str| {
        code.trim().is_empty() && !text.trim().is_empty() && !text.trim_start().starts_with("//")
    };
    lines.filter(|&(_, (code, text))| inside(code, text)).map(|(number, _)| number).collect()
}

/// Whether a line lies in a module of tests, or the whole file is one.
fn is_test(source: &Source, line: usize) -> bool {
    let stem = Path::new(&source.path).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let declared = format!("#[cfg(test)]\nmod {stem};");
    let declared_wide = format!("#[cfg(test)]\npub(crate) mod {stem};");
    let parent = repository().join(&source.path).with_file_name("mod.rs");
    let parent = fs::read_to_string(parent).unwrap_or_default();
    source.path.contains("/tests/")
        || parent.contains(&declared)
        || parent.contains(&declared_wide)
        || bodies(&source.code, "mod")
            .iter()
            .any(|&(name, first, last)| name == "tests" && (first..=last).contains(&line))
}

/// Asserts that no line of any file breaks a rule, and names those that do.
#[track_caller]
fn nobody_breaks(rule: &str, broken: impl Fn(&Source) -> Vec<(usize, String)>) {
    let mut report = String::new();
    for source in sources() {
        for (line, what) in broken(&source) {
            writeln!(report, "  {}:{line}: {what}", source.path).expect("a string takes everything");
        }
    }
    assert!(report.is_empty(), "{rule}\n{report}");
}

/// The lines of the core's own code, tests left out.
fn core_lines(source: &Source) -> Vec<(usize, &str)> {
    if !source.path.starts_with("core/src/") {
        return Vec::new();
    }
    let lines = (1..).zip(source.code.lines());
    lines.filter(|(_, line)| line.contains("::")).filter(|&(number, _)| !is_test(source, number)).collect()
}

#[test]
fn files_are_short() {
    nobody_breaks(&format!("a file has at most {FILE_LINES_MAX} lines"), |source| {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX { vec![(lines, format!("{lines} lines"))] } else { Vec::new() }
    });
}

#[test]
fn functions_are_short() {
    nobody_breaks(&format!("a function has at most {FUNCTION_LINES_MAX} lines"), |source| {
        let data = lines_of_data(source);
        let lengths = bodies(&source.code, "fn")
            .into_iter()
            .map(|(name, first, last)| (name, first, (first..=last).filter(|line| !data.contains(line)).count()));
        let long = lengths.filter(|&(_, _, lines)| lines > FUNCTION_LINES_MAX);
        long.map(|(name, first, lines)| (first, format!("`{name}` has {lines} lines"))).collect()
    });
}

#[test]
fn every_file_says_what_it_is() {
    nobody_breaks("a file opens with //!", |source| {
        if source.text.starts_with("//!") { Vec::new() } else { vec![(1, "no //! line".into())] }
    });
}

#[test]
fn nothing_is_left_undone() {
    let undone = [["todo", "!"], ["unimplemented", "!"], ["#[", "ignore"]].map(|parts| parts.concat());
    nobody_breaks("nothing is left undone or ignored", |source| {
        let lines = (1..).zip(source.code.lines());
        let found = |line: &str| undone.iter().find(|word| line.contains(&***word)).cloned();
        lines.filter_map(|(number, line)| Some((number, found(line)?))).collect()
    });
}

#[test]
fn the_core_stands_alone() {
    nobody_breaks("core/src does not use std outside tests", |source| {
        let used = core_lines(source).into_iter().filter(|(_, line)| line.contains("std::"));
        used.map(|(number, line)| (number, line.trim().into())).collect()
    });
}

/// The rooms that a line of a room's file reaches over `crate::` or `super::`.
fn reached<'a>(source: &Source, line: &'a str) -> Vec<&'a str> {
    let depth = source.path.trim_start_matches("core/src/").matches('/').count();
    let outward = format!("{}::", vec!["super"; depth + usize::from(!source.path.ends_with("mod.rs"))].join("::"));
    let paths = ["crate::", &outward].map(|start| line.match_indices(start).map(|(at, _)| at + start.len()).collect());
    let starts: Vec<usize> = paths.into_iter().flat_map(|places: Vec<usize>| places).collect();
    starts.into_iter().filter_map(|start| words(&line[start..]).next()).collect()
}

/// The imports of a room's file that the map of rooms forbids.
fn forbidden_imports(source: &Source) -> Vec<(usize, String)> {
    let room = source.path.trim_start_matches("core/src/").split('/').next().unwrap_or_default().to_owned();
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else { return Vec::new() };
    let is_room = |word: &str| ROOMS.iter().any(|(name, _)| *name == word);
    let mut found = Vec::new();
    for (number, line) in core_lines(source) {
        for to in reached(source, line) {
            if is_room(to) && !allowed.contains(&to) && to != room {
                found.push((number, format!("{room} -> {to}")));
            }
        }
        if line.contains("crate::{") {
            found.push((number, "one import per room, so that a machine can read it".into()));
        }
    }
    found
}

#[test]
fn rooms_import_in_one_direction() {
    nobody_breaks("a room imports only what the map of rooms allows", forbidden_imports);
}

#[test]
fn a_wrong_import_is_found() {
    let found = |path: &str, text: &str| {
        let source = Source { path: path.into(), text: text.into(), code: blanked(text) };
        forbidden_imports(&source).into_iter().map(|(_, what)| what).collect::<Vec<_>>()
    };
    assert_eq!(found("core/src/vocab/x.rs", "use crate::wire::Body;\n"), ["vocab -> wire"]);
    assert_eq!(found("core/src/wire/mod.rs", "use super::packing::Fit;\n"), ["wire -> packing"]);
    assert_eq!(found("core/src/wire/x.rs", "use super::super::node::Node;\n"), ["wire -> node"]);
    assert_eq!(found("core/src/detector/x.rs", "fn x() { crate::membership::y(); }\n"), ["detector -> membership"]);
    assert_eq!(found("core/src/packing/x.rs", "use super::fill::Gossip;\n// crate::node::Node\n"), [""; 0]);
}

/// What stands in a manifest under a heading, without remarks.
fn section<'a>(manifest: &'a str, heading: &str) -> Vec<&'a str> {
    let below = manifest.lines().skip_while(|line| *line != heading).skip(1);
    below.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn a_package_outside_the_workspace_is_built_and_checked_as_those_inside() {
    let manifest = |path: &str| fs::read_to_string(repository().join(path)).expect("a manifest can be read");
    let (inside, outside) = (manifest("Cargo.toml"), manifest("benches/beside/Cargo.toml"));
    for heading in
        ["[workspace.lints.rust]", "[workspace.lints.clippy]", "[profile.release]", "[profile.dev]", "[profile.test]"]
    {
        assert!(!section(&inside, heading).is_empty(), "{heading} says something");
        assert_eq!(section(&outside, heading), section(&inside, heading), "{heading}");
    }
    let (shared, package) = (section(&inside, "[workspace.package]"), section(&outside, "[package]"));
    for key in ["edition", "rust-version", "license"] {
        let line = shared.iter().find(|line| line.starts_with(key)).expect("the workspace says it");
        assert!(package.contains(line), "{line}");
    }
}

#[test]
fn the_scan_sees_code_and_nothing_else() {
    let code =
        "fn a() { // }\n  let x = \"}\\\"}\"; let y = '}'; let z: &'static str = r#\"}\"}\"#; /* } */\n}\nfn b();\n";
    assert_eq!(bodies(&blanked(code), "fn"), [("a", 1, 3)]);
    assert_eq!(blanked(code).lines().count(), 4);
    let long = format!(
        "impl X {{\n    fn c(a: [u8; 2]) -> u8\n    where\n        u8: Copy,\n    {{{}    }}\n}}\n",
        "\n".repeat(66)
    );
    assert_eq!(bodies(&blanked(&long), "fn"), [("c", 2, 71)]);
}
