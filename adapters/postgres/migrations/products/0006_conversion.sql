-- By which rate prices were converted, as it is written: `INR=HKD:0.094`. None: by none.
ALTER TABLE {products} ADD COLUMN IF NOT EXISTS akin_converted_by text;
