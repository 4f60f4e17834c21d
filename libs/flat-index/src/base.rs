use crate::builder::{BuildError, Builder};
use crate::segment::Segment;
use crate::{Error, IndexDocument, Schema};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files up to this size are read whole when they are opened: it costs a few milliseconds.
const VERIFIED_ON_OPEN: usize = 32 << 20;

/// The documents of a file, mapped into memory.
#[derive(Clone, Debug)]
pub struct Base {
    segment: Arc<Segment>,
    path: Arc<Path>,
    is_verified: bool,
}

/// Writes a base file: documents in the order of their keys, one at a time.
///
/// The file appears under its name when it is finished, whole. It is not forced to the disk: after
/// a power cut its checksums tell, and it can be built again.
#[derive(Debug)]
pub struct BaseBuilder {
    builder: Builder<BufWriter<File>>,
    path: PathBuf,
    /// Holds what was written so far, and is gone if it is never finished.
    aside: Aside,
}

/// A file that is removed when it is dropped.
#[derive(Debug)]
struct Aside(PathBuf);

impl Drop for Aside {
    fn drop(&mut self) {
        // Renamed, it is gone; else what cannot be removed is overwritten by the next build.
        drop(fs::remove_file(&self.0));
    }
}

impl Base {
    /// Maps a file. All but the vectors is verified, and those too in a file of up to 32 MB; for a
    /// larger one ask [`Self::verify`].
    pub fn open(path: &Path, schema: &Schema) -> Result<Self, Error> {
        let bytes = File::open(path).and_then(|file| mapped_bytes::map(&file));
        let bytes = bytes.map_err(Error::io(path))?;
        let segment = Segment::open(bytes, schema).map_err(Error::refused(path))?;
        let is_small = segment.size() <= VERIFIED_ON_OPEN;
        let mut base = Self { segment: Arc::new(segment), path: path.into(), is_verified: false };
        if is_small {
            base.verify()?;
            base.is_verified = true;
        }
        Ok(base)
    }

    /// Whether all of it was verified when it was opened.
    pub fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// Reads the vectors, and says whether they are what was written.
    pub fn verify(&self) -> Result<(), Error> {
        if self.segment.has_sound_vectors() {
            return Ok(());
        }
        Err(Error::refused(&self.path)("the vectors are damaged"))
    }

    /// The caller's sequence at which the file was built.
    pub fn stamp(&self) -> u64 {
        self.segment.stamp()
    }

    /// How many documents it holds.
    pub fn documents(&self) -> usize {
        self.segment.rows()
    }

    pub(crate) fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }
}

impl BaseBuilder {
    /// Begins a file that will replace the one at `path`. One builder a path at a time.
    pub fn create(path: &Path, schema: &Schema) -> Result<Self, Error> {
        let mut name = OsString::from(path);
        name.push(".new");
        let aside = Aside(name.into());
        let begin = || {
            // Anew, for the one that a killed process left may still be mapped nowhere but here.
            let file = File::create(&aside.0)?;
            Builder::new(schema, BufWriter::with_capacity(1 << 20, file))
        };
        let builder = begin().map_err(Error::io(path))?;
        Ok(Self { builder, path: path.to_owned(), aside })
    }

    /// Adds a document, whose key must come behind those before.
    pub fn push(&mut self, document: &IndexDocument) -> Result<(), Error> {
        self.builder.push(document).map_err(|error| match error {
            BuildError::Document(error) => error,
            BuildError::Io(error) => Error::io(&self.path)(error),
        })
    }

    /// Puts the file in its place. [`Base::stamp`] gives `stamp` back.
    pub fn finish(self, stamp: u64) -> Result<(), Error> {
        let Self { builder, path, aside } = self;
        let finish = || {
            let (out, header) = builder.finish(stamp, None)?;
            let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&header.to_bytes())?;
            fs::rename(&aside.0, &path)
        };
        finish().map_err(Error::io(&path))
    }
}
