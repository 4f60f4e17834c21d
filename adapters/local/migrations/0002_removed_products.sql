-- What is remembered of products that were removed: it turns late, older states away, and a product
-- that comes back keeps its date.
CREATE TABLE removed (
    id      TEXT    NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL, -- of the removal
    created INTEGER NOT NULL  -- of the product
) STRICT, WITHOUT ROWID;
