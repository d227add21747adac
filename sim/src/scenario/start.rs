//! How do nodes know each other when they start?

use super::words::words;

/// How nodes know each other at their first start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StartAs {
    /// They do not; they join through their seeds.
    #[default]
    Join,
    /// Everybody knows everybody, and all start at t = 0.
    Converged,
}

words!(pub StartAs {
    Join = "join",
    Converged = "converged",
});
