//! Do keys change on a running cluster so that nobody is cut off, and is nothing lost that was said to be kept?

#![cfg(feature = "crypto")]
#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::path::Path;

use common::{Folder, LOOPBACK, until};
use quidnunc::seal::{Key, KeyId, KeyRing, Mode, SealError};
use quidnunc::std::{Handle, spawn};
use quidnunc::{Care, Config, Error, KeyCount, NodeId, Options, RequestError, SEAL_KEY, SealOptions, StateFile};
#[cfg(all(unix, feature = "tokio"))]
use quidnunc::{Event, StreamLimits};

fn key(secret: u8) -> Key {
    Key::new(&[secret; 32]).unwrap()
}

fn id(secret: u8) -> KeyId {
    key(secret).id()
}

/// The node of that name with a key, and perhaps a file of state.
fn start(name: &str, seal: SealOptions, file: Option<&Path>) -> Handle {
    let state = file.map(|path| StateFile { path: path.to_path_buf(), keeps_map: true });
    let options =
        Options { config: Config::local(), state, seal: Some(seal), ..Options::new(NodeId::from_name(name), LOOPBACK) };
    spawn(options).unwrap().0
}

fn with_key(secret: u8) -> SealOptions {
    SealOptions::new(KeyRing::new(key(secret)))
}

/// The names of a node's own keys, that of the one that it seals with first.
fn own(node: &Handle) -> Vec<KeyId> {
    node.keys().unwrap().members[0].1.clone().unwrap().keys
}

fn counts(node: &Handle, secret: u8) -> KeyCount {
    node.keys().unwrap().counts().get(&id(secret)).copied().unwrap_or_default()
}

#[test]
fn three_nodes_change_their_key_and_see_how_far_they_are() {
    let nodes = ["ada", "bob", "cyd"].map(|name| start(name, with_key(1), None));
    for node in &nodes[1..] {
        node.join(&[nodes[0].local_addr()]).unwrap();
    }
    let everywhere = |what: &str, secret, have, seal| {
        until(what, || nodes.iter().all(|node| counts(node, secret) == KeyCount { have, seal }));
    };
    everywhere("all to publish their key", 1, 3, 3);

    nodes[0].install_key(key(2)).unwrap();
    assert_eq!(own(&nodes[0]), [id(1), id(2)]);
    let refused = nodes[0].use_key(id(2), Care::Checked);
    assert_eq!(refused, Err(RequestError::KeyLacking { id: id(2), members: 2 }));
    nodes[1].install_key(key(2)).unwrap();
    everywhere("two to have the new key", 2, 2, 0);
    let refused = nodes[0].use_key(id(2), Care::Checked);
    assert_eq!(refused, Err(RequestError::KeyLacking { id: id(2), members: 1 }));
    nodes[2].install_key(key(2)).unwrap();
    everywhere("all to have the new key", 2, 3, 0);

    nodes[0].use_key(id(2), Care::Checked).unwrap();
    let refused = nodes[0].remove_key(id(1), Care::Checked);
    assert_eq!(refused, Err(RequestError::KeySealing { id: id(1), members: 2 }));
    for node in &nodes[1..] {
        node.use_key(id(2), Care::Checked).unwrap();
    }
    everywhere("all to seal with the new key", 2, 3, 3);
    for node in &nodes {
        node.remove_key(id(1), Care::Checked).unwrap();
    }
    everywhere("nobody to have the old key", 1, 0, 0);
    assert!(nodes.iter().all(|node| node.read(|driver| driver.view().live()).unwrap() == 3));
}

#[test]
fn what_the_seal_refuses_is_refused_as_it_says_and_what_is_forced_is_done() {
    let (ada, bob) = (start("ada", with_key(1), None), start("bob", with_key(1), None));
    bob.join(&[ada.local_addr()]).unwrap();
    until("both to publish their key", || counts(&ada, 1).have == 2);
    let refused = |result| match result {
        Err(RequestError::Seal(error)) => error,
        other => panic!("the seal refuses that: {other:?}"),
    };
    assert_eq!(refused(ada.use_key(id(7), Care::Checked)), SealError::UnknownKey { id: id(7) });
    assert_eq!(refused(ada.remove_key(id(7), Care::Checked)), SealError::UnknownKey { id: id(7) });
    assert_eq!(refused(ada.remove_key(id(1), Care::Checked)), SealError::KeyInUse { id: id(1) });
    ada.install_key(key(2)).unwrap();
    ada.use_key(id(2), Care::Forced).unwrap();
    ada.remove_key(id(1), Care::Forced).unwrap();
    assert_eq!(own(&ada), [id(2)]);

    let bare = spawn(Options::new(NodeId::from_name("dan"), LOOPBACK)).unwrap().0;
    assert_eq!(bare.keys(), Err(RequestError::NoSeal));
    assert_eq!(bare.install_key(key(1)), Err(RequestError::NoSeal));
}

#[test]
fn a_kill_between_the_steps_of_a_rotation_loses_nothing() {
    let folder = Folder::new("keys");
    let ada = start("ada", with_key(1), Some(&folder.file("ada")));
    // What a kill right after an answer leaves is what lies on the disk then.
    let killed = |step: &str| {
        let copy = folder.file(step);
        std::fs::copy(folder.file("ada"), &copy).unwrap();
        // Whoever starts it gives what it always gave.
        start("ada", with_key(1), Some(&copy))
    };
    ada.install_key(key(2)).unwrap();
    assert_eq!(own(&killed("installed")), [id(1), id(2)]);
    ada.use_key(id(2), Care::Checked).unwrap();
    assert_eq!(own(&killed("used")), [id(2), id(1)]);
    ada.remove_key(id(1), Care::Checked).unwrap();
    let again = killed("removed");
    assert_eq!(own(&again), [id(2)]);
    assert_eq!(again.keys().unwrap().withheld, [id(1)], "it was given, and does not come back silently");
    again.install_key(key(1)).unwrap();
    assert_eq!(own(&again), [id(2), id(1)], "who wants it back can have it");
    drop(again);
    let again = start("ada", with_key(1), Some(&folder.file("removed")));
    assert_eq!((own(&again), again.keys().unwrap().withheld), (vec![id(2), id(1)], vec![]));

    ada.set_seal_mode(Mode::Accept).unwrap();
    let mode = |node: &Handle| node.keys().unwrap().members[0].1.clone().unwrap().mode;
    let looser = SealOptions { mode: Mode::Off, ..with_key(1) };
    std::fs::copy(folder.file("ada"), folder.file("accepting")).unwrap();
    assert_eq!(mode(&start("ada", looser, Some(&folder.file("accepting")))), Mode::Accept, "a restart loosens nothing");
    let given = SealOptions { mode: Mode::Off, overrides: true, ..with_key(3) };
    let given = start("ada", given, Some(&folder.file("accepting")));
    assert_eq!((mode(&given), own(&given)), (Mode::Off, vec![id(3)]));
}

#[test]
fn a_node_that_slept_through_a_rotation_is_brought_back_by_the_new_key() {
    let folder = Folder::new("slept");
    let bob = start("bob", with_key(1), Some(&folder.file("bob")));
    until("the ring on the disk", || {
        bob.read(|it| it.progress()).is_ok_and(|it| it.changed > 0 && it.kept == it.changed)
    });
    drop(bob);
    let ada = start("ada", with_key(2), None);
    let bob = start("bob", with_key(2), Some(&folder.file("bob")));
    bob.join(&[ada.local_addr()]).unwrap();
    until("a meeting", || [&ada, &bob].iter().all(|node| node.read(|it| it.view().live()).unwrap() == 2));
    assert_eq!(own(&bob), [id(2), id(1)]);
}

#[test]
fn nobody_is_told_of_a_key_that_the_disk_does_not_have() {
    let folder = Folder::new("untold");
    let ada = start("ada", with_key(1), Some(&folder.file("ada")));
    let told = || ada.get(ada.identity().id, SEAL_KEY).unwrap().unwrap_or_default();
    let with_one = [&[1, 2][..], &id(1).to_bytes()].concat();
    until("the first report", || told() == with_one);

    let away = Folder(folder.0.with_extension("away"));
    std::fs::rename(&folder.0, &away.0).unwrap();
    assert_eq!(ada.install_key(key(2)), Err(RequestError::NotKept));
    assert_eq!(own(&ada), [id(1), id(2)], "the node has it");
    assert_eq!(told(), with_one, "and nobody counts on that");
    std::fs::rename(&away.0, &folder.0).unwrap();
    until("the disk", || told() == [&with_one[..], &id(2).to_bytes()].concat());
}

#[cfg(all(unix, feature = "tokio"))]
#[tokio::test]
async fn tasks_change_keys_and_write_over_sealed_streams() {
    use quidnunc::tokio::{Handle, spawn};

    async fn counted(node: &Handle, have: usize, seal: usize) -> bool {
        node.keys().await.unwrap().counts().get(&id(2)) == Some(&KeyCount { have, seal })
    }
    let options = |name| {
        let config = Config { streams: Some(StreamLimits::default()), ..Config::local() };
        Options { config, seal: Some(with_key(1)), ..Options::new(NodeId::from_name(name), LOOPBACK) }
    };
    let (ada, _told) = spawn(options("ada")).await.unwrap();
    let (bob, mut letters) = spawn(options("bob")).await.unwrap();
    bob.join(&[ada.local_addr()]).await.unwrap();
    while ada.read(|driver| driver.view().live()).await.unwrap() < 2 {}
    let rotated = async {
        for node in [&ada, &bob] {
            node.install_key(key(2)).await.unwrap();
        }
        while !counted(&ada, 2, 0).await || !counted(&bob, 2, 0).await {}
        for node in [&ada, &bob] {
            node.use_key(id(2), Care::Checked).await.unwrap();
        }
        while !counted(&ada, 2, 2).await || !counted(&bob, 2, 2).await {}
        for node in [&ada, &bob] {
            node.remove_key(id(1), Care::Checked).await.unwrap();
        }
        ada.send(bob.identity().id, b"sealed").await.unwrap();
    };
    tokio::time::timeout(common::PATIENCE, rotated).await.expect("no step takes long");
    while let Some(event) = letters.recv().await {
        if let Event::Message { from, bytes } = event {
            assert_eq!((from, &*bytes), (ada.identity().id, &b"sealed"[..]));
            break;
        }
    }
    let stats = ada.act(|driver| Ok(driver.seal().map(|seal| seal.stats()))).await.unwrap().unwrap();
    assert!(stats.streams_sealed > 0 && stats.streams_plain == 0, "{stats:?}");
}

/// Whoever has lost the key file does not notice that everything goes out in the clear.
#[test]
fn a_node_that_was_sealed_does_not_start_without_a_seal_unless_that_is_meant() {
    let folder = Folder::new("lost-seal");
    let file = folder.file("ada");
    let options = |seal| Options {
        config: Config::local(),
        state: Some(StateFile { path: file.clone(), keeps_map: true }),
        seal,
        ..Options::new(NodeId::from_name("ada"), LOOPBACK)
    };
    start("ada", with_key(1), Some(&file)).stop().unwrap();
    for _ in 0..2 {
        let refused = spawn(options(None)).unwrap_err();
        assert!(matches!(&refused, Error::SealLost { path, keys: 1 } if *path == file), "{refused}");
    }
    let ada = start("ada", with_key(1), Some(&file));
    assert_eq!(own(&ada), [id(1)], "nothing was lost by that");
    ada.stop().unwrap();

    let unsealed = SealOptions { mode: Mode::Off, overrides: true, ..SealOptions::new(KeyRing::empty()) };
    let ada = start("ada", unsealed, Some(&file));
    assert_eq!(own(&ada), []);
    ada.stop().unwrap();
    let (ada, _) = spawn(options(None)).unwrap();
    assert_eq!(ada.keys(), Err(RequestError::NoSeal));
    ada.stop().unwrap();
}
