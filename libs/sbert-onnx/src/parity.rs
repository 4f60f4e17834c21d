//! Comparison of an exported model with the original: test texts and metrics.

use crate::ExportPrecision;

/// The similarity of two sets of embeddings.
#[derive(Clone, Debug, PartialEq)]
pub struct Parity {
    /// The number of texts compared.
    pub texts: usize,
    /// The smallest cosine; -1 if a number is not finite.
    pub min_cosine: f64,
    /// The mean cosine.
    pub mean_cosine: f64,
    /// The index of the text with the smallest cosine.
    pub worst: usize,
    /// The largest relative deviation of an embedding's norm.
    pub max_norm_deviation: f64,
}

/// The reason why two sets of embeddings cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParityError {
    /// There are no embeddings.
    #[error("there are no embeddings to compare")]
    Empty,
    /// The sizes differ.
    #[error("{found} numbers were embedded, not {expected}, for vectors of {dimension}")]
    Sizes {
        /// The number of values from the original.
        expected: usize,
        /// The number of values from the exported model.
        found: usize,
        /// The dimension of an embedding.
        dimension: usize,
    },
}

/// Sentences of many scripts and kinds, as written by shoppers and shops.
const SENTENCES: &[&str] = &[
    "",
    " ",
    "a",
    "tripod",
    "TRIPOD!",
    "something to keep my phone steady while filming",
    "Sony Bravia 139 cm (55 inches) 4K Ultra HD Smart LED Google TV KD-55X74K (Black)",
    "HDMI cable 2.1, 8K@60Hz, 48 Gbps, 3 m, braided: ₹617.50",
    "boAt Rockerz 450 Bluetooth On Ear Headphones with Mic, upto 15 Hours Playback",
    "naïve café, straße, İstanbul, e\u{301}cole",
    "écouteurs sans fil à réduction de bruit",
    "słuchawki bezprzewodowe z mikrofonem",
    "tai nghe không dây màu đen",
    "Беспроводные наушники с микрофоном",
    "ακουστικά χωρίς καλώδιο",
    "سماعات لاسلكية سوداء",
    "אוזניות אלחוטיות",
    "कैमरा स्टैंड काला",
    "หูฟังไร้สาย",
    "三脚架 手机 稳定",
    "ワイヤレス ヘッドホン",
    "무선 이어폰 충전 케이스",
    "mixed कैमरा camera 三脚 tripod 🎧☃",
    "zero\u{200b}width, soft\u{ad}hyphen, tab\tand\nnewline\r\nends",
    "[CLS] [SEP] [MASK] [PAD] <s> </s> <pad> <mask> are words here",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];

/// The words of texts of every length.
const WORDS: &str = "a steady tripod holds the phone while you film with flexible legs that wrap around any \
    branch or rail and a remote shutter so that nobody has to run back before the picture is taken";

/// Returns test texts for a model with this maximum number of tokens: of many scripts, empty, and of many
/// lengths below, at and above the limit.
pub fn texts(max_tokens: usize) -> Vec<String> {
    let words = |count: usize| WORDS.split(' ').cycle().take(count).collect::<Vec<_>>().join(" ");
    let mut lengths: Vec<usize> =
        vec![2, 3, 5, 8, 12, 16, 17, 24, 32, 33, 48, 64, 96, 128, 160, 200, 256];
    lengths.retain(|&length| length < max_tokens);
    // Each of the words is a token in most vocabularies, and two special tokens surround them.
    lengths.extend([max_tokens.saturating_sub(2), max_tokens, max_tokens + 1, 2 * max_tokens]);
    let sentences = SENTENCES.iter().map(|&text| text.to_owned());
    sentences.chain(lengths.into_iter().map(words)).collect()
}

/// Compares the concatenated embeddings `found` and `expected` of the same texts, `dimension` numbers each.
pub fn compare(expected: &[f32], found: &[f32], dimension: usize) -> Result<Parity, ParityError> {
    if expected.is_empty() || dimension == 0 {
        return Err(ParityError::Empty);
    }
    if expected.len() != found.len() || !expected.len().is_multiple_of(dimension) {
        let (expected, found) = (expected.len(), found.len());
        return Err(ParityError::Sizes { expected, found, dimension });
    }
    let pairs = expected.chunks_exact(dimension).zip(found.chunks_exact(dimension));
    let mut parity = Parity {
        texts: 0,
        min_cosine: f64::INFINITY,
        mean_cosine: 0.0,
        worst: 0,
        max_norm_deviation: 0.0,
    };
    for (expected, found) in pairs {
        let cosine = cosine(expected, found);
        if cosine < parity.min_cosine {
            (parity.min_cosine, parity.worst) = (cosine, parity.texts);
        }
        parity.mean_cosine += cosine;
        parity.max_norm_deviation = parity.max_norm_deviation.max(norm_deviation(expected, found));
        parity.texts += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 texts")]
    let texts = parity.texts as f64;
    parity.mean_cosine /= texts;
    Ok(parity)
}

impl Parity {
    /// Returns whether an exported model of this precision may replace the original.
    pub fn is_enough_for(&self, precision: ExportPrecision) -> bool {
        self.min_cosine >= precision.min_cosine()
            && self.max_norm_deviation <= precision.max_norm_deviation()
    }
}

impl ExportPrecision {
    /// Returns the minimum cosine to the original's embedding for any text.
    pub fn min_cosine(self) -> f64 {
        match self {
            Self::Fp32 => 0.9999,
            Self::Int8 => 0.98,
        }
    }

    /// Returns the maximum relative deviation of an embedding's norm.
    pub fn max_norm_deviation(self) -> f64 {
        match self {
            Self::Fp32 => 0.001,
            Self::Int8 => 0.2,
        }
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// Returns the cosine: 1 for two zero vectors, and -1 if one is zero or not finite.
fn cosine(expected: &[f32], found: &[f32]) -> f64 {
    let (long, short) = (dot(expected, expected), dot(found, found));
    if long == 0.0 && short == 0.0 {
        return 1.0;
    }
    let cosine = dot(expected, found) / (long * short).sqrt();
    if cosine.is_finite() { cosine.min(1.0) } else { -1.0 }
}

fn norm_deviation(expected: &[f32], found: &[f32]) -> f64 {
    let (long, short) = (dot(expected, expected), dot(found, found));
    if long == 0.0 && short == 0.0 {
        return 0.0;
    }
    let deviation = ((short / long).sqrt() - 1.0).abs();
    if deviation.is_finite() { deviation } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_embeddings_pass_and_the_worst_text_is_reported() {
        let expected = [1.0, 0.0, 0.6, 0.8, 0.0, 0.0];
        let parity = compare(&expected, &expected, 2).unwrap();
        assert_eq!((parity.texts, parity.worst, parity.max_norm_deviation), (3, 0, 0.0));
        assert!(parity.min_cosine > 0.999_999 && parity.is_enough_for(ExportPrecision::Fp32));
        let found = [1.0, 0.0, 0.8, 0.6, 0.0, 0.0];
        let parity = compare(&expected, &found, 2).unwrap();
        assert_eq!(parity.worst, 1);
        assert!(
            (parity.min_cosine - 0.96).abs() < 1e-6
                && (parity.mean_cosine - 2.96 / 3.0).abs() < 1e-6
        );
        assert!(!parity.is_enough_for(ExportPrecision::Int8));
    }

    #[test]
    fn each_precision_has_its_own_threshold() {
        let angle = |cosine: f32| [cosine, (1.0 - cosine * cosine).sqrt()];
        for (cosine, fp32, int8) in
            [(0.99995, true, true), (0.9998, false, true), (0.979, false, false)]
        {
            let parity = compare(&[1.0, 0.0], &angle(cosine), 2).unwrap();
            assert_eq!(parity.is_enough_for(ExportPrecision::Fp32), fp32, "{cosine}");
            assert_eq!(parity.is_enough_for(ExportPrecision::Int8), int8, "{cosine}");
        }
    }

    #[test]
    fn a_vector_of_another_length_fails_even_if_its_direction_is_right() {
        let parity = compare(&[1.0, 0.0], &[1.01, 0.0], 2).unwrap();
        assert!(
            (parity.min_cosine - 1.0).abs() < 1e-9 && !parity.is_enough_for(ExportPrecision::Fp32)
        );
    }

    #[test]
    fn zero_and_non_finite_vectors_fail() {
        for found in [[f32::NAN, 0.0], [f32::INFINITY, 0.0], [0.0, 0.0]] {
            let parity = compare(&[1.0, 0.0], &found, 2).unwrap();
            assert!(!parity.is_enough_for(ExportPrecision::Int8), "{found:?}");
            let parity = compare(&found, &[1.0, 0.0], 2).unwrap();
            assert!(!parity.is_enough_for(ExportPrecision::Int8), "{found:?}");
        }
    }

    #[test]
    fn embeddings_of_different_sizes_are_rejected() {
        assert_eq!(compare(&[], &[], 2), Err(ParityError::Empty));
        assert_eq!(compare(&[1.0], &[1.0], 0), Err(ParityError::Empty));
        for (expected, found) in [(4, 2), (2, 4), (3, 3)] {
            let compared = compare(&vec![1.0; expected], &vec![1.0; found], 2);
            assert_eq!(compared, Err(ParityError::Sizes { expected, found, dimension: 2 }));
        }
    }

    #[test]
    fn texts_have_lengths_up_to_the_limit_and_beyond() {
        for max_tokens in [8, 24, 256, 512] {
            let texts = texts(max_tokens);
            let words = texts.iter().map(|text| text.split(' ').count()).max().unwrap();
            assert!(words == 2 * max_tokens && texts.len() > 30 && texts[0].is_empty());
            let unique: std::collections::BTreeSet<_> = texts.iter().collect();
            assert_eq!(unique.len(), texts.len(), "the texts are distinct");
        }
    }
}
