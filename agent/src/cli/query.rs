//! What does everybody answer, as people read it?

use std::time::Duration;

use hyper::Method;
use quidnunc_terminal::plain;

use super::args::{QueryArgs, QueryCommand};
use super::client::{Client, json};
use super::failure::{Code, Failure};
use super::{Outcome, Streams};
use crate::duration::{millis, shown};
use crate::model::{Answered, Bytes, Done, QueryAnswer, QueryAsk, QueryEnded, QueryLine, Question, QuestionLine};

/// `quidnunc query`
pub(super) async fn query(args: QueryArgs, wait: Duration, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let QueryArgs { command, name, payload, domain, tag } = args;
    match command {
        Some(QueryCommand::Watch) => watch(client, streams).await,
        Some(QueryCommand::Answer { token, payload }) => {
            let answer = QueryAnswer { token, payload: Bytes::Text(payload) };
            let answer = client.post::<Done>("/v1/query/answer", &answer).await?;
            streams.show(&answer, |_| String::new())?;
            Ok(Code::Ok)
        }
        None => {
            let (name, payload) = (name.unwrap_or_default(), Bytes::Text(payload));
            let tag = (!tag.is_empty()).then(|| tag.join(","));
            let asked = QueryAsk { name, payload, wait_ms: millis(wait), domain, tag };
            ask(&asked, client, streams).await
        }
    }
}

async fn ask(asked: &QueryAsk, client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let mut lines = client.lines(Method::POST, "/v1/query", json(asked)?).await?;
    let mut code = None;
    while let Some(line) = lines.next::<QueryLine>().await? {
        if let QueryLine::Ended(QueryEnded { answers, of, .. }) = &line.says {
            code = Some(if answers < of { Code::Not } else { Code::Ok });
        }
        streams.show(&line, sentence)?;
    }
    code.ok_or_else(|| Failure::Broken("the query had not ended yet".into()))
}

fn sentence(line: &QueryLine) -> String {
    match line {
        QueryLine::Asked(_) => String::new(),
        QueryLine::Answer(Answered { who, payload }) => plain(&format!("{}: {}", who.shown(), payload.shown())) + "\n",
        QueryLine::Ended(QueryEnded { answers, of, missing }) if missing.is_empty() => format!("{answers} of {of}\n"),
        QueryLine::Ended(QueryEnded { answers, of, missing }) => {
            let missing: Vec<_> = missing.iter().map(|who| plain(&who.shown())).collect();
            format!("{answers} of {of}; no answer of {}\n", missing.join(", "))
        }
        QueryLine::Lost(count) => format!("{count} events were missed, answers perhaps among them\n"),
    }
}

async fn watch(client: &Client, streams: &mut Streams<'_>) -> Outcome {
    let mut lines = client.lines(Method::GET, "/v1/query/watch", Default::default()).await?;
    while let Some(line) = lines.next::<QuestionLine>().await? {
        streams.show(&line, |line| match line {
            QuestionLine::Watching(_) => String::new(),
            QuestionLine::Query(Question { asker, name, payload, window_ms, token }) => {
                let (asker, window) = (asker.shown(), shown(Duration::from_millis(*window_ms)));
                plain(&format!("{asker} asks {}: {} (within {window}, {token})", name.shown(), payload.shown())) + "\n"
            }
            QuestionLine::Lost(count) => format!("{count} events were missed\n"),
        })?;
    }
    Ok(Code::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Who;
    use expect_test::expect;

    #[test]
    fn answers_are_lines_and_their_number_is_the_last_one() {
        let who = |name: &str| Who { name: Some(name.into()), id: "00".into() };
        let answer = QueryLine::Answer(Answered { who: who("n1"), payload: Bytes::Text("up\n".into()) });
        let all = QueryLine::Ended(QueryEnded { answers: 12, of: 12, missing: Vec::new() });
        let some = QueryLine::Ended(QueryEnded { answers: 1, of: 3, missing: vec![who("n2"), who("n3")] });
        expect![[r#"
            n1: up\n
            12 of 12
            1 of 3; no answer of n2, n3
        "#]]
        .assert_eq(&[answer, all, some].iter().map(sentence).collect::<String>());
    }
}
