//! What can be asked for? The commands, their options and their help.

use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};

use crate::duration;
use crate::model::Status;
use crate::run::Given;

const EXAMPLES: &str = "\
Examples:
  quidnunc agent --name n1 --bind 127.0.0.1:7001
  quidnunc agent --name n2 --bind 127.0.0.1:7002 --seed 127.0.0.1:7001
  quidnunc members --socket n1
  quidnunc status --socket n2
  quidnunc kv set role primary --socket n1

Exit codes:
  0  it is so, or it is done
  1  it is not so, or not all of it is done
  2  wrong usage, or a mistake in a file
  3  there is no agent to ask
  4  there was no answer in time";

/// Runs a node of a gossip cluster, and asks it what it knows.
#[derive(Debug, Parser)]
#[command(name = "quidnunc", version, after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// The agent's control socket: a path, or the name of an agent of this user; without it the only one that runs.
    #[arg(long, global = true, env = "QUIDNUNC_SOCKET", value_name = "PATH|NAME")]
    pub(super) socket: Option<String>,
    /// Prints JSON, schema 1, as the agent answers it.
    #[arg(long, global = true, env = "QUIDNUNC_JSON", value_parser = FalseyValueParser::new())]
    pub(super) json: bool,
    /// Waits so long for an answer.
    #[arg(long, global = true, env = "QUIDNUNC_TIMEOUT", value_name = "TIME", default_value = "10s",
        value_parser = duration::parse)]
    pub(super) timeout: Duration,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Runs a node until it is told to leave.
    Agent(AgentArgs),
    /// Lists the members of the cluster.
    Members(MembersArgs),
    /// Says how the agent is; ends with 1 if anything is wrong.
    Status,
    /// Becomes a member of the cluster that one of these belongs to; ends with 1 if none lets it in in time.
    Join(JoinArgs),
    /// Says goodbye, waits until enough others know, and ends the agent.
    Leave,
    /// Reads all members' maps, writes this one's.
    #[command(subcommand)]
    Kv(KvCommand),
    /// Changes what members can be chosen by.
    #[command(subcommand)]
    Tags(TagsCommand),
    /// Says which version this is.
    Version,
}

const AGENT_EXAMPLES: &str = "\
Examples:
  quidnunc agent --name n1 --bind 10.0.0.1:7946 --state /var/lib/quidnunc/n1
  quidnunc agent --seed gossip.example.org:7946 --domain rack-7 --tag role=db

SIGTERM and SIGINT let the node leave, a second one ends it at once.";

#[derive(Debug, Args)]
#[command(after_help = AGENT_EXAMPLES)]
pub(super) struct AgentArgs {
    #[command(flatten)]
    pub(super) given: Given,
}

const MEMBERS_EXAMPLES: &str = "\
Examples:
  quidnunc members --status alive,suspect
  quidnunc members --tag role=db --long
  quidnunc members --watch            a line for every member, and for every change";

#[derive(Debug, Args)]
#[command(after_help = MEMBERS_EXAMPLES)]
pub(super) struct MembersArgs {
    /// Only those of whom this is believed.
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub(super) status: Vec<Status>,
    /// Only those in this domain.
    #[arg(long, value_name = "NAME")]
    pub(super) domain: Option<String>,
    /// Only those with this tag.
    #[arg(long, value_name = "NAME[=VALUE]", value_delimiter = ',')]
    pub(super) tag: Vec<String>,
    /// Shows ids and incarnations as well.
    #[arg(long)]
    pub(super) long: bool,
    /// Goes on with every change, until it is interrupted.
    #[arg(long)]
    pub(super) watch: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  quidnunc join 10.0.0.1:7946 n2.example:7946")]
pub(super) struct JoinArgs {
    /// Addresses of members.
    #[arg(required = true, value_name = "HOST:PORT")]
    pub(super) addrs: Vec<String>,
}

const KV_EXAMPLES: &str = "\
Examples:
  quidnunc kv set role primary
  quidnunc kv set lease held --ttl 30s
  quidnunc kv get role                everybody's value of the key
  quidnunc kv get role --of n2
  quidnunc kv watch --prefix jobs/";

#[derive(Debug, Subcommand)]
#[command(after_help = KV_EXAMPLES)]
pub(super) enum KvCommand {
    /// Shows what a key stands for; ends with 1 if for nothing.
    Get {
        /// The key.
        key: String,
        /// In the map of this member only: a name, an id or an address.
        #[arg(long, value_name = "NODE")]
        of: Option<String>,
    },
    /// Lets a key of this node's map stand for a value.
    Set {
        /// The key; `sys/` and `tag/` are quidnunc's own.
        key: String,
        /// The value.
        value: String,
        /// In what time it ends everywhere; without it, it stays.
        #[arg(long, value_name = "TIME", value_parser = duration::parse)]
        ttl: Option<Duration>,
    },
    /// Lets a key of this node's map stand for nothing.
    Del {
        /// The key.
        key: String,
    },
    /// Lists keys of all members' maps.
    Ls(KvFilterArgs),
    /// Lists keys, and goes on with every change until it is interrupted.
    Watch(KvFilterArgs),
}

#[derive(Debug, Args)]
pub(super) struct KvFilterArgs {
    /// Only keys that begin so.
    #[arg(long, value_name = "PREFIX")]
    pub(super) prefix: Option<String>,
    /// Only of this member: a name, an id or an address.
    #[arg(long, value_name = "NODE")]
    pub(super) of: Option<String>,
    /// Also what begins with `sys/` and `tag/`.
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  quidnunc tags set role=db zone=a\n  quidnunc tags unset zone\n  quidnunc tags ls")]
pub(super) enum TagsCommand {
    /// Gives this node tags, or other values.
    Set {
        /// What is set.
        #[arg(required = true, value_name = "NAME=VALUE")]
        tags: Vec<crate::run::Tag>,
    },
    /// Takes tags off this node.
    Unset {
        /// Which.
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Lists this node's tags.
    Ls,
}

