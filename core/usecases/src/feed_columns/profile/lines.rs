//! The lines of a profile's file.
//!
//! - `told by A, B | C`: it is told by the columns A and B, or by C.
//! - `A = field`: the column A gives the field. `A.b` is the member `b` of its object. `first of ","` takes the
//!   first of several values, `unless 0` none of that text, and `if B, C is no` only counts beside these.
//! - `A : B`: the column A has the name of an attribute, and B its value.
//! - `variants by A or B with C, D`: rows with one text in A, or else in B, are of one product; those with a text in
//!   C or D are variants, and others further pictures.
//! - `parents by A, id:B where C = word`: a row with that word in C says what its variants have in common, which
//!   name it by A, or by `id:` and B.
//! - `variants in A told by b, c`: the list A of each record holds variants, which b or c tell from others.
//! - `ignore TEXT`: no attribute of the pairs has this value.
//! - `current price`: the discounted price is the current one.

use super::{Condition, FieldName, Parents, Profile, Rule, Source, Variants};
use crate::InvalidColumnMap;

impl Profile {
    pub(super) fn parse(name: &'static str, text: &str) -> Result<Self, InvalidColumnMap> {
        let mut profile = Self { name, ..Self::default() };
        let lines = text.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            profile.add_line(line)?;
        }
        Ok(profile)
    }

    fn add_line(&mut self, line: &str) -> Result<(), InvalidColumnMap> {
        if let Some(columns) = line.strip_prefix("told by ") {
            self.told_by = columns.split(" | ").map(list).collect();
        } else if let Some(rest) = line.strip_prefix("variants in ") {
            let (nested, parts) = rest.split_once(" told by ").unwrap_or((rest, ""));
            self.nested = Some(nested.to_owned());
            self.parts = list(parts);
            self.parts.retain(|part| !part.is_empty());
        } else if let Some(rest) = line.strip_prefix("variants by ") {
            let (by, with) = rest.split_once(" with ").unwrap_or((rest, ""));
            let mut with = list(with);
            with.retain(|column| !column.is_empty());
            let by = by.split(" or ").map(|name| name.trim().to_owned()).collect();
            self.variants = Some(Variants { by, with });
        } else if let Some(rest) = line.strip_prefix("parents by ") {
            self.parents = Some(parents(rest).ok_or_else(|| no_rule(line))?);
        } else if let Some(ignored) = line.strip_prefix("ignore ") {
            self.ignored = Some(ignored.to_owned());
        } else if line == "current price" {
            self.has_current_price = true;
        } else if let Some((column, rest)) = line.rsplit_once(" =") {
            self.rules.push(Rule::parse(column, rest.trim())?);
        } else if let Some((key, value)) = line.split_once(" : ") {
            self.pairs.push((Source::parse(key), Source::parse(value)));
        } else {
            return Err(no_rule(line));
        }
        Ok(())
    }
}

fn no_rule(line: &str) -> InvalidColumnMap {
    InvalidColumnMap::new(format!("{line:?} is no rule of a profile"))
}

fn list(text: &str) -> Vec<String> {
    text.split(", ").map(|name| name.trim().to_owned()).collect()
}

fn parents(rest: &str) -> Option<Parents> {
    let (keys, kind) = rest.split_once(" where ")?;
    let (column, word) = kind.split_once(" = ")?;
    let key = |key: String| match key.split_once(':') {
        Some((before, column)) => (format!("{before}:"), column.to_owned()),
        None => (String::new(), key),
    };
    let keys = list(keys).into_iter().map(key).collect();
    Some(Parents { keys, kind: (column.to_owned(), word.to_owned()) })
}

impl Source {
    /// Parses the name of a column, or of its member: `offers.price`.
    fn parse(text: &str) -> Self {
        let text = text.trim();
        let member = text.split_once('.').filter(|_| !text.contains(' '));
        match member {
            Some((column, member)) => {
                Self { column: column.to_owned(), member: Some(member.to_owned()) }
            }
            None => Self { column: text.to_owned(), member: None },
        }
    }
}

impl Rule {
    fn parse(column: &str, rule: &str) -> Result<Self, InvalidColumnMap> {
        let (rule, condition) = match rule.split_once(" if ") {
            Some((rule, condition)) => (rule, Some(Condition::parse(condition))),
            None => (rule, None),
        };
        let (rule, ignored) = match rule.split_once(" unless ") {
            Some((rule, ignored)) => (rule, Some(ignored.to_owned())),
            None => (rule, None),
        };
        let (field, first_of) = match rule.split_once(" first of ") {
            Some((field, separator)) => (field, separator.trim_matches('"').chars().next()),
            None => (rule, None),
        };
        let (source, field) = (Source::parse(column), FieldName::parse(field)?);
        Ok(Self { source, field, first_of, ignored, condition })
    }
}

impl Condition {
    fn parse(text: &str) -> Self {
        let part = |part: String| match part.split_once(" is ") {
            Some((column, wanted)) => (column.to_owned(), Some(wanted.to_owned())),
            None => (part, None),
        };
        Self(list(text).into_iter().map(part).collect())
    }
}
