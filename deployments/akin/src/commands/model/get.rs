use crate::hub::{self, Hub, Listing, ModelName};
use crate::output::{self, Format};
use crate::progress::{Progress, Unit};
use crate::{commands::model::ModelsSettings, exit};
use akin_composition::BadSettings;
use anyhow::Context;
use serde_json::json;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Fetch a Sentence-Transformers model from a hub.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  akin model get BAAI/bge-small-en-v1.5\n\nEvery file is verified by the sum that the hub lists. A download that broke off goes on where it\nwas. The hub's address is HF_ENDPOINT, as for its own clients; HF_TOKEN opens models that are not\nfor everybody. all-MiniLM-L6-v2 needs no hub: `make model`."
)]
pub(crate) struct Arguments {
    /// The model's name on the hub: OWNER/NAME.
    #[arg(value_name = "NAME")]
    name: ModelName,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    hub: hub::Settings,

    #[command(flatten)]
    models: ModelsSettings,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let hub = Hub::at(&arguments.hub)?;
    let models = arguments.models.folder()?;
    let fetched = get(&hub, &arguments.name, &models)?;
    if arguments.format.json {
        output::json(&json!({
            "model": arguments.name.to_string(),
            "path": fetched.folder,
            "revision": fetched.revision,
            "files": fetched.files,
            "fetched": fetched.new,
            "bytes": fetched.bytes,
        }));
    } else {
        let Fetched { folder, new, files, bytes, .. } = fetched;
        let megabytes = super::megabytes(bytes);
        let folder = folder.display();
        output::line(&format!("{folder}: {files} files, {megabytes} MB, verified; {new} are new"));
    }
    Ok(exit::DONE)
}

/// A model that is there now.
struct Fetched {
    folder: PathBuf,
    revision: String,
    files: usize,
    /// How many of the files were not there before.
    new: usize,
    bytes: u64,
}

/// Fetches what is missing of the model into a folder beside its own, then puts it there.
fn get(hub: &Hub, model: &ModelName, models: &Path) -> anyhow::Result<Fetched> {
    let folder = models.join(model.name());
    let aside = models.join(format!(".get-{}", model.name()));
    fs::create_dir_all(&aside).with_context(|| format!("{} cannot be made", aside.display()))?;
    let lock = lock(&aside, model)?;
    let listing = hub.list(model)?;
    let new = fetch(hub, model, &listing, &folder, &aside)?;
    for name in &new {
        let (from, to) = (aside.join(name), folder.join(name));
        make_parent(&to)?;
        fs::rename(&from, &to).with_context(|| format!("{} cannot be written", to.display()))?;
    }
    drop(lock);
    fs::remove_dir_all(&aside)?;
    let bytes = listing.files.iter().map(|file| file.bytes).sum();
    let (files, revision, new) = (listing.files.len(), listing.revision, new.len());
    Ok(Fetched { folder, revision, files, new, bytes })
}

/// Only one at a time fetches a model; the lock ends with the process.
fn lock(aside: &Path, model: &ModelName) -> anyhow::Result<File> {
    let lock = File::create(aside.join(".lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            anyhow::bail!("another process is fetching {model}; wait for it")
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Fetches what is not in `folder`; the names of what is in `aside` now.
fn fetch(
    hub: &Hub,
    model: &ModelName,
    listing: &Listing,
    folder: &Path,
    aside: &Path,
) -> anyhow::Result<Vec<String>> {
    let progress = Progress::new(format!("getting {model}"), Unit::Bytes);
    let total = listing.files.iter().map(|file| file.bytes).sum();
    let (mut done, mut new) = (0, Vec::new());
    for file in &listing.files {
        if !file.is_at(&folder.join(&file.name))? {
            let path = aside.join(&file.name);
            make_parent(&path)?;
            let at = |bytes| progress.at(done + bytes, Some(total), &file.name);
            hub.fetch(model, listing, file, &path, &at)?;
            new.push(file.name.clone());
        }
        done += file.bytes;
    }
    Ok(new)
}

fn make_parent(path: &Path) -> anyhow::Result<()> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))
}

/// The folder that `name` means: a path, or a model among those that were fetched.
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
        "no model {name:?}: it is no folder, and there is no {own:?} in {models}; `akin model get` \
         fetches one (`make model` the default one)"
    )]))
}
