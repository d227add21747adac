//! Is anything left when a test panics in the middle of a real run?

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::{fs, process};

use quidnunc_real::clock::now_ns;
use quidnunc_real::namespaces::{Family, Namespaces, is_skipped};
use quidnunc_real::troupe::{Playbill, Troupe};

/// The namespaces of this process.
fn namespaces() -> usize {
    let own = format!("qn{}-", process::id());
    let names = fs::read_dir("/run/netns").unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with(&own)).count()
}

/// The processes that were started with this file.
fn processes(file: &Path) -> usize {
    let named = file.to_string_lossy().into_owned();
    let commands = fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    commands.filter(|command| String::from_utf8_lossy(command).contains(&named)).count()
}

#[test]
fn neither_processes_nor_namespaces_outlive_a_panic() {
    if is_skipped("neither_processes_nor_namespaces_outlive_a_panic") {
        return;
    }
    let made = Namespaces::new(2, Family::Four).unwrap_or_else(|why| panic!("{why}"));
    // A name of its own, so that the processes can be told from others.
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("leftovers-{}.toml", process::id()));
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/real/kill.toml"), &file).unwrap();
    let bill = Playbill {
        program: env!("CARGO_BIN_EXE_quidnunc-real").into(),
        odd: None,
        file: file.clone(),
        seed: 1,
        seal: None,
    };
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut troupe = Troupe::new(bill, made);
        troupe.start_relay(now_ns(), false).unwrap();
        troupe.start(0, &[]).unwrap();
        troupe.start(1, &[0]).unwrap();
        // Both speak, so that both run.
        let (first, _, _) = troupe.heard().recv().unwrap();
        while troupe.heard().recv().unwrap().0 == first {}
        assert_eq!((namespaces(), processes(&file)), (3, 3), "there is something to leave behind");
        panic!("as a test may");
    }));
    let message = panicked.unwrap_err().downcast_ref::<&str>().map(|text| (*text).to_owned());
    assert_eq!(message.as_deref(), Some("as a test may"));
    assert_eq!((namespaces(), processes(&file)), (0, 0));
    fs::remove_file(&file).unwrap();
}
