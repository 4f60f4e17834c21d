use super::column_map::ColumnMap;
use super::fields::{FIELDS, is_same, position_of, trim};
use super::profile::Profile;

/// The field that a column of a feed gives, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of one another")]
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
    /// The member of its objects that counts.
    pub(super) member: Option<String>,
    /// Separates several values, of which the first counts.
    pub(super) first_of: Option<char>,
    /// It gives the name or the value of an attribute.
    pub(super) pair: Option<PairPart>,
    /// A value that says that there is none.
    pub(super) ignored: Option<String>,
    /// What it says of the rows of one product.
    pub(super) grouping: Option<Grouping>,
    /// It gives nothing of the product itself.
    pub(super) is_silent: bool,
    /// It reads a member of each variant in a list.
    pub(super) is_of_variant: bool,
    /// It counts only in records that meet this.
    pub(super) condition: Option<Condition>,
}

/// What the other columns of a record must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition(pub(super) Vec<(String, Option<String>)>);

/// What a column says of the rows of one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grouping {
    /// Rows with the same text belong to one product. Of several columns the one with the least rank counts.
    Group(u8),
    /// A row with a text is a variant of the product.
    Variant,
    /// The text names a parent of variants, by the rule of this place.
    Key(u8),
    /// The text tells whether the row is a parent.
    Kind,
    /// The text tells one variant of a product from others.
    Part,
}

/// What a column of an attribute gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PairPart {
    /// Which of the attributes it is.
    pub(super) place: u8,
    pub(super) is_name: bool,
}

/// The rank of names that akin knows, behind those of profiles.
const OWN_RANK: u8 = 200;

impl Column {
    /// Returns what the column of this name gives; nothing if it is not read. The map comes first, then the
    /// profile, then the names that akin knows.
    pub(super) fn resolve(name: &str, map: &ColumnMap, profile: Option<&Profile>) -> Vec<Self> {
        let name = trim(name);
        let (plain, is_prefixed) = match name.strip_prefix("g:") {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        if let Some((field, label)) = map.field_of(name).or_else(|| map.field_of(plain)) {
            let mapped = field.map(|field| {
                let is_path = FIELDS[field].name == "main_category";
                Self { is_path, label, ..Self::new(field, 0) }
            });
            return mapped.into_iter().collect();
        }
        let mut columns = profile.map_or_else(Vec::new, |profile| profile.columns(name));
        if profile.is_none_or(|profile| !profile.mentions(name)) {
            columns.extend(Self::known(plain, is_prefixed));
        }
        columns.retain(|column| {
            let is_own = column.label.is_some() || column.pair.is_some() || column.is_silent;
            is_own || !map.gives(column.field)
        });
        columns
    }

    /// Returns what a column gives that has one of the names that akin knows.
    fn known(plain: &str, is_prefixed: bool) -> Option<Self> {
        if let Some(name) = attribute_name(plain) {
            let label = Some(name.to_owned());
            return position_of("attributes").map(|field| Self { label, ..Self::new(field, 0) });
        }
        let is = |known: &&str| is_same(known, plain);
        let (field, place) = FIELDS.iter().enumerate().find_map(|(position, field)| {
            let place = field.names().position(|known| is(&known))?;
            Some((position, u8::try_from(place).ok()?))
        })?;
        // The Google name of a field comes before the plain one.
        let rank = OWN_RANK + 2 * place + u8::from(!is_prefixed);
        Some(Self {
            is_path: FIELDS[field].name == "main_category" && !is(&"main_category"),
            is_taxonomy: is(&"google_product_category"),
            ..Self::new(field, rank)
        })
    }

    pub(super) fn new(field: usize, rank: u8) -> Self {
        Self { field, rank, ..Self::default() }
    }

    /// Creates a column with the name or the value of an attribute.
    pub(super) fn of_pair(place: u8, is_name: bool, ignored: Option<String>) -> Option<Self> {
        let pair = Some(PairPart { place, is_name });
        position_of("attributes").map(|field| Self { pair, ignored, ..Self::new(field, 0) })
    }

    /// Returns the name of the field.
    pub(super) fn field_name(&self) -> &'static str {
        FIELDS[self.field].name
    }

    /// Returns the field by which its nested values are read.
    pub(super) fn value_field(&self) -> &'static str {
        if self.label.is_some() { "" } else { self.field_name() }
    }

    /// Describes what it gives: the field, or the attribute.
    pub(super) fn describe(&self) -> String {
        let member = self.member.as_ref().map(|member| format!(" (from {member})"));
        format!("{}{}", self.describe_field(), member.unwrap_or_default())
    }

    fn describe_field(&self) -> String {
        match (&self.label, self.pair) {
            _ if self.is_silent => "what the row is".to_owned(),
            (Some(label), _) => format!("{}.{label}", self.field_name()),
            (None, Some(PairPart { is_name: true, .. })) => "the name of an attribute".to_owned(),
            (None, Some(_)) => "the value of an attribute".to_owned(),
            _ => self.field_name().to_owned(),
        }
    }
}

impl Condition {
    /// Returns whether a record meets it, of which `text` returns the text of a column.
    pub(super) fn is_met<'a>(&self, text: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|(column, wanted)| {
            let found = text(column).map(str::trim).filter(|found| !found.is_empty());
            found.is_some_and(|found| {
                wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(found))
            })
        })
    }
}

/// Returns the name of the attribute that a column is named for: `attributes.color`.
fn attribute_name(column: &str) -> Option<&str> {
    let name = column.strip_prefix("attributes.")?.trim();
    (!name.is_empty()).then_some(name)
}
