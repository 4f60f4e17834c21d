-- What the store knows of versions. Runs write with the versions that it gives them.
CREATE TABLE versions (
    run    INTEGER,         -- of the last run that began; older writes are refused. None: no run began
    newest INTEGER NOT NULL -- that was given out or is held
) STRICT;

INSERT INTO versions (newest) VALUES (max(
    0,
    (SELECT coalesce(max(version), 0) FROM products),
    (SELECT coalesce(max(version), 0) FROM removed),
    (SELECT coalesce(max(at), 0) FROM quarantine),
    (SELECT coalesce(max(began), 0) FROM runs)
));

-- A run is named by its version, which was the time at which it began.
ALTER TABLE runs RENAME COLUMN began TO version;
ALTER TABLE runs ADD COLUMN began INTEGER NOT NULL DEFAULT 0; -- microseconds since 1970
ALTER TABLE runs ADD COLUMN holder TEXT;     -- its process, as people call it
ALTER TABLE runs ADD COLUMN holder_key TEXT; -- which no other run has
ALTER TABLE runs ADD COLUMN expires INTEGER; -- the end of its lease
ALTER TABLE runs ADD COLUMN held_newer INTEGER;
UPDATE runs SET began = version, held_newer = CASE WHEN read IS NOT NULL THEN 0 END;
