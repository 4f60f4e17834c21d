//! Prints tables for people and JSON for scripts.

use akin_ports::ModelMismatch;
use akin_usecases::{Hit, UnembeddedChanges};
use comfy_table::presets::NOTHING;
use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, Width,
};
use serde::Serialize;
use std::error::Error;
use std::io::{self, ErrorKind, Write};
use std::process;

/// The format of the output.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub(crate) struct Format {
    /// Print one JSON document.
    #[arg(long, env = "AKIN_JSON")]
    pub(crate) json: bool,
}

/// The width of a table without a terminal.
const WIDTH: u16 = 120;

/// Narrower terminals do not show similarity and stars.
const ROOMY: u16 = 100;

/// Prints a JSON document.
pub(crate) fn json(document: &impl Serialize) {
    match serde_json::to_vec_pretty(document) {
        Ok(mut text) => {
            text.push(b'\n');
            raw(&text);
        }
        Err(error) => unwritten(&error.into()),
    }
}

/// Prints a line to standard output.
pub(crate) fn line(text: &str) {
    raw(format!("{text}\n").as_bytes());
}

/// Writes `bytes` to standard output.
pub(crate) fn raw(bytes: &[u8]) {
    let mut output = io::stdout().lock();
    if let Err(error) = output.write_all(bytes).and_then(|()| output.flush()) {
        unwritten(&error);
    }
}

/// Prints a message to standard error.
pub(crate) fn note(text: &str) {
    // A closed standard error leaves nowhere to report this.
    drop(writeln!(io::stderr(), "{text}"));
}

/// Prints a failure with its causes.
pub(crate) fn failure(error: &anyhow::Error) {
    note(&format!("akin: {error:#}{}", remedy(error)));
}

/// Returns what to do about an error of the core, which knows neither settings nor commands.
fn remedy(error: &anyhow::Error) -> &'static str {
    if error.chain().any(<dyn Error>::is::<ModelMismatch>) {
        ": set AKIN_MODEL to the model that made the index, or ingest into an index of its own"
    } else if error.chain().any(<dyn Error>::is::<UnembeddedChanges>) {
        ": run `akin ingest`, then copy"
    } else {
        ""
    }
}

/// Ends the process because its output cannot be written; silently if the reader has closed the pipe
/// (`akin .. | head`).
fn unwritten(error: &io::Error) -> ! {
    if error.kind() == ErrorKind::BrokenPipe {
        process::exit(141); // 128 + SIGPIPE, as in shells.
    }
    note(&format!("akin: the output cannot be written: {error}"));
    process::exit(1)
}

/// Prints search results.
pub(crate) fn hits(hits: &[Hit]) {
    let mut table = table(&["", "score", "similarity", "price", "stars", "product", "id"]);
    for (place, hit) in hits.iter().enumerate() {
        let product = &hit.record.product;
        let similarity = hit.similarity.map_or_else(String::new, |is| format!("{:.3}", is.get()));
        let stars = product.rating.map_or_else(String::new, |is| format!("{:.1}", is.stars()));
        let price = product.price().map_or_else(String::new, |price| price.to_string());
        let mut row = Row::from(vec![
            Cell::new(place + 1),
            Cell::new(format!("{:.3}", hit.score)),
            Cell::new(similarity),
            Cell::new(price),
            Cell::new(stars),
            text(&product.name),
            text(product.id.as_str()).add_attribute(Attribute::Dim),
        ]);
        row.max_height(1);
        table.add_row(row);
    }
    let is_narrow = table.width().is_some_and(|width| width < ROOMY);
    for (position, column) in table.column_iter_mut().enumerate() {
        if position < 5 {
            column.set_cell_alignment(CellAlignment::Right);
        }
        column.set_constraint(match position {
            2 | 4 if is_narrow => ColumnConstraint::Hidden,
            5 => ColumnConstraint::LowerBoundary(Width::Fixed(20)),
            _ => ColumnConstraint::ContentWidth,
        });
    }
    print(table);
}

/// Creates a table no wider than the terminal; without headings, a plain list.
pub(crate) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_truncation_indicator("…");
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    if !headings.is_empty() {
        let bold = |heading: &&str| Cell::new(heading).add_attribute(Attribute::Bold);
        table.set_header(headings.iter().map(bold));
    }
    table
}

/// Prints `table` with two spaces between columns.
pub(crate) fn print(mut table: Table) {
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
    });
    table.lines().for_each(|row| line(row.trim_end()));
}

/// Creates a cell of untrusted text: on one line, without control characters.
pub(crate) fn text(text: &str) -> Cell {
    let safe = text.replace(char::is_control, " ");
    Cell::new(safe.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Creates a right-aligned cell.
pub(crate) fn number(text: &str) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untrusted_text_cannot_control_the_terminal() {
        assert_eq!(text(" a\n\u{1b}[31mred\u{7}\t tripod ").content(), "a [31mred tripod");
    }
}
