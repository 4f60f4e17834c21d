//! Writes the rows of the entries.

use crate::database::{SqlQuery, query};
use crate::error::Failure;
use crate::index::tables::{digest, value_ids};
use crate::names::Names;
use crate::text::escape;
use akin_entities::{ProductId, Version};
use akin_ports::{EntryEmbedding, IndexEntry};
use sqlx::PgConnection;
use std::borrow::Cow;
use std::collections::HashMap;

/// An entry that will be written, and its key.
pub(super) struct EntryWrite<'a> {
    pub(super) key: i32,
    pub(super) entry: &'a IndexEntry,
}

/// The first ten parameters, in the order of [`bind`].
const BATCH: &str = "unnest($1::text[], $2::integer[], $3::bigint[], $4::integer[], $5::integer[],
    $6::integer[], $7::double precision[], $8::double precision[], $9::boolean[], $10::bytea[])
    WITH ORDINALITY AS batch(id, key, version, main_category, sub_category, brand, price, rating,
        discounted, hash, place)";

/// Writes rows with their embeddings, whose coordinates are passed as one list, and rows whose
/// embeddings stay unchanged.
pub(super) async fn write(
    connection: &mut PgConnection,
    names: &Names,
    accepted: &[EntryWrite<'_>],
) -> Result<(), Failure> {
    let facets = accepted.iter().map(|accepted| &accepted.entry.facets);
    let values: Vec<&str> = facets
        .flat_map(|facets| [&*facets.main_category, &*facets.sub_category, &*facets.brand])
        .collect();
    let values = value_ids(connection, names, &values).await?;
    let (unchanged, embedded): (Vec<_>, Vec<_>) =
        accepted.iter().partition(|accepted| accepted.entry.embedding == EntryEmbedding::Unchanged);
    if !unchanged.is_empty() {
        let sql = format!(
            "UPDATE {{entries}} e SET akin_version = batch.version,
                 akin_main_category = batch.main_category,
                 akin_sub_category = batch.sub_category, akin_brand = batch.brand,
                 akin_price = batch.price, akin_rating = batch.rating,
                 akin_discounted = batch.discounted
             FROM {BATCH} WHERE e.product_id::text COLLATE \"C\" = batch.id"
        );
        bind(query(names.fill(&sql)), &unchanged, &values).execute(&mut *connection).await?;
    }
    if !embedded.is_empty() {
        let coordinates: Vec<f32> =
            embedded.iter().flat_map(|accepted| coordinates(accepted.entry)).copied().collect();
        let dimension = coordinates.len() / embedded.len();
        bind(query(names.fill(&insert())), &embedded, &values)
            .bind(coordinates)
            .bind(i32::try_from(dimension).unwrap_or(i32::MAX))
            .execute(&mut *connection)
            .await?;
    }
    write_tags(connection, names, accepted).await
}

fn insert() -> String {
    format!(
        "INSERT INTO {{entries}} (product_id, akin_key, akin_version, akin_main_category,
             akin_sub_category, akin_brand, akin_price, akin_rating, akin_discounted,
             akin_text_hash, embedding)
         SELECT id, key, version, main_category, sub_category, brand, price, rating, discounted,
             hash, ($11::real[])[((place - 1) * $12 + 1)::integer : (place * $12)::integer]::vector
         FROM {BATCH}
         ON CONFLICT ((product_id::text) COLLATE \"C\") DO UPDATE SET akin_key = excluded.akin_key,
             akin_version = excluded.akin_version,
             akin_main_category = excluded.akin_main_category,
             akin_sub_category = excluded.akin_sub_category, akin_brand = excluded.akin_brand,
             akin_price = excluded.akin_price, akin_rating = excluded.akin_rating,
             akin_discounted = excluded.akin_discounted, akin_text_hash = excluded.akin_text_hash,
             embedding = excluded.embedding"
    )
}

fn bind(query: SqlQuery, rows: &[&EntryWrite<'_>], values: &HashMap<Vec<u8>, i32>) -> SqlQuery {
    fn column<T>(rows: &[&EntryWrite<'_>], value: impl Fn(&IndexEntry) -> T) -> Vec<T> {
        rows.iter().map(|accepted| value(accepted.entry)).collect()
    }
    let value = |text: &str| values.get(&digest(text)).copied();
    let hash = |entry: &IndexEntry| match &entry.embedding {
        EntryEmbedding::Computed { text_hash, .. } => Some(text_hash.to_bytes().to_vec()),
        EntryEmbedding::Unchanged => None,
    };
    let ids: Vec<_> = rows.iter().map(|accepted| escape(accepted.entry.id.as_str())).collect();
    query
        .bind(ids)
        .bind(rows.iter().map(|accepted| accepted.key).collect::<Vec<_>>())
        .bind(column(rows, |entry| entry.version.0))
        .bind(column(rows, |entry| value(&entry.facets.main_category)))
        .bind(column(rows, |entry| value(&entry.facets.sub_category)))
        .bind(column(rows, |entry| value(&entry.facets.brand)))
        .bind(column(rows, |entry| entry.facets.price))
        .bind(column(rows, |entry| entry.facets.rating))
        .bind(column(rows, |entry| entry.facets.discounted))
        .bind(column(rows, hash))
}

fn coordinates(entry: &IndexEntry) -> &[f32] {
    match &entry.embedding {
        EntryEmbedding::Computed { embedding, .. } => embedding.as_slice(),
        EntryEmbedding::Unchanged => &[],
    }
}

/// Writes the fields that products have by name.
async fn write_tags(
    connection: &mut PgConnection,
    names: &Names,
    accepted: &[EntryWrite<'_>],
) -> Result<(), Failure> {
    let stream = |keys: Vec<String>| {
        keys.iter().map(|key| escape(key)).collect::<Vec<Cow<'_, str>>>().join("\n")
    };
    let tagged = accepted.iter().filter(|accepted| !accepted.entry.facets.tags.is_empty());
    let tags = || tagged.clone().map(|accepted| &accepted.entry.facets.tags);
    let keys = accepted.iter().map(|accepted| accepted.key).collect::<Vec<_>>();
    remove_tags(connection, names, &keys).await?;
    let sql = "INSERT INTO {tags} (key, written, folded, numbers)
               SELECT key, string_to_array(written, E'\\n'), string_to_array(folded, E'\\n'),
                   string_to_array(numbers, E'\\n')
               FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[])
                   AS batch(key, written, folded, numbers)";
    query(names.fill(sql))
        .bind(tagged.clone().map(|accepted| accepted.key).collect::<Vec<_>>())
        .bind(tags().map(|tags| stream(tags.keys())).collect::<Vec<_>>())
        .bind(tags().map(|tags| stream(tags.folded_keys())).collect::<Vec<_>>())
        .bind(tags().map(|tags| stream(tags.number_keys())).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

async fn remove_tags(
    connection: &mut PgConnection,
    names: &Names,
    keys: &[i32],
) -> Result<(), Failure> {
    let sql = names.fill("DELETE FROM {tags} WHERE key = ANY ($1)");
    query(sql).bind(keys.to_vec()).execute(connection).await?;
    Ok(())
}

/// Reduces rows to their versions, which reject outdated entries.
pub(super) async fn remove(
    connection: &mut PgConnection,
    names: &Names,
    rows: &[(&ProductId, i32, Version)],
) -> Result<(), Failure> {
    let sql = "INSERT INTO {entries} (product_id, akin_key, akin_version)
               SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[])
               ON CONFLICT ((product_id::text) COLLATE \"C\") DO UPDATE SET akin_key = excluded.akin_key,
                   akin_version = excluded.akin_version, akin_text_hash = NULL, embedding = NULL";
    query(names.fill(sql))
        .bind(rows.iter().map(|(id, ..)| escape(id.as_str())).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, key, _)| *key).collect::<Vec<_>>())
        .bind(rows.iter().map(|(.., version)| version.0).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    let keys: Vec<_> = rows.iter().map(|(_, key, _)| *key).collect();
    remove_tags(connection, names, &keys).await
}
