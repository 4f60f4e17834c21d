mod item;
mod namespaces;
mod text;

use crate::error::Error;
use crate::limits;
use crate::names::NameTable;
use crate::peeked::Bytes;
use crate::reader::{LineResult, Parser};
use crate::record::Layout;
use crate::values::ValueBuffer;
use item::{Item, ValueSink};
use namespaces::Namespaces;
use quick_xml::Reader;
use quick_xml::errors::{Error as XmlError, IllFormedError};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use text::XmlText;

/// The outermost elements of a feed: RSS 2.0, Atom, RSS 1.0.
const ROOTS: [&str; 3] = ["rss", "feed", "RDF"];

/// Parses the `item`s of RSS or the `entry`s of Atom.
///
/// The elements directly in an item are its values, by their qualified names. A prefix that is declared for
/// Google's namespace becomes `g:`.
pub(crate) struct XmlParser {
    reader: Reader<XmlText>,
    buffer: Vec<u8>,
    document: DocumentState,
}

/// The state of the parser in the document.
#[derive(Debug, Default)]
struct DocumentState {
    depth: usize,
    item: Option<Item>,
    has_root: bool,
    namespaces: Namespaces,
}

/// The effect of an event.
enum Step {
    /// The record that begins on this line has ended.
    Record(u64),
    Continue,
    End,
    Malformed(String),
}

impl XmlParser {
    pub(crate) fn new(bytes: Bytes) -> Self {
        let reader = Reader::from_reader(XmlText::new(bytes));
        Self { reader, buffer: Vec::new(), document: DocumentState::default() }
    }

    /// Converts an error in the part that begins on `line`.
    fn error(&mut self, line: u64, error: &XmlError) -> Error {
        let text = self.reader.get_mut();
        if let Some(cause) = text.take_failure() {
            return Error::read(text.bytes_read(), cause);
        }
        let reason = if text.is_exhausted() {
            format!(
                "a tag or a text does not end within {} MiB: look for a missing `<` or `>`",
                limits::RECORD >> 20
            )
        } else if let XmlError::Encoding(error) = error {
            format!("{error}: save the file as UTF-8, or declare its encoding")
        } else {
            format!("{error}; was the file written completely?")
        };
        Error::Malformed { line, reason }
    }
}

impl Parser for XmlParser {
    fn layout(&self) -> Layout {
        Layout::Elements
    }

    fn next(
        &mut self,
        names: &mut NameTable,
        values: &mut ValueBuffer,
    ) -> Result<Option<LineResult>, Error> {
        let mut sink = ValueSink { names, values };
        loop {
            self.buffer.clear();
            let line = self.reader.get_mut().begin_part();
            let step = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => self.document.handle(&mut sink, line, event),
                Err(XmlError::IllFormed(IllFormedError::UnclosedReference)) => {
                    self.document.stray_ampersand();
                    continue;
                }
                Err(error) => return Err(self.error(line, &error)),
            };
            match step {
                Step::Continue => {}
                Step::Record(line) => return Ok(Some(Ok(line))),
                Step::End if self.document.has_root => return Ok(None),
                Step::End if self.bytes_read() == 0 => return Err(Error::Empty),
                Step::End => {
                    let reason =
                        "there is no XML element: is the file of another format?".to_owned();
                    return Err(Error::Malformed { line, reason });
                }
                Step::Malformed(reason) => return Err(Error::Malformed { line, reason }),
            }
        }
    }

    fn bytes_read(&self) -> u64 {
        self.reader.get_ref().bytes_read()
    }
}

impl DocumentState {
    fn handle(&mut self, sink: &mut ValueSink<'_>, line: u64, event: Event<'_>) -> Step {
        match event {
            Event::Start(start) => return self.open(sink, line, &start),
            Event::Empty(start) => match self.open(sink, line, &start) {
                Step::Continue => return self.close(sink),
                step => return step,
            },
            Event::End(_) => return self.close(sink),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::Eof if self.depth > 0 => {
                let depth = self.depth;
                return Step::Malformed(format!(
                    "the document ends with {depth} open elements; was the file written completely?"
                ));
            }
            Event::Eof => return Step::End,
            // Entities that a document defines are not expanded: a few lines can make gigabytes.
            Event::DocType(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
        Step::Continue
    }

    fn open(&mut self, sink: &mut ValueSink<'_>, line: u64, start: &BytesStart<'_>) -> Step {
        let (name, local) = (start.name(), start.local_name());
        let (name, local) = (name.as_ref(), local.as_ref());
        if let Some(reason) = self.misplaced(name, local) {
            return Step::Malformed(reason);
        }
        self.has_root = true;
        self.depth += 1;
        self.namespaces.declare(start, self.depth);
        match &mut self.item {
            Some(item) => {
                item.open(sink, &self.namespaces.known_name(name), self.depth);
                if local == "link" && self.depth == item.depth + 1 {
                    add_link(sink, name, start);
                }
            }
            None if matches!(local, "item" | "entry") => {
                sink.names.restart();
                self.item = Some(Item::new(line, self.depth));
            }
            None => {}
        }
        Step::Continue
    }

    /// Returns why an element cannot begin here, if it cannot.
    fn misplaced(&self, name: &str, local: &str) -> Option<String> {
        if name.len() > limits::XML_NAME {
            Some(format!("the name of an element has more than {} bytes", limits::XML_NAME))
        } else if self.depth == 0 && (self.has_root || !ROOTS.contains(&local)) {
            Some(format!("found <{name}> where <rss> or <feed> is expected"))
        } else if self.depth == limits::XML_DEPTH {
            Some(format!("more than {} nested elements", limits::XML_DEPTH))
        } else {
            None
        }
    }

    fn close(&mut self, sink: &mut ValueSink<'_>) -> Step {
        let ended = self.depth;
        self.namespaces.end(ended);
        // The parser reports an end tag without a start tag before this can underflow.
        self.depth = ended.saturating_sub(1);
        if let Some(item) = &mut self.item {
            item.close(sink, ended);
        }
        match self.item.take_if(|item| item.depth == ended) {
            Some(item) => Step::Record(item.line),
            None => Step::Continue,
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(item) = &mut self.item {
            item.text(text);
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) {
        let Some(item) = &mut self.item else { return };
        if let Ok(Some(character)) = reference.resolve_char_ref() {
            item.text(character.encode_utf8(&mut [0; 4]));
        } else if let Some(text) = resolve_predefined_entity(reference) {
            item.text(text);
        } else {
            let reason = "not an entity of XML: write the character's number, or use CDATA";
            item.invalid_text(&format!("&{};", &**reference), reason.to_owned());
        }
    }

    fn stray_ampersand(&mut self) {
        if let Some(item) = &mut self.item {
            let reason = "a lone `&` is not allowed in XML: write `&amp;`, or use CDATA";
            item.invalid_text("&", reason.to_owned());
        }
    }
}

/// Adds the address of an Atom link to the page itself, not those to pictures or feeds.
fn add_link(sink: &mut ValueSink<'_>, name: &str, start: &BytesStart<'_>) {
    let attribute = |key| {
        let attribute = start.try_get_attribute(key).ok().flatten()?;
        attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()
    };
    let is_page = attribute("rel").is_none_or(|rel| rel == "alternate");
    if let Some(address) = attribute("href").filter(|_| is_page) {
        sink.add(name, &address);
    }
}
