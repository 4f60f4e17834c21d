use crate::map::map;
use crate::modules::{Modules, json, text};
use crate::weights::Store;
use crate::{BertConfig, BertWeights, Dense, ModelError, Pooling, Tokenizer};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A sentence embedding model, as its folder describes it.
#[derive(Debug)]
pub struct SentenceModel {
    /// The folder's own name.
    pub name: String,
    /// The encoder's shape.
    pub config: BertConfig,
    /// How the tokens' vectors become one.
    pub pooling: Pooling,
    /// The layers behind the pooling.
    pub dense: Vec<Dense>,
    /// Whether an embedding is scaled to length 1.
    pub normalize: bool,
    /// The longest text, in tokens, the special ones included.
    pub max_tokens: usize,
    /// Turns texts into tokens.
    pub tokenizer: Tokenizer,
    store: Store,
}

/// Of `sentence_bert_config.json`, and of `tokenizer_config.json` where newer folders have it; a
/// number without meaning, 1e30, stands for no limit there.
#[derive(Debug, Default, Deserialize)]
struct Length {
    max_seq_length: Option<usize>,
    model_max_length: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Shards {
    weight_map: BTreeMap<String, String>,
}

impl SentenceModel {
    /// Reads the folder. The weights are mapped, and checked when [`Self::weights`] borrows them.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let modules = Modules::read(folder)?;
        let transformer = &modules.transformer;
        let path = transformer.join("config.json");
        let config = BertConfig::read(&path, &text(&path)?)?;
        let max_tokens = max_tokens(transformer)?.unwrap_or(config.positions).min(config.positions);
        if max_tokens < 2 {
            let reason = "a text cannot hold its two special tokens";
            return Err(ModelError::malformed(&path, reason));
        }
        let mut width = config.hidden * modules.pooling.parts();
        for dense in &modules.dense {
            if dense.inputs != width {
                let reason =
                    format!("a Dense module takes {} coordinates, not {width}", dense.inputs);
                return Err(ModelError::malformed(&folder.join("modules.json"), reason));
            }
            width = dense.outputs;
        }
        let tokenizer = Tokenizer::read(transformer, max_tokens)?;
        if tokenizer.vocabulary() > config.vocabulary {
            let (more, less) = (tokenizer.vocabulary(), config.vocabulary);
            let reason = format!("vocab_size is {less}, but the tokeniser knows {more} tokens");
            return Err(ModelError::malformed(&path, reason));
        }
        let store = store(transformer)?;
        let name = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let name = name.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Self {
            name: name.unwrap_or_else(|| "model".to_owned()),
            config,
            pooling: modules.pooling,
            dense: modules.dense,
            normalize: modules.normalize,
            max_tokens,
            tokenizer,
            store,
        })
    }

    /// The encoder's weights, every shape checked.
    pub fn weights(&self) -> Result<BertWeights<'_>, ModelError> {
        BertWeights::read(&self.store.tensors()?, &self.config)
    }

    /// How many coordinates an embedding has.
    pub fn dimension(&self) -> usize {
        let pooled = self.config.hidden * self.pooling.parts();
        self.dense.last().map_or(pooled, |dense| dense.outputs)
    }

    /// The SHA-256 of the files of the weights, one behind the other. Reads all of them.
    pub fn sha256(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for bytes in self.store.bytes() {
            hasher.update(bytes);
        }
        hasher.finalize().into()
    }
}

/// The longest text, in tokens, if the folder says.
fn max_tokens(folder: &Path) -> Result<Option<usize>, ModelError> {
    let read = |name: &str| {
        let path = folder.join(name);
        if path.exists() { json::<Length>(&path) } else { Ok(Length::default()) }
    };
    if let Some(length) = read("sentence_bert_config.json")?.max_seq_length {
        return Ok(Some(length));
    }
    let length = read("tokenizer_config.json")?.model_max_length;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    Ok(length.map(|length| length as usize))
}

/// The files of the weights: one, or the shards that an index names.
fn store(folder: &Path) -> Result<Store, ModelError> {
    let whole = folder.join("model.safetensors");
    let index = folder.join("model.safetensors.index.json");
    let mut paths: Vec<PathBuf> = vec![whole.clone()];
    if !whole.exists() && index.exists() {
        let shards: Shards = json(&index)?;
        let names: BTreeSet<_> = shards.weight_map.into_values().collect();
        if names.iter().any(|name| name.contains(['/', '\\'])) {
            return Err(ModelError::malformed(&index, "a shard lies in another folder"));
        }
        paths = names.into_iter().map(|name| folder.join(name)).collect();
    } else if !whole.exists() && folder.join("pytorch_model.bin").exists() {
        let what = "a pickle of weights";
        let remedy = "it can run code when it is read: save the model as safetensors";
        return Err(ModelError::unsupported(&folder.join("pytorch_model.bin"), what, remedy));
    }
    let map = |path: PathBuf| Ok((path.clone(), map(&path)?));
    Ok(Store::new(paths.into_iter().map(map).collect::<Result<_, ModelError>>()?))
}
