//! What does an agent do that is asked to look at another one?
//!
//! It goes where its own record of the other one points, and nowhere else, for a few at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quidnunc::{Health, NodeId};

use super::dial;
use super::letters::{Report, Words};
use crate::api::Agent;
use crate::hub::wall_ms;

/// An answer by letter is given up after this.
const ANSWER_MAX: Duration = Duration::from_secs(3);

impl Agent {
    /// Does what a member asks, unless too many ask.
    pub(super) fn help(self: &Arc<Self>, asker: NodeId, words: Words) {
        let Ok(permit) = Arc::clone(&self.doctor.helping).try_acquire_owned() else {
            tracing::debug!(%asker, "too many ask to be looked at");
            return;
        };
        let agent = Arc::clone(self);
        tokio::spawn(async move {
            match words {
                Words::Ask { number, full, .. } => agent.confirm(asker, number, full).await,
                Words::Examine { number } => agent.report_on(asker, number).await,
                // Nobody asks so.
                Words::Heard { .. } | Words::Report { .. } => {}
            }
            drop(permit);
        });
    }

    /// Says both ways that a note has come. Whether that arrives is what the other one wants to know.
    async fn confirm(&self, asker: NodeId, number: u64, full: bool) {
        let words = Words::Heard { number, pad: String::new() };
        let _ = self.say_by_note(asker, &words, full).await;
        let _ = self.say_by_letter(asker, words, ANSWER_MAX).await;
    }

    async fn report_on(&self, asker: NodeId, number: u64) {
        let Ok(Some(record)) = self.node.read(move |driver| driver.view().member(asker)).await else { return };
        let (dial, doubts) = (dial(record.addr).await, record.health != Health::Alive);
        let accusations = self.doctor.memory.about(asker, Instant::now());
        let report = Report { unix_ms: wall_ms(), dial, doubts, accusations };
        let brief = Words::Report { number, report: report.brief() };
        let _ = self.say_by_note(asker, &brief, false).await;
        let _ = self.say_by_letter(asker, Words::Report { number, report }, ANSWER_MAX).await;
    }
}
