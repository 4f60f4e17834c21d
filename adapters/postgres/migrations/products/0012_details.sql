-- Identifiers, availability, further pictures and the like, as `Details::to_stream` writes them. Null: none.
ALTER TABLE {products} ADD COLUMN IF NOT EXISTS akin_details text;
