//! The fuzz target `seal`; what it does is in `src/seal.rs`.

#![no_main]

#[path = "../src/seal.rs"]
mod seal;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    seal::open(bytes);
    seal::stream(bytes);
});
