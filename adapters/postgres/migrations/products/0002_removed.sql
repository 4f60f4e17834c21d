-- What is remembered of products that were removed: it turns late, older states away, and a product
-- that comes back keeps its date.
CREATE TABLE {removed} (
    product_id text COLLATE "C" PRIMARY KEY,
    version    bigint NOT NULL, -- of the removal
    created    bigint NOT NULL  -- of the product
);
