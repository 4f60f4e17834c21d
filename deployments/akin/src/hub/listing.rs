//! What a hub says of a model, and what of it akin can use.

use anyhow::{Context, anyhow, ensure};
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path};
use std::str::FromStr;

/// The name of a model on a hub: an owner's name and its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModelName {
    owner: String,
    name: String,
}

/// The files of a model that akin can use.
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
    sum: Sum,
}

/// What a file's bytes must add up to: large files have a hash of their own, small ones git's.
#[derive(Debug)]
enum Sum {
    Sha256(String),
    Git(String),
}

/// A model, as the hub describes it.
#[derive(Deserialize)]
pub(super) struct Described {
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
    /// Without its owner.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl FromStr for ModelName {
    type Err = anyhow::Error;

    /// Reads `owner/name`; a name alone is one of the Sentence-Transformers project's.
    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (owner, name) = text.split_once('/').unwrap_or(("sentence-transformers", text));
        let is_fine = |part: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(known)
        };
        if !is_fine(owner) || !is_fine(name) {
            return Err(anyhow!("it is a model's name on the hub, such as BAAI/bge-small-en-v1.5"));
        }
        Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
    }
}

/// Chooses what akin can use.
pub(super) fn listing(model: &ModelName, described: Described) -> anyhow::Result<Listing> {
    let mut files = Vec::new();
    for sibling in described.siblings {
        if is_wanted(&sibling.rfilename) {
            let name = sibling.rfilename.clone();
            let file =
                remote(sibling).with_context(|| format!("{model} lists {name} without a sum"))?;
            files.push(file);
        }
    }
    let has = |name: &str| files.iter().any(|file| file.name == name);
    ensure!(
        has("modules.json"),
        "{model} is no Sentence-Transformers model: it has no modules.json"
    );
    let weights = |file: &RemoteFile| file.name.ends_with(".safetensors");
    ensure!(
        files.iter().any(weights),
        "{model} has no weights as safetensors; others can run code when they are read"
    );
    // A folder is a model once it holds this one: it comes last.
    files.sort_by_key(|file| file.name == "modules.json");
    Ok(Listing { revision: described.sha, files })
}

fn remote(sibling: Sibling) -> Option<RemoteFile> {
    let name = sibling.rfilename;
    Some(match sibling.lfs {
        Some(large) => RemoteFile { name, bytes: large.size, sum: Sum::Sha256(large.sha256) },
        None => RemoteFile { name, bytes: sibling.size?, sum: Sum::Git(sibling.blob_id?) },
    })
}

/// Whether a file belongs to what akin reads: settings, tokenizer, weights. Other runtimes' files do not.
fn is_wanted(name: &str) -> bool {
    let path = Path::new(name);
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let is_foreign = ["onnx", "openvino", "coreml"].iter().any(|folder| path.starts_with(folder));
    let kinds = ["json", "txt", "model", "safetensors", "md"];
    let is_known = path.extension().is_some_and(|kind| kinds.iter().any(|known| kind == *known));
    is_plain && !is_foreign && (is_known || name == "LICENSE")
}

impl RemoteFile {
    /// Whether the file at `path` is this one; it may be missing.
    pub(crate) fn is_at(&self, path: &Path) -> io::Result<bool> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        if file.metadata()?.len() != self.bytes {
            return Ok(false);
        }
        Ok(match &self.sum {
            Sum::Sha256(sum) => hash(file, Sha256::new())? == *sum,
            Sum::Git(sum) => {
                let head = format!("blob {}\0", self.bytes);
                hash(file, Sha1::new_with_prefix(head))? == *sum
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

/// Bytes as hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // A text can always be written to.
        _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_name_has_an_owner_and_leads_nowhere_else() {
        let read = |text: &str| text.parse::<ModelName>().map(|name| name.to_string()).ok();
        let whole = read("all-MiniLM-L6-v2");
        assert_eq!(whole.as_deref(), Some("sentence-transformers/all-MiniLM-L6-v2"));
        assert_eq!(read("BAAI/bge-small-en-v1.5").as_deref(), Some("BAAI/bge-small-en-v1.5"));
        for text in ["", "/", "a/", "/a", "../x", "a/..", "a/b/c", "a b", "a?b", "a/.b"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_what_akin_reads_is_wanted() {
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
    fn a_file_is_known_by_its_sum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        // As `git hash-object` names it.
        let git = "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f";
        for sum in [Sum::Sha256(sha256.to_owned()), Sum::Git(git.to_owned())] {
            let file = RemoteFile { name: "file".to_owned(), bytes: 3, sum };
            drop(fs::remove_file(&path));
            assert!(!file.is_at(&path).unwrap(), "it is missing");
            for (text, is_it) in [("abc", true), ("abd", false), ("abcd", false)] {
                fs::write(&path, text).unwrap();
                assert_eq!(file.is_at(&path).unwrap(), is_it, "{file:?} {text}");
            }
        }
    }
}
