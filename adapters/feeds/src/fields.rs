use crate::map::ColumnMap;
use crate::record::FIELD_LIMIT;
use crate::refusal::refused;
use akin_ports::{FeedItem, FeedRow, RefusedRow};
use std::collections::HashMap;

/// A field of a row, and the names under which feeds write it.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// Names that mean the same: a feed has one of them.
    also: &'static [&'static str],
    /// Names of Google Merchant feeds and the like, the best first, for where the field is blank.
    foreign: &'static [&'static str],
    slot: fn(&mut FeedRow) -> &mut String,
}

/// What a column of a feed gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Which of [`FIELDS`].
    index: usize,
    /// Of two columns that give a field, the one of the lower rank counts.
    pub(crate) rank: u8,
    /// Its texts are paths through categories, `Home > Kitchen > Pans`.
    is_path: bool,
    /// Its texts may be numbers of Google's taxonomy, which say nothing.
    is_taxonomy: bool,
    /// What its texts are called where several columns give the field.
    label: Option<String>,
}

/// A row that is being put together.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    row: FeedRow,
    ranks: [u8; FIELDS.len()],
    is_path: bool,
    /// What was wrong first.
    fault: Option<RefusedRow>,
}

/// The columns of feeds without header, looked up once for each name.
#[derive(Debug)]
pub(crate) struct Keys {
    map: ColumnMap,
    known: HashMap<String, Option<Column>>,
}

/// How many names are remembered.
const REMEMBERED: usize = 1_024;
/// Between the parts of a path through categories.
pub(crate) const PATH_SEPARATOR: &str = " > ";

macro_rules! fields {
    ($($name:ident $(or $also:literal)? $(else $($foreign:literal),+)?;)*) => {
        /// Every field.
        pub(crate) const FIELDS: &[Field] = &[$(Field {
            name: stringify!($name),
            also: &[$($also)?],
            foreign: &[$($($foreign),+)?],
            slot: |row| &mut row.$name,
        }),*];
    };
}

fields! {
    name or "title";
    main_category or "category" else "product_type", "google_product_category";
    sub_category;
    image else "image_link", "image_url";
    link;
    ratings;
    no_of_ratings;
    discount_price else "sale_price";
    actual_price or "price";
    product_id else "id";
    description else "summary";
    brand;
    attributes;
}

impl Column {
    /// What the column called `name` gives; `None`: nothing.
    pub(crate) fn of(name: &str, map: &ColumnMap) -> Option<Self> {
        let name = plain(name);
        let (plain, is_prefixed) = match name.strip_prefix("g:") {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        if let Some((field, label)) = map.field_of(name).or_else(|| map.field_of(plain)) {
            let is_path = FIELDS[field?].name == "main_category";
            return Some(Self { is_path, label, ..Self::plain(field?, 0) });
        }
        let is = |known: &&str| same(known, plain);
        let (index, place) = FIELDS.iter().enumerate().find_map(|(index, field)| {
            let own = is(&field.name) || field.also.iter().any(is);
            let place =
                if own { Some(0) } else { field.foreign.iter().position(is).map(|at| at + 1) };
            Some((index, u8::try_from(place?).ok()?))
        })?;
        if map.gives(index) {
            return None;
        }
        let column = Self::plain(index, 2 * place + u8::from(!is_prefixed));
        Some(Self {
            is_path: FIELDS[index].name == "main_category" && !is(&"main_category"),
            is_taxonomy: is(&"google_product_category"),
            ..column
        })
    }

    fn plain(index: usize, rank: u8) -> Self {
        Self { index, rank, is_path: false, is_taxonomy: false, label: None }
    }

    /// The name of the field.
    pub(crate) fn field(&self) -> &'static str {
        FIELDS[self.index].name
    }

    /// Whether a feed with both columns leaves open which one counts.
    pub(crate) fn is_twin(&self, other: &Self) -> bool {
        self.index == other.index && self.rank == other.rank && self.label.is_none()
    }
}

impl Draft {
    pub(crate) fn new(line: u64) -> Self {
        let row = FeedRow { line, ..FeedRow::default() };
        Self { row, ranks: [0; FIELDS.len()], is_path: false, fault: None }
    }

    /// Takes a value that cannot be read, for which the row is refused: it stands there as nearly as
    /// it can, so that it can be mended.
    pub(crate) fn refuse(&mut self, column: &Column, value: &[u8], reason: String) {
        self.fault(column, value, reason);
        if value.len() <= FIELD_LIMIT {
            self.put(column, &String::from_utf8_lossy(value));
        }
    }

    /// Notes what is wrong with a value, for which the row is refused.
    pub(crate) fn fault(&mut self, column: &Column, value: &[u8], reason: String) {
        let line = self.row.line;
        self.fault.get_or_insert_with(|| refused(line, column.field(), value, reason));
    }

    /// Takes a text. `false`: another column of the same rank gave one.
    pub(crate) fn put(&mut self, column: &Column, text: &str) -> bool {
        if text.is_empty() || column.is_taxonomy && text.trim().bytes().all(|b| b.is_ascii_digit())
        {
            return true;
        }
        let slot = (FIELDS[column.index].slot)(&mut self.row);
        let rank = &mut self.ranks[column.index];
        if let Some(label) = &column.label {
            let separator = if slot.is_empty() { "" } else { "; " };
            slot.extend([separator, label, ": ", text]);
            return true;
        }
        let is_free = slot.trim().is_empty();
        if !is_free && *rank <= column.rank {
            return *rank < column.rank;
        }
        slot.clear();
        slot.push_str(text);
        *rank = column.rank;
        if FIELDS[column.index].name == "main_category" {
            self.is_path = column.is_path;
        }
        true
    }

    /// The row, or why it is refused; a path through categories has become the department, and the
    /// shelf in it.
    pub(crate) fn finish(self) -> FeedItem {
        let mut row = self.row;
        if self.is_path && row.sub_category.trim().is_empty() && row.main_category.contains('>') {
            let path = std::mem::take(&mut row.main_category);
            let mut parts = path.split('>').map(str::trim).filter(|part| !part.is_empty());
            parts.next().unwrap_or_default().clone_into(&mut row.main_category);
            row.sub_category = parts.collect::<Vec<_>>().join(PATH_SEPARATOR);
        }
        match self.fault {
            None => Ok(row),
            Some(fault) => Err(RefusedRow { row: Some(Box::new(row)), ..fault }),
        }
    }
}

impl Keys {
    pub(crate) fn new(map: ColumnMap) -> Self {
        Self { map, known: HashMap::new() }
    }

    /// What is called `name` gives; `None`: nothing.
    pub(crate) fn column(&mut self, name: &str) -> Option<Column> {
        if let Some(column) = self.known.get(name) {
            return column.clone();
        }
        let column = Column::of(name, &self.map);
        // A hostile feed has a name for every value.
        if self.known.len() < REMEMBERED {
            self.known.insert(name.to_owned(), column.clone());
        }
        column
    }
}

/// A column's name without what stands around it.
pub(crate) fn plain(name: &str) -> &str {
    name.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// Whether a feed's `name` is `known` in it: case, and what parts the words, do not count.
pub(crate) fn same(known: &str, name: &str) -> bool {
    let plain = |byte: u8| match byte {
        b' ' | b'-' => b'_',
        byte => byte.to_ascii_lowercase(),
    };
    known.len() == name.len() && known.bytes().map(plain).eq(name.bytes().map(plain))
}

/// The field of this name.
pub(crate) fn index_of(name: &str) -> Option<usize> {
    FIELDS.iter().position(|field| same(field.name, name))
}

/// All names that akin reads, for a message.
pub(crate) fn known() -> String {
    let names = FIELDS.iter().map(|field| [&[field.name], field.also].concat().join(" or "));
    names.collect::<Vec<_>>().join(", ")
}
