//! Half of the nodes are of another version of the wire format.
//!
//! By default they are a build of this very tree that speaks as the next revision may: each datagram has a section, and each record
//! bytes at its end, that this one has never heard of. `QUIDNUNC_OTHER_NODE` names another program instead, such as the
//! `quidnunc-real` of an earlier commit.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use quidnunc_real::namespaces::{Family, Namespaces, is_skipped};

use crate::alone;
use crate::cluster::{Cluster, KEY, NODES};

/// The node of another version.
fn other_program() -> PathBuf {
    if let Some(program) = env::var_os("QUIDNUNC_OTHER_NODE") {
        return fs::canonicalize(program).expect("QUIDNUNC_OTHER_NODE names a program");
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("next-wire");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--package", "quidnunc-real", "--locked", "--target-dir"]).arg(&target);
    build.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", "--cfg quidnunc_next_wire");
    let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join("debug/quidnunc-real")
}

#[test]
fn two_versions_share_all_values_and_find_the_same_nodes_dead() {
    if is_skipped("two_versions_share_all_values_and_find_the_same_nodes_dead") {
        return;
    }
    let _turn = alone();
    let namespaces = Namespaces::new(NODES, Family::Four).unwrap_or_else(|why| panic!("{why}"));
    let mut cluster = Cluster::start(namespaces, Some(other_program()), Some(KEY));
    cluster.go_on();
    assert_eq!(cluster.deaths, [""; 0]);
    let (one, of_the_others) = (NODES - 2, NODES - 1);
    cluster.kill(one);
    cluster.kill(of_the_others);
    cluster.until_met();
    cluster.hear_deaths(8);
    let about = |node| cluster.deaths.iter().filter(|death| death.ends_with(&format!("node {node} dead"))).count();
    assert_eq!((about(one), about(of_the_others)), (4, 4), "{:?}", cluster.deaths);
    assert_eq!(cluster.deaths.len(), 8, "{:?}", cluster.deaths);
    cluster.end(50);
}
