//! Files that are staged in a temporary folder before they are published.

use crate::ExportError;
use private_files::Access;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The destination of an exported model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The model's file. Weights that do not fit are in a file beside it, with `.data` appended to the name.
    pub model: PathBuf,
    /// The tokenizer: a file if the path ends in `.json`, else a folder for `tokenizer.json` and
    /// `tokenizer_config.json`.
    pub tokenizer: PathBuf,
}

/// A complete exported model that is not yet at its destination. Dropping it removes its files.
#[derive(Debug)]
pub struct Draft {
    staging: Staging,
    /// The names and texts of the tokenizer's files.
    tokenizer: Vec<(&'static str, String)>,
    summary: Summary,
    start: Instant,
}

/// A summary of an export.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The model's file.
    pub model: PathBuf,
    /// The weights file, if they are not in the model's file.
    pub data: Option<PathBuf>,
    /// The files of the tokenizer.
    pub tokenizer: Vec<PathBuf>,
    /// The size of the model and its weights in bytes.
    pub bytes: u64,
    /// The number of nodes in the graph.
    pub nodes: usize,
    /// The SHA-256 of the whole source in hexadecimal: weights, settings and tokenizer.
    pub source_sha256: String,
    /// The duration from the first read to the last rename.
    pub seconds: f64,
}

/// A folder beside the model's file that only one export uses; removed when dropped. The next export to
/// the same path removes the leftovers of one that was killed.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: PathBuf,
    target: Target,
    name: String,
    /// Locked for the lifetime of this value.
    lock: File,
}

const LOCK: &str = "lock";

impl Target {
    /// Creates a target with the tokenizer's files in the folder of the model's file.
    pub fn beside(model: impl Into<PathBuf>) -> Self {
        let model = model.into();
        let tokenizer = model.parent().map(Path::to_owned).unwrap_or_default();
        Self { model, tokenizer }
    }

    /// Returns the path of a file of the tokenizer, or `None` if the target excludes it.
    fn tokenizer_file(&self, name: &str) -> Option<PathBuf> {
        let is_file = self.tokenizer.extension().is_some_and(|extension| extension == "json");
        match (is_file, name) {
            (false, _) => Some(self.tokenizer.join(name)),
            (true, "tokenizer.json") => Some(self.tokenizer.clone()),
            (true, _) => None,
        }
    }
}

impl Draft {
    /// Returns the path of the draft model, with its weights and `tokenizer.json` beside it.
    pub fn model(&self) -> PathBuf {
        self.staging.model()
    }

    /// Returns the path of the draft tokenizer.
    pub fn tokenizer(&self) -> PathBuf {
        self.staging.folder.join("tokenizer.json")
    }

    /// Returns the summary, with the final paths that [`Self::keep`] moves the files to.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Moves the files to their destination, replacing existing ones. The model's file comes last.
    pub fn keep(mut self) -> Result<Summary, ExportError> {
        for (name, text) in &self.tokenizer {
            if let Some(path) = self.staging.target.tokenizer_file(name) {
                replace(&path, text).map_err(ExportError::unwritable(&path))?;
            }
        }
        let Self { staging, summary, .. } = &self;
        let data = staging.target.model.with_file_name(staging.data_name());
        if summary.data.is_some() {
            fs::rename(staging.data(), &data).map_err(ExportError::unwritable(&data))?;
        }
        fs::rename(staging.model(), &summary.model)
            .map_err(ExportError::unwritable(&summary.model))?;
        if summary.data.is_none() && data.exists() {
            // The weights of the replaced model are no longer used.
            fs::remove_file(&data).map_err(ExportError::unwritable(&data))?;
        }
        self.summary.seconds = self.start.elapsed().as_secs_f64();
        Ok(self.summary.clone())
    }
}

impl Staging {
    pub(crate) fn new(target: &Target) -> Result<Self, ExportError> {
        let path = &target.model;
        let name = path.file_name().filter(|_| !path.is_dir());
        let name = name.ok_or_else(|| ExportError::NoFile { path: path.clone() })?;
        let name = name.to_string_lossy().into_owned();
        let folder = path.with_file_name(format!(".{name}.part"));
        // Its files are removed, which must not happen to another folder.
        if folder.is_symlink() {
            fs::remove_file(&folder).map_err(ExportError::unwritable(&folder))?;
        }
        fs::create_dir_all(&folder).map_err(ExportError::unwritable(&folder))?;
        let lock = private_files::open(&folder.join(LOCK), Access::Umask)
            .map_err(ExportError::unwritable(&folder))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ExportError::Busy { path: path.clone() }),
            Err(TryLockError::Error(error)) => return Err(ExportError::unwritable(&folder)(error)),
        }
        let staging = Self { folder, target: target.clone(), name, lock };
        staging.clear().map_err(ExportError::unwritable(&staging.folder))?;
        Ok(staging)
    }

    /// Removes the leftovers of a killed export.
    fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name() != LOCK {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Returns the staged path of the model.
    pub(crate) fn model(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Returns the staged path of the weights, with the name that the model's file refers to.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join(self.data_name())
    }

    pub(crate) fn data_name(&self) -> String {
        format!("{}.data", self.name)
    }

    /// Writes the tokenizer's files and returns the draft.
    pub(crate) fn finish(
        self,
        tokenizer: Vec<(&'static str, String)>,
        has_data: bool,
        source_sha256: String,
        nodes: usize,
        start: Instant,
    ) -> Result<Draft, ExportError> {
        for (name, text) in &tokenizer {
            let path = self.folder.join(name);
            private_files::create(&path, Access::Umask)
                .and_then(|mut file| file.write_all(text.as_bytes()))
                .map_err(ExportError::unwritable(&path))?;
        }
        let size = |path: PathBuf| fs::metadata(&path).map(|file| file.len());
        let mut bytes = size(self.model()).map_err(ExportError::unwritable(&self.folder))?;
        if has_data {
            bytes += size(self.data()).map_err(ExportError::unwritable(&self.folder))?;
        }
        let model = self.target.model.clone();
        let kept = tokenizer.iter().filter_map(|(name, _)| self.target.tokenizer_file(name));
        let summary = Summary {
            data: has_data.then(|| model.with_file_name(self.data_name())),
            model,
            tokenizer: kept.collect(),
            bytes,
            nodes,
            source_sha256,
            seconds: start.elapsed().as_secs_f64(),
        };
        Ok(Draft { staging: self, tokenizer, summary, start })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // The next export to the same path removes anything that cannot be removed now.
        let _ = fs::remove_dir_all(&self.folder);
        let _ = self.lock.unlock();
    }
}

/// Replaces a small file atomically and creates its folder if necessary.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.part"));
    let write = || {
        let mut file = private_files::create(&temporary, Access::Umask)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().inspect_err(|_| drop(fs::remove_file(&temporary)))
}
