"""Product search in Python, as a team might write it in an afternoon: the peer of akin as a program.

usage: service.py ingest [--no-embed] FEED.csv
       service.py search WORDS
       service.py serve --listen 127.0.0.1:PORT

ONNX Runtime embeds (int8, its fastest precision), SQLite stores the products, NumPy compares the query
with every product, and FastAPI and uvicorn serve. AKIN_DATA is the data folder; ONNX_MODEL_PATH and
TOKENIZER_PATH name the model. Each command imports only the packages it needs, to start quickly.
"""

import csv
import hashlib
import json
import os
import sqlite3
import sys
from pathlib import Path

BATCH = 32
COLUMNS = ("product_id", "name", "main_category", "sub_category", "image", "ratings", "discount_price", "actual_price")


class Embedder:
    def __init__(self):
        import onnxruntime
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(os.environ["TOKENIZER_PATH"])
        self.tokenizer.enable_truncation(256)
        self.tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
        self.session = onnxruntime.InferenceSession(os.environ["ONNX_MODEL_PATH"])

    def embed(self, texts):
        import numpy as np

        encoded = self.tokenizer.encode_batch(texts)
        ids = np.array([one.ids for one in encoded], np.int64)
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return self.session.run(None, inputs)[0]

    def embed_all(self, texts):
        """Embeds texts of similar length together, which minimizes padding."""
        import numpy as np

        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        vectors = np.empty((len(texts), 384), np.float32)
        for first in range(0, len(order), BATCH):
            places = order[first : first + BATCH]
            vectors[places] = self.embed([texts[place] for place in places])
        return vectors


def connect():
    connection = sqlite3.connect(Path(os.environ["AKIN_DATA"]) / "products.db", check_same_thread=False)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
        "CREATE TABLE IF NOT EXISTS product"
        "(id TEXT PRIMARY KEY, hash BLOB NOT NULL, row TEXT NOT NULL, vector BLOB) WITHOUT ROWID"
    )
    return connection


def text_of(row):
    return row["name"] + (". " + row["description"] if row["description"] else "")


def ingest(feed, embeds):
    connection = connect()
    known = dict(connection.execute("SELECT id, hash FROM product"))
    changed = []
    with open(feed, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            digest = hashlib.blake2b("\0".join(row.values()).encode(), digest_size=16).digest()
            if known.get(row["product_id"]) != digest:
                changed.append((digest, row))
    vectors = Embedder().embed_all([text_of(row) for _, row in changed]) if changed and embeds else None
    records = (
        (row["product_id"], digest, json.dumps(row), None if vectors is None else vectors[place].tobytes())
        for place, (digest, row) in enumerate(changed)
    )
    with connection:
        connection.executemany("INSERT OR REPLACE INTO product VALUES (?, ?, ?, ?)", records)
    print(json.dumps({"changed": len(changed)}))


class Search:
    def __init__(self):
        import numpy as np

        self.embedder = Embedder()
        rows = connect().execute("SELECT row, vector FROM product WHERE vector IS NOT NULL").fetchall()
        self.products = [json.loads(row) for row, _ in rows]
        self.vectors = np.frombuffer(b"".join(vector for _, vector in rows), np.float32).reshape(-1, 384)

    def find(self, query, limit, threshold):
        import numpy as np

        scores = self.vectors @ self.embedder.embed([query])[0]
        limit = min(limit, len(scores))
        best = np.argpartition(-scores, limit - 1)[:limit]
        best = best[np.argsort(-scores[best])]
        found = ((self.products[place], float(scores[place])) for place in best)
        return [
            {name: product[name] for name in COLUMNS} | {"score": score}
            for product, score in found
            if score >= threshold
        ]


def serve(listen):
    import uvicorn
    from fastapi import FastAPI
    from fastapi.responses import JSONResponse
    from pydantic import BaseModel

    app, search = FastAPI(), Search()

    class Request(BaseModel):
        query: str
        limit: int | None = None
        threshold: float | None = None

    @app.post("/api/similar_products")
    def similar_products(request: Request):
        limit = 10 if request.limit is None else request.limit
        threshold = 0.3 if request.threshold is None else request.threshold
        found = search.find(request.query, limit, threshold)
        data = {"similar_products": found, "query": request.query}
        return JSONResponse({"message": "Query Similar Products successful", "data": data, "error": None}, 201)

    host, port = listen.rsplit(":", 1)
    uvicorn.run(app, host=host, port=int(port), log_level="warning", access_log=False)


def main():
    command, *rest = sys.argv[1:]
    if command == "ingest":
        ingest(rest[-1], embeds="--no-embed" not in rest)
    elif command == "search":
        print(json.dumps(Search().find(" ".join(rest), 10, -1.0)))
    elif command == "serve":
        serve(rest[-1])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
