-- Leased or delayed, when it was last looked at: what became visible is found by its time, what is next
-- by its number, and the leased are counted without the delayed.
ALTER TABLE {queue} ADD COLUMN hidden boolean NOT NULL DEFAULT false;
UPDATE {queue} SET hidden = true WHERE died IS NULL AND (leased OR visible > clock_timestamp());

-- The index of all the living has no name of its own.
DO $migration$
DECLARE old regclass;
BEGIN
    FOR old IN SELECT indexrelid FROM pg_index
        WHERE indrelid = to_regclass($table${queue}$table$) AND NOT indisprimary
    LOOP EXECUTE 'DROP INDEX ' || old; END LOOP;
END $migration$;

CREATE INDEX {ready} ON {queue} (sequence) WHERE died IS NULL AND NOT hidden;
CREATE INDEX {hidden} ON {queue} (leased, visible) WHERE died IS NULL AND hidden;
CREATE INDEX {dead} ON {queue} (sequence) WHERE died IS NOT NULL;
