//! What does all of it mean?
//!
//! A way is broken when somebody who could have told of it says nothing: a member that has a letter of this node answers by note
//! and by letter, if only that it is busy, so that each of the two that does not come is a finding. Where nothing could be told,
//! nothing is claimed.

mod ways;
mod words;

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::Letter;
use super::asking::Exam;
use super::letters::Dial;
use super::looking::{Evidence, Misfit, Stranger};
use crate::duration::shown;
use crate::model::{Check, Finding, Verdict};
use words::{all, milliseconds, of_dial, times};

/// So many versions are told.
const VERSIONS_MAX: usize = 8;

/// Whoever comes as often is meant.
const STRANGER_TIMES: u64 = 3;

/// A clock that is wrong by less is right.
const CLOCK_MS: i64 = 1000;

/// Everything that there is to say, in the order in which it is shown.
pub(super) fn findings(evidence: &Evidence) -> Vec<Finding> {
    let ways = ways::findings(evidence);
    let about =
        [cluster(evidence), keys(evidence), versions(evidence), clock(evidence), accusers(evidence), health(evidence)];
    [members(evidence)].into_iter().chain(ways).chain(about).collect()
}

fn finding<S: Into<String>>(check: Check, verdict: Verdict, says: impl IntoIterator<Item = S>, help: &str) -> Finding {
    let help = (!help.is_empty() && verdict != Verdict::Good).then(|| help.to_owned());
    Finding { check, verdict, says: says.into_iter().map(Into::into).collect(), help }
}

/// Whether nothing at all goes to a member or comes from it.
fn is_lost(exam: &Exam) -> bool {
    let nothing_goes = exam.dial != Dial::Open && exam.letter != Letter::Taken && !exam.short.there;
    nothing_goes && !exam.came.by_letter && !exam.came.by_note
}

fn members(evidence: &Evidence) -> Finding {
    let check = Check::Members;
    let lost = evidence.exams.iter().filter(|exam| is_lost(exam));
    let mut says: Vec<_> = lost.map(|exam| format!("{} at {} is reached in no way", exam.name, exam.addr)).collect();
    let Evidence { live, doubtful, seeds, .. } = evidence;
    match (live, doubtful) {
        (0, 0) if seeds.is_empty() => {
            return finding(check, Verdict::Unknown, ["nobody else is known, and no seed was given"], JOIN);
        }
        (0, 0) => {
            says.push("nobody else is known".into());
            says.extend(seeds.iter().map(|(seed, dial)| of_seed(seed, dial)));
            return finding(check, Verdict::Bad, says, SEEDS);
        }
        (0, _) => {
            says.push(format!("nobody else lives; suspected or dead: {doubtful}"));
            says.extend(seeds.iter().map(|(seed, dial)| of_seed(seed, dial)));
            return finding(
                check,
                Verdict::Bad,
                says,
                "this node is cut off, or all others are: look at the networks between",
            );
        }
        (1, 0) => says.push("one other lives".into()),
        (_, 0) => says.push(format!("{live} others live")),
        (_, _) => {
            says.push(format!("others that live: {live}; suspected or dead: {doubtful}, and `quidnunc why` says why"));
        }
    }
    let verdict = match (says.len(), doubtful) {
        (1, 0) => Verdict::Good,
        (1, _) => Verdict::Odd,
        _ => Verdict::Bad,
    };
    finding(check, verdict, says, "look at the networks between, and whether it is overloaded")
}

const JOIN: &str = "let it join with `quidnunc join ADDRESS`, or start it with --seed";

const SEEDS: &str = "run `quidnunc doctor` at the seed, too: it says whose datagrams it refuses, and why";

fn of_seed(seed: &str, dial: &Dial) -> String {
    if *dial == Dial::Open {
        return format!(
            "the seed {seed} takes connections, but does not answer this node's datagrams. It is of another \
             cluster (--cluster), or has other keys (--key-file), or UDP does not get there and back"
        );
    }
    format!("there is no way to the seed {seed}: {}", of_dial(dial))
}

fn of_strangers(strangers: &[&Stranger]) -> Vec<String> {
    let of = |it: &&Stranger| {
        let why = match it.why {
            Misfit::Cluster => "of another cluster",
            Misfit::Key => "sealed with a key that is not here",
            Misfit::Plain => "not sealed, and here everything must be",
            Misfit::Sealed => "sealed, and this node has no keys",
            Misfit::Version => "of a release that this one does not understand",
            Misfit::Outside => "from outside of the networks that this node allows",
        };
        format!("{} sends what is {why}: {}, last {} ago", it.from, times(it.count), shown(it.ago))
    };
    strangers.iter().map(of).collect()
}

/// Whoever belongs here and does not fit tries again and again; who comes once or twice, or from where nobody is let in, may be
/// anybody.
fn of_count(strangers: &[&Stranger]) -> Verdict {
    let is_meant = |it: &&Stranger| it.count >= STRANGER_TIMES && it.why != Misfit::Outside;
    if strangers.iter().any(is_meant) { Verdict::Bad } else { Verdict::Odd }
}

fn cluster(evidence: &Evidence) -> Finding {
    let is_foreign = |it: &&Stranger| matches!(it.why, Misfit::Cluster | Misfit::Version | Misfit::Outside);
    let strangers: Vec<_> = evidence.strangers.iter().filter(is_foreign).collect();
    if strangers.is_empty() {
        return finding(Check::Cluster, Verdict::Good, ["nobody of another cluster sends here"], "");
    }
    let help = "if it belongs here, give it the same --cluster and release as here; if not, other ports or a firewall keep clusters apart";
    finding(Check::Cluster, of_count(&strangers), of_strangers(&strangers), help)
}

fn keys(evidence: &Evidence) -> Finding {
    let is_sealed_otherwise = |it: &&Stranger| matches!(it.why, Misfit::Key | Misfit::Plain | Misfit::Sealed);
    let strangers: Vec<_> = evidence.strangers.iter().filter(is_sealed_otherwise).collect();
    let mut says = of_strangers(&strangers);
    let without = evidence.key.as_ref().filter(|(_, without)| !without.is_empty());
    says.extend(
        without.map(|(key, without)| format!("key {key} seals here, and is not known to be at {}", all(without))),
    );
    if !says.is_empty() {
        let help = "give all the same keys: `quidnunc keys list` shows who has which, `quidnunc keys rotate` changes them everywhere";
        let verdict = if without.is_some() { Verdict::Bad } else { of_count(&strangers) };
        return finding(Check::Keys, verdict, says, help);
    }
    let says = match &evidence.key {
        Some((key, _)) => format!("key {key} seals here, and everybody has it"),
        None => "nothing is sealed here, and nobody sends what is".into(),
    };
    finding(Check::Keys, Verdict::Good, [says], "")
}

fn versions(evidence: &Evidence) -> Finding {
    let versions = &evidence.versions;
    let says = versions.iter().take(VERSIONS_MAX).map(|(version, who)| match versions.len() {
        1 => format!("all are of {version}"),
        _ => format!("{version}: {}", all(who)),
    });
    let more = versions.len().checked_sub(VERSIONS_MAX).filter(|&more| more > 0);
    let says = says.chain(more.map(|more| format!("and {more} more versions")));
    let verdict = if versions.len() > 1 { Verdict::Odd } else { Verdict::Good };
    let help = "an upgrade that is under way looks so; when it is over, all should be of one version";
    finding(Check::Versions, verdict, says, help)
}

fn clock(evidence: &Evidence) -> Finding {
    let mut says = Vec::new();
    if evidence.step_ms.abs() >= CLOCK_MS {
        let step = milliseconds(evidence.step_ms);
        let way = if evidence.step_ms > 0 { "forth" } else { "back" };
        let slept = if evidence.step_ms > 0 { ", or the machine slept as long" } else { "" };
        says.push(format!("this machine's clock was set {way} by {step} since the agent began{slept}"));
    }
    let skewed = evidence.exams.iter().filter_map(|exam| Some((&exam.name, exam.told.as_ref()?.skew_ms)));
    says.extend(skewed.filter(|(_, skew)| skew.abs() >= CLOCK_MS).map(|(name, skew)| {
        let way = if skew > 0 { "ahead of" } else { "behind" };
        format!("the clock of {name} is {} {way} this one's", milliseconds(skew))
    }));
    if evidence.freezes > 0 {
        says.push(format!("the process has stood still {} since it began", times(evidence.freezes)));
    }
    if says.is_empty() {
        return finding(Check::Clock, Verdict::Good, ["no step, no freeze, and no other clock is a second off"], "");
    }
    let help = "gossip goes by a clock that cannot be set, so that it goes on; logs and the numbers of lives go by this one: let NTP \
                keep it, and look why a process stands still";
    finding(Check::Clock, Verdict::Odd, says, help)
}

fn accusers(evidence: &Evidence) -> Finding {
    let check = Check::Accusers;
    let told = || evidence.exams.iter().filter_map(|exam| Some((exam.name.as_str(), &exam.told.as_ref()?.report)));
    let doubting = told().filter(|(_, report)| report.doubts);
    let mut says: Vec<_> = doubting.map(|(name, _)| format!("{name} holds this node for suspect or dead")).collect();
    let is_doubted = !says.is_empty();
    says.extend(told().flat_map(|(name, report)| {
        report.accusations.iter().map(move |it| {
            let what = if it.dead { "held this node for dead" } else { "suspected this node" };
            let ago = shown(Duration::from_millis(it.ago_ms));
            format!("{name} {what} {ago} ago: {}", it.because.join("; "))
        })
    }));
    if evidence.contradictions > 0 {
        let said = times(u64::try_from(evidence.contradictions).unwrap_or(u64::MAX));
        says.push(format!("this node has contradicted what was said of it {said} in the last hour"));
    }
    if says.is_empty() && told().next().is_none() {
        return finding(check, Verdict::Unknown, ["nobody could be asked"], "");
    }
    if says.is_empty() {
        let names: Vec<_> = told().map(|(name, _)| name.to_owned()).collect();
        return finding(check, Verdict::Good, [format!("{} have not suspected this node lately", all(&names))], "");
    }
    let verdict = if is_doubted { Verdict::Bad } else { Verdict::Odd };
    finding(
        check,
        verdict,
        says,
        "the ways above say what is lost between; a process that stands still is accused, too",
    )
}

fn health(evidence: &Evidence) -> Finding {
    match evidence.local_health {
        0 => finding(Check::Health, Verdict::Good, ["this node answers in time"], ""),
        held => {
            let says = format!(
                "this node holds {held} against itself: it is late, or is not heard, and waits longer before it accuses"
            );
            finding(Check::Health, Verdict::Odd, [says], "look at the load of this machine, and at the ways above")
        }
    }
}
