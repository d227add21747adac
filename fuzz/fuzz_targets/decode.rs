//! The fuzz target `decode`; what it does is in `src/bodies.rs`.

#![no_main]
#![allow(dead_code, reason = "every target uses one of the bodies")]

#[path = "../src/bodies.rs"]
mod bodies;
#[path = "../../core/tests/harness/mod.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::decode(bytes));
