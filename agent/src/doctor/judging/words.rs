//! How is it said?

use std::time::Duration;

use super::super::letters::Dial;
use crate::duration::shown;

/// So many names are told; of more, how many.
const NAMES_MAX: usize = 8;

/// `n2`, `n2 and n3`, `n2, n3 and n4`.
pub(super) fn all<S: AsRef<str>>(names: &[S]) -> String {
    match names {
        [first @ .., _] if names.len() > NAMES_MAX => {
            let first: Vec<_> = first.iter().take(NAMES_MAX).map(AsRef::as_ref).collect();
            format!("{} and {} more", first.join(", "), names.len() - NAMES_MAX)
        }
        [] => "nobody".into(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// `once`, or how many times.
pub(super) fn times(count: u64) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

/// A time without its sign.
pub(super) fn milliseconds(time: i64) -> String {
    shown(Duration::from_millis(time.unsigned_abs()))
}

/// What came of a connection.
pub(super) fn of_dial(dial: &Dial) -> String {
    match dial {
        Dial::Open => "it was taken".into(),
        Dial::Silent(after_ms) => format!("no answer within {}", shown(Duration::from_millis(*after_ms))),
        Dial::Failed(why) => why.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_as_people_tell_them() {
        assert_eq!(all::<&str>(&[]), "nobody");
        assert_eq!(all(&["n2"]), "n2");
        assert_eq!(all(&["n2", "n3", "n4"]), "n2, n3 and n4");
        assert_eq!(all(&["n"; 8]), "n, n, n, n, n, n, n and n");
        assert_eq!(all(&["n"; 100]), "n, n, n, n, n, n, n, n and 92 more");
    }
}
