"""The checks of the sample catalogue, its pictures and its judged queries, run by check_data.py.

A check is a function that yields the faults it finds.
"""

import collections
import csv
import dataclasses
import functools
import io
import re
import unicodedata
import xml.etree.ElementTree as ElementTree

COLUMNS = (
    "name,main_category,sub_category,image,link,ratings,no_of_ratings,discount_price,actual_price,"
    "product_id,description,brand,attributes"
).split(",")
LEAST_PRODUCTS, LEAST_CATEGORIES, LEAST_IN_CATEGORY = 600, 12, 20
QUERIES, LEAST_JUDGED = 40, 20
MOST_BYTES_OF_PICTURE = 2_000
SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {"svg", "title", "g", "rect", "path", "circle", "ellipse", "line", "polyline", "polygon"}

# The id that akin gives a row without an id and a /dp/ link: a hash of its link, or else of its name.
HASHED = {
    "https://shop.example/garden/clay-bird-bath": "9bbef93fe1ec4918f929afaf55b4a87c",
    "Embero enamel camping mug, speckled": "6334bab1e1221a7c20f1fa3575025ea8",
}

# The deliberately difficult rows, by id or name, and what makes each difficult. README.md describes them.
DIFFICULT = {
    "PH-901": lambda row: row["ratings"] == "Get" and "delivery" in row["no_of_ratings"],
    "PH-902": lambda row: row["ratings"] == row["no_of_ratings"] == "",
    "PH-903": lambda row: "मोबाइल" in row["name"],
    "CA-901": lambda row: row["discount_price"] == "" != row["actual_price"],
    "CA-902": lambda row: row["discount_price"] == row["actual_price"] == "",
    "AU-901": lambda row: row["discount_price"] == "₹617.50" and row["actual_price"] == "₹1,299.99",
    "AU-902": lambda row: row["discount_price"] == "₹1,24,990",
    "CO-901": lambda row: row["discount_price"] == "Rs. 899.00" and row["actual_price"] == "1499",
    "KI-901": lambda row: row["name"].count(",") == 3,
    "KI-902": lambda row: row["description"].count("\n") == 4,
    "KI-903": lambda row: "急須" in row["name"],
    "HO-901": lambda row: "ß" in row["name"] and "„" in row["name"],
    "HO-902": lambda row: all(
        row[name] != row[name].strip() for name in ("name", "main_category", "ratings")
    ),
    "GA-901": lambda row: {name for name in COLUMNS if row[name]} == {"name", "actual_price", "product_id"},
    "TO-901": lambda row: row["name"].count('"') == 4 and '""click""' in row["description"],
    "TY-901": lambda row: row["no_of_ratings"] == "310",
    "BA-901": lambda row: row["name"].endswith("sle..."),
    "BE-901": lambda row: unicodedata.bidirectional(row["name"][0]) == "AL",
    "BE-902": lambda row: row["ratings"] == "11",
    "BO-901": lambda row: "☕✨" in row["name"] and "🎉" in row["description"],
    "BO-902": lambda row: not unicodedata.is_normalized("NFC", row["name"]),
    "PE-901": lambda row: "&quot;" in row["name"] and "&#39;" in row["description"],
    "TR-901": lambda row: len(row["description"].split()) > 900,
    "SP-901": lambda row: row["ratings"] == "5" and row["no_of_ratings"] == "1,02,411",
    "CL-901": lambda row: row["name"].startswith("BEST OFFER!!!"),
    "CL-902": lambda row: row["ratings"] == "0.0",
    "CY-901": lambda row: row["name"] != "" == row["name"].strip(),
    "CY-902": lambda row: row["actual_price"] == "call us",
    "Papermoth hanging poster rail, oak, 50 cm": lambda row: "/dp/AK22POSTER" in row["link"],
    "Uprighton lap desk with cushion": lambda row: "/dp/AK23LAPDSK/ref=" in row["link"],
    "Feathermill clay bird bath": lambda row: row["link"] != "" and "/dp/" not in row["link"],
    "Embero enamel camping mug, speckled": lambda row: row["link"] == "",
    "Torqen glue gun sticks (30)": lambda row: row["image"] is None,
}
TWINS = {"TY-901"}
REFUSED = {"CY-901", "CY-902", "BE-902", "Torqen glue gun sticks (30)"}


@dataclasses.dataclass(frozen=True)
class Data:
    """The contents of the files, by path."""

    files: dict

    @classmethod
    def read(cls, folder):
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return cls({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})

    def text(self, path):
        return self.files[path].decode("utf-8")

    def table(self, path):
        """Returns the rows of a CSV file. Missing fields of a short row are None."""
        return list(csv.DictReader(io.StringIO(self.text(path), newline=""), strict=True))

    @functools.cached_property
    def rows(self):
        return self.table("catalogue.csv")

    @functools.cached_property
    def pictures(self):
        return {path: text for path, text in self.files.items() if path.startswith("images/")}

    @functools.cached_property
    def plain(self):
        """The rows that are not deliberately difficult."""
        return [row for row in self.rows if key(row) not in DIFFICULT]

    @functools.cached_property
    def judgments(self):
        return self.table("judgments.csv")

    @functools.cached_property
    def queries(self):
        return self.table("queries.csv")


def key(row):
    """Returns the id of a row, or else its name."""
    return (row["product_id"] or "").strip() or row["name"].strip()


def product_id(row):
    """Returns the id that akin gives the product of a row."""
    link = row["link"] or ""
    own, asin = (row["product_id"] or "").strip(), re.search(r"/dp/([A-Z0-9]{10})(?![^/?#&])", link)
    return own or (asin and asin[1]) or HASHED.get(link or row["name"])


def repeated(values):
    return [value for value, count in collections.Counter(values).items() if count > 1]


CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


@check
def the_catalogue_has_the_shipped_columns(data):
    header = next(csv.reader(io.StringIO(data.text("catalogue.csv"), newline="")))
    if header != COLUMNS:
        yield f"found {header}"


@check
def there_are_enough_products(data):
    products = {product_id(row) for row in data.rows if key(row) not in REFUSED}
    if len(products) < LEAST_PRODUCTS:
        yield f"{len(products)} products, {LEAST_PRODUCTS} are wanted"


@check
def there_are_enough_categories(data):
    sizes = collections.Counter(row["main_category"] for row in data.plain)
    yield from (f"{name!r} has {size} products" for name, size in sizes.items() if size < LEAST_IN_CATEGORY)
    if len(sizes) < LEAST_CATEGORIES:
        yield f"{len(sizes)} categories, {LEAST_CATEGORIES} are wanted"


@check
def every_row_is_as_long_as_the_header(data):
    for row in data.plain:
        if None in row or None in row.values():
            yield key(row)


@check
def no_id_is_repeated(data):
    ids = [product_id(row) for row in data.rows if key(row) not in REFUSED]
    yield from ("a row without an id" for id in ids if not id)
    yield from (id for id in repeated(ids) if id not in TWINS)
    for twin in TWINS:
        rows = [row for row in data.rows if row["product_id"] == twin]
        if len(rows) != 2 or rows[0] != rows[1]:
            yield f"{twin} is no longer there twice, equal"


@check
def no_text_is_copied(data):
    rows = [row for row in data.rows if key(row) not in TWINS]
    for column in ("name", "description", "link"):
        texts = [row[column].strip().casefold() for row in rows if (row[column] or "").strip()]
        yield from (f"{column}: {text!r}" for text in repeated(texts))


@check
def every_difficult_row_is_still_difficult(data):
    rows = {key(row): row for row in data.rows}
    for name, is_hard in DIFFICULT.items():
        if name not in rows:
            yield f"{name} is gone"
        elif not is_hard(rows[name]):
            yield f"{name} is not what it was"


@check
def the_readme_describes_every_difficult_row(data):
    yield from (name for name in DIFFICULT if f"`{name}`" not in data.text("README.md"))


@check
def every_other_row_is_plain(data):
    for row in data.plain:
        for column, text in row.items():
            clean = text == " ".join(text.split()) and unicodedata.is_normalized("NFC", text)
            if not clean or re.search(r"[\x00-\x1f\x7f]|&#?\w+;|<\w", text):
                yield f"{key(row)}, {column}: {text!r}"
        for column in ("name", "main_category", "sub_category", "image", "description", "brand"):
            if not row[column]:
                yield f"{key(row)}: no {column}"


@check
def every_link_is_invented(data):
    for row in data.rows:
        if row["link"] and not row["link"].strip().startswith("https://shop.example/"):
            yield f"{key(row)}: {row['link']}"


def amount(text):
    """Returns a price as a number, or None if it is not a price."""
    digits = re.fullmatch(r"(?:₹|Rs\. )?(\d{1,3}(?:,\d\d)*(?:,\d{3})|\d+)(\.\d\d)?", text)
    return digits and float(digits[1].replace(",", "") + (digits[2] or ""))


@check
def every_price_is_readable_and_every_discount_is_lower(data):
    for row in data.plain:
        actual = amount(row["actual_price"])
        discount = amount(row["discount_price"]) if row["discount_price"] else actual
        if not actual or not discount or discount > actual:
            yield f"{key(row)}: {row['discount_price']!r} of {row['actual_price']!r}"


@check
def every_rating_is_readable(data):
    for row in data.plain:
        rated = row["ratings"], row["no_of_ratings"]
        number = re.fullmatch(r"[1-5]\.\d", rated[0]) and float(rated[0]) <= 5
        if any(rated) and not (number and amount(rated[1])):
            yield f"{key(row)}: {rated}"


@check
def every_picture_exists_and_is_used(data):
    used = {row["image"].strip(): key(row) for row in data.rows if row["image"]}
    yield from (
        f"{name} shows {path}, which does not exist" for path, name in used.items() if path not in data.files
    )
    yield from (f"{path} is unused" for path in data.pictures if path not in used)


@check
def every_picture_is_small_and_unique(data):
    for path, text in data.pictures.items():
        if len(text) > MOST_BYTES_OF_PICTURE:
            yield f"{path}: {len(text)} bytes"
    bare = {path: re.sub(rb"<title>.*?</title>", b"", text) for path, text in data.pictures.items()}
    again = repeated(bare.values())
    yield from (f"{path} is repeated" for path, text in bare.items() if text in again)


def faults_of_picture(text):
    if b"<!" in text or b"<?" in text:
        yield "contains a declaration, a comment or an instruction"
        return
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        yield f"is not well-formed: {error}"
        return
    if root.tag != SVG + "svg" or root.get("viewBox") != "0 0 64 64":
        yield "is not an SVG of 64 by 64"
    if not (root.findtext(SVG + "title") or "").strip():
        yield "has no title"
    for element in root.iter():
        if element.tag.removeprefix(SVG) not in SHAPES:
            yield f"contains a {element.tag.removeprefix(SVG)!r}"
        for name, value in element.attrib.items():
            if name.startswith("on") or "href" in name or re.search(r"url|:|&", value):
                yield f"refers elsewhere or runs something: {name}={value!r}"


@check
def every_picture_is_a_plain_drawing(data):
    for path, text in data.pictures.items():
        if not path.endswith(".svg"):
            yield f"{path} is not an SVG"
        yield from (f"{path} {fault}" for fault in faults_of_picture(text))


@check
def there_are_forty_queries(data):
    names = [row["query_id"] for row in data.queries]
    if names != [f"q{number:02}" for number in range(1, QUERIES + 1)]:
        yield f"ids: {' '.join(names)}"
    texts = [row["query"] for row in data.queries]
    yield from (f"{text!r} is repeated" for text in repeated(text.casefold() for text in texts))
    yield from (f"{text!r} is not trimmed" for text in texts if not text or text != text.strip())


@check
def every_judgment_grades_a_product_for_a_query(data):
    products = {product_id(row) for row in data.rows if key(row) not in REFUSED}
    queries = {row["query_id"] for row in data.queries}
    for row in data.judgments:
        known = row["query_id"] in queries and row["product_id"] in products
        if not known or row["grade"] not in ("0", "1", "2", "3"):
            yield ",".join(str(value) for value in row.values())


@check
def judgments_are_sorted_and_unique(data):
    order = [(row["query_id"], -int(row["grade"]), row["product_id"]) for row in data.judgments]
    if order != sorted(order):
        yield "not by query, then the best grade, then id"
    yield from (" ".join(pair) for pair in repeated((row[0], row[2]) for row in order))


@check
def every_query_has_relevant_and_irrelevant_products(data):
    grades = collections.defaultdict(list)
    for row in data.judgments:
        grades[row["query_id"]].append(int(row["grade"]))
    for query in (row["query_id"] for row in data.queries):
        given = grades[query]
        if len(given) < LEAST_JUDGED or 3 not in given or 0 not in given:
            yield f"{query}: {len(given)} judged, grades {sorted(set(given))}"
