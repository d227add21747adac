//! Which ways between this node and others are open?

use super::super::Letter;
use super::super::asking::Exam;
use super::super::letters::Dial;
use super::super::looking::Evidence;
use super::finding;
use super::words::{all, of_dial};
use crate::model::{Check, Finding, Verdict};

/// What is known of a way to a member, or from it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    Open,
    /// Not as it should be, and why.
    Narrow(String),
    /// And why, where somebody says so.
    Shut(Option<String>),
    Unknown,
}

/// How a way is found out, and what is said of it before a name.
struct Told {
    check: Check,
    way: fn(&Exam) -> Way,
    open: &'static str,
    shut: &'static str,
}

/// Datagrams and streams, both ways, and what follows from them.
pub(super) fn findings(evidence: &Evidence) -> [Finding; 6] {
    let here = format!("let UDP and TCP to port {} in at this machine and before it", evidence.addr.port());
    let there = "let UDP and TCP to their ports out of this machine, and in at theirs";
    let out = |check, way, open, shut| of_way(evidence, &Told { check, way, open, shut }, there);
    let back =
        |check, way| of_way(evidence, &Told { check, way, open: "they come from", shut: "none comes from" }, &here);
    [
        out(Check::DatagramsOut, datagrams_out, "they arrive at", "they do not arrive at"),
        back(Check::DatagramsIn, datagrams_in),
        out(Check::StreamsOut, streams_out, "they reach", "none reaches"),
        back(Check::StreamsIn, streams_in),
        advertise(evidence, &here),
        mtu(evidence),
    ]
}

fn of_way(evidence: &Evidence, Told { check, way, open, shut }: &Told, help: &str) -> Finding {
    let (mut says, mut opened, mut verdict) = (Vec::new(), Vec::new(), Verdict::Unknown);
    let mut shuts = false;
    for exam in &evidence.exams {
        match way(exam) {
            Way::Open => opened.push(&*exam.name),
            Way::Narrow(why) => says.push(format!("{}: {why}", exam.name)),
            Way::Shut(why) => {
                shuts = true;
                says.push(format!("{shut} {}{}", exam.name, why.map_or_else(String::new, |why| format!(": {why}"))));
            }
            Way::Unknown => {}
        }
    }
    if shuts {
        verdict = Verdict::Bad;
    } else if !says.is_empty() {
        verdict = Verdict::Odd;
    } else if !opened.is_empty() {
        verdict = Verdict::Good;
    }
    if !opened.is_empty() {
        says.push(format!("{open} {}", all(&opened)));
    } else if says.is_empty() {
        says.push(if evidence.exams.is_empty() { "there is nobody to ask" } else { "nobody could tell" }.to_owned());
    }
    finding(*check, verdict, says, if verdict == Verdict::Unknown { "" } else { help })
}

fn datagrams_out(exam: &Exam) -> Way {
    let could_tell = (exam.came.by_letter || exam.came.by_note) && !exam.came.busy;
    match (exam.short.there, could_tell) {
        (true, _) => Way::Open,
        (false, true) => Way::Shut(None),
        (false, false) => Way::Unknown,
    }
}

/// A member that has a note or a letter of this node sends some itself, unless it is busy.
fn datagrams_in(exam: &Exam) -> Way {
    let is_asked = exam.short.there || exam.letter == Letter::Taken || exam.came.by_letter;
    let knocked = exam.told.as_ref().and_then(|told| told.knocked);
    match (exam.came.by_note, knocked) {
        (true, Some(false)) => Way::Narrow(
            "answers to what this node sends come from there, and nothing that it has not asked for: a firewall or a NAT lets in no more"
                .into(),
        ),
        (true, _) | (_, Some(true)) => Way::Open,
        (false, _) if is_asked && !exam.came.busy => Way::Shut(Some("it has sent some".into())),
        (false, _) => Way::Unknown,
    }
}

fn streams_out(exam: &Exam) -> Way {
    match (&exam.letter, &exam.dial) {
        (Letter::Taken, _) | (Letter::Unsent(_), Dial::Open) => Way::Open,
        (Letter::Lost(why), Dial::Open) => Way::Narrow(format!("it takes connections, and a letter was lost: {why}")),
        (Letter::Lost(_) | Letter::Unsent(_), dial) => Way::Shut(Some(of_dial(dial))),
    }
}

fn streams_in(exam: &Exam) -> Way {
    match &exam.told {
        _ if exam.came.by_letter => Way::Open,
        Some(told) if told.report.dial == Dial::Open => Way::Open,
        Some(told) => Way::Shut(Some(of_dial(&told.report.dial))),
        None if exam.letter == Letter::Taken && !exam.came.busy => {
            Way::Shut(Some("it has a letter, and its answer does not come".into()))
        }
        None => Way::Unknown,
    }
}

fn advertise(evidence: &Evidence, here: &str) -> Finding {
    let Evidence { addr, is_local, others_elsewhere, exams, .. } = evidence;
    let check = Check::Advertise;
    let elsewhere = "say with --advertise where the others reach this node, or have that address passed on to it";
    if addr.ip().is_loopback() && *others_elsewhere {
        let says = format!("{addr} is advertised, and means another machine everywhere else");
        return finding(check, Verdict::Bad, [says], elsewhere);
    }
    let is =
        |wanted: fn(&Way) -> bool| exams.iter().any(|exam| [datagrams_in(exam), streams_in(exam)].iter().any(wanted));
    if is(|way| *way == Way::Open) {
        let passed_on = if *is_local { "" } else { ", which is none of this machine's: it is passed on" };
        return finding(check, Verdict::Good, [format!("others reach this node at {addr}{passed_on}")], "");
    }
    if is(|way| matches!(way, Way::Shut(_))) {
        let none_of_ours = if *is_local { "" } else { ", which is none of this machine's addresses" };
        let says = format!("nothing that others send to {addr} arrives{none_of_ours}");
        return finding(check, Verdict::Bad, [says], if *is_local { here } else { elsewhere });
    }
    let says = if *is_local { "it is one of this machine's" } else { "it is none of this machine's" };
    finding(check, Verdict::Unknown, [format!("nobody could tell whether {addr} is reached; {says}")], "")
}

fn mtu(evidence: &Evidence) -> Finding {
    // Of somebody who is busy, an answer that does not come tells nothing.
    let tells = |exam: &Exam| exam.long.filter(|long| !exam.came.busy || long.there && long.back);
    let seen: Vec<_> = evidence.exams.iter().filter_map(|exam| Some((&*exam.name, tells(exam)?))).collect();
    let of = |is_so: fn(bool, bool) -> bool| {
        seen.iter().filter(|(_, long)| is_so(long.there, long.back)).map(|(name, _)| *name).collect::<Vec<_>>()
    };
    let says = |names: Vec<&str>, way: &str| {
        (!names.is_empty()).then(|| format!("short datagrams get through, long ones do not {way} {}", all(&names)))
    };
    let shut: Vec<_> = [says(of(|there, _| !there), "to"), says(of(|there, back| there && !back), "from")]
        .into_iter()
        .flatten()
        .collect();
    match (shut.is_empty(), seen.is_empty()) {
        (false, _) => {
            let help = "packets of 1260 bytes, 1280 with IPv6, are too long for something between: set the MTU of tunnels right, or \
                        let fragments and ICMP through";
            finding(Check::Mtu, Verdict::Bad, shut, help)
        }
        (true, false) => {
            let names = of(|_, _| true);
            finding(Check::Mtu, Verdict::Good, [format!("long datagrams get through to {} and back", all(&names))], "")
        }
        (true, true) => finding(Check::Mtu, Verdict::Unknown, ["no datagrams come and go that could be longer"], ""),
    }
}
