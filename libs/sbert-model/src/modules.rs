//! The modules of a model: transformer, pooling, dense layers, normalization.

use crate::files::json;
use crate::{Dense, FolderError, Pooling};
use serde::Deserialize;
use std::path::{Component, Path, PathBuf};

/// The content of `modules.json`.
#[derive(Debug)]
pub(crate) struct Modules {
    /// The folder of the transformer.
    pub(crate) transformer: PathBuf,
    pub(crate) pooling: Pooling,
    pub(crate) dense: Vec<Dense>,
    pub(crate) normalize: bool,
    /// The files that were read, except the weights.
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct ModuleEntry {
    path: String,
    r#type: String,
}

impl ModuleEntry {
    /// Returns the last part of the type's name if it belongs to the library, or "".
    fn kind(&self) -> &str {
        match self.r#type.rsplit_once('.') {
            Some((package, kind)) if package.starts_with("sentence_transformers.") => kind,
            Some(_) => "",
            None => &self.r#type,
        }
    }
}

impl Modules {
    pub(crate) fn read(folder: &Path) -> Result<Self, FolderError> {
        let path = folder.join("modules.json");
        let entries: Vec<ModuleEntry> = json(&path)?;
        let mut files = vec![path.clone()];
        let (mut transformer, mut pooling) = (None, None);
        let (mut dense, mut normalize) = (Vec::new(), false);
        for entry in &entries {
            let at = inside(&path, folder, &entry.path)?;
            let config = at.join("config.json");
            // Only this order is implemented.
            match entry.kind() {
                "Transformer" if transformer.is_none() && pooling.is_none() => {
                    transformer = Some(at);
                }
                "Pooling" if transformer.is_some() && pooling.is_none() => {
                    pooling = Some(Pooling::read(&config)?);
                    files.push(config);
                }
                "Dense" if pooling.is_some() && !normalize => {
                    dense.push(Dense::read(&at)?);
                    files.push(config);
                }
                "Normalize" if pooling.is_some() => normalize = true,
                kind => return Err(misplaced(&path, entry, kind)),
            }
        }
        let lacks = |name| FolderError::malformed(&path, format!("it has no {name} module"));
        let transformer = transformer.ok_or_else(|| lacks("Transformer"))?;
        let pooling = pooling.ok_or_else(|| lacks("Pooling"))?;
        Ok(Self { transformer, pooling, dense, normalize, files })
    }
}

/// Returns the error of a module that is unknown or out of order.
fn misplaced(path: &Path, entry: &ModuleEntry, kind: &str) -> FolderError {
    let what = if ["Transformer", "Pooling", "Dense", "Normalize"].contains(&kind) {
        format!("the module {kind:?} in this place")
    } else {
        format!("the module {:?}", entry.r#type)
    };
    FolderError::unsupported(
        path,
        what,
        "Transformer, Pooling, Dense and Normalize, in this order, are",
    )
}

/// Returns a module's folder, or an error if the path leads out of the model's.
fn inside(file: &Path, folder: &Path, path: &str) -> Result<PathBuf, FolderError> {
    let plain = |part| matches!(part, Component::Normal(_));
    if Path::new(path).components().all(plain) {
        return Ok(folder.join(path));
    }
    Err(FolderError::malformed(file, format!("the path {path:?} leads out of the folder")))
}
