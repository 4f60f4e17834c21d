use crate::dense::refuse_pickle;
use crate::files::{json, map, text};
use crate::modules::Modules;
use crate::settings::Settings;
use crate::tensors::Store;
use crate::tokenizer::Source;
use crate::{Dense, EncoderConfig, EncoderWeights, FolderError, Pooling, Tokenizer};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A sentence embedding model, as its folder describes it.
#[derive(Debug)]
pub struct SentenceModel {
    /// The folder's own name.
    pub name: String,
    /// The encoder's shape.
    pub config: EncoderConfig,
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
    /// The file that says how: a `tokenizer.json`, or an older folder's `vocab.txt`.
    pub tokenizer_path: PathBuf,
    tokenizer_json: String,
    folder: PathBuf,
    /// The files that were read, but those of weights.
    files: Vec<PathBuf>,
    store: Store,
    sha256: OnceLock<[u8; 32]>,
}

#[derive(Debug, Deserialize)]
struct Shards {
    weight_map: BTreeMap<String, String>,
}

impl SentenceModel {
    /// Reads the folder. The weights are mapped, and checked when [`Self::weights`] borrows them.
    pub fn open(folder: &Path) -> Result<Self, FolderError> {
        let Modules { transformer, pooling, dense, normalize, mut files } = Modules::read(folder)?;
        let settings = Settings::read(folder, &transformer)?;
        let path = transformer.join("config.json");
        let config = EncoderConfig::read(&path, &text(&path)?)?;
        let max_tokens = max_tokens(&path, &settings, &config)?;
        check_widths(folder, config.hidden * pooling.parts(), &dense)?;
        let source = Source::read(&transformer, config.architecture, settings.lower, max_tokens)?;
        let tokenizer = source.tokenizer(max_tokens)?;
        if tokenizer.vocabulary() > config.vocabulary {
            let (more, less) = (tokenizer.vocabulary(), config.vocabulary);
            let reason = format!("vocab_size is {less}, but the tokenizer knows {more} tokens");
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

    /// The encoder's weights, every shape checked.
    pub fn weights(&self) -> Result<EncoderWeights<'_>, FolderError> {
        EncoderWeights::read(&self.store.tensors()?, &self.config)
    }

    /// How many coordinates an embedding has.
    pub fn dimension(&self) -> usize {
        let pooled = self.config.hidden * self.pooling.parts();
        self.dense.last().map_or(pooled, |dense| dense.outputs)
    }

    /// A `tokenizer.json` for this model: it cuts at [`Self::max_tokens`], pads nothing, and needs no
    /// other file. Gives the tokens that [`Self::tokenizer`] gives.
    pub fn tokenizer_json(&self) -> &str {
        &self.tokenizer_json
    }

    /// The SHA-256 of the files of the weights, one behind the other, those of dense layers last.
    /// Reads all of them, once.
    pub fn sha256(&self) -> [u8; 32] {
        *self.sha256.get_or_init(|| {
            let mut hasher = Sha256::new();
            let stores = std::iter::once(&self.store).chain(self.dense.iter().map(|d| &d.store));
            for bytes in stores.flat_map(Store::bytes) {
                hasher.update(bytes);
            }
            hasher.finalize().into()
        })
    }

    /// The SHA-256 of all that makes the model: the weights, and every file of settings that was read,
    /// with its name. Reads all of them.
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

/// The folder's own name.
fn name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "model".to_owned())
}

/// The longest text, in tokens: what the settings say, as far as there are positions.
fn max_tokens(
    path: &Path,
    settings: &Settings,
    config: &EncoderConfig,
) -> Result<usize, FolderError> {
    let longest = config.longest();
    let tokens = settings.max_tokens.unwrap_or(longest).min(longest);
    if tokens < 2 {
        let reason = format!("a text of {tokens} tokens cannot hold its two special ones");
        return Err(FolderError::malformed(path, reason));
    }
    Ok(tokens)
}

/// Whether each dense layer takes what comes out before it.
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

/// The files of the weights: one, or the shards that an index names; and the index.
fn store(folder: &Path) -> Result<(Store, Option<PathBuf>), FolderError> {
    let whole = folder.join("model.safetensors");
    let index = folder.join("model.safetensors.index.json");
    let map = |path: PathBuf| Ok((path.clone(), map(&path)?));
    if whole.exists() || !index.exists() {
        refuse_pickle(folder, &whole)?;
        return Ok((Store::new(vec![map(whole)?]), None));
    }
    let shards: Shards = json(&index)?;
    let names: BTreeSet<_> = shards.weight_map.into_values().collect();
    if names.iter().any(|name| name.contains(['/', '\\'])) {
        return Err(FolderError::malformed(&index, "a shard lies in another folder"));
    }
    if names.is_empty() {
        return Err(FolderError::malformed(&index, "it names no shard"));
    }
    let maps = names.into_iter().map(|name| map(folder.join(name)));
    Ok((Store::new(maps.collect::<Result<_, FolderError>>()?), Some(index)))
}
