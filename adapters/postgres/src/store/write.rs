//! The statement that writes products, and its parameters.

use crate::database::{SqlQuery, query};
use crate::names::Names;
use crate::text::escape;
use akin_entities::{ContentHash, Price, Product, Timestamp, Version};
use std::borrow::Cow;

/// The columns besides the id that akin writes for other programs.
pub(crate) const SHARED_COLUMNS: [&str; 13] = [
    "name",
    "main_category",
    "sub_category",
    "brand",
    "description",
    "attributes",
    "image_url",
    "link",
    "ratings",
    "discount_price",
    "actual_price",
    "created_date",
    "modified_date",
];

/// Returns the statement that inserts products and updates existing ones. `conflict` completes the
/// update: further columns, a condition, and what to return. Rows are locked in the order of their
/// ids, so that writers cannot deadlock.
pub(crate) fn upsert(conflict: &str) -> String {
    let (modified, created) = (timestamp("version"), timestamp("created"));
    format!(
        "INSERT INTO {{products}} AS held (product_id, akin_hash, name, main_category, sub_category,
             brand, description, attributes, image_url, link, akin_rating, akin_rating_count,
             akin_discount_price, akin_discount_currency, akin_actual_price, akin_actual_currency,
             ratings, discount_price, actual_price, akin_version, akin_created, modified_date,
             created_date, akin_converted_by, akin_details)
         SELECT id, hash, name, main_category, sub_category, brand, description, attributes,
             image_url, link, rating, rating_count, discount, discount_currency, actual,
             actual_currency, rating::numeric / 100, discount_amount::numeric,
             actual_amount::numeric, version, created, {modified}, {created}, converted_by,
             details
         FROM unnest(
             $1::text[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
             $8::text[], $9::text[], $10::text[], $11::smallint[], $12::bigint[], $13::bigint[],
             $14::text[], $15::bigint[], $16::text[], $17::text[], $18::text[], $19::bigint[],
             $20::bigint[], $21::text[], $22::text[])
         AS batch(id, hash, name, main_category, sub_category, brand, description, attributes,
             image_url, link, rating, rating_count, discount, discount_currency, actual,
             actual_currency, discount_amount, actual_amount, version, created, converted_by,
             details)
         ORDER BY id
         ON CONFLICT ((product_id::text) COLLATE \"C\") DO UPDATE SET
             akin_hash = excluded.akin_hash, name = excluded.name,
             main_category = excluded.main_category, sub_category = excluded.sub_category,
             brand = excluded.brand, description = excluded.description,
             attributes = excluded.attributes, image_url = excluded.image_url,
             link = excluded.link, akin_rating = excluded.akin_rating,
             akin_rating_count = excluded.akin_rating_count,
             akin_discount_price = excluded.akin_discount_price,
             akin_discount_currency = excluded.akin_discount_currency,
             akin_actual_price = excluded.akin_actual_price,
             akin_actual_currency = excluded.akin_actual_currency, ratings = excluded.ratings,
             discount_price = excluded.discount_price, actual_price = excluded.actual_price,
             akin_version = excluded.akin_version, modified_date = excluded.modified_date,
             akin_converted_by = excluded.akin_converted_by,
             akin_details = excluded.akin_details,
             {conflict}"
    )
}

/// Returns the statement without products, which shows whether the table's columns can be written.
pub(crate) fn rehearsal(names: &Names) -> SqlQuery {
    let statement = upsert("akin_created = excluded.akin_created");
    ProductColumns::default().bind(query(names.fill(&statement)))
}

/// Returns the SQL that converts microseconds to a timestamp. Values outside the supported range
/// become infinite.
pub(crate) fn timestamp(version: &str) -> String {
    format!(
        "CASE WHEN {version} < -62135596800000000 THEN '-infinity'::timestamptz
         WHEN {version} > 253402300799999999 THEN 'infinity'
         ELSE 'epoch'::timestamptz + {version} * interval '1 microsecond' END"
    )
}

type TextColumn<'a> = Vec<Cow<'a, str>>;

/// Products by column; each column is one parameter.
#[derive(Default)]
pub(crate) struct ProductColumns<'a> {
    ids: TextColumn<'a>,
    hashes: Vec<Vec<u8>>,
    /// Name, categories, brand, description, attributes, image, link.
    texts: [TextColumn<'a>; 8],
    ratings: Vec<Option<i16>>,
    rating_counts: Vec<Option<i64>>,
    discount: PriceColumns,
    actual: PriceColumns,
    versions: Vec<i64>,
    created: Vec<i64>,
    rates: Vec<Option<String>>,
    details: Vec<Option<String>>,
}

#[derive(Default)]
struct PriceColumns {
    coins: Vec<Option<i64>>,
    currencies: Vec<Option<String>>,
    /// In whole units, for other readers of the table.
    amounts: Vec<Option<String>>,
}

impl PriceColumns {
    fn push(&mut self, price: Option<Price>) {
        let text = price.map(|price| price.to_string());
        let amount = |text: &String| text.split(' ').next().map(str::to_owned);
        self.amounts.push(text.as_ref().and_then(amount));
        self.coins.push(price.map(|price| price.minor().cast_signed()));
        self.currencies.push(price.map(|price| price.currency().code().to_owned()));
    }
}

impl<'a> ProductColumns<'a> {
    /// Adds a product with its version and creation date.
    pub(crate) fn push(
        &mut self,
        product: &'a Product,
        hash: ContentHash,
        version: Version,
        created: Timestamp,
    ) {
        let texts = [
            &product.name,
            &product.main_category,
            &product.sub_category,
            &product.brand,
            &product.description,
            &product.attributes,
            &product.image_url,
            &product.link,
        ];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.push(escape(text));
        }
        self.ids.push(escape(product.id.as_str()));
        self.hashes.push(hash.to_bytes().to_vec());
        self.ratings.push(product.rating.map(|rating| rating.hundredths().cast_signed()));
        // Postgres has only signed integers: the bits are kept.
        self.rating_counts.push(product.rating_count.map(u64::cast_signed));
        self.discount.push(product.discount_price);
        self.actual.push(product.actual_price);
        self.versions.push(version.0);
        self.created.push(created.0);
        self.rates.push(product.converted_by.map(|rate| rate.to_string()));
        let details = Some(product.details.to_stream()).filter(|details| !details.is_empty());
        self.details.push(details.map(|details| escape(&details).into_owned()));
    }

    /// Binds all columns as the parameters of [`upsert`].
    pub(crate) fn bind(self, query: SqlQuery) -> SqlQuery {
        let mut query = query.bind(self.ids).bind(self.hashes);
        for texts in self.texts {
            query = query.bind(texts);
        }
        query
            .bind(self.ratings)
            .bind(self.rating_counts)
            .bind(self.discount.coins)
            .bind(self.discount.currencies)
            .bind(self.actual.coins)
            .bind(self.actual.currencies)
            .bind(self.discount.amounts)
            .bind(self.actual.amounts)
            .bind(self.versions)
            .bind(self.created)
            .bind(self.rates)
            .bind(self.details)
    }
}
