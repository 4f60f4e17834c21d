//! The settings of every embedder, and the choice among them.

use crate::{
    BadSettings, CompositionError, EmbedderName, EngineName, EngineSettings, cryptography,
};
use akin_embedding_api::HttpEmbedder;
use akin_native::{DEFAULT_MODEL, ModelChoice, ModelPrecision, NativeEmbedder};
use akin_onnx::{OnnxEmbedder, OnnxModelFiles};
use akin_ports::{Embedder, ErrorKind, PortError, PortResult};
use akin_sagemaker::SageMakerEmbedder;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Handle;

/// The settings of every embedder.
#[derive(Clone, Debug, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
#[command(next_help_heading = "Engine")]
pub struct EmbedderSettings {
    #[command(flatten)]
    native: akin_native::Settings,

    #[command(flatten)]
    onnx: akin_onnx::Settings,

    #[command(flatten)]
    http: akin_embedding_api::Settings,

    #[command(flatten)]
    sagemaker: akin_sagemaker::Settings,
}

impl EmbedderSettings {
    /// Opens the embedder of each engine, in their order; engines of one name share one. Blocks on
    /// files and servers; needs a tokio runtime.
    pub(crate) fn open_all(
        &self,
        engines: &[EngineName],
        aws: &aws_client::Settings,
    ) -> PortResult<Vec<Arc<dyn Embedder>>> {
        let mut opened: Vec<(EmbedderName, Arc<dyn Embedder>)> = Vec::new();
        let mut all = Vec::new();
        for engine in engines {
            let known = opened.iter().find(|(name, _)| *name == engine.embedder);
            let embedder = match known {
                Some((_, embedder)) => Arc::clone(embedder),
                None => self.open(engine.embedder, aws)?,
            };
            opened.push((engine.embedder, Arc::clone(&embedder)));
            all.push(embedder);
        }
        Ok(all)
    }

    /// Opens one embedder. Blocks on files and servers.
    fn open(
        &self,
        name: EmbedderName,
        aws: &aws_client::Settings,
    ) -> PortResult<Arc<dyn Embedder>> {
        Ok(match name {
            EmbedderName::Native => Arc::new(NativeEmbedder::open(&self.native)?),
            EmbedderName::Onnx => {
                let files = self.onnx_files().map_err(|problem| {
                    PortError::new("embedder", ErrorKind::Misconfigured, problem)
                })?;
                Arc::new(OnnxEmbedder::open(&files, self.native.thread_count())?)
            }
            EmbedderName::Http => {
                cryptography::install();
                Arc::new(Handle::current().block_on(HttpEmbedder::open(&self.http))?)
            }
            EmbedderName::SageMaker => {
                cryptography::install();
                Arc::new(Handle::current().block_on(self.open_endpoint(aws))?)
            }
        })
    }

    async fn open_endpoint(&self, aws: &aws_client::Settings) -> PortResult<SageMakerEmbedder> {
        let config = crate::aws::config(aws).await?;
        SageMakerEmbedder::open(&self.sagemaker, &config, aws.operation_timeout).await
    }

    /// Returns what is missing or wrong in the settings of the embedder.
    pub(crate) fn problems(&self, name: EmbedderName) -> Vec<String> {
        match name {
            EmbedderName::Native => {
                self.native.find_model().err().map(|error| error.to_string()).into_iter().collect()
            }
            EmbedderName::Onnx => self.onnx_files().err().into_iter().collect(),
            EmbedderName::Http => self.http.problems(),
            EmbedderName::SageMaker => self.sagemaker.problems(),
        }
    }

    /// Returns the files of the ONNX model: those of its own settings, or else the exports of the
    /// native embedder's model.
    fn onnx_files(&self) -> Result<OnnxModelFiles, String> {
        let default = match (&self.onnx.onnx_model, &self.native.model) {
            (Some(named), _) => named.clone(),
            (None, ModelChoice::Default(ModelPrecision::Bf16)) => {
                return Err(
                    "ONNX models are int8 or fp32, not bf16: set --model or AKIN_MODEL".into()
                );
            }
            (None, ModelChoice::Default(precision)) => {
                let models = self.native.models_folder().map_err(|error| error.to_string())?;
                exports(&models.join(DEFAULT_MODEL), &[precision.name()])
            }
            (None, ModelChoice::At(path)) if path.is_dir() => {
                exports(path, &["int8", "fp32", "model"])
            }
            (None, ModelChoice::At(path)) => path.clone(),
        };
        self.onnx.find(&default).map_err(|error| error.to_string())
    }
}

impl EngineSettings {
    /// Opens one embedder alone.
    pub async fn open_embedder(
        &self,
        name: EmbedderName,
    ) -> Result<Arc<dyn Embedder>, CompositionError> {
        BadSettings::refuse(self.embedder.problems(name))?;
        let (settings, aws) = (self.embedder.clone(), self.catalogue.aws.clone());
        Ok(tokio::task::spawn_blocking(move || settings.open(name, &aws)).await??)
    }
}

/// Returns the first of the exports that is in a model's folder, or the first name if none is.
fn exports(folder: &Path, names: &[&str]) -> PathBuf {
    let paths = || names.iter().map(|name| folder.join("onnx").join(format!("{name}.onnx")));
    paths().find(|path| path.is_file()).or_else(|| paths().next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::fs;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        settings: EmbedderSettings,
    }

    fn found(folder: &Path, arguments: &[&str]) -> Result<PathBuf, String> {
        let models = ["akin", "--models", folder.to_str().unwrap()];
        let settings = Command::parse_from([&models, arguments].concat()).settings;
        let path = settings.onnx_files()?.model;
        Ok(path.strip_prefix(folder).unwrap().to_owned())
    }

    #[test]
    fn the_onnx_model_is_the_export_of_the_model_unless_its_own_setting_names_another() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [
            "all-MiniLM-L6-v2/onnx/int8.onnx",
            "all-MiniLM-L6-v2/onnx/fp32.onnx",
            "bge/onnx/fp32.onnx",
            "hub/onnx/model.onnx",
            "mine.onnx",
        ] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), "").unwrap();
            fs::write(at(name).with_file_name("tokenizer.json"), "").unwrap();
        }
        let bge = at("bge");
        let (bge, hub, mine) = (bge.to_str().unwrap(), at("hub"), at("mine.onnx"));
        let (hub, mine) = (hub.to_str().unwrap(), mine.to_str().unwrap());
        for (arguments, expected) in [
            (&[][..], "all-MiniLM-L6-v2/onnx/int8.onnx"),
            (&["--model", "fp32"], "all-MiniLM-L6-v2/onnx/fp32.onnx"),
            (&["--model", bge], "bge/onnx/fp32.onnx"),
            (&["--model", hub], "hub/onnx/model.onnx"),
            (&["--model", mine], "mine.onnx"),
            (&["--model", "bf16", "--onnx-model", mine], "mine.onnx"),
        ] {
            assert_eq!(found(folder.path(), arguments), Ok(expected.into()), "{arguments:?}");
        }
        let refused = found(folder.path(), &["--model", "bf16"]).unwrap_err();
        assert!(refused.contains("bf16") && refused.contains("AKIN_MODEL"), "{refused}");
    }

    #[test]
    fn a_missing_export_is_named_with_its_setting() {
        let folder = tempfile::tempdir().unwrap();
        let missing = found(folder.path(), &[]).unwrap_err();
        assert!(
            missing.contains("onnx/int8.onnx") && missing.contains("ONNX_MODEL_PATH"),
            "{missing}"
        );
    }
}
