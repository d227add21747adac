//! Does a node that refuses a datagram change nothing but a counter?
//!
//! Every check plays one scenario twice, with the hostile traffic and without it, and compares everything that
//! every node sends, byte for byte, and everything that it reports.

mod damage;
mod injection;
mod log;
