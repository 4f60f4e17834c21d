-- Rows of products that an earlier row of the run names. Earlier runs counted them as unchanged or changed.
ALTER TABLE runs ADD COLUMN repeated INTEGER;
UPDATE runs SET repeated = 0 WHERE read IS NOT NULL;
