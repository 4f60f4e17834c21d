use crate::architecture::Fields;
use crate::{Architecture, FolderError};
use serde_json::Value;
use std::path::Path;

/// The shape of an encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderConfig {
    /// The kind of encoder.
    pub architecture: Architecture,
    /// Tokens that the model knows.
    pub vocabulary: usize,
    /// Coordinates of a token.
    pub hidden: usize,
    /// Layers of attention and feed-forward.
    pub layers: usize,
    /// Heads of attention; they divide the hidden size.
    pub heads: usize,
    /// Coordinates inside the feed-forward part.
    pub inner: usize,
    /// Rows of the table of positions.
    pub positions: usize,
    /// The row of a text's first token. Where it is not 0, the row before it is for the padding
    /// token ([`Self::padding`]), which takes no place of its own wherever it stands.
    pub first_position: usize,
    /// Kinds of token (first or second sentence); 0 where the architecture has none. Texts are all
    /// of the first kind.
    pub types: usize,
    /// What keeps a normalization from dividing by zero.
    pub epsilon: f32,
    /// What stands between the two halves of the feed-forward part.
    pub activation: Activation,
    /// What is added to every attention by how far two tokens are apart.
    pub relative_attention: Option<RelativeAttention>,
}

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x Φ(x), with Φ the normal distribution.
    Gelu,
    /// The same by a tangens hyperbolicus, as it was first published.
    GeluTanh,
    /// max(x, 0).
    Relu,
}

/// A bias of the attention by distance: each head has one number for each bucket of distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelativeAttention {
    /// Rows of the table, [`Self::BUCKETS`] at least.
    pub rows: usize,
}

impl RelativeAttention {
    /// Buckets in use: half of them for keys before the query, half for keys behind it.
    pub const BUCKETS: usize = 32;
    /// Tokens that are this far apart, or farther, share the last bucket of their side.
    pub const MAX_DISTANCE: usize = 128;

    /// The bucket of a key `distance` tokens behind its query; below zero, before it. Small distances
    /// have a bucket each, larger ones share one by their logarithm.
    pub fn bucket(distance: isize) -> usize {
        const HALF: usize = RelativeAttention::BUCKETS / 2;
        const EXACT: usize = HALF / 2;
        let side = if distance > 0 { HALF } else { 0 };
        let far = distance.unsigned_abs().min(Self::MAX_DISTANCE);
        if far < EXACT {
            return side + far;
        }
        // EXACT + floor(ln(far / 8) / ln(128 / 8) * 8) in whole numbers, two buckets an octave.
        let doubled = (far * far).ilog2() as usize - 2 * EXACT.ilog2() as usize;
        side + (EXACT + doubled).min(HALF - 1)
    }
}

/// No encoder is larger than this in any direction; the bound keeps products from overflowing.
const LARGEST: usize = 1 << 20;

/// No encoder has more layers.
const MOST_LAYERS: usize = 1024;

/// `MPNet`'s code has the number, not its configuration.
const MPNET_PADDING: usize = 1;

impl EncoderConfig {
    pub(crate) fn read(path: &Path, text: &str) -> Result<Self, FolderError> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| FolderError::malformed(path, error.to_string()))?;
        let file = File { path, value };
        // The kind first: another architecture's configuration has other fields.
        let architecture = Architecture::of(path, file.text("model_type", "bert")?)?;
        let config = file.shape(architecture)?;
        file.check(&config)?;
        Ok(config)
    }

    /// The longest text, in tokens, that the positions allow.
    pub fn longest(&self) -> usize {
        self.positions.saturating_sub(self.first_position)
    }

    /// The token that takes the row before [`Self::first_position`] and that positions do not count.
    pub fn padding(&self) -> Option<u32> {
        self.first_position.checked_sub(1).and_then(|padding| u32::try_from(padding).ok())
    }
}

/// A `config.json`.
struct File<'a> {
    path: &'a Path,
    value: Value,
}

impl File<'_> {
    fn malformed(&self, reason: String) -> FolderError {
        FolderError::malformed(self.path, reason)
    }

    fn unsupported(&self, what: String, supported: &'static str) -> FolderError {
        FolderError::unsupported(self.path, what, supported)
    }

    /// The field, unless it is missing or null.
    fn field(&self, name: &str) -> Option<&Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }

    fn text<'a>(&'a self, name: &str, default: &'a str) -> Result<&'a str, FolderError> {
        let Some(value) = self.field(name) else { return Ok(default) };
        value.as_str().ok_or_else(|| self.malformed(format!("{name} is {value}, no text")))
    }

    /// A number from `least` on.
    fn number(&self, name: &str, least: usize, most: usize) -> Result<usize, FolderError> {
        let value = self.field(name).ok_or_else(|| self.malformed(format!("{name} is missing")))?;
        let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.malformed(format!("{name} is {value}, not {least} to {most}")))
    }

    fn number_or(&self, name: &str, default: usize, least: usize) -> Result<usize, FolderError> {
        if self.field(name).is_some() { self.number(name, least, LARGEST) } else { Ok(default) }
    }

    fn shape(&self, architecture: Architecture) -> Result<EncoderConfig, FolderError> {
        let Fields { hidden, layers, heads, inner, activation } = architecture.fields();
        let size = |name| self.number(name, 1, LARGEST);
        Ok(EncoderConfig {
            architecture,
            vocabulary: size("vocab_size")?,
            hidden: size(hidden)?,
            layers: self.number(layers, 1, MOST_LAYERS)?,
            heads: size(heads)?,
            inner: size(inner)?,
            positions: size("max_position_embeddings")?,
            first_position: match architecture {
                Architecture::Bert | Architecture::DistilBert => 0,
                Architecture::Roberta | Architecture::XlmRoberta => {
                    self.number_or("pad_token_id", 1, 0)? + 1
                }
                Architecture::MpNet => MPNET_PADDING + 1,
            },
            types: if architecture.has_types() {
                self.number_or("type_vocab_size", 2, 1)?
            } else {
                0
            },
            epsilon: self.epsilon(architecture)?,
            activation: self.activation(activation)?,
            relative_attention: self.relative_attention(architecture)?,
        })
    }

    fn epsilon(&self, architecture: Architecture) -> Result<f32, FolderError> {
        const NAME: &str = "layer_norm_eps";
        let Some(value) = self.field(NAME).filter(|_| architecture != Architecture::DistilBert)
        else {
            return Ok(1e-12);
        };
        #[expect(clippy::cast_possible_truncation, reason = "f32 is what a model computes in")]
        let number = value.as_f64().map(|number| number as f32);
        let positive = number.filter(|number| number.is_finite() && *number > 0.0);
        positive.ok_or_else(|| self.malformed(format!("{NAME} is {value}, no positive number")))
    }

    fn activation(&self, field: &str) -> Result<Activation, FolderError> {
        match self.text(field, "gelu")? {
            "gelu" | "gelu_python" => Ok(Activation::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Ok(Activation::GeluTanh),
            "relu" => Ok(Activation::Relu),
            other => {
                let what = format!("the activation {other:?} ({field})");
                Err(self.unsupported(what, "gelu, gelu_new and relu are"))
            }
        }
    }

    fn relative_attention(
        &self,
        architecture: Architecture,
    ) -> Result<Option<RelativeAttention>, FolderError> {
        const NAME: &str = "relative_attention_num_buckets";
        if architecture != Architecture::MpNet {
            return Ok(None);
        }
        let rows = self.number_or(NAME, RelativeAttention::BUCKETS, 1)?;
        if rows < RelativeAttention::BUCKETS {
            return Err(self.unsupported(format!("{NAME} {rows}"), "32 and more are"));
        }
        Ok(Some(RelativeAttention { rows }))
    }

    fn check(&self, config: &EncoderConfig) -> Result<(), FolderError> {
        let Fields { hidden, heads, .. } = config.architecture.fields();
        if !config.hidden.is_multiple_of(config.heads) {
            let (size, count) = (config.hidden, config.heads);
            return Err(
                self.malformed(format!("{hidden} {size} is no multiple of {heads} {count}"))
            );
        }
        if config.longest() < 2 {
            let reason = "max_position_embeddings leaves no place for a text's two special tokens";
            return Err(self.malformed(reason.to_owned()));
        }
        for (name, what) in
            [("is_decoder", "a decoder"), ("add_cross_attention", "cross attention")]
        {
            if self.field(name).is_some_and(|value| value != false) {
                return Err(self.unsupported(format!("{what} ({name})"), "only an encoder is"));
            }
        }
        match self.text("position_embedding_type", "absolute")? {
            "absolute" => Ok(()),
            other => {
                let what = format!("the position embedding {other:?}");
                Err(self.unsupported(what, "only \"absolute\" is"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RelativeAttention;

    /// As `MPNet`'s own code has it, in floating point.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is floored")]
    fn published(distance: i16) -> usize {
        let side = if distance > 0 { 16 } else { 0 };
        let far = f32::from(distance.unsigned_abs());
        let bucket =
            if far < 8.0 { far } else { 8.0 + ((far / 8.0).ln() / 16.0_f32.ln() * 8.0).floor() };
        side + (bucket as usize).min(15)
    }

    #[test]
    fn distances_have_the_buckets_that_the_published_code_gives_them() {
        for distance in -600..=600_i16 {
            let bucket = RelativeAttention::bucket(distance.into());
            assert_eq!(bucket, published(distance), "{distance}");
        }
        assert_eq!(RelativeAttention::bucket(isize::MIN), 15);
        assert_eq!(RelativeAttention::bucket(isize::MAX), 31);
    }
}
