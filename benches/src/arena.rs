//! Where do packets lie while they are under way? In buffers that are used again, so that a warm harness
//! allocates nothing and its cost is the same for everybody whom it measures.

/// One packet.
#[derive(Debug, Default)]
pub struct Packet {
    /// Who sent it.
    pub from: u32,
    /// Its payload.
    pub bytes: Vec<u8>,
}

/// All packets under way.
#[derive(Debug, Default)]
pub struct Arena {
    packets: Vec<Packet>,
    free: Vec<u32>,
}

impl Arena {
    /// Keeps a copy of a packet and says where.
    ///
    /// # Panics
    /// When 2^32 packets are under way.
    pub fn store(&mut self, from: u32, bytes: &[u8]) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.packets.push(Packet::default());
            u32::try_from(self.packets.len() - 1).expect("fewer than 2^32 packets under way")
        });
        let packet = &mut self.packets[place as usize];
        packet.from = from;
        packet.bytes.clear();
        packet.bytes.extend_from_slice(bytes);
        place
    }

    /// Lends a packet out.
    pub fn take(&mut self, place: u32) -> Packet {
        core::mem::take(&mut self.packets[place as usize])
    }

    /// Takes back what was lent, and its place is free.
    pub fn give_back(&mut self, place: u32, packet: Packet) {
        self.packets[place as usize] = packet;
        self.free.push(place);
    }
}
