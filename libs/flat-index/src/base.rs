use crate::builder::{BuildError, Builder};
use crate::segment::Segment;
use crate::{IndexDocument, IndexFileError, Schema, Stamp};
use private_files::Access;
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Files up to this size are verified completely when opened, which takes a few milliseconds.
const VERIFIED_ON_OPEN: usize = 32 << 20;

/// A base file, mapped into memory.
#[derive(Clone, Debug)]
pub struct Base {
    segment: Arc<Segment>,
    path: Arc<Path>,
    is_verified: Arc<AtomicBool>,
}

/// Writes a base file from documents in ascending order of their keys.
///
/// The file appears under its name only when complete. It is not synced to disk: its checksums detect
/// damage from a power failure, and it can be rebuilt. Only its owner can read it, unless
/// [`Self::set_permissions`] allows more.
#[derive(Debug)]
pub struct BaseBuilder {
    builder: Builder<BufWriter<File>>,
    path: PathBuf,
    /// Receives the data, and is removed if the build is not finished.
    temporary: TemporaryFile,
}

/// A file that is removed when it is dropped.
#[derive(Debug)]
struct TemporaryFile(PathBuf);

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // After the rename this finds no file; a file that cannot be removed is overwritten later.
        drop(fs::remove_file(&self.0));
    }
}

impl Base {
    /// Maps a file and verifies everything but the vectors. Files of up to 32 MB are verified
    /// completely; call [`Self::verify`] for larger ones.
    pub fn open(path: &Path, schema: &Schema) -> Result<Self, IndexFileError> {
        let bytes = File::open(path).and_then(|file| mapped_bytes::map(&file));
        let bytes = bytes.map_err(IndexFileError::io(path))?;
        let segment = Segment::open(bytes, schema).map_err(IndexFileError::invalid_file(path))?;
        let is_small = segment.size() <= VERIFIED_ON_OPEN;
        let base =
            Self { segment: Arc::new(segment), path: path.into(), is_verified: Arc::default() };
        if is_small {
            base.verify()?;
        }
        Ok(base)
    }

    /// Returns whether the whole file was verified.
    pub fn is_verified(&self) -> bool {
        self.is_verified.load(Ordering::Acquire)
    }

    /// Reads the vectors and verifies their checksum.
    pub fn verify(&self) -> Result<(), IndexFileError> {
        if self.segment.has_intact_vectors() {
            self.is_verified.store(true, Ordering::Release);
            return Ok(());
        }
        Err(IndexFileError::invalid_file(&self.path)("the vectors are damaged"))
    }

    /// Returns the caller's state from which the file was built.
    pub fn stamp(&self) -> Stamp {
        self.segment.stamp()
    }

    /// Returns the number of documents.
    pub fn documents(&self) -> usize {
        self.segment.rows()
    }

    pub(crate) fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }
}

impl BaseBuilder {
    /// Begins a file that will replace the one at `path`. Only one builder per path may exist.
    pub fn create(path: &Path, schema: &Schema) -> Result<Self, IndexFileError> {
        let mut name = OsString::from(path);
        name.push(".new");
        let temporary = TemporaryFile(name.into());
        let begin = || {
            let file = private_files::create(&temporary.0, Access::Owner)?;
            Builder::new(schema, BufWriter::with_capacity(1 << 20, file))
        };
        let builder = begin().map_err(IndexFileError::io(path))?;
        Ok(Self { builder, path: path.to_owned(), temporary })
    }

    /// Gives the file other permissions.
    pub fn set_permissions(&self, permissions: Permissions) -> Result<(), IndexFileError> {
        fs::set_permissions(&self.temporary.0, permissions).map_err(IndexFileError::io(&self.path))
    }

    /// Adds a document. Its key must be greater than the keys before it.
    pub fn push(&mut self, document: &IndexDocument) -> Result<(), IndexFileError> {
        self.builder.push(document).map_err(|error| match error {
            BuildError::Document(error) => error,
            BuildError::Io(error) => IndexFileError::io(&self.path)(error),
        })
    }

    /// Renames the finished file to its path. [`Base::stamp`] returns `stamp`.
    pub fn finish(self, stamp: impl Into<Stamp>) -> Result<(), IndexFileError> {
        let Self { builder, path, temporary } = self;
        let finish = || {
            let (out, header) = builder.finish(stamp.into(), None)?;
            let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&header.to_bytes())?;
            fs::rename(&temporary.0, &path)
        };
        finish().map_err(IndexFileError::io(&path))
    }
}
