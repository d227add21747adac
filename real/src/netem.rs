//! How does the kernel's own network emulator do what a scenario says of its network?
//!
//! It is a second opinion: where the kernel has netem, a file runs once more, with a relay that carries everything at once and, at
//! the ports behind it, queues that delay, lose and double; they do so to what the systems say to find each other, too. What netem
//! takes otherwise than a scenario means it is refused.

use quidnunc_sim::scenario::{Delay, Distribution, FaultKind, Net, Scenario, Share};

/// The words behind `netem`; an error names what it cannot do as the scenario means it.
pub(crate) fn arguments(scenario: &Scenario) -> Result<String, &'static str> {
    let Net { delay, loss, duplicate, reorder, reorder_by_ns: _ } = scenario.net;
    let Delay { time_ns, jitter_ns, floor_ns, distribution } = delay;
    let is_even = matches!(distribution, Distribution::Constant | Distribution::Uniform);
    let checks = [
        (scenario.faults.iter().any(|fault| !matches!(fault.kind, FaultKind::Crash { .. })), "faults of its network"),
        (!is_even, "delays of another shape than netem's"),
        (floor_ns > time_ns.saturating_sub(jitter_ns), "a floor below its delays"),
        (reorder != Share::NEVER, "packets that are held back"),
        (time_ns % 1000 != 0 || jitter_ns % 1000 != 0, "parts of microseconds"),
    ];
    if let Some((_, what)) = checks.into_iter().find(|&(has, _)| has) {
        return Err(what);
    }
    let mut words = format!("delay {}us", time_ns / 1000);
    if distribution == Distribution::Uniform {
        words += &format!(" {}us", jitter_ns / 1000);
    }
    for (share, name) in [(loss, "loss random"), (duplicate, "duplicate")] {
        if share != Share::NEVER {
            words += &format!(" {name} {}", percent(share));
        }
    }
    Ok(words)
}

/// A share in percent, with four digits behind the point.
fn percent(Share(threshold): Share) -> String {
    let parts = (u128::from(threshold) * 1_000_000 + (1 << 63)) >> 64;
    format!("{}.{:04}%", parts / 10_000, parts % 10_000)
}

#[cfg(test)]
mod tests {
    use quidnunc_sim::scenario::parse;

    use super::*;

    #[test]
    fn a_network_is_said_in_the_words_of_netem_or_refused() {
        let said = |more: &str| {
            let head = "format = 1\nname = \"t\"\nabout = \"t\"\nrun = { duration = \"9s\" }\nnodes = { count = 3 }\n";
            let scenario = parse("t.toml", &format!("{head}{more}")).unwrap_or_else(|mistake| panic!("{mistake}"));
            arguments(&scenario)
        };
        let delay = |words: &str| format!("net = {{ delay = {{ {words} }} }}\n");
        assert_eq!(said(&delay("time = \"5ms\"")).as_deref(), Ok("delay 5000us"));
        assert_eq!(
            said(&delay("time = \"5ms\", jitter = \"2ms\", distribution = \"uniform\"")).as_deref(),
            Ok("delay 5000us 2000us")
        );
        let shares = "net = { loss = { random = \"10%\" }, duplicate = \"0.25%\" }\n";
        assert!(said(shares).is_ok_and(|words| words.ends_with(" loss random 10.0000% duplicate 0.2500%")));
        let bell = delay("time = \"5ms\", jitter = \"2ms\", distribution = \"normal\"");
        assert!(said(&bell).is_err_and(|what| what.contains("shape")));
        let back = said("net = { reorder = { share = \"10%\", by = \"30ms\" } }\n");
        assert_eq!(back, Err("packets that are held back"));
        let cut =
            "fault = [{ id = \"p\", kind = \"partition\", shape = \"random-halves\", at = \"2s\", for = \"1s\" }]\n";
        assert!(said(cut).is_err_and(|what| what.contains("faults")));
    }
}
