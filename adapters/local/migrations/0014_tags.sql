-- The fields that a product has by name, as `Tags::to_stream` writes them. Those of products that are indexed
-- already come with the next analysis.
ALTER TABLE entries ADD COLUMN tags TEXT NOT NULL DEFAULT '';
