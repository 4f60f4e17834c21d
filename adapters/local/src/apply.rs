//! Makes the store hold products: compares them with what it holds, and writes what differs.

use crate::removal::Tombstones;
use crate::rows;
use akin_entities::{ContentHash, Product, ProductId, Timestamp, Version};
use akin_ports::Applied;
use rusqlite::{CachedStatement, Connection, params};
use std::collections::HashMap;

/// How a product of a batch compares with the one in the store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// It was `created` before, if it comes back.
    New {
        created: Option<Timestamp>,
    },
    Unchanged,
    Changed {
        key: i64,
    },
}

/// The last product of each id, in the order of the batch.
pub(crate) fn last_of_each(products: &[Product]) -> Vec<&Product> {
    let mut places = HashMap::with_capacity(products.len());
    for (place, product) in products.iter().enumerate() {
        places.insert(&product.id, place);
    }
    if places.len() == products.len() {
        return products.iter().collect();
    }
    let mut places: Vec<_> = places.into_values().collect();
    places.sort_unstable();
    places.into_iter().map(|place| &products[place]).collect()
}

/// What a comparison needs of a product.
pub(crate) struct Hashed {
    pub(crate) id: ProductId,
    pub(crate) hash: ContentHash,
}

/// What the store knows of products, prepared once for a batch.
pub(crate) struct Known<'a> {
    products: CachedStatement<'a>,
    tombstones: Tombstones<'a>,
}

impl<'a> Known<'a> {
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
    ) -> rusqlite::Result<Comparison> {
        let mut rows = self.products.query([id.as_str()])?;
        let Some(row) = rows.next()? else {
            return Ok(match self.tombstones.find(id)? {
                None => Comparison::New { created: None },
                Some(tombstone) if tombstone.removed >= at => Comparison::Unchanged,
                Some(tombstone) => Comparison::New { created: Some(tombstone.created) },
            });
        };
        if rows::content_hash(row, 0)? == hash || Version(row.get(1)?) > at {
            return Ok(Comparison::Unchanged);
        }
        Ok(Comparison::Changed { key: row.get(2)? })
    }
}

/// Writes what is new or differs. Compares again: another process may have written meanwhile.
pub(crate) fn write(
    connection: &Connection,
    products: Vec<(Product, ContentHash)>,
    at: Version,
) -> rusqlite::Result<Applied> {
    let mut known = Known::prepare(connection)?;
    let mut write = Statements::prepare(connection)?;
    let mut applied = Applied::default();
    for (product, hash) in products {
        match known.compare(&product.id, hash, at)? {
            Comparison::Unchanged => applied.unchanged.push(product.id),
            Comparison::New { created } => {
                if created.is_some() {
                    known.tombstones.forget(&product.id)?;
                }
                write.insert(connection, &product, hash, created.unwrap_or(at.timestamp()), at)?;
                applied.inserted.push(product.id);
            }
            Comparison::Changed { key } => {
                write.update(key, &product, hash, at)?;
                applied.changed.push(product.id);
            }
        }
    }
    Ok(applied)
}

/// The statements that write a product, prepared once for a batch.
struct Statements<'a> {
    insert_content: CachedStatement<'a>,
    insert: CachedStatement<'a>,
    update_content: CachedStatement<'a>,
    update: CachedStatement<'a>,
    announce: CachedStatement<'a>,
}

impl<'a> Statements<'a> {
    fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        let insert = "INSERT INTO products (id, key, hash, version) VALUES (?1, ?2, ?3, ?4)";
        let update = "UPDATE products SET hash = ?2, version = ?3 WHERE id = ?1";
        Ok(Self {
            insert_content: connection.prepare_cached(rows::INSERT_CONTENT)?,
            insert: connection.prepare_cached(insert)?,
            update_content: connection.prepare_cached(rows::UPDATE_CONTENT)?,
            update: connection.prepare_cached(update)?,
            announce: connection.prepare_cached(rows::ANNOUNCE)?,
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
        self.announce.execute(params![product.id.as_str(), at.0])?;
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
        self.announce.execute(params![product.id.as_str(), at.0])?;
        Ok(())
    }
}
