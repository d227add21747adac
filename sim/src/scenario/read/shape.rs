//! Into which groups does a partition split the nodes?

use super::fault::Reader;
use super::mistake::{Mistake, Outcome};
use super::overlap::surely_share;
use super::table::{Field, Section};
use crate::scenario::words::words;
use crate::scenario::{Direction, FaultKind, Selector, Shape};

/// How many groups a partition may name.
const GROUPS: core::ops::RangeInclusive<usize> = 2..=8;

/// How the list of groups is written.
const EXAMPLE: &str = "[\"node:0\", { pick = \"random\", count = \"30%\" }]";

/// The words for the shapes of partitions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ShapeWord {
    Halves,
    RandomHalves,
    Isolate,
    Groups,
}

words!(ShapeWord {
    Halves = "halves",
    RandomHalves = "random-halves",
    Isolate = "isolate",
    Groups = "groups",
});

impl Reader<'_> {
    pub(super) fn partition(&self, section: &Section<'_>, at_ns: u64) -> Outcome<FaultKind> {
        let shape_field = section.need("shape", "\"halves\"")?;
        let word = shape_field.word()?;
        for (key, owner) in [("target", ShapeWord::Isolate), ("groups", ShapeWord::Groups)] {
            if let Some(field) = section.get(key).filter(|_| word != owner) {
                let owner = owner.name();
                return Err(field.wrong(
                    format!("only a partition with shape = \"{owner}\" has {key}"),
                    format!("leave out `{key}`, or write `shape = \"{owner}\"`"),
                ));
            }
        }
        let direction = section.opt("direction", |f| direction(f, word))?.unwrap_or(Direction::Both);
        let shape = match word {
            ShapeWord::Halves | ShapeWord::RandomHalves if self.nodes < 2 => return Err(self.one_sided(&shape_field)),
            ShapeWord::Halves => Shape::Halves,
            ShapeWord::RandomHalves => Shape::RandomHalves,
            ShapeWord::Isolate => {
                let field = section.need("target", "\"node:17\"")?;
                let target = self.selector(&field)?;
                if target.size(self.earlier, self.nodes) >= self.nodes {
                    return Err(self.one_sided(&field));
                }
                Shape::Isolate(target)
            }
            ShapeWord::Groups => Shape::Groups(self.groups(&section.need("groups", EXAMPLE)?)?),
        };
        let repeats = self.repeats(section, at_ns, "partition")?;
        Ok(FaultKind::Partition { shape, direction, repeats })
    }

    fn groups(&self, field: &Field<'_>) -> Outcome<Vec<Selector>> {
        let mut groups: Vec<Selector> = Vec::new();
        let mut nodes = 0;
        for entry in field.list(GROUPS, EXAMPLE)? {
            let group = self.selector(&entry)?;
            nodes += u64::from(group.size(self.earlier, self.nodes));
            // Random picks keep out of each other's way; there only have to be enough nodes for all.
            let picked = |selector: &Selector| matches!(selector, Selector::Random(_));
            let meets = |other: &Selector| {
                !picked(other) && !picked(&group) && surely_share(&group, self.earlier, other, self.earlier, self.nodes)
            };
            if nodes > u64::from(self.nodes) || groups.iter().any(meets) {
                return Err(entry.wrong(
                    "this group shares nodes with those before it",
                    format!("there are {} nodes, and each can be in one group only", self.nodes),
                ));
            }
            groups.push(group);
        }
        Ok(groups)
    }

    fn one_sided(&self, field: &Field<'_>) -> Mistake {
        field.wrong(
            "this partition leaves nobody on the other side",
            format!("there are {} nodes; each side needs one at least", self.nodes),
        )
    }
}

fn direction(field: &Field<'_>, shape: ShapeWord) -> Outcome<Direction> {
    let direction = field.word()?;
    if shape == ShapeWord::Groups && direction != Direction::Both {
        return Err(field.wrong(
            "a partition into groups cuts both directions",
            "leave out `direction`, or cut two groups with shape = \"isolate\"",
        ));
    }
    Ok(direction)
}
