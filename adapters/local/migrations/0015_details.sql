-- Identifiers, availability, further pictures and the like, as `Details::to_stream` writes them.
ALTER TABLE contents ADD COLUMN details TEXT NOT NULL DEFAULT '';
