//! Tables for terminals. A cell can only be created from text that is safe to print.

use akin_composition::printable;
use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, CellAlignment, ColumnConstraint, ContentArrangement, Row, Width};

/// The width of a table without a terminal.
const WIDTH: u16 = 120;

/// Narrower terminals do not show similarity and stars.
const ROOMY: u16 = 100;

/// A table no wider than the terminal.
#[derive(Debug)]
pub(crate) struct Table(comfy_table::Table);

/// A cell of a table.
#[derive(Debug)]
pub(crate) struct Cell(comfy_table::Cell);

impl Table {
    /// Creates a table; without headings, a plain list.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING);
        table.set_truncation_indicator("…");
        table.set_content_arrangement(ContentArrangement::Dynamic);
        if table.width().is_none() {
            table.set_width(WIDTH);
        }
        if !headings.is_empty() {
            table.set_header(headings.iter().map(|heading| Cell::text(heading).bold().0));
        }
        Self(table)
    }

    /// Adds a row.
    pub(crate) fn add_row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.0.add_row(cells.into_iter().map(|cell| cell.0));
    }

    /// Adds a row of one line; what does not fit is cut off.
    pub(super) fn add_line(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let mut row = Row::from(cells.into_iter().map(|cell| cell.0));
        row.max_height(1);
        self.0.add_row(row);
    }

    /// Arranges the columns of search results.
    pub(super) fn arrange_hits(&mut self) {
        let is_narrow = self.0.width().is_some_and(|width| width < ROOMY);
        for (position, column) in self.0.column_iter_mut().enumerate() {
            if position < 5 {
                column.set_cell_alignment(CellAlignment::Right);
            }
            column.set_constraint(match position {
                2 | 4 if is_narrow => ColumnConstraint::Hidden,
                5 => ColumnConstraint::LowerBoundary(Width::Fixed(20)),
                _ => ColumnConstraint::ContentWidth,
            });
        }
    }

    /// Returns the lines of the table, with two spaces between columns.
    pub(super) fn into_lines(mut self) -> impl Iterator<Item = String> {
        self.0.column_iter_mut().for_each(|column| {
            column.set_padding((0, 2));
        });
        let lines: Vec<_> = self.0.lines().collect();
        lines.into_iter()
    }
}

impl Cell {
    /// Creates a cell of text on one line.
    pub(crate) fn text(text: &str) -> Self {
        Self(comfy_table::Cell::new(one_line(text)))
    }

    /// Creates a right-aligned cell, which may have several lines.
    pub(crate) fn number(text: &str) -> Self {
        let cell = comfy_table::Cell::new(printable(text));
        Self(cell.set_alignment(CellAlignment::Right))
    }

    /// Shows the cell in bold.
    pub(crate) fn bold(self) -> Self {
        Self(self.0.add_attribute(Attribute::Bold))
    }

    /// Shows the cell less prominently.
    pub(super) fn dim(self) -> Self {
        Self(self.0.add_attribute(Attribute::Dim))
    }
}

/// Returns the text on one line that is safe to print.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    printable(&words.join(" ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = " a\n\u{1b}[31mred\u{7}\u{9b}2J\u{202e}\t tripod ";
    const SAFE: &str = r"a \u001b[31mred\u0007\u009b2J\u202e tripod";

    #[test]
    fn text_cannot_control_the_terminal_from_any_cell() {
        let mut table = Table::new(&[HOSTILE]);
        table.add_row([Cell::text(HOSTILE)]);
        table.add_line([Cell::text(HOSTILE)]);
        assert_eq!(
            table.into_lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>(),
            [SAFE; 3]
        );
        assert_eq!(Cell::number("1\n\u{1b}c").0.content(), "1\n\\u001bc");
    }
}
