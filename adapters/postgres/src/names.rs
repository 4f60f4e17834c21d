//! The names of the tables. They are settings, so they are quoted in every statement.

/// The maximum size of a name. Postgres truncates longer ones without an error.
const MAX_BYTES: usize = 63;

/// The suffixes of akin's own tables and indexes that belong to the product table.
const BESIDE_PRODUCTS: [(&str, &str); 11] = [
    ("outbox", "_outbox"),
    ("indexes", "_indexes"),
    ("removed", "_removed"),
    ("queue", "_queue"),
    ("ready", "_ready"),
    ("hidden", "_hidden"),
    ("dead", "_dead"),
    ("runs", "_runs"),
    ("versions", "_versions"),
    ("quarantine", "_quarantine"),
    ("products_ledger", "_migrations"),
];

/// The suffixes of the tables that belong to the embedding table.
const BESIDE_ENTRIES: [(&str, &str); 10] = [
    ("keys", "_keys"),
    ("near", "_near"),
    ("texts", "_texts"),
    ("tags", "_tags"),
    ("values", "_values"),
    ("terms", "_terms"),
    ("words", "_words"),
    ("postings", "_postings"),
    ("state", "_state"),
    ("entries_ledger", "_migrations"),
];

/// The name of every table, by its placeholder in statements.
#[derive(Clone, Debug)]
pub(crate) struct Names(Vec<(&'static str, String)>);

impl Names {
    /// Derives the names from those of the two tables. An error describes an invalid one.
    pub(crate) fn new(products: &str, entries: &str) -> Result<Self, String> {
        let own = |table: &str, beside: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
            beside.iter().map(|(word, suffix)| (*word, format!("{table}{suffix}"))).collect()
        };
        let mut names = vec![("products", products.to_owned()), ("entries", entries.to_owned())];
        names.extend(own(products, &BESIDE_PRODUCTS));
        names.extend(own(entries, &BESIDE_ENTRIES));
        for (position, (_, name)) in names.iter().enumerate() {
            let problem = if name.contains('\0') || products.is_empty() || entries.is_empty() {
                "a table name must not be empty or contain NUL".to_owned()
            } else if name.len() > MAX_BYTES {
                format!("the name {name:?} is longer than Postgres' limit of {MAX_BYTES} bytes")
            } else if names[..position].iter().any(|(_, other)| other == name) {
                format!("two tables would have the name {name:?}")
            } else {
                continue;
            };
            return Err(problem);
        }
        Ok(Self(names))
    }

    /// Fills a statement's placeholders: `{products}` becomes the quoted name of that table, `{{`
    /// and `}}` become braces.
    pub(crate) fn fill(&self, template: &str) -> String {
        let mut statement = String::with_capacity(template.len() + 64);
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            statement.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                statement.push_str(brace);
                rest = after;
            } else if let Some((word, after)) = rest.split_once('}') {
                statement.push_str(&quoted(self.plain(word)));
                rest = after;
            }
        }
        statement.push_str(rest);
        statement
    }

    /// Returns the unquoted name for a placeholder.
    ///
    /// # Panics
    ///
    /// Panics if the placeholder is unknown: a statement of this crate is misspelled.
    pub(crate) fn plain(&self, word: &str) -> &str {
        let named = self.0.iter().find(|(known, _)| *known == word);
        named.map_or_else(|| panic!("no table has the placeholder {word:?}"), |(_, name)| name)
    }
}

/// Quotes `name` as an identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_quoted() {
        let names = Names::new("a\"; DROP TABLE b; --", "{products}").unwrap();
        assert_eq!(
            names.fill("SELECT '{{}}' FROM {products}, {entries}, {outbox}"),
            "SELECT '{}' FROM \"a\"\"; DROP TABLE b; --\", \"{products}\", \
             \"a\"\"; DROP TABLE b; --_outbox\""
        );
    }

    #[test]
    fn names_that_postgres_would_truncate_or_confuse_are_refused() {
        assert!(Names::new("products", "products").is_err(), "one table for two purposes");
        assert!(Names::new("a", "a_outbox").is_err(), "one of akin's own tables");
        assert!(Names::new("", "b").is_err());
        assert!(Names::new("a\0", "b").is_err());
        assert!(Names::new(&"x".repeat(60), "b").unwrap_err().contains("63 bytes"));
        assert!(Names::new(&"x".repeat(50), "b").is_ok());
    }
}
