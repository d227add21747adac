//! What does a list look like?

use comfy_table::{ContentLineStyle, LineStyle, Table, TableStyle};

/// One thin line below the header, no frame: it survives a README, a log and a narrow terminal.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none())
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none());

/// An empty table as all programs show it.
#[must_use]
pub fn table() -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    table
}
