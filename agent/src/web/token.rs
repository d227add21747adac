//! Which word lets somebody in, and who else could know it?

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use super::WebError;

/// How many bytes a token has.
const BYTES_MIN: usize = 16;
const BYTES_MAX: usize = 256;

/// The longest file, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 10;

/// What others may not do with the file: read it, unless they are of its group, and write it.
const FORBIDDEN: u32 = 0o027;

/// A word that is never shown.
#[derive(Clone)]
pub(super) struct Token(Arc<str>);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Token {
    /// The only line of a file.
    pub(super) fn read(path: &Path) -> Result<Self, WebError> {
        let failed = |source| WebError::TokenFile { path: path.to_path_buf(), source };
        let file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if about.len() > FILE_BYTES_MAX {
            return Err(failed(io::ErrorKind::FileTooLarge.into()));
        }
        if about.mode() & FORBIDDEN != 0 {
            return Err(WebError::Readable { path: path.to_path_buf() });
        }
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        Self::new(text.trim()).map_err(|why| WebError::Token { path: path.to_path_buf(), why })
    }

    fn new(word: &str) -> Result<Self, &'static str> {
        if !(BYTES_MIN..=BYTES_MAX).contains(&word.len()) {
            return Err("a token has 16 to 256 bytes");
        }
        if !word.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a token is one word of visible ASCII");
        }
        Ok(Self(word.into()))
    }

    /// Whether this is it, in a time that does not tell how much of it is right.
    pub(super) fn is(&self, word: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(word).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_long_word() {
        let token = Token::new("0123456789abcdef").expect("a token");
        assert!(token.is(b"0123456789abcdef"));
        for wrong in [&b""[..], b"0123456789abcde", b"0123456789abcdeF", b"0123456789abcdef0"] {
            assert!(!token.is(wrong));
        }
        for wrong in ["", "short", "two words of many letters", "0123456789abcde\u{e9}", &"x".repeat(257)] {
            assert!(Token::new(wrong).is_err(), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "Token(..)");
    }
}
