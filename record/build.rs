//! Of which sources is a node made? What is frozen by one build means something to builds of the very same sources only.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = Vec::new();
    // Where the core's sources do not lie beside, as in the registry, the version of the package says which they are.
    for folder in ["src", "../core/src"] {
        println!("cargo::rerun-if-changed={folder}");
        let _ = collect(&here.join(folder), &mut files);
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        hasher.write(&fs::read(file).unwrap_or_default());
    }
    println!("cargo::rustc-env=QUIDNUNC_SOURCES={}", hasher.finish());
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
