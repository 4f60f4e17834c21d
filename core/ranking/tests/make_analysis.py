"""Writes analysis.json: unusual texts with their terms by a reference implementation (pip install PyStemmer).

`python make_analysis.py > analysis.json`; random texts come from a fixed seed.
"""
import json
import random
import re
import unicodedata

import Stemmer

STEMMER = Stemmer.Stemmer("english")  # Snowball "english" (Porter2)


def fold(text):
    """Returns the text in lower case and NFKD, without combining marks."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


def analyze(text):
    """Analyzes a text into terms."""
    terms = []
    for chunk in re.findall(r"[^\W_]+(?:[-./][^\W_]+)*", fold(text)):
        parts = re.split(r"[-./]", chunk)
        for part in parts:
            terms.append(part)
            runs = re.findall(r"[a-z]+|\d+|[^\Wa-z\d_]+", part)
            if len(runs) > 1:
                terms += runs
        if len(parts) > 1 and "/" not in chunk and re.search(r"\d", chunk) and any(c.isalpha() for c in chunk):
            terms.append(re.sub(r"[-.]", "", chunk))
    return [STEMMER.stemWord(term) for term in terms]


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
    lines = [json.dumps([text, analyze(text)]) for text in texts]
    print("[\n" + ",\n".join(lines) + "\n]")
