-- The indexes that every change is owed to. A row without a name says that products were written before
-- any index was registered, of which the outbox does not know: by an earlier akin, or copied.
CREATE TABLE {indexes} (
    name  text COLLATE "C" NOT NULL PRIMARY KEY,
    key   text,           -- its identity. None: it was forgotten
    since bigint NOT NULL -- microseconds since 1970
);

INSERT INTO {indexes} (name, since)
SELECT '', 0 FROM {products} WHERE akin_version IS NOT NULL LIMIT 1;
