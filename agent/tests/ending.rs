//! How does an agent end, and what do the others hold of it then?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::os::unix::net::UnixDatagram;
use std::process::Stdio;

use common::{Folder, PATIENCE};
use rustix::process::Signal;

#[test]
fn a_goodbye_is_told_and_known() {
    let folder = Folder::new("leave");
    let n1 = folder.agent("n1", &[]);
    let mut n2 = folder.agent("n2", &[]);
    let mut n3 = folder.agent("n3", &[]);
    assert_eq!(n2.ask(&["join", &n1.addr()]).code, 0);
    assert_eq!(n3.json(&["join", &n1.addr()])["joined"], true);
    for agent in [&n1, &n2, &n3] {
        agent.until_alive(3);
    }
    let left = n3.ask(&["leave"]);
    assert_eq!((left.code, left.out.as_str()), (0, "left: 2 of 2 have confirmed\n"), "{left:?}");
    assert_eq!(n3.wait(), Some(0));
    assert!(!n3.socket().exists());
    n1.until(&["members", "--status", "left"], |answer| answer["members"][0]["name"] == "n3");

    n2.signal(Signal::TERM);
    assert_eq!(n2.wait(), Some(0));
    n1.until(&["members", "--status", "left"], |answer| answer["members"].as_array().unwrap().len() == 2);
    // Who has left is no trouble.
    n1.until_code(&["status"], 0);
}

#[test]
fn whoever_is_let_in_by_nobody_is_told_so() {
    let folder = Folder::new("alone");
    let n1 = folder.agent("n1", &[]);
    // Port 9 discards.
    let said = n1.ask(&["join", "127.0.0.1:9", "--timeout", "200ms"]);
    assert_eq!((said.code, said.out.contains("goes on asking")), (1, true), "{said:?}");
    let said = n1.ask(&["--json", "join", "127.0.0.1"]);
    assert_eq!((said.code, said.fault().as_str()), (2, "bad_address"));
}

#[test]
fn a_second_signal_does_not_wait() {
    let folder = Folder::new("signals");
    let n1 = folder.agent("n1", &[]);
    let mut n2 = folder.agent("n2", &["--seed", &n1.addr()]);
    n2.until_alive(2);
    // Who stands still confirms nothing, so that the goodbye would take its whole time.
    n1.signal(Signal::STOP);
    n2.signal(Signal::INT);
    n2.until_logged("a second signal ends this at once");
    n2.signal(Signal::INT);
    assert_eq!(n2.wait(), Some(0));
    assert!(n2.log().contains("not waiting for the goodbye"), "{}", n2.log());
    n1.signal(Signal::CONT);
}

#[test]
fn systemd_is_told_of_the_beginning_and_the_end() {
    let folder = Folder::new("systemd");
    let path = folder.0.join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let heard = || {
        let mut bytes = [0; 100];
        let len = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..len].to_vec()).unwrap()
    };
    let mut command = folder.program();
    command.args(["agent", "--name", "n1", "--bind", "127.0.0.1:0"]).env("NOTIFY_SOCKET", &path);
    let mut agent = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(heard().trim(), "READY=1");
    assert_eq!(folder.run(&["leave"]).code, 0);
    assert_eq!(heard().trim(), "STOPPING=1");
    assert_eq!(agent.wait().unwrap().code(), Some(0));
}
