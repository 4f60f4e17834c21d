-- Whether the title or the brand holds the term: products match by their names, which are both.
ALTER TABLE {postings} RENAME COLUMN in_title TO in_name;
UPDATE {postings} held SET in_name = true
FROM {texts} texts
CROSS JOIN LATERAL unnest(string_to_array(split_part(texts.text, E'\n', 4), ' ')) AS word
JOIN {terms} known ON known.term = word
WHERE held.term = known.id AND held.key = texts.key AND NOT held.in_name;
