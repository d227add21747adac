//! Where packets lie while they are under way: one cache line each, a larger box for the few that are long.

/// Bytes that fit beside the head of a packet in one cache line; a ping or an ack does.
const INLINE_BYTES: usize = 56;

/// One packet.
#[derive(Debug, Clone)]
#[repr(align(64))]
struct Slot {
    from: u32,
    len: u32,
    inline: [u8; INLINE_BYTES],
}

const _: () = assert!(size_of::<Slot>() == 64, "one cache line");

/// All packets under way. Slots and boxes are used again, so that a warm run allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Packets {
    slots: Vec<Slot>,
    free: Vec<u32>,
    long: Vec<Vec<u8>>,
    long_free: Vec<u32>,
}

/// One packet, to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    from: u32,
    bytes: &'a [u8],
}

impl<'a> Packet<'a> {
    pub(super) const fn from(&self) -> u32 {
        self.from
    }

    pub(super) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl Packets {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Keeps a copy of a packet and returns its slot.
    pub(super) fn store(&mut self, from: u32, bytes: &[u8]) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { from: 0, len: 0, inline: [0; INLINE_BYTES] });
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 packets under way")
        });
        let place = &mut self.slots[slot as usize];
        (place.from, place.len) = (from, u32::try_from(bytes.len()).expect("a datagram is short"));
        if let Some(inline) = place.inline.get_mut(..bytes.len()) {
            inline.copy_from_slice(bytes);
            return slot;
        }
        let long = self.long_free.pop().unwrap_or_else(|| {
            self.long.push(Vec::new());
            u32::try_from(self.long.len() - 1).expect("fewer than 2^32 packets under way")
        });
        place.inline[..4].copy_from_slice(&long.to_le_bytes());
        let long = &mut self.long[long as usize];
        long.clear();
        long.extend_from_slice(bytes);
        slot
    }

    pub(super) fn get(&self, slot: u32) -> Packet<'_> {
        let place = &self.slots[slot as usize];
        let bytes = match place.inline.get(..place.len as usize) {
            Some(inline) => inline,
            None => &self.long[long_of(place)],
        };
        Packet { from: place.from, bytes }
    }

    /// The bytes of a packet, to be damaged.
    pub(super) fn bytes_mut(&mut self, slot: u32) -> &mut [u8] {
        let place = &mut self.slots[slot as usize];
        let len = place.len as usize;
        if len > INLINE_BYTES { &mut self.long[long_of(place)] } else { &mut place.inline[..len] }
    }

    /// Cuts a packet to its first `len` bytes; it has as many.
    pub(super) fn truncate(&mut self, slot: u32, len: usize) {
        let place = &mut self.slots[slot as usize];
        let long = place.len as usize > INLINE_BYTES;
        place.len = u32::try_from(len).expect("a datagram is short");
        if !long {
            return;
        }
        let number = long_of(place);
        self.long[number].truncate(len);
        if let Some(inline) = place.inline.get_mut(..len) {
            inline.copy_from_slice(&self.long[number]);
            self.long_free.push(u32::try_from(number).expect("it was a u32"));
        }
    }

    pub(super) fn release(&mut self, slot: u32) {
        let place = &self.slots[slot as usize];
        if place.len as usize > INLINE_BYTES {
            self.long_free.push(u32::try_from(long_of(place)).expect("it was a u32"));
        }
        self.free.push(slot);
    }

    /// How many packets are under way.
    pub(super) fn in_use(&self) -> u64 {
        (self.slots.len() - self.free.len()) as u64
    }
}

fn long_of(place: &Slot) -> usize {
    let [a, b, c, d, ..] = place.inline;
    u32::from_le_bytes([a, b, c, d]) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_any_length_come_back_as_they_went_in() {
        let mut packets = Packets::new();
        for round in 0..3_u8 {
            let slots: Vec<(u32, Vec<u8>)> = [0, 1, 55, 56, 57, 1232, 65_507]
                .into_iter()
                .map(|len| vec![round; len])
                .map(|bytes| (packets.store(u32::from(round), &bytes), bytes))
                .collect();
            assert_eq!(packets.in_use(), 7);
            for (slot, bytes) in slots {
                assert_eq!((packets.get(slot).from(), packets.get(slot).bytes()), (u32::from(round), &bytes[..]));
                packets.release(slot);
            }
        }
        assert_eq!((packets.in_use(), packets.slots.len(), packets.long.len()), (0, 7, 3));
    }

    #[test]
    fn what_is_left_of_a_packet_is_its_beginning() {
        let whole: Vec<u8> = (0..=255).collect();
        let mut packets = Packets::new();
        for (before, after) in [(40, 39), (40, 0), (1, 0), (200, 199), (200, 57), (200, 56), (200, 3), (200, 0)] {
            let slot = packets.store(9, &whole[..before]);
            packets.truncate(slot, after);
            assert_eq!((packets.get(slot).from(), packets.get(slot).bytes()), (9, &whole[..after]));
            assert_eq!(packets.bytes_mut(slot), &whole[..after]);
            packets.release(slot);
        }
        assert_eq!((packets.in_use(), packets.slots.len(), packets.long.len(), packets.long_free.len()), (0, 1, 1, 1));
    }
}
