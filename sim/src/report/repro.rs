//! Which command runs this failure again?

use sha2::{Digest as _, Sha256};

/// The commit that this program was built from, or `unknown`.
const COMMIT: &str = env!("QUIDNUNC_COMMIT");
/// So many hex digits of a hash are enough to see that a file is another one.
const DIGITS: usize = 12;

/// A command that does the same thing again, and what tells whether it is the same.
#[derive(Debug, Clone, Copy)]
pub struct Repro<'a> {
    /// The file as its reader named it.
    pub file: &'a str,
    /// The file's text.
    pub text: &'a str,
    /// What to do again.
    pub again: Again,
}

/// What a command does again.
#[derive(Debug, Clone, Copy)]
pub enum Again {
    /// One seed, and the fingerprint that it gave.
    Seed(u64, u64),
    /// A half-open range of seeds, which only together fail.
    Seeds(u64, u64),
    /// The comparison of several runs of one seed.
    Verify,
}

impl std::fmt::Display for Repro<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let file = shell_word(self.file);
        match self.again {
            Again::Seed(seed, _) => write!(f, "quidnunc-sim run {file} --seed {seed}"),
            Again::Seeds(first, end) => write!(f, "quidnunc-sim run {file} --seeds {first}..{end}"),
            Again::Verify => write!(f, "quidnunc-sim verify {file}"),
        }?;
        let hash = short_hash(self.text.as_bytes());
        write!(f, "   # commit {COMMIT} scenario sha256:{hash}")?;
        match self.again {
            Again::Seed(_, fingerprint) => write!(f, " fp {fingerprint:016x}"),
            Again::Seeds(..) | Again::Verify => Ok(()),
        }
    }
}

fn short_hash(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    hex.chars().take(DIGITS).collect()
}

/// A word as a POSIX shell reads it, quoted only when it has to be.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./+:=@,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_can_be_pasted_into_a_shell() {
        let line = |file, again| Repro { file, text: "abc", again }.to_string();
        let tail = format!("   # commit {COMMIT} scenario sha256:ba7816bf8f01");
        assert_eq!(
            line("scenarios/quickstart.toml", Again::Seed(7, 0xff)),
            format!("quidnunc-sim run scenarios/quickstart.toml --seed 7{tail} fp 00000000000000ff"),
        );
        assert_eq!(
            line("it's mine.toml", Again::Seeds(5, 9)),
            format!(r"quidnunc-sim run 'it'\''s mine.toml' --seeds 5..9{tail}"),
        );
    }
}
