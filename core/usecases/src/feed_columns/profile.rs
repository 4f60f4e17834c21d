//! Profiles: what the columns of a platform's export mean, each a file of names and rules.

use super::column::{Column, Grouping};
use super::column_map::{FieldName, InvalidColumnMap};
use super::fields::{is_same, trim};
use std::sync::LazyLock;

/// What the columns of a platform's export mean.
#[derive(Debug, Default)]
pub(super) struct Profile {
    pub(super) name: &'static str,
    /// The columns that tell it: all of one alternative.
    told_by: Vec<Vec<String>>,
    rules: Vec<Rule>,
    /// Columns with the name and the value of an attribute.
    pairs: Vec<(String, String)>,
    pub(super) variants: Option<Variants>,
    /// True if the discounted price is the current one, and the only one where there is no regular price.
    pub(super) has_current_price: bool,
    /// A value that says that there is none.
    ignored: Option<String>,
}

/// Rows of one product: the first names it, and the others repeat only what is theirs.
#[derive(Debug)]
pub(super) struct Variants {
    /// The column that all of them have in common.
    by: String,
    /// The columns of which a variant has one; a row without is a further picture.
    with: Vec<String>,
}

/// What a column gives.
#[derive(Debug)]
struct Rule {
    column: String,
    /// The member of the column's object that gives it.
    member: Option<String>,
    field: FieldName,
    /// Separates several values, of which the first counts.
    first_of: Option<char>,
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
    "google", "schema-org", "wands", "amazon", "flipkart", "hm", "fashion",
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
            profile.told_by.iter().flatten().any(is) || !profile.columns(name).is_empty()
        })
    }

    /// Returns whether it says anything of the column of this name.
    pub(super) fn mentions(&self, name: &str) -> bool {
        let name = plain(name);
        !self.columns(name).is_empty() || self.rules.iter().any(|rule| is_same(&rule.column, name))
    }

    /// Returns what the column of this name gives.
    pub(super) fn columns(&self, name: &str) -> Vec<Column> {
        let is_prefixed = trim(name).starts_with("g:");
        let name = plain(name);
        let mut columns = Vec::new();
        for (place, rule) in (0_u8..).zip(&self.rules) {
            if let Some(field) = rule.field.position.filter(|_| is_same(&rule.column, name)) {
                let mut column = Column::new(field, 2 * place + u8::from(!is_prefixed));
                column.is_path = column.field_name() == "main_category";
                column.is_taxonomy = is_same("google_product_category", name);
                column.label.clone_from(&rule.field.label);
                column.member.clone_from(&rule.member);
                column.first_of = rule.first_of;
                columns.push(column);
            }
        }
        for (place, (key, value)) in (0_u8..).zip(&self.pairs) {
            if is_same(key, name) || is_same(value, name) {
                let column = Column::of_pair(place, is_same(key, name), self.ignored.clone());
                columns.extend(column);
            }
        }
        if let Some(variants) = &self.variants {
            let is_variant = variants.with.iter().any(|column| is_same(column, name));
            let grouping = if is_same(&variants.by, name) {
                Some(Grouping::Group)
            } else {
                is_variant.then_some(Grouping::Variant)
            };
            for column in &mut columns {
                column.grouping = grouping;
            }
        }
        columns
    }

    fn parse(name: &'static str, text: &str) -> Result<Self, InvalidColumnMap> {
        let mut profile = Self { name, ..Self::default() };
        let lines = text.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            profile.add_line(line)?;
        }
        Ok(profile)
    }

    fn add_line(&mut self, line: &str) -> Result<(), InvalidColumnMap> {
        let list = |text: &str| text.split(", ").map(|name| name.trim().to_owned()).collect();
        if let Some(columns) = line.strip_prefix("told by ") {
            self.told_by = columns.split(" | ").map(list).collect();
        } else if let Some((by, with)) =
            line.strip_prefix("variants by ").and_then(|rest| rest.split_once(" with "))
        {
            self.variants = Some(Variants { by: by.to_owned(), with: list(with) });
        } else if let Some(ignored) = line.strip_prefix("ignore ") {
            self.ignored = Some(ignored.to_owned());
        } else if line == "current price" {
            self.has_current_price = true;
        } else if let Some((column, rest)) = line.rsplit_once(" =") {
            self.rules.push(Rule::parse(column, rest.trim())?);
        } else if let Some((key, value)) = line.split_once(" : ") {
            self.pairs.push((key.to_owned(), value.to_owned()));
        } else {
            return Err(InvalidColumnMap::new(format!("{line:?} is no rule of a profile")));
        }
        Ok(())
    }
}

impl Rule {
    /// Parses `main_category first of ","`, for the column of this name or its member `offers.price`.
    fn parse(column: &str, rule: &str) -> Result<Self, InvalidColumnMap> {
        let (field, first_of) = match rule.split_once(" first of ") {
            Some((field, separator)) => (field, separator.trim_matches('"').chars().next()),
            None => (rule, None),
        };
        let field = FieldName::parse(field)?;
        let is_path = |(head, member): &(&str, &str)| !head.contains(' ') && !member.contains(' ');
        let (column, member) = match column.split_once('.').filter(is_path) {
            Some((head, member)) => (head, Some(member.to_owned())),
            None => (column, None),
        };
        Ok(Self { column: column.to_owned(), member, field, first_of })
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
            assert!(profile.rules.iter().any(|rule| !profile.columns(&rule.column).is_empty()));
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
