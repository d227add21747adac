//! What survives a node's process: its boot number, whom it knew, and its own map.

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::sync::mpsc::Receiver;

use common::{Folder, LOOPBACK, PATIENCE, until};
use quidnunc::std::{Handle, spawn};
use quidnunc::{Config, Error, Event, NodeId, Options, RequestError, StateFile};

fn start(folder: &Folder, name: &str, keeps_map: bool) -> (Handle, Receiver<Event>) {
    let state = Some(StateFile { path: folder.file(name), keeps_map });
    let options = Options { config: Config::local(), state, ..Options::new(NodeId::from_name(name), LOOPBACK) };
    spawn(options).unwrap()
}

fn own_version(node: &Handle) -> Option<(u64, u64)> {
    let version = node.read(|driver| driver.view().map_version(driver.identity().id)).unwrap();
    version.map(|it| (it.epoch, it.version))
}

fn live(node: &Handle) -> u32 {
    node.read(|driver| driver.view().live()).unwrap()
}

#[test]
fn a_node_that_stopped_without_a_word_finds_the_others_and_its_own_map() {
    let folder = Folder::new("again");
    let (ada, _) = start(&folder, "ada", false);
    let (bob, _) = start(&folder, "bob", true);
    bob.join(&[ada.local_addr()]).unwrap();
    until("a meeting", || live(&ada) == 2 && live(&bob) == 2);
    bob.put(b"role", b"primary", None).unwrap();
    let progress = bob.read(|driver| driver.progress()).unwrap();
    assert!(progress.changed > 0 && progress.failed == 0, "{progress:?}");
    until("the addresses on the disk", || {
        bob.read(|driver| driver.progress()).is_ok_and(|it| it.kept >= progress.changed)
    });
    let (first, version) = (bob.identity(), own_version(&bob));
    bob.stop().unwrap();

    let (bob, _) = start(&folder, "bob", true);
    assert!(bob.identity().boot > first.boot);
    assert_eq!(bob.get(first.id, b"role").unwrap().as_deref(), Some(&b"primary"[..]));
    assert_eq!(own_version(&bob), version, "the same map, so nothing is sent again");
    until("a meeting without a word of the application", || live(&ada) == 2 && live(&bob) == 2);
    // Whoever is alone and writes forgets nobody.
    let at = ada.local_addr();
    bob.stop().unwrap();
    ada.stop().unwrap();
    let (bob, _) = start(&folder, "bob", true);
    bob.put(b"role", b"secondary", None).unwrap();
    bob.stop().unwrap();
    let (_, kept) = quidnunc::Durable::open(&folder.file("bob"), NodeId::from_name("bob")).unwrap();
    assert_eq!(kept.peers, [at]);
}

#[test]
fn whoever_has_said_goodbye_joins_nobody_by_itself() {
    let folder = Folder::new("goodbye");
    let (ada, _) = start(&folder, "ada", false);
    let (bob, _) = start(&folder, "bob", false);
    bob.join(&[ada.local_addr()]).unwrap();
    until("a meeting", || live(&ada) == 2 && live(&bob) == 2);
    // Nobody waits for the disk where the map is not kept.
    bob.put(b"role", b"primary", None).unwrap();
    bob.leave(PATIENCE).unwrap();
    bob.stop().unwrap();
    let (_, kept) = quidnunc::Durable::open(&folder.file("bob"), NodeId::from_name("bob")).unwrap();
    assert_eq!((kept.peers, kept.map), (Vec::new(), None));
}

#[test]
fn what_cannot_be_kept_is_said() {
    let folder = Folder::new("trouble");
    let (ada, _) = start(&folder, "ada", true);
    let state = Some(StateFile { path: folder.file("ada"), keeps_map: true });
    let twin = spawn(Options { state, ..Options::new(NodeId::from_name("ada"), LOOPBACK) });
    assert!(matches!(twin, Err(Error::State(quidnunc::DurableError::Locked { .. }))), "{twin:?}");
    std::fs::remove_dir_all(&folder.0).unwrap();
    assert_eq!(ada.put(b"role", b"primary", None), Err(RequestError::NotKept));
    assert!(ada.read(|driver| driver.state_error().is_some()).unwrap());
    // The folder is there again, and so is the next save.
    std::fs::create_dir_all(&folder.0).unwrap();
    ada.put(b"role", b"secondary", None).unwrap();
    drop(ada);

    std::fs::write(folder.file("ada"), b"not a state").unwrap();
    let (ada, _) = start(&folder, "ada", true);
    assert!(ada.read(|driver| driver.trouble().is_some()).unwrap());
    assert_eq!(ada.get(ada.identity().id, b"role").unwrap(), None);
}
