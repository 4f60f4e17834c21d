//! The users who may read the files of a catalogue.
//!
//! The database is created for its owner alone, and its permissions decide for all files beside it:
//! SQLite gives them to its log, and akin to the search files. An operator who lets others read the
//! database lets them read the rest.

use crate::{SEARCH_FILES, error};
use akin_ports::PortResult;
use std::fs::{self, File, Permissions};
use std::io;
use std::path::Path;

/// The permissions of other users on a file.
#[cfg(unix)]
const OTHERS: u32 = 0o007;

/// Creates the database `file`, empty, and its folder, unless they exist.
pub(crate) fn create_database(file: &Path) -> PortResult<()> {
    let folder = file.parent().unwrap_or(file);
    private_files::create_folder(folder).map_err(|e| error::io(folder, &e))?;
    if file.exists() {
        return Ok(());
    }
    // It gets its name after it is closed: closing it later would release the locks that other
    // connections of this process hold on it.
    let created = tempfile::Builder::new().prefix(".akin-").tempfile_in(folder);
    let created = created.map(tempfile::NamedTempFile::into_temp_path);
    let created = created.and_then(|new| new.persist_noclobber(file).map_err(|e| e.error));
    if let Err(error) = created {
        // Another process was first, or SQLite reports the cause with its remedy.
        tracing::debug!(%error, "the database is created by SQLite");
    }
    Ok(())
}

/// Creates the folder of the search files of `database`, for those who may read it.
pub(crate) fn create_search_folder(folder: &Path, database: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    private_files::create_folder(folder)?;
    #[cfg(unix)]
    {
        let readers = mode(&fs::metadata(database)?) & 0o044;
        // Who may read may enter. A group that the folder has inherited stays.
        add(folder, readers | (readers >> 2))?;
    }
    Ok(())
}

/// Returns the permissions of a file that the readers of `database` may read.
#[cfg(unix)]
pub(crate) fn of_files_beside(database: &Path) -> io::Result<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Ok(Permissions::from_mode((mode(&fs::metadata(database)?) & 0o666) | 0o600))
}

/// Returns the permissions of `database`.
#[cfg(not(unix))]
pub(crate) fn of_files_beside(database: &Path) -> io::Result<Permissions> {
    fs::metadata(database).map(|metadata| metadata.permissions())
}

/// Lets the users of `database` use `file`, if it belongs to this user.
pub(crate) fn share(file: &File, database: &Path) {
    let shared = of_files_beside(database).and_then(|shared| file.set_permissions(shared));
    if let Err(error) = shared {
        tracing::debug!(%error, "the lock keeps its permissions");
    }
}

/// Takes the files of a catalogue of an earlier akin, which the umask made readable for all users,
/// from users who are neither its owner nor in its group.
#[cfg(unix)]
pub(crate) fn hide_from_others(database: &Path) {
    let search_files = database.with_file_name(SEARCH_FILES);
    let entries = fs::read_dir(&search_files).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.push(search_files);
    files.extend(["", "-wal", "-shm"].map(|suffix| crate::open::beside(database, suffix)));
    let mut failure = None;
    let mut hidden = 0;
    for file in &files {
        match hide(file) {
            Ok(was_visible) => hidden += usize::from(was_visible),
            Err(error) => failure = Some(error),
        }
    }
    let folder = database.parent().unwrap_or(database).display();
    if let Some(error) = failure {
        tracing::warn!(
            %folder,
            %error,
            "every user of this machine can read the catalogue: run `chmod -R o= FOLDER` as its owner"
        );
    } else if hidden > 0 {
        tracing::warn!(
            %folder,
            "every user of this machine could read the catalogue; now only its owner and group can. \
             To let others read it again, give its files the permission with chmod: they keep it"
        );
    }
}

#[cfg(not(unix))]
pub(crate) fn hide_from_others(_database: &Path) {}

/// Removes the permissions of others on `file`; returns whether there were any.
#[cfg(unix)]
fn hide(file: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = fs::symlink_metadata(file) else { return Ok(false) };
    if metadata.is_symlink() || mode(&metadata) & OTHERS == 0 {
        return Ok(false);
    }
    fs::set_permissions(file, Permissions::from_mode(mode(&metadata) & !OTHERS))?;
    Ok(true)
}

#[cfg(unix)]
fn add(path: &Path, permissions: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let present = mode(&fs::metadata(path)?);
    fs::set_permissions(path, Permissions::from_mode(present | permissions))
}

/// Returns the permission bits, with those that a folder passes on.
#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777
}
