-- Leased or delayed, when it was last looked at: what became visible is found by its time, what is next
-- by its number, and the leased are counted without the delayed.
ALTER TABLE queue ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
UPDATE queue SET hidden = 1 WHERE died IS NULL;

DROP INDEX queue_by_death;
CREATE INDEX queue_ready ON queue (sequence) WHERE died IS NULL AND hidden = 0;
CREATE INDEX queue_hidden ON queue (leased, visible) WHERE died IS NULL AND hidden = 1;
CREATE INDEX queue_dead ON queue (sequence) WHERE died IS NOT NULL;
