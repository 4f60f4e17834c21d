//! What happens to a text behind the transformer: pooling, dense layers, normalisation.

use crate::ModelError;
use crate::map::map;
use crate::weights::{Linear, Store};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// How the tokens' vectors become one: a set, whose members are concatenated in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "it is a set")]
pub struct Pooling {
    /// The first token's.
    pub cls: bool,
    /// The largest of each coordinate.
    pub max: bool,
    /// The mean.
    pub mean: bool,
    /// The sum divided by the root of the count.
    pub mean_sqrt_len: bool,
}

/// A layer behind the pooling.
#[derive(Debug)]
pub struct Dense {
    /// Coordinates that come in.
    pub inputs: usize,
    /// Coordinates that go out.
    pub outputs: usize,
    /// What is done to them last.
    pub activation: DenseActivation,
    bias: bool,
    store: Store,
}

/// A function of one number, behind a dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenseActivation {
    /// The number itself.
    Identity,
    /// Its tangens hyperbolicus.
    Tanh,
}

/// What `modules.json` says.
#[derive(Debug, Default)]
pub(crate) struct Modules {
    pub(crate) transformer: PathBuf,
    pub(crate) pooling: Pooling,
    pub(crate) dense: Vec<Dense>,
    pub(crate) normalize: bool,
}

#[derive(Debug, Deserialize)]
struct Entry {
    path: String,
    r#type: String,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, clippy::struct_field_names, reason = "the file has them")]
#[derive(Default)]
struct PoolingFile {
    pooling_mode: Option<Modes>,
    pooling_mode_cls_token: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
}

/// Newer folders name the modes in place of the flags: one, several, or several joined by `+`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Modes {
    One(String),
    Several(Vec<String>),
}

#[derive(Debug, Deserialize)]
struct DenseFile {
    in_features: usize,
    out_features: usize,
    #[serde(default = "yes")]
    bias: bool,
    activation_function: Option<String>,
}

fn yes() -> bool {
    true
}

impl Modules {
    pub(crate) fn read(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join("modules.json");
        let entries: Vec<Entry> = json(&path)?;
        let mut modules = Self::default();
        let mut pooled = false;
        let mut transformer = None;
        for entry in entries {
            let at = inside(&path, folder, &entry.path)?;
            match entry.r#type.rsplit('.').next().unwrap_or_default() {
                "Transformer" => transformer = Some(at),
                "Pooling" => {
                    modules.pooling = Pooling::read(&at.join("config.json"))?;
                    pooled = true;
                }
                "Dense" => modules.dense.push(Dense::read(&at)?),
                "Normalize" => modules.normalize = true,
                _ => {
                    let what = format!("the module {:?}", entry.r#type);
                    let known = "Transformer, Pooling, Dense and Normalize are";
                    return Err(ModelError::unsupported(&path, what, known));
                }
            }
        }
        modules.transformer =
            transformer.ok_or_else(|| ModelError::malformed(&path, "it names no Transformer"))?;
        if !pooled {
            return Err(ModelError::malformed(&path, "it names no Pooling"));
        }
        Ok(modules)
    }
}

/// A module's folder; a path that leads out of the model's is refused.
fn inside(file: &Path, folder: &Path, path: &str) -> Result<PathBuf, ModelError> {
    let plain = |part| matches!(part, std::path::Component::Normal(_));
    if Path::new(path).components().all(plain) {
        return Ok(folder.join(path));
    }
    Err(ModelError::malformed(file, format!("the path {path:?} leads out of the folder")))
}

impl Pooling {
    fn read(path: &Path) -> Result<Self, ModelError> {
        let file: PoolingFile = json(path)?;
        if file.pooling_mode_weightedmean_tokens || file.pooling_mode_lasttoken {
            let what = "a weighted mean or the last token";
            let known = "cls, max, mean and mean_sqrt_len are";
            return Err(ModelError::unsupported(path, what, known));
        }
        let mut pooling = Self {
            cls: file.pooling_mode_cls_token,
            max: file.pooling_mode_max_tokens,
            mean: file.pooling_mode_mean_tokens,
            mean_sqrt_len: file.pooling_mode_mean_sqrt_len_tokens,
        };
        let modes = match file.pooling_mode {
            None => Vec::new(),
            Some(Modes::One(modes)) => modes.split('+').map(str::to_owned).collect(),
            Some(Modes::Several(modes)) => modes,
        };
        pooling.add(path, &modes)?;
        if pooling.parts() == 0 {
            return Err(ModelError::malformed(path, "it names no pooling"));
        }
        Ok(pooling)
    }

    /// Adds the modes that a newer folder names.
    fn add(&mut self, path: &Path, modes: &[String]) -> Result<(), ModelError> {
        const ORDER: [&str; 4] = ["cls", "max", "mean", "mean_sqrt_len"];
        let mut last = None;
        for mode in modes {
            let name = mode.strip_suffix("_tokens").unwrap_or(mode);
            let place = ORDER.iter().position(|known| *known == name);
            // An older folder has one order for all; a newer one might choose, and none is known to.
            if place.is_none() || place <= last {
                let what = format!("the pooling {modes:?}");
                let known = "cls, max, mean and mean_sqrt_len_tokens, in this order, are";
                return Err(ModelError::unsupported(path, what, known));
            }
            last = place;
            match name {
                "cls" => self.cls = true,
                "max" => self.max = true,
                "mean" => self.mean = true,
                _ => self.mean_sqrt_len = true,
            }
        }
        Ok(())
    }

    /// How many vectors are concatenated.
    pub fn parts(self) -> usize {
        [self.cls, self.max, self.mean, self.mean_sqrt_len].into_iter().filter(|&part| part).count()
    }
}

impl Dense {
    fn read(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join("config.json");
        let file: DenseFile = json(&path)?;
        let sane = |size| (1..=1 << 20).contains(&size);
        if !sane(file.in_features) || !sane(file.out_features) {
            return Err(ModelError::malformed(&path, "in_features or out_features is no size"));
        }
        let name = file.activation_function.unwrap_or_default();
        let activation = match name.rsplit('.').next().unwrap_or_default() {
            "" | "Identity" => DenseActivation::Identity,
            "Tanh" => DenseActivation::Tanh,
            _ => {
                let what = format!("the activation {name:?}");
                return Err(ModelError::unsupported(&path, what, "Identity and Tanh are"));
            }
        };
        let weights = folder.join("model.safetensors");
        let store = Store::new(vec![(weights.clone(), map(&weights)?)]);
        let (inputs, outputs) = (file.in_features, file.out_features);
        let dense = Self { inputs, outputs, activation, bias: file.bias, store };
        dense.linear()?;
        Ok(dense)
    }

    /// Its weights; without a bias, an empty one.
    pub fn linear(&self) -> Result<Linear<'_>, ModelError> {
        let tensors = self.store.tensors()?;
        let weight = tensors.get("linear.weight", &[self.outputs, self.inputs])?;
        let bias =
            if self.bias { Some(tensors.get("linear.bias", &[self.outputs])?) } else { None };
        Ok(Linear { weight, bias })
    }
}

/// The file's JSON, as `T`.
pub(crate) fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ModelError> {
    serde_json::from_str(&text(path)?)
        .map_err(|error| ModelError::malformed(path, error.to_string()))
}

/// The file's text.
pub(crate) fn text(path: &Path) -> Result<String, ModelError> {
    std::fs::read_to_string(path)
        .map_err(|source| ModelError::Unreadable { path: path.to_owned(), source })
}
