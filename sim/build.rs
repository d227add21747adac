//! Which commit is this built from? Reports name it; a build outside the repository says `unknown`.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A crate unpacked from a registry may lie inside some other repository, which says nothing of it.
    let ours = Path::new("../.git").exists();
    let commit = if ours { git(&["rev-parse", "--short", "HEAD"]) } else { None };
    println!("cargo::rustc-env=QUIDNUNC_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    // HEAD changes with the branch, its log with every commit; a path that does not exist would make
    // every build run this again.
    for name in ["HEAD", "logs/HEAD"] {
        let path = if ours { git(&["rev-parse", "--git-path", name]) } else { None };
        if let Some(path) = path.filter(|path| Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}
