//! A node loses the address by which all know it: does anybody take it for dead, and do all find it at its other one?

use std::net::SocketAddr;

use quidnunc_real::namespaces::{Family, Namespaces, is_skipped};

use crate::alone;
use crate::cluster::{Cluster, NODES};

/// Whose address is lost.
const OWNER: u32 = 2;

/// Where others hold the owner to be.
fn places(cluster: &Cluster) -> Vec<(u32, SocketAddr)> {
    let of_owner = cluster.places.iter().filter(|((_, subject), _)| *subject == OWNER);
    of_owner.map(|((of, _), addr)| (*of, *addr)).collect()
}

#[test]
fn a_node_that_loses_an_address_is_found_at_its_other_one_and_taken_for_dead_by_nobody() {
    if is_skipped("a_node_that_loses_an_address_is_found_at_its_other_one_and_taken_for_dead_by_nobody") {
        return;
    }
    let _turn = alone();
    for family in [Family::Four, Family::Six] {
        let mut namespaces = Namespaces::new(NODES, family).unwrap_or_else(|why| panic!("{why}"));
        namespaces.double(OWNER).unwrap_or_else(|why| panic!("{why}"));
        let mut cluster = Cluster::start(namespaces, None, None);
        // A value of the owner's comes behind the list of its addresses, so that whoever has the one has the other.
        cluster.put(OWNER);
        cluster.until_all_show();
        let second = cluster.troupe.namespaces.second_addr(OWNER).expect("it has one");
        let first = cluster.troupe.namespaces.socket_addr(OWNER);
        assert!(places(&cluster).iter().all(|&(_, addr)| addr == first), "{family}: {:?}", places(&cluster));

        cluster.troupe.namespaces.lose_first(OWNER).unwrap_or_else(|why| panic!("{why}"));
        cluster.look_on();
        cluster.put(OWNER);
        cluster.until_all_show();
        assert_eq!(cluster.deaths, [""; 0], "{family}");
        let expected: Vec<(u32, SocketAddr)> = (0..NODES).filter(|&of| of != OWNER).map(|of| (of, second)).collect();
        assert_eq!(places(&cluster), expected, "{family}");
    }
}
