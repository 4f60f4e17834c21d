-- From this version on, the files of a catalogue are created for their owner alone. Those of earlier
-- versions are hidden from others once, when this migration runs; later permissions are an operator's.
SELECT 1;
