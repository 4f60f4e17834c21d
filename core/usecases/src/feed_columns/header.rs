use super::REFUSAL_COLUMNS;
use super::column::Column;
use super::column_map::ColumnMap;
use super::fields::{is_same, names, trim};
use super::profile::Profile;
use akin_ports::FeedRow;
use std::fmt;

/// A header that does not describe products.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct HeaderError {
    /// The line of the header, counted from 1, if it stands on one.
    line: Option<u64>,
    problem: HeaderProblem,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum HeaderProblem {
    #[error(
        "no column has the names of the products: expected `name` (or `title`), found {found}; \
         rename a column, or map it to the field; the fields are {}",
        names()
    )]
    NoName { found: ColumnNames },
    #[error("the column map names {column:?}, which is not in the header; found {found}")]
    NotFound { column: String, found: ColumnNames },
}

/// The columns of a header, for a message.
#[derive(Debug, PartialEq, Eq)]
struct ColumnNames(Vec<String>);

/// What the columns of a header give.
pub(super) struct Resolved {
    pub(super) profile: Option<&'static Profile>,
    /// What each column gives; nothing if it is not read.
    pub(super) columns: Vec<Vec<Column>>,
}

/// Returns what each name in a header gives.
pub(super) fn resolve(
    header: &[String],
    line: Option<u64>,
    map: &ColumnMap,
) -> Result<Resolved, HeaderError> {
    // The map was applied when the rows were refused.
    let no_map = ColumnMap::default();
    let map = if is_of_refused_rows(header) { &no_map } else { map };
    let profile = map.profile(header);
    let columns = header.iter().map(|name| Column::resolve(name, map, profile));
    let columns: Vec<_> = columns.collect();
    match find_problem(header, &columns, map) {
        Some(problem) => Err(HeaderError { line, problem }),
        None => Ok(Resolved { profile, columns }),
    }
}

fn find_problem(
    header: &[String],
    columns: &[Vec<Column>],
    map: &ColumnMap,
) -> Option<HeaderProblem> {
    let found = || ColumnNames(header.to_vec());
    let is_missing = |column: &&str| !header.iter().any(|name| is_same(column, name.trim()));
    if let Some(column) = map.columns().find(is_missing) {
        return Some(HeaderProblem::NotFound { column: column.to_owned(), found: found() });
    }
    let has_name = columns.iter().flatten().any(|column| column.field_name() == "name");
    (!has_name).then(|| HeaderProblem::NoName { found: found() })
}

/// Fields that older files of refused rows lack.
const LATER_FIELDS: [&str; 8] =
    ["currency", "converted_by", "sku", "gtin", "mpn", "availability", "item_group_id", "images"];

/// Returns whether a header is that of a file of refused rows.
fn is_of_refused_rows(header: &[String]) -> bool {
    let fields = FeedRow::COLUMNS.iter().filter(|column| !LATER_FIELDS.contains(column));
    fields
        .chain(&REFUSAL_COLUMNS)
        .all(|column| header.iter().any(|name| is_same(column, trim(name))))
}

impl fmt::Display for ColumnNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The number of names that are shown, and of their characters. A text that is no header is
        /// not repeated.
        const SHOWN: (usize, usize) = (40, 240);
        const LONGEST: usize = 32;
        let (mut shown, mut size) = (0, 0);
        for name in &self.0 {
            let short: String = name.chars().take(LONGEST).collect();
            size += short.chars().count();
            if shown == SHOWN.0 || size > SHOWN.1 {
                break;
            }
            let separator = if shown == 0 { "" } else { ", " };
            let rest = if short.len() < name.len() { " ..." } else { "" };
            write!(f, "{separator}{short:?}{rest}")?;
            shown += 1;
        }
        match self.0.len() - shown {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
