//! Stems of words, by language.

use akin_entities::Language;
use snowball_stemmers_rs::{Algorithm, Stemmer};
use std::cell::RefCell;
use std::collections::HashMap;

/// The maximum size of the stems that a thread caches, in bytes: a catalogue repeats its words.
const MAX_STEM_BYTES: usize = 4 << 20;

/// The size of a cached stem beyond its two texts, in bytes: their pointers and a place in the table.
const STEM_OVERHEAD: usize = 64;

/// Returns the stem of a folded word, by the Snowball algorithm of `language`.
pub(crate) fn stem(word: &str, language: Language) -> String {
    thread_local! {
        static STEMMER: RefCell<CachedStemmer> = RefCell::new(CachedStemmer::new(Language::default()));
    }
    STEMMER.with_borrow_mut(|stemmer| {
        if stemmer.language != language {
            *stemmer = CachedStemmer::new(language);
        }
        stemmer.stem(word)
    })
}

/// A stemmer with a cache of its results.
struct CachedStemmer {
    language: Language,
    /// `None` for [`Language::Any`].
    stemmer: Option<Stemmer>,
    cache: HashMap<Box<str>, Box<str>>,
    /// The size of the cache.
    bytes: usize,
}

impl CachedStemmer {
    fn new(language: Language) -> Self {
        let stemmer = algorithm(language).map(Stemmer::create);
        Self { language, stemmer, cache: HashMap::new(), bytes: 0 }
    }

    fn stem(&mut self, word: &str) -> String {
        let Some(stemmer) = &self.stemmer else { return word.to_owned() };
        if let Some(stem) = self.cache.get(word) {
            return stem.to_string();
        }
        let mut stem = stemmer.stem(word).into_owned();
        // A stemmer may take a word for nothing but suffixes.
        if stem.is_empty() {
            word.clone_into(&mut stem);
        }
        if self.language == Language::English {
            singular(&mut stem);
        }
        let bytes = word.len() + stem.len() + STEM_OVERHEAD;
        if self.bytes + bytes > MAX_STEM_BYTES {
            self.cache = HashMap::new();
            self.bytes = 0;
        }
        if bytes <= MAX_STEM_BYTES {
            self.bytes += bytes;
            self.cache.insert(word.into(), stem.as_str().into());
        }
        stem
    }
}

/// Turns the English stem of a plural without an `s` into that of its singular.
fn singular(stem: &mut String) {
    let whole = match stem.as_str() {
        "men" => "man",
        "women" => "woman",
        "children" => "child",
        "feet" => "foot",
        "teeth" => "tooth",
        "mice" => "mous",
        "gees" => "goos",
        "knive" => "knife",
        "halv" => "half",
        "leav" => "leaf",
        "loav" => "loaf",
        "scarv" => "scarf",
        "wolv" => "wolf",
        "calv" => "calf",
        "hoov" => "hoof",
        _ => {
            // `bookshelves` as well.
            if stem.ends_with("shelv") {
                stem.replace_range(stem.len() - 1.., "f");
            }
            return;
        }
    };
    whole.clone_into(stem);
}

fn algorithm(language: Language) -> Option<Algorithm> {
    Some(match language {
        Language::Arabic => Algorithm::Arabic,
        Language::Armenian => Algorithm::Armenian,
        Language::Basque => Algorithm::Basque,
        Language::Catalan => Algorithm::Catalan,
        Language::Czech => Algorithm::Czech,
        Language::Danish => Algorithm::Danish,
        Language::Dutch => Algorithm::Dutch,
        Language::English => Algorithm::English,
        Language::Esperanto => Algorithm::Esperanto,
        Language::Estonian => Algorithm::Estonian,
        Language::Finnish => Algorithm::Finnish,
        Language::French => Algorithm::French,
        Language::German => Algorithm::German,
        Language::Greek => Algorithm::Greek,
        Language::Hindi => Algorithm::Hindi,
        Language::Hungarian => Algorithm::Hungarian,
        Language::Indonesian => Algorithm::Indonesian,
        Language::Irish => Algorithm::Irish,
        Language::Italian => Algorithm::Italian,
        Language::Lithuanian => Algorithm::Lithuanian,
        Language::Nepali => Algorithm::Nepali,
        Language::Norwegian => Algorithm::Norwegian,
        Language::Persian => Algorithm::Persian,
        Language::Polish => Algorithm::Polish,
        Language::Portuguese => Algorithm::Portuguese,
        Language::Romanian => Algorithm::Romanian,
        Language::Russian => Algorithm::Russian,
        Language::Serbian => Algorithm::Serbian,
        Language::Sesotho => Algorithm::Sesotho,
        Language::Spanish => Algorithm::Spanish,
        Language::Swedish => Algorithm::Swedish,
        Language::Tamil => Algorithm::Tamil,
        Language::Turkish => Algorithm::Turkish,
        Language::Ukrainian => Algorithm::Ukrainian,
        Language::Yiddish => Algorithm::Yiddish,
        Language::Any => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_cache_of_stems_is_bounded_by_bytes_whatever_the_length_of_the_words() {
        let mut stems = CachedStemmer::new(Language::English);
        for length in [1, 100, 60_000, MAX_STEM_BYTES] {
            for number in 0..(8 * MAX_STEM_BYTES / (length + STEM_OVERHEAD)).min(20_000) {
                stems.stem(&format!("{number}{}", "x".repeat(length)));
            }
            let texts: usize = stems.cache.iter().map(|(word, stem)| word.len() + stem.len()).sum();
            assert_eq!(stems.bytes, texts + stems.cache.len() * STEM_OVERHEAD);
            assert!(stems.bytes <= MAX_STEM_BYTES, "{length}: {}", stems.bytes);
        }
        assert_eq!(stems.stem("running"), stems.stem("running"));
    }

    #[test]
    fn the_forms_of_a_word_have_one_stem_in_their_language() {
        for (language, one, other) in [
            (Language::English, "headphones", "headphone"),
            (Language::German, "stuhle", "stuhl"),
            (Language::French, "chaussures", "chaussure"),
            (Language::Spanish, "camiones", "camion"),
            (Language::Russian, "наушники", "наушников"),
            (Language::Danish, "hovedtelefonerne", "hovedtelefoner"),
            (Language::Turkish, "kulakliklar", "kulaklik"),
        ] {
            assert_eq!(stem(one, language), stem(other, language), "{language}");
        }
        assert_ne!(stem("stuhlen", Language::English), stem("stuhl", Language::English));
        assert_eq!(stem("headphones", Language::Any), "headphones");
    }

    proptest! {
        #[test]
        fn a_stem_is_never_empty(word in "\\PC{1,12}|[a-z]{1,16}|[а-я]{1,10}|[ऀ-ॿ]{1,8}|[ء-ي]{1,8}") {
            for language in Language::ALL {
                prop_assert!(!stem(&word, *language).is_empty(), "{language}");
            }
        }
    }
}
