use super::column_map::ColumnMap;
use super::fields::{FIELDS, is_same, trim};

/// The field that a column of a feed gives, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// The position of its field in [`FIELDS`].
    pub(super) field: usize,
    /// The precedence: of columns that give one field, the lowest rank with a value counts.
    pub(super) rank: u8,
    /// Its texts are paths through categories, `Home > Kitchen > Pans`.
    pub(super) is_path: bool,
    /// Its texts may be numbers of Google's taxonomy, which are ignored.
    pub(super) is_taxonomy: bool,
    /// The label of its texts where several columns give the field.
    pub(super) label: Option<String>,
}

/// Returns the name of the attribute that a column is named for: `attributes.color`.
fn attribute_name(column: &str) -> Option<&str> {
    let name = column.strip_prefix("attributes.")?.trim();
    (!name.is_empty()).then_some(name)
}

impl Column {
    /// Returns what the column of this name gives; `None` if it is not read.
    pub(super) fn resolve(name: &str, map: &ColumnMap) -> Option<Self> {
        let name = trim(name);
        let (plain, is_prefixed) = match name.strip_prefix("g:") {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        if let Some((field, label)) = map.field_of(name).or_else(|| map.field_of(plain)) {
            let is_path = FIELDS[field?].name == "main_category";
            return Some(Self { is_path, label, ..Self::new(field?, 0) });
        }
        if let Some(name) = attribute_name(plain) {
            let field = FIELDS.iter().position(|field| field.name == "attributes")?;
            return Some(Self { label: Some(name.to_owned()), ..Self::new(field, 0) });
        }
        let is = |known: &&str| is_same(known, plain);
        let (field, place) = FIELDS.iter().enumerate().find_map(|(position, field)| {
            let place = field.names().position(|known| is(&known))?;
            Some((position, u8::try_from(place).ok()?))
        })?;
        if map.gives(field) {
            return None;
        }
        // The Google name of a field comes before the plain one.
        let rank = 2 * place + u8::from(!is_prefixed);
        Some(Self {
            is_path: FIELDS[field].name == "main_category" && !is(&"main_category"),
            is_taxonomy: is(&"google_product_category"),
            ..Self::new(field, rank)
        })
    }

    fn new(field: usize, rank: u8) -> Self {
        Self { field, rank, is_path: false, is_taxonomy: false, label: None }
    }

    /// Returns the name of the field.
    pub(super) fn field_name(&self) -> &'static str {
        FIELDS[self.field].name
    }
}
