//! The files of a model on a hub, with their checksums.

use crate::HubError;
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path};
use std::str::FromStr;

/// The name of a model on a hub, OWNER/NAME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelName {
    owner: String,
    name: String,
}

/// The files of a model that akin reads.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) revision: String,
    pub(crate) files: Vec<RemoteFile>,
}

/// A file of a model.
#[derive(Debug)]
pub(crate) struct RemoteFile {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    checksum: Checksum,
}

/// The checksum of a file: SHA-256 for large files, git's object hash for the others.
#[derive(Debug)]
enum Checksum {
    Sha256(String),
    Git(String),
}

/// The hub's description of a model.
#[derive(Deserialize)]
pub(super) struct Description {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob_id: Option<String>,
    lfs: Option<Large>,
}

#[derive(Deserialize)]
struct Large {
    sha256: String,
    size: u64,
}

impl ModelName {
    /// Returns the name without its owner.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl FromStr for ModelName {
    type Err = HubError;

    /// Parses `owner/name`. A name alone belongs to `sentence-transformers`.
    fn from_str(text: &str) -> Result<Self, HubError> {
        let (owner, name) = text.split_once('/').unwrap_or(("sentence-transformers", text));
        let is_valid = |part: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(known)
        };
        if !is_valid(owner) || !is_valid(name) {
            return Err(HubError::refused(
                "expected the name of a model on the hub, such as BAAI/bge-small-en-v1.5",
            ));
        }
        Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
    }
}

/// Selects the files that akin reads.
pub(super) fn listing(model: &ModelName, description: Description) -> Result<Listing, HubError> {
    let mut files = Vec::new();
    for sibling in description.siblings {
        if is_wanted(&sibling.rfilename) {
            let name = sibling.rfilename.clone();
            let problem = || format!("the hub lists no checksum for {name} of {model}");
            files.push(remote(sibling).ok_or_else(|| HubError::Refused(problem()))?);
        }
    }
    let has = |name: &str| files.iter().any(|file| file.name == name);
    if !has("modules.json") {
        return Err(HubError::refused(format!(
            "{model} is not a Sentence-Transformers model: it has no modules.json"
        )));
    }
    let weights = |file: &RemoteFile| file.name.ends_with(".safetensors");
    if !files.iter().any(weights) {
        return Err(HubError::refused(format!(
            "{model} has no weights in safetensors, the one format that cannot run code"
        )));
    }
    // Its presence makes a folder a model, so it is written last.
    files.sort_by_key(|file| file.name == "modules.json");
    Ok(Listing { revision: description.sha, files })
}

impl Listing {
    /// Returns the size of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Converts the hub's entry; `None` if it has no checksum.
fn remote(sibling: Sibling) -> Option<RemoteFile> {
    let name = sibling.rfilename;
    Some(match sibling.lfs {
        Some(large) => {
            RemoteFile { name, bytes: large.size, checksum: Checksum::Sha256(large.sha256) }
        }
        None => {
            RemoteFile { name, bytes: sibling.size?, checksum: Checksum::Git(sibling.blob_id?) }
        }
    })
}

/// Returns true for configuration, tokenizer and weights; false for files of other runtimes.
fn is_wanted(name: &str) -> bool {
    let path = Path::new(name);
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let is_foreign = ["onnx", "openvino", "coreml"].iter().any(|folder| path.starts_with(folder));
    let kinds = ["json", "txt", "model", "safetensors", "md"];
    let is_known = path.extension().is_some_and(|kind| kinds.iter().any(|known| kind == *known));
    is_plain && !is_foreign && (is_known || name == "LICENSE")
}

impl RemoteFile {
    /// Returns true if the file at `path` exists and has this size and checksum.
    pub(crate) fn is_at(&self, path: &Path) -> io::Result<bool> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        if file.metadata()?.len() != self.bytes {
            return Ok(false);
        }
        Ok(match &self.checksum {
            Checksum::Sha256(checksum) => hash(file, Sha256::new())? == *checksum,
            Checksum::Git(checksum) => {
                let head = format!("blob {}\0", self.bytes);
                hash(file, Sha1::new_with_prefix(head))? == *checksum
            }
        })
    }
}

fn hash<D: Digest>(mut file: File, mut hasher: D) -> io::Result<String> {
    let mut part = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut part)?;
        if count == 0 {
            break;
        }
        hasher.update(&part[..count]);
    }
    Ok(hexadecimal(&hasher.finalize()))
}

/// Returns the bytes as hexadecimal digits.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string cannot fail.
        _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_name_has_an_owner_and_is_no_path() {
        let read = |text: &str| text.parse::<ModelName>().map(|name| name.to_string()).ok();
        let whole = read("all-MiniLM-L6-v2");
        assert_eq!(whole.as_deref(), Some("sentence-transformers/all-MiniLM-L6-v2"));
        assert_eq!(read("BAAI/bge-small-en-v1.5").as_deref(), Some("BAAI/bge-small-en-v1.5"));
        for text in ["", "/", "a/", "/a", "../x", "a/..", "a/b/c", "a b", "a?b", "a/.b"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_files_that_akin_reads_are_wanted() {
        for name in ["modules.json", "1_Pooling/config.json", "model.safetensors", "vocab.txt"] {
            assert!(is_wanted(name), "{name}");
        }
        for name in [
            "pytorch_model.bin",
            "onnx/model.onnx",
            "openvino/config.json",
            "../modules.json",
            "/modules.json",
            "tf_model.h5",
            ".gitattributes",
        ] {
            assert!(!is_wanted(name), "{name}");
        }
    }

    #[test]
    fn a_file_is_recognized_by_its_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        // As `git hash-object` names it.
        let git = "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f";
        for checksum in [Checksum::Sha256(sha256.to_owned()), Checksum::Git(git.to_owned())] {
            let file = RemoteFile { name: "file".to_owned(), bytes: 3, checksum };
            drop(fs::remove_file(&path));
            assert!(!file.is_at(&path).unwrap(), "it is missing");
            for (text, is_it) in [("abc", true), ("abd", false), ("abcd", false)] {
                fs::write(&path, text).unwrap();
                assert_eq!(file.is_at(&path).unwrap(), is_it, "{file:?} {text}");
            }
        }
    }
}
