use std::fmt;

/// The embedding of a text: a vector of length 1, so that a dot product is a cosine.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding(Box<[f32]>);

/// The error for a vector that is zero, infinite or not a number, and so has no direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the vector has no direction")]
pub struct InvalidEmbedding;

/// The cosine of two embeddings: 1 means the same direction, -1 the opposite one.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Similarity(f32);

/// The model that computed an embedding. Vectors of two models must not be compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// The model's name and the first digits of its weights' hash: `all-MiniLM-L6-v2@53aa5117`.
    pub model: String,
    /// The precision of its execution: `int8`, `bf16`, `fp32`.
    pub precision: String,
    /// The number of coordinates of an embedding.
    pub dimension: usize,
}

/// The maximum deviation of a stored embedding's squared length from 1. Rounding 4,096 coordinates
/// and their sum to `f32` stays well below it.
const UNIT_TOLERANCE: f64 = 1e-4;

impl Embedding {
    /// Scales the output of a model to length 1.
    pub fn new(raw: &[f32]) -> Result<Self, InvalidEmbedding> {
        let norm = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
        if !norm.is_normal() {
            return Err(InvalidEmbedding);
        }
        Ok(Self(raw.iter().map(|x| x / norm).collect()))
    }

    /// Restores the coordinates that an adapter stored, bit for bit: scaling them again would change
    /// their last bits on each copy. Coordinates of another length, which some other program
    /// stored, are scaled to length 1.
    pub fn from_stored(coordinates: Vec<f32>) -> Result<Self, InvalidEmbedding> {
        let squared: f64 = coordinates.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        if (squared - 1.0).abs() <= UNIT_TOLERANCE {
            return Ok(Self(coordinates.into_boxed_slice()));
        }
        Self::new(&coordinates)
    }

    /// Returns the cosine of the two embeddings.
    ///
    /// # Panics
    ///
    /// Panics if the dimensions differ.
    pub fn similarity(&self, other: &Self) -> Similarity {
        assert_eq!(self.0.len(), other.0.len(), "embeddings of different models");
        Similarity::from_cosine(self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum())
    }

    /// Returns the coordinates, for an adapter to store.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }
}

impl Similarity {
    /// Accepts a requested threshold; `None` if it is outside of -1 to 1.
    pub fn new(value: f32) -> Option<Self> {
        (-1.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// Accepts a computed cosine, which rounding may have moved slightly beyond ±1.
    pub fn from_cosine(value: f32) -> Self {
        debug_assert!(value.abs() < 1.001, "not a cosine: {value}");
        Self(value.clamp(-1.0, 1.0))
    }

    /// Returns the cosine.
    pub fn get(self) -> f32 {
        self.0
    }
}

impl Fingerprint {
    /// Returns true if vectors of the two may be compared: the same model at the same precision.
    ///
    /// The 8-bit and 7-bit arithmetic of different processors count as one precision.
    pub fn is_compatible_with(&self, other: &Self) -> bool {
        self == other
    }

    /// Parses a fingerprint that an adapter stored as text; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, dimension) = text.rsplit_once('/')?;
        let (model, precision) = rest.rsplit_once('/')?;
        let dimension = dimension.parse().ok()?;
        Some(Self { model: model.to_owned(), precision: precision.to_owned(), dimension })
    }
}

/// Writes `all-MiniLM-L6-v2@53aa5117/int8/384`, which [`Fingerprint::parse`] reads.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.model, self.precision, self.dimension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_stored_embedding_keeps_every_bit(
            raw in proptest::collection::vec(-1.0_f32..1.0, 1..1_024),
        ) {
            let Ok(embedding) = Embedding::new(&raw) else { return Ok(()) };
            let stored = embedding.as_slice().to_vec();
            prop_assert_eq!(Embedding::from_stored(stored), Ok(embedding));
        }
    }

    #[test]
    fn stored_coordinates_of_another_length_are_scaled_to_one() {
        let scaled = Embedding::from_stored(vec![3.0, 4.0]).unwrap();
        assert_eq!(scaled.as_slice(), [0.6, 0.8]);
        for coordinates in [vec![], vec![0.0, 0.0], vec![f32::NAN, 1.0], vec![f32::INFINITY]] {
            assert_eq!(Embedding::from_stored(coordinates), Err(InvalidEmbedding));
        }
    }

    #[test]
    fn every_embedding_has_length_one() {
        let embedding = Embedding::new(&[3.0, 4.0]).unwrap();
        assert_eq!(embedding.as_slice(), [0.6, 0.8]);
    }

    #[test]
    fn a_vector_without_a_direction_is_refused() {
        assert_eq!(Embedding::new(&[0.0, 0.0]), Err(InvalidEmbedding));
        assert_eq!(Embedding::new(&[f32::NAN, 1.0]), Err(InvalidEmbedding));
    }

    #[test]
    fn a_fingerprint_is_parsed_from_its_text() {
        let fingerprint = Fingerprint {
            model: "sentence-transformers/all-MiniLM-L6-v2@53aa5117".to_owned(),
            precision: "int8".to_owned(),
            dimension: 384,
        };
        assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Some(fingerprint));
        assert_eq!(Fingerprint::parse("int8"), None);
    }
}
