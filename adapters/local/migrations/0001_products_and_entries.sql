-- Single facts: the fingerprint of the embeddings, the identity of the database.
CREATE TABLE facts (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO facts VALUES ('identity', lower(hex(randomblob(16))));

-- What comparing a feed needs, and no more: an unchanged row costs one look into a narrow tree.
CREATE TABLE products (
    id      TEXT    NOT NULL PRIMARY KEY,
    key     INTEGER NOT NULL, -- of its row in `contents`
    hash    BLOB    NOT NULL, -- of its content
    version INTEGER NOT NULL  -- microseconds since 1970
) STRICT, WITHOUT ROWID;

CREATE TABLE contents (
    key               INTEGER NOT NULL PRIMARY KEY,
    created           INTEGER NOT NULL, -- microseconds since 1970
    name              TEXT    NOT NULL,
    main_category     TEXT    NOT NULL,
    sub_category      TEXT    NOT NULL,
    brand             TEXT    NOT NULL,
    description       TEXT    NOT NULL,
    attributes        TEXT    NOT NULL,
    image_url         TEXT    NOT NULL,
    link              TEXT    NOT NULL,
    rating            INTEGER,          -- hundredths of a star
    rating_count      INTEGER,
    discount_price    INTEGER,          -- smallest coins
    discount_currency TEXT,
    actual_price      INTEGER,
    actual_currency   TEXT
) STRICT;

-- AUTOINCREMENT: a sequence is never given twice, even when the outbox was empty in between.
CREATE TABLE outbox (
    sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id       TEXT    NOT NULL UNIQUE,
    version  INTEGER NOT NULL
) STRICT;

CREATE TABLE quarantine (
    feed   TEXT    NOT NULL,
    line   INTEGER NOT NULL,
    field  TEXT    NOT NULL,
    value  TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (feed, line, field)
) STRICT, WITHOUT ROWID;

-- The index. Each write moves its row behind all others, so the rows behind a sequence are what
-- happened since; a removed product stays as a row without a text hash, which turns late, older
-- writes away.
CREATE TABLE entries (
    sequence      INTEGER NOT NULL PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    version       INTEGER NOT NULL,
    text_hash     BLOB,
    embedding     BLOB,             -- f32, little-endian
    text          TEXT    NOT NULL, -- as `AnalyzedText::as_stream` writes it
    words         TEXT    NOT NULL,
    main_category TEXT    NOT NULL,
    sub_category  TEXT    NOT NULL,
    brand         TEXT    NOT NULL,
    price         REAL,
    rating        REAL,
    discounted    INTEGER NOT NULL
) STRICT;

-- How many entries can be found: counting them would read every vector.
CREATE TABLE findable (
    count INTEGER NOT NULL
) STRICT;

INSERT INTO findable VALUES (0);
