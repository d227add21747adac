//! What is wrong with the file, where, and what would be right?

use core::ops::Range;

use quidnunc_terminal::{nearest, plain};

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
    let short: String = text.chars().take(SHOWN).collect();
    let dots = if short.len() < text.len() { "..." } else { "" };
    format!("`{}{dots}`", plain(&short))
}

/// The help for an unknown name: the nearest valid one, or else all of them.
pub(super) fn advice(what: &str, wrong: &str, valid: &[&str]) -> String {
    match nearest(wrong, valid.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if valid.is_empty() => format!("there are no {what}"),
        None => format!("the {what} are: {}", valid.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_text_keeps_to_one_short_line() {
        assert_eq!(shown("a\n\u{1b}[31m"), "`a\\n\\u{1b}[31m`");
        assert_eq!(shown(&"x".repeat(50)), format!("`{}...`", "x".repeat(40)));
    }
}
