//! Where in a node lies what its application and others have handed in?
//!
//! It is lent so that others take its place, and the node goes on as if they had not: sums over contents stay those of what
//! was there ([`Originals`]). Every field that a node keeps cold is named here, so that a new one is not
//! forgotten; rooms say of themselves what they hold.

use alloc::collections::BTreeMap;

use crate::vocab::{Lend, lend_entry};
use crate::wire::MESSAGE_HEAD_BYTES;

use super::io::{Answer, Event, InfoChange, StreamId, UserEvent, ValueChange};
use super::linking::Linking;
use super::redacted_packets::{lend_all, lend_datagram, lend_info, lend_info_key, lend_plain};
use super::{Cold, Node};

/// The hashes of what was there, by those of what has taken its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Originals {
    maps: BTreeMap<u64, u64>,
    infos: BTreeMap<u64, u64>,
}

impl Originals {
    /// Takes in those of another node.
    pub fn extend(&mut self, other: Self) {
        self.maps.extend(other.maps);
        self.infos.extend(other.infos);
    }
}

impl Node {
    /// Notes from now on everything that counts in sums over contents, until [`Self::originals`] is asked for.
    pub fn note_contents(&mut self) {
        self.cold.state.note();
        if let Some(linking) = &mut self.cold.linking {
            linking.infos.note();
        }
    }

    /// The hashes of what was noted, by those of what takes its place when it is lent.
    pub fn originals(&mut self, lend: &mut Lend<'_>) -> Originals {
        let maps = self.cold.state.originals(lend);
        let linking = self.cold.linking.as_mut();
        let infos = linking.map(|linking| linking.infos.originals(&mut |key, value| lend_info(key, value, lend)));
        Originals { maps, infos: infos.unwrap_or_default() }
    }

    /// Lends everything in the node that was handed in, but for [messages that are not whole](Self::beginnings); what takes its
    /// place counts as these originals. The node has to be written and read again before it is used.
    pub fn redact(&mut self, originals: &Originals, lend: &mut Lend<'_>) {
        let Cold {
            config: _,
            events,
            relays: _,
            helpers: _,
            cases: _,
            beating: _,
            contacts: _,
            joining: _,
            book: _,
            healing: _,
            goodbye: _,
            cookies: _,
            conversation: _,
            state,
            heads: _,
            state_repairs: _,
            exchanges,
            flow: _,
            pace: _,
            watches,
            waits: _,
            mail,
            inbox: _,
            pings: _,
            notes,
            takeovers: _,
            elsewhere: _,
            rival: _,
            linking,
            streams,
            quorum: _,
            voters_told: _,
        } = &mut *self.cold;
        state.redact(&originals.maps, lend);
        watches.prefixes().for_each(|prefix| lend_entry(prefix, &mut [], lend));
        exchanges.early().for_each(|early| lend_all(&mut early.items, early.span, lend));
        if let Some(linking) = linking {
            let Linking { overlay: _, infos, spread: _, notes: _, calls, period: _, tick: _, ends_not_before: _ } =
                &mut **linking;
            infos.redact(&originals.infos, &mut |key, value| lend_info(key, value, lend));
            infos.texts().for_each(|text| lend_info_key(text, lend));
            calls.payloads().for_each(|payload| lend_plain(payload, lend));
        }
        mail.contents().for_each(|bytes| lend_plain(bytes, lend));
        notes.iter_mut().for_each(|(_, bytes)| lend_plain(bytes, lend));
        events.change(|event| event.redact(lend));
        for message in streams.messages() {
            if let Some(datagram) = message.get_mut(MESSAGE_HEAD_BYTES..) {
                lend_datagram(datagram, self.cluster, lend);
            }
        }
    }

    /// What has come of messages over streams that are not whole yet: a length of four bytes, little-endian, then a datagram.
    pub fn beginnings(&mut self) -> impl Iterator<Item = (StreamId, &mut [u8])> {
        self.cold.streams.beginnings()
    }

    /// Lends everything in a datagram to or from this node that was handed in, and makes its checksum fit. Bytes that are no
    /// datagram are none afterwards, and hold nothing.
    pub fn redact_datagram(&self, bytes: &mut [u8], lend: &mut Lend<'_>) {
        lend_datagram(bytes, self.cluster, lend);
    }
}

impl Event {
    /// Lends everything in it that was handed in.
    pub fn redact(&mut self, lend: &mut Lend<'_>) {
        match self {
            Self::Value(ValueChange { key, value, .. }) => {
                lend_entry(key, value.as_deref_mut().unwrap_or_default(), lend);
            }
            Self::Info(InfoChange { key, .. }) | Self::GroupConflict(key) => lend_info_key(key, lend),
            Self::User(UserEvent { name, payload, .. }) => {
                lend_plain(name, lend);
                lend_plain(payload, lend);
            }
            Self::Answer(Answer { payload: bytes, .. }) | Self::Message { bytes, .. } | Self::Note { bytes, .. } => {
                lend_plain(bytes, lend);
            }
            Self::Member(_)
            | Self::Joined { .. }
            | Self::Refuted { .. }
            | Self::Moved { .. }
            | Self::Conflict(_)
            | Self::Replicated { .. }
            | Self::NotReplicated { .. }
            | Self::Leaving(_)
            | Self::Left(_)
            | Self::QueryEnded { .. }
            | Self::Link(_)
            | Self::LinksStanding { .. }
            | Self::PartitionHealed(_)
            | Self::StreamOnly { .. }
            | Self::Standing(_)
            | Self::Lost { .. }
            | Self::Sent { .. }
            | Self::NotSent { .. }
            | Self::Pinged { .. }
            | Self::EventsLost { .. } => {}
        }
    }
}
