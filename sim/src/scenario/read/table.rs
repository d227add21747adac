//! What does a table of the file say under a key, and is it of the right type?

use core::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{Mistake, Outcome, advice, shown};
use super::units::{self, Quantity};
use crate::scenario::Share;
use crate::scenario::words::Word;

/// A table of the file.
pub(super) struct Section<'t> {
    /// What messages call it.
    pub(super) place: &'static str,
    /// Its header, or its braces.
    pub(super) span: Range<usize>,
    table: &'t DeTable<'t>,
}

impl<'t> Section<'t> {
    /// The whole file.
    pub(super) fn file(table: &'t DeTable<'t>) -> Self {
        Self { place: "the file", span: 0..0, table }
    }

    /// Refuses every key that is not `known`; the first in the file is reported.
    pub(super) fn only(&self, known: &[&str]) -> Outcome<()> {
        let unknown =
            self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())).min_by_key(|key| key.span().start);
        match unknown {
            None => Ok(()),
            Some(key) => Err(Mistake {
                span: key.span(),
                message: format!("unknown key {} in {}", shown(key.get_ref()), self.place),
                help: Some(advice("valid keys", key.get_ref(), known)),
            }),
        }
    }

    /// What stands under a key, if the key is there.
    pub(super) fn get(&self, key: &'static str) -> Option<Field<'t>> {
        let value = self.table.get(key)?;
        Some(Field { key, place: self.place, span: value.span(), value: value.get_ref() })
    }

    /// What stands under a key that must be there. `example` is a value as the author could write it.
    pub(super) fn need(&self, key: &'static str, example: &str) -> Outcome<Field<'t>> {
        self.get(key).ok_or_else(|| Mistake {
            span: self.span.clone(),
            message: format!("missing key `{key}` in {}", self.place),
            help: Some(format!("add, for example, `{key} = {example}`")),
        })
    }

    /// The value of an optional key.
    pub(super) fn opt<T>(&self, key: &'static str, read: impl FnOnce(&Field<'t>) -> Outcome<T>) -> Outcome<Option<T>> {
        self.get(key).as_ref().map(read).transpose()
    }
}

/// A key of the file and its value.
pub(super) struct Field<'t> {
    /// The key.
    pub(super) key: &'static str,
    /// Where the value stands.
    pub(super) span: Range<usize>,
    place: &'static str,
    value: &'t DeValue<'t>,
}

impl<'t> Field<'t> {
    /// A mistake in this value.
    pub(super) fn wrong(&self, message: impl Into<String>, help: impl Into<String>) -> Mistake {
        Mistake { span: self.span.clone(), message: message.into(), help: Some(help.into()) }
    }

    /// A value that is not even of the right type.
    pub(super) fn wrong_type(&self, wanted: &str, help: impl Into<String>) -> Mistake {
        let found = match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        let (key, place) = (self.key, self.place);
        self.wrong(format!("`{key}` in {place} must be {wanted}, not {found}"), help)
    }

    /// The text, if this is a string.
    pub(super) fn as_text(&self) -> Option<&'t str> {
        match self.value {
            DeValue::String(text) => Some(text.as_ref()),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => None,
        }
    }

    /// Whether this is a table.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.value, DeValue::Table(_))
    }

    /// Whether this is a list.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.value, DeValue::Array(_))
    }

    /// Whether this is a table that has a key.
    pub(super) fn has(&self, key: &str) -> bool {
        matches!(self.value, DeValue::Table(table) if table.contains_key(key))
    }

    /// Any string.
    pub(super) fn text(&self) -> Outcome<&'t str> {
        self.as_text().ok_or_else(|| self.wrong_type("a string", "put it in quotes"))
    }

    /// A string that says something.
    pub(super) fn words(&self) -> Outcome<String> {
        let text = self.text()?;
        if text.trim().is_empty() {
            let message = format!("`{}` in {} is empty", self.key, self.place);
            return Err(self.wrong(message, "say it in a few words"));
        }
        Ok(text.to_owned())
    }

    /// The name of a fault or an expectation.
    pub(super) fn id(&self) -> Outcome<String> {
        let text = self.text()?;
        let sound = |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if text.is_empty() || !text.bytes().all(sound) {
            return Err(self.wrong(
                format!("{} cannot be an id", shown(text)),
                "an id has only the characters a-z, 0-9, `-` and `_`",
            ));
        }
        Ok(text.to_owned())
    }

    /// One of a type's words.
    pub(super) fn word<T: Word>(&self) -> Outcome<T> {
        let text = self.text()?;
        T::ALL.iter().copied().find(|value| value.word() == text).ok_or_else(|| {
            let words: Vec<&str> = T::ALL.iter().map(|value| value.word()).collect();
            self.wrong(
                format!("unknown {} {} in {}", self.key, shown(text), self.place),
                advice("valid values", text, &words),
            )
        })
    }

    /// Yes or no.
    pub(super) fn switch(&self) -> Outcome<bool> {
        match self.value {
            DeValue::Boolean(switch) => Ok(*switch),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => Err(self.wrong_type("true or false", "write true or false, without quotes")),
        }
    }

    /// An integer without a unit.
    pub(super) fn integer(&self, range: RangeInclusive<u64>) -> Outcome<u64> {
        let DeValue::Integer(integer) = self.value else {
            let help = match self.as_text() {
                Some(_) => "leave out the quotes",
                None => "write a whole number",
            };
            return Err(self.wrong_type("an integer", help));
        };
        // A text that does not parse has a sign or more than 64 bits: out of range, as the author sees it.
        u64::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|value| range.contains(value)).ok_or_else(
            || {
                self.wrong(
                    format!("`{}` in {} is out of range: {integer}", self.key, self.place),
                    format!("it must be in {} ..= {}", range.start(), range.end()),
                )
            },
        )
    }

    /// A small integer without a unit.
    pub(super) fn small(&self, range: RangeInclusive<u32>) -> Outcome<u32> {
        let wide = u64::from(*range.start())..=u64::from(*range.end());
        let value = self.integer(wide)?;
        Ok(u32::try_from(value).unwrap_or(*range.end()))
    }

    /// A quantity with its unit, in steps.
    pub(super) fn quantity(&self, kind: &Quantity) -> Outcome<u64> {
        let number = match self.value {
            DeValue::String(text) => {
                return kind.read(text).map_err(|e| e.at(self.span.clone()));
            }
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => "2".to_owned(),
        };
        let wanted = format!("{} in quotes", kind.noun);
        Err(self.wrong_type(&wanted, kind.suggest(&number)))
    }

    /// A time with its unit, in nanoseconds.
    pub(super) fn duration(&self) -> Outcome<u64> {
        self.quantity(&units::DURATION)
    }

    /// A time that is not zero, in nanoseconds.
    pub(super) fn some_time(&self) -> Outcome<u64> {
        let ns = self.duration()?;
        if ns == 0 {
            let message = format!("`{}` in {} is no time at all", self.key, self.place);
            return Err(self.wrong(message, units::DURATION.suggest("200")));
        }
        Ok(ns)
    }

    /// A probability.
    pub(super) fn share(&self) -> Outcome<Share> {
        self.quantity(&units::SHARE).map(units::threshold)
    }

    /// A table in braces, or with a header of its own, that has no other keys than `known`.
    pub(super) fn section(&self, place: &'static str, known: &[&str]) -> Outcome<Section<'t>> {
        let DeValue::Table(table) = self.value else {
            let first = known.first().unwrap_or(&"key");
            return Err(self.wrong_type("a table", format!("write {{ {first} = ... }}")));
        };
        let section = Section { place, span: self.span.clone(), table };
        section.only(known)?;
        Ok(section)
    }

    /// An array of so many values. Each is a field of its own, under the same key.
    pub(super) fn list(&self, count: RangeInclusive<usize>, example: &str) -> Outcome<Vec<Self>> {
        let DeValue::Array(array) = self.value else {
            return Err(self.wrong_type("a list", format!("write {example}")));
        };
        if !count.contains(&array.len()) {
            return Err(self.wrong(
                format!("`{}` in {} has {} entries", self.key, self.place, array.len()),
                format!("it must have {} to {}", count.start(), count.end()),
            ));
        }
        let entry = |value: &'t Spanned<DeValue<'t>>| Self {
            key: self.key,
            place: self.place,
            span: value.span(),
            value: value.get_ref(),
        };
        Ok(array.iter().map(entry).collect())
    }

    /// An array of tables, each under a header in double brackets.
    pub(super) fn sections(&self, place: &'static str) -> Outcome<Vec<Section<'t>>> {
        let wrong = |span| Mistake { span, ..self.wrong_type("a list of tables", format!("write {place}")) };
        let DeValue::Array(array) = self.value else {
            return Err(wrong(self.span.clone()));
        };
        array
            .iter()
            .map(|entry: &Spanned<DeValue<'t>>| match entry.get_ref() {
                DeValue::Table(table) => Ok(Section { place, span: entry.span(), table }),
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Array(_) => Err(wrong(entry.span())),
            })
            .collect()
    }
}
