//! Are settings and configurations of the quorum that mean nothing reported?

use expect_test::{Expect, expect};
use quidnunc_sim::scenario::{
    Active, Ballot, Configure, Count, Electorate, FaultKind, Is, Look, LossIs, Metric, Op, QuorumKeys, QuorumLooks,
    QuorumProvider, Repeats, Selector, StandingIs, SuspectDownKeys, parse,
};

use super::{refused, replaced};

const FILE: &str = r#"format = 1
name = "quorum"
about = "who may act"
run = { duration = "60s" }
nodes = { count = 6, domains = 3 }

[protocol.quorum]
provider = "weighted"
breaks_ties = true
lease = "4s"
stable_after = "9s"
quorum_timeout = "30s"
looks = "always"
suspect_down = { asks = 2, patience = "500ms", probation = "1m" }
members_max = 70_000

[[configure]]
at = "0s"
nodes = "all"
voters = ["node:0", { nodes = { pick = "random", count = 2 }, votes = 3 }, { nodes = "all", votes = 0 }]
domains = "all"

[[configure]]
at = "20s"
nodes = ["node:1", "node:2"]
voters = "self"

[[configure]]
at = "20s"
nodes = "node:3"
domains = [1, 3]

[[configure]]
at = "30s"
nodes = "node:5"
epoch = 9
voters = "all"

[[fault]]
id = "bye"
kind = "leave"
target = { pick = "first", count = 2 }
at = "10s"
restart = "5s"

[[fault]]
id = "flap"
kind = "partition"
shape = "random-halves"
at = "31s"
for = "2s"
every = "5s"
until = "50s"

[[expect]]
metric = "standing"
nodes = ["node:0", "fault:bye.target"]
at = "60s"
is = "suspect-not-in-quorum"

[[expect]]
id = "gone"
metric = "loss"
nodes = "all"
of = "node:1"
at = "15s"
is = "suspect-down"
equals = 5

[[expect]]
id = "back"
metric = "quorum.gained"
nodes = "fault:bye.target"
after = "bye.end"
max = "9s"
"#;

pub(crate) fn wrong(old: &str, new: &str, message: &Expect) {
    replaced(FILE, old, new, message);
}

const S: u64 = 1_000_000_000;

#[test]
fn what_is_right_is_understood() {
    let scenario = parse("quorum.toml", FILE).unwrap_or_else(|mistake| panic!("{mistake}"));
    let keys = QuorumKeys {
        provider: Some(QuorumProvider::Weighted),
        breaks_ties: Some(true),
        lease_ns: Some(Some(4 * S)),
        stable_after_ns: Some(9 * S),
        quorum_timeout_ns: Some(30 * S),
        looks: Some(QuorumLooks::Always),
        suspect_down: Some(Some(SuspectDownKeys {
            asks: Some(2),
            patience_ns: Some(S / 2),
            probation_ns: Some(60 * S),
        })),
        members_max: Some(70_000),
    };
    assert_eq!(scenario.protocol.quorum, Some(keys));
    let ballot = |nodes, votes| Ballot { nodes, votes };
    let voters = Electorate::Nodes(vec![
        ballot(Selector::Node(0), 1),
        ballot(Selector::Random(Count::Nodes(2)), 3),
        ballot(Selector::All, 0),
    ]);
    let all = Electorate::Nodes(vec![ballot(Selector::All, 1)]);
    let told = |at, nodes, epoch, voters, domains| Configure { at_ns: at * S, nodes, epoch, voters, domains };
    assert_eq!(
        scenario.configures,
        [
            told(0, vec![Selector::All], 1, Some(voters), Some(Active::All)),
            told(20, vec![Selector::Node(1), Selector::Node(2)], 2, Some(Electorate::Itself), None),
            told(20, vec![Selector::Node(3)], 2, None, Some(Active::These(vec![1, 3]))),
            told(30, vec![Selector::Node(5)], 9, Some(all), None),
        ]
    );
    let FaultKind::Crash { says_goodbye, restart_after_ns, .. } = scenario.faults[0].kind else { panic!("it stops") };
    assert_eq!((says_goodbye, restart_after_ns), (true, Some(5 * S)));
    let FaultKind::Partition { repeats, .. } = scenario.faults[1].kind else { panic!("it is a partition") };
    assert_eq!((repeats, scenario.fault_end_ns(1)), (Repeats { every_ns: 5 * S, times: 4 }, Some(48 * S)));
    let [standing, loss, gained] = scenario.expects.as_slice() else { panic!("there are three") };
    let look = |at, of, is| Some(Look { at_ns: at * S, of, is });
    assert_eq!(standing.look, look(60, Vec::new(), Is::Standing(StandingIs::SuspectNotInQuorum)));
    assert_eq!(
        (standing.nodes.as_slice(), standing.op, standing.bound),
        (&[Selector::Node(0), Selector::SameAs(0)][..], Op::Max, 0)
    );
    assert_eq!(loss.look, look(15, vec![Selector::Node(1)], Is::Loss(LossIs::SuspectDown)));
    assert_eq!((loss.op, loss.bound, loss.metric), (Op::Equals, 5, Metric::Loss));
    assert_eq!((gained.nodes.as_slice(), &gained.look), (&[Selector::SameAs(0)][..], &None));
}

#[test]
fn what_can_be_absent_is_understood() {
    let quorum = |keys: &str| {
        let head = "format = 1\nname = \"q\"\nabout = \"q\"\nrun = { duration = \"60s\" }\nnodes = { count = 3 }\n";
        parse("quorum.toml", &format!("{head}[protocol]\n{keys}"))
            .unwrap_or_else(|mistake| panic!("{mistake}"))
            .protocol
            .quorum
    };
    assert_eq!(quorum(""), None);
    assert_eq!(quorum("profile = \"quorum-store\""), Some(QuorumKeys::default()));
    assert_eq!(quorum("quorum = {}"), Some(QuorumKeys::default()));
    let none = QuorumKeys { lease_ns: Some(None), suspect_down: Some(None), ..QuorumKeys::default() };
    assert_eq!(quorum("quorum = { lease = \"none\", suspect_down = \"none\" }"), Some(none));
    let fixed = QuorumKeys { provider: Some(QuorumProvider::Static(3)), ..QuorumKeys::default() };
    assert_eq!(quorum("quorum = { provider = \"static\", needed = 3 }"), Some(fixed));
}

#[test]
fn an_unknown_provider() {
    wrong(
        "\"weighted\"",
        "\"weihgted\"",
        &expect![[r#"
        error: unknown provider `weihgted` in `quorum`
         --> crash.toml:8:12
          |
        8 | provider = "weihgted"
          |            ^^^^^^^^^^
          |
          = help: did you mean `weighted`?"#]],
    );
}

#[test]
fn a_static_number_that_is_missing_or_not_wanted() {
    wrong(
        "\"weighted\"",
        "\"static\"",
        &expect![[r#"
        error: missing key `needed` in `quorum`
         --> crash.toml:7:1
          |
        7 | [protocol.quorum]
          | ^^^^^^^^^^^^^^^^^
          |
          = help: add, for example, `needed = 3`"#]],
    );
    wrong(
        "\"weighted\"",
        "\"weighted\"\nneeded = 3",
        &expect![[r#"
        error: only a static provider needs a number
         --> crash.toml:9:10
          |
        9 | needed = 3
          |          ^
          |
          = help: write `provider = "static"`"#]],
    );
}

#[test]
fn a_configuration_where_there_is_no_quorum() {
    let start = FILE.find("[protocol.quorum]").expect("there is one");
    let end = FILE.find("[[configure]]").expect("there is one");
    refused(
        &format!("{}{}", &FILE[..start], &FILE[end..]),
        &expect![[r#"
        error: nodes of this file have no quorum
         --> crash.toml:7:1
          |
        7 | [[configure]]
          | ^^^^^^^^^^^^^
          |
          = help: write `profile = "quorum-store"` or `quorum = { provider = "majority" }` in [protocol]"#]],
    );
}

#[test]
fn a_metric_of_the_quorum_where_there_is_none() {
    super::changed(
        "metric = \"detection.dead\"",
        "metric = \"quorum.both_sides\"",
        &expect![[r#"
        error: `quorum.both_sides` measures the quorum, and nodes of this file have none
          --> crash.toml:32:10
           |
        32 | metric = "quorum.both_sides"
           |          ^^^^^^^^^^^^^^^^^^^
           |
           = help: write `profile = "quorum-store"` or `quorum = { provider = "majority" }` in [protocol]"#]],
    );
}

#[test]
fn configurations_that_come_too_late_or_in_another_order() {
    wrong(
        "at = \"30s\"",
        "at = \"60s\"",
        &expect![[r#"
        error: nobody is ever told: the run ends at 60s
          --> crash.toml:34:6
           |
        34 | at = "60s"
           |      ^^^^^
           |
           = help: make the run longer, or the times shorter"#]],
    );
    wrong(
        "at = \"30s\"",
        "at = \"19s\"",
        &expect![[r#"
        error: the table before is told later, at 20s
          --> crash.toml:34:6
           |
        34 | at = "19s"
           |      ^^^^^
           |
           = help: write the tables in the order of time"#]],
    );
}

#[test]
fn an_epoch_that_does_not_rise() {
    wrong(
        "epoch = 9",
        "epoch = 1",
        &expect![[r#"
        error: a node of these has epoch 1 already, and would refuse epoch 1
          --> crash.toml:36:9
           |
        36 | epoch = 1
           |         ^
           |
           = help: write `epoch = 2`, or name others"#]],
    );
    wrong(
        "nodes = \"node:3\"",
        "nodes = \"node:2\"",
        &expect![[r#"
        error: a node of these has epoch 2 already, and would refuse epoch 2
          --> crash.toml:30:9
           |
        30 | nodes = "node:2"
           |         ^^^^^^^^
           |
           = help: write `epoch = 3`, or name others"#]],
    );
}

#[test]
fn a_configuration_that_says_nothing() {
    wrong(
        "nodes = \"node:3\"\ndomains = [1, 3]",
        "nodes = \"node:3\"",
        &expect![[r#"
        error: these are told nothing
          --> crash.toml:30:9
           |
        30 | nodes = "node:3"
           |         ^^^^^^^^
           |
           = help: add `voters`, `domains` or both"#]],
    );
}

#[test]
fn a_voter_that_is_named_twice() {
    wrong(
        "[\"node:0\", { nodes",
        "[\"node:0\", \"node:0\", { nodes",
        &expect![[r#"
        error: a node of these is named already
          --> crash.toml:20:21
           |
        20 | voters = ["node:0", "node:0", { nodes = { pick = "random", count = 2 }, votes = 3 }, { nodes = "all", votes = 0 }]
           |                     ^^^^^^^^
           |
           = help: name each once"#]],
    );
}

#[test]
fn several_votes_where_all_are_alike() {
    wrong(
        "\"weighted\"",
        "\"majority\"",
        &expect![[r#"
        error: nobody has 3 votes where all votes are alike
          --> crash.toml:20:71
           |
        20 | voters = ["node:0", { nodes = { pick = "random", count = 2 }, votes = 3 }, { nodes = "all", votes = 0 }]
           |                                                                       ^
           |
           = help: write `provider = "weighted"` in `quorum`, or 1, or 0 for one that only looks on"#]],
    );
}

#[test]
fn whoever_is_told_of_a_list_without_itself() {
    wrong(
        "voters = \"self\"",
        "voters = [\"node:1\"]",
        &expect![[r#"
        error: node 2 is told of a list that it is not on, which it refuses
          --> crash.toml:26:10
           |
        26 | voters = ["node:1"]
           |          ^^^^^^^^^^
           |
           = help: add "node:2", or { nodes = "node:2", votes = 0 } if it only looks on"#]],
    );
}

#[test]
fn domains_that_are_none() {
    wrong(
        "domains = [1, 3]",
        "domains = [1, 4]",
        &expect![[r#"
        error: `domains` in [[configure]] is out of range: 4
          --> crash.toml:31:15
           |
        31 | domains = [1, 4]
           |               ^
           |
           = help: it must be in 1 ..= 3"#]],
    );
    wrong(
        "domains = [1, 3]",
        "domains = [3, 3]",
        &expect![[r#"
        error: domain 3 is named already
          --> crash.toml:31:15
           |
        31 | domains = [3, 3]
           |               ^
           |
           = help: name each once"#]],
    );
    wrong(
        "count = 6, domains = 3",
        "count = 6",
        &expect![[r#"
        error: nodes of this file are in no domain
          --> crash.toml:21:11
           |
        21 | domains = "all"
           |           ^^^^^
           |
           = help: write `domains = 3` in [nodes], and 256 at most"#]],
    );
}
