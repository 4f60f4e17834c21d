//! The tables, and akin's goals.

use std::fmt;

/// The results of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    tables: Vec<Table>,
    goals: Vec<Goal>,
}

/// A table of figures.
#[derive(Debug)]
pub(crate) struct Table {
    title: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A goal.
#[derive(Debug)]
struct Goal {
    what: String,
    wanted: Wanted,
    found: f64,
}

/// The condition of a goal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

impl Report {
    /// Adds a table.
    pub(crate) fn add(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// Adds a goal and the measured figure.
    pub(crate) fn goal(&mut self, what: impl Into<String>, wanted: Wanted, found: f64) {
        self.goals.push(Goal { what: what.into(), wanted, found });
    }

    /// Returns the table of goals; empty if there are none.
    pub(crate) fn goals_text(&self) -> String {
        if self.goals.is_empty() { String::new() } else { self.goals().to_string() }
    }

    fn goals(&self) -> Table {
        let mut table = Table::new("Figures to reach", &["figure", "wanted", "found", "reached"]);
        for Goal { what, wanted, found } in &self.goals {
            let (wanted, reached) = match *wanted {
                Wanted::AtLeast(least) => (format!("≥ {}", figure(least)), *found >= least),
                Wanted::AtMost(most) => (format!("≤ {}", figure(most)), *found <= most),
            };
            let reached = if reached { "yes" } else { "**no**" };
            table.row([what.clone(), wanted, figure(*found), reached.to_owned()]);
        }
        table
    }
}

impl Table {
    /// Creates an empty table; the first column is the contender's name.
    pub(crate) fn new(title: impl Into<String>, header: &[&str]) -> Self {
        let header = header.iter().map(|&name| name.to_owned()).collect();
        Self { title: title.into(), header, rows: Vec::new() }
    }

    /// Adds a row with a cell for each column.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

/// Formats a number with three significant digits, or all digits before the decimal point.
pub(crate) fn figure(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.1 => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_once('.').map_or((&*text, ""), |(whole, rest)| (whole, rest));
    let mut grouped = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && digit.is_ascii_digit() && (whole.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if rest.is_empty() { grouped } else { format!("{grouped}.{rest}") }
}

/// Formats how many times better akin is: `1.90×`.
pub(crate) fn times(factor: f64) -> String {
    format!("{factor:.2}×")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for table in &self.tables {
            writeln!(f, "{table}")?;
        }
        f.write_str(&self.goals_text())
    }
}

/// Writes Markdown with aligned columns.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths: Vec<_> = self.header.iter().map(|cell| cell.chars().count()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let line = |cells: &[String]| {
            let padded = cells.iter().zip(&widths).enumerate().map(|(position, (cell, &width))| {
                if position == 0 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
            });
            format!("| {} |", padded.collect::<Vec<_>>().join(" | "))
        };
        writeln!(f, "### {}\n\n{}", self.title, line(&self.header))?;
        let rule = widths.iter().enumerate().map(|(position, &width)| {
            let end = if position == 0 { "-" } else { ":" };
            format!("{}{end}", "-".repeat(width + 1))
        });
        writeln!(f, "|{}|", rule.collect::<Vec<_>>().join("|"))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{}", line(row)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_keeps_its_significant_digits() {
        let figures = [1_234_567.0, 145.4, 12.34, 1.987, 0.7654, 0.05].map(figure);
        assert_eq!(figures, ["1,234,567", "145", "12.3", "1.99", "0.765", "0.0500"]);
    }

    #[test]
    fn a_missed_goal_is_marked() {
        let mut report = Report::default();
        report.goal("speed", Wanted::AtLeast(2.0), 1.5);
        report.goal("time, ms", Wanted::AtMost(2.0), 1.5);
        let text = report.to_string();
        assert!(text.contains("| speed    | ≥ 2.00 |  1.50 |  **no** |"), "{text}");
        assert!(text.contains("| time, ms | ≤ 2.00 |  1.50 |     yes |"), "{text}");
    }
}
