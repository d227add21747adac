//! The fuzz target `control`, what the control socket takes; what it does is in `src/requests.rs`.

#![no_main]

#[path = "../src/requests.rs"]
mod requests;

use std::cell::RefCell;

use quidnunc_agent::within::{Answered, Target};

thread_local! {
    static TARGET: RefCell<Target> = RefCell::new(Target::control());
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TARGET.with_borrow_mut(|target| requests::request(target, bytes)));
