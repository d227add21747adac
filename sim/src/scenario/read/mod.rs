//! What does the text of a scenario file say, and does it hold together?
//!
//! Each table is walked by hand: that keeps the bytes of every key and value at hand, so that every
//! mistake is reported where it stands, and the first one ends the reading.

mod configure;
mod expect;
mod fault;
mod info;
mod look;
mod mistake;
mod net;
mod overlap;
mod pause;
mod quorum;
mod selector;
mod shape;
mod table;
mod units;
#[cfg(test)]
mod units_tests;
mod write;

use core::ops::Range;

use toml::de::DeTable;

use self::mistake::{Mistake, Outcome, shown};
use self::table::{Field, Section};
use self::units::{RATE, SIZE, duration_text};
use super::{Diagnostic, Nodes, Profile, Protocol, Run, Scenario, StartAs, last_start_ns, render_at};

/// The format version that this reader understands.
const FORMAT: u64 = 1;

/// What stands in a file.
const TABLES: [&str; 12] =
    ["format", "name", "about", "run", "protocol", "nodes", "net", "fault", "write", "info", "configure", "expect"];

/// Most nodes that a scenario may have.
const MAX_NODES: u32 = 1_000_000;

/// Time between the starts of two nodes, if the file does not say.
const STAGGER_NS: u64 = 10_000_000;

/// Reads a scenario file and checks everything that can be checked without running it.
///
/// `file_name` is only shown.
///
/// # Errors
///
/// The first mistake in the file, rendered with its place and a way out.
pub fn parse(file_name: &str, text: &str) -> Result<Scenario, Diagnostic> {
    read(text).map_err(|m| render_at(file_name, text, m.span, &m.message, m.help.as_deref()))
}

/// Where a file's table has the value of a key, for complaints that only others can make about it.
#[must_use]
pub fn value_span(text: &str, table: &str, key: &str) -> Option<Range<usize>> {
    let root = DeTable::parse(text).ok()?;
    Some(root.get_ref().get(table)?.get_ref().get(key)?.span())
}

fn read(text: &str) -> Outcome<Scenario> {
    let root = DeTable::parse(text).map_err(|e| Mistake {
        span: e.span().unwrap_or_default(),
        message: format!("this is not TOML: {}", e.message()),
        help: None,
    })?;
    let file = Section::file(root.get_ref());
    check_format(&file)?;
    file.only(&TABLES)?;
    let name = file.need("name", "\"crash\"")?.words()?;
    let about = file.need("about", "\"every node learns of a crash in time\"")?.words()?;
    let run = read_run(&file)?;
    let protocol = read_protocol(&file)?;
    let nodes = read_nodes(&file, &run)?;
    let net = net::read(&file)?;
    let noise = net::noise(&file, &run)?;
    let faults = fault::read(&file, &run, nodes.count)?;
    let writes = write::read(&file, &run, &faults, nodes.count)?;
    let infos = info::read(&file, (&run, protocol.profile), &faults, nodes.count)?;
    let (configures, expects) = (Vec::new(), Vec::new());
    let mut scenario = Scenario { name, about, run, protocol, nodes, net, faults, writes, infos, configures, expects };
    scenario.configures = configure::read(&file, &scenario)?;
    scenario.expects = expect::read(&file, &scenario)?;
    // Last, so that nothing in the file can refer to it.
    scenario.faults.extend(noise);
    Ok(scenario)
}

/// Comes first: in a file of another format, nothing else can be judged.
fn check_format(file: &Section<'_>) -> Outcome<()> {
    let field = file.need("format", "1")?;
    let format = field.integer(0..=u64::MAX)?;
    if format == FORMAT {
        return Ok(());
    }
    Err(field.wrong(format!("this file has format {format}"), format!("this version understands format {FORMAT} only")))
}

fn read_run(file: &Section<'_>) -> Outcome<Run> {
    let keys = ["duration", "warmup", "seeds", "steady"];
    let section = file.need("run", "{ duration = \"60s\" }")?.section("[run]", &keys)?;
    let duration_ns = section.need("duration", "\"60s\"")?.some_time()?;
    let warmup_ns = section.opt("warmup", |field| {
        let warmup_ns = field.duration()?;
        if warmup_ns >= duration_ns {
            return Err(field.wrong(
                "the warm-up leaves nothing to measure",
                format!("it must be shorter than the run, which lasts {}", duration_text(duration_ns)),
            ));
        }
        Ok(warmup_ns)
    })?;
    let seeds = section.opt("seeds", |field| {
        let seeds = field.section("`seeds`", &["base", "count"])?;
        // The range of seeds is half open, so that its end must fit as well.
        let base = seeds.opt("base", |f| f.integer(0..=u64::MAX - 1))?;
        let base = base.unwrap_or(1);
        let count = seeds.opt("count", |f| f.integer(1..=u64::MAX - base))?.unwrap_or(1);
        Ok((base, count))
    })?;
    let (seed_base, seed_count) = seeds.unwrap_or((1, 1));
    let steady = section.opt("steady", Field::switch)?.unwrap_or(false);
    Ok(Run { duration_ns, warmup_ns: warmup_ns.unwrap_or(0), seed_base, seed_count, steady })
}

const PROTOCOL_KEYS: [&str; 30] = [
    "name",
    "profile",
    "period",
    "probe_timeout",
    "indirect_probes",
    "probe_order",
    "suspicion_mult",
    "suspicion_max_mult",
    "local_health_max",
    "gossip_interval",
    "gossip_fanout",
    "retransmit_mult",
    "repair_interval",
    "reconnect_interval",
    "tombstone_life",
    "state_grace",
    "state_rate",
    "write_burst",
    "relay_interval",
    "relay_fanout",
    "relay_rate",
    "relay_targets",
    "ring_interval",
    "ring_successors",
    "info_interval",
    "infos_max",
    "infos_bytes",
    "quorum",
    "streams",
    "datagram",
];

fn read_protocol(file: &Section<'_>) -> Outcome<Protocol> {
    let Some(field) = file.get("protocol") else {
        return Ok(Protocol::default());
    };
    let section = field.section("[protocol]", &PROTOCOL_KEYS)?;
    section.opt("name", |field| match field.text()? {
        "swim" => Ok(()),
        other => Err(field.wrong(format!("unknown protocol {}", shown(other)), "the only protocol is `swim`")),
    })?;
    let duration = |key| section.opt(key, |f| f.duration());
    let number = |key| section.opt(key, |f| f.small(0..=u32::MAX));
    let bytes = |key, unit| {
        section.opt(key, |field| {
            let bytes = field.quantity(unit)?;
            u32::try_from(bytes).map_err(|_| field.wrong("that many bytes are not counted", "the most is 1GiB"))
        })
    };
    let profile = section.opt("profile", |f| f.word())?.unwrap_or(Profile::Lan);
    check_detector_keys(&section, profile)?;
    Ok(Protocol {
        profile,
        period_ns: duration("period")?,
        probe_timeout_ns: duration("probe_timeout")?,
        indirect_probes: number("indirect_probes")?,
        probe_order: section.opt("probe_order", |f| f.word())?,
        suspicion_mult: number("suspicion_mult")?,
        suspicion_max_mult: number("suspicion_max_mult")?,
        local_health_max: number("local_health_max")?,
        gossip_interval_ns: duration("gossip_interval")?,
        gossip_fanout: number("gossip_fanout")?,
        retransmit_mult: number("retransmit_mult")?,
        repair_interval_ns: duration("repair_interval")?,
        reconnect_interval_ns: duration("reconnect_interval")?,
        tombstone_life_ns: duration("tombstone_life")?,
        state_grace_ns: duration("state_grace")?,
        state_rate: bytes("state_rate", &RATE)?,
        write_burst: bytes("write_burst", &SIZE)?,
        relay_interval_ns: duration("relay_interval")?,
        relay_fanout: number("relay_fanout")?,
        relay_rate: bytes("relay_rate", &RATE)?,
        relay_targets: section.opt("relay_targets", |f| f.word())?,
        ring_interval_ns: duration("ring_interval")?,
        ring_successors: number("ring_successors")?,
        info_interval_ns: duration("info_interval")?,
        infos_max: number("infos_max")?,
        infos_bytes: bytes("infos_bytes", &SIZE)?,
        quorum: quorum::read(&section, profile)?,
        streams: section.opt("streams", Field::switch)?.unwrap_or(false),
        datagram_bytes: section.opt("datagram", |field| {
            let bytes = field.quantity(&SIZE)?;
            u32::try_from(bytes).map_err(|_| field.wrong("no datagram is that large", "UDP carries at most 65507B"))
        })?,
        span: section.span,
    })
}

/// Settings of one detector mean nothing to another.
fn check_detector_keys(section: &Section<'_>, profile: Profile) -> Outcome<()> {
    let refuse = |key: &'static str, lacks: &str, help: &str| match section.get(key) {
        Some(field) => Err(field.wrong(format!("nodes of the profile `{}` {lacks}", profile.name()), help)),
        None => Ok(()),
    };
    if !profile.relays() {
        for key in ["relay_interval", "relay_fanout", "relay_rate", "relay_targets"] {
            refuse(key, "pass no heartbeats on", "the profiles `heartbeat` and `scuttlebutt-lan` do")?;
        }
    }
    if profile != Profile::PhiRing {
        for key in ["ring_interval", "ring_successors"] {
            refuse(key, "watch no ring", "the profile `phi-ring` does")?;
        }
    }
    if profile != Profile::Infos {
        for key in ["info_interval", "infos_max", "infos_bytes"] {
            refuse(key, "tell no infos", "the profile `infos` does")?;
        }
    }
    Ok(())
}

fn read_nodes(file: &Section<'_>, run: &Run) -> Outcome<Nodes> {
    let section = file
        .need("nodes", "{ count = 100 }")?
        .section("[nodes]", &["count", "start", "join", "domains", "clusters"])?;
    let count_field = section.need("count", "100")?;
    let count = count_field.small(1..=MAX_NODES)?;
    let start = section.opt("start", |f| f.word())?.unwrap_or_default();
    let domains = section.opt("domains", |f| f.small(1..=count))?.unwrap_or(0);
    let clusters = section.opt("clusters", |f| f.small(1..=count))?.unwrap_or(1);
    let join_field = section.get("join");
    if let (StartAs::Converged, Some(join)) = (start, &join_field) {
        return Err(
            join.wrong("nodes that start converged do not join", "leave out `join`, or `start = \"converged\"`")
        );
    }
    let join = section.opt("join", |f| f.section("`join`", &["contacts", "stagger"]))?;
    let (mut contacts, mut stagger) = (None, None);
    if let Some(join) = join {
        contacts = join.opt("contacts", |f| f.small(1..=MAX_NODES))?;
        stagger = join.get("stagger");
    }
    let stagger_ns = stagger.as_ref().map(|f| f.duration()).transpose()?;
    let stagger_ns = stagger_ns.unwrap_or(STAGGER_NS);
    let stagger_ns = if start == StartAs::Converged { 0 } else { stagger_ns };
    let last_ns = last_start_ns(0, stagger_ns, count);
    if last_ns >= run.duration_ns {
        return Err(stagger.unwrap_or(count_field).wrong(
            format!(
                "{count} nodes, one every {}, are not all started when the run ends at {}",
                duration_text(stagger_ns),
                duration_text(run.duration_ns)
            ),
            "make the run longer, or start the nodes faster: `join = { stagger = \"1ms\" }`",
        ));
    }
    Ok(Nodes { count, contacts: contacts.unwrap_or(1), stagger_ns, start, domains, clusters })
}
