//! What can happen in a world, one step at a time.

use std::time::Duration;

use quidnunc_core::{Command, Input, fit_checksum};

use super::{World, addr_of, id_of};

/// One thing that happens. Numbers are taken modulo what there is, so that every script makes sense.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Time passes.
    Run { millis: u16 },
    /// A peer asks others to let it in.
    Join { peer: u8, seed: u8 },
    /// A peer says goodbye.
    Leave { peer: u8 },
    /// A peer declares that another one will not come back.
    Remove { peer: u8, other: u8 },
    /// A peer's process ends.
    Kill { peer: u8 },
    /// It starts again.
    Restart { peer: u8 },
    /// A peer's process stands still.
    Freeze { peer: u8, millis: u16 },
    /// A peer's driver polls into a buffer of another size.
    Buffer { peer: u8, bytes: u16 },
    /// A peer's clock jumps back for one input.
    Backwards { peer: u8, millis: u16 },
    /// A peer hears an earlier datagram again, from another source if `from` says so.
    Again { peer: u8, back: u8, from: u8 },
    /// A peer hears an earlier datagram with one byte changed.
    Mutated { peer: u8, back: u8, place: u16, xor: u8 },
    /// A peer hears the beginning of an earlier datagram.
    Cut { peer: u8, back: u8, len: u16 },
    /// A peer hears an earlier datagram under the tag of another cluster.
    Foreign { peer: u8, back: u8 },
    /// A peer hears noise.
    Noise { peer: u8, bytes: Vec<u8> },
    /// A peer lets one of its keys stand for a value of so many bytes, for ever or for a while.
    Put { peer: u8, key: u8, len: u16, millis: Option<u16> },
    /// The same, and it waits until others hold it.
    PutAndWait { peer: u8, key: u8, replicas: u8, millis: u16 },
    /// A peer lets one of its keys stand for nothing.
    Delete { peer: u8, key: u8 },
}

impl World {
    /// Does a step.
    pub(crate) fn step(&mut self, step: &Step) {
        let count = self.peers.len();
        let number = |peer: u8| usize::from(peer) % count;
        match *step {
            Step::Run { millis } => self.run(Duration::from_millis(millis.into())),
            Step::Join { peer, seed } if self.can_act(number(peer)) => {
                // Refused when the peer has left.
                let _ = self.command(number(peer), Command::Join { seeds: &[addr_of(number(seed))] });
            }
            Step::Leave { peer } if self.can_act(number(peer)) => {
                let _ = self.command(number(peer), Command::Leave);
            }
            Step::Remove { peer, other } if self.can_act(number(peer)) => {
                // Refused unless the other one is dead.
                let _ = self.command(number(peer), Command::Remove { id: id_of(number(other)) });
            }
            Step::Kill { peer } => self.kill(number(peer)),
            Step::Restart { peer } if !self.peers[number(peer)].runs => self.restart(number(peer)),
            Step::Freeze { peer, millis } => {
                self.peers[number(peer)].frozen_until = self.now + Duration::from_millis(millis.into());
            }
            Step::Buffer { peer, bytes } => self.peers[number(peer)].buffer = bytes.into(),
            Step::Backwards { peer, millis } if self.can_act(number(peer)) => self.go_back(number(peer), millis),
            Step::Again { peer, back, from } => self.hear(number(peer), back, from, |_| {}),
            Step::Mutated { peer, back, place, xor } => self.hear(number(peer), back, 0, |bytes| {
                let len = bytes.len().max(1);
                if let Some(byte) = bytes.get_mut(usize::from(place) % len) {
                    *byte ^= xor;
                }
                // Damage that the checksum would catch is one thing, lies are another.
                if !xor.is_multiple_of(4) {
                    fit_checksum(bytes);
                }
            }),
            Step::Cut { peer, back, len } => self.hear(number(peer), back, 0, |bytes| {
                bytes.truncate(usize::from(len) % bytes.len().max(1));
                fit_checksum(bytes);
            }),
            Step::Foreign { peer, back } => self.hear(number(peer), back, 0, |bytes| {
                if let Some(byte) = bytes.get_mut(4) {
                    *byte ^= 1;
                }
            }),
            Step::Noise { peer, ref bytes } if self.can_act(number(peer)) => {
                let _ = self.feed(number(peer), Input::Datagram { from: addr_of(9), bytes });
            }
            Step::Put { peer, key, len, millis } if self.can_act(number(peer)) => {
                self.put(number(peer), key, len, millis);
            }
            Step::PutAndWait { peer, key, replicas, millis } if self.can_act(number(peer)) => {
                let (replicas, timeout) = (replicas.into(), Duration::from_millis(millis.into()));
                let (key, value) = (&[key][..], &millis.to_le_bytes()[..]);
                // Refused without replicas or time, or when the peer has left.
                let _ = self.command(
                    number(peer),
                    Command::PutAndWait { key, value, replicas, domains: replicas.min(1), timeout },
                );
            }
            Step::Delete { peer, key } if self.can_act(number(peer)) => {
                let _ = self.command(number(peer), Command::Delete { key: &[key] });
            }
            Step::Join { .. } | Step::Leave { .. } | Step::Restart { .. } => {}
            Step::Backwards { .. } | Step::Noise { .. } | Step::Put { .. } | Step::Delete { .. } => {}
            Step::PutAndWait { .. } | Step::Remove { .. } => {}
        }
    }

    fn can_act(&self, peer: usize) -> bool {
        self.peers[peer].runs && self.peers[peer].frozen_until <= self.now
    }

    /// No two puts are of the same value.
    fn put(&mut self, peer: usize, key: u8, len: u16, millis: Option<u16>) {
        self.puts += 1;
        let pattern = self.puts.to_le_bytes();
        let value: Vec<u8> = pattern.into_iter().cycle().take(usize::from(len % 1000) + 8).collect();
        let (key, value) = (&[key][..], &value[..]);
        // Refused when it is too long for the budget, or the peer has left.
        let _ = match millis {
            None => self.command(peer, Command::Put { key, value }),
            Some(millis) => {
                let ttl = Duration::from_millis(u64::from(millis) + 1);
                self.command(peer, Command::PutWithTtl { key, value, ttl })
            }
        };
    }

    /// A timeout with an older time than the last one; it counts as that one.
    fn go_back(&mut self, peer: usize, millis: u16) {
        let present = self.now;
        self.now = present.saturating_sub(Duration::from_millis(millis.into()));
        let now = self.instant();
        self.now = present;
        let due = self.timer_at(peer).is_some_and(|at| at <= self.now);
        if !due {
            self.peers[peer].node.handle(now, Input::Timeout).expect("a timeout is never refused");
            self.peers[peer].node.check();
        }
    }

    fn hear(&mut self, peer: usize, back: u8, from: u8, change: impl FnOnce(&mut Vec<u8>)) {
        let heard = &self.peers[peer].heard;
        let Some((source, bytes)) = heard.get(usize::from(back) % heard.len().max(1)) else { return };
        if !self.can_act(peer) {
            return;
        }
        let (mut source, mut bytes) = (*source, bytes.clone());
        if from != 0 {
            source = addr_of(usize::from(from) % 8);
        }
        change(&mut bytes);
        let _ = self.feed(peer, Input::Datagram { from: source, bytes: &bytes });
    }
}
