//! The packed file: a model's weights as the kernels read them, mapped and not loaded.
//!
//! 64 bytes of prologue (magic, version, byte order, length, checksum), a header in JSON, and the
//! sections that `layout.rs` derives from it, each at a multiple of 64 bytes.

use crate::layout::{ALIGNMENT, Header, Layout};
use crate::weights::{self, Precision};
use bytes::Bytes;
use sbert_model::{FolderError, Pooling, SentenceModel, Tokenizer};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"SBERTCPU";
const VERSION: u32 = 3;
/// Reads otherwise on a processor of another byte order.
const ORDER: u32 = 0x0102_0304;

/// Why a model was not packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The folder's weights are at fault.
    #[error(transparent)]
    Model(#[from] FolderError),
    /// The model has a shape that cannot be executed.
    #[error("the model {name} cannot be executed: {reason}")]
    Shape {
        /// The model.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file was not written.
    #[error("{path} was not written")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Why a file is no packed model that can be executed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is damaged, or something else.
    #[error("{path} is no packed model: {reason}; pack the model again")]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// A packed model, opened.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) header: Header,
    pub(crate) layout: Layout,
    pub(crate) pooling: Pooling,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) bytes: Bytes,
}

/// Packs `model` into the file `path`, which is whole or not there: it is written aside, and
/// renamed when all of it is on the disk.
pub fn pack(model: &SentenceModel, precision: Precision, path: &Path) -> Result<(), PackError> {
    let bytes = to_bytes(model, precision)?;
    let aside = path.with_extension(format!("{}.part", std::process::id()));
    let written = File::create(&aside).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&aside, path)
    });
    written.map_err(|source| {
        // The error that matters is the first; what was written aside is of no use to anybody.
        if let Err(error) = fs::remove_file(&aside)
            && error.kind() != io::ErrorKind::NotFound
        {
            return PackError::Write { path: aside, source: error };
        }
        PackError::Write { path: path.to_owned(), source }
    })
}

/// The bytes of the packed file.
pub(crate) fn to_bytes(model: &SentenceModel, precision: Precision) -> Result<Vec<u8>, PackError> {
    let tokenizer = model.tokenizer.to_bytes();
    let header = Header::of(model, precision, tokenizer.len());
    let shape = |reason| PackError::Shape { name: model.name.clone(), reason };
    header.check().map_err(shape)?;
    let json = serde_json::to_vec(&header).map_err(|error| shape(error.to_string()))?;
    // Weights that have these shapes bound what is allocated for them.
    let weights = model.weights()?;
    let layout = Layout::of(&header, ALIGNMENT + json.len());
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

impl Packed {
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let bytes = File::open(path).and_then(|file| mapped_bytes::map(&file));
        let bytes =
            bytes.map_err(|source| OpenError::Unreadable { path: path.to_owned(), source })?;
        Self::read(bytes).map_err(|reason| OpenError::Refused { path: path.to_owned(), reason })
    }

    pub(crate) fn read(bytes: Bytes) -> Result<Self, String> {
        let prologue = bytes.first_chunk::<ALIGNMENT>().ok_or("it is too short")?;
        let number =
            |at: usize| u32::from_ne_bytes(*prologue[at..].first_chunk().unwrap_or(&[0; 4]));
        if !prologue.starts_with(MAGIC) {
            return Err("it is of another kind".to_owned());
        }
        if number(12) != ORDER {
            return Err("it was packed on a processor of another byte order".to_owned());
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
        let json = bytes.get(ALIGNMENT..end).ok_or("its header is cut short")?;
        let header: Header = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        header.check()?;
        let layout = Layout::of(&header, end);
        if layout.end != bytes.len() {
            return Err("its sections do not fill it".to_owned());
        }
        let tokenizer = Tokenizer::from_bytes(&bytes[layout.tokenizer.clone()])?;
        if tokenizer.vocabulary() > header.vocabulary {
            return Err("its tokenizer knows tokens that it has no vectors of".to_owned());
        }
        let pooling = header.pooling()?;
        Ok(Self { header, layout, pooling, tokenizer, bytes })
    }
}
