//! What can be asked for? The commands, their options and their help.

mod told;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};

use crate::duration;
use crate::model::Status;
use crate::run::Given;
pub(super) use told::{
    EventCommand, InfoCommand, KvCommand, KvFilterArgs, QueryArgs, QueryCommand, RecordArgs, TagsCommand,
};

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
    /// Waits so long for an answer; without it 10s, and where a command says so longer.
    #[arg(long, global = true, env = "QUIDNUNC_TIMEOUT", value_name = "TIME", value_parser = duration::parse)]
    pub(super) timeout: Option<Duration>,
}

/// An answer is waited for so long unless somebody says otherwise.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Runs a node until it is told to leave.
    Agent(Box<AgentArgs>),
    /// Lists the members of the cluster.
    Members(MembersArgs),
    /// Says how the agent is; ends with 1 if anything is wrong.
    Status,
    /// Shows members, rates and suspicions, again every second until `q` is pressed.
    Top {
        /// Shows them once; so it is, too, where the output is no terminal.
        #[arg(long)]
        plain: bool,
    },
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
    /// Shows what happens and why, until it is interrupted.
    Monitor {
        /// Only events of these kinds, such as member; an unknown one is answered with all that there are.
        #[arg(long, value_name = "KIND", value_delimiter = ',')]
        kind: Vec<String>,
    },
    /// Says something to everybody, and hears what others say.
    #[command(subcommand)]
    Event(EventCommand),
    /// Asks something of everybody, and prints the answers as they come; ends with 1 if some are missing.
    #[command(args_conflicts_with_subcommands = true)]
    Query(QueryArgs),
    /// Reads and changes what everybody should know.
    #[command(subcommand)]
    Info(InfoCommand),
    /// Says what is believed of a member, and why.
    Why {
        /// A name, an id or an address.
        node: String,
    },
    /// Measures how long a member takes to answer; ends with 1 if it does not.
    Rtt {
        /// A name, an id or an address.
        a: String,
        /// The other end; one of the two must be the agent that is asked.
        b: Option<String>,
    },
    /// Pings every member; ends with 1 if one that is alive does not answer.
    Reach,
    /// Declares that a dead member will not come back.
    ForceLeave {
        /// A name, an id or an address.
        node: String,
        /// Does not ask whether that is meant.
        #[arg(long)]
        yes: bool,
        /// Says when it will be forgotten: not at once, since whoever still knew it would bring it back. Until then lists of
        /// members show it only with `--status removed`, with or without this.
        #[arg(long)]
        prune: bool,
    },
    /// Lists this node's links.
    Overlay {
        /// Prints them for Graphviz.
        #[arg(long, conflicts_with = "json")]
        dot: bool,
    },
    /// Keeps what happens to the node, so that `quidnunc-sim replay` does it again. Keys and values are in it as they are, unless --redact
    /// keeps them out.
    Record(RecordArgs),
    /// Finds out what is wrong with gossip here, with the help of a few members; ends with 1 if something is broken.
    Doctor {
        /// Who is to help: a name, an id or an address; without it up to three others each time.
        helper: Option<String>,
    },
    /// Says whether this node may act; ends with 1 if it may not. It is advice, and no lock.
    Quorum,
    /// Makes keys, and changes those that this node has.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Reads what an agent would start with.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Prints completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, or writes one for every command.
    Man {
        /// A folder for all pages, such as /usr/local/share/man/man1.
        #[arg(long, short, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
    /// Says which version this is.
    Version,
}

const AGENT_EXAMPLES: &str = "\
Examples:
  quidnunc agent --name n1 --bind 10.0.0.1:7946 --state /var/lib/quidnunc/n1
  quidnunc agent --seed gossip.example.org:7946 --domain rack-7 --tag role=db

SIGTERM and SIGINT let the node leave, a second one ends it at once. SIGHUP reads the config file again, for its tags,
its log level and its keys.";

#[derive(Debug, Args)]
#[command(after_help = AGENT_EXAMPLES)]
pub(super) struct AgentArgs {
    #[command(flatten)]
    pub(super) given: Given,
    /// A TOML file that says the same, with `_` for `-`, and tags as a table; flags and the environment are stronger.
    #[arg(long, env = "QUIDNUNC_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

const KEYS_EXAMPLES: &str = "\
A cluster gets another key in three steps, each on every node, and each when `list` shows that the one before is done
everywhere: install the new one, use it, remove the old one. `rotate` does that.

Examples:
  quidnunc keys gen --out new.key
  quidnunc keys install new.key
  quidnunc keys rotate new.key
  quidnunc keys list
  quidnunc keys use 8d1b5f0a
  quidnunc keys remove 03c7a9e2";

#[derive(Debug, Subcommand)]
#[command(after_help = KEYS_EXAMPLES)]
pub(super) enum KeysCommand {
    /// Prints a new key. Nothing else ever prints one.
    Gen {
        /// How long it is.
        #[arg(long, value_name = "BITS", default_value = "256", value_parser = ["128", "192", "256"])]
        bits: String,
        /// Puts it into a new file, which others cannot read, and shows only its fingerprint.
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Lists keys by their fingerprints, and how many members have them.
    List,
    /// Has this node open what is sealed with the keys of a file.
    Install {
        /// A file with a key per line; `-` is stdin.
        file: PathBuf,
    },
    /// Has this node seal with a key.
    Use {
        /// Its fingerprint.
        id: String,
        /// Also where members lack it, which cannot read this node then.
        #[arg(long)]
        force: bool,
    },
    /// Has this node forget a key.
    Remove {
        /// Its fingerprint.
        id: String,
        /// Also where members seal with it, which this node cannot read then.
        #[arg(long)]
        force: bool,
    },
    /// Does all three steps on all members, and says on stderr how far it is.
    ///
    /// Needs `--seal require` everywhere. Agents without --state read their --key-file at the start: give them the new one.
    /// Each step is waited for as --timeout says, without it two minutes. A member that is dead would miss the key, and is cut
    /// off when it comes back: ends with 1 and names it.
    Rotate {
        /// A file with the new key; `-` is stdin.
        file: PathBuf,
        /// Goes on although members are dead.
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Says what is wrong with a file, and where.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Prints a JSON Schema of the config file, for editors.
    Schema,
    /// Prints what an agent would start with, of flags, the environment and a file.
    Show(Box<AgentArgs>),
}

const MEMBERS_EXAMPLES: &str = "\
Examples:
  quidnunc members --status alive,suspect
  quidnunc members --tag role=db --long
  quidnunc members --watch            a line for every member, and for every change";

#[derive(Debug, Args)]
#[command(after_help = MEMBERS_EXAMPLES)]
pub(super) struct MembersArgs {
    /// Only those of whom this is believed; without it all but the removed.
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
