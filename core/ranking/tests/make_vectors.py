"""Writes the figures of vectors.json anew from its texts, queries and cosines, by a plain script of the formula.

`python make_vectors.py`, with the packages of make_analysis.py.
"""
import json
import math
import pathlib

from make_analysis import analyze

FIELDS = {"title": 1.0, "description": 1.0, "category": 0.3, "brand": 0.3}
K1, B = 0.5, 0.75
PATH = pathlib.Path(__file__).with_name("vectors.json")


def rounded(values):
    """Returns the values with nine decimals."""
    return [round(value, 9) for value in values]


def score(case, texts, frequencies, averages, cosines):
    """Fills in a case: the scores of all products for its query."""
    analyzed = analyze(case["query"])
    terms = [term for term in analyzed if term in frequencies]
    idf = lambda n: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5))
    weights = {term: idf(frequencies[term]) for term in terms}
    total = sum(weights[term] for term in terms)
    pairs = list(zip(terms, terms[1:]))
    all_l, coverage, adjacent = [], [], []
    for text in texts:
        frequency = {
            term: sum(
                weight * text[field].count(term) / (1 - B + B * len(text[field]) / averages[field])
                for field, weight in FIELDS.items()
                if averages[field] > 0
            )
            for term in terms
        }
        all_l.append(sum(weights[t] * frequency[t] / (frequency[t] + K1) for t in terms))
        coverage.append(sum(weights[t] for t in terms if frequency[t] > 0) / total if total else 0.0)
        title = list(zip(text["title"], text["title"][1:]))
        pair_weights = [(pair in title, weights[pair[0]] + weights[pair[1]]) for pair in pairs]
        whole = sum(weight for _, weight in pair_weights)
        adjacent.append(sum(weight for held, weight in pair_weights if held) / whole if whole else 0.0)
    low, high, max_l = min(cosines), max(cosines), max(all_l) or 1.0
    scores = [
        0.5 * l / max_l + 0.3 * c + 0.1 * p + 0.5 * (cosine - low) / (high - low + 1e-9) if terms else cosine
        for l, c, p, cosine in zip(all_l, coverage, adjacent, cosines)
    ]
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    case.update(terms=analyzed, scores=rounded(scores), coverage=rounded(coverage), order=order)


if __name__ == "__main__":
    vectors = json.loads(PATH.read_text())
    vectors["analyze"] = {text: analyze(text) for text in vectors["analyze"]}
    texts = [{field: analyze(product[field]) for field in FIELDS} for product in vectors["products"]]
    averages = {field: sum(len(text[field]) for text in texts) / len(texts) for field in FIELDS}
    frequencies = {}
    for text in texts:
        for term in {term for terms in text.values() for term in terms}:
            frequencies[term] = frequencies.get(term, 0) + 1
    vectors["average_length"] = averages
    vectors["document_frequency"] = dict(sorted(frequencies.items()))
    for case in vectors["cases"]:
        score(case, texts, frequencies, averages, vectors["cosines"])
    PATH.write_text(json.dumps(vectors, indent=1, ensure_ascii=False) + "\n")
