//! How is a mistake in a file shown to its author?

use core::fmt;
use core::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// A mistake in a file: where it is, what is wrong, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    span: Range<usize>,
    message: String,
    rendered: String,
}

impl Diagnostic {
    /// The bytes of the file that are wrong.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What is wrong, in one line, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered)
    }
}

impl std::error::Error for Diagnostic {}

/// Shows a mistake at some bytes of a file.
///
/// A span outside of the text is moved into it.
#[must_use]
pub fn render_at(file_name: &str, text: &str, span: Range<usize>, message: &str, help: Option<&str>) -> Diagnostic {
    let start = char_start(text, span.start);
    let span = start..char_start(text, span.end).max(start);
    let source = Snippet::source(text).path(file_name).annotation(AnnotationKind::Primary.span(span.clone()));
    let mut group = Level::ERROR.primary_title(message).element(source);
    if let Some(help) = help {
        group = group.element(Level::HELP.message(help));
    }
    Diagnostic { span, message: message.to_owned(), rendered: Renderer::plain().render(&[group]) }
}

/// The last start of a character at or before `index`.
fn char_start(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_outside_of_the_text_is_moved_into_it() {
        assert_eq!(render_at("f", "é", 1..2, "m", None).span(), 0..2);
        assert_eq!(render_at("f", "ab", 7..9, "m", None).span(), 2..2);
        let backwards = Range { start: 2, end: 1 };
        assert_eq!(render_at("f", "abc", backwards, "m", None).span(), 2..2);
        assert_eq!(render_at("f", "", 0..0, "m", Some("h")).span(), 0..0);
    }
}
