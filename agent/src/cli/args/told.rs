//! What is said in maps and to everybody: the commands for that, their options and their help.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::duration;
use crate::model::Order;

const KV_EXAMPLES: &str = "\
Examples:
  quidnunc kv set role primary
  quidnunc kv set lease held --ttl 30s
  quidnunc kv get role                everybody's value of the key
  quidnunc kv get role --of n2
  quidnunc kv watch --prefix jobs/";

#[derive(Debug, Subcommand)]
#[command(after_help = KV_EXAMPLES)]
pub(in crate::cli) enum KvCommand {
    /// Shows what a key stands for; ends with 1 if for nothing.
    Get {
        /// The key.
        key: String,
        /// In the map of this member only: a name, an id or an address.
        #[arg(long, value_name = "NODE")]
        of: Option<String>,
        /// Writes the bytes of the value as they are and nothing behind them, also to a terminal.
        #[arg(long, requires = "of", conflicts_with = "json")]
        raw: bool,
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
pub(in crate::cli) struct KvFilterArgs {
    /// Only keys that begin so.
    #[arg(long, value_name = "PREFIX")]
    pub(in crate::cli) prefix: Option<String>,
    /// Only of this member: a name, an id or an address.
    #[arg(long, value_name = "NODE")]
    pub(in crate::cli) of: Option<String>,
    /// Also what begins with `sys/` and `tag/`.
    #[arg(long)]
    pub(in crate::cli) all: bool,
}

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  quidnunc tags set role=db zone=a\n  quidnunc tags unset zone\n  quidnunc tags ls")]
pub(in crate::cli) enum TagsCommand {
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

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  quidnunc event send deploy v1.2\n  quidnunc event watch --json")]
pub(in crate::cli) enum EventCommand {
    /// Says something to everybody, once to each.
    Send {
        /// What happens.
        name: String,
        /// What is said of it.
        #[arg(default_value = "")]
        payload: String,
        /// For how long it is told to those who have not heard it.
        #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration::parse)]
        ttl: Duration,
    },
    /// Shows what is said, until it is interrupted.
    Watch,
}

const QUERY_EXAMPLES: &str = "\
Agents answer `ping` by themselves. Any other query is answered by programs: one at each agent that runs `query watch --json`,
and answers with `query answer` what it knows.

Answers are taken for --timeout, without it for 10s. With --domain and --tag all are asked all the same, but only answers of
those count.

Examples:
  quidnunc query ping
  quidnunc query uptime --tag role=db --timeout 2s
  quidnunc query watch --json";

#[derive(Debug, Args)]
#[command(after_help = QUERY_EXAMPLES, subcommand_negates_reqs = true)]
pub(in crate::cli) struct QueryArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<QueryCommand>,
    /// What is asked.
    #[arg(required = true)]
    pub(in crate::cli) name: Option<String>,
    /// What is said of it.
    #[arg(default_value = "")]
    pub(in crate::cli) payload: String,
    /// Only answers of members in this domain count.
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) domain: Option<String>,
    /// Only answers of members with this tag count.
    #[arg(long, value_name = "NAME[=VALUE]", value_delimiter = ',')]
    pub(in crate::cli) tag: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum QueryCommand {
    /// Shows what is asked, until it is interrupted.
    Watch,
    /// Answers a query.
    Answer {
        /// The query's token, as `watch` shows it.
        token: String,
        /// What is answered.
        #[arg(default_value = "")]
        payload: String,
    },
}

const INFO_EXAMPLES: &str = "\
Examples:
  quidnunc info add load.n1 0.7 --ttl 30s
  quidnunc info ls --prefix load.
  quidnunc info group load. --limit 3 --order min";

#[derive(Debug, Subcommand)]
#[command(after_help = INFO_EXAMPLES)]
pub(in crate::cli) enum InfoCommand {
    /// Tells everybody a value under a key, in place of whoever said something of it before.
    Add {
        /// The key.
        key: String,
        /// The value: a number if it is one.
        value: String,
        /// Takes the value for a text, even if it is a number.
        #[arg(long)]
        text: bool,
        /// In what time it ends everywhere; without it, it stays.
        #[arg(long, value_name = "TIME", value_parser = duration::parse)]
        ttl: Option<Duration>,
    },
    /// Shows the value of a key; ends with 1 if there is none.
    Get {
        /// The key.
        key: String,
    },
    /// Deletes a key, whoever told it.
    Del {
        /// The key.
        key: String,
    },
    /// Lists what everybody knows.
    Ls {
        /// Only keys that begin so.
        #[arg(long, value_name = "PREFIX")]
        prefix: Option<String>,
    },
    /// Lists the best of the keys that begin so; with a limit and an order, has everybody keep such a list.
    Group {
        /// How the keys begin.
        prefix: String,
        /// So many at most.
        #[arg(long, value_name = "N", requires = "order")]
        limit: Option<u32>,
        /// Which are the best.
        #[arg(long, value_name = "ORDER", requires = "limit")]
        order: Option<Order>,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RecordArgs {
    /// Where it goes, `-` for the output; the node's name and `.record` otherwise.
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// For how long; until it is interrupted otherwise.
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
    pub(in crate::cli) length: Option<Duration>,
    /// Keeps keys and values out: it is written at the end, and ends at 64 MiB.
    #[arg(long)]
    pub(in crate::cli) redact: bool,
    /// Replaces a file that is there.
    #[arg(long)]
    pub(in crate::cli) force: bool,
}
