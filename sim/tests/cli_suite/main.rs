//! Does the command line keep the contract? With a stand-in for the simulator, so that every ending can
//! be had at will.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed; saying so in words adds nothing")]

mod arguments;
mod benching;
mod bisecting;
mod json;
mod networking;
mod pooled;
mod process;
mod running;
mod stand_in;
mod steady;
mod tables;
mod verifying;
