#!/usr/bin/env python3
"""Checks the sample catalogue, its pictures and its judged queries, and that every check can fail.

    tools/check_data.py [--data FOLDER]

Prints each fault, and `N passed, M failed` on its last line; exits with 1 if any check failed. Needs only
Python's standard library. data_checks.py contains the checks, and `BREAKS` at least one change to the
data that each of them must detect.
"""

import argparse
import csv
import pathlib
import sys

import data_checks as checks
from data_checks import CHECKS, Data

SHOWN = 5  # faults printed per check


def replaced(path, old, new):
    """Returns a change that replaces the first `old` of a file."""

    def change(data):
        text = data.text(path)
        if old not in text:
            raise ValueError(f"{path} does not contain {old!r}")
        return Data({**data.files, path: text.replace(old, new, 1).encode()})

    return change


def cut(path, lines):
    """Returns a change that keeps the first `lines` lines of a file."""
    return lambda data: Data({**data.files, path: b"".join(data.files[path].splitlines(True)[:lines])})


def added(path, text):
    """Returns a change that appends to a file."""
    return lambda data: Data({**data.files, path: data.files.get(path, b"") + text.encode()})


def without(path):
    return lambda data: Data({name: text for name, text in data.files.items() if name != path})


def drawn(inside, attributes='viewBox="0 0 64 64"'):
    """Returns a change that replaces a drawing."""
    text = f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}><title>Tent</title>{inside}</svg>'
    return lambda data: Data({**data.files, "images/tent.svg": text.encode()})


ROW = (
    "Plain thing,Pets,Dogs,images/tent.svg,https://shop.example/t,4.0,7,₹5,₹9,XX-001,Short.,Pawdle,size: M\n"
)
WINDBREAKER = '"Ridgemor windbreaker, ultralight"'
BREAKS = {
    checks.the_catalogue_has_the_shipped_columns: [
        replaced("catalogue.csv", "no_of_ratings", "rating_count")
    ],
    checks.there_are_enough_products: [cut("catalogue.csv", 500)],
    checks.there_are_enough_categories: [
        cut("catalogue.csv", 500),
        added("catalogue.csv", ROW.replace("Pets", "Boats")),
    ],
    checks.every_row_is_as_long_as_the_header: [added("catalogue.csv", ROW.replace(",size: M", ""))],
    checks.no_id_is_repeated: [
        added("catalogue.csv", ROW.replace("XX-001", "PE-001")),
        replaced("catalogue.csv", "TY-901", "TY-902"),
        added("catalogue.csv", ROW.replace("XX-001", "")),
    ],
    checks.no_text_is_copied: [
        added("catalogue.csv", ROW.replace("Plain thing", WINDBREAKER)),
        added("catalogue.csv", ROW.replace("Short.", "A second dog comes off.")),
    ],
    checks.every_difficult_row_is_still_difficult: [
        replaced("catalogue.csv", ",Get,", ",4.1,"),
        replaced("catalogue.csv", "call us", "₹99,990"),
        replaced("catalogue.csv", "BEST OFFER!!!", "Offer:"),
        cut("catalogue.csv", 500),
    ],
    checks.the_readme_describes_every_difficult_row: [replaced("README.md", "`HO-902`", "`HO-999`")],
    checks.every_other_row_is_plain: [
        added("catalogue.csv", ROW.replace("Plain", " Plain")),
        added("catalogue.csv", ROW.replace("Short.", "Salt &amp; pepper.")),
        added("catalogue.csv", ROW.replace("Short.", "")),
    ],
    checks.every_link_is_invented: [
        replaced("catalogue.csv", "https://shop.example/", "https://shop.test/")
    ],
    checks.every_price_is_readable_and_every_discount_is_lower: [
        added("catalogue.csv", ROW.replace("₹5", "₹10")),
        added("catalogue.csv", ROW.replace("₹9", "9 rupees")),
        added("catalogue.csv", ROW.replace("₹9", "")),
    ],
    checks.every_rating_is_readable: [
        added("catalogue.csv", ROW.replace("4.0", "6.0")),
        added("catalogue.csv", ROW.replace("4.0,7", "4.0,many")),
    ],
    checks.every_picture_exists_and_is_used: [
        without("images/tent.svg"),
        added("images/unused.svg", "<svg/>"),
    ],
    checks.every_picture_is_small_and_unique: [
        drawn("<path/>" * 400),
        lambda data: Data({**data.files, "images/tent.svg": data.files["images/boot.svg"]}),
    ],
    checks.every_picture_is_a_plain_drawing: [
        drawn("<script>1</script>"),
        drawn('<rect onclick="x()"/>'),
        drawn('<a href="x"/>'),
        drawn('<rect fill="url(#x)"/>'),
        drawn("<image/>"),
        drawn("<g>"),
        drawn("", 'viewBox="0 0 9 9"'),
        added("images/tent.svg", "<!-- -->"),
        replaced("images/tent.svg", "<title>", "<title/><title>"),
        added("images/tent.png", "x"),
    ],
    checks.there_are_forty_queries: [
        cut("queries.csv", 40),
        replaced("queries.csv", "hagane knife", "tripod"),
        replaced("queries.csv", "hagane knife", " knife"),
    ],
    checks.every_judgment_grades_a_product_for_a_query: [
        replaced("judgments.csv", "PH-001,3", "PH-001,4"),
        replaced("judgments.csv", "PH-001,3", "PH-999,3"),
        replaced("judgments.csv", "PH-001,3", "CY-902,3"),
        replaced("queries.csv", "q07", "q99"),
    ],
    checks.judgments_are_sorted_and_unique: [
        replaced("judgments.csv", "PH-001,3", "PH-001,0"),
        replaced("judgments.csv", "q01,PH-001,3\n", "q01,PH-001,3\nq01,PH-001,3\n"),
    ],
    checks.every_query_has_relevant_and_irrelevant_products: [
        cut("judgments.csv", 600),
        replaced("judgments.csv", "q19,CL-036,3", "q19,CL-036,1"),
    ],
}


UNREADABLE = csv.Error, KeyError, TypeError, AttributeError, ValueError


def faults(check, data):
    """Returns the faults that a check finds. Unreadable data is a fault too."""
    try:
        return list(check(data))
    except UNREADABLE as error:
        return [f"the data cannot be read: {error!r}"]


def report(name, found):
    """Prints the faults of a check; returns whether there are any."""
    for fault in found[:SHOWN]:
        print(f"{name}: {fault}")
    if len(found) > SHOWN:
        print(f"{name}: and {len(found) - SHOWN} more")
    return bool(found)


def self_test(data):
    """Yields the name of each check, and the broken data that it does not detect."""
    for check in CHECKS:
        missed = [] if BREAKS.get(check) else ["BREAKS has no data to test it"]
        for number, broken in enumerate(BREAKS.get(check, []), 1):
            try:
                is_detected = any(True for _ in check(broken(data)))
            except UNREADABLE as error:
                missed.append(f"raises an error for break {number}: {error!r}")
            else:
                missed += [] if is_detected else [f"does not detect break {number}"]
        yield f"self-test of {check.__name__}", missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "data")
    arguments = parser.parse_args()
    data = Data.read(arguments.data)
    results = [(check.__name__, faults(check, data)) for check in CHECKS]
    results += self_test(data)
    failed = sum(report(name.replace("_", " "), found) for name, found in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
