//! What is wrong with gossip here, as people read it?

use std::time::Duration;

use quidnunc_terminal::plain;

use super::client::Client;
use super::failure::Code;
use super::{Outcome, Streams};
use crate::model::{Diagnosis, DoctorRequest, Finding, Verdict, Who};

/// An agent looks for less.
const PATIENCE: Duration = Duration::from_secs(40);

/// `quidnunc doctor`
pub(super) async fn doctor(member: Option<String>, client: Client, streams: &mut Streams<'_>) -> Outcome {
    let answer = client.patient(PATIENCE).post::<Diagnosis>("/v1/doctor", &DoctorRequest { member }).await?;
    streams.show(&answer, text)?;
    Ok(if answer.says.sound { Code::Ok } else { Code::Not })
}

fn text(Diagnosis { sound, helpers, findings }: &Diagnosis) -> String {
    let names: Vec<_> = helpers.iter().map(Who::shown).collect();
    let asked = match names[..] {
        [] => "nobody was asked".to_owned(),
        _ => format!("asked {}", names.join(", ")),
    };
    let said: String = findings.iter().map(of).collect();
    let end = if *sound { "nothing is broken" } else { "something is broken" };
    format!("{said}{end}; {}\n", plain(&asked))
}

fn of(Finding { check, verdict, says, help }: &Finding) -> String {
    let mark = match verdict {
        Verdict::Good => '✓',
        Verdict::Odd => '!',
        Verdict::Bad => '✗',
        Verdict::Unknown => '?',
    };
    let mut text = String::new();
    for (at, sentence) in says.iter().enumerate() {
        let head = if at == 0 { format!("{mark} {:<14}", check.word()) } else { " ".repeat(16) };
        text.push_str(&format!("{head} {}\n", plain(sentence)));
    }
    text.extend(help.iter().map(|help| format!("{} help: {}\n", " ".repeat(16), plain(help))));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Check;
    use expect_test::expect;

    #[test]
    fn each_answer_stands_beside_what_it_is_about() {
        let helpers = vec![Who { name: Some("n2".into()), id: String::new() }];
        let good =
            Finding { check: Check::Members, verdict: Verdict::Good, says: vec!["one other lives".into()], help: None };
        let says = vec!["none comes from n2".into(), "\u{1b}[2J".into()];
        let bad = Finding { check: Check::DatagramsIn, verdict: Verdict::Bad, says, help: Some("let UDP in".into()) };
        expect![[r#"
            ✓ members        one other lives
            ✗ datagrams in   none comes from n2
                             \u{1b}[2J
                             help: let UDP in
            something is broken; asked n2
        "#]]
        .assert_eq(&text(&Diagnosis { sound: false, helpers, findings: vec![good, bad] }));
    }
}
