//! The program `quidnunc`.

use std::process::ExitCode;

fn main() -> ExitCode {
    quidnunc_agent::main()
}
