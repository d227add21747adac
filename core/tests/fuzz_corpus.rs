//! The bodies of the fuzz targets over their corpora: what a fuzzer found once stays found.

#[path = "../../fuzz/src/bodies.rs"]
mod bodies;
use crate::harness;

use std::fs;
use std::path::Path;

use harness::Chance;

/// Runs a body over every file of a corpus, and over mutations of it that are the same in every run.
fn replay(corpus: &str, mutations: usize, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(corpus);
    let entries = fs::read_dir(folder).expect("the corpus can be read");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    files.sort();
    assert!(files.len() > 5, "{corpus} has a corpus");
    let mut chance = Chance::new(1);
    for file in files {
        let bytes = fs::read(&file).expect("a file can be read");
        body(&bytes);
        for _ in 0..mutations {
            let mut mutated = bytes.clone();
            for _ in 0..=chance.below(3) {
                let place = chance.below(mutated.len());
                if let Some(byte) = mutated.get_mut(place) {
                    *byte = chance.next().to_le_bytes()[0];
                }
            }
            mutated.truncate(chance.below(2 * mutated.len() + 1));
            body(&mutated);
        }
    }
}

#[test]
fn decode() {
    replay("decode", 2000, bodies::decode);
}

#[test]
fn handle_sequence() {
    replay("handle_sequence", 20, bodies::handle_sequence);
}
