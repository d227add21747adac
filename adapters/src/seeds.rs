//! Who is asked to let this node in, when they are known by name?
//!
//! A name may stand for nobody yet, for several addresses, and for others an hour later, as that of a headless service in
//! Kubernetes does. So names are looked up anew on every try, in a thread of their own, since the system's resolver takes its
//! time; what they stand for then is what the node is told to join.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use quidnunc_core::{Command, Rejected, SEEDS_MAX};

use crate::error::RequestError;
use crate::worker::Caller;

/// Between two looks at what names stand for.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Which names were given last: whoever looks others up ends at its next look, so that threads do not pile up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lookups(Arc<AtomicU64>);

/// The look-ups of one call.
#[derive(Debug)]
struct Lookup {
    of: Lookups,
    number: u64,
}

impl Lookups {
    /// Takes the place of those before.
    fn begin(&self) -> Lookup {
        let number = self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        Lookup { of: self.clone(), number }
    }
}

impl Lookup {
    fn is_last(&self) -> bool {
        self.of.0.load(Ordering::Relaxed) == self.number
    }
}

impl Caller {
    /// Looks names up, now and again, until the node knows somebody, has stopped, or is given other names.
    pub(crate) fn join_names(&self, names: Vec<String>, is_ipv4: bool) -> Result<(), RequestError> {
        if names.is_empty() {
            return Err(Rejected::NoSeeds.into());
        }
        let (caller, lookup) = (self.clone(), self.lookups.begin());
        let look = move || {
            while lookup.is_last() {
                let mut seeds = addresses(&names, is_ipv4, |name| {
                    name.to_socket_addrs().map(Iterator::collect).unwrap_or_default()
                });
                if !lookup.is_last() {
                    return;
                }
                let told = caller.act(move |driver| {
                    let view = driver.view();
                    seeds.retain(|&seed| view.allows(seed));
                    let is_alone = view.live() <= 1 && !view.has_left() && !view.has_stopped();
                    if is_alone && !seeds.is_empty() {
                        driver.command(Command::Join { seeds: &seeds })?;
                    }
                    Ok(is_alone)
                });
                if told.recv() != Ok(Ok(true)) {
                    return;
                }
                thread::sleep(LOOK_AGAIN);
            }
        };
        let thread = thread::Builder::new().name("quidnunc seeds".into()).spawn(look);
        thread.map(drop).map_err(|_| RequestError::Stopped)
    }
}

/// What names stand for now, of one family, each address once and no more than a join takes. Every name has its first address
/// before any has its second.
fn addresses(names: &[String], is_ipv4: bool, resolve: impl Fn(&str) -> Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut found: Vec<_> = names.iter().map(|name| resolve(name).into_iter()).collect();
    let mut seeds = Vec::new();
    loop {
        let round: Vec<SocketAddr> = found.iter_mut().filter_map(Iterator::next).collect();
        if round.is_empty() {
            return seeds;
        }
        for addr in round {
            if addr.is_ipv4() == is_ipv4 && !seeds.contains(&addr) && seeds.len() < SEEDS_MAX {
                seeds.push(addr);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(number: u8) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, number], 7946))
    }

    fn found(names: &[&str]) -> Vec<SocketAddr> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        addresses(&names, true, |name| match name {
            "three" => [1, 2, 3].map(addr).into(),
            "two" => [2, 4].map(addr).into(),
            "both" => vec!["[2001:db8::1]:7946".parse().expect("an address"), addr(9)],
            "many" => (0..=255).map(addr).collect(),
            _ => Vec::new(),
        })
    }

    #[test]
    fn names_that_are_given_later_take_the_place_of_those_before() {
        let lookups = Lookups::default();
        let first = lookups.begin();
        assert!(first.is_last());
        let second = lookups.clone().begin();
        assert!(!first.is_last() && second.is_last());
    }

    #[test]
    fn every_name_has_its_turn_and_every_address_is_asked_once() {
        assert_eq!(found(&["three", "two"]), [1, 2, 4, 3].map(addr));
        assert_eq!(found(&["nobody", "both", "nobody"]), [addr(9)], "the other family is of no use");
        assert_eq!(found(&["nobody"]), []);
    }

    #[test]
    fn a_join_takes_so_many_and_each_name_has_one_of_them() {
        let seeds = found(&["many", "both"]);
        assert_eq!(seeds.len(), SEEDS_MAX);
        assert_eq!(seeds[..3], [addr(0), addr(1), addr(9)]);
    }
}
