use super::fields::{FIELDS, is_same, position_of};
use super::profile::Profile;
use std::str::FromStr;

/// Assigns columns of a feed to fields.
///
/// Written `title=name,cost=actual_price`, or with one pair on each line. A column that is assigned to
/// nothing (`id=`) is not read. The map of a field replaces the names that akin knows for it. Several
/// columns may give the attributes, and one a single attribute (`shade=attributes.color`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnMap {
    pairs: Vec<Pair>,
    profile: ProfileChoice,
}

/// How a profile is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum ProfileChoice {
    /// By the columns of a feed.
    #[default]
    Told,
    /// By its name; the empty name is none.
    Named(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    column: String,
    field: FieldName,
}

/// The field that a column gives, `actual_price`, or the attribute, `attributes.color`; none if it is not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldName {
    pub(super) position: Option<usize>,
    /// The name of the attribute.
    pub(super) label: Option<String>,
}

/// The text is not a column map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidColumnMap(String);

impl InvalidColumnMap {
    pub(super) fn new(message: String) -> Self {
        Self(message)
    }
}

/// The field that several columns may give.
const REPEATABLE: &str = "attributes";

impl ColumnMap {
    /// Parses one pair on each line. Blank lines and those that begin with `#` are skipped.
    pub fn from_lines(text: &str) -> Result<Self, InvalidColumnMap> {
        let lines = text.lines().map(str::trim);
        Self::from_pairs(lines.filter(|line| !line.is_empty() && !line.starts_with('#')))
    }

    fn from_pairs<'a>(pairs: impl Iterator<Item = &'a str>) -> Result<Self, InvalidColumnMap> {
        let mut map = Self::default();
        for text in pairs {
            let pair = Pair::parse(text)?;
            if let Some(rival) = map.pairs.iter().find(|other| other.contradicts(&pair)) {
                let (one, other) = (&rival.column, &pair.column);
                return Err(InvalidColumnMap(format!(
                    "{one:?} and {other:?} contradict each other: remove one"
                )));
            }
            map.pairs.push(pair);
        }
        Ok(map)
    }

    /// Reads feeds by the profile of this name, whatever their columns are; by none with `none`.
    pub fn with_profile(mut self, name: &str) -> Result<Self, InvalidColumnMap> {
        self.profile = match Profile::named(name) {
            Some(profile) => ProfileChoice::Named(profile.name.to_owned()),
            None if name == "none" => ProfileChoice::Named(String::new()),
            None => {
                let names = Profile::names().collect::<Vec<_>>().join(", ");
                return Err(InvalidColumnMap(format!(
                    "unknown profile {name:?}: use one of {names}, or none"
                )));
            }
        };
        Ok(self)
    }

    /// Returns the profile by which a feed with columns of these names is read.
    pub(super) fn profile(&self, names: &[String]) -> Option<&'static Profile> {
        match &self.profile {
            ProfileChoice::Told => Profile::told_by(names),
            ProfileChoice::Named(name) => Profile::named(name),
        }
    }

    /// Returns the field of a column, if the map names it, and its label there. The field is `None` if
    /// the column is not to be read.
    pub(super) fn field_of(&self, name: &str) -> Option<(Option<usize>, Option<String>)> {
        let pair = self.pairs.iter().find(|pair| is_same(&pair.column, name))?;
        let position = pair.field.position;
        let is_alike = |other: &&Pair| other.field.position == position;
        let shared = self.pairs.iter().filter(is_alike).count() > 1;
        let column = pair.column.trim_start_matches("g:");
        let own = (position.is_some() && shared).then(|| column.to_owned());
        Some((position, pair.field.label.clone().or(own)))
    }

    /// Returns whether a column of the map gives the field.
    pub(super) fn gives(&self, field: usize) -> bool {
        self.pairs.iter().any(|pair| pair.field.position == Some(field))
    }

    /// Returns the columns that a header must have.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(|pair| pair.field.position.is_some()).map(|pair| &*pair.column)
    }
}

impl FieldName {
    pub(super) fn parse(name: &str) -> Result<Self, InvalidColumnMap> {
        let (field, label) = match name.split_once('.') {
            Some((field, label)) if field == REPEATABLE && !label.trim().is_empty() => {
                (field, Some(label.trim().to_owned()))
            }
            _ => (name, None),
        };
        let position = position_of(field);
        if position.is_none() && !field.is_empty() {
            let fields: Vec<_> = FIELDS.iter().map(|field| field.name).collect();
            let fields = fields.join(", ");
            return Err(InvalidColumnMap(format!("unknown field {name:?}: use one of {fields}")));
        }
        Ok(Self { position, label })
    }
}

/// Parses pairs separated by commas.
impl FromStr for ColumnMap {
    type Err = InvalidColumnMap;

    fn from_str(text: &str) -> Result<Self, InvalidColumnMap> {
        Self::from_pairs(text.split(','))
    }
}

impl Pair {
    fn parse(text: &str) -> Result<Self, InvalidColumnMap> {
        let (column, field) =
            text.rsplit_once('=').map(|(a, b)| (a.trim(), b.trim())).ok_or_else(|| {
                InvalidColumnMap(format!(
                    "{text:?} is not a pair: write COLUMN=FIELD, as in cost=actual_price"
                ))
            })?;
        if column.is_empty() {
            return Err(InvalidColumnMap(format!("{text:?} names no column: write COLUMN=FIELD")));
        }
        Ok(Self { column: column.to_owned(), field: FieldName::parse(field)? })
    }

    fn contradicts(&self, other: &Self) -> bool {
        let is_shared = |field: usize| FIELDS[field].name == REPEATABLE;
        is_same(&self.column, &other.column)
            || self
                .field
                .position
                .is_some_and(|field| other.field.position == Some(field) && !is_shared(field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_map_is_refused_with_the_offending_pair() {
        for (text, message) in [
            ("", "not a pair"),
            ("cost", "not a pair"),
            ("=name", "names no column"),
            ("cost=cost", "unknown field \"cost\": use one of name,"),
            ("cost=attributes.", "unknown field \"attributes.\""),
            ("a=name,b=name", "\"a\" and \"b\" contradict"),
            ("a=name,A=link", "\"a\" and \"A\" contradict"),
        ] {
            let error = text.parse::<ColumnMap>().unwrap_err().to_string();
            assert!(error.contains(message), "{text:?}: {error}");
        }
    }

    #[test]
    fn lines_and_commas_separate_pairs_alike() {
        let text = "# ours\n\nTitle, long = name\nid=\n cost = actual_price\n";
        let map = ColumnMap::from_lines(text).unwrap();
        assert_eq!(map.columns().collect::<Vec<_>>(), ["Title, long", "cost"]);
        assert_eq!(map.field_of("ID"), Some((None, None)));
        assert_eq!(ColumnMap::from_lines("a=name\n").unwrap(), "a=name".parse().unwrap());
    }

    #[test]
    fn several_columns_of_attributes_are_labeled() {
        let map: ColumnMap = "color=attributes,size=attributes,cost=actual_price".parse().unwrap();
        assert_eq!(map.field_of("size").unwrap().1.as_deref(), Some("size"));
        assert_eq!(map.field_of("cost").unwrap().1, None);
        let map: ColumnMap = "shade=attributes.color".parse().unwrap();
        assert_eq!(map.field_of("shade").unwrap().1.as_deref(), Some("color"));
    }

    #[test]
    fn a_profile_is_named_or_told_by_the_columns() {
        let names = ["Handle", "Variant Price", "Title"].map(str::to_owned);
        let name = |map: &ColumnMap| map.profile(&names).map(|profile| profile.name);
        let map = ColumnMap::default();
        assert_eq!(name(&map), Some("shopify"));
        assert_eq!(name(&map.clone().with_profile("WooCommerce").unwrap()), Some("woocommerce"));
        assert_eq!(name(&map.clone().with_profile("none").unwrap()), None);
        let error = map.with_profile("shop").unwrap_err().to_string();
        assert!(error.contains("unknown profile \"shop\": use one of shopify,"), "{error}");
    }

    #[test]
    fn every_text_of_a_row_can_be_mapped() {
        for column in akin_ports::FeedRow::COLUMNS {
            assert!(format!("x={column}").parse::<ColumnMap>().is_ok(), "{column}");
        }
    }
}
