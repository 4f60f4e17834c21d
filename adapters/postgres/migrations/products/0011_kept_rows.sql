-- Values without which their rows were kept. Earlier versions refused the row for each of them.
ALTER TABLE {quarantine} ADD COLUMN kept boolean NOT NULL DEFAULT false;
ALTER TABLE {runs} ADD COLUMN blanked bigint;
UPDATE {runs} SET blanked = 0 WHERE read IS NOT NULL;
