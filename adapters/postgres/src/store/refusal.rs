//! Explains why a table cannot hold a product. Another program's table has limits of its own.

use super::write::SHARED_COLUMNS;
use crate::database::{get, query};
use crate::error::Failure;
use crate::names::{Names, quoted};
use crate::text::{escape, unescape};
use akin_entities::{Price, Product};
use sqlx::PgConnection;
use sqlx::postgres::PgDatabaseError;
use std::borrow::Cow;

/// The reason why a product was refused, and the remedy.
pub(crate) type Refusal = (String, &'static str);

const WIDEN: &str = "correct the product, or widen the column with `ALTER TABLE`";

/// Explains the `failure` of writing `product` alone, with the column and the length of its value
/// where the server does not name them.
pub(crate) async fn explain(
    connection: &mut PgConnection,
    names: &Names,
    product: &Product,
    failure: &Failure,
) -> Result<Refusal, Failure> {
    let Some(error) = failure.database_error() else {
        return Ok((failure.describe(), "correct the product"));
    };
    let found = match error.code() {
        "22001" | "22003" => exceeded_limit(connection, names, product).await?,
        "54000" => long_index_row(connection, product, error).await?,
        "23505" => equal_id(connection, names, product).await?,
        _ => None,
    };
    Ok(found.unwrap_or_else(|| {
        let key = error.detail().filter(|detail| detail.starts_with("Key "));
        let key = key.map_or_else(String::new, |key| format!(" ({})", one_line(key)));
        (format!("{}{key}", one_line(error.message())), "correct the product")
    }))
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// The type of a column.
struct ColumnType {
    column: String,
    /// As SQL writes it.
    full: String,
    /// Without its modifier.
    name: String,
    modifier: i32,
}

/// Returns the types of the columns that akin shares with another program.
async fn column_types(
    connection: &mut PgConnection,
    names: &Names,
) -> Result<Vec<ColumnType>, Failure> {
    let sql = "SELECT attname::text, format_type(atttypid, atttypmod), typname::text, atttypmod
               FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
               WHERE attrelid = $1::regclass AND attname = ANY ($2) AND NOT attisdropped
               ORDER BY attnum";
    let columns = [&["product_id"][..], &SHARED_COLUMNS].concat();
    let rows = query(sql.to_owned()).bind(names.fill("{products}")).bind(columns);
    let types = rows.fetch_all(connection).await?;
    let types = types.iter().map(|row| {
        let (column, full) = (get(row, 0)?, get(row, 1)?);
        Ok(ColumnType { column, full, name: get(row, 2)?, modifier: get(row, 3)? })
    });
    types.collect()
}

async fn exceeded_limit(
    connection: &mut PgConnection,
    names: &Names,
    product: &Product,
) -> Result<Option<Refusal>, Failure> {
    let types = column_types(connection, names).await?;
    let exceeded = types.iter().find_map(|limit| Some((limit, excess(limit, product)?)));
    Ok(exceeded.map(|(ColumnType { column, full, .. }, excess)| {
        let table = names.plain("products");
        let what = format!("the column {column:?} of {table}, {full}, does not take {excess}");
        (what, WIDEN)
    }))
}

/// Describes the value of `product` in a column if it exceeds the limit of the column.
fn excess(limit: &ColumnType, product: &Product) -> Option<String> {
    // A modifier includes four bytes of overhead.
    let modifier = limit.modifier - 4;
    match value(product, &limit.column)? {
        SharedValue::Text(text) => {
            let is_limited = ["varchar", "bpchar"].contains(&&*limit.name) && modifier >= 0;
            let (length, most) = (text.chars().count(), usize::try_from(modifier).ok()?);
            (is_limited && length > most).then(|| format!("{length} characters"))
        }
        SharedValue::Number(text) => {
            let least = match &*limit.name {
                "numeric" if modifier >= 0 => {
                    // The scale has 11 bits, the last of which is its sign.
                    let scale = ((modifier & 0x7ff) ^ 1_024) - 1_024;
                    10_f64.powi((modifier >> 16) - scale)
                }
                "int2" => f64::from(i16::MAX) + 0.5,
                "int4" => f64::from(i32::MAX) + 0.5,
                _ => return None,
            };
            (text.parse::<f64>().ok()? >= least).then_some(text)
        }
    }
}

/// A value as akin writes it into a column that other programs read.
enum SharedValue<'a> {
    Text(Cow<'a, str>),
    Number(String),
}

fn value<'a>(product: &'a Product, column: &str) -> Option<SharedValue<'a>> {
    let text = match column {
        "product_id" => product.id.as_str(),
        "name" => &product.name,
        "main_category" => &product.main_category,
        "sub_category" => &product.sub_category,
        "brand" => &product.brand,
        "description" => &product.description,
        "attributes" => &product.attributes,
        "image_url" => &product.image_url,
        "link" => &product.link,
        _ => return number(product, column).map(SharedValue::Number),
    };
    Some(SharedValue::Text(escape(text)))
}

fn number(product: &Product, column: &str) -> Option<String> {
    let amount = |price: Price| price.to_string().split(' ').next().map(str::to_owned);
    match column {
        "ratings" => {
            product.rating.map(|rating| (f64::from(rating.hundredths()) / 100.0).to_string())
        }
        "discount_price" => product.discount_price.and_then(amount),
        "actual_price" => product.actual_price.and_then(amount),
        _ => None,
    }
}

/// Names the longest value of an index row that is too long.
async fn long_index_row(
    connection: &mut PgConnection,
    product: &Product,
    error: &PgDatabaseError,
) -> Result<Option<Refusal>, Failure> {
    let (Some(schema), Some(index)) = (error.schema(), error.constraint()) else { return Ok(None) };
    let sql = "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1)";
    let index = format!("{}.{}", quoted(schema), quoted(index));
    let rows = query(sql.to_owned()).bind(index).fetch_all(connection).await?;
    let columns = rows.iter().map(|row| get(row, 0)).collect::<Result<Vec<String>, _>>()?;
    let texts = columns.iter().filter_map(|column| match value(product, column) {
        Some(SharedValue::Text(text)) => Some((text.chars().count(), column)),
        _ => None,
    });
    Ok(texts.max().map(|(length, column)| {
        let message = one_line(error.message());
        let what = format!("{message}: the column {column:?} would hold {length} characters");
        (what, "correct the product, or index the column by a hash")
    }))
}

/// Names another product whose id is the same to the table.
async fn equal_id(
    connection: &mut PgConnection,
    names: &Names,
    product: &Product,
) -> Result<Option<Refusal>, Failure> {
    let types = column_types(connection, names).await?;
    let id = types.into_iter().find(|limit| limit.column == "product_id");
    let Some(ColumnType { full, .. }) = id else { return Ok(None) };
    let equal = format!(
        "SELECT product_id::text FROM {{products}}
         WHERE product_id = $1::{full} AND product_id::text COLLATE \"C\" <> $1"
    );
    let own = escape(product.id.as_str()).into_owned();
    let other = query(names.fill(&equal)).bind(own).fetch_optional(connection).await?;
    let Some(other) = other else { return Ok(None) };
    let other = unescape(get(&other, 0)?);
    let table = names.plain("products");
    let what = format!(
        "its id is the same as {other:?} to the column \"product_id\" of {table}, which is {full}"
    );
    let remedy = "give one of the two another id, or change the column with `ALTER TABLE ... ALTER \
                  COLUMN product_id TYPE text`";
    Ok(Some((what, remedy)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_entities::{Currency, ProductId};

    fn exceeds(column: &str, name: &str, modifier: i32, product: &Product) -> bool {
        let (column, name) = (column.to_owned(), name.to_owned());
        let limit = ColumnType { column, full: name.clone(), name, modifier };
        excess(&limit, product).is_some()
    }

    #[test]
    fn a_limit_is_that_of_the_columns_type() {
        let mut product = Product::new(ProductId::new("a").unwrap(), "größe");
        product.actual_price = Some(Price::from_minor(3_276_800, Currency::USD));
        assert!(exceeds("name", "varchar", 4 + 4, &product));
        assert!(!exceeds("name", "varchar", 4 + 5, &product), "characters, not bytes");
        assert!(
            !exceeds("name", "varchar", -1, &product) && !exceeds("name", "text", -1, &product)
        );
        let numeric = |precision: i32, scale: i32| (precision << 16 | (scale & 0x7ff)) + 4;
        assert!(exceeds("actual_price", "numeric", numeric(6, 2), &product));
        assert!(!exceeds("actual_price", "numeric", numeric(7, 2), &product));
        assert!(!exceeds("actual_price", "numeric", numeric(2, -3), &product), "2 and 3 zeros");
        assert!(exceeds("actual_price", "int2", -1, &product));
        assert!(!exceeds("actual_price", "int4", -1, &product));
        assert!(!exceeds("ratings", "int2", -1, &product) && !exceeds("x", "int2", -1, &product));
    }
}
