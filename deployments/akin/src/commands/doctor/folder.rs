//! The folder of the embedded store.

use super::Check;
use akin_composition::{BadSettings, CatalogueSettings, StoreName};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// The free space below which there is a warning.
const LITTLE_SPACE: u64 = 1 << 30;

/// Checks the folder, and returns whether it holds a catalogue that can be looked into.
pub(super) fn check(catalogue: &CatalogueSettings, checks: &mut Vec<Check>) -> bool {
    let Some(folder) = catalogue.local.folder() else {
        checks.push(Check::failed("data folder", BadSettings(catalogue.local.problems())));
        return false;
    };
    checks.push(of_folder(&folder));
    let database = folder.join("akin.db");
    if database.exists() || catalogue.store() != StoreName::Local {
        return true;
    }
    let what = format!(
        "there is none in {} yet: `akin ingest FEED` creates one; --data (AKIN_DATA) selects another folder",
        folder.display()
    );
    checks.push(Check::warning("catalogue", what));
    false
}

fn of_folder(folder: &Path) -> Check {
    const NAME: &str = "data folder";
    let shown = folder.display();
    match probe(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Check::warning(
                NAME,
                format!("{shown} does not exist: the first ingestion creates it"),
            );
        }
        Err(error) if folder.is_dir() => {
            let what = "it can be searched, but not ingested into; make it writable for this user to ingest";
            return Check::warning(NAME, format!("{shown} cannot be written ({error}): {what}"));
        }
        Err(error) => {
            let what =
                format!("{shown} is no folder ({error}): choose another with --data (AKIN_DATA)");
            return Check::new(NAME, super::Outcome::Failed, what);
        }
    }
    let held = fs::metadata(folder.join("akin.db")).map_or(0, |file| file.len());
    let Ok(free) = free(folder) else { return Check::ok(NAME, format!("{shown} can be written")) };
    let mebibytes = free >> 20;
    if free < LITTLE_SPACE.max(held) {
        let what = "an ingestion or a backup may need more: free some, or move it to another disk";
        return Check::warning(NAME, format!("{shown} has {mebibytes} MiB of free space: {what}"));
    }
    Check::ok(NAME, format!("{shown} can be written, and has {mebibytes} MiB of free space"))
}

/// Creates a file in `folder` and removes it.
fn probe(folder: &Path) -> io::Result<()> {
    let file = folder.join(format!(".akin-doctor-{}", std::process::id()));
    File::options().write(true).create_new(true).open(&file)?;
    fs::remove_file(&file)
}

/// Returns the bytes of free space for this user.
fn free(folder: &Path) -> io::Result<u64> {
    let space = rustix::fs::statvfs(folder)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}
