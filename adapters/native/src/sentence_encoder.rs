use crate::packing::open_packed;
use crate::{
    Inference, InferenceError, InferenceOutput, ModelPrecision, NativeModelError, NativeModelFiles,
};
use akin_entities::{Embedding, Fingerprint};
use akin_ports::TokenizedText;
use sbert_cpu::Encoder;
use sbert_model::SentenceModel;

/// An [`Inference`] that runs an encoder of `sbert-cpu`.
#[derive(Debug)]
pub struct SentenceEncoder {
    encoder: Encoder,
    fingerprint: Fingerprint,
}

/// The number of hexadecimal digits of the weights' hash in a model's name.
const DIGITS: usize = 8;

impl SentenceEncoder {
    /// Maps a packed model, or packs the model of a folder in memory.
    pub fn open(files: &NativeModelFiles) -> Result<Self, NativeModelError> {
        let encoder = match files {
            NativeModelFiles::Packed(path) => open_packed(path)?,
            NativeModelFiles::Folder(folder, precision) => {
                Encoder::from_model(&SentenceModel::open(folder)?, (*precision).into())?
            }
        };
        let hash = encoder.sha256().get(..DIGITS).unwrap_or_default();
        let fingerprint = Fingerprint {
            model: format!("{}@{hash}", encoder.name()),
            precision: encoder.precision().name().to_owned(),
            dimension: encoder.dimension(),
        };
        Ok(Self { encoder, fingerprint })
    }
}

impl Inference for SentenceEncoder {
    fn infer(
        &self,
        texts: &[&str],
        threads: usize,
    ) -> Result<Vec<InferenceOutput>, InferenceError> {
        let embedded = self.encoder.embed(texts, threads);
        let vectors = embedded.vectors.chunks_exact(self.encoder.dimension());
        vectors
            .zip(&embedded.truncated)
            .map(|(vector, &is_truncated)| {
                let embedding = Embedding::new(vector)
                    .map_err(|error| InferenceError::new(error.to_string()))?;
                Ok(InferenceOutput { embedding, is_truncated })
            })
            .collect()
    }

    fn tokenize(&self, text: &str) -> TokenizedText {
        let encoding = self.encoder.tokenizer().encode(text);
        TokenizedText { ids: encoding.ids, is_truncated: encoding.truncated }
    }

    fn token(&self, id: u32) -> Option<String> {
        self.encoder.tokenizer().token(id)
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn token_limit(&self) -> usize {
        self.encoder.max_tokens()
    }
}

impl From<ModelPrecision> for sbert_cpu::Precision {
    fn from(precision: ModelPrecision) -> Self {
        match precision {
            ModelPrecision::Int8 => Self::Int8,
            ModelPrecision::Bf16 => Self::Bf16,
            ModelPrecision::Fp32 => Self::Fp32,
        }
    }
}
