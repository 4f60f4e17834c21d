-- Filters compare values without regard to case and marks: by the hash of the folded value, which the
-- migration fills in.
ALTER TABLE {values} ADD COLUMN IF NOT EXISTS folded bytea;
CREATE INDEX ON {values} (folded);

-- Whether the title holds the term: by it, products are told to match by their words.
ALTER TABLE {postings} ADD COLUMN IF NOT EXISTS in_title boolean NOT NULL DEFAULT false;
UPDATE {postings} held SET in_title = true
FROM {texts} texts
CROSS JOIN LATERAL unnest(string_to_array(split_part(texts.text, E'\n', 1), ' ')) AS word
JOIN {terms} known ON known.term = word
WHERE held.term = known.id AND held.key = texts.key;

-- The primary key holds the new column too, so that it alone is read. Its constraint has no name of its
-- own.
DO $migration$
DECLARE old name;
BEGIN
    FOR old IN SELECT conname FROM pg_constraint
        WHERE conrelid = to_regclass($table${postings}$table$) AND contype = 'p'
    LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', to_regclass($table${postings}$table$), old);
    END LOOP;
END $migration$;
ALTER TABLE {postings} ADD PRIMARY KEY (term, key) INCLUDE (share, in_title);
