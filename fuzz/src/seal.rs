//! What the fuzz target of the seal does with its bytes, as functions that an ordinary test can call too.

use std::net::SocketAddr;

use quidnunc_core::seal::{Key, KeyRing, Opened, Seal, SealConfig};
use quidnunc_core::{Instant, NodeId};

/// Somebody without a key gets nothing in, whatever the bytes, and no answer to any of them.
pub(crate) fn open(bytes: &[u8]) {
    let (now, from) = (Instant::from_nanos(1), SocketAddr::from(([10, 0, 0, 1], 7946)));
    // The cluster is the datagram's own, and so is the name of the key as far as it can be.
    let cluster = bytes.get(4..8).and_then(|tag| tag.try_into().ok()).map_or(0, u32::from_le_bytes);
    let config = SealConfig::new(cluster, NodeId::from_u128(2));
    let key = Key::new(&[1; 32]).expect("32 bytes");
    let id = key.id();
    let mut seal = Seal::new(config, KeyRing::new(key), &[2; 32], now).expect("it is valid");
    let mut named = bytes.to_vec();
    if let Some(name) = named.get_mut(8..12) {
        name.copy_from_slice(&id.to_bytes());
    }
    for mut bytes in [bytes.to_vec(), named] {
        let opened = seal.open(now, from, &mut bytes).map(|opened| matches!(opened, Opened::Frame(_)));
        assert!(opened.is_err(), "nobody without the key makes {opened:?}");
        assert!(seal.poll_transmit(now, &mut [0; 256]).is_none() && seal.poll_released().is_none());
    }
}

/// Nor as a stream: as the first bytes of one, as the answer to a hello, and as what follows a hello that is genuine.
pub(crate) fn stream(bytes: &[u8]) {
    let now = Instant::from_nanos(1);
    let cluster = bytes.get(5..9).and_then(|tag| tag.try_into().ok()).map_or(0, u32::from_le_bytes);
    let start = |id, entropy| {
        let config = SealConfig::new(cluster, NodeId::from_u128(id));
        let ring = KeyRing::new(Key::new(&[1; 32]).expect("32 bytes"));
        Seal::new(config, ring, &[entropy; 32], now).expect("it is valid")
    };
    let (mut opener, mut accepter) = (start(0xa, 3), start(0xb, 4));
    let mut named = bytes.to_vec();
    if let (Some(name), Some(key)) = (named.get_mut(9..13), opener.used_key()) {
        name.copy_from_slice(&key.to_bytes());
    }
    let mut behind_hello = opener.open_stream().take_hello().expect("an opener speaks first").to_vec();
    behind_hello.extend_from_slice(bytes);
    for mut bytes in [bytes, &named, &behind_hello] {
        let mut stream = accepter.accept_stream();
        let heard = stream.open(&mut accepter, &mut bytes);
        assert!(heard.is_err() || heard == Ok(None), "nobody without the key is heard: {heard:?}");
        assert!(stream.other().is_none() && !stream.is_open(), "nor taken for somebody");
    }
    for mut bytes in [bytes, &named] {
        let mut stream = opener.open_stream();
        let heard = stream.open(&mut opener, &mut bytes);
        assert!(heard.is_err() || heard == Ok(None), "nobody without the key is heard: {heard:?}");
        assert!(stream.other().is_none() && !stream.is_open(), "nor taken for somebody");
    }
}
