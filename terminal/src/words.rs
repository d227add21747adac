//! Which words does a program take from people, and which does it show to them?

/// What is longer was never meant to be a name, in characters.
const LENGTH_MAX: usize = 80;

/// The valid name that a typing error most likely turned into `wrong`.
#[must_use]
pub fn nearest<'a>(wrong: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = wrong.chars().count();
    // No name is nearly that long, and the distance costs the product of both lengths.
    if length > LENGTH_MAX {
        return None;
    }
    valid
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, name)| *distance <= (length.max(name.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// What is seen by nobody, or changes how what is beside it is seen: marks and overrides of the direction of a text, blanks without a
/// width, ends of lines, tags. So a text may look like another one (CVE-2021-42574; Unicode Technical Report 36, section 2.6.1).
#[must_use]
pub const fn is_hidden(char: char) -> bool {
    matches!(
        char,
        '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// A text that does nothing to a terminal nor to whoever reads it, whoever wrote it: what is not seen as it is, is escaped.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() || is_hidden(char) {
            plain.extend(char.escape_default());
        } else {
            plain.push(char);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let keys = ["period", "probe_timeout", "probe_order", "at"];
        assert_eq!(nearest("ping_timeout", keys), Some("probe_timeout"));
        assert_eq!(nearest("peroid", keys), Some("period"));
        assert_eq!(nearest("matrix", keys), None);
        assert_eq!(nearest("", ["a"]), Some("a"));
        assert_eq!(nearest(&"p".repeat(100_000), keys), None);
    }

    #[test]
    fn a_plain_text_does_nothing() {
        assert_eq!(plain("a\n\u{1b}[31mé"), "a\\n\\u{1b}[31mé");
        // Nor to whoever reads it: what stands first comes first, and what looks alike is alike.
        assert_eq!(plain("a\u{202e}b\u{2066}c\u{200b}d\u{feff}"), "a\\u{202e}b\\u{2066}c\\u{200b}d\\u{feff}");
        assert_eq!(plain("\u{2010}\u{2029}\u{ad}"), "\u{2010}\\u{2029}\\u{ad}");
    }
}
