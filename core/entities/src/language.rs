use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Declares the languages with their English names and ISO 639-1 codes.
macro_rules! languages {
    ($($language:ident $name:literal $code:literal,)*) => {
        /// The language that most texts of a catalogue are written in: its words are stemmed and its
        /// stop words known. Texts in other languages are found too, by their words as written.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "a language is its name")]
        pub enum Language {
            $($language,)*
            #[default]
            English,
            /// No language, or several: words are not stemmed and no word is a stop word.
            Any,
        }

        impl Language {
            /// Every language, in alphabetical order, then [`Self::Any`].
            pub const ALL: &[Self] = &[$(Self::$language,)* Self::English, Self::Any];

            /// Returns its English name in lower case; `any` for [`Self::Any`].
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$language => $name,)*
                    Self::English => "english",
                    Self::Any => "any",
                }
            }

            /// Returns its ISO 639-1 code; `None` for [`Self::Any`].
            pub const fn code(self) -> Option<&'static str> {
                match self {
                    $(Self::$language => Some($code),)*
                    Self::English => Some("en"),
                    Self::Any => None,
                }
            }
        }
    };
}

languages! {
    Arabic "arabic" "ar",
    Armenian "armenian" "hy",
    Basque "basque" "eu",
    Catalan "catalan" "ca",
    Czech "czech" "cs",
    Danish "danish" "da",
    Dutch "dutch" "nl",
    Esperanto "esperanto" "eo",
    Estonian "estonian" "et",
    Finnish "finnish" "fi",
    French "french" "fr",
    German "german" "de",
    Greek "greek" "el",
    Hindi "hindi" "hi",
    Hungarian "hungarian" "hu",
    Indonesian "indonesian" "id",
    Irish "irish" "ga",
    Italian "italian" "it",
    Lithuanian "lithuanian" "lt",
    Nepali "nepali" "ne",
    Norwegian "norwegian" "no",
    Persian "persian" "fa",
    Polish "polish" "pl",
    Portuguese "portuguese" "pt",
    Romanian "romanian" "ro",
    Russian "russian" "ru",
    Serbian "serbian" "sr",
    Sesotho "sesotho" "st",
    Spanish "spanish" "es",
    Swedish "swedish" "sv",
    Tamil "tamil" "ta",
    Turkish "turkish" "tr",
    Ukrainian "ukrainian" "uk",
    Yiddish "yiddish" "yi",
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Reads an English name or an ISO 639-1 code, without regard to case.
    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        let is_meant = |language: &&Self| {
            let code = language.code().unwrap_or_default();
            text.eq_ignore_ascii_case(language.name()) || text.eq_ignore_ascii_case(code)
        };
        let found = Self::ALL.iter().find(is_meant).filter(|_| !text.is_empty());
        found.copied().ok_or_else(|| UnknownLanguage { text: text.to_owned() })
    }
}

/// The error of a text that names no language whose words akin can stem.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{text:?} is none of these languages, by name or ISO 639-1 code: {}; `any` stems no words",
    names()
)]
pub struct UnknownLanguage {
    text: String,
}

fn names() -> String {
    let names = Language::ALL.iter().filter(|language| language.code().is_some());
    names.map(|language| language.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_read_from_its_name_and_its_code() {
        for language in Language::ALL {
            assert_eq!(language.to_string().to_uppercase().parse(), Ok(*language));
            if let Some(code) = language.code() {
                assert_eq!(code.parse(), Ok(*language));
            }
        }
        assert_eq!("De".parse(), Ok(Language::German));
        assert_eq!(Language::default(), Language::English);
    }

    #[test]
    fn an_unknown_language_is_answered_with_all_known_ones() {
        for text in ["", "klingon", "english "] {
            let error = text.parse::<Language>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
            assert!(error.contains("danish") && error.contains("english"), "{error}");
        }
    }
}
