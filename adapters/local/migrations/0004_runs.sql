-- The last ingestions. AUTOINCREMENT: the order in which they were noted, whatever the clock said.
CREATE TABLE runs (
    number         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    began          INTEGER NOT NULL UNIQUE, -- microseconds since 1970
    outcome        TEXT,                    -- none: it goes on, or was killed
    reason         TEXT,
    took           INTEGER,                 -- microseconds
    read           INTEGER,                 -- none, and none of the others: it could not say
    inserted       INTEGER,
    changed        INTEGER,
    unchanged      INTEGER,
    removed        INTEGER,
    quarantined    INTEGER,
    embedded       INTEGER,
    updated_fields INTEGER,
    failed         INTEGER
) STRICT;

CREATE TABLE run_feeds (
    run   INTEGER NOT NULL, -- its number
    place INTEGER NOT NULL,
    name  TEXT    NOT NULL,
    PRIMARY KEY (run, place)
) STRICT, WITHOUT ROWID;
