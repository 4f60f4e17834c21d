-- By which rate prices were converted, as it is written: `INR=HKD:0.094`. NULL: by none.
ALTER TABLE contents ADD COLUMN converted_by TEXT;
