//! What the fuzz target of the seal does with its bytes, as a function that an ordinary test can call too.

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
