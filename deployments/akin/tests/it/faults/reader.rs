//! A user who may read the folder of a catalogue and not write to it.

use crate::support::Sandbox;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// What the user runs. It opens the store and the index.
pub(crate) const READING: &str = "status --json";

/// A user without rights of its own.
const NOBODY: u32 = 65_534;

/// Prepares `akin` as a user who may not write to the catalogue, if there is one. Only root can do that.
pub(crate) fn reader(sandbox: &Sandbox, arguments: &str) -> Option<Command> {
    let data = sandbox.path("data");
    let is_root = fs::metadata(sandbox.0.path()).is_ok_and(|folder| folder.uid() == 0);
    if !is_root || !data.join("akin.db").exists() {
        return None;
    }
    allow(sandbox.0.path(), 0o755);
    for folder in [data.join("index"), data] {
        allow(&folder, 0o755);
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                allow(&entry.path(), 0o644);
            }
        }
    }
    let program = sandbox.path("akin");
    if !program.exists() {
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_akin")).arg(&program).status();
        assert!(copied.expect("cp").success());
    }
    let mut command = Command::new(program);
    command.args(arguments.split_whitespace()).current_dir(sandbox.0.path()).env_clear();
    command.env("AKIN_DATA", "data").env("HOME", "/").stdin(Stdio::null()).uid(NOBODY);
    Some(command)
}

/// Changes the mode of a file. Processes replace some of them meanwhile.
fn allow(path: &Path, mode: u32) {
    drop(fs::set_permissions(path, fs::Permissions::from_mode(mode)));
}
