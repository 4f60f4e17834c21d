//! The state of the database, and the base file that matches it.

use crate::entries::{self, EntryRow};
use crate::rows;
use crate::snapshot::{self, SearchSnapshot};
use akin_entities::Fingerprint;
use flat_index::{BaseBuilder, Schema, Stamp};
use rusqlite::Connection;
use std::fs::Permissions;
use std::ops::ControlFlow;
use std::path::Path;

/// The state of the database that search files depend on.
#[derive(Debug)]
pub(crate) struct DatabaseState {
    pub(crate) identity: String,
    /// The model of its embeddings; `None` while there are none.
    pub(crate) fingerprint: Option<Fingerprint>,
    /// The state after the last transaction.
    pub(crate) last: Stamp,
}

impl DatabaseState {
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            identity: entries::identity(connection)?,
            fingerprint: entries::fingerprint(connection)?,
            last: entries::last_stamp(connection)?,
        })
    }

    /// Returns the dimension of its embeddings.
    pub(crate) fn dimension(&self) -> Option<usize> {
        self.fingerprint.as_ref().map(|fingerprint| fingerprint.dimension)
    }

    /// Returns whether `snapshot` can be updated with the writes since: it is of this database, not
    /// of one that a backup replaced. The first embedding, also after all were removed, sets the
    /// dimension.
    pub(crate) fn continues(
        &self,
        connection: &Connection,
        snapshot: &SearchSnapshot,
    ) -> rusqlite::Result<bool> {
        let fits = self.dimension().is_none_or(|dimension| dimension == snapshot.dimension());
        Ok(fits && entries::was_at(connection, snapshot.stamp())?)
    }
}

/// Checks that an embedding is valid: of length 1, with the right number of coordinates.
pub(crate) fn check_embedding(row: &EntryRow, dimension: usize) -> rusqlite::Result<()> {
    let Some(content) = &row.content else { return Ok(()) };
    let coordinates = content.embedding.len();
    let length: f32 = content.embedding.iter().map(|x| x * x).sum();
    if coordinates == dimension && (length - 1.0).abs() < 1e-3 {
        return Ok(());
    }
    let id = &row.id;
    let what = format!("{id} has {coordinates} coordinates of squared length {length}");
    Err(rows::invalid_value(2, what))
}

/// Writes all searchable products into a base file with these permissions.
pub(crate) fn write_base(
    connection: &Connection,
    file: &Path,
    schema: &Schema,
    stamp: Stamp,
    permissions: &Permissions,
) -> rusqlite::Result<Result<(), flat_index::IndexFileError>> {
    let created = BaseBuilder::create(file, schema);
    let created = created.and_then(|builder| {
        builder.set_permissions(permissions.clone())?;
        Ok(builder)
    });
    let mut builder = match created {
        Ok(builder) => builder,
        Err(error) => return Ok(Err(error)),
    };
    let mut failure = None;
    entries::visit_searchable(connection, &mut |row| {
        check_embedding(&row, schema.dimension)?;
        let EntryRow { id, content } = row;
        let push = |content| builder.push(&snapshot::document(&id, content));
        failure = content.map(push).and_then(Result::err);
        Ok(if failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(failure.map_or_else(|| builder.finish(stamp), Err))
}
