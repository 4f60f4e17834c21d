//! Whether an exported model says what the original says: texts to try, and how to compare.

use crate::ExportPrecision;

/// How near two sets of embeddings are.
#[derive(Clone, Debug, PartialEq)]
pub struct Parity {
    /// How many texts were compared.
    pub texts: usize,
    /// The smallest cosine; -1 where a number is none.
    pub least: f64,
    /// The mean cosine.
    pub mean: f64,
    /// Which text has the smallest, counted from 0.
    pub worst: usize,
    /// By how much the length of an embedding is off, at most, as a share of the original's.
    pub stretch: f64,
}

/// Why two sets of embeddings cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParityError {
    /// There is nothing to compare.
    #[error("there are no embeddings to compare")]
    Empty,
    /// They are of different sizes.
    #[error("{found} numbers were embedded, not {expected}, for vectors of {dimension}")]
    Sizes {
        /// Numbers of the original.
        expected: usize,
        /// Numbers of the exported model.
        found: usize,
        /// Numbers of an embedding.
        dimension: usize,
    },
}

/// Sentences of many scripts and kinds, as shoppers and shops write them.
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

/// What texts of every length are made of.
const WORDS: &str = "a steady tripod holds the phone while you film with flexible legs that wrap around any \
    branch or rail and a remote shutter so that nobody has to run back before the picture is taken";

/// Texts that a model of that many tokens is tried with: of many scripts, empty ones, every sort of
/// length up to the limit, at it, and beyond.
pub fn texts(max_tokens: usize) -> Vec<String> {
    let words = |count: usize| WORDS.split(' ').cycle().take(count).collect::<Vec<_>>().join(" ");
    let mut lengths: Vec<usize> =
        vec![2, 3, 5, 8, 12, 16, 17, 24, 32, 33, 48, 64, 96, 128, 160, 200, 256];
    lengths.retain(|&length| length < max_tokens);
    // Each of the words is a token of most vocabularies, and two special ones stand around them.
    lengths.extend([max_tokens.saturating_sub(2), max_tokens, max_tokens + 1, 2 * max_tokens]);
    let sentences = SENTENCES.iter().map(|&text| text.to_owned());
    sentences.chain(lengths.into_iter().map(words)).collect()
}

/// How near `found` is to `expected`: embeddings of the same texts, `dimension` numbers each, one behind
/// the other.
pub fn compare(expected: &[f32], found: &[f32], dimension: usize) -> Result<Parity, ParityError> {
    if expected.is_empty() || dimension == 0 {
        return Err(ParityError::Empty);
    }
    if expected.len() != found.len() || !expected.len().is_multiple_of(dimension) {
        let (expected, found) = (expected.len(), found.len());
        return Err(ParityError::Sizes { expected, found, dimension });
    }
    let pairs = expected.chunks_exact(dimension).zip(found.chunks_exact(dimension));
    let mut parity = Parity { texts: 0, least: f64::INFINITY, mean: 0.0, worst: 0, stretch: 0.0 };
    for (expected, found) in pairs {
        let (cosine, stretch) = (cosine(expected, found), stretch(expected, found));
        if cosine < parity.least {
            (parity.least, parity.worst) = (cosine, parity.texts);
        }
        parity.mean += cosine;
        parity.stretch = parity.stretch.max(stretch);
        parity.texts += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "nobody compares 2^53 texts")]
    let texts = parity.texts as f64;
    parity.mean /= texts;
    Ok(parity)
}

impl Parity {
    /// Whether a model of that arithmetic may be used for the original.
    pub fn is_enough_for(&self, precision: ExportPrecision) -> bool {
        self.least >= precision.least_cosine() && self.stretch <= precision.largest_stretch()
    }
}

impl ExportPrecision {
    /// The smallest cosine to the original's embedding that any text may have.
    pub fn least_cosine(self) -> f64 {
        match self {
            Self::Fp32 => 0.9999,
            Self::Int8 => 0.98,
        }
    }

    /// By how much the length of an embedding may be off, as a share.
    pub fn largest_stretch(self) -> f64 {
        match self {
            Self::Fp32 => 0.001,
            Self::Int8 => 0.2,
        }
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// Two vectors without length are alike; one, and one with a length or with what is no number, are not.
fn cosine(expected: &[f32], found: &[f32]) -> f64 {
    let (long, short) = (dot(expected, expected), dot(found, found));
    if long == 0.0 && short == 0.0 {
        return 1.0;
    }
    let cosine = dot(expected, found) / (long * short).sqrt();
    if cosine.is_finite() { cosine.min(1.0) } else { -1.0 }
}

fn stretch(expected: &[f32], found: &[f32]) -> f64 {
    let (long, short) = (dot(expected, expected), dot(found, found));
    if long == 0.0 && short == 0.0 {
        return 0.0;
    }
    let stretch = ((short / long).sqrt() - 1.0).abs();
    if stretch.is_finite() { stretch } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_embeddings_are_enough_and_the_worst_text_is_named() {
        let expected = [1.0, 0.0, 0.6, 0.8, 0.0, 0.0];
        let parity = compare(&expected, &expected, 2).unwrap();
        assert_eq!((parity.texts, parity.worst, parity.stretch), (3, 0, 0.0));
        assert!(parity.least > 0.999_999 && parity.is_enough_for(ExportPrecision::Fp32));
        let found = [1.0, 0.0, 0.8, 0.6, 0.0, 0.0];
        let parity = compare(&expected, &found, 2).unwrap();
        assert_eq!(parity.worst, 1);
        assert!((parity.least - 0.96).abs() < 1e-6 && (parity.mean - 2.96 / 3.0).abs() < 1e-6);
        assert!(!parity.is_enough_for(ExportPrecision::Int8));
    }

    #[test]
    fn each_arithmetic_has_a_threshold_of_its_own() {
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
    fn a_vector_of_another_length_is_not_enough_though_its_direction_is_right() {
        let parity = compare(&[1.0, 0.0], &[1.01, 0.0], 2).unwrap();
        assert!((parity.least - 1.0).abs() < 1e-9 && !parity.is_enough_for(ExportPrecision::Fp32));
    }

    #[test]
    fn what_is_no_number_or_has_no_length_is_never_enough() {
        for found in [[f32::NAN, 0.0], [f32::INFINITY, 0.0], [0.0, 0.0]] {
            let parity = compare(&[1.0, 0.0], &found, 2).unwrap();
            assert!(!parity.is_enough_for(ExportPrecision::Int8), "{found:?}");
            let parity = compare(&found, &[1.0, 0.0], 2).unwrap();
            assert!(!parity.is_enough_for(ExportPrecision::Int8), "{found:?}");
        }
    }

    #[test]
    fn embeddings_that_do_not_belong_together_are_refused() {
        assert_eq!(compare(&[], &[], 2), Err(ParityError::Empty));
        assert_eq!(compare(&[1.0], &[1.0], 0), Err(ParityError::Empty));
        for (expected, found) in [(4, 2), (2, 4), (3, 3)] {
            let compared = compare(&vec![1.0; expected], &vec![1.0; found], 2);
            assert_eq!(compared, Err(ParityError::Sizes { expected, found, dimension: 2 }));
        }
    }

    #[test]
    fn texts_are_of_every_length_up_to_the_limit_and_beyond() {
        for max_tokens in [8, 24, 256, 512] {
            let texts = texts(max_tokens);
            let words = texts.iter().map(|text| text.split(' ').count()).max().unwrap();
            assert!(words == 2 * max_tokens && texts.len() > 30 && texts[0].is_empty());
            let unique: std::collections::BTreeSet<_> = texts.iter().collect();
            assert_eq!(unique.len(), texts.len(), "no text is tried twice");
        }
    }
}
