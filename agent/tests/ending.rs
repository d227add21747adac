//! How does an agent end, and what do the others hold of it then?

#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Folder, PATIENCE};
use rustix::process::Signal;

/// A pipe with a name: whoever opens one of its ends waits for somebody at the other.
fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

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

/// That the node has others already is no answer to whether these let it in.
#[test]
fn a_join_by_name_asks_that_name_also_from_within_a_cluster() {
    let folder = Folder::new("names");
    let n1 = folder.agent("n1", &[]);
    let n2 = folder.agent("n2", &["--seed", &n1.addr()]);
    n2.until_alive(2);
    let n3 = folder.agent("n3", &[]);
    let by_name = |addr: String| format!("localhost:{}", addr.rsplit_once(':').unwrap().1);
    let said = n2.ask(&["join", "localhost:9", "--timeout", "200ms"]);
    assert_eq!((said.code, said.out.contains("nobody has let this node in")), (1, true), "{said:?}");
    assert_eq!(n2.json(&["join", &by_name(n3.addr()), "--timeout", "60s"])["joined"], true);
    for agent in [&n1, &n2, &n3] {
        agent.until_alive(3);
    }
    // Reserved: no such name is ever known (RFC 6761).
    let said = n2.ask(&["--json", "join", "nobody.invalid:7946"]);
    assert_eq!((said.code, said.fault().as_str()), (1, "unresolved"));
    let some = n2.json(&["join", "nobody.invalid:7946", &by_name(n3.addr()), "--timeout", "60s"]);
    assert_eq!((&some["joined"], &some["unresolved"][0]), (&true.into(), &"nobody.invalid:7946".into()));
}

#[test]
fn a_second_signal_does_not_wait() {
    let folder = Folder::new("signals");
    let n1 = folder.agent("n1", &[]);
    for (name, signal) in [("n2", Signal::TERM), ("n3", Signal::INT)] {
        let mut agent = folder.agent(name, &["--seed", &n1.addr()]);
        agent.until_alive(2);
        // Who stands still confirms nothing, so that the goodbye would take its whole time.
        n1.signal(Signal::STOP);
        agent.signal(signal);
        agent.until_logged("a second signal ends this at once");
        agent.signal(signal);
        assert_eq!(agent.wait(), Some(0));
        assert!(agent.log().contains("not waiting for the goodbye"), "{}", agent.log());
        n1.signal(Signal::CONT);
        n1.until_alive(1);
    }
}

/// Scripts made for serf send it.
#[test]
fn the_signal_for_serfs_metrics_ends_nothing() {
    let folder = Folder::new("usr1");
    let mut n1 = folder.agent("n1", &[]);
    n1.signal(Signal::USR1);
    n1.until_logged("SIGUSR1 writes nothing here");
    assert_eq!(n1.ask(&["leave"]).code, 0);
    assert_eq!(n1.wait(), Some(0));
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

#[test]
fn a_signal_does_not_cut_a_goodbye_short_that_somebody_has_asked_for() {
    let folder = Folder::new("polite");
    let n1 = folder.agent("n1", &[]);
    let mut n2 = folder.agent("n2", &["--seed", &n1.addr()]);
    let n3 = folder.agent("n3", &["--seed", &n1.addr()]);
    for agent in [&n1, &n2, &n3] {
        agent.until_alive(3);
    }
    // One of the two confirms; the other one stands still, so that the goodbye goes on.
    n1.signal(Signal::STOP);
    let mut leaving = n2.watch(&["leave"]);
    leaving.until(|line| line["leaving"]["peers"] == 1);
    n2.signal(Signal::TERM);
    n2.until_logged("a goodbye is under way already");
    n1.signal(Signal::CONT);
    leaving.until(|line| line["left"]["of"].is_number());
    assert_eq!(n2.wait(), Some(0));
}

#[test]
fn a_signal_is_heard_while_the_agent_begins() {
    let folder = Folder::new("beginning");
    // Whoever opens it to lock it waits for a reader.
    fifo(&folder.0.join("n1.state.lock"));
    let mut command = folder.program();
    command.args(["agent", "--name", "n1", "--bind", "127.0.0.1:0", "--state", "n1.state", "--log-level", "debug"]);
    let mut agent = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&agent);
    let mut lines = BufReader::new(agent.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("beginning"), "it hears signals from now on");
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    assert!(lines.next().unwrap().unwrap().contains("ended before it had begun"));
    assert_eq!(agent.wait().unwrap().code(), Some(0));
}

#[test]
fn a_signal_is_heard_while_a_file_is_read_again() {
    let folder = Folder::new("rereading");
    let file = folder.file("agent.toml", "tag = { role = 'db' }\n");
    let mut n1 = folder.agent("n1", &["--config", &file]);
    std::fs::remove_file(&file).unwrap();
    fifo(Path::new(&file));
    n1.signal(Signal::HUP);
    // It has opened the file, and waits for what is in there.
    let writer = OpenOptions::new().write(true).open(&file).unwrap();
    assert_eq!(n1.ask(&["tags", "ls"]).out, "role=db\n", "it still answers");
    n1.signal(Signal::TERM);
    assert_eq!(n1.wait(), Some(0));
    drop(writer);
}

#[test]
fn a_file_that_changes_while_it_is_read_again_is_read_once_more() {
    let folder = Folder::new("twice");
    let file = folder.file("agent.toml", "tag = { role = 'db' }\n");
    let n1 = folder.agent("n1", &["--config", &file]);
    std::fs::remove_file(&file).unwrap();
    fifo(Path::new(&file));
    n1.signal(Signal::HUP);
    let mut writer = OpenOptions::new().write(true).open(&file).unwrap();
    // What is opened is another file from here on.
    std::fs::remove_file(&file).unwrap();
    folder.file("agent.toml", "tag = { role = 'web' }\n");
    n1.signal(Signal::HUP);
    // By its answer the agent has turned, and has heard the signal.
    assert_eq!(n1.ask(&["tags", "ls"]).out, "role=db\n");
    writer.write_all(b"tag = { role = 'cache' }\n").unwrap();
    drop(writer);
    n1.until(&["tags", "ls"], |answer| answer["tags"]["role"] == "web");
}

#[test]
fn an_agent_whose_log_nobody_reads_still_answers() {
    let folder = Folder::new("stalled");
    let (reader, mut writer) = std::io::pipe().unwrap();
    let bytes = rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    writer.write_all(&vec![b'x'; bytes]).unwrap();
    let mut command = folder.program();
    command.args(["agent", "--name", "n1", "--bind", "127.0.0.1:0", "--profile", "local"]);
    let mut agent = command.stdout(Stdio::piped()).stderr(writer).spawn().unwrap();
    // Drops the end that it was given.
    drop(command);
    let mut lines = BufReader::new(agent.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("n1 listens at"));
    assert_eq!(folder.run(&["status"]).code, 0);
    assert_eq!(folder.run(&["kv", "set", "a", "b"]).code, 0);
    // Whoever reads on finds all that was said.
    let reading = std::thread::spawn(|| std::io::read_to_string(reader).unwrap());
    assert_eq!(folder.run(&["leave"]).code, 0);
    assert_eq!(agent.wait().unwrap().code(), Some(0));
    let text = reading.join().unwrap();
    assert!(text.contains("started") && text.contains("ending"), "{text}");
}

#[test]
fn an_agent_whose_last_words_nobody_reads_still_ends() {
    let folder = Folder::new("unheard");
    let (_reader, mut writer) = std::io::pipe().unwrap();
    let bytes = rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    writer.write_all(&vec![b'x'; bytes]).unwrap();
    let mut command = folder.program();
    command.args(["agent", "--name", "n1", "--bind", "127.0.0.1:0", "--key-file", "/nowhere"]);
    let mut agent = command.stdout(Stdio::null()).stderr(writer).spawn().unwrap();
    let deadline = std::time::Instant::now() + PATIENCE;
    let code = loop {
        match agent.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if std::time::Instant::now() > deadline => break None,
            None => std::thread::yield_now(),
        }
    };
    // The end of a test that has failed.
    let _ = agent.kill();
    assert_eq!(code, Some(2));
}
