-- The fields that a product has by name, each key a name and a value. Filters compare the folded keys, and
-- numbers by keys that sort like them. The rows of products that are indexed already come with the next
-- analysis.
CREATE TABLE IF NOT EXISTS {tags} (
    key     integer NOT NULL PRIMARY KEY,
    written text[]  COLLATE "C" NOT NULL,
    folded  text[]  COLLATE "C" NOT NULL,
    numbers text[]  COLLATE "C" NOT NULL
);

CREATE INDEX ON {tags} USING gin (folded);
