//! Does a node that runs as a task keep its word: answers, events as a stream, a stop that frees the address?

#![cfg(all(unix, feature = "tokio"))]
#![expect(clippy::unwrap_used, reason = "a test may end with a panic")]

mod common;

use std::pin::Pin;
use std::time::Duration;

use common::{LOOPBACK, PATIENCE};
use futures_core::Stream;
use quidnunc::tokio::{Events, Handle, spawn};
use quidnunc::{
    Config, Error, Event, Farewell, InfoSettings, InfoValue, KeyPattern, NodeId, Options, Rejected, RequestError,
    StreamLimits,
};
use tokio::time::timeout;

fn options(name: &str) -> Options {
    let infos = InfoSettings { interval: Duration::from_millis(200), ..InfoSettings::default() };
    let config = Config { streams: Some(StreamLimits::default()), infos: Some(infos), ..Config::local() };
    Options { config, ..Options::new(NodeId::from_name(name), LOOPBACK) }
}

async fn pair() -> ((Handle, Events), (Handle, Events)) {
    let ada = spawn(options("ada")).await.unwrap();
    let bob = spawn(options("bob")).await.unwrap();
    bob.0.join(&[ada.0.local_addr()]).await.unwrap();
    (ada, bob)
}

/// The next event that says just this.
async fn event<T>(events: &mut Events, of: impl Fn(Event) -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = of(events.recv().await.expect("the node runs")) {
                return found;
            }
        }
    };
    timeout(PATIENCE, found).await.expect("it comes")
}

/// Asks again until the answer is right; every question takes the node a turn.
async fn until<F: Future<Output = bool>>(mut reached: impl FnMut() -> F) {
    timeout(PATIENCE, async { while !reached().await {} }).await.expect("it comes to that");
}

#[tokio::test]
async fn what_one_task_says_another_hears() {
    let ((ada, mut told), (bob, _)) = pair().await;
    let (a, b) = (ada.identity().id, bob.identity().id);
    event(&mut told, |event| matches!(event, Event::Member(change) if change.id == b).then_some(())).await;
    until(async || bob.read(move |driver| driver.view().health(a).is_some()).await.unwrap()).await;

    ada.put(b"role", b"primary", None).await.unwrap();
    until(async || bob.get(a, b"role").await.unwrap().as_deref() == Some(&b"primary"[..])).await;
    ada.delete(b"role").await.unwrap();
    until(async || bob.get(a, b"role").await.unwrap().is_none()).await;

    assert!(bob.ping(a).await.unwrap().is_some(), "on loopback it takes less than a period");
    bob.send(a, b"a letter").await.unwrap();
    let letter =
        event(&mut told, |event| if let Event::Message { bytes, .. } = event { Some(bytes) } else { None }).await;
    assert_eq!(&*letter, b"a letter");

    // It may be lost, but on loopback hardly all of many are.
    for _ in 0..20 {
        bob.send_note(a, b"by the way").await.unwrap();
    }
    let note =
        event(&mut told, |event| if let Event::Note { from, bytes } = event { Some((from, bytes)) } else { None });
    assert_eq!(note.await, (b, b"by the way"[..].into()));

    bob.add_info(b"leader", InfoValue::Text("bob"), None).await.unwrap();
    let leader = async || ada.infos(KeyPattern::exact(b"leader")).await.unwrap();
    until(async || !leader().await.is_empty()).await;
    let [info] = &leader().await[..] else { panic!("one key, one info") };
    assert_eq!((info.value.view(), info.origin), (InfoValue::Text("bob"), b));
    assert_eq!(ada.members().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_refusal_and_an_end_come_back() {
    let (node, mut events) = spawn(options("ada")).await.unwrap();
    assert_eq!(node.join(&[]).await, Err(RequestError::Refused(Rejected::NoSeeds)));
    assert_eq!(node.leave().await, Ok(Farewell::default()), "alone, it waits for nobody");
    event(&mut events, |event| (event == Event::Left(Farewell::default())).then_some(())).await;
    assert_eq!(node.leave().await, Err(RequestError::Refused(Rejected::HasLeft)));
    let addr = node.local_addr();
    node.stop().await.unwrap();
    while events.recv().await.is_some() {}
    let (again, _) = spawn(Options { bind: addr, ..options("ada") }).await.unwrap();
    let taken = spawn(Options { bind: addr, ..options("bob") }).await;
    assert!(matches!(taken, Err(Error::Bind { addr: it, .. }) if it == addr), "{taken:?}");
    drop(again);
}

#[tokio::test]
async fn a_task_that_broke_says_so() {
    let (node, mut events) = spawn(options("ada")).await.unwrap();
    let asked: Result<(), _> = node.read(|_| panic!("on purpose")).await;
    assert_eq!(asked, Err(RequestError::Stopped));
    assert_eq!(events.recv().await, None);
    assert_eq!(node.members().await, Err(RequestError::Stopped));
    let stopped = tokio::spawn(node.stop()).await.unwrap_err().into_panic();
    assert_eq!(stopped.downcast_ref(), Some(&"on purpose"));
}

#[tokio::test]
async fn a_dropped_handle_ends_the_events() {
    let (node, mut events) = spawn(options("ada")).await.unwrap();
    drop(node);
    let next = std::future::poll_fn(|context| Pin::new(&mut events).poll_next(context));
    assert_eq!(timeout(PATIENCE, next).await.expect("it comes"), None, "no goodbye");
}

#[tokio::test]
async fn requests_of_many_tasks_are_all_answered() {
    let (node, _events) = spawn(options("ada")).await.unwrap();
    let node = std::sync::Arc::new(node);
    let asked: Vec<_> = (0..500u32)
        .map(|key| {
            let node = std::sync::Arc::clone(&node);
            tokio::spawn(async move { node.watch(&key.to_le_bytes()).await })
        })
        .collect();
    let mut refused = 0;
    for answer in asked {
        refused += u32::from(answer.await.unwrap().is_err());
    }
    assert!(refused < 500, "some fit");
}

#[tokio::test]
async fn who_reads_no_events_has_answers_and_loses_no_letter() {
    let config = Config { events_max: 1, ..options("ada").config };
    let (ada, mut told) = spawn(Options { config, ..options("ada") }).await.unwrap();
    let (bob, _) = spawn(options("bob")).await.unwrap();
    bob.join(&[ada.local_addr()]).await.unwrap();
    let (a, b) = (ada.identity().id, bob.identity().id);
    until(async || bob.read(move |driver| driver.view().health(a).is_some()).await.unwrap()).await;
    until(async || ada.read(move |driver| driver.view().health(b).is_some()).await.unwrap()).await;
    // More than there are places for ends of pings, while nobody reads.
    for _ in 0..200 {
        ada.ping(b).await.unwrap();
    }
    let writer = tokio::spawn(async move {
        let mut sent = Vec::new();
        for letter in 0..20u8 {
            if bob.send(a, &[letter]).await.is_ok() {
                sent.push(letter);
            }
        }
        sent
    });
    let mut came = Vec::new();
    while came.last() != Some(&19) {
        came.push(
            event(&mut told, |event| if let Event::Message { bytes, .. } = event { Some(bytes[0]) } else { None })
                .await,
        );
    }
    assert_eq!(came, writer.await.unwrap(), "each that was confirmed, in order");
}
