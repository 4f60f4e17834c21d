-- The analysis of the texts; null for those by a version of akin that named none.
ALTER TABLE {state} ADD COLUMN IF NOT EXISTS analysis text;
