//! Records of the files that were made from a model's weights, such as packed and exported ones.
//!
//! The record is a file beside the made one, with `.made` appended to its name. It has the SHA-256 of the
//! weights and of each made file, and so finds files that were damaged, altered or replaced without it.
//! It does not protect from users who may write to the folder: they can write a new record as well. To
//! rule that out, make the file anew from verified weights.

use private_files::Access;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// What the record of a made file tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// It was made from the weights with this SHA-256, in hexadecimal, and is unchanged.
    Recorded(String),
    /// This file is not the one that was made.
    Altered(PathBuf),
    /// There is no record, or none that can be read.
    Unrecorded,
}

#[derive(Debug, Deserialize, Serialize)]
struct Record {
    weights_sha256: String,
    files: Vec<RecordedFile>,
}

#[derive(Debug, Deserialize, Serialize)]
struct RecordedFile {
    name: String,
    sha256: String,
    state: FileState,
}

/// The metadata of a file that changes when its content does. No user can set the time of the change.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
struct FileState {
    bytes: u64,
    /// The times of the last writing and of the last change in seconds and nanoseconds since 1970.
    modified: (i64, i64),
    changed: (i64, i64),
    inode: u64,
}

/// Larger records are not read.
const MAX_RECORD: u64 = 1 << 16;

/// Records that `made` and `others` beside it were made from the weights with the SHA-256 `weights`.
pub fn record(made: &Path, others: &[PathBuf], weights: &[u8; 32]) -> io::Result<()> {
    let files = std::iter::once(made).chain(others.iter().map(PathBuf::as_path));
    let files = files.map(RecordedFile::read).collect::<io::Result<_>>()?;
    Record { weights_sha256: hexadecimal(weights), files }.write(made)
}

/// Checks the files of the record of `made`. A file is read only if its metadata changed since it was
/// read last.
pub fn check(made: &Path) -> Provenance {
    let Some(mut record) = Record::read(made) else { return Provenance::Unrecorded };
    let mut is_stale = false;
    for file in &mut record.files {
        let path = made.with_file_name(&file.name);
        if fs::metadata(&path).is_ok_and(|metadata| file.state.is_known_of(&metadata)) {
            continue;
        }
        match RecordedFile::read(&path) {
            Ok(read) if read.sha256 == file.sha256 => (*file, is_stale) = (read, true),
            _ => return Provenance::Altered(path),
        }
    }
    if is_stale {
        // Where it cannot be written, the files are read again next time.
        let _ = record.write(made);
    }
    Provenance::Recorded(record.weights_sha256)
}

/// Does the same, and reads every file.
pub fn verify(made: &Path) -> Provenance {
    let Some(record) = Record::read(made) else { return Provenance::Unrecorded };
    for file in &record.files {
        let path = made.with_file_name(&file.name);
        if !RecordedFile::read(&path).is_ok_and(|read| read.sha256 == file.sha256) {
            return Provenance::Altered(path);
        }
    }
    Provenance::Recorded(record.weights_sha256)
}

/// Returns the lowercase hexadecimal digits of `bytes`.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
}

fn digit(value: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(value)])
}

impl Record {
    /// Reads the record of `made`; `None` if there is none or it names other files than those beside it.
    fn read(made: &Path) -> Option<Self> {
        let file = File::open(path(made)).ok()?;
        let mut text = String::new();
        file.take(MAX_RECORD).read_to_string(&mut text).ok()?;
        let record: Self = serde_json::from_str(&text).ok()?;
        let names: Vec<_> = record.files.iter().map(|file| Path::new(&file.name)).collect();
        let are_beside = names.iter().all(|name| name.file_name() == Some(name.as_os_str()));
        (are_beside && names.first()?.file_name() == made.file_name()).then_some(record)
    }

    fn write(&self, made: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        let temporary = made.with_added_extension(format!("made.{}.part", std::process::id()));
        let mut file = private_files::create(&temporary, Access::Umask)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        written
            .and_then(|()| fs::rename(&temporary, path(made)))
            .inspect_err(|_| drop(fs::remove_file(&temporary)))
    }
}

/// Returns the path of the record of `made`.
fn path(made: &Path) -> PathBuf {
    made.with_added_extension("made")
}

impl RecordedFile {
    fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let state = FileState::of(&file.metadata()?);
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            }
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, sha256: hexadecimal(&hasher.finalize()), state })
    }
}

impl FileState {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }

    /// On other systems a change of the same length cannot be told, so that files are always read.
    #[cfg(not(unix))]
    fn of(_metadata: &Metadata) -> Self {
        Self::default()
    }

    fn is_known_of(self, metadata: &Metadata) -> bool {
        self.inode > 0 && self == Self::of(metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHTS: [u8; 32] = [0xAB; 32];

    fn recorded() -> Provenance {
        Provenance::Recorded("ab".repeat(32))
    }

    #[test]
    fn a_file_is_recorded_until_it_is_altered_or_replaced() {
        let place = tempfile::tempdir().unwrap();
        let (made, other) = (place.path().join("int8.sbert"), place.path().join("tokenizer.json"));
        fs::write(&made, "packed").unwrap();
        fs::write(&other, "tokens").unwrap();
        assert_eq!((check(&made), verify(&made)), (Provenance::Unrecorded, Provenance::Unrecorded));
        record(&made, std::slice::from_ref(&other), &WEIGHTS).unwrap();
        assert_eq!((check(&made), verify(&made)), (recorded(), recorded()));
        for path in [&made, &other] {
            let content = fs::read(path).unwrap();
            let times = fs::metadata(path).unwrap().modified().unwrap();
            fs::write(path, vec![b'x'; content.len()]).unwrap();
            File::options().write(true).open(path).unwrap().set_modified(times).unwrap();
            assert_eq!(
                check(&made),
                Provenance::Altered(path.clone()),
                "of the same length and time"
            );
            fs::write(path, &content).unwrap();
            assert_eq!((check(&made), verify(&made)), (recorded(), recorded()), "restored");
        }
        fs::remove_file(&other).unwrap();
        assert_eq!(check(&made), Provenance::Altered(other));
    }

    #[test]
    fn a_copied_file_is_read_once_and_then_known() {
        let place = tempfile::tempdir().unwrap();
        let (made, copy) =
            (place.path().join("a").join("int8.sbert"), place.path().join("int8.sbert"));
        fs::create_dir(made.parent().unwrap()).unwrap();
        fs::write(&made, "packed").unwrap();
        record(&made, &[], &WEIGHTS).unwrap();
        fs::copy(&made, &copy).unwrap();
        fs::copy(path(&made), path(&copy)).unwrap();
        let of_the_original = fs::read(path(&copy)).unwrap();
        assert_eq!(check(&copy), recorded());
        assert_ne!(fs::read(path(&copy)).unwrap(), of_the_original);
        assert_eq!(check(&copy), recorded());
    }

    #[test]
    fn a_record_of_other_files_is_none() {
        let place = tempfile::tempdir().unwrap();
        let made = place.path().join("int8.sbert");
        fs::write(&made, "packed").unwrap();
        record(&made, &[], &WEIGHTS).unwrap();
        let text = fs::read_to_string(path(&made)).unwrap();
        for other in ["bf16.sbert", "../int8.sbert", "/etc/passwd", ""] {
            fs::write(path(&made), text.replace("int8.sbert", other)).unwrap();
            assert_eq!(check(&made), Provenance::Unrecorded, "{other:?}");
        }
        for text in ["", "{}", &"[".repeat(100_000), "{\"weights_sha256\":\"\",\"files\":[]}"] {
            fs::write(path(&made), text).unwrap();
            assert_eq!(verify(&made), Provenance::Unrecorded);
        }
    }
}
