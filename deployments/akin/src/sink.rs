//! The target of an export.

use crate::output;
use anyhow::Context;
use private_files::Access;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The standard output, or a file.
pub(crate) enum Sink {
    Output,
    /// Written under another name, so that an incomplete file is never taken for a complete one.
    File {
        file: BufWriter<File>,
        partial: PathBuf,
        path: PathBuf,
        setting: &'static str,
    },
}

impl Sink {
    /// Opens the file `path` of `setting`, or standard output.
    pub(crate) fn open(path: Option<&Path>, setting: &'static str) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self::Output) };
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = private_files::create(&partial, Access::Owner)
            .with_context(|| format!("cannot write {} ({setting})", partial.display()))?;
        Ok(Self::File { file: BufWriter::new(file), partial, path: path.to_owned(), setting })
    }

    /// Writes the next bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Output => output::data(bytes),
            Self::File { file, partial, setting, .. } => {
                file.write_all(bytes).with_context(|| cannot_write(partial, setting))?;
            }
        }
        Ok(())
    }

    /// Renames the complete file.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        let Self::File { mut file, partial, path, setting } = self else { return Ok(()) };
        let written = file.flush().and_then(|()| file.get_ref().sync_all());
        let kept = |()| keep_permissions(file.get_ref(), &path);
        written
            .and_then(kept)
            .and_then(|()| std::fs::rename(&partial, &path))
            .with_context(|| cannot_write(&path, setting))
    }
}

/// Gives `file` the permissions of the file at `path` that it replaces. A new file has catalogue data
/// that only its owner can read.
fn keep_permissions(file: &File, path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(replaced) if replaced.is_file() => file.set_permissions(replaced.permissions()),
        _ => Ok(()),
    }
}

fn cannot_write(path: &Path, setting: &str) -> String {
    format!("cannot write {}: free disk space, or choose another {setting}", path.display())
}
