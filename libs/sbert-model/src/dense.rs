use crate::FolderError;
use crate::files::{json, map};
use crate::tensors::WeightFiles;
use crate::weights::Linear;
use serde::Deserialize;
use std::path::Path;

/// A dense layer after the pooling.
#[derive(Debug)]
pub struct Dense {
    /// The number of input coordinates.
    pub inputs: usize,
    /// The number of output coordinates.
    pub outputs: usize,
    /// The activation of the outputs.
    pub activation: DenseActivation,
    bias: bool,
    pub(crate) store: WeightFiles,
}

/// An activation function after a dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenseActivation {
    /// No activation.
    Identity,
    /// The hyperbolic tangent.
    Tanh,
}

#[derive(Debug, Deserialize)]
struct DenseConfigFile {
    in_features: usize,
    out_features: usize,
    #[serde(default = "yes")]
    bias: bool,
    /// Defaults to Tanh, as in Sentence-Transformers.
    #[serde(default = "tanh")]
    activation_function: Option<String>,
    #[serde(default)]
    use_residual: bool,
    module_input_name: Option<String>,
    module_output_name: Option<String>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::unnecessary_wraps, reason = "the type of the field")]
fn tanh() -> Option<String> {
    Some("Tanh".to_owned())
}

impl DenseConfigFile {
    /// Rejects settings that change the computation.
    fn check(&self, path: &Path) -> Result<(), FolderError> {
        let sane = |size| (1..=1 << 20).contains(&size);
        for (name, size) in [("in_features", self.in_features), ("out_features", self.out_features)]
        {
            if !sane(size) {
                return Err(FolderError::malformed(
                    path,
                    format!("{name} {size} is not a valid size"),
                ));
            }
        }
        if self.use_residual {
            let what = "a residual around a Dense module (use_residual)";
            return Err(FolderError::unsupported(path, what, "a Dense module without is"));
        }
        for name in [&self.module_input_name, &self.module_output_name].into_iter().flatten() {
            if name != "sentence_embedding" {
                let what = format!("a Dense module over {name:?}");
                return Err(FolderError::unsupported(path, what, "one over sentence_embedding is"));
            }
        }
        Ok(())
    }

    fn activation(&self, path: &Path) -> Result<DenseActivation, FolderError> {
        let name = self.activation_function.as_deref().unwrap_or_default();
        match name.rsplit('.').next().unwrap_or_default() {
            "" | "Identity" => Ok(DenseActivation::Identity),
            "Tanh" => Ok(DenseActivation::Tanh),
            _ => {
                let what = format!("the activation {name:?}");
                Err(FolderError::unsupported(path, what, "Identity and Tanh are"))
            }
        }
    }
}

impl Dense {
    pub(crate) fn read(folder: &Path) -> Result<Self, FolderError> {
        let path = folder.join("config.json");
        let file: DenseConfigFile = json(&path)?;
        file.check(&path)?;
        let activation = file.activation(&path)?;
        let weights = folder.join("model.safetensors");
        refuse_pickle(folder, &weights)?;
        let store = WeightFiles::new(vec![(weights.clone(), map(&weights)?)]);
        let (inputs, outputs) = (file.in_features, file.out_features);
        let dense = Self { inputs, outputs, activation, bias: file.bias, store };
        dense.linear()?;
        Ok(dense)
    }

    /// Returns the weights.
    pub fn linear(&self) -> Result<Linear<'_>, FolderError> {
        let tensors = self.store.tensors()?;
        let weight = tensors.get("linear.weight", &[self.outputs, self.inputs])?;
        let bias =
            if self.bias { Some(tensors.get("linear.bias", &[self.outputs])?) } else { None };
        Ok(Linear { weight, bias })
    }
}

/// Returns an error with a remedy if the weights exist only as a pickle.
pub(crate) fn refuse_pickle(folder: &Path, expected: &Path) -> Result<(), FolderError> {
    if expected.exists() {
        return Ok(());
    }
    let pickles = ["pytorch_model.bin", "pytorch_model.bin.index.json"];
    let found = pickles.iter().map(|name| folder.join(name)).find(|path| path.exists());
    let remedy = "it can run code when it is read: save the model as safetensors";
    found.map_or(Ok(()), |path| Err(FolderError::unsupported(&path, "a pickle of weights", remedy)))
}
