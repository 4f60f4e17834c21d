use crate::fields::{FIELDS, index_of, same};
use std::fs;
use std::path::Path;
use std::str::FromStr;

/// What a shop's own columns are in akin's words.
///
/// It is written `title=name,cost=actual_price`, or one pair a line in a file; a column that is
/// given nothing (`id=`) is not read. What it says of a field comes before the names that akin
/// knows by itself. Several columns may give the attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnMap {
    pairs: Vec<Pair>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    column: String,
    field: Option<usize>,
}

/// The text is no column map; says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadColumnMap(String);

/// The field that several columns may give.
const MANY: &str = "attributes";

impl ColumnMap {
    /// The map in a file: a pair a line; blank lines and those that begin with `#` do not count.
    pub fn read(path: &Path) -> Result<Self, BadColumnMap> {
        let bad = |what: String| BadColumnMap(format!("{}: {what}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
        let lines = text.lines().map(str::trim);
        Self::of(lines.filter(|line| !line.is_empty() && !line.starts_with('#')))
            .map_err(|error| bad(error.0))
    }

    fn of<'a>(pairs: impl Iterator<Item = &'a str>) -> Result<Self, BadColumnMap> {
        let mut map = Self::default();
        for text in pairs {
            let pair = Pair::parse(text)?;
            if let Some(twin) = map.pairs.iter().find(|other| other.contradicts(&pair)) {
                let (one, other) = (&twin.column, &pair.column);
                return Err(BadColumnMap(format!(
                    "{one:?} and {other:?} cannot both be given: drop one"
                )));
            }
            map.pairs.push(pair);
        }
        Ok(map)
    }

    /// What the map says of the column `name`: its field, if any, and its label there.
    pub(crate) fn field_of(&self, name: &str) -> Option<(Option<usize>, Option<String>)> {
        let pair = self.pairs.iter().find(|pair| same(&pair.column, name))?;
        let shared = self.pairs.iter().filter(|other| other.field == pair.field).count() > 1;
        let label = pair.column.trim_start_matches("g:");
        let label = (pair.field.is_some() && shared).then(|| label.to_owned());
        Some((pair.field, label))
    }

    /// Whether a column of the map gives the field.
    pub(crate) fn gives(&self, field: usize) -> bool {
        self.pairs.iter().any(|pair| pair.field == Some(field))
    }

    /// The columns that must be there.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(|pair| pair.field.is_some()).map(|pair| &*pair.column)
    }
}

/// Reads pairs that stand between commas.
impl FromStr for ColumnMap {
    type Err = BadColumnMap;

    fn from_str(text: &str) -> Result<Self, BadColumnMap> {
        Self::of(text.split(','))
    }
}

impl Pair {
    fn parse(text: &str) -> Result<Self, BadColumnMap> {
        let (column, field) =
            text.rsplit_once('=').map(|(a, b)| (a.trim(), b.trim())).ok_or_else(|| {
                BadColumnMap(format!(
                    "{text:?} is no pair: write COLUMN=FIELD, as in cost=actual_price"
                ))
            })?;
        if column.is_empty() {
            return Err(BadColumnMap(format!("{text:?} names no column: write COLUMN=FIELD")));
        }
        let known = index_of(field);
        if known.is_none() && !field.is_empty() {
            let fields: Vec<_> = FIELDS.iter().map(|field| field.name).collect();
            let fields = fields.join(", ");
            return Err(BadColumnMap(format!("{field:?} is no field: it is one of {fields}")));
        }
        Ok(Self { column: column.to_owned(), field: known })
    }

    fn contradicts(&self, other: &Self) -> bool {
        let is_shared = |field: usize| FIELDS[field].name == MANY;
        same(&self.column, &other.column)
            || self.field.is_some_and(|field| other.field == Some(field) && !is_shared(field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_that_cannot_be_is_refused_by_name() {
        for (text, said) in [
            ("", "no pair"),
            ("cost", "no pair"),
            ("=name", "names no column"),
            ("cost=cost", "\"cost\" is no field: it is one of name,"),
            ("a=name,b=name", "\"a\" and \"b\" cannot both"),
            ("a=name,A=link", "\"a\" and \"A\" cannot both"),
        ] {
            let error = text.parse::<ColumnMap>().unwrap_err().to_string();
            assert!(error.contains(said), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_file_of_pairs_says_the_same_as_a_line_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        fs::write(&path, "# ours\n\nTitle, long = name\nid=\n cost = actual_price\n").unwrap();
        let map = ColumnMap::read(&path).unwrap();
        assert_eq!(map.columns().collect::<Vec<_>>(), ["Title, long", "cost"]);
        assert_eq!(map.field_of("ID"), Some((None, None)));
        let missing = ColumnMap::read(&folder.path().join("none")).unwrap_err().to_string();
        assert!(missing.contains("none: "), "{missing}");
    }

    #[test]
    fn several_columns_of_attributes_are_told_apart() {
        let map: ColumnMap = "color=attributes,size=attributes,cost=actual_price".parse().unwrap();
        assert_eq!(map.field_of("size").unwrap().1.as_deref(), Some("size"));
        assert_eq!(map.field_of("cost").unwrap().1, None);
    }
}
