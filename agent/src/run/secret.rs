//! What in a text could be a key, and must not be shown?
//!
//! A key gets into the wrong place easily: a key file is given as the config file, or a key where its file should be named. So
//! what is shown of anything that was read, or of a path, is shown without what looks like one.

use quidnunc_terminal::nearest;

/// The shortest key has so many hexadecimal digits, or so many characters of Base64 without what fills it up.
const HEX_MIN: usize = 32;
const BASE64_LENS: [usize; 3] = [22, 32, 43];

/// Names of settings whose values are no secret although they sound so.
const HARMLESS: [&str; 2] = ["key_file", "key-file"];

/// The same text, as long, with a star for every character of what could be a key; `None` if there is nothing of the kind.
pub(crate) fn masked(text: &str) -> Option<String> {
    let mut masked = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        mask_line(line, &mut masked);
    }
    (masked != text).then_some(masked)
}

/// The same of something that is no line of a file, such as a path or a message.
pub(crate) fn masked_words(text: &str) -> Option<String> {
    let mut masked = String::with_capacity(text.len());
    mask_words(text, &mut masked);
    (masked != text).then_some(masked)
}

fn mask_line(line: &str, masked: &mut String) {
    let value_at = line.find('=').filter(|&at| names_secret(&line[..at])).map_or(line.len(), |at| at + 1);
    let (open, secret) = line.split_at(value_at);
    mask_words(open, masked);
    // Spans are counted in bytes.
    for char in secret.chars() {
        if char.is_whitespace() {
            masked.push(char);
        } else {
            masked.extend(std::iter::repeat_n('*', char.len_utf8()));
        }
    }
}

fn mask_words(text: &str, masked: &mut String) {
    let mut rest = text;
    while let Some(start) = rest.find(is_of_key) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|char| !is_of_key(char)).unwrap_or(from.len()));
        masked.push_str(before);
        // Between the slashes of a path may stand one, too.
        let whole = is_base64(word);
        for part in word.split_inclusive(['/', '+', '=']) {
            match whole || is_hex(part) {
                true => masked.extend(std::iter::repeat_n('*', part.len())),
                false => masked.push_str(part),
            }
        }
        rest = after;
    }
    masked.push_str(rest);
}

const fn is_of_key(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '+' | '/' | '=')
}

fn is_hex(part: &str) -> bool {
    let digits = part.trim_end_matches(['/', '+', '=']);
    digits.len() >= HEX_MIN && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_base64(word: &str) -> bool {
    let word = word.trim_end_matches('=');
    let has = |test: fn(&u8) -> bool| word.bytes().any(|byte| test(&byte));
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    is_mixed && BASE64_LENS.contains(&word.len())
}

/// Whether what has this name is one, as far as a name tells.
fn names_secret(name: &str) -> bool {
    let name = name.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    let sounds = ["key", "secret", "password", "token"].iter().any(|word| name.contains(word));
    sounds && nearest(&name, HARMLESS).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_key_is_not_shown() {
        let hex = "00".repeat(16);
        let base64 = "cg8StVXbQJ0gPvMd9o7yrg==";
        for (text, shown) in [
            (hex.clone(), "*".repeat(32)),
            (format!("# ours\n{hex}\n"), format!("# ours\n{}\n", "*".repeat(32))),
            (format!("a = '{hex}' # x"), format!("a = '{}' # x", "*".repeat(32))),
            (format!("\"{base64}\"\n"), format!("\"{}\"\n", "*".repeat(24))),
            ("encrypt_key = 'é b'\n".into(), "encrypt_key = *** **\n".into()),
            (format!("/a/{hex}/b"), format!("/a/{}b", "*".repeat(33))),
            (format!("key_file = '{hex}'"), format!("key_file = '{}'", "*".repeat(32))),
        ] {
            assert_eq!(masked(&text).as_deref(), Some(&*shown));
            assert_eq!(shown.len(), text.len());
        }
        for text in
            ["name = 'n1'", "key_file = '/etc/quidnunc/a.key'", "keyfile = 'a.key'", "seed = ['n1.example:7946']", ""]
        {
            assert_eq!(masked(text), None, "{text}");
        }
    }
}
