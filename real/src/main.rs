//! The processes of a real run, on Linux, where there are network namespaces.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    quidnunc_real::cli::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {}
