//! How is a list shown to people?

use comfy_table::{Cell, ContentLineStyle, LineStyle, Table, TableStyle};

/// One thin line below the header, no frame: it survives a log and a narrow terminal.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none())
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none());

/// A table.
pub(super) struct Sheet(Table);

impl Sheet {
    pub(super) fn new<const N: usize>(header: [&str; N]) -> Self {
        let mut table = Table::new();
        table.load_style(STYLE);
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

/// A text that does nothing to a terminal, whoever wrote it.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() {
            plain.extend(char.escape_default());
        } else {
            plain.push(char);
        }
    }
    plain
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
