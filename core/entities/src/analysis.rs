use crate::Language;
use std::fmt;

/// The name of everything that decides which terms a text has: the language and the version of the
/// analyzer. Terms of two analyses do not meet, so an index keeps the name of the one that its texts
/// have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analysis(String);

impl Analysis {
    /// Returns the analysis of texts in `language` by a `version` of the analyzer.
    pub fn new(language: Language, version: u32) -> Self {
        Self(format!("{language} {version}"))
    }

    /// Restores a name that an index stored, of any version.
    pub fn from_stored(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Returns the name, for an index to store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Analysis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_analysis_differs_by_language_and_version_and_is_restored_from_its_name() {
        let english = Analysis::new(Language::English, 2);
        assert_ne!(english, Analysis::new(Language::German, 2));
        assert_ne!(english, Analysis::new(Language::English, 3));
        assert_eq!(Analysis::from_stored(english.as_str()), english);
    }
}
