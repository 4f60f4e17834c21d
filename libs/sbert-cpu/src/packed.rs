//! The packed file: a model's weights in the layout of the kernels, memory-mapped.
//!
//! A prologue of 64 bytes (magic, version, byte order, length, checksum) is followed by a header in JSON and
//! the sections that `layout.rs` derives from it, each aligned to 64 bytes.

use crate::layout::{ALIGNMENT, Header, Layout};
use crate::weights::{self, Precision};
use bytes::Bytes;
use private_files::Access;
use sbert_model::{FolderError, Pooling, SentenceModel, Tokenizer};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"SBERTCPU";
const VERSION: u32 = 3;
/// Detects files from a CPU of another byte order.
const ORDER: u32 = 0x0102_0304;

/// An error in packing a model.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The folder's weights are invalid.
    #[error(transparent)]
    Model(#[from] FolderError),
    /// The model's shape is not supported.
    #[error("the model {name} cannot be executed: {reason}")]
    Shape {
        /// The model.
        name: String,
        /// The reason.
        reason: String,
    },
    /// The file could not be written.
    #[error("{path} cannot be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// An error in opening a packed model.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is damaged or of another format.
    #[error("{path} is not a packed model: {reason}; pack the model again")]
    InvalidFile {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
}

/// An open packed model.
#[derive(Debug)]
pub(crate) struct PackedEncoder {
    pub(crate) header: Header,
    pub(crate) layout: Layout,
    pub(crate) pooling: Pooling,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) bytes: Bytes,
}

/// Packs `model` into the file `path` atomically: it is written to a temporary file, synced and renamed.
pub fn pack(model: &SentenceModel, precision: Precision, path: &Path) -> Result<(), PackError> {
    let bytes = to_bytes(model, precision)?;
    let temporary = path.with_extension(format!("{}.part", std::process::id()));
    let written = private_files::create(&temporary, Access::Umask).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    written.map_err(|source| {
        // The first error matters, unless the temporary file cannot be removed.
        if let Err(error) = fs::remove_file(&temporary)
            && error.kind() != io::ErrorKind::NotFound
        {
            return PackError::Write { path: temporary, source: error };
        }
        PackError::Write { path: path.to_owned(), source }
    })
}

/// Returns the bytes of the packed file.
pub(crate) fn to_bytes(model: &SentenceModel, precision: Precision) -> Result<Vec<u8>, PackError> {
    let tokenizer = model.tokenizer.to_bytes();
    let header = Header::new(model, precision, tokenizer.len());
    let shape = |reason| PackError::Shape { name: model.name.clone(), reason };
    header.check().map_err(shape)?;
    let json = serde_json::to_vec(&header).map_err(|error| shape(error.to_string()))?;
    // Checking the shapes of the weights first bounds the allocation.
    let weights = model.weights()?;
    let layout = Layout::new(&header, ALIGNMENT + json.len());
    let mut bytes = vec![0; layout.end];
    bytes[ALIGNMENT..][..json.len()].copy_from_slice(&json);
    bytes[layout.tokenizer.clone()].copy_from_slice(&tokenizer);
    weights::write(model, &weights, &header, &layout, &mut bytes)?;
    let checksum = crc32fast::hash(&bytes[ALIGNMENT..]);
    let length = layout.end as u64;
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_ne_bytes());
    bytes[12..16].copy_from_slice(&ORDER.to_ne_bytes());
    bytes[16..24].copy_from_slice(&length.to_ne_bytes());
    bytes[24..28].copy_from_slice(&checksum.to_ne_bytes());
    bytes[28..32].copy_from_slice(&(json.len() as u32).to_ne_bytes());
    Ok(bytes)
}

impl PackedEncoder {
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let bytes = File::open(path).and_then(|file| mapped_bytes::map(&file));
        let bytes =
            bytes.map_err(|source| OpenError::Unreadable { path: path.to_owned(), source })?;
        Self::read(bytes).map_err(|reason| OpenError::InvalidFile { path: path.to_owned(), reason })
    }

    pub(crate) fn read(bytes: Bytes) -> Result<Self, String> {
        let prologue = bytes.first_chunk::<ALIGNMENT>().ok_or("it is too short")?;
        let number =
            |at: usize| u32::from_ne_bytes(*prologue[at..].first_chunk().unwrap_or(&[0; 4]));
        if !prologue.starts_with(MAGIC) {
            return Err("it has another format".to_owned());
        }
        if number(12) != ORDER {
            return Err("it was packed on a CPU of another byte order".to_owned());
        }
        if number(8) != VERSION {
            return Err(format!("it has version {}, not {VERSION}", number(8)));
        }
        let length = u64::from_ne_bytes(*prologue[16..].first_chunk().unwrap_or(&[0; 8]));
        if length != bytes.len() as u64 {
            return Err(format!("it has {} bytes, not {length}", bytes.len()));
        }
        if crc32fast::hash(&bytes[ALIGNMENT..]) != number(24) {
            return Err("its checksum is wrong: it is damaged".to_owned());
        }
        if prologue[32..].iter().any(|byte| *byte != 0) {
            return Err("its prologue is damaged".to_owned());
        }
        let end = ALIGNMENT + number(28) as usize;
        let json = bytes.get(ALIGNMENT..end).ok_or("its header is truncated")?;
        let header: Header = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        header.check()?;
        let layout = Layout::new(&header, end);
        if layout.end != bytes.len() {
            return Err("its sections do not match its length".to_owned());
        }
        let tokenizer = Tokenizer::from_bytes(&bytes[layout.tokenizer.clone()])?;
        if tokenizer.max_tokens() != header.max_tokens {
            let (tokens, most) = (tokenizer.max_tokens(), header.max_tokens);
            return Err(format!("its tokenizer gives up to {tokens} tokens, not {most}"));
        }
        if tokenizer.vocabulary() > header.vocabulary {
            return Err("its tokenizer has tokens without vectors".to_owned());
        }
        let pooling = header.pooling()?;
        Ok(Self { header, layout, pooling, tokenizer, bytes })
    }
}
