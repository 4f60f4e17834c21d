use crate::{Faults, SYSTEM, lock};
use akin_entities::{Embedding, Fingerprint};
use akin_ports::{
    EmbeddedBatch, Embedder, ErrorKind, PortError, PortResult, TokenizedText, Tokenizer,
};
use async_trait::async_trait;
use std::sync::Mutex;

/// An [`Embedder`] without a model: texts that share words are near each other, in any order.
///
/// Each word is a token with a pseudo-random vector, the same in every process. The embedding of a text
/// is the sum of its words, normalized.
#[derive(Debug)]
pub struct MemoryEmbedder {
    fingerprint: Fingerprint,
    token_limit: usize,
    refused: Option<String>,
    faults: Faults,
    embedded: Mutex<Vec<String>>,
}

impl Default for MemoryEmbedder {
    fn default() -> Self {
        Self::named("words@00000000")
    }
}

impl MemoryEmbedder {
    /// Returns an embedder whose model is called `model`; the vectors of words depend on it.
    pub fn named(model: &str) -> Self {
        let (model, precision) = (model.to_owned(), "fp32".to_owned());
        Self {
            fingerprint: Fingerprint { model, precision, dimension: 64 },
            token_limit: 32,
            refused: None,
            faults: Faults::default(),
            embedded: Mutex::default(),
        }
    }

    /// Returns the embedder with these `faults`.
    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    /// Returns the embedder, refusing every batch with a text that contains `word`.
    #[must_use]
    pub fn refusing(self, word: &str) -> Self {
        Self { refused: Some(word.to_owned()), ..self }
    }

    /// Returns every text that was embedded, in the order of the calls.
    pub fn embedded(&self) -> Vec<String> {
        lock(&self.embedded).clone()
    }

    fn embed_now(&self, text: &str) -> PortResult<(Embedding, bool)> {
        let words: Vec<_> = words(text).collect();
        if self.refused.as_ref().is_some_and(|refused| words.contains(refused)) {
            let what = format!("it was told to refuse {text:?}");
            return Err(PortError::new(SYSTEM, ErrorKind::Refused, what));
        }
        let mut sums = vec![0.0_f32; self.fingerprint.dimension];
        // All texts share one coordinate, so that even a text without words has an embedding.
        sums[0] = 1.0;
        for word in words.iter().take(self.token_limit) {
            let mut state = hash(&[&self.fingerprint.model, word]);
            for sum in &mut sums[1..] {
                *sum += if next(&mut state) >> 63 == 0 { 1.0 } else { -1.0 };
            }
        }
        let embedding = Embedding::new(&sums)
            .map_err(|error| PortError::new(SYSTEM, ErrorKind::Corrupt, error))?;
        Ok((embedding, words.len() > self.token_limit))
    }
}

#[async_trait]
impl Embedder for MemoryEmbedder {
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        self.faults.step().await?;
        let embedded: PortResult<Vec<_>> = texts.iter().map(|text| self.embed_now(text)).collect();
        let embedded = embedded?;
        lock(&self.embedded).extend_from_slice(texts);
        self.faults.step().await?;
        let truncated = embedded.iter().filter(|(_, is_truncated)| *is_truncated).count();
        let embeddings = embedded.into_iter().map(|(embedding, _)| embedding).collect();
        Ok(EmbeddedBatch { embeddings, truncated })
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn token_limit(&self) -> usize {
        self.token_limit
    }
}

/// Each word is a token, whose id is the word's hash.
impl Tokenizer for MemoryEmbedder {
    fn tokenize(&self, text: &str) -> TokenizedText {
        #[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
        let id = |word: String| hash(&[&word]) as u32;
        let mut ids: Vec<_> = words(text).map(id).collect();
        let is_truncated = ids.len() > self.token_limit;
        ids.truncate(self.token_limit);
        if ids.is_empty() {
            ids.push(0);
        }
        TokenizedText { ids, is_truncated }
    }

    fn token(&self, id: u32) -> Option<String> {
        Some(format!("word-{id}"))
    }
}

/// Returns the words of `text`: runs of letters and digits, in lower case.
fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|character: char| !character.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Returns the FNV-1a hash of the parts, each followed by a byte that no text contains.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xFF]));
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// Returns the next number of the pseudo-random sequence `SplitMix64`.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
