-- The row itself, to be mended: its texts by the names of their columns, as JSON. NULL: nothing of it
-- could be read, or it was refused before rows were kept.
ALTER TABLE quarantine ADD COLUMN texts TEXT;
