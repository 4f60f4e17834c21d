-- What the store knows of versions, in one row. Runs write with the versions that it gives them.
CREATE TABLE {versions} (
    run    bigint,         -- of the last run that began; older writes are refused. None: no run began
    newest bigint NOT NULL -- that was given out or is held
);

INSERT INTO {versions} (newest) SELECT greatest(
    0,
    (SELECT max(akin_version) FROM {products}),
    (SELECT max(version) FROM {removed}),
    (SELECT max(at) FROM {quarantine}),
    (SELECT max(began) FROM {runs})
);

-- A run is named by its version, which was the time at which it began.
ALTER TABLE {runs} RENAME COLUMN began TO version;
ALTER TABLE {runs}
    ADD COLUMN began bigint,      -- microseconds since 1970
    ADD COLUMN holder text,       -- its process, as people call it
    ADD COLUMN holder_key text,   -- which no other run has
    ADD COLUMN expires bigint,    -- the end of its lease
    ADD COLUMN held_newer bigint;
UPDATE {runs} SET began = version, held_newer = CASE WHEN read IS NOT NULL THEN 0 END;
ALTER TABLE {runs} ALTER COLUMN began SET NOT NULL;
