//! The names of the tables: settings, so quoted wherever they stand in a statement.

/// What Postgres keeps of a longer name is cut off without an error.
const MAX_BYTES: usize = 63;

/// What akin's own tables add to the name of the table beside which they stand.
const BESIDE_PRODUCTS: [(&str, &str); 6] = [
    ("outbox", "_outbox"),
    ("removed", "_removed"),
    ("queue", "_queue"),
    ("runs", "_runs"),
    ("quarantine", "_quarantine"),
    ("products_ledger", "_migrations"),
];

/// The same for the table of the embeddings.
const BESIDE_ENTRIES: [(&str, &str); 9] = [
    ("keys", "_keys"),
    ("near", "_near"),
    ("texts", "_texts"),
    ("values", "_values"),
    ("terms", "_terms"),
    ("words", "_words"),
    ("postings", "_postings"),
    ("state", "_state"),
    ("entries_ledger", "_migrations"),
];

/// Every name that a statement may hold, by the word that stands for it.
#[derive(Clone, Debug)]
pub(crate) struct Names(Vec<(&'static str, String)>);

impl Names {
    /// The names for these two tables; an error says what is wrong with which.
    pub(crate) fn new(products: &str, entries: &str) -> Result<Self, String> {
        let own = |table: &str, beside: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
            beside.iter().map(|(word, suffix)| (*word, format!("{table}{suffix}"))).collect()
        };
        let mut names = vec![("products", products.to_owned()), ("entries", entries.to_owned())];
        names.extend(own(products, &BESIDE_PRODUCTS));
        names.extend(own(entries, &BESIDE_ENTRIES));
        for (place, (_, name)) in names.iter().enumerate() {
            let fault = if name.contains('\0') || products.is_empty() || entries.is_empty() {
                "a table's name is a text without NUL, and not empty".to_owned()
            } else if name.len() > MAX_BYTES {
                format!(
                    "the name {name:?} is longer than the {MAX_BYTES} bytes that Postgres keeps"
                )
            } else if names[..place].iter().any(|(_, other)| other == name) {
                format!("two tables would be called {name:?}")
            } else {
                continue;
            };
            return Err(fault);
        }
        Ok(Self(names))
    }

    /// The statement that `template` describes: `{products}` stands for the quoted name of that
    /// table, `{{` and `}}` for braces.
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

    /// The name that `word` stands for, as it is.
    ///
    /// # Panics
    ///
    /// Panics if it stands for none: a statement of this crate is misspelled.
    pub(crate) fn plain(&self, word: &str) -> &str {
        let named = self.0.iter().find(|(known, _)| *known == word);
        named.map_or_else(|| panic!("no table is called {word:?}"), |(_, name)| name)
    }
}

/// `name` as an identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_whatever_it_says() {
        let names = Names::new("a\"; DROP TABLE b; --", "{products}").unwrap();
        assert_eq!(
            names.fill("SELECT '{{}}' FROM {products}, {entries}, {outbox}"),
            "SELECT '{}' FROM \"a\"\"; DROP TABLE b; --\", \"{products}\", \
             \"a\"\"; DROP TABLE b; --_outbox\""
        );
    }

    #[test]
    fn names_that_postgres_would_cut_or_confuse_are_refused() {
        assert!(Names::new("products", "products").is_err(), "one table for two things");
        assert!(Names::new("a", "a_outbox").is_err(), "a table that akin makes itself");
        assert!(Names::new("", "b").is_err());
        assert!(Names::new("a\0", "b").is_err());
        assert!(Names::new(&"x".repeat(60), "b").unwrap_err().contains("63 bytes"));
        assert!(Names::new(&"x".repeat(50), "b").is_ok());
    }
}
