//! What does a config file say, and where is it wrong?

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use quidnunc_terminal::{Diagnostic, nearest, render_at};
use toml::Value;

use super::given::Given;
use super::secret::{masked, masked_words};

/// The longest file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The keys that there are, for whoever misspells one.
const KEYS: [&str; 19] = [
    "name",
    "bind",
    "advertise",
    "also",
    "seed",
    "cluster",
    "profile",
    "domain",
    "state",
    "key_file",
    "seal",
    "tag",
    "voter",
    "epoch",
    "record",
    "record_max_mib",
    "http",
    "http_token_file",
    "log_level",
];

/// What whoever gave a file with a key should know.
const NO_KEYS: &str = "what looks like a key is not shown; keys stand in a file of their own, which `key_file` names";

/// Why a file says nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("cannot read {}: {source}", shown(path))]
    Read { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Wrong(Diagnostic),
}

/// A path, unless somebody has given a key in its place.
pub(super) fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    masked_words(&text).unwrap_or(text)
}

/// What the file says.
pub(crate) fn read_file(path: &Path) -> Result<Given, FileError> {
    let failed = |source| FileError::Read { path: path.to_path_buf(), source };
    if fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    parse(&shown(path), &fs::read_to_string(path).map_err(failed)?)
}

fn parse(name: &str, text: &str) -> Result<Given, FileError> {
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let message = masked_words(error.message());
        let message = message.as_deref().unwrap_or(error.message());
        let diagnostic = match masked(text) {
            Some(text) => render_at(name, &text, span, message, Some(NO_KEYS)),
            None => {
                let help = text.get(span.clone()).and_then(help);
                render_at(name, text, span, message, help.as_deref())
            }
        };
        FileError::Wrong(diagnostic)
    })
}

/// The way out for whoever wrote a key that there is not.
fn help(wrong: &str) -> Option<String> {
    let is_key = !wrong.is_empty() && wrong.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if !is_key || KEYS.contains(&wrong) || wrong.parse::<Value>().is_ok() {
        return None;
    }
    nearest(wrong, KEYS).map(|near| format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn complaint(text: &str) -> String {
        parse("agent.toml", text).map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn the_keys_are_those_that_are_read() {
        let error = toml::from_str::<Given>("nothing = 1").expect_err("there is no such key").message().to_owned();
        let (_, list) = error.split_once("expected one of ").expect("a list");
        assert_eq!(list, KEYS.map(|key| format!("`{key}`")).join(", "));
    }

    #[test]
    fn no_key_is_shown_with_a_mistake() {
        let key = "000102030405060708090a0b0c0d0e0f";
        expect![[r#"
            error: key with no value, expected `=`
             --> agent.toml:2:33
              |
            2 | ********************************
              |                                 ^
              |
              = help: what looks like a key is not shown; keys stand in a file of their own, which `key_file` names"#]]
        .assert_eq(&complaint(&format!("# ours\n{key}\n")));
        for text in [format!("{key} = 1"), format!("encrypt_key = '{key}'"), format!("name = '{key}")] {
            let said = complaint(&text);
            assert!(!said.contains("00010203") && said.contains("****"), "{said}");
        }
        let path = Path::new("/nowhere").join(key);
        let said = read_file(&path).map_or_else(|error| error.to_string(), |_| String::new());
        assert!(said.starts_with("cannot read /nowhere/****"), "{said}");
    }

    #[test]
    fn a_mistake_is_shown_at_its_place() {
        expect![[r#"
            error: unknown field `key-file`, expected one of `name`, `bind`, `advertise`, `also`, `seed`, `cluster`, `profile`, `domain`, `state`, `key_file`, `seal`, `tag`, `voter`, `epoch`, `record`, `record_max_mib`, `http`, `http_token_file`, `log_level`
             --> agent.toml:2:1
              |
            2 | key-file = 'k'
              | ^^^^^^^^
              |
              = help: did you mean `key_file`?"#]].assert_eq(&complaint("name = 'n1'\nkey-file = 'k'\n"));
        expect![[r#"
            error: invalid socket address syntax
             --> agent.toml:1:8
              |
            1 | bind = '10.0.0.1'
              |        ^^^^^^^^^^"#]]
        .assert_eq(&complaint("bind = '10.0.0.1'\n"));
        expect![[r#"
            error: an address is a name or an IP address and a port, such as n1.example:7946 or [::1]:7946
             --> agent.toml:1:8
              |
            1 | seed = ['a:1', 'b']
              |        ^^^^^^^^^^^^"#]]
        .assert_eq(&complaint("seed = ['a:1', 'b']\n"));
        expect![[r#"
            error: unknown variant `lann`, expected one of `lan`, `wan`, `local`, `phi-ring`, `heartbeat`, `scuttlebutt-lan`, `scuttlebutt-wan`
             --> agent.toml:1:11
              |
            1 | profile = 'lann'
              |           ^^^^^^"#]].assert_eq(&complaint("profile = 'lann'\n"));
        expect![[r#"
            error: the name of a tag has 1 to 64 bytes, without blanks, `/` and `=`
             --> agent.toml:1:7
              |
            1 | tag = { 'a b' = 'c' }
              |       ^^^^^^^^^^^^^^^"#]]
        .assert_eq(&complaint("tag = { 'a b' = 'c' }\n"));
        expect![[r#"
            error: string values must be quoted, expected literal string
             --> agent.toml:1:8
              |
            1 | name = 
              |        ^"#]]
        .assert_eq(&complaint("name = \n"));
    }
}
