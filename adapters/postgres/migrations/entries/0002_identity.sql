-- By it a store knows the index: one that was deleted and created again is another.
ALTER TABLE {state} ADD COLUMN identity text NOT NULL DEFAULT gen_random_uuid()::text;
