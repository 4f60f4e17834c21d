-- Changes on their way to the workers. AUTOINCREMENT: a receipt never fits another message.
CREATE TABLE queue (
    sequence   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0,
    unfinished INTEGER NOT NULL DEFAULT 0, -- tries in a row without an outcome
    takes      INTEGER NOT NULL DEFAULT 0, -- tells the receipts of a message apart
    leased     INTEGER NOT NULL DEFAULT 0,
    visible    INTEGER NOT NULL,           -- from then on; microseconds since 1970
    reason     TEXT,                       -- why it failed the last time
    died       INTEGER                     -- when it became a dead letter
) STRICT;

-- With the row's number behind it, this is the order in which the living are handed out.
CREATE INDEX queue_by_death ON queue (died);
