use super::Encoding;
use super::characters::{is_dropped, is_ideograph, is_mark, is_punctuation};
use super::pieces::Pieces;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

/// BERT's tokenizer: cleaning, lowercasing and stripping of accents, splitting at spaces and
/// punctuation, and greedy longest-match pieces for each word.
///
/// Produces the same ids as the `tokenizers` crate.
#[derive(Debug)]
pub struct WordPiece {
    pieces: Pieces,
    flags: Flags,
    max_tokens: usize,
    max_word: usize,
    unknown: u32,
    first: u32,
    last: u32,
    /// Special tokens, such as `[SEP]`, with their ids.
    special: Vec<(String, u32)>,
}

/// The normalization of a text.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the settings of the file")]
struct Flags {
    lower: bool,
    strip: bool,
    ideographs: bool,
    clean: bool,
}

/// Writes the pieces of words.
#[derive(Debug)]
struct Writer<'a> {
    tokenizer: &'a WordPiece,
    word: Vec<u8>,
    ids: Vec<u32>,
}

impl WordPiece {
    fn new(
        pieces: Pieces,
        flags: Flags,
        max_tokens: usize,
        max_word: usize,
        special: Vec<(String, u32)>,
    ) -> Result<Self, String> {
        if max_tokens < 2 {
            return Err("there is no room for the two special tokens".to_owned());
        }
        // Special tokens are looked for at brackets; an empty one would be found there without end.
        if let Some((name, _)) = special.iter().find(|(name, _)| !name.starts_with('[')) {
            return Err(format!("the special token {name:?} does not begin with a bracket"));
        }
        let known = |name: &str| {
            pieces.find(false, name.as_bytes()).ok_or(format!("the vocabulary lacks {name}"))
        };
        let (unknown, first, last) = (known("[UNK]")?, known("[CLS]")?, known("[SEP]")?);
        Ok(Self { pieces, flags, max_tokens, max_word, unknown, first, last, special })
    }

    /// Reads a `tokenizer.json`, or returns `None` if it is not BERT's.
    pub(crate) fn from_json(file: &Value, max_tokens: usize) -> Result<Option<Self>, String> {
        let (model, normalizer) = (&file["model"], &file["normalizer"]);
        let is_bert = model["type"] == "WordPiece"
            && normalizer["type"] == "BertNormalizer"
            && file["pre_tokenizer"]["type"] == "BertPreTokenizer"
            && model["continuing_subword_prefix"] == "##"
            && model["unk_token"] == "[UNK]"
            && brackets_texts(&file["post_processor"]);
        let Some(special) = special(file).filter(|_| is_bert) else { return Ok(None) };
        let vocabulary = model["vocab"].as_object().ok_or("the model has no vocabulary")?;
        let mut pieces = vec![None; vocabulary.len()];
        for (piece, number) in vocabulary {
            let place = number.as_u64().and_then(|number| usize::try_from(number).ok());
            if let Some(place) = place.and_then(|place| pieces.get_mut(place)) {
                *place = Some(&**piece);
            }
        }
        let pieces: Option<Vec<&str>> = pieces.into_iter().collect();
        // A vocabulary with gaps in its ids is left to the general tokenizer.
        let Some(pieces) = pieces else { return Ok(None) };
        let lower = normalizer["lowercase"].as_bool().unwrap_or(true);
        let flags = Flags {
            lower,
            strip: normalizer["strip_accents"].as_bool().unwrap_or(lower),
            ideographs: normalizer["handle_chinese_chars"].as_bool().unwrap_or(true),
            clean: normalizer["clean_text"].as_bool().unwrap_or(true),
        };
        let max_word = model["max_input_chars_per_word"].as_u64().unwrap_or(100);
        let max_word = usize::try_from(max_word).unwrap_or(usize::MAX);
        let pieces = Pieces::new(pieces.into_iter())?;
        Self::new(pieces, flags, max_tokens, max_word, special).map(Some)
    }

    /// Returns the largest token id plus one.
    pub(crate) fn vocabulary(&self) -> usize {
        let special = self.special.iter().map(|(_, id)| *id as usize + 1).max();
        self.pieces.iter().count().max(special.unwrap_or(0))
    }

    pub(crate) fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// Returns the token with this id.
    pub(crate) fn token(&self, id: u32) -> Option<String> {
        let special = self.special.iter().find(|(_, special)| *special == id);
        let piece = || Some(String::from_utf8_lossy(self.pieces.get(id)?).into_owned());
        special.map(|(name, _)| name.clone()).or_else(piece)
    }

    /// Returns the tokens of `text` between `[CLS]` and `[SEP]`.
    pub fn encode(&self, text: &str) -> Encoding {
        let mut writer = Writer {
            tokenizer: self,
            word: Vec::with_capacity(32),
            ids: Vec::with_capacity(self.max_tokens.min(text.len() / 3 + 4)),
        };
        writer.ids.push(self.first);
        let mut rest = text;
        while let Some((at, length, id)) = self.next_special(rest) {
            writer.plain(&rest[..at]);
            if writer.is_full() {
                break;
            }
            writer.ids.push(id);
            rest = &rest[at + length..];
        }
        if !writer.is_full() {
            writer.plain(rest);
        }
        let mut ids = writer.ids;
        let truncated = ids.len() >= self.max_tokens;
        ids.truncate(self.max_tokens - 1);
        ids.push(self.last);
        Encoding { ids, truncated }
    }

    /// Returns the offset, length and id of the first special token in the text.
    fn next_special(&self, text: &str) -> Option<(usize, usize, u32)> {
        // All of them begin with a bracket, which texts rarely contain.
        text.match_indices('[').find_map(|(at, _)| {
            let found = self.special.iter().find(|(name, _)| text[at..].starts_with(&**name))?;
            Some((at, found.0.len(), found.1))
        })
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let Flags { lower, strip, ideographs, clean } = self.flags;
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
        let mut bytes = vec![lower.into(), strip.into(), ideographs.into(), clean.into()];
        bytes.extend(number(self.max_tokens));
        bytes.extend(number(self.max_word));
        bytes.extend(number(self.special.len()));
        for (name, id) in &self.special {
            bytes.extend(number(name.len()));
            bytes.extend(name.as_bytes());
            bytes.extend(id.to_le_bytes());
        }
        for piece in self.pieces.iter() {
            bytes.extend(number(piece.len()));
            bytes.extend(piece);
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let mut reader = Reader(bytes);
        let [lower, strip, ideographs, clean] = reader.take::<4>()?.map(|flag| flag != 0);
        let (max_tokens, max_word) = (reader.number()?, reader.number()?);
        let mut special = Vec::new();
        for _ in 0..reader.number()? {
            let name = reader.text()?.to_owned();
            special.push((name, u32::from_le_bytes(reader.take()?)));
        }
        let mut pieces = Vec::new();
        while !reader.0.is_empty() {
            pieces.push(reader.text()?);
        }
        let flags = Flags { lower, strip, ideographs, clean };
        Self::new(Pieces::new(pieces.into_iter())?, flags, max_tokens, max_word, special)
    }
}

/// Reads the output of [`WordPiece::to_bytes`].
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or("the tokenizer is truncated")?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn number(&mut self) -> Result<usize, String> {
        Ok(u32::from_le_bytes(self.take()?) as usize)
    }

    fn text(&mut self) -> Result<&'a str, String> {
        let length = self.number()?;
        let (text, rest) = self.0.split_at_checked(length).ok_or("the tokenizer is truncated")?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|error| error.to_string())
    }
}

/// Returns the special tokens, if all are matched verbatim anywhere in a text.
fn special(file: &Value) -> Option<Vec<(String, u32)>> {
    let tokens = file["added_tokens"].as_array()?;
    let token = |token: &Value| {
        let odd = ["single_word", "lstrip", "rstrip", "normalized"];
        let plain = odd.iter().all(|flag| token[*flag] == false);
        let content = token["content"].as_str().filter(|content| content.starts_with('['))?;
        let id = u32::try_from(token["id"].as_u64()?).ok()?;
        plain.then(|| (content.to_owned(), id))
    };
    tokens.iter().map(token).collect()
}

/// Returns whether the processor only surrounds a text with `[CLS]` and `[SEP]`.
fn brackets_texts(processor: &Value) -> bool {
    match processor["type"].as_str() {
        Some("BertProcessing") => processor["cls"][0] == "[CLS]" && processor["sep"][0] == "[SEP]",
        Some("TemplateProcessing") => {
            let parts = processor["single"].as_array().map_or(&[][..], Vec::as_slice);
            matches!(parts, [first, text, last]
                if first["SpecialToken"]["id"] == "[CLS]"
                    && text["Sequence"]["id"] == "A"
                    && last["SpecialToken"]["id"] == "[SEP]")
        }
        _ => false,
    }
}

impl Writer<'_> {
    /// Returns whether any further token would be truncated.
    fn is_full(&self) -> bool {
        self.ids.len() >= self.tokenizer.max_tokens
    }

    /// Writes the tokens of a text without special tokens.
    fn plain(&mut self, text: &str) {
        if text.is_ascii() {
            self.ascii(text);
        } else {
            self.unicode(text);
        }
        self.end_word();
    }

    fn ascii(&mut self, text: &str) {
        let Flags { lower, clean, .. } = self.tokenizer.flags;
        for byte in text.bytes() {
            match byte {
                b'\t' | b'\n' | b'\r' | b' ' => self.end_word(),
                // Without cleaning, these are whitespace too.
                0x0b | 0x0c if !clean => self.end_word(),
                0..32 | 127 if clean => {}
                _ if byte.is_ascii_punctuation() => self.single_character(&[byte]),
                _ if lower => self.letter(&[byte.to_ascii_lowercase()]),
                _ => self.letter(&[byte]),
            }
            if self.is_full() {
                break;
            }
        }
    }

    fn unicode(&mut self, text: &str) {
        let Flags { lower, strip, ideographs, clean } = self.tokenizer.flags;
        let cleaned = text.chars().filter(|&c| !clean || !is_dropped(c));
        let spaced = cleaned.flat_map(|c| {
            let space = (ideographs && is_ideograph(c)).then_some(' ');
            space.into_iter().chain([if clean && c.is_whitespace() { ' ' } else { c }]).chain(space)
        });
        if strip {
            self.characters(spaced.nfd().filter(|&c| !is_mark(c)), lower);
        } else {
            self.characters(spaced, lower);
        }
    }

    fn characters(&mut self, characters: impl Iterator<Item = char>, lower: bool) {
        for character in characters {
            if lower {
                character.to_lowercase().for_each(|character| self.character(character));
            } else {
                self.character(character);
            }
            if self.is_full() {
                break;
            }
        }
    }

    fn character(&mut self, character: char) {
        let mut bytes = [0; 4];
        let bytes = character.encode_utf8(&mut bytes).as_bytes();
        if character.is_whitespace() {
            self.end_word();
        } else if is_punctuation(character) {
            self.single_character(bytes);
        } else {
            self.letter(bytes);
        }
    }

    /// Adds to the word. The rest of a word that is too long is dropped because it is unknown anyway.
    fn letter(&mut self, bytes: &[u8]) {
        if self.word.len() <= self.tokenizer.max_word.saturating_mul(4) {
            self.word.extend(bytes);
        }
    }

    /// Writes a word of one character.
    fn single_character(&mut self, bytes: &[u8]) {
        self.end_word();
        self.word.extend(bytes);
        self.end_word();
    }

    /// Writes the pieces of the word by greedy longest match.
    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let WordPiece { pieces, max_word, unknown, .. } = self.tokenizer;
        let before = self.ids.len();
        let characters = self.word.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        let mut at = 0;
        while characters <= *max_word && at < self.word.len() {
            let most = self.word.len().min(at + pieces.longest());
            let piece = (at + 1..=most)
                .rev()
                .find_map(|end| Some((end, pieces.find(at > 0, &self.word[at..end])?)));
            let Some((end, id)) = piece else { break };
            self.ids.push(id);
            at = end;
        }
        if at < self.word.len() {
            self.ids.truncate(before);
            self.ids.push(*unknown);
        }
        self.word.clear();
    }
}
