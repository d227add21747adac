//! Which ways between this node and others are open?

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
    /// And why, where somebody says so.
    Shut(String),
    Unknown,
}

/// Datagrams and streams, both ways, and what follows from them.
pub(super) fn findings(evidence: &Evidence) -> [Finding; 6] {
    let port = evidence.addr.port();
    let here = format!("let UDP and TCP to port {port} in at this machine and before it");
    let there = "let UDP and TCP to their ports out of this machine, and in at theirs";
    let nobody = evidence.exams.is_empty();
    let ways = |check, way: fn(&Exam) -> Way, open: &str, shut: &str, help: &str| {
        let seen: Vec<_> = evidence.exams.iter().map(|exam| (exam, way(exam))).collect();
        let of =
            |wanted: fn(&Way) -> bool| seen.iter().filter(|it| wanted(&it.1)).map(|it| &*it.0.name).collect::<Vec<_>>();
        let opened = of(|way| *way == Way::Open);
        let why = |(exam, way): &(&Exam, Way)| match way {
            Way::Shut(why) if why.is_empty() => Some(format!("{} {}", shut, exam.name)),
            Way::Shut(why) => Some(format!("{} {}: {why}", shut, exam.name)),
            Way::Open | Way::Unknown => None,
        };
        let mut says: Vec<_> = seen.iter().filter_map(why).collect();
        let verdict = match (says.is_empty(), opened.is_empty()) {
            (false, _) => Verdict::Bad,
            (true, false) => Verdict::Good,
            (true, true) => Verdict::Unknown,
        };
        if !opened.is_empty() {
            says.push(format!("{open} {}", all(&opened)));
        } else if says.is_empty() {
            says.push(if nobody { "there is nobody to ask".into() } else { "nobody could tell".to_owned() });
        }
        finding(check, verdict, says, if verdict == Verdict::Unknown { "" } else { help })
    };
    [
        ways(Check::DatagramsOut, datagrams_out, "they arrive at", "they do not arrive at", there),
        ways(Check::DatagramsIn, datagrams_in, "they come from", "none comes from", &here),
        ways(Check::StreamsOut, streams_out, "they reach", "none reaches", there),
        ways(Check::StreamsIn, streams_in, "they come from", "none comes from", &here),
        advertise(evidence, &here),
        mtu(evidence),
    ]
}

/// Whether a member could have told what it has heard: words of it come, or it was asked in no way and sends here all the same.
const fn could_tell(exam: &Exam) -> bool {
    exam.came.by_letter || exam.came.by_note || exam.letter.is_err() && exam.heard > 0
}

fn datagrams_out(exam: &Exam) -> Way {
    if exam.short.there {
        Way::Open
    } else if could_tell(exam) {
        Way::Shut(String::new())
    } else {
        Way::Unknown
    }
}

fn datagrams_in(exam: &Exam) -> Way {
    let is_asked = exam.short.there || exam.letter.is_ok() || exam.came.by_letter;
    match (exam.came.by_note, is_asked, exam.heard) {
        (true, ..) | (_, false, 1..) => Way::Open,
        (false, true, 0) => Way::Shut("it has sent some".into()),
        (false, true, _) => {
            Way::Shut("its answers to what this node sends come, but nothing that it sends by itself".into())
        }
        (false, false, 0) => Way::Unknown,
    }
}

fn streams_out(exam: &Exam) -> Way {
    match (&exam.letter, &exam.dial) {
        (Ok(()), _) => Way::Open,
        (Err(why), Dial::Open) => Way::Shut(format!("it takes connections, but nothing on them: {why}")),
        (Err(_), dial) => Way::Shut(of_dial(dial)),
    }
}

fn streams_in(exam: &Exam) -> Way {
    match &exam.told {
        _ if exam.came.by_letter => Way::Open,
        Some(told) if told.report.dial == Dial::Open => Way::Open,
        Some(told) => Way::Shut(of_dial(&told.report.dial)),
        None if exam.letter.is_ok() => Way::Shut("it has a letter, and its answer does not come".into()),
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
    let is = |way: fn(&Exam) -> Way, wanted: fn(&Way) -> bool| exams.iter().any(|exam| wanted(&way(exam)));
    let is_open = |way: &Way| *way == Way::Open;
    let is_shut = |way: &Way| matches!(way, Way::Shut(_));
    if is(datagrams_in, is_open) || is(streams_in, is_open) {
        let passed_on = if *is_local { "" } else { ", which is none of this machine's: it is passed on" };
        return finding(check, Verdict::Good, [format!("others reach this node at {addr}{passed_on}")], "");
    }
    if is(datagrams_in, is_shut) || is(streams_in, is_shut) {
        let none_of_ours = if *is_local { "" } else { ", which is none of this machine's addresses" };
        let says = format!("nothing that others send to {addr} arrives{none_of_ours}");
        return finding(check, Verdict::Bad, [says], if *is_local { here } else { elsewhere });
    }
    let says = if *is_local { "it is one of this machine's" } else { "it is none of this machine's" };
    finding(check, Verdict::Unknown, [format!("nobody could tell whether {addr} is reached; {says}")], "")
}

fn mtu(evidence: &Evidence) -> Finding {
    let seen: Vec<_> = evidence.exams.iter().filter_map(|exam| Some((&*exam.name, exam.long?))).collect();
    let of = |is_so: fn(bool, bool) -> bool| {
        seen.iter().filter(|(_, long)| is_so(long.there, long.back)).map(|(name, _)| *name).collect::<Vec<_>>()
    };
    let says = |names: Vec<&str>, way: &str| {
        (!names.is_empty()).then(|| format!("short datagrams get through, long ones do not {way} {}", all(&names)))
    };
    let shut: Vec<_> =
        [says(of(|there, _| !there), "to"), says(of(|_, back| !back), "from")].into_iter().flatten().collect();
    match (shut.is_empty(), seen.is_empty()) {
        (false, _) => {
            let help = "something between takes packets of 1280 bytes for too long: set the MTU of tunnels right, or let fragments \
                        and ICMP through";
            finding(Check::Mtu, Verdict::Bad, shut, help)
        }
        (true, false) => {
            let names = of(|_, _| true);
            finding(Check::Mtu, Verdict::Good, [format!("long datagrams get through to {} and back", all(&names))], "")
        }
        (true, true) => finding(Check::Mtu, Verdict::Unknown, ["no datagrams come and go that could be longer"], ""),
    }
}
