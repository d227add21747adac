//! What is a node called, and who is meant by a name, an id or an address?
//!
//! A node's human name is an entry of its own map, like everything else about it. What others publish there is only a claim: it
//! counts when it is fit to be a name and the member's id is made of it, as every agent's is. So nobody bears another's name.

use std::net::SocketAddr;

use quidnunc::{Domain, NodeId, Record, View};
use quidnunc_terminal::{is_hidden, nearest};

/// The key under which an agent publishes what its domain is called.
pub(crate) const DOMAIN_KEY: &[u8] = b"sys/domain";

/// The key under which an agent publishes of which version it is.
pub(crate) const VERSION_KEY: &[u8] = b"sys/version";

/// The longest version that is believed, in bytes.
const VERSION_BYTES_MAX: usize = 64;

/// Of which version this agent is, and what it speaks.
pub(crate) fn version() -> String {
    format!("quidnunc {}, wire version {}", env!("CARGO_PKG_VERSION"), quidnunc::WIRE_VERSION)
}

/// Of which version a member says that it is; agents do.
pub(crate) fn version_of(view: View<'_>, id: NodeId) -> Option<String> {
    let said = view.value(id, VERSION_KEY).and_then(|value| str::from_utf8(value.value).ok());
    said.filter(|said| said.len() <= VERSION_BYTES_MAX).map(str::to_owned)
}

/// Keys that begin so are tags.
pub(crate) const TAG_PREFIX: &str = "tag/";

/// Keys that begin so are the program's own.
pub(crate) const RESERVED: [&str; 2] = ["sys/", TAG_PREFIX];

/// The longest name, in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 64;

/// Whether this can be the name of a node, a domain or a tag: it shows on one line, as it is, and has no blanks.
pub(crate) fn is_name(text: &str) -> bool {
    let shows = |char: char| char.is_alphanumeric() && !is_hidden(char) || char.is_ascii_punctuation() && char != '/';
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.chars().all(shows)
}

/// The longest value of a tag, in bytes: tags are words, and every list of members shows them.
pub(crate) const TAG_BYTES_MAX: usize = 256;

/// The most tags of a node: of others no more are looked at.
pub(crate) const TAGS_MAX: usize = 64;

/// Whether this can be the value of a tag.
pub(crate) fn is_tag_value(text: &str) -> bool {
    text.len() <= TAG_BYTES_MAX && !text.contains(|char: char| char.is_control() || is_hidden(char))
}

/// Whether this can be the name of a tag.
pub(crate) fn is_tag_name(text: &str) -> bool {
    is_name(text) && !text.contains('=')
}

/// The name that a member has published.
pub(crate) fn name_of(view: View<'_>, id: NodeId) -> Option<String> {
    view.name(id).filter(|name| is_name(name)).map(str::to_owned)
}

/// What a member's domain is called; its number where the member has not said so.
pub(crate) fn domain_of(view: View<'_>, record: &Record) -> Option<String> {
    domain_said(view, record).or_else(|| domain_number(record.domain))
}

/// What a member has said that its domain is called.
pub(crate) fn domain_said<'v>(view: View<'v>, record: &Record) -> Option<String> {
    let published = view.value(record.id, DOMAIN_KEY).and_then(|value| str::from_utf8(value.value).ok());
    let fits = |name: &&'v str| is_name(name) && Domain::from_name(name) == record.domain;
    published.filter(fits).map(str::to_owned)
}

/// What a domain is called of which nobody has said the name; `None` of those who are in none.
pub(crate) fn domain_number(domain: Domain) -> Option<String> {
    (domain != Domain::NONE).then(|| format!("{:016x}", domain.number()))
}

/// Nobody, or nobody in particular, is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// No member is called so; the nearest name, if one is near.
    Unknown(Option<String>),
    /// Several are.
    Ambiguous(Vec<NodeId>),
}

/// The member that a text means: its id or its address, its name, or the beginning of its id (eight digits at least).
pub(crate) fn find(view: View<'_>, text: &str) -> Result<NodeId, Unclear> {
    let rows: Vec<Row> =
        view.members().map(|member| Row { id: member.id, addr: member.addr, name: name_of(view, member.id) }).collect();
    choose(&rows, text)
}

struct Row {
    id: NodeId,
    addr: SocketAddr,
    name: Option<String>,
}

fn choose(rows: &[Row], text: &str) -> Result<NodeId, Unclear> {
    let addr = text.parse::<SocketAddr>().ok();
    let is_id = text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = text.to_ascii_lowercase();
    let matching = |of: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| of(row)).map(|row| row.id).collect::<Vec<_>>();
    let mut found = matching(&|row| row.id.to_string() == id || Some(row.addr) == addr);
    if found.is_empty() {
        found = matching(&|row| row.name.as_deref() == Some(text));
    }
    if found.is_empty() && is_id {
        found = matching(&|row| row.id.to_string().starts_with(&id));
    }
    match found[..] {
        [one] => Ok(one),
        [] => {
            let near = nearest(text, rows.iter().filter_map(|row| row.name.as_deref()));
            Err(Unclear::Unknown(near.map(str::to_owned)))
        }
        _ => Err(Unclear::Ambiguous(found)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u128, port: u16, name: Option<&str>) -> Row {
        let addr = SocketAddr::from(([10, 0, 0, 1], port));
        Row { id: NodeId::from_u128(id << 96), addr, name: name.map(str::to_owned) }
    }

    #[test]
    fn a_member_is_found_by_what_it_is_called() {
        let rows = [row(0xaa, 1, Some("n1")), row(0xab, 2, Some("n2")), row(0xac, 3, None), row(0xad, 4, Some("n2"))];
        let found = |text| choose(&rows, text);
        assert_eq!(found("n1"), Ok(rows[0].id));
        assert_eq!(found("000000AC"), Ok(rows[2].id));
        assert_eq!(found("10.0.0.1:3"), Ok(rows[2].id));
        assert_eq!(found("n2"), Err(Unclear::Ambiguous(vec![rows[1].id, rows[3].id])));
        let (victim, addr) = (&rows[2], "10.0.0.1:3");
        for name in [&*victim.id.to_string(), addr] {
            let impostor = [row(0xac, 3, None), row(0xae, 5, Some(name))];
            assert_eq!(choose(&impostor, name), Ok(victim.id), "a name is nobody else's id or address");
        }
        assert_eq!(found("nn1"), Err(Unclear::Unknown(Some("n1".into()))));
        assert_eq!(found("10.0.0.1:9"), Err(Unclear::Unknown(None)));
        assert_eq!(found(&"n".repeat(1 << 20)), Err(Unclear::Unknown(None)));
    }

    #[test]
    fn a_name_shows_on_one_line() {
        for name in ["n1", "rack-7.example", "é"] {
            assert!(is_name(name), "{name}");
        }
        for odd in ["", "a b", "a\nb", "n1\u{200b}", "\u{202e}1n", "n1\u{3164}", "\u{1b}[31m", "a/b", &"n".repeat(65)] {
            assert!(!is_name(odd), "{odd:?}");
        }
    }
}
