//! What has the node counted since its start?

use prometheus_client::registry::Unit;
use quidnunc::seal::SealStats;
use quidnunc::{SocketStats, Stats};

use super::Family;

/// What the protocol counted. A counter that is new in the node is a mistake here until it has a name.
#[rustfmt::skip]
pub(super) fn of_node(stats: &Stats) -> Vec<Family> {
    let Stats {
        datagrams_received, datagrams_rejected, datagrams_foreign, datagrams_outside, datagrams_sent, bytes_sent,
        records_refused, answers_unexpected, intents_dropped, notes_dropped, rumours_dropped, clock_backwards, freezes,
        suspicions, convictions, convictions_put_off, links_asked, links_refused, links_unanswered, links_swapped,
        links_evicted, links_dropped, infos_received, infos_news, infos_refused, nacks_missed, refutations, repairs, repaired,
        forgotten, state_repairs, changes_taken, changes_refused, takeovers_refused, streams_opened, streams_refused,
        streams_expired, stream_bytes_sent, answers_by_stream,
    } = *stats;
    let other = datagrams_rejected.saturating_sub(datagrams_foreign).saturating_sub(datagrams_outside);
    let count = Family::counter;
    let by = |name, help, label, samples: &[_]| count(name, help, 0).by(label, samples);
    vec![
        by("datagrams", "Datagrams that were taken in and handed out.", "direction",
            &[("received", datagrams_received), ("sent", datagrams_sent)]),
        by("datagrams_rejected", "Datagrams that were refused: of another cluster, of an address that is not allowed, others.",
            "reason", &[("foreign", datagrams_foreign), ("outside", datagrams_outside), ("other", other)]),
        by("tx", "Bytes that the node handed out, before they were sealed.", "class",
            &[("datagram", bytes_sent), ("stream", stream_bytes_sent)]).in_unit(Unit::Bytes),
        by("dropped", "What was not sent, or not kept, because too much waited.", "class",
            &[("packet", intents_dropped), ("rumour", rumours_dropped), ("note", notes_dropped), ("link", links_dropped)]),
        by("refused", "What others told and cannot be, or found no room.", "what",
            &[("record", records_refused), ("change", changes_refused), ("info", infos_refused), ("stream", streams_refused),
              ("takeover", takeovers_refused)]),
        count("answers_unexpected", "Answers that nobody awaited: late, repeated or forged.", answers_unexpected),
        count("suspicions", "Members that this node suspected by its own probe.", suspicions),
        count("convictions", "Members that this node declared dead itself.", convictions),
        count("convictions_put_off", "Times that this node put a death off, for lack of others who say so.", convictions_put_off),
        count("refutes", "Times that this node contradicted what was said of it.", refutations),
        count("nacks_missed", "Helpers that were asked during failed probes and said nothing at all.", nacks_missed),
        count("probes_by_stream", "Probes that were answered over a stream only.", answers_by_stream),
        count("freezes", "Times that the process was found to have stood still.", freezes),
        count("clock_backwards", "Inputs whose time lay before an earlier one's.", clock_backwards),
        count("forgotten", "Members that died or left and were forgotten.", forgotten),
        by("repairs", "Comparisons that this node began, of the roster and of maps.", "of",
            &[("roster", repairs), ("map", state_repairs)]),
        count("repaired_records", "Records that comparisons brought and that were news.", repaired),
        count("map_changes", "Times that a copy of a member's map came further.", changes_taken),
        by("infos", "Infos that came over links, and those among them that were news.", "kind",
            &[("received", infos_received), ("news", infos_news)]),
        by("link_requests", "Requests for a link that this node began, and what came of some.", "kind",
            &[("asked", links_asked), ("refused", links_refused), ("unanswered", links_unanswered)]),
        by("links_given_up", "Links that this node gave up: for a better one, for somebody who was cut off.", "reason",
            &[("swapped", links_swapped), ("evicted", links_evicted)]),
        by("streams", "Streams that this node asked for, and those that brought no whole message for too long.", "kind",
            &[("opened", streams_opened), ("expired", streams_expired)]),
    ]
}

/// What the sockets did not do.
pub(super) fn of_sockets(stats: SocketStats) -> Family {
    let SocketStats { sends_failed, receives_failed, streams_failed } = stats;
    let failed = [("send", sends_failed), ("receive", receives_failed), ("stream", streams_failed)];
    Family::counter("socket_failures", "What the system's sockets did not do.", 0).by("what", &failed)
}

/// What the seal did, and what it did not let in.
pub(super) fn of_seal(stats: &SealStats) -> [Family; 3] {
    let datagrams = [
        ("sealed", stats.sealed),
        ("sent_plain", stats.sent_plain),
        ("opened", stats.opened),
        ("let_in_plain", stats.let_in_plain),
        ("held", stats.held),
        ("held_lost", stats.held_lost),
    ];
    let streams =
        [("sealed", stats.streams_sealed), ("plain", stats.streams_plain), ("refused", stats.streams_refused)];
    let refused = [
        ("plaintext", stats.plaintext),
        ("truncated", stats.truncated),
        ("unknown", stats.unknown),
        ("cluster", stats.cluster),
        ("unknown_key", stats.unknown_key),
        ("reflected", stats.reflected),
        ("replayed", stats.replayed),
        ("forged", stats.forged),
        ("malformed", stats.malformed),
        ("bomb", stats.bombs),
        ("stale", stats.stale),
        ("resumed", stats.resumed),
        ("unproven", stats.unproven),
    ];
    [
        Family::counter("seal_datagrams", "Datagrams by what the seal did with them.", 0).by("what", &datagrams),
        Family::counter("seal_streams", "Streams by what the seal did with them.", 0).by("what", &streams),
        Family::counter("decrypt_failed", "Datagrams and streams that the seal did not let in.", 0)
            .by("reason", &refused),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_the_seal_is_published() {
        let mut stats = SealStats::default();
        let all = [
            &mut stats.plaintext,
            &mut stats.truncated,
            &mut stats.unknown,
            &mut stats.cluster,
            &mut stats.unknown_key,
            &mut stats.reflected,
            &mut stats.replayed,
            &mut stats.forged,
            &mut stats.malformed,
            &mut stats.bombs,
            &mut stats.stale,
            &mut stats.resumed,
            &mut stats.unproven,
        ];
        for counter in all {
            *counter = 1;
        }
        let [.., refused] = of_seal(&stats);
        assert_eq!(refused.samples.iter().map(|(_, count)| count).sum::<u64>(), stats.refused());
    }
}
