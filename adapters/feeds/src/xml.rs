use crate::error::FeedError;
use crate::fields::Keys;
use crate::map::ColumnMap;
use crate::read_ahead::Rows;
use crate::record::RECORD_LIMIT;
use crate::source::Bytes;
use crate::xml_item::Item;
use crate::xml_text::XmlText;
use akin_ports::FeedItem;
use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// How many elements may be open at once.
const DEPTH_LIMIT: usize = 256;
/// The longest name of an element, in bytes: the names of those that are open are kept.
const NAME_LIMIT: usize = 1_024;
/// The namespace of Google's names.
const GOOGLE: &str = "http://base.google.com/ns/1.0";
/// What the outermost element of a feed is called: RSS 2.0, Atom, RSS 1.0.
const ROOTS: [&str; 3] = ["rss", "feed", "RDF"];

/// The rows of an XML document: its `item`s or `entry`s.
pub(crate) struct XmlRows {
    name: String,
    reader: Reader<XmlText>,
    buffer: Vec<u8>,
    keys: Keys,
    place: Place,
}

/// Where in the document the reader stands.
#[derive(Debug, Default)]
struct Place {
    depth: usize,
    item: Option<Item>,
    is_begun: bool,
    /// What stands before Google's names here, if it is not the usual `g:`.
    prefix: Option<String>,
}

/// What an event is to the rows.
#[expect(clippy::large_enum_variant, reason = "one step is held at a time")]
enum Step {
    Item(FeedItem),
    On,
    End,
    /// The feed ends here, for this reason.
    Broken(String),
}

impl XmlRows {
    pub(crate) fn new(name: String, bytes: Bytes, map: ColumnMap) -> Self {
        let reader = Reader::from_reader(XmlText::new(bytes));
        let (keys, place) = (Keys::new(map), Place::default());
        Self { name, reader, buffer: Vec::new(), keys, place }
    }

    /// What ended the feed at `line`.
    fn failed(&mut self, line: u64, error: &Error) -> FeedError {
        let text = self.reader.get_mut();
        let name = self.name.clone();
        if let Some(cause) = text.failure() {
            return FeedError::Read { name, at: text.passed(), cause };
        }
        let reason = if text.is_spent() {
            format!(
                "a tag or a text does not end within {} MiB: look for a missing `<` or `>`",
                RECORD_LIMIT >> 20
            )
        } else if let Error::Encoding(error) = error {
            format!("{error}: save the file as UTF-8, or declare its encoding")
        } else {
            format!("{error}; was the file written completely?")
        };
        FeedError::Broken { name, line, reason }
    }
}

impl Rows for XmlRows {
    fn next(&mut self) -> Result<Option<FeedItem>, FeedError> {
        loop {
            self.buffer.clear();
            let line = self.reader.get_mut().begin();
            let step = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => self.place.take(&mut self.keys, line, event),
                Err(Error::IllFormed(IllFormedError::UnclosedReference)) => {
                    self.place.stray_ampersand();
                    continue;
                }
                Err(error) => return Err(self.failed(line, &error)),
            };
            match step {
                Step::On => {}
                Step::Item(item) => return Ok(Some(item)),
                Step::End if self.place.is_begun => return Ok(None),
                Step::End => return Err(FeedError::Nothing(self.name.clone())),
                Step::Broken(reason) => {
                    return Err(FeedError::Broken { name: self.name.clone(), line, reason });
                }
            }
        }
    }

    fn passed(&self) -> u64 {
        self.reader.get_ref().passed()
    }
}

impl Place {
    fn take(&mut self, keys: &mut Keys, line: u64, event: Event<'_>) -> Step {
        match event {
            Event::Start(start) => return self.open(keys, line, &start),
            Event::Empty(start) => match self.open(keys, line, &start) {
                Step::On => return self.close(),
                step => return step,
            },
            Event::End(_) => return self.close(),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::Eof if self.depth > 0 => {
                let (depth, reason) = (self.depth, "was the file written completely?");
                return Step::Broken(format!(
                    "the document ends with {depth} open elements; {reason}"
                ));
            }
            Event::Eof => return Step::End,
            // Entities that a document defines are not expanded: a few lines make gigabytes.
            Event::DocType(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
        Step::On
    }

    fn open(&mut self, keys: &mut Keys, line: u64, start: &BytesStart<'_>) -> Step {
        let (name, local) = (start.name(), start.local_name());
        let (name, local) = (name.as_ref(), local.as_ref());
        if let Some(reason) = self.misplaced(name, local) {
            return Step::Broken(reason);
        }
        if self.depth == 0 {
            self.prefix = google_prefix(start);
        }
        self.is_begun = true;
        self.depth += 1;
        match &mut self.item {
            Some(item) => {
                let googles = self.prefix.as_ref().and_then(|prefix| name.strip_prefix(&**prefix));
                match googles {
                    Some(plain) => item.open(keys, &format!("g:{plain}"), self.depth),
                    None => item.open(keys, name, self.depth),
                }
                if local == "link" && self.depth == item.depth + 1 {
                    link(item, keys, name, start);
                }
            }
            None if matches!(local, "item" | "entry") => {
                self.item = Some(Item::new(line, self.depth));
            }
            None => {}
        }
        Step::On
    }

    /// Why an element cannot begin here, if that is so.
    fn misplaced(&self, name: &str, local: &str) -> Option<String> {
        if name.len() > NAME_LIMIT {
            Some(format!("an element's name has more than {NAME_LIMIT} bytes"))
        } else if self.depth == 0 && (self.is_begun || !ROOTS.contains(&local)) {
            Some(format!("<{name}> stands where a feed begins with <rss> or <feed>"))
        } else if self.depth == DEPTH_LIMIT {
            Some(format!("more than {DEPTH_LIMIT} elements stand in one another"))
        } else {
            None
        }
    }

    fn close(&mut self) -> Step {
        let ended = self.depth;
        // The parser refuses an end without a beginning.
        self.depth = ended.saturating_sub(1);
        if let Some(item) = &mut self.item {
            item.close(ended);
        }
        match self.item.take_if(|item| item.depth == ended) {
            Some(item) => Step::Item(item.finish()),
            None => Step::On,
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
            let value = format!("&{};", &**reference);
            let reason = "XML has no such character by itself: write its number, or use CDATA";
            item.refuse(&value, reason.to_owned());
        }
    }

    fn stray_ampersand(&mut self) {
        if let Some(item) = &mut self.item {
            item.refuse(
                "&",
                "a lone `&` is no text in XML: write `&amp;`, or use CDATA".to_owned(),
            );
        }
    }
}

/// What a feed has in place of `g:`, by the namespace that its outermost element declares.
fn google_prefix(root: &BytesStart<'_>) -> Option<String> {
    root.attributes().flatten().find_map(|attribute| {
        let prefix = attribute.key.as_ref().strip_prefix("xmlns:")?;
        let is_googles = attribute.value.trim_end_matches('/') == GOOGLE && prefix != "g";
        is_googles.then(|| format!("{prefix}:"))
    })
}

/// Takes the address of an Atom link: the page itself, not its pictures or its feed.
fn link(item: &mut Item, keys: &mut Keys, name: &str, start: &BytesStart<'_>) {
    let value = |key| {
        let found = start.try_get_attribute(key).ok().flatten()?;
        found.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()
    };
    let is_page = value("rel").is_none_or(|rel| rel == "alternate");
    if let Some(address) = value("href").filter(|_| is_page) {
        item.value(keys, name, &address);
    }
}
