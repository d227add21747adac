//! Does an agent say that it may act while it sees a majority, and no longer?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use common::Folder;

#[test]
fn an_agent_that_sees_no_majority_says_so() {
    let folder = Folder::new("quorum");
    let voters = ["--voter", "n1,n2,n3"];
    let n1 = folder.agent("n1", &voters);
    let said = n1.ask(&["quorum"]);
    assert_eq!((said.code, said.out.starts_with("not-in-quorum: too few votes")), (1, true), "{said:?}");
    let seed = ["--voter", "n1,n2,n3", "--seed", &n1.addr()];
    let (n2, n3) = (folder.agent("n2", &seed), folder.agent("n3", &seed));
    let report = n1.until(&["quorum"], |answer| answer["in_quorum"] == true && answer["seen"] == 3);
    assert_eq!((&report["needed"], &report["margin"]["members"]), (&2.into(), &1.into()));
    let one = serde_json::json!([{ "domain": null, "votes": 3, "seen": 3 }]);
    assert_eq!(report["domains"], one, "nobody has said where it stands");
    n1.until_code(&["status"], 0);
    drop((n2, n3));
    n1.until(&["quorum"], |answer| answer["in_quorum"] == false);
    let status = n1.ask(&["status"]);
    assert_eq!((status.code, status.out.contains("the quorum: ")), (1, true), "{status:?}");
}

#[test]
fn who_votes_is_named() {
    let folder = Folder::new("voters");
    let said = folder.try_agent("n1", &["--voter", "n1,b/n2", "--domain", "a"]).err().unwrap();
    assert_eq!((said.code, said.err.contains("as a/n1")), (2, true), "{said:?}");
    let n1 = folder.agent("n1", &["--voter", "a/n1", "--domain", "a"]);
    n1.until_code(&["quorum"], 0);
    assert_eq!(n1.json(&["quorum"])["domains"][0]["domain"], "a");
    drop(n1);
    let said = folder.try_agent("n4", &["--voter", "n1,n2,n3"]).err().unwrap();
    assert_eq!((said.code, said.err.contains("--voter")), (2, true), "{said:?}");
    let n1 = folder.agent("n1", &[]);
    let said = n1.ask(&["--json", "quorum"]);
    assert_eq!((said.code, said.fault().as_str()), (1, "no_quorum"));
}
