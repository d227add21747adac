//! All nodes go over from one key to another.

use quidnunc_real::namespaces::{Family, Namespaces, is_skipped};
use quidnunc_real::words::Request;

use crate::alone;
use crate::cluster::{Cluster, KEY, NODES};

/// The key after.
const NEW: u8 = 2;

#[test]
fn no_value_is_lost_and_nobody_dies_while_keys_change_under_traffic() {
    if is_skipped("no_value_is_lost_and_nobody_dies_while_keys_change_under_traffic") {
        return;
    }
    let _turn = alone();
    let namespaces = Namespaces::new(NODES, Family::Six).unwrap_or_else(|why| panic!("{why}"));
    let mut cluster = Cluster::start(namespaces, None, Some(KEY));
    for step in [Request::Install(NEW), Request::Use(NEW), Request::Remove(KEY)] {
        cluster.each(&step);
        cluster.go_on();
    }
    assert_eq!(cluster.deaths, [""; 0]);
    cluster.end(300);
}
