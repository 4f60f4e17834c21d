use crate::architecture::Fields;
use crate::{Architecture, FolderError};
use serde_json::Value;
use std::path::Path;

/// The shape of an encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderConfig {
    /// The kind of encoder.
    pub architecture: Architecture,
    /// The number of tokens in the vocabulary.
    pub vocabulary: usize,
    /// The dimension of a token's vector.
    pub hidden: usize,
    /// The number of layers, each of attention and feed-forward.
    pub layers: usize,
    /// The number of attention heads; it divides the hidden size.
    pub heads: usize,
    /// The inner dimension of the feed-forward part.
    pub inner: usize,
    /// The number of rows of the position table.
    pub positions: usize,
    /// The row of a text's first token. If it is not 0, the row before it is for the padding token
    /// ([`Self::padding`]), which never counts as a position.
    pub first_position: usize,
    /// The number of token types (first or second sentence); 0 if the architecture has none. All
    /// tokens of a text are of the first type.
    pub types: usize,
    /// The epsilon of the layer normalization.
    pub epsilon: f32,
    /// The activation between the two halves of the feed-forward part.
    pub activation: Activation,
    /// The attention bias by the distance of two tokens.
    pub relative_attention: Option<RelativeAttention>,
}

/// An activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x Φ(x), with Φ the normal distribution.
    Gelu,
    /// GELU approximated with the hyperbolic tangent, as first published.
    GeluTanh,
    /// max(x, 0).
    Relu,
}

/// An attention bias by distance: each head has a number for each bucket of distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelativeAttention {
    /// The number of rows of the table, at least [`Self::BUCKETS`].
    pub rows: usize,
}

impl RelativeAttention {
    /// The number of buckets in use: half for keys before the query, half for keys after it.
    pub const BUCKETS: usize = 32;
    /// Tokens at this distance or farther share the last bucket of their side.
    pub const MAX_DISTANCE: usize = 128;

    /// Returns the bucket of a key `distance` tokens after its query, or before it if negative. Small
    /// distances have a bucket each, larger ones share buckets on a logarithmic scale.
    pub fn bucket(distance: isize) -> usize {
        const HALF: usize = RelativeAttention::BUCKETS / 2;
        const EXACT: usize = HALF / 2;
        let side = if distance > 0 { HALF } else { 0 };
        let far = distance.unsigned_abs().min(Self::MAX_DISTANCE);
        if far < EXACT {
            return side + far;
        }
        // EXACT + floor(ln(far / 8) / ln(128 / 8) * 8) in integers: two buckets per octave.
        let doubled = (far * far).ilog2() as usize - 2 * EXACT.ilog2() as usize;
        side + (EXACT + doubled).min(HALF - 1)
    }
}

/// The maximum of any size, which keeps products from overflowing.
const MAX_SIZE: usize = 1 << 20;

/// The maximum number of layers.
const MAX_LAYERS: usize = 1024;

/// The padding token of `MPNet`, defined in its code rather than its configuration.
const MPNET_PADDING: usize = 1;

impl EncoderConfig {
    pub(crate) fn read(path: &Path, text: &str) -> Result<Self, FolderError> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| FolderError::malformed(path, error.to_string()))?;
        let file = ConfigFile { path, value };
        // The architecture comes first because the names of the fields depend on it.
        let architecture = Architecture::from_name(path, file.text("model_type", "bert")?)?;
        let config = file.shape(architecture)?;
        file.check(&config)?;
        Ok(config)
    }

    /// Returns the maximum number of tokens that the positions allow.
    pub fn longest(&self) -> usize {
        self.positions.saturating_sub(self.first_position)
    }

    /// Returns the padding token, which has the row before [`Self::first_position`] and is not counted.
    pub fn padding(&self) -> Option<u32> {
        self.first_position.checked_sub(1).and_then(|padding| u32::try_from(padding).ok())
    }
}

/// A `config.json`.
struct ConfigFile<'a> {
    path: &'a Path,
    value: Value,
}

impl ConfigFile<'_> {
    fn malformed(&self, reason: String) -> FolderError {
        FolderError::malformed(self.path, reason)
    }

    fn unsupported(&self, what: String, supported: &'static str) -> FolderError {
        FolderError::unsupported(self.path, what, supported)
    }

    /// Returns the field, unless it is missing or null.
    fn field(&self, name: &str) -> Option<&Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }

    fn text<'a>(&'a self, name: &str, default: &'a str) -> Result<&'a str, FolderError> {
        let Some(value) = self.field(name) else { return Ok(default) };
        value.as_str().ok_or_else(|| self.malformed(format!("{name} is {value}, not a string")))
    }

    /// Returns the number in a field, which must lie between `least` and `most`.
    fn number(&self, name: &str, least: usize, most: usize) -> Result<usize, FolderError> {
        let value = self.field(name).ok_or_else(|| self.malformed(format!("{name} is missing")))?;
        let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.malformed(format!("{name} is {value}, not {least} to {most}")))
    }

    fn number_or(&self, name: &str, default: usize, least: usize) -> Result<usize, FolderError> {
        if self.field(name).is_some() { self.number(name, least, MAX_SIZE) } else { Ok(default) }
    }

    fn shape(&self, architecture: Architecture) -> Result<EncoderConfig, FolderError> {
        let Fields { hidden, layers, heads, inner, activation } = architecture.fields();
        let size = |name| self.number(name, 1, MAX_SIZE);
        Ok(EncoderConfig {
            architecture,
            vocabulary: size("vocab_size")?,
            hidden: size(hidden)?,
            layers: self.number(layers, 1, MAX_LAYERS)?,
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
        #[expect(clippy::cast_possible_truncation, reason = "models compute in f32")]
        let number = value.as_f64().map(|number| number as f32);
        let positive = number.filter(|number| number.is_finite() && *number > 0.0);
        positive.ok_or_else(|| self.malformed(format!("{NAME} is {value}, not a positive number")))
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
                self.malformed(format!("{hidden} {size} is not a multiple of {heads} {count}"))
            );
        }
        if config.longest() < 2 {
            let reason = "max_position_embeddings leaves no room for the two special tokens";
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

    /// Returns the bucket as computed by `MPNet`'s own code, in floating point.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is floored")]
    fn published(distance: i16) -> usize {
        let side = if distance > 0 { 16 } else { 0 };
        let far = f32::from(distance.unsigned_abs());
        let bucket =
            if far < 8.0 { far } else { 8.0 + ((far / 8.0).ln() / 16.0_f32.ln() * 8.0).floor() };
        side + (bucket as usize).min(15)
    }

    #[test]
    fn distances_have_the_buckets_of_the_published_code() {
        for distance in -600..=600_i16 {
            let bucket = RelativeAttention::bucket(distance.into());
            assert_eq!(bucket, published(distance), "{distance}");
        }
        assert_eq!(RelativeAttention::bucket(isize::MIN), 15);
        assert_eq!(RelativeAttention::bucket(isize::MAX), 31);
    }
}
