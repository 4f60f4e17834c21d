use crate::refusal::{not_utf8, refused};
use ports::{FeedItem, FeedRow, RefusedRow};
use std::fmt;

/// A field of a row, and the names under which feeds write it.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    also: &'static [&'static str],
    slot: fn(&mut FeedRow) -> &mut String,
}

/// Which columns of a feed give which fields.
#[derive(Debug)]
pub(crate) struct Columns {
    width: usize,
    /// Positions and their fields, in the order of the positions.
    given: Vec<(usize, &'static Field)>,
}

/// Why a header does not describe products.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderFault {
    #[error(
        "no column holds the products' names: expected `name` (or `title`), found {found}; \
         akin reads the columns {}",
        known()
    )]
    NoName { found: Found },
    #[error(
        "the columns {first:?} (number {}) and {second:?} (number {}) both give the field \
         `{field}`: remove or rename one",
        .numbers.0, .numbers.1
    )]
    TwoColumns { field: &'static str, first: String, second: String, numbers: (usize, usize) },
}

/// The columns of a header, for a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found(Vec<String>);

macro_rules! fields {
    ($($name:ident $(or $also:literal)?),* $(,)?) => {
        /// Every field.
        const FIELDS: &[Field] = &[$(Field {
            name: stringify!($name),
            also: &[$($also)?],
            slot: |row| &mut row.$name,
        }),*];
    };
}

fields! {
    name or "title",
    main_category or "category",
    sub_category,
    image,
    link,
    ratings,
    no_of_ratings,
    discount_price,
    actual_price or "price",
    product_id,
    description,
    brand,
    attributes,
}

impl Columns {
    /// Reads a header. Case and blanks around a name do not count; unknown columns are ignored.
    pub(crate) fn read(header: &[String]) -> Result<Self, HeaderFault> {
        let mut given: Vec<(usize, &'static Field)> = Vec::new();
        for (position, column) in header.iter().enumerate() {
            let Some(field) = field(column) else { continue };
            let twin = given.iter().find(|(_, other)| other.name == field.name);
            if let Some(&(first, _)) = twin {
                return Err(HeaderFault::TwoColumns {
                    field: field.name,
                    first: header[first].clone(),
                    second: column.clone(),
                    numbers: (first + 1, position + 1),
                });
            }
            given.push((position, field));
        }
        if !given.iter().any(|(_, field)| field.name == "name") {
            return Err(HeaderFault::NoName { found: Found(header.to_vec()) });
        }
        Ok(Self { width: header.len(), given })
    }

    /// How many columns of `header` are known.
    pub(crate) fn known(header: &[String]) -> usize {
        header.iter().filter(|column| field(column).is_some()).count()
    }

    /// How many columns the feed has, known or not.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The row of a record of [`Self::width`] fields: their bytes stand in `text`, each up to its
    /// end in `ends`.
    pub(crate) fn row(&self, line: u64, text: &[u8], ends: &[usize]) -> FeedItem {
        let mut row = FeedRow { line, ..FeedRow::default() };
        for &(position, field) in &self.given {
            let start = if position == 0 { 0 } else { ends[position - 1] };
            let value = &text[start..ends[position]];
            if value.is_empty() {
                continue;
            }
            (field.slot)(&mut row).push_str(checked(line, field.name, value)?);
        }
        Ok(row)
    }
}

/// The text of a field, if it is text that every store can keep.
fn checked<'a>(line: u64, field: &str, value: &'a [u8]) -> Result<&'a str, RefusedRow> {
    let text = std::str::from_utf8(value)
        .map_err(|fault| refused(line, field, value, not_utf8(value, fault.valid_up_to())))?;
    if memchr::memchr(0, value).is_some() {
        let reason = "it holds a NUL byte: remove it".to_owned();
        return Err(refused(line, field, value, reason));
    }
    Ok(text)
}

fn field(column: &str) -> Option<&'static Field> {
    let column = column.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let is = |name: &str| name.eq_ignore_ascii_case(column);
    FIELDS.iter().find(|field| is(field.name) || field.also.iter().any(|name| is(name)))
}

fn known() -> String {
    let names = FIELDS.iter().map(|field| [&[field.name], field.also].concat().join(" or "));
    names.collect::<Vec<_>>().join(", ")
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
