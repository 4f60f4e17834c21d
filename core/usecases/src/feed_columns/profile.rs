//! Profiles: what the columns of a platform's export mean, each a file of names and rules.

mod lines;

use super::column::{Column, Condition, Grouping};
use super::column_map::FieldName;
use super::fields::{is_same, position_of, trim};
use std::sync::LazyLock;

/// What the columns of a platform's export mean.
#[derive(Debug, Default)]
pub(super) struct Profile {
    pub(super) name: &'static str,
    /// The columns that tell it: all of one alternative.
    told_by: Vec<Vec<String>>,
    rules: Vec<Rule>,
    /// Columns with the name and the value of an attribute.
    pairs: Vec<(Source, Source)>,
    pub(super) variants: Option<Variants>,
    pub(super) parents: Option<Parents>,
    /// The column with a list of variants, each of which becomes a row.
    nested: Option<String>,
    /// The members that tell a variant in that list from others.
    parts: Vec<String>,
    /// True if the discounted price is the current one, and the only one where there is no regular price.
    pub(super) has_current_price: bool,
    /// A value that says that there is none.
    ignored: Option<String>,
}

/// Rows of one product.
#[derive(Debug)]
pub(super) struct Variants {
    /// The columns that all of them have in common, the best first.
    by: Vec<String>,
    /// The columns of which a variant has one; a row without is a further picture. If there are none, each
    /// row with a text in `by` is a variant.
    with: Vec<String>,
}

/// Rows that only say what their variants have in common.
#[derive(Debug)]
pub(super) struct Parents {
    /// The columns by which variants name them, each with what they write before its text.
    keys: Vec<(String, String)>,
    /// The column that tells them, and its word for them.
    kind: (String, String),
}

/// A column, or a member of its object.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    column: String,
    member: Option<String>,
}

/// What a column gives.
#[derive(Debug)]
struct Rule {
    source: Source,
    field: FieldName,
    /// Separates several values, of which the first counts.
    first_of: Option<char>,
    /// A value that says that there is none.
    ignored: Option<String>,
    condition: Option<Condition>,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// The name and the text of each profile. Of several that a feed tells, the one that reads most of its
        /// columns counts, and the first of equals.
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("profiles/", $name, ".profile")))),*];
    };
}

files! {
    "shopify", "shopify-json", "woocommerce", "woocommerce-rest", "magento", "bigcommerce", "prestashop",
    "google", "schema-org", "wands", "amazon", "flipkart", "hm", "fashion", "variants",
}

/// All profiles. A test checks that none is left out.
static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    FILES.iter().filter_map(|(name, text)| Profile::parse(name, text).ok()).collect()
});

impl Profile {
    /// Returns the profile of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name.eq_ignore_ascii_case(name))
    }

    /// Returns the names of all profiles.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        PROFILES.iter().map(|profile| profile.name)
    }

    /// Returns the profile that the columns of these names tell.
    pub(super) fn told_by(names: &[String]) -> Option<&'static Self> {
        let has = |column: &String| names.iter().any(|name| is_same(column, plain(name)));
        let told = PROFILES.iter().filter(|profile| {
            profile.told_by.iter().any(|alternative| alternative.iter().all(has))
        });
        let known =
            |profile: &&Self| names.iter().filter(|name| !profile.columns(name).is_empty()).count();
        told.rev().max_by_key(known)
    }

    /// Returns whether a profile reads the column of this name, or is told by it.
    pub(super) fn any_reads(name: &str) -> bool {
        let is = |column: &String| is_same(column, plain(name));
        PROFILES.iter().any(|profile| {
            profile.told_by.iter().flatten().any(is)
                || profile.conditions().any(is)
                || !profile.columns(name).is_empty()
        })
    }

    /// Iterates over the columns on which others depend.
    fn conditions(&self) -> impl Iterator<Item = &String> {
        let conditions = self.rules.iter().filter_map(|rule| rule.condition.as_ref());
        conditions.flat_map(|condition| condition.0.iter().map(|(column, _)| column))
    }

    /// Returns whether it says what the column of this name gives.
    pub(super) fn mentions(&self, name: &str) -> bool {
        let name = plain(name);
        let is = |source: &Source| is_same(&source.column, name);
        self.rules.iter().any(|rule| is(&rule.source))
            || self.pairs.iter().any(|(key, value)| is(key) || is(value))
    }

    /// Returns what the column of this name gives.
    pub(super) fn columns(&self, name: &str) -> Vec<Column> {
        let is_prefixed = trim(name).starts_with("g:");
        let name = plain(name);
        let mut columns = Vec::new();
        for (place, rule) in (0_u8..).zip(&self.rules) {
            if let Some(field) = rule.field.position.filter(|_| is_same(&rule.source.column, name))
            {
                let rank = place.saturating_mul(2).saturating_add(u8::from(!is_prefixed));
                columns.push(rule.column(Column::new(field, rank)));
            }
        }
        for (place, (key, value)) in (0_u8..).zip(&self.pairs) {
            for (source, is_name) in [(key, true), (value, false)] {
                if is_same(&source.column, name) {
                    let column = Column::of_pair(place, is_name, self.ignored.clone());
                    let member = source.member.clone();
                    columns.extend(column.map(|column| Column { member, ..column }));
                }
            }
        }
        self.add_grouping(name, &mut columns);
        columns
    }

    /// Adds what the column of this name says of the rows of one product.
    fn add_grouping(&self, name: &str, columns: &mut Vec<Column>) {
        if self.nested.as_ref().is_some_and(|nested| is_same(nested, name)) {
            let parts = self.parts.iter().map(|member| Column {
                member: Some(member.clone()),
                grouping: Some(Grouping::Part),
                ..silent()
            });
            columns.extend(parts);
            for column in columns {
                column.is_of_variant = column.member.is_some();
                // What a variant says itself comes before what is said of all.
                column.rank = 0;
            }
            return;
        }
        let mut groupings = Vec::new();
        if let Some(variants) = &self.variants {
            let by = variants.by.iter().position(|column| is_same(column, name));
            let rank = by.and_then(|place| u8::try_from(place).ok());
            groupings.extend(rank.map(Grouping::Group));
            let is_variant = variants.with.iter().any(|column| is_same(column, name));
            groupings.extend(is_variant.then_some(Grouping::Variant));
        }
        if let Some(parents) = &self.parents {
            let key = parents.keys.iter().position(|(_, column)| is_same(column, name));
            groupings.extend(key.and_then(|place| u8::try_from(place).ok()).map(Grouping::Key));
            groupings.extend(is_same(&parents.kind.0, name).then_some(Grouping::Kind));
        }
        let column = |grouping| Column { grouping: Some(grouping), ..silent() };
        columns.extend(groupings.into_iter().map(column));
    }

    /// Returns whether its rows with a text for the group are variants, whatever else they have.
    pub(super) fn groups_are_of_variants(&self) -> bool {
        self.variants.as_ref().is_some_and(|variants| variants.with.is_empty())
    }

    /// Returns whether variants stand in a list of each record.
    pub(super) fn is_nested(&self) -> bool {
        self.nested.is_some()
    }

    /// Returns the name by which variants call a parent with this text in the column at `place`.
    pub(super) fn parent_key(&self, place: u8, text: &str) -> String {
        let key = self.parents.as_ref().and_then(|parents| parents.keys.get(usize::from(place)));
        format!("{}{text}", key.map_or("", |(before, _)| before))
    }

    /// Returns whether a text is that of parents.
    pub(super) fn is_parent(&self, text: &str) -> bool {
        let word = self.parents.as_ref().map_or("", |parents| &parents.kind.1);
        text.split(',').any(|kind| kind.trim().eq_ignore_ascii_case(word))
    }
}

/// Creates a column that gives nothing of a product.
fn silent() -> Column {
    let field = position_of("attributes").unwrap_or_default();
    Column { is_silent: true, ..Column::new(field, u8::MAX) }
}

impl Rule {
    fn column(&self, mut column: Column) -> Column {
        column.is_path = column.field_name() == "main_category";
        column.is_taxonomy = is_same("google_product_category", &self.source.column);
        column.label.clone_from(&self.field.label);
        column.member.clone_from(&self.source.member);
        column.first_of = self.first_of;
        column.ignored.clone_from(&self.ignored);
        column.condition.clone_from(&self.condition);
        column
    }
}

/// Returns the name of a column without the prefix of Google's names.
fn plain(name: &str) -> &str {
    let name = trim(name);
    name.strip_prefix("g:").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_profile_that_its_own_columns_tell() {
        for (name, text) in FILES {
            let profile = Profile::parse(name, text).unwrap();
            assert!(!profile.told_by.is_empty() && text.starts_with("# "), "{name}");
            assert!(
                profile.rules.iter().any(|rule| !profile.columns(&rule.source.column).is_empty())
            );
            for alternative in &profile.told_by {
                let told = Profile::told_by(alternative).unwrap();
                let also = told.told_by.iter().any(|other| {
                    other.iter().all(|column| alternative.iter().any(|name| is_same(name, column)))
                });
                assert!(told.name == *name || also, "{name}: {alternative:?} tells {}", told.name);
            }
        }
        assert_eq!(Profile::names().count(), FILES.len());
    }

    #[test]
    fn columns_of_akins_own_feeds_tell_no_profile() {
        let own = akin_ports::FeedRow::COLUMNS.map(str::to_owned);
        assert!(Profile::told_by(&own).is_none());
        let sample = [
            "name",
            "main_category",
            "sub_category",
            "image",
            "link",
            "ratings",
            "no_of_ratings",
            "discount_price",
            "actual_price",
        ];
        assert!(Profile::told_by(&sample.map(str::to_owned)).is_none());
        assert!(Profile::told_by(&["id", "title", "price"].map(str::to_owned)).is_none());
    }

    #[test]
    fn a_line_that_is_no_rule_is_refused() {
        for line in ["told", "Title = headline", "nonsense"] {
            assert!(Profile::parse("x", line).is_err(), "{line}");
        }
    }
}
