//! Compares `WordPiece` with the `tokenizers` crate on 100,000 lines of many scripts.
use sbert_model::Tokenizer;
use std::fmt::Write;
use std::path::Path;

const LENGTH: usize = 64;

/// Ranges of code points for the lines: scripts, marks, signs, controls, and symbols.
const RANGES: &[(u32, u32)] = &[
    (0x20, 0x7e),
    (0x00, 0x1f),
    (0x80, 0xff),
    (0x100, 0x24f),
    (0x250, 0x36f),
    (0x370, 0x3ff),
    (0x400, 0x52f),
    (0x530, 0x5ff),
    (0x600, 0x6ff),
    (0x900, 0x97f),
    (0x980, 0x9ff),
    (0xb80, 0xbff),
    (0xe00, 0xe7f),
    (0x10a0, 0x10ff),
    (0x1100, 0x11ff),
    (0x1e00, 0x1fff),
    (0x2000, 0x206f),
    (0x20a0, 0x214f),
    (0x2150, 0x23ff),
    (0x2460, 0x27bf),
    (0x3000, 0x30ff),
    (0x3400, 0x4dbf),
    (0x4e00, 0x9fff),
    (0xac00, 0xd7a3),
    (0xf900, 0xfaff),
    (0xfb00, 0xfb4f),
    (0xfe00, 0xffff),
    (0x1d400, 0x1d7ff),
    (0x1f300, 0x1f64f),
    (0x20000, 0x2a6df),
];

/// A deterministic random number generator, so that failures are reproducible.
struct RandomNumbers(u64);

impl RandomNumbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

fn line(numbers: &mut RandomNumbers, pieces: &[String]) -> String {
    let mut line = String::new();
    for _ in 0..=numbers.below(12) {
        match numbers.below(12) {
            0..=4 => line.push_str(pieces[numbers.below(pieces.len())].trim_start_matches('#')),
            5 => line.push_str(&pieces[numbers.below(pieces.len())].to_uppercase()),
            6 => write!(line, "{}-{}", numbers.below(5000), numbers.below(99)).unwrap(),
            7 => line.push_str(
                ["[SEP]", "[MASK]", "[sep]", "##", "don't", "₹1,299.50"][numbers.below(6)],
            ),
            8 => line.extend(std::iter::repeat_n('x', numbers.below(120))),
            _ => {
                let (first, last) = RANGES[numbers.below(RANGES.len())];
                for _ in 0..=numbers.below(8) {
                    let span = usize::try_from(last - first).unwrap() + 1;
                    let code = first + u32::try_from(numbers.below(span)).unwrap();
                    line.extend(char::from_u32(code));
                }
            }
        }
        if numbers.below(3) > 0 {
            line.push(' ');
        }
    }
    line
}

fn compare(file: &Path, lines: usize) {
    let json = std::fs::read_to_string(file).unwrap();
    let mut theirs: tokenizers::Tokenizer = json.parse().unwrap();
    theirs.with_padding(None);
    let truncation = tokenizers::TruncationParams { max_length: LENGTH, ..Default::default() };
    theirs.with_truncation(Some(truncation)).unwrap();
    let mut pieces: Vec<_> = theirs.get_vocab(false).into_keys().collect();
    pieces.sort_unstable();
    let ours = Tokenizer::from_json(json, LENGTH).unwrap();
    assert!(matches!(ours, Tokenizer::WordPiece(_)), "the general tokenizer is not under test");
    let ours = Tokenizer::from_bytes(&ours.to_bytes()).unwrap();
    let mut numbers = RandomNumbers(0x2545_f491_4f6c_dd1d);
    for _ in 0..lines {
        let line = line(&mut numbers, &pieces);
        let (expected, found) = (theirs.encode(&*line, true).unwrap(), ours.encode(&line));
        assert_eq!(found.ids, expected.get_ids(), "{line:?}");
        assert_eq!(found.truncated, !expected.get_overflowing().is_empty(), "{line:?}");
    }
}

#[test]
fn ids_equal_those_of_the_tokenizers_crate_on_100_000_lines() {
    compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tokenizer.json"), 100_000);
}

#[test]
#[ignore = "needs the model: make model"]
fn ids_of_the_real_vocabulary_equal_those_of_the_tokenizers_crate() {
    compare(&sbert_fixtures::downloaded_model().join("tokenizer.json"), 20_000);
}

#[test]
fn a_word_of_ten_megabytes_is_one_token() {
    let json = include_str!("../tokenizer.json").to_owned();
    let tokenizer = Tokenizer::from_json(json, LENGTH).unwrap();
    assert_eq!(tokenizer.encode(&"x".repeat(10_000_000)).ids.len(), 3);
    let words = tokenizer.encode(&"phone ".repeat(1_000_000));
    assert_eq!((words.ids.len(), words.truncated), (LENGTH, true));
}

#[test]
fn damaged_bytes_never_cause_a_panic() {
    let json = include_str!("../tokenizer.json").to_owned();
    let bytes = Tokenizer::from_json(json, LENGTH).unwrap().to_bytes();
    let mut numbers = RandomNumbers(88_172_645_463_325_252);
    let mut refused = 0;
    for _ in 0..400 {
        let mut damaged = bytes.clone();
        damaged.truncate(numbers.below(bytes.len()));
        for _ in 0..3 {
            if let Some(byte) = damaged.get_mut(numbers.below(bytes.len())) {
                *byte ^= 1 << numbers.below(8);
            }
        }
        match Tokenizer::from_bytes(&damaged) {
            Ok(tokenizer) => drop(tokenizer.encode("a tripod for my phone")),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 200, "only {refused} of 400 damaged tokenizers were rejected");
}

/// Returns the bytes of a packed tokenizer with a special token of this name.
fn packed(special: &str, max_tokens: u32) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let mut bytes = vec![b'W', 1, 1, 1, 1];
    bytes.extend(max_tokens.to_le_bytes());
    bytes.extend(number(100));
    bytes.extend(number(1));
    bytes.extend(number(special.len()));
    bytes.extend(special.as_bytes());
    bytes.extend(number(0));
    for piece in ["[UNK]", "[CLS]", "[SEP]"] {
        bytes.extend(number(piece.len()));
        bytes.extend(piece.as_bytes());
    }
    bytes
}

#[test]
fn a_special_token_is_not_empty() {
    let tokenizer = Tokenizer::from_bytes(&packed("[MASK]", 8)).unwrap();
    assert_eq!((tokenizer.max_tokens(), tokenizer.encode("[MASK]").ids), (8, vec![1, 0, 2]));
    for name in ["", "MASK"] {
        let error = Tokenizer::from_bytes(&packed(name, 1_000_000)).unwrap_err();
        assert!(error.contains("does not begin with a bracket"), "{error}");
    }
    assert!(Tokenizer::from_bytes(&packed("[MASK]", 1)).unwrap_err().contains("no room"));
}
