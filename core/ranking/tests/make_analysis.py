"""Writes analysis.json: unusual texts with their terms by a reference implementation (pip install PyStemmer==3.1.0).

`python make_analysis.py > analysis.json`; random texts come from a fixed seed.
"""
import itertools
import json
import random
import re
import unicodedata

import Stemmer

STEMMER = Stemmer.Stemmer("english")  # Snowball "english" (Porter2)


LETTERS = {
    "ø": "o", "ɵ": "o", "ł": "l", "ƚ": "l", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "ɗ": "d", "ɖ": "d",
    "þ": "th", "ı": "i", "ħ": "h", "ŋ": "n", "ŧ": "t", "ƒ": "f", "ĸ": "k", "ƙ": "k", "ɓ": "b", "ƀ": "b", "ƴ": "y",
    "ǥ": "g", "ɠ": "g", "ə": "e", "ɛ": "e", "ς": "σ", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ہ": "ه", "ە": "ه",
    "ँ": "ं", "ـ": "", "ʼ": "'", "\u00ad": "", "⁄": "/",
}
PUNCTUATION = dict.fromkeys("‐‑‒–−", "-") | dict.fromkeys("’‘ʼʻʹ′´`", "'") | dict.fromkeys("″”“", '"') | {"™": " ", "℠": " "}
PUNCTUATION |= dict.fromkeys("×✕✖", "x")
# Scripts in which a mark is an optional accent or vowel point.
POINTED = ("COMBINING ", "HEBREW ", "ARABIC ", "SYRIAC ", "VARIATION SELECTOR")
UNITS = {"mm": "mm", "cm": "cm", "in": "in", "inch": "in", "m": "m", "ac": None, "ft": "ft", "g": "g", "kg": "kg", "l": "l", "w": "w",
         "v": "v", "a": "a", "h": "h", "hours": "h", "ml": "ml", "pack": "pack", "pc": "pcs", "gb": "gb", "ma": "ma", "min": "min"}


def fold(text):
    """Returns the text in lower case and NFKC, without optional marks, with ASCII letters where there are some."""
    text = "".join(PUNCTUATION.get(c, c) for c in re.sub("([0-9])([¼-¾⅐-⅞↉])", r"\1 \2", text))
    out, previous = [], " "
    for c in unicodedata.normalize("NFKD", "".join(c.lower() for c in text)).lower():
        is_own = (c == "\u0306" and previous in "иу") or (c == "\u0308" and previous == "і")
        mark = unicodedata.category(c) in ("Mn", "Me") and unicodedata.name(c, "").startswith(POINTED)
        if (mark and not is_own) or c == "\u093c" or c in "\u200c\u200d" and "\u0900" <= previous <= "\u0dff":
            continue
        if unicodedata.category(c) == "Nd":
            out.append(str(unicodedata.digit(c)))
        else:
            out.append(LETTERS.get(c, c))
        previous = c
    return unicodedata.normalize("NFC", "".join(out)).replace("\u0e4d\u0e32", "\u0e33")


def is_letter(c):
    """Returns whether a character is a letter or a mark of one."""
    return unicodedata.category(c) in ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc")


def kind(c):
    """Returns the class of a character; None outside of terms."""
    if c in ".0123456789" or unicodedata.category(c) == "Nd":
        return 1
    if "a" <= c <= "z":
        return 2
    return 3 if is_letter(c) or unicodedata.category(c) in ("Nl", "No") else None


def spans(text):
    """Yields the chunks of a folded text: the parts, the text, and what follows."""
    at = 0
    is_point = lambda i: text[i] == "." and 0 < i < len(text) - 1 and text[i - 1] in DIGITS and text[i + 1] in DIGITS
    is_term = lambda i: i < len(text) and (is_point(i) or (text[i] != "." and kind(text[i]) is not None))
    while at < len(text):
        if not is_term(at):
            at += 1
            continue
        parts, start = [], at
        while True:
            begin = at
            while is_term(at):
                at += 1
            parts.append(text[begin:at])
            if not (at < len(text) and text[at] in "-./'&" and is_term(at + 1)):
                break
            at += 1
        yield parts, text[start:at], start, at


DIGITS = "0123456789"


def is_number(text):
    """Returns whether a text is a number."""
    return text != "" and all(c in ".0123456789" for c in text)


def quantity(number, word):
    """Returns the term of a number with its unit."""
    return number + (UNITS.get(word) or word)


def join(parts, chunk):
    """Returns the joined parts of a chunk; None if they are not joined."""
    possessive = len(parts) == 1 and chunk.endswith("'s") and chunk != parts[0]
    if (len(parts) < 2 and not possessive) or len(chunk.encode()) > 64 or "/" in chunk or not any(map(is_letter, chunk)):
        return None
    points = re.search(r"(?<!\d)\.|\.(?!\d)", chunk)
    if points and not any(kind(c) == 1 and c != "." for c in chunk) and any(len(part) > 1 for part in parts):
        return None
    if possessive:
        return parts[0] + "s"
    if len(parts) == 2 and is_number(parts[0]):
        return quantity(*parts)
    return "".join(parts)


def analyze(text):
    """Analyzes a text into terms. Scripts without spaces, fractions and commas are left to tests by hand."""
    text, terms, before = fold(text), [], None
    symbol = lambda word: UNITS.get(word) not in (None, "pack", "pcs")

    def emit(word, joined=False):
        stem = singular(STEMMER.stemWord(word.replace(".", "_")) or word)
        if not joined or not terms or terms[-1] != stem:
            terms.append(stem)

    for parts, chunk, start, end in spans(text):
        if len(parts) > 1 and chunk.endswith("'s"):
            parts = parts[:-1]
        together = None
        if before and before[1] + 1 == start and text[before[1]] in " \t\n":
            if is_number(before[0]):
                if UNITS.get(parts[0]) and not (parts[0] == "in" and re.match(r"\s*(\d|one)", text[end:])):
                    together = quantity(before[0], parts[0])
            elif len(before[0]) == 1 and "a" <= before[0] <= "z" and before[0] not in "aeiouys":
                if re.fullmatch("[a-z]{3,}", parts[0]):
                    together = before[0] + parts[0]
        follows_number = together is not None and is_number(before[0])
        for part in parts:
            if not (follows_number and symbol(part)):
                runs = ["".join(run) for _, run in itertools.groupby(part, kind)]
                if len(runs) == 2 and is_number(runs[0]) and UNITS.get(runs[1]):
                    emit(quantity(*runs))
                    emit(runs[0])
                    if not symbol(runs[1]):
                        emit(runs[1])
                else:
                    emit(part)
                    if len(runs) > 1:
                        for run in runs:
                            emit(run)
            follows_number = is_number(part)
        for term in (join(parts, chunk), chunk + "in" if is_number(chunk) and text[end:end + 1] == '"' else None, together):
            if term:
                emit(term, joined=True)
        before = (chunk, end)
    return terms


def singular(stem):
    """Returns the stem of the singular."""
    return {"men": "man", "women": "woman", "children": "child", "feet": "foot"}.get(stem, stem)


WRITTEN = """Straße STRASSE ẞ|İstanbul ISTANBUL ıI|ﬁne ﬂuﬀy oﬃce|한국어 삼성 갤럭시 S24|เครื่องปิ้งขนมปัง 2 ช่อง|मोबाइल फ़ोन १२३
٣٤٥ model-٣٤|x² m³ 10⁻³ H₂O|½ cup ¼-inch 3¾|Ⅷ ⅷ IV|①②③ ⑽ ㈱ ㊙|１２３ＡＢＣ－４５|_a_b__c_ a_-b|a--b a-.b a./b .a. -a- /a/
TN-2110/TN-2120|802.11a/b/g/n/ac|USB3.1-C Gen.2|1.5.2-rc.1|i7-13700K|Ａ－１|naïve café Ångström Ørsted Łódź|Ελλάδα ΣΊΣΥΦΟΣ ς σ
ЁЛКА Йод ёж|كتاب ٱلقهوة|שָׁלוֹם|日本語テスト ﾃｽﾄ ガ|東京-2020 5G-手機|🎧 Head🎧phones a🎧b|it's men’s womens'|generally generic generous
skies dying lying tying news inning|''' 'a' a'b|ª º ªb|ǅ ǆ Ǆ|ŉ ʼn|ſ ﬅ|1st 2nd 3rd 4K8K|a1b2c3|٣a4|a٣-b|९-k|ͅ ΐ ᾳ|́a a\u200db a\u00adb|a\u0301\u0345b|क्षि त्र|྄ ཀྵ|𝐇𝐞𝐥𝐥𝐨 𝟙𝟚|𐐀𐐨|ꙮ ꚜ|\u1885\u1886 \u16ee ℡ ™ ℠ №5|ゞ々〆〇〡 ㊀|฿100 $5 €7 5%|a\tb\nc\rd\x0be\x1cf|ẛ̣ q̣̇|Ǆ-1 ﷺ ﷼|1\u20442 1⁄2|A\u0307 I\u0307|䷀ ⺀ ⿰|x\u0660\u06f0\u0966y|²x x² a-² ²-a|½-a a-½|Ⅳ-a1|一-1 1-一|ー-1|y-2 yY ayb sayyed YES-1|e.g. U.S.A. Ph.D-1"""
ALPHABETS = [
    "abcxyzABCXYZ", "0123456789", "-./_ -./_ ", " \t\n'’+&,()", "éàüßñçøłİıſẞŉ", "αβγςΣΊΐ", "абвёЙЁ", "अआकखि़्ा१२", "กขคเ็่้๑๒", "한글각각",
    "日本語々〇ガﾃﾞ", "كتبٱًٌ٣٤۵", "שלםְָ", "²³¹½¼₂⁴①⑨㈱Ⅷⅷ", "ﬁﬂﬀﬃªº™℡", "\u0301\u0308\u0345\u200d\u00ad\u0307", "𝐇𝟙𐐀𑄶🎧", "ༀཀྵ྄", "ⁿᵃʰˢˣ",
]
ENGINES = "running shoes wireless headphones generically batteries cancelling nationalization communism arsenal yields skiing bodies succeeding proceed cosmos".split()


def random_text(random_):
    """Returns a random text that mixes a few alphabets."""
    pieces = []
    for _ in range(random_.randint(1, 7)):
        if random_.random() < 0.2:
            pieces.append(random_.choice(ENGINES))
        else:
            alphabet = random_.choice(ALPHABETS)
            pieces.append("".join(random_.choice(alphabet) for _ in range(random_.randint(1, 4))))
        pieces.append(random_.choice(["", "", " ", "-", ".", "/", "_"]))
    return "".join(pieces)


if __name__ == "__main__":
    random_ = random.Random(7)
    texts = [text for line in WRITTEN.split("\n") for text in line.split("|")]
    texts += [random_text(random_) for _ in range(420)]
    left_out = re.compile(r"[\u0e00-\u0eff\u3005-\u30ff\u4e00-\u9fff\uff66-\uff9f]|\d,\d|\d/\d+[- ]?[a-z\"]")
    lines = [json.dumps([text, analyze(text)]) for text in texts if not left_out.search(fold(text) + text)]
    print("[\n" + ",\n".join(lines) + "\n]")
