//! What is wrong with the file, where, and what would be right?

use core::ops::Range;

/// Something read from the file, or the first mistake on the way.
pub(super) type Outcome<T> = Result<T, Mistake>;

/// A mistake of the author's, not yet shown.
#[derive(Debug)]
pub(super) struct Mistake {
    /// The bytes that are wrong.
    pub(super) span: Range<usize>,
    /// What is wrong.
    pub(super) message: String,
    /// The way out.
    pub(super) help: Option<String>,
}

/// Why a text is not the value that it should be, wherever it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What is wrong.
    pub(super) message: String,
    /// The way out.
    pub(super) help: String,
}

impl Refusal {
    /// This refusal for a text that stands at `span`.
    pub(super) fn at(self, span: Range<usize>) -> Mistake {
        Mistake { span, message: self.message, help: Some(self.help) }
    }
}

/// Longest piece of the author's own text that a message repeats, in characters.
const SHOWN: usize = 40;

/// A piece of the author's text, fit to stand in a message of one line.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::from("`");
    for (index, c) in text.chars().enumerate() {
        if index == SHOWN {
            out.push_str("...");
            break;
        }
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out.push('`');
    out
}

/// The help for an unknown name: the nearest valid one, or else all of them.
pub(super) fn advice(what: &str, wrong: &str, valid: &[&str]) -> String {
    match nearest(wrong, valid) {
        Some(name) => format!("did you mean `{name}`?"),
        None if valid.is_empty() => format!("there are no {what}"),
        None => format!("the {what} are: {}", valid.join(", ")),
    }
}

/// The valid name that a typing error most likely turned into `wrong`.
fn nearest<'a>(wrong: &str, valid: &[&'a str]) -> Option<&'a str> {
    let length = wrong.chars().count();
    // No name is nearly that long, and the distance costs the product of both lengths.
    if length > 2 * SHOWN {
        return None;
    }
    valid
        .iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), *name))
        .filter(|(distance, name)| *distance <= (length.max(name.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let keys = ["period", "probe_timeout", "probe_order", "at"];
        assert_eq!(nearest("ping_timeout", &keys), Some("probe_timeout"));
        assert_eq!(nearest("peroid", &keys), Some("period"));
        assert_eq!(nearest("matrix", &keys), None);
        assert_eq!(nearest("", &["a"]), Some("a"));
        assert_eq!(nearest(&"p".repeat(100_000), &keys), None);
    }

    #[test]
    fn shown_text_keeps_to_one_short_line() {
        assert_eq!(shown("a\n\u{1b}[31m"), "`a\\n\\u{1b}[31m`");
        assert_eq!(shown(&"x".repeat(50)), format!("`{}...`", "x".repeat(40)));
    }
}
