//! Does any text at all make the reader panic?

use proptest::prelude::*;
use quidnunc_sim::scenario::{parse, render_at};

use super::FILE;
use super::valid::COMPLETE;

/// Reads a text; a message must exist, and point into the text, if it is refused.
fn read(text: &str) -> Result<(), TestCaseError> {
    if let Err(diagnostic) = parse("x.toml", text) {
        let span = diagnostic.span();
        prop_assert!(text.get(span).is_some());
        prop_assert!(!diagnostic.to_string().is_empty());
    }
    Ok(())
}

/// What a line of a mutated file may hold.
fn scrap() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "=",
        "\"",
        "[",
        "]",
        "[[fault]]",
        "[[expect]]",
        "{",
        "}",
        "id",
        "at",
        "for",
        "\"0s\"",
        "-1",
        "0",
        "18446744073709551615",
        "\"99999999h\"",
        "\"100%\"",
        "\"fault:stop.target\"",
        "\"all\"",
        "\n",
        "\r\n",
        "\t",
        "\u{1b}",
        "é",
        "日本",
        "\u{202e}",
        "'''",
        "\"\"\"",
        "1979-05-27",
        "nan",
        "#",
        ".",
    ]);
    prop_oneof![words.prop_map(str::to_owned), any::<String>().prop_map(|text| text.chars().take(20).collect()),]
}

/// Replaces a piece of a text, both given in characters, by another.
fn spliced(text: &str, at: usize, length: usize, new: &str) -> String {
    let head: String = text.chars().take(at).collect();
    let tail: String = text.chars().skip(at + length).collect();
    head + new + &tail
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        read(&text)?;
    }

    #[test]
    fn scraps_never_panic(scraps in prop::collection::vec(scrap(), 0..40)) {
        read(&scraps.concat())?;
        read(&format!("{FILE}{}", scraps.concat()))?;
    }

    #[test]
    fn mutated_files_never_panic(
        changes in prop::collection::vec((0..COMPLETE.len(), 0_usize..20, scrap()), 1..4),
    ) {
        let mut text = COMPLETE.to_owned();
        for (at, length, new) in changes {
            text = spliced(&text, at, length, &new);
        }
        read(&text)?;
    }

    #[test]
    fn swapped_values_never_panic(from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let lines: Vec<&str> = COMPLETE.lines().collect();
        let (from, to) = (lines[from.index(lines.len())], lines[to.index(lines.len())]);
        let value = from.split_once(" = ").map_or(from, |(_, value)| value);
        let changed = match to.split_once(" = ") {
            Some((key, _)) => format!("{key} = {value}"),
            None => from.to_owned(),
        };
        read(&COMPLETE.replacen(to, &changed, 1))?;
    }

    #[test]
    fn any_span_can_be_shown(text in any::<String>(), start in 0_usize..200, end in 0_usize..200) {
        let shown = render_at("x.toml", &text, start..end, "m", Some("h"));
        prop_assert!(text.get(shown.span()).is_some());
    }
}
