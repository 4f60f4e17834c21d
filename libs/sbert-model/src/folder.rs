use crate::dense::refuse_pickle;
use crate::files::{json, map, text};
use crate::modules::Modules;
use crate::settings::Settings;
use crate::tensors::WeightFiles;
use crate::tokenizer::TokenizerSource;
use crate::{Dense, EncoderConfig, EncoderWeights, FolderError, Pooling, Tokenizer};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A sentence embedding model, read from its folder.
#[derive(Debug)]
pub struct SentenceModel {
    /// The name of the folder.
    pub name: String,
    /// The encoder's shape.
    pub config: EncoderConfig,
    /// The pooling of the tokens' vectors.
    pub pooling: Pooling,
    /// The layers after the pooling.
    pub dense: Vec<Dense>,
    /// True if embeddings are scaled to length 1.
    pub normalize: bool,
    /// The maximum number of tokens, including the special ones.
    pub max_tokens: usize,
    /// The tokenizer.
    pub tokenizer: Tokenizer,
    /// The tokenizer's file: `tokenizer.json`, or `vocab.txt` in an older folder.
    pub tokenizer_path: PathBuf,
    tokenizer_json: String,
    folder: PathBuf,
    /// The files that were read, except the weights.
    files: Vec<PathBuf>,
    store: WeightFiles,
    sha256: OnceLock<[u8; 32]>,
}

#[derive(Debug, Deserialize)]
struct ShardIndex {
    weight_map: BTreeMap<String, String>,
}

impl SentenceModel {
    /// Reads the folder. The weights are mapped, and validated when [`Self::weights`] borrows them.
    pub fn open(folder: &Path) -> Result<Self, FolderError> {
        let Modules { transformer, pooling, dense, normalize, mut files } = Modules::read(folder)?;
        let settings = Settings::read(folder, &transformer)?;
        let path = transformer.join("config.json");
        let config = EncoderConfig::read(&path, &text(&path)?)?;
        let max_tokens = max_tokens(&path, &settings, &config)?;
        check_widths(folder, config.hidden * pooling.parts(), &dense)?;
        let source =
            TokenizerSource::read(&transformer, config.architecture, settings.lower, max_tokens)?;
        let tokenizer = source.tokenizer(max_tokens)?;
        if tokenizer.vocabulary() > config.vocabulary {
            let (more, less) = (tokenizer.vocabulary(), config.vocabulary);
            let reason = format!("vocab_size is {less}, but the tokenizer has {more} tokens");
            return Err(FolderError::malformed(&path, reason));
        }
        let (store, index) = store(&transformer)?;
        files.extend([path, source.path.clone()]);
        files.extend(settings.files);
        files.extend(index);
        Ok(Self {
            name: name(folder),
            config,
            pooling,
            dense,
            normalize,
            max_tokens,
            tokenizer,
            tokenizer_path: source.path,
            tokenizer_json: source.json,
            folder: folder.to_owned(),
            files,
            store,
            sha256: OnceLock::new(),
        })
    }

    /// Returns the encoder's weights after checking every shape.
    pub fn weights(&self) -> Result<EncoderWeights<'_>, FolderError> {
        EncoderWeights::read(&self.store.tensors()?, &self.config)
    }

    /// Returns the dimension of an embedding.
    pub fn dimension(&self) -> usize {
        let pooled = self.config.hidden * self.pooling.parts();
        self.dense.last().map_or(pooled, |dense| dense.outputs)
    }

    /// Returns a self-contained `tokenizer.json` for this model. It truncates at [`Self::max_tokens`], does
    /// not pad, and produces the same tokens as [`Self::tokenizer`].
    pub fn tokenizer_json(&self) -> &str {
        &self.tokenizer_json
    }

    /// Returns the SHA-256 of the concatenated weights files, those of dense layers last. Reads all of
    /// them, once.
    pub fn sha256(&self) -> [u8; 32] {
        *self.sha256.get_or_init(|| {
            let mut hasher = Sha256::new();
            let stores = std::iter::once(&self.store).chain(self.dense.iter().map(|d| &d.store));
            for bytes in stores.flat_map(WeightFiles::bytes) {
                hasher.update(bytes);
            }
            hasher.finalize().into()
        })
    }

    /// Returns the SHA-256 of the whole model: the weights, and the name and content of every settings
    /// file that was read. Reads all of them.
    pub fn source_sha256(&self) -> Result<[u8; 32], FolderError> {
        let mut hasher = Sha256::new();
        hasher.update(self.sha256());
        for path in &self.files {
            let content = text(path)?;
            let name = path.strip_prefix(&self.folder).unwrap_or(path).to_string_lossy();
            for part in [&*name, &*content] {
                hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
                hasher.update(part);
            }
        }
        Ok(hasher.finalize().into())
    }
}

/// The name of the folder.
fn name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "model".to_owned())
}

/// Returns the maximum number of tokens: that of the settings, limited by the positions.
fn max_tokens(
    path: &Path,
    settings: &Settings,
    config: &EncoderConfig,
) -> Result<usize, FolderError> {
    let longest = config.longest();
    let tokens = settings.max_tokens.unwrap_or(longest).min(longest);
    if tokens < 2 {
        let reason =
            format!("a maximum of {tokens} tokens leaves no room for the two special ones");
        return Err(FolderError::malformed(path, reason));
    }
    Ok(tokens)
}

/// Checks that the inputs of each dense layer match the outputs before it.
fn check_widths(folder: &Path, pooled: usize, dense: &[Dense]) -> Result<(), FolderError> {
    let mut width = pooled;
    for dense in dense {
        if dense.inputs != width {
            let reason = format!("a Dense module takes {} coordinates, not {width}", dense.inputs);
            return Err(FolderError::malformed(&folder.join("modules.json"), reason));
        }
        width = dense.outputs;
    }
    Ok(())
}

/// Maps the weights: one file, or the shards named by an index, which is returned too.
fn store(folder: &Path) -> Result<(WeightFiles, Option<PathBuf>), FolderError> {
    let whole = folder.join("model.safetensors");
    let index = folder.join("model.safetensors.index.json");
    let map = |path: PathBuf| Ok((path.clone(), map(&path)?));
    if whole.exists() || !index.exists() {
        refuse_pickle(folder, &whole)?;
        return Ok((WeightFiles::new(vec![map(whole)?]), None));
    }
    let shards: ShardIndex = json(&index)?;
    let names: BTreeSet<_> = shards.weight_map.into_values().collect();
    if names.iter().any(|name| name.contains(['/', '\\'])) {
        return Err(FolderError::malformed(&index, "a shard is in another folder"));
    }
    if names.is_empty() {
        return Err(FolderError::malformed(&index, "it names no shards"));
    }
    let maps = names.into_iter().map(|name| map(folder.join(name)));
    Ok((WeightFiles::new(maps.collect::<Result<_, FolderError>>()?), Some(index)))
}
