//! What happens, as people read it?

use hyper::Method;
use quidnunc_terminal::plain;

use super::args::EventCommand;
use super::client::{Client, query};
use super::failure::Code;
use super::{Outcome, Streams};
use crate::duration::millis;
use crate::model::{Bytes, Done, EventLine, EventSend, Happening, MonitorLine, UserEvent};

/// `quidnunc monitor`
pub(super) async fn monitor(kinds: &[String], client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let kind = (!kinds.is_empty()).then(|| kinds.join(","));
    let path = query("/v1/monitor", &[("kind", kind.as_deref())]);
    let mut lines = client.lines(Method::GET, &path, Default::default()).await?;
    while let Some(line) = lines.next::<MonitorLine>().await? {
        streams.show(&line, |line| match line {
            MonitorLine::Watching(_) => String::new(),
            MonitorLine::Event(happening) => sentence(happening),
            MonitorLine::Lost(count) => format!("{count} events were missed\n"),
        })?;
    }
    Ok(Code::Ok)
}

fn sentence(Happening { at_ms, kind, text, because, .. }: &Happening) -> String {
    let because = because.join("; ");
    let because = if because.is_empty() { because } else { format!(" ({because})") };
    format!("{} {kind:<8} {}\n", time_of_day(*at_ms), plain(&format!("{text}{because}")))
}

/// Hours, minutes and seconds, UTC: what a glance needs; JSON has the whole instant.
fn time_of_day(at_ms: u64) -> String {
    let seconds = at_ms / 1000;
    format!("{:02}:{:02}:{:02}.{:03}Z", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60, at_ms % 1000)
}

/// `quidnunc event`
pub(super) async fn event(command: EventCommand, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    match command {
        EventCommand::Send { name, payload, ttl } => {
            let ttl_ms = millis(ttl);
            let event = EventSend { name, payload: Bytes::Text(payload), ttl_ms };
            let answer = client.post::<Done>("/v1/event", &event).await?;
            streams.show(&answer, |_| String::new())?;
        }
        EventCommand::Watch => {
            let mut lines = client.lines(Method::GET, "/v1/event/watch", Default::default()).await?;
            while let Some(line) = lines.next::<EventLine>().await? {
                streams.show(&line, |line| match line {
                    EventLine::Watching(_) => String::new(),
                    EventLine::Event(UserEvent { origin, name, payload, .. }) => {
                        plain(&format!("{} {}: {}", origin.shown(), name.shown(), payload.shown())) + "\n"
                    }
                    EventLine::Lost(count) => format!("{count} events were missed\n"),
                })?;
            }
        }
    }
    Ok(Code::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn an_event_is_one_line() {
        let because = vec!["it did not answer this node".into(), "accused by n2".into()];
        let text = "n3 at 10.0.0.3:7946 is suspect, was alive\n".into();
        let kind = "member".into();
        let happening = Happening { at_ms: 45_296_789, kind, about: None, text, because, detail: Default::default() };
        expect![[r#"
            12:34:56.789Z member   n3 at 10.0.0.3:7946 is suspect, was alive\n (it did not answer this node; accused by n2)
        "#]].assert_eq(&sentence(&happening));
    }
}
