-- Values without which their rows were kept. Earlier versions refused the row for each of them.
ALTER TABLE quarantine ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
CREATE INDEX quarantine_by_kept ON quarantine (kept);
ALTER TABLE runs ADD COLUMN blanked INTEGER;
UPDATE runs SET blanked = 0 WHERE read IS NOT NULL;
