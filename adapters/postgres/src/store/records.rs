use super::{lower_bound, product_id, row_limit};
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::text::{escape, unescape};
use akin_entities::{
    Currency, Details, ExchangeRate, InvalidExchangeRate, Price, Product, ProductId, ProductRecord,
    Rating, Timestamp, Version,
};
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection};
use std::collections::HashMap;

/// Reads the known products among `ids`.
pub(crate) struct FetchProducts<'a> {
    pub(crate) ids: &'a [ProductId],
    /// The maximum number of ids per statement.
    pub(crate) rows: usize,
}

/// Another program's columns may have other types and be null; they are read as texts.
const RECORDS: &str = "
    SELECT product_id::text, akin_version, akin_created, akin_rating, akin_rating_count,
        akin_discount_price, akin_discount_currency, akin_actual_price, akin_actual_currency,
        coalesce(name::text, ''), coalesce(main_category::text, ''),
        coalesce(sub_category::text, ''), coalesce(brand::text, ''),
        coalesce(description::text, ''), coalesce(attributes::text, ''),
        coalesce(image_url::text, ''), coalesce(link::text, ''), akin_converted_by,
        coalesce(akin_details, '')
    FROM {products} WHERE akin_version IS NOT NULL AND ";

/// Lists the products after an id, in the byte order of their ids.
pub(crate) struct ListProducts<'a> {
    pub(crate) after: Option<&'a ProductId>,
    pub(crate) limit: usize,
}

#[async_trait]
impl Call for ListProducts<'_> {
    type Answer = Vec<ProductRecord>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let which = "product_id::text COLLATE \"C\" > $1
            ORDER BY product_id::text COLLATE \"C\" LIMIT $2";
        let rows = query(names.fill(&[RECORDS, which].concat()))
            .bind(lower_bound(self.after))
            .bind(row_limit(self.limit))
            .fetch_all(connection)
            .await?;
        rows.iter().map(record).collect()
    }
}

/// Lists the ids of the products after an id, in byte order.
pub(crate) struct ListIds<'a> {
    pub(crate) after: Option<&'a ProductId>,
    pub(crate) limit: usize,
}

#[async_trait]
impl Call for ListIds<'_> {
    type Answer = Vec<ProductId>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let sql = "SELECT product_id::text FROM {products}
            WHERE akin_version IS NOT NULL AND product_id::text COLLATE \"C\" > $1
            ORDER BY product_id::text COLLATE \"C\" LIMIT $2";
        let rows = query(names.fill(sql))
            .bind(lower_bound(self.after))
            .bind(row_limit(self.limit))
            .fetch_all(connection)
            .await?;
        rows.iter().map(|row| product_id(get(row, 0)?)).collect()
    }
}

#[async_trait]
impl Call for FetchProducts<'_> {
    type Answer = HashMap<ProductId, ProductRecord>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        if self.ids.len() <= self.rows {
            return read(connection, names, self.ids).await;
        }
        // All statements read the same snapshot.
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut transaction = connection.begin_with(begin).await?;
        let mut found = HashMap::with_capacity(self.ids.len());
        for ids in self.ids.chunks(self.rows) {
            found.extend(read(&mut transaction, names, ids).await?);
        }
        transaction.commit().await?;
        Ok(found)
    }
}

async fn read(
    connection: &mut PgConnection,
    names: &Names,
    ids: &[ProductId],
) -> Result<HashMap<ProductId, ProductRecord>, Failure> {
    let ids: Vec<_> = ids.iter().map(|id| escape(id.as_str())).collect();
    let which = [RECORDS, "product_id::text COLLATE \"C\" = ANY ($1::text[])"].concat();
    let rows = query(names.fill(&which)).bind(ids).fetch_all(connection).await?;
    let record = |row: &PgRow| record(row).map(|record| (record.product.id.clone(), record));
    rows.iter().map(record).collect()
}

fn record(row: &PgRow) -> Result<ProductRecord, Failure> {
    let text = |at: usize| get::<String>(row, at).map(unescape);
    let count: Option<i64> = get(row, 4)?;
    let product = Product {
        id: product_id(get(row, 0)?)?,
        name: text(9)?,
        main_category: text(10)?,
        sub_category: text(11)?,
        brand: text(12)?,
        description: text(13)?,
        attributes: text(14)?,
        image_url: text(15)?,
        link: text(16)?,
        rating: rating(get(row, 3)?)?,
        rating_count: count.map(i64::cast_unsigned),
        discount_price: price(row, 5)?,
        actual_price: price(row, 7)?,
        converted_by: exchange_rate(get(row, 17)?)?,
        details: Details::from_stream(&text(18)?),
    };
    Ok(ProductRecord { product, created: Timestamp(get(row, 2)?), version: Version(get(row, 1)?) })
}

fn rating(hundredths: Option<i16>) -> Result<Option<Rating>, Failure> {
    let Some(hundredths) = hundredths else { return Ok(None) };
    let rating = u16::try_from(hundredths).ok().and_then(Rating::from_hundredths);
    rating.map(Some).ok_or_else(|| Failure::corrupt(format!("a rating of {hundredths} hundredths")))
}

fn exchange_rate(text: Option<&str>) -> Result<Option<ExchangeRate>, Failure> {
    let rate = text.map(str::parse).transpose();
    rate.map_err(|error: InvalidExchangeRate| Failure::corrupt(error.to_string()))
}

/// Parses the price whose minor units are in column `at` and whose currency is in the next.
fn price(row: &PgRow, at: usize) -> Result<Option<Price>, Failure> {
    let (minor, code): (Option<i64>, Option<&str>) = (get(row, at)?, get(row, at + 1)?);
    let Some(minor) = minor else { return Ok(None) };
    let currency = Currency::new(code.unwrap_or_default());
    let currency = currency.map_err(|error| Failure::corrupt(error.to_string()))?;
    Ok(Some(Price::from_minor(minor.cast_unsigned(), currency)))
}
