//! How is a list shown to people?

use comfy_table::{Cell, Table};
use quidnunc_terminal::{plain, table};

/// A table.
pub(super) struct Sheet(Table);

impl Sheet {
    pub(super) fn new<const N: usize>(header: [&str; N]) -> Self {
        let mut table = table();
        table.set_header(header);
        Self(table)
    }

    pub(super) fn row<T: AsRef<str>>(&mut self, row: impl IntoIterator<Item = T>) {
        self.0.add_row(row.into_iter().map(|text| Cell::new(plain(text.as_ref()))));
    }

    /// The text. Ends with a newline.
    pub(super) fn text(&self) -> String {
        format!("{}\n", self.0.trim_fmt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_table_is_plain() {
        let mut sheet = Sheet::new(["name", "status"]);
        sheet.row(["n1", "alive"]);
        sheet.row(["\u{1b}[31mn2\n", "dead"]);
        expect![[r#"
             name             status
            ─────────────────────────
             n1               alive
             \u{1b}[31mn2\n   dead
        "#]]
        .assert_eq(&sheet.text());
    }
}
