//! The program `quidnunc-sim`: the command line with the real parser and the real world behind it.

use std::process::ExitCode;

use quidnunc_core::ConfigError;
use quidnunc_sim::cli::{self, Job, RunProblem, Simulator};
use quidnunc_sim::result::RunResult;
use quidnunc_sim::scenario::{self, Scenario, render_at, value_span};
use quidnunc_sim::world::{self, RunOptions};

struct Real;

impl Simulator for Real {
    fn parse(&self, file_name: &str, text: &str) -> Result<Scenario, String> {
        let scenario = scenario::parse(file_name, text).map_err(|problem| problem.to_string())?;
        // Only the protocol itself can judge how its settings go together.
        match world::node_config(&scenario.protocol, 0) {
            Ok(_) => Ok(scenario),
            Err(problem) => {
                let value = |key| value_span(text, "protocol", key);
                let span =
                    refused_keys(&problem).into_iter().flatten().find_map(value).unwrap_or(scenario.protocol.span);
                Err(render_at(file_name, text, span, &problem.to_string(), None).to_string())
            }
        }
    }

    fn run(&self, job: &Job<'_>) -> Result<RunResult, RunProblem> {
        let Job { map_hash_seed, progress, fingerprints, recorded, .. } = *job;
        let progress = Some(progress);
        let options = RunOptions { map_hash_seed, progress, fingerprints, recorded, ..RunOptions::default() };
        world::run(job.scenario, job.seed, &options)
            .map_err(|problem| RunProblem::Scenario(format!("error: {}: {problem}", job.file_name)))
    }
}

/// The keys of `[protocol]` that the problem is about; a profile by itself is never refused, so that the file's
/// author wrote at least one of them.
fn refused_keys(problem: &ConfigError) -> [Option<&'static str>; 2] {
    match *problem {
        ConfigError::ProbeTimeout { .. } => [Some("probe_timeout"), Some("period")],
        ConfigError::TombstoneLife { .. } => [Some("tombstone_life"), Some("suspicion_mult")],
        ConfigError::DatagramBytes { .. } => [Some("datagram"), None],
        ConfigError::Duration { name: "relay.interval", .. } => [Some("relay_interval"), None],
        ConfigError::Count { name: "relay.fanout", .. } => [Some("relay_fanout"), None],
        ConfigError::Count { name: "relay.bytes_per_second", .. } => [Some("relay_rate"), None],
        ConfigError::Duration { name: "ring.interval", .. } => [Some("ring_interval"), None],
        ConfigError::Count { name: "ring.successors", .. } => [Some("ring_successors"), None],
        ConfigError::Duration { name: "infos.interval", .. } => [Some("info_interval"), None],
        ConfigError::Count { name: "infos.infos_max", .. } => [Some("infos_max"), None],
        ConfigError::Count { name: "infos.bytes_max", .. } => [Some("infos_bytes"), None],
        ConfigError::Lease { .. } => [Some("quorum"), Some("period")],
        ConfigError::Quorum(_) | ConfigError::Count { name: "quorum.members_max", .. } => [Some("quorum"), None],
        ConfigError::Duration { name, .. } | ConfigError::Count { name, .. } => [Some(name), None],
        // No key sets these.
        ConfigError::Accrual(_) | ConfigError::Heartbeat(_) => [None, None],
        // Nodes get their addresses and boots from the simulator, and all addresses are allowed there.
        ConfigError::Address { .. } | ConfigError::NotAllowed { .. } | ConfigError::Boot { .. } => [None, None],
    }
}

fn main() -> ExitCode {
    cli::main(&Real)
}
