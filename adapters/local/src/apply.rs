//! Writes products: compares them with the stored ones, and writes those that differ.

use crate::removal::Tombstones;
use crate::rows;
use akin_entities::{ContentHash, Product, ProductId, Timestamp, Version};
use akin_ports::Applied;
use rusqlite::{CachedStatement, Connection, params};
use std::collections::HashMap;

/// The difference between a product of a batch and the stored one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProductChange {
    /// `created` is the creation date of a product that was removed before.
    New {
        created: Option<Timestamp>,
    },
    Unchanged,
    /// A newer version is held, or was removed.
    HeldNewer,
    Changed {
        key: i64,
    },
}

/// Returns the last product of each id, in the order of the batch.
pub(crate) fn last_of_each(products: &[Product]) -> Vec<&Product> {
    let mut positions = HashMap::with_capacity(products.len());
    for (position, product) in products.iter().enumerate() {
        positions.insert(&product.id, position);
    }
    if positions.len() == products.len() {
        return products.iter().collect();
    }
    let mut positions: Vec<_> = positions.into_values().collect();
    positions.sort_unstable();
    positions.into_iter().map(|position| &products[position]).collect()
}

/// The stored columns that a comparison needs.
pub(crate) struct HashedProduct {
    pub(crate) id: ProductId,
    pub(crate) hash: ContentHash,
}

/// Compares products with the stored ones, with statements that are prepared once for a batch.
pub(crate) struct ProductComparer<'a> {
    products: CachedStatement<'a>,
    tombstones: Tombstones<'a>,
}

impl<'a> ProductComparer<'a> {
    pub(crate) fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        let products = "SELECT hash, version, key FROM products WHERE id = ?1";
        Ok(Self {
            products: connection.prepare_cached(products)?,
            tombstones: Tombstones::prepare(connection)?,
        })
    }

    pub(crate) fn compare(
        &mut self,
        id: &ProductId,
        hash: ContentHash,
        at: Version,
    ) -> rusqlite::Result<ProductChange> {
        let mut rows = self.products.query([id.as_str()])?;
        let Some(row) = rows.next()? else {
            return Ok(match self.tombstones.find(id)? {
                None => ProductChange::New { created: None },
                Some(tombstone) if tombstone.removed >= at => ProductChange::HeldNewer,
                Some(tombstone) => ProductChange::New { created: Some(tombstone.created) },
            });
        };
        if rows::content_hash(row, 0)? == hash {
            return Ok(ProductChange::Unchanged);
        }
        if Version(row.get(1)?) > at {
            return Ok(ProductChange::HeldNewer);
        }
        Ok(ProductChange::Changed { key: row.get(2)? })
    }
}

/// Writes the products that are new or differ. They are compared again: another process may have
/// written in the meantime.
pub(crate) fn write(
    connection: &Connection,
    products: Vec<(Product, ContentHash)>,
    at: Version,
) -> rusqlite::Result<Applied> {
    let mut comparer = ProductComparer::prepare(connection)?;
    let mut writer = ProductWriter::prepare(connection)?;
    let mut applied = Applied::default();
    for (product, hash) in products {
        match comparer.compare(&product.id, hash, at)? {
            ProductChange::Unchanged => applied.unchanged.push(product.id),
            ProductChange::HeldNewer => applied.held_newer.push(product.id),
            ProductChange::New { created } => {
                if created.is_some() {
                    comparer.tombstones.delete(&product.id)?;
                }
                writer.insert(connection, &product, hash, created.unwrap_or(at.timestamp()), at)?;
                applied.inserted.push(product.id);
            }
            ProductChange::Changed { key } => {
                writer.update(key, &product, hash, at)?;
                applied.changed.push(product.id);
            }
        }
    }
    Ok(applied)
}

/// Writes products, with statements that are prepared once for a batch.
struct ProductWriter<'a> {
    insert_content: CachedStatement<'a>,
    insert: CachedStatement<'a>,
    update_content: CachedStatement<'a>,
    update: CachedStatement<'a>,
    outbox: CachedStatement<'a>,
}

impl<'a> ProductWriter<'a> {
    fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        let insert = "INSERT INTO products (id, key, hash, version) VALUES (?1, ?2, ?3, ?4)";
        let update = "UPDATE products SET hash = ?2, version = ?3 WHERE id = ?1";
        Ok(Self {
            insert_content: connection.prepare_cached(rows::INSERT_CONTENT)?,
            insert: connection.prepare_cached(insert)?,
            update_content: connection.prepare_cached(rows::UPDATE_CONTENT)?,
            update: connection.prepare_cached(update)?,
            outbox: connection.prepare_cached(rows::INSERT_OUTBOX)?,
        })
    }

    fn insert(
        &mut self,
        connection: &Connection,
        product: &Product,
        hash: ContentHash,
        created: Timestamp,
        at: Version,
    ) -> rusqlite::Result<()> {
        rows::write_content(&mut self.insert_content, None, created, product)?;
        let key = connection.last_insert_rowid();
        self.insert.execute(params![product.id.as_str(), key, hash.to_bytes(), at.0])?;
        self.outbox.execute(params![product.id.as_str(), at.0])?;
        Ok(())
    }

    fn update(
        &mut self,
        key: i64,
        product: &Product,
        hash: ContentHash,
        at: Version,
    ) -> rusqlite::Result<()> {
        rows::write_content(&mut self.update_content, Some(key), at.timestamp(), product)?;
        self.update.execute(params![product.id.as_str(), hash.to_bytes(), at.0])?;
        self.outbox.execute(params![product.id.as_str(), at.0])?;
        Ok(())
    }
}
