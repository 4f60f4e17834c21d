//! Creates files that only their owner can read, and never writes through a symbolic link.
//!
//! Lock files and temporary files have names that others can predict. Whoever may write to their folder
//! could put a link there, and another file would be truncated or created in its place.
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! # let place = tempfile::tempdir()?;
//! let folder = place.path().join("data");
//! private_files::create_folder(&folder)?;
//! let lock = private_files::open(&folder.join("lock"), private_files::Access::Owner)?;
//! lock.lock()?;
//! # Ok(())
//! # }
//! ```
//!
//! On other systems than Unix, files have the permissions of their folder, and links are followed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// The users who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone, whatever the umask.
    Owner,
    /// Those whom the umask allows, for files without secrets.
    Umask,
}

/// Creates the folder `path` and its missing parents for their owner alone. Existing ones keep their
/// permissions.
pub fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Creates the file `path` and opens it for writing. What has this name, such as the leftover of a
/// process that was killed, is removed first.
pub fn create(path: &Path, access: Access) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => options(access).create_new(true).open(path),
    }
}

/// Opens the file `path` for writing, or creates it. Its content is kept. A symbolic link is an error.
pub fn open(path: &Path, access: Access) -> io::Result<File> {
    let mut options = options(access);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW);
    options.create(true).truncate(false).open(path).map_err(|error| {
        if !path.is_symlink() {
            return error;
        }
        let what = "it is a symbolic link, which is not followed here: remove it";
        io::Error::new(io::ErrorKind::InvalidInput, what)
    })
}

fn options(access: Access) -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    if access == Access::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = access;
    options
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it exists").permissions().mode() & 0o777
    }

    #[test]
    fn new_files_and_folders_are_their_owners_alone() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("outer").join("inner");
        create_folder(&folder).expect("a folder");
        assert_eq!((mode(&folder), mode(&place.path().join("outer"))), (0o700, 0o700));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).expect("permissions");
        create_folder(&folder).expect("it exists");
        assert_eq!(mode(&folder), 0o750, "an existing folder keeps its permissions");
        let (new, opened) = (folder.join("new"), folder.join("opened"));
        create(&new, Access::Owner).expect("a file");
        open(&opened, Access::Owner).expect("a file");
        assert_eq!((mode(&new), mode(&opened)), (0o600, 0o600));
    }

    #[test]
    fn an_opened_file_keeps_its_content_and_a_created_one_does_not() {
        let place = tempfile::tempdir().expect("a folder");
        let file = place.path().join("file");
        fs::write(&file, "content").expect("written");
        drop(open(&file, Access::Umask).expect("a file"));
        assert_eq!(fs::read(&file).expect("read"), b"content");
        let mut new = create(&file, Access::Umask).expect("a file");
        new.write_all(b"new").expect("written");
        assert_eq!(fs::read(&file).expect("read"), b"new");
    }

    #[test]
    fn nothing_is_written_or_created_through_a_link() {
        let place = tempfile::tempdir().expect("a folder");
        let (link, target) = (place.path().join("link"), place.path().join("target"));
        for exists in [false, true] {
            if exists {
                fs::write(&target, "content").expect("written");
            }
            symlink(&target, &link).expect("a link");
            let error = open(&link, Access::Owner).expect_err("it is a link");
            assert!(error.to_string().contains("symbolic link"), "{error}");
            create(&link, Access::Owner).expect("a file").write_all(b"own").expect("written");
            assert_eq!(fs::read(&link).expect("read"), b"own");
            assert!(!link.is_symlink());
            assert_eq!(fs::read(&target).ok(), exists.then(|| b"content".to_vec()));
            fs::remove_file(&link).expect("removed");
        }
    }
}
