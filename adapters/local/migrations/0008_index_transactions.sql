-- The transactions that wrote entries since the base was built. The token identifies the state up to
-- that sequence: a database that was restored from a backup counts the same sequences again, with
-- other tokens. Search files are stamped with both.
CREATE TABLE index_transactions (
    sequence INTEGER NOT NULL PRIMARY KEY, -- of the last entry that it wrote
    token    INTEGER NOT NULL
) STRICT;

INSERT INTO index_transactions SELECT max(sequence), random() FROM entries HAVING count(*) > 0;
