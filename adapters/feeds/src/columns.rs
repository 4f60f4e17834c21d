use crate::fields::{Column, Draft, known, plain, same};
use crate::map::ColumnMap;
use crate::refusal::text_fault;
use akin_ports::{FeedItem, FeedRow};
use std::fmt;

/// What stands behind the columns of a row in a file of refused rows that are to be mended: in which
/// feed and on which line each stood, and what was refused.
pub const REFUSAL_COLUMNS: [&str; 3] = ["feed", "line", "refused"];

/// Which columns of a feed with a header give which fields.
#[derive(Debug)]
pub(crate) struct Columns {
    width: usize,
    /// Positions and what they give, the best of a field first.
    given: Vec<(usize, Column)>,
}

/// Why a header does not describe products.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderFault {
    #[error(
        "no column holds the products' names: expected `name` (or `title`), found {found}; \
         akin reads the columns {}, and others by --map COLUMN=FIELD",
        known()
    )]
    NoName { found: Found },
    #[error(
        "the columns {first:?} (number {}) and {second:?} (number {}) both give the field \
         `{field}`: remove or rename one",
        .numbers.0, .numbers.1
    )]
    TwoColumns { field: &'static str, first: String, second: String, numbers: (usize, usize) },
    #[error("no column is called {column:?}, which --map names; found {found}")]
    NotMapped { column: String, found: Found },
}

/// The columns of a header, for a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found(Vec<String>);

impl Columns {
    /// Reads a header. Case and blanks around a name do not count; unknown columns are ignored.
    pub(crate) fn read(header: &[String], map: &ColumnMap) -> Result<Self, HeaderFault> {
        // Rows that were refused are written in akin's words: the map of their feed has been used.
        let no_map = ColumnMap::default();
        let map = if is_of_refused_rows(header) { &no_map } else { map };
        let mut given: Vec<(usize, Column)> = Vec::new();
        for (position, name) in header.iter().enumerate() {
            let Some(column) = Column::of(name, map) else { continue };
            let twin = given.iter().find(|(_, other)| column.is_twin(other));
            if let Some(&(first, _)) = twin {
                return Err(HeaderFault::TwoColumns {
                    field: column.field(),
                    first: header[first].clone(),
                    second: name.clone(),
                    numbers: (first + 1, position + 1),
                });
            }
            given.push((position, column));
        }
        let found = || Found(header.to_vec());
        let missing =
            map.columns().find(|column| !header.iter().any(|name| same(column, name.trim())));
        if let Some(column) = missing {
            return Err(HeaderFault::NotMapped { column: column.to_owned(), found: found() });
        }
        if !given.iter().any(|(_, column)| column.field() == "name") {
            return Err(HeaderFault::NoName { found: found() });
        }
        given.sort_by_key(|(position, column)| (column.rank, *position));
        Ok(Self { width: header.len(), given })
    }

    /// How many columns of `header` are known.
    pub(crate) fn known(header: &[String], map: &ColumnMap) -> usize {
        header.iter().filter(|name| Column::of(name, map).is_some()).count()
    }

    /// How many columns the feed has, known or not.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The positions that are read, and what they give; the best of a field first.
    pub(crate) fn given(&self) -> &[(usize, Column)] {
        &self.given
    }

    /// The row of a record of [`Self::width`] fields: their bytes stand in `text`, each up to its
    /// end in `ends`.
    pub(crate) fn row(&self, line: u64, text: &[u8], ends: &[usize]) -> FeedItem {
        let mut draft = Draft::new(line);
        for (position, column) in &self.given {
            let start = if *position == 0 { 0 } else { ends[position - 1] };
            let value = &text[start..ends[*position]];
            match std::str::from_utf8(value) {
                // Every store can keep this text.
                Ok(text) if memchr::memchr(0, value).is_none() => {
                    draft.put(column, text);
                }
                _ => draft.refuse(column, value, text_fault(value)),
            }
        }
        draft.finish()
    }
}

/// Whether a header is that of a file of refused rows.
fn is_of_refused_rows(header: &[String]) -> bool {
    let mut columns = FeedRow::COLUMNS.iter().chain(&REFUSAL_COLUMNS);
    columns.all(|column| header.iter().any(|name| same(column, plain(name))))
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 40;
        for (position, column) in self.0.iter().take(SHOWN).enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            let short: String = column.chars().take(60).collect();
            write!(f, "{separator}{short:?}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
