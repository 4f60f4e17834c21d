//! Words of scripts that are written without spaces.

use crate::characters::{is_ideograph, is_katakana};
use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};
use std::sync::LazyLock;

/// Dictionaries rather than neural networks: these take a hundred times as long, and cut a word
/// differently in another sentence, where a query would not meet it.
static SEGMENTER: LazyLock<WordSegmenterBorrowed<'static>> =
    LazyLock::new(|| WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()));

/// The length of the parts of a run of katakana, in characters.
const KATAKANA_PART: usize = 3;

/// The maximum number of characters of a word that is taken apart.
const MAX_COMPOUND: usize = 24;

/// Visits the words of `run`, letters of scripts without spaces. A dictionary cuts at the longest word
/// it knows, so shorter ones inside are visited too: pairs of ideographs that are a word (`相机` in
/// `照相机`), both halves of another compound, and parts of katakana, which no dictionary takes apart
/// (`イヤホン` in `ワイヤレスイヤホン`).
pub(crate) fn visit_segments(run: &str, visit: &mut impl FnMut(&str)) {
    let mut start = 0;
    let mut last_ideograph = None;
    for end in SEGMENTER.segment_str(run).filter(|end| *end > 0) {
        let segment = &run[start..end];
        if segment.chars().all(is_katakana) {
            visit_parts(segment, visit);
            last_ideograph = None;
            start = end;
            continue;
        }
        visit(segment);
        if segment.starts_with(is_ideograph) {
            visit_pairs(run, start..end, last_ideograph, visit);
        } else {
            visit_halves(segment, visit);
        }
        let last = segment.char_indices().next_back();
        last_ideograph = last.filter(|(_, last)| is_ideograph(*last)).map(|(at, _)| start + at);
        start = end;
    }
}

/// Visits the pairs of neighboring ideographs in `run` that end in the segment `place` and are a word,
/// but not the segment itself. `before` is where the ideograph before the segment begins.
fn visit_pairs(
    run: &str,
    place: std::ops::Range<usize>,
    before: Option<usize>,
    visit: &mut impl FnMut(&str),
) {
    let mut previous = before;
    for (at, character) in run[place.clone()].char_indices() {
        let at = place.start + at;
        if !is_ideograph(character) {
            previous = None;
            continue;
        }
        if let Some(first) = previous {
            let pair = &run[first..at + character.len_utf8()];
            if pair.len() != place.len() && is_word(pair) {
                visit(pair);
            }
        }
        previous = Some(at);
    }
}

/// Visits the overlapping parts of a run of katakana, or the run if it is no longer than one part. The
/// parts of a word are in every run that contains it.
fn visit_parts(segment: &str, visit: &mut impl FnMut(&str)) {
    let mut bounds: Vec<usize> = segment.char_indices().map(|(at, _)| at).collect();
    bounds.push(segment.len());
    if bounds.len() <= KATAKANA_PART {
        return visit(segment);
    }
    for ends in bounds.windows(KATAKANA_PART + 1) {
        visit(&segment[ends[0]..ends[KATAKANA_PART]]);
    }
}

/// Visits the two words that a word consists of, at the first place where both are in a dictionary.
fn visit_halves(segment: &str, visit: &mut impl FnMut(&str)) {
    if segment.chars().nth(MAX_COMPOUND).is_some() {
        return;
    }
    // One or two characters are found in nearly every word.
    let is_half = |text: &str| text.chars().nth(2).is_some() && is_word(text);
    let ends = segment.char_indices().map(|(at, _)| at);
    for (first, second) in ends.map(|at| segment.split_at(at)) {
        if is_half(first) && is_half(second) {
            visit(first);
            visit(second);
            return;
        }
    }
}

/// Returns true if a dictionary does not cut `text`.
fn is_word(text: &str) -> bool {
    SEGMENTER.segment_str(text).all(|end| end == 0 || end == text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segments(run: &str) -> Vec<String> {
        let mut segments = Vec::new();
        visit_segments(run, &mut |segment| segments.push(segment.to_owned()));
        segments
    }

    #[test]
    fn a_word_is_found_in_a_name_without_spaces() {
        for (name, words) in [
            ("无线蓝牙耳机", &["耳机", "蓝牙耳机", "无线"][..]),
            ("照相机三脚架", &["相机", "照相机", "三脚架"]),
            ("儿童自行车头盔", &["自行车", "头盔"]),
            ("ワイヤレスイヤホン", &["イヤホン", "ワイヤレス"]),
            ("鉄瓶急須セット", &["急須", "セット"]),
            ("電動歯ブラシ", &["歯ブラシ", "電動"]),
            ("หูฟังไร้สาย", &["หูฟัง", "ไร้สาย"]),
            ("เครื่องปิ้งขนมปัง", &["ขนมปัง", "เครื่องปิ้งขนมปัง"]),
            ("កាបូបយួរដៃ", &["កាបូប"]),
            ("ຫູຟັງໄຮ້ສາຍ", &["ຫູຟັງ"]),
            ("ကြိုးမဲ့နားကြပ်", &["နားကြပ်"]),
        ] {
            let known = segments(name);
            for word in words {
                for segment in segments(word) {
                    assert!(known.contains(&segment), "{segment} of {word} in {name}: {known:?}");
                }
            }
        }
    }

    #[test]
    fn the_longest_run_that_is_analyzed_takes_no_second() {
        for text in ["无线蓝牙耳机", "ワイヤレス", "กระเป๋าเดินทาง", "កាបូបយួរដៃ"]
        {
            let run = text.repeat((64 << 10) / text.len());
            assert!(segments(&run).len() < run.len());
        }
    }

    proptest! {
        #[test]
        fn segments_are_never_empty_and_are_in_the_run(run in "[一-龥]{0,12}|[ぁ-ヿ]{0,12}|[ก-๛]{0,12}|[က-႟]{0,9}|[ក-៿]{0,9}|[ກ-ໟ]{0,9}") {
            for segment in segments(&run) {
                prop_assert!(!segment.is_empty() && run.contains(&segment));
            }
        }
    }
}
