//! Files that are written aside first.

use crate::ExportError;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Where an exported model goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The model's file. Weights that do not fit into it are beside it, under its name and `.data`.
    pub model: PathBuf,
    /// The tokenizer: a file, if it ends in `.json`, else a folder for `tokenizer.json` and
    /// `tokenizer_config.json`.
    pub tokenizer: PathBuf,
}

/// An exported model that is whole, but not yet where it belongs. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Draft {
    staging: Staging,
    /// Names and texts.
    tokenizer: Vec<(&'static str, String)>,
    summary: Summary,
    start: Instant,
}

/// What was exported.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The model's file.
    pub model: PathBuf,
    /// The file of the weights, if they are not in the model's.
    pub data: Option<PathBuf>,
    /// The tokenizer's files.
    pub tokenizer: Vec<PathBuf>,
    /// Bytes of the model and its weights.
    pub bytes: u64,
    /// Operations of the graph.
    pub nodes: usize,
    /// The SHA-256 of all that it was made of, in hexadecimal: weights, settings and tokenizer.
    pub source_sha256: String,
    /// From the first byte read to the last file renamed.
    pub seconds: f64,
}

/// A folder beside the model's file, which only one export uses; removed when dropped. Whatever a
/// killed one left there, the next one to the same path removes.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: PathBuf,
    target: Target,
    name: String,
    /// Locked as long as this lives.
    lock: File,
}

const LOCK: &str = "lock";

impl Target {
    /// A model's file, and its tokenizer's files in the same folder.
    pub fn beside(model: impl Into<PathBuf>) -> Self {
        let model = model.into();
        let tokenizer = model.parent().map(Path::to_owned).unwrap_or_default();
        Self { model, tokenizer }
    }

    /// Where a file of the tokenizer goes, if it is wanted.
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
    /// The model's file, to be looked at. Its weights and `tokenizer.json` are beside it.
    pub fn model(&self) -> PathBuf {
        self.staging.model()
    }

    /// The tokenizer's file, to be looked at.
    pub fn tokenizer(&self) -> PathBuf {
        self.staging.folder.join("tokenizer.json")
    }

    /// What was exported; paths are those that [`Self::keep`] will give it.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Puts the files where they belong, over what was there. The model's own comes last.
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
            // The weights of the model that stood here before belong to nothing any more.
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
        fs::create_dir_all(&folder).map_err(ExportError::unwritable(&folder))?;
        let lock = File::create(folder.join(LOCK)).map_err(ExportError::unwritable(&folder))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ExportError::Busy { path: path.clone() }),
            Err(TryLockError::Error(error)) => return Err(ExportError::unwritable(&folder)(error)),
        }
        let staging = Self { folder, target: target.clone(), name, lock };
        staging.clear().map_err(ExportError::unwritable(&staging.folder))?;
        Ok(staging)
    }

    /// Removes what a killed export left.
    fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name() != LOCK {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// The model's file, while it is written.
    pub(crate) fn model(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// The file of the weights, while it is written: named as the model's file will name it.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join(self.data_name())
    }

    pub(crate) fn data_name(&self) -> String {
        format!("{}.data", self.name)
    }

    /// The draft of what was written.
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
            fs::write(&path, text).map_err(ExportError::unwritable(&path))?;
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
        // Whatever cannot be removed now, the next export to the same path removes.
        let _ = fs::remove_dir_all(&self.folder);
        let _ = self.lock.unlock();
    }
}

/// Writes a small file aside and renames it, in a folder that is made if it is not there.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!(".{name}.part"));
    let write = || {
        let mut file = File::create(&aside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&aside, path)
    };
    write().inspect_err(|_| drop(fs::remove_file(&aside)))
}
