//! Prints tables for people and JSON for scripts.

use akin_ports::ModelMismatch;
use akin_usecases::{Hit, UnembeddedChanges};
use comfy_table::presets::NOTHING;
use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, Width,
};
use serde::Serialize;
use std::borrow::Cow;
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
        Ok(text) => {
            let text = String::from_utf8_lossy(&text);
            raw(format!("{}\n", escape_in_json(&text)).as_bytes());
        }
        Err(error) => unwritten(&error.into()),
    }
}

/// Prints a line to standard output, with control characters made visible.
pub(crate) fn line(text: &str) {
    raw(format!("{}\n", visible(text)).as_bytes());
}

/// Replaces control characters except for line breaks and tabs by their escapes, such as `\u{1b}`: a
/// feed, a server or a file name must not control the terminal.
fn visible(text: &str) -> Cow<'_, str> {
    let is_unsafe = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// Escapes the control characters that JSON allows in texts, DEL and C1, some of which begin terminal
/// sequences. The document stays the same.
fn escape_in_json(text: &str) -> Cow<'_, str> {
    let is_escaped = |character: char| ('\u{7f}'..='\u{9f}').contains(&character);
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let escape = |character: char| match character {
        '\u{7f}'..='\u{9f}' => format!("\\u{:04x}", u32::from(character)),
        _ => character.to_string(),
    };
    Cow::Owned(text.chars().map(escape).collect())
}

/// Writes `bytes` to standard output.
pub(crate) fn raw(bytes: &[u8]) {
    let mut output = io::stdout().lock();
    if let Err(error) = output.write_all(bytes).and_then(|()| output.flush()) {
        unwritten(&error);
    }
}

/// Prints a message to standard error, with control characters made visible.
pub(crate) fn note(text: &str) {
    // A closed standard error leaves nowhere to report this.
    drop(writeln!(io::stderr(), "{}", visible(text)));
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
    // Its own escapes style the headings; the cells have none.
    table.lines().for_each(|row| raw(format!("{}\n", row.trim_end()).as_bytes()));
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

    #[test]
    fn control_characters_of_others_texts_do_not_reach_the_terminal() {
        assert_eq!(visible("a\u{1b}[2Jb\u{9b}31mc\r\u{7f}"), "a\\u{1b}[2Jb\\u{9b}31mc\\r\\u{7f}");
        assert_eq!(visible("two\nlines\tand ünïcode ✓ 急須"), "two\nlines\tand ünïcode ✓ 急須");
        assert_eq!(text("a\u{1b}[2J\u{9b}b\nc").content(), "a [2J b c");
    }

    #[test]
    fn escaped_json_is_the_same_document_without_control_characters() {
        let document =
            serde_json::json!({"na\u{9b}me": "\u{1b}[2J \u{7f} \u{9d}0;t\u{7} 急須 \" \\"});
        let plain = serde_json::to_string(&document).unwrap();
        let escaped = escape_in_json(&plain);
        assert!(!escaped.contains(char::is_control), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), document);
    }
}
