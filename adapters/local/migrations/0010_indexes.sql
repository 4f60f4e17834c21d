-- The indexes that every change is owed to. A row without a name says that products were written before
-- any index was registered, of which the outbox does not know: by an earlier akin, or copied.
CREATE TABLE indexes (
    name  TEXT    NOT NULL PRIMARY KEY,
    key   TEXT,            -- its identity. NULL: it was forgotten
    since INTEGER NOT NULL -- microseconds since 1970
) STRICT, WITHOUT ROWID;

INSERT INTO indexes SELECT '', NULL, 0 FROM products LIMIT 1;
