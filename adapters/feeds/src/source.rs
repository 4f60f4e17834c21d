use crate::begun::Begun;
use crate::error::FeedError;
use crate::format::Format;
use crate::{compression, encoding};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

/// Bytes that may be read on another thread.
pub(crate) type Bytes = Box<dyn Read + Send>;

/// Where a feed's bytes come from.
pub(crate) struct Source {
    /// Its name in messages.
    pub(crate) name: String,
    /// How many bytes it has, where that is known.
    pub(crate) total: Option<u64>,
    pub(crate) input: Input,
}

/// What a source is read from.
pub(crate) enum Input {
    /// A file that can be read from any place.
    File(File),
    /// Anything else.
    Stream(Bytes),
}

/// What a source holds, unpacked. Texts are UTF-8, unless damaged, without byte order mark.
pub(crate) enum Content {
    Csv(Bytes),
    JsonLines(Bytes),
    Xml(Bytes),
    /// A file that can be read from any place.
    Parquet(File),
}

/// How files begin that are no feeds, what they are, and what to do with them.
const FOREIGN: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", "a zip archive or a spreadsheet", "unpack it, or save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet", "save it as CSV"),
    (b"BZh", "compressed by bzip2", "unpack it first (bunzip2)"),
    (b"\xfd7zXZ", "compressed by xz", "unpack it first (unxz)"),
];

impl Source {
    /// The file at `path`, or the standard input for `-`.
    pub(crate) fn open(path: &Path) -> Result<Self, FeedError> {
        if path.as_os_str() == "-" {
            let name = "standard input".to_owned();
            return Ok(Self { name, total: None, input: Input::Stream(Box::new(io::stdin())) });
        }
        let name = path.display().to_string();
        let opened = File::open(path).and_then(|file| file.metadata().map(|about| (file, about)));
        let (mut file, about) =
            opened.map_err(|cause| FeedError::Open { name: name.clone(), cause })?;
        if about.is_dir() {
            return Err(FeedError::Folder(name));
        }
        if !about.is_file() {
            // A pipe has a length of 0, which says nothing.
            return Ok(Self { name, total: None, input: Input::Stream(Box::new(file)) });
        }
        let is_packed = compression::of(&Begun::of(&file).beginning).is_some();
        file.rewind().map_err(|cause| FeedError::Open { name: name.clone(), cause })?;
        // Nobody knows the length of what is packed before it has been unpacked.
        let total = (!is_packed).then_some(about.len());
        Ok(Self { name, total, input: Input::File(file) })
    }

    /// Unpacks what is packed, decodes what is not UTF-8, and tells the format unless it is given.
    pub(crate) fn unpack(self, format: Option<Format>) -> Result<Content, FeedError> {
        let Self { name, input, .. } = self;
        let unread = |cause| FeedError::read(&name, 0, cause);
        let (bytes, file): (Bytes, _) = match input {
            Input::Stream(bytes) => (bytes, None),
            Input::File(file) => (Box::new(file.try_clone().map_err(unread)?), Some(file)),
        };
        let packed = Begun::of(bytes);
        let (begun, file) = match compression::of(&packed.beginning) {
            None => (packed, file),
            Some(packing) => (Begun::of(packing.unpack(packed).map_err(unread)?), None),
        };
        if format.unwrap_or(Format::of(&begun.beginning)) == Format::Parquet {
            let file = seekable(begun, file);
            return file.map(Content::Parquet).map_err(|cause| FeedError::Spool { name, cause });
        }
        text(name, begun, format)
    }
}

/// The file, or one without a name that holds what `bytes` gives.
fn seekable(mut bytes: Begun<Bytes>, file: Option<File>) -> io::Result<File> {
    if let Some(file) = file {
        return Ok(file);
    }
    let mut file = tempfile::tempfile()?;
    io::copy(&mut bytes, &mut file)?;
    Ok(file)
}

fn text(name: String, begun: Begun<Bytes>, format: Option<Format>) -> Result<Content, FeedError> {
    let foreign = FOREIGN.iter().find(|(mark, ..)| begun.beginning.starts_with(mark));
    if let Some(&(_, what, remedy)) = foreign {
        return Err(FeedError::NotText { name, what, remedy });
    }
    let (begun, is_marked) = encoding::unmarked(begun);
    Ok(match format.unwrap_or(Format::of(&begun.beginning)) {
        Format::JsonLines => Content::JsonLines(Box::new(begun)),
        Format::Xml if is_marked => Content::Xml(Box::new(begun)),
        Format::Xml => {
            let bytes = encoding::declared(begun);
            Content::Xml(bytes.map_err(|label| FeedError::Encoding { name, label })?)
        }
        Format::Csv | Format::Parquet => Content::Csv(Box::new(begun)),
    })
}
