//! Who stands still, and how often, according to a `[[fault]]` with `kind = "pause"`?

use super::fault::Reader;
use super::mistake::{Mistake, Outcome};
use super::table::{Field, Section};
use super::units::duration_text;
use crate::scenario::{FaultKind, Repeats};

impl Reader<'_> {
    /// A process that never goes on is a crash, so that the end must be said.
    pub(super) fn pause(&self, section: &Section<'_>, at_ns: u64) -> Outcome<FaultKind> {
        section.need("for", "\"3s\"")?;
        Ok(FaultKind::Pause {
            target: self.selector(&section.need("target", "\"node:17\"")?)?,
            stops: section.opt("stops", |field| field.word())?.unwrap_or_default(),
            repeats: self.repeats(section, at_ns, "pause")?,
        })
    }

    /// What repeats begins anew as long as it is over by `until`. `name` is what messages call it.
    pub(super) fn repeats(&self, section: &Section<'_>, at_ns: u64, name: &str) -> Outcome<Repeats> {
        let (every, until) = (section.get("every"), section.get("until"));
        let Some(every) = every else {
            return match until {
                Some(field) => Err(field
                    .wrong(format!("a {name} that happens once has no `until`"), "leave out `until`, or add `every`")),
                None => Ok(Repeats::ONCE),
            };
        };
        let every_ns = every.some_time()?;
        let for_ns = section.opt("for", Field::some_time)?.ok_or_else(|| -> Mistake {
            every.wrong(
                format!("a {name} that never ends does not begin again"),
                "say how long it lasts: `for = \"3s\"`",
            )
        })?;
        if every_ns <= for_ns {
            return Err(every.wrong(
                format!("the next {name} would begin before this one is over"),
                format!("a {name} lasts {}; leave more time than that", duration_text(for_ns)),
            ));
        }
        let mut until_ns = self.run.duration_ns;
        if let Some(field) = until {
            until_ns = field.duration()?;
            if until_ns > self.run.duration_ns {
                return Err(field.wrong(
                    format!("the run ends before, at {}", duration_text(self.run.duration_ns)),
                    format!("leave out `until` if the {name}s go on to the end of the run"),
                ));
            }
            let first_ns = at_ns.saturating_add(for_ns);
            if until_ns < first_ns {
                return Err(field.wrong(
                    format!("the {name}s end before the first one is over"),
                    format!("it is over at {}; end then or later", duration_text(first_ns)),
                ));
            }
        }
        Ok(Repeats { every_ns, times: (until_ns - at_ns - for_ns) / every_ns + 1 })
    }
}
