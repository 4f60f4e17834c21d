use crate::output::{self, Format};
use crate::progress::{Progress, Unit};
use crate::{commands::model::ModelsSettings, exit};
use akin_composition::BadSettings;
use akin_model_hub::{Downloaded, ModelHub, ModelName};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Download a Sentence-Transformers model from a hub.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  akin model get BAAI/bge-small-en-v1.5\n\nEvery file is verified by the hub's checksum, and an interrupted download resumes. HF_ENDPOINT is the address of the Hugging Face hub, or of a mirror; HF_TOKEN opens models that are not public. The default model, all-MiniLM-L6-v2, needs no hub: run `make model`."
)]
pub(crate) struct ModelGetArguments {
    /// The model's name on the hub: OWNER/NAME.
    #[arg(value_name = "NAME")]
    name: ModelName,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    hub: akin_model_hub::Settings,

    #[command(flatten)]
    models: ModelsSettings,
}

pub(crate) fn run(arguments: &ModelGetArguments) -> anyhow::Result<ExitCode> {
    BadSettings::refuse(arguments.hub.problems())?;
    let hub = ModelHub::new(&arguments.hub)?;
    let models = arguments.models.folder()?;
    let progress = Progress::new(format!("getting {}", arguments.name), Unit::Bytes);
    let observe =
        |at: akin_model_hub::DownloadProgress<'_>| progress.at(at.done, Some(at.total), at.file);
    let downloaded = hub.download(&arguments.name, &models, &observe)?;
    drop(progress);
    if arguments.format.json {
        output::json(&json!({
            "model": arguments.name.to_string(),
            "path": downloaded.folder,
            "revision": downloaded.revision,
            "files": downloaded.files,
            "fetched": downloaded.new,
            "bytes": downloaded.bytes,
        }));
    } else {
        let Downloaded { folder, new, files, bytes, .. } = downloaded;
        let megabytes = super::megabytes(bytes);
        let folder = folder.display();
        output::line(&format!(
            "{folder}: {files} files, {megabytes} MB, verified; {new} downloaded"
        ));
    }
    Ok(exit::DONE)
}

/// The folder that `name` means: a path, or a model among those that were downloaded.
pub(crate) fn find(name: &str, models: &Path) -> Result<PathBuf, BadSettings> {
    let path = Path::new(name);
    if path.is_dir() {
        return Ok(path.to_owned());
    }
    let own = name.rsplit('/').next().unwrap_or(name);
    let folder = models.join(own);
    if !own.is_empty() && own != ".." && folder.is_dir() {
        return Ok(folder);
    }
    let models = models.display();
    Err(BadSettings(vec![format!(
        "no model {name:?}: there is no such folder, and no {own:?} in {models}; `akin model get` \
         downloads a model, `make model` the default one"
    )]))
}
